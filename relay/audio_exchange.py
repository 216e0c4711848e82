"""
Datagrams to and from our other processes on this machine: audio with the phone worker, the tap for visibility.

Sending never waits: what the other side cannot take at once is dropped; a socket gone or replaced costs nothing.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from relay import datagram
from relay.datagram import Datagram

_RECEIVE_LIMIT = 4096  # bytes
_BATCH = 32  # datagrams a wake-up, so that a flood cannot hold up the media
log = logging.getLogger(__name__)


class DatagramSender:
    """Non-blocking sender to named Unix datagram sockets. One per process."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.dropped = 0

    def send(self, data: bytes, path: str) -> bool:
        """:returns: False when nobody listens there or its queue is full."""
        try:
            self._socket.sendto(data, path)
        except OSError:
            self.dropped += 1
            return False
        return True

    @staticmethod
    def identity(path: str) -> tuple[int, int] | None:
        """:returns: changes when somebody else binds the path; None when nobody has."""
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns

    def close(self) -> None:
        self._socket.close()


class AudioExchange:
    """
    Where the phone worker sends each web leg's mix.

    :param on_audio: called with each audio datagram, of whatever call.
    """

    def __init__(self, path: Path, on_audio: Callable[[Datagram], None]) -> None:
        self.path = path
        self._on_audio = on_audio
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """:raises OSError: the path cannot be bound."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(self.path))
        self.path.chmod(0o600)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            self.path.unlink(missing_ok=True)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data = self._socket.recv(_RECEIVE_LIMIT) if self._socket is not None else b""
            except OSError:
                return
            message = datagram.unpack(data)
            if message is None or message.kind is not datagram.Kind.AUDIO:
                continue
            try:
                self._on_audio(message)
            except Exception:  # one call's packet must not end the socket for all
                log.exception("audio datagram could not be handled")
