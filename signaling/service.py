"""
``passerelle serve``: one machine, everything on it. What is started, in which order, and what the operator is told.

Each sibling is a ``passerelle`` subcommand, the same one that an operator's own supervisor would start.
"""

import asyncio
import fcntl
import functools
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from signaling import embedded_redis, processes
from signaling.announcement import Announcement
from signaling.config import Config
from signaling.log import ChildOutput
from signaling.supervisor import Child, Supervisor

REDIS_STAGE, MEDIA_STAGE, SIGNALING_STAGE = 0, 1, 2
VISIBILITY_READY_S = 60.0  # MediaPipe takes its time to load on a busy machine
FIRST_PEOPLE_DEADLINE_S = 60.0  # migrations of an empty database, two password hashes a person
log = logging.getLogger(__name__)


class ServiceRunningError(Exception):
    """Another one works with the same data directory. The message is for the operator."""


def children(config: Config, environ: Mapping[str, str]) -> list[Child]:
    """:raises RedisServerError: no server program for the own Redis."""
    found = [_redis(config)] if config.signaling.has_own_redis else []
    for index in range(processes.media_worker_count(config)):
        path = processes.media_worker_config(config, index).control_socket
        found.append(_worker(config, environ, f"worker-{index}", ["worker", "--index", str(index)], path))
    for index in range(config.service.phone_workers):
        path = processes.phone_worker_config(config, index).control_socket
        found.append(_worker(config, environ, f"phone-{index}", ["phone", "--index", str(index)], path))
    for index in range(config.service.visibility_workers):
        path = processes.visibility_worker_config(config, index).control_socket
        found.append(_worker(config, environ, f"visibility-{index}", ["visibility", "--index", str(index)], path))
    if config.service.demo_phone:
        found.append(_demo_phone(config, environ))
    return [*found, _signaling(config, environ)]


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "signaling.cli", *words]


def _redis(config: Config) -> Child:
    settings = config.signaling
    socket_path = settings.run_dir / "redis.sock"
    server = embedded_redis.find_redis_server(settings.data_dir)

    async def is_ready() -> bool:
        return await asyncio.to_thread(embedded_redis.answers, socket_path)

    return Child(
        name="redis",
        argv=embedded_redis.redis_command(server, socket_path, settings.data_dir),
        stage=REDIS_STAGE,
        stop_stage=0,
        is_ready=is_ready,
        before_start=functools.partial(embedded_redis.prepare, socket_path, settings.data_dir),
        stop_deadline_s=config.service.stop_deadline_s,
    )


def _worker(config: Config, environ: Mapping[str, str], name: str, words: list[str], control_socket: Path) -> Child:
    return Child(
        name=name,
        argv=_command(*words),
        env=environ,
        stage=MEDIA_STAGE,
        stop_stage=1,
        is_ready=functools.partial(processes.socket_answers, control_socket),
        is_alive=functools.partial(processes.worker_greets, control_socket),
        before_start=functools.partial(control_socket.unlink, missing_ok=True),
        ready_deadline_s=VISIBILITY_READY_S,
        stop_deadline_s=config.service.stop_deadline_s,
    )


def _demo_phone(config: Config, environ: Mapping[str, str]) -> Child:
    demo = processes.demo_phone_config(config)

    async def is_ready() -> bool:
        return await processes.http_status(demo.http_host, demo.http_port, "/") is not None

    return Child(
        name="demo-phone",
        argv=_command("demo-phone"),
        env=environ,
        stage=MEDIA_STAGE,
        stop_stage=1,
        is_ready=is_ready,
        stop_deadline_s=config.service.stop_deadline_s,
    )


def _signaling(config: Config, environ: Mapping[str, str]) -> Child:
    settings = config.signaling

    async def is_ready() -> bool:
        status = await processes.http_status(settings.http_host, settings.http_port, "/readyz", tls=settings.is_tls)
        return status == 200

    return Child(
        name="signaling",
        argv=_command("signaling"),
        env=environ,
        stage=SIGNALING_STAGE,
        stop_stage=2,
        is_ready=is_ready,
        stop_deadline_s=settings.drain_deadline_s + processes.KILL_MARGIN_S,
    )


@contextmanager
def only_one(run_dir: Path) -> Iterator[None]:
    """:raises ServiceRunningError: another service holds this directory; the lock goes with its process."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run_dir / "service.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServiceRunningError(
                f"Passerelle tourne déjà avec ce dossier de données (processus {lock.read().strip() or '?'}). "
                "Arrêtez-la, ou donnez un autre dossier par PASSERELLE_DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def supervise(config: Config, environ: Mapping[str, str], output: ChildOutput, told: Announcement) -> None:
    """Until SIGTERM or Ctrl-C."""
    supervisor = Supervisor(children(config, environ), output.line)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    starting = asyncio.create_task(_start(supervisor, config, environ, told))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await starting  # raises what went wrong
            await stopped
    finally:
        starting.cancel()
        stopped.cancel()
        told.stopping()
        await supervisor.stop()


async def _start(supervisor: Supervisor, config: Config, environ: Mapping[str, str], told: Announcement) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_make_first_people(environ))
        started = group.create_task(supervisor.start())
    told.ready(config, started.result())


async def _make_first_people(environ: Mapping[str, str]) -> None:
    """
    In a process of its own, which ends: the supervisor needs no SQL. It writes the first sign-in down by itself.
    Without it the service runs; ``passerelle user add`` does the same by hand.
    """
    process = await asyncio.create_subprocess_exec(*_command("first-people"), env=environ, stdout=sys.stderr)
    try:
        async with asyncio.timeout(FIRST_PEOPLE_DEADLINE_S):
            code = await process.wait()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if code != 0:
        log.error("first people not made, code %d", code)
