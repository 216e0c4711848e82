"""
Every kind of process: the settings it gets, how it is run, how one sees that it is ready.

The one place that joins the leaves’ own settings to the service’s: socket paths, Redis, names. Heavy modules are
imported by the process that needs them, so that the supervisor stays small and ``passerelle --help`` quick.
"""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from relay import compiled
from relay.config import LAST_PORT, MediaWorkerConfig
from relay.phone.config import DemoPhoneConfig, PhoneWorkerConfig
from relay.phone.siblings import sibling
from relay.visibility.config import VisibilityWorkerConfig
from signaling.config import Config, ConfigError

PROBE_DEADLINE_S = 2.0
GREETING_DEADLINE_S = 5.0  # of a worker that is busy
KILL_MARGIN_S = 5  # after the stop deadline the process is ended by the kernel, whatever hangs in it
Run = Callable[[asyncio.Event], Awaitable[None]]


def media_worker_count(config: Config) -> int:
    return config.service.media_workers or len(os.sched_getaffinity(0))


def media_worker_config(config: Config, index: int) -> MediaWorkerConfig:
    """Workers of one machine cannot share a fixed UDP port: each takes the next one."""
    run_dir = config.signaling.run_dir
    settings = config.reader.build(
        MediaWorkerConfig,
        "media",
        worker_id=_worker_id(config, "media", index),
        control_socket=run_dir / f"media-{index}.sock",
        audio_socket=run_dir / f"media-{index}.audio.sock",
        redis_url=config.signaling.redis_url,
        network=config.signaling.network,
    )
    if settings.udp_port is None:
        return settings
    if settings.udp_port + index > LAST_PORT:
        raise ConfigError(
            "[media] udp_port", f"au plus {LAST_PORT - index}, pour {index + 1} processus", str(settings.udp_port)
        )
    return replace(settings, udp_port=settings.udp_port + index)


def phone_worker_config(config: Config, index: int = 0) -> PhoneWorkerConfig:
    """Workers of one machine have their own SIP ports and share the RTP ports (``relay.phone.siblings``)."""
    run_dir = config.signaling.run_dir
    settings = config.reader.build(
        PhoneWorkerConfig,
        "phone",
        worker_id=_worker_id(config, "phone", index),
        control_socket=run_dir / f"phone-{index}.sock",
        audio_socket=run_dir / f"phone-{index}.audio.sock",
        redis_url=config.signaling.redis_url,
        network=config.signaling.network,
        secret=config.signaling.secret_key,
    )
    try:
        return sibling(settings, index, max(config.service.phone_workers, index + 1))
    except ValueError as error:
        raise ConfigError("[service] phone_workers", "des ports pour chaque processus téléphone", str(error)) from None


def visibility_worker_config(config: Config, index: int) -> VisibilityWorkerConfig:
    run_dir = config.signaling.run_dir
    return config.reader.build(
        VisibilityWorkerConfig,
        "visibility",
        worker_id=_worker_id(config, "visibility", index),
        control_socket=run_dir / f"visibility-{index}.sock",
        tap_socket=run_dir / f"visibility-{index}.tap.sock",
        redis_url=config.signaling.redis_url,
        network=config.signaling.network,
        models_dir=config.service.model_dir,
    )


def demo_phone_config(config: Config) -> DemoPhoneConfig:
    """Its page is beside the service's own unless the operator says otherwise."""
    http_port, relay_port = min(config.signaling.http_port + 1, 65535), phone_worker_config(config).sip_port
    return config.reader.build(DemoPhoneConfig, "demo_phone", http_port=http_port, relay_port=relay_port)


def uses_demo_trunk(config: Config) -> bool:
    """Nobody named a trunk: calls go to the demonstration phone. A PBX of this machine is another port."""
    trunks, demo = phone_worker_config(config).all_trunks, demo_phone_config(config)
    ours = (demo.sip_host, demo.sip_port)
    return config.service.demo_phone and [(trunk.host, trunk.port) for trunk in trunks] == [ours]


def _worker_id(config: Config, kind: str, index: int) -> str:
    """The same after a restart, another one on another machine."""
    network = config.signaling.network
    return f"{network.name if network else socket.gethostname()}-{kind}-{index}"


# --- running


def run_signaling(config: Config) -> None:
    from signaling import collector
    from signaling.app import serve

    collector.calm()
    _run(lambda stop: serve(config.signaling, stop), config.signaling.drain_deadline_s)


def run_media_worker(config: Config, index: int) -> None:
    settings = media_worker_config(config, index)
    if settings.compiled:
        compiled.use(config.service.compiled_dir)
    from relay.worker import MOVE_S, new_event_loop, run

    drain_s = settings.drain_s + MOVE_S if settings.drain_s > 0 else 0.0
    _run(partial(run, settings), config.service.stop_deadline_s + drain_s, new_event_loop)


def run_phone_worker(config: Config, index: int) -> None:
    from relay.phone.worker import run

    _run(partial(run, phone_worker_config(config, index)), config.service.stop_deadline_s)


def run_visibility_worker(config: Config, index: int) -> None:
    from relay.visibility.worker import run

    _run(partial(run, visibility_worker_config(config, index)), config.service.stop_deadline_s)


def run_demo_phone(config: Config) -> None:
    from relay.phone.demo import run

    _run(partial(run, demo_phone_config(config)), config.service.stop_deadline_s)


def _run(run: Run, deadline_s: float, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """``run`` until SIGTERM or Ctrl-C, then until it has stopped or the deadline and a margin are over."""

    async def until_stopped() -> None:
        stop = asyncio.Event()

        def on_signal() -> None:
            signal.alarm(int(deadline_s) + KILL_MARGIN_S)
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
        await run(stop)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(until_stopped())


# --- ready?


async def socket_answers(path: Path) -> bool:
    """Somebody accepts connections on this Unix socket."""
    try:
        async with asyncio.timeout(PROBE_DEADLINE_S):
            _, writer = await asyncio.open_unix_connection(str(path))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def worker_greets(path: Path) -> bool:
    """A worker says who it is to whoever connects; one that hangs leaves the connection to the kernel."""
    try:
        async with asyncio.timeout(GREETING_DEADLINE_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            with contextlib.closing(writer):
                return bool(await reader.read(1))
    except (OSError, TimeoutError):
        return False


async def http_status(host: str, port: int, path: str, *, tls: bool = False) -> int | None:
    """
    The status of a GET, None when nobody answers. Without an HTTP library: the supervisor has none loaded, and our
    own certificate is no question here.
    """
    context = ssl._create_unverified_context() if tls else None  # noqa: S323 # our own process, on this machine
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # compared, not bound
    try:
        async with asyncio.timeout(PROBE_DEADLINE_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            with contextlib.closing(writer):
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status_line = await reader.readline()
        return int(status_line.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        return None
