"""
Datagrams to and from our other processes: audio with the phone worker, the tap for visibility.

Sending never waits: what the other side cannot take at once is dropped; a socket gone or replaced costs nothing. What
is different between machines is in ``relay.datagram_network`` and ``relay.datagram_listener``.
"""

import socket
from collections.abc import Callable
from pathlib import Path

from relay import datagram
from relay.addresses import is_path
from relay.datagram import Datagram
from relay.datagram_listener import DatagramListener
from relay.network_config import NetworkConfig

KINDS = frozenset({datagram.Kind.AUDIO, datagram.Kind.TEXT, datagram.Kind.KEY_FRAME})


class DatagramSender:
    """
    Non-blocking sender to named Unix datagram sockets. One per process.

    :ivar heard_at: the path and the network address where this process receives datagrams, if it does.
    """

    def __init__(self) -> None:
        self.heard_at: tuple[str, str | None] | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.dropped = 0

    def send(self, data: bytes, address: str) -> bool:
        """:returns: False when nobody listens there or its queue is full."""
        try:
            self._socket.sendto(data, address)
        except OSError:
            self.dropped += 1
            return False
        return True

    def identity(self, address: str) -> tuple[int, int] | None:
        """:returns: changes when somebody else binds the path; None when nobody has."""
        try:
            found = Path(address).stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns

    def answers_from(self, address: str) -> str | None:
        """:returns: where whoever listens at ``address`` reaches this process; None: it does not."""
        if self.heard_at is None:
            return None
        path, network_address = self.heard_at
        return path if is_path(address) else network_address

    def close(self) -> None:
        self._socket.close()


class AudioExchange(DatagramListener):
    """
    Where audio and text of web legs and of phones are handed over, and key frames asked for.

    :param on_message: called with each datagram of these kinds, of whatever call.
    """

    def __init__(
        self,
        path: Path,
        on_message: Callable[[Datagram], None],
        network: NetworkConfig | None = None,
        *,
        burst: int = 32,
    ) -> None:
        super().__init__(path, self._receive, network=network, burst=burst)
        self._on_message = on_message

    def _receive(self, data: bytes) -> None:
        message = datagram.unpack(data)
        if message is not None and message.kind in KINDS:
            self._on_message(message)
