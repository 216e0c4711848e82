"""
The service that is rehearsed: a running one, or one of our own with a temporary data directory, ended afterwards.

Decides where the operator token comes from and when a service counts as ready.
"""

import asyncio
import contextlib
import random
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from signaling.config import SignalingConfig
from signaling.rehearsal.client import UnreachableError
from signaling.rehearsal.model import OwnTimes

PROBE_DEADLINE_S = 3.0
READY_DEADLINE_S = 90.0  # a first start on a busy machine: Redis, migrations, MediaPipe
READY_POLL_S = 0.25
STOP_DEADLINE_S = 20.0
OWN_PORTS = range(24_000, 32_000, 2)  # below those that the kernel gives to connections while a service starts
OWN_RING_TIMEOUT_S = 8  # an own service need not ring for a minute
SERVE = "import sys; from signaling.cli import main; sys.argv[1:] = ['serve']; main()"


@dataclass(frozen=True)
class Service:
    """:param database_url: None when its records are out of reach. :param is_own: started by this rehearsal."""

    url: str
    token: str
    database_url: str | None = None
    is_own: bool = False


async def is_alive(http: aiohttp.ClientSession, url: str) -> bool:
    return await _answers(http, url, "/healthz")


async def _answers(http: aiohttp.ClientSession, url: str, path: str) -> bool:
    try:
        async with http.get(url.rstrip("/") + path, timeout=aiohttp.ClientTimeout(PROBE_DEADLINE_S)) as reply:
            return reply.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def read_token(data_dir: Path) -> str | None:
    """:returns: the operator token that a service keeps in its data directory; None when there is none to read."""
    try:
        return (data_dir / "secrets" / "operator_token").read_text().strip() or None
    except OSError:
        return None


def free_ports() -> int:
    """:returns: a TCP port that is free now, like the one after it (the demonstration phone's page)."""
    for port in random.sample(OWN_PORTS, 50):
        with contextlib.suppress(OSError), socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port
    raise UnreachableError("aucun port libre pour un service d’essai")


def sip_ports() -> tuple[int, int]:
    """
    :returns: two UDP ports that are free now. Somewhere in the whole range: services that start at the same time would
        all take the same ones from the usual first.
    """
    found: list[int] = []
    for port in random.sample(OWN_PORTS, 50):
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == 2:
            return found[0], found[1]
    raise UnreachableError("aucun port libre pour un service d’essai")


def own_environment(
    environ: Mapping[str, str], data_dir: Path, port: int, model_dir: Path | None, times: OwnTimes | None = None
) -> dict[str, str]:
    """
    The caller's environment without its settings of the service: an own service must not touch real data.

    :param times: short waiting times; None: the usual ones, but for ringing.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("PASSERELLE_")}
    phone_port, demo_port = sip_ports()
    kept |= {
        "PASSERELLE_PHONE_SIP_PORT": str(phone_port),
        "PASSERELLE_PHONE_TRUNK_PORT": str(demo_port),
        "PASSERELLE_DEMO_PHONE_SIP_PORT": str(demo_port),
        "PASSERELLE_DATA_DIR": str(data_dir),
        "PASSERELLE_HTTP_PORT": str(port),
        "PASSERELLE_RING_TIMEOUT_S": str(OWN_RING_TIMEOUT_S),
        "PASSERELLE_LOG_FORMAT": "json",
    }
    if times is not None:
        kept |= {
            "PASSERELLE_RING_TIMEOUT_S": str(times.ring_timeout_s),
            "PASSERELLE_DEMO_PHONE_RING_S": str(times.demo_ring_s),
            "PASSERELLE_QUEUE_ALERT_S": str(times.alert_s),
            "PASSERELLE_AGENT_GRACE_S": str(times.agent_grace_s),
            "PASSERELLE_SIGNER_GRACE_S": str(times.signer_grace_s),
            "PASSERELLE_LINE_GRACE_S": str(times.signer_grace_s),
        }
    if model_dir is not None and model_dir.is_dir():
        kept["PASSERELLE_MODEL_DIR"] = str(model_dir)
    return kept


@contextlib.asynccontextmanager
async def own_service(
    http: aiohttp.ClientSession,
    environ: Mapping[str, str],
    model_dir: Path | None,
    keep_log: Path | None = None,
    times: OwnTimes | None = None,
    *,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Service]:
    """
    A whole service for the time of the block.

    :param model_dir: MediaPipe models to use; None or absent: the service runs without visibility.
    :param keep_log: where its log is copied at the end. :param times: short waiting times, see :func:`own_environment`.
    :param settings: more ``PASSERELLE_`` variables, named without that prefix.
    :raises UnreachableError: it did not become ready; the message holds the end of its log.
    """
    data_dir = Path(tempfile.mkdtemp(prefix="psr-"))
    port = free_ports()
    log = data_dir / "service.log"
    more = {f"PASSERELLE_{name}": value for name, value in (settings or {}).items()}
    try:
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                SERVE,
                env=own_environment(environ, data_dir, port, model_dir, times) | more,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; we end the service in order
            )
        try:
            url = f"http://127.0.0.1:{port}"
            await _until_ready(http, url, process, log)
            yield Service(url, read_token(data_dir) or "", _own_database(data_dir), is_own=True)
        finally:
            await _stop(process)
    finally:
        if keep_log is not None and log.exists():
            shutil.copyfile(log, keep_log)
        shutil.rmtree(data_dir, ignore_errors=True)


def _own_database(data_dir: Path) -> str:
    return SignalingConfig(data_dir=data_dir, run_dir=data_dir).database_url


async def _until_ready(http: aiohttp.ClientSession, url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    try:
        async with asyncio.timeout(READY_DEADLINE_S):
            while not await _answers(http, url, "/readyz"):
                if process.returncode is not None:
                    raise UnreachableError(f"le service s’est arrêté au démarrage :\n{_tail(log)}")
                await asyncio.sleep(READY_POLL_S)
    except TimeoutError:
        raise UnreachableError(f"le service n’est pas prêt après {READY_DEADLINE_S:.0f} s :\n{_tail(log)}") from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_DEADLINE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
