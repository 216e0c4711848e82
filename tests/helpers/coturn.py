"""A TURN server on loopback: coturn as Debian packages it, with time-limited credentials and its own certificate."""

import contextlib
import datetime
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.model import IceServer
from signaling.certificate import ensure_certificate
from signaling.config import SignalingConfig
from signaling.ice_servers import IceServers
from tests.helpers.ports import free_port

SECRET = "for tests alone"
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0
ATTEMPTS = 5  # another program may take a port between finding it free and binding it
_RELAY_PORTS = ("47000", "48999")

needs_coturn = pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (apt: coturn)")


@dataclass(frozen=True)
class Coturn:
    """:param log: what the server wrote, one line for each thing that happened."""

    port: int
    tls_port: int
    certificate: Path
    log_file: Path

    @property
    def udp(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    @property
    def tcp(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    @property
    def tls(self) -> str:
        return f"turns:127.0.0.1:{self.tls_port}?transport=tcp"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")


def offered(*urls: str, secret: str = SECRET, age_s: float = 0.0) -> tuple[IceServer, ...]:
    """What an offer made ``age_s`` ago names."""
    settings = SignalingConfig(turn_urls=urls, turn_secret=secret, server_uses_turn=True)
    return IceServers(settings, clock=lambda: time.time() - age_s).for_page()


@contextlib.contextmanager
def coturn() -> Iterator[Coturn]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    try:
        for _ in range(ATTEMPTS):
            server, process = _start(directory)
            try:
                if _is_listening(server, process):
                    yield server
                    return
            finally:
                _stop(process)
        raise AssertionError(f"coturn did not start:\n{server.log()[-3000:]}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _start(directory: Path) -> "tuple[Coturn, subprocess.Popen[bytes]]":
    files = ensure_certificate(directory, [], datetime.datetime.now(datetime.UTC))
    port, tls_port = free_port(), free_port()
    server = Coturn(port, tls_port, files.certificate, directory / "log")
    options = {
        "listening-ip": "127.0.0.1",
        "relay-ip": "127.0.0.1",
        "listening-port": server.port,
        "tls-listening-port": server.tls_port,
        "min-port": _RELAY_PORTS[0],
        "max-port": _RELAY_PORTS[1],
        "relay-threads": 1,
        "realm": "passerelle.test",
        "static-auth-secret": SECRET,
        "cert": files.certificate,
        "pkey": files.key,
        "userdb": directory / "userdb",
        "pidfile": directory / "pid",
        "log-file": "stdout",
    }
    flags = ["-n", "--no-cli", "--no-dtls", "--simple-log", "--verbose", "--use-auth-secret", "--allow-loopback-peers"]
    with server.log_file.open("wb") as log:
        command = ["turnserver", *flags, *(f"--{name}={value}" for name, value in options.items())]
        return server, subprocess.Popen(command, cwd=directory, stdout=log, stderr=subprocess.STDOUT)


def _is_listening(server: Coturn, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_DEADLINE_S
    for port in (server.port, server.tls_port):
        while not _accepts(port):
            is_refused = "Cannot bind" in server.log()
            if is_refused or process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return process.poll() is None


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
