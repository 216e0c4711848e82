"""A client whose address changes in the middle of a call, as its NAT does it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

from relay.forwarding.rtp import is_media
from relay.sockets import bound_socket


class Nat:
    """A UDP forwarder between one client and the worker that can take another outgoing port in the middle."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._client: Any = None
        self.media_to_client = 0  # packets that came to the port of now
        self._inside = self._bound(self._from_client)
        self._outside = self._bound(self._from_server)

    @property
    def port(self) -> int:
        """Where the client sends."""
        return int(self._inside.getsockname()[1])

    @property
    def outgoing(self) -> tuple[str, int]:
        """What the worker sees."""
        host, port = self._outside.getsockname()
        return str(host), int(port)

    def rebind(self) -> None:
        """The old port answers no more."""
        self.media_to_client = 0
        old, self._outside = self._outside, self._bound(self._from_server)
        self._drop(old)

    def close(self) -> None:
        self._drop(self._inside)
        self._drop(self._outside)

    def _bound(self, read: Callable[[], None]) -> socket.socket:
        sock = bound_socket("127.0.0.1", 0, 0)
        self._loop.add_reader(sock.fileno(), read)
        return sock

    def _drop(self, sock: socket.socket) -> None:
        self._loop.remove_reader(sock.fileno())
        sock.close()

    def _from_client(self) -> None:
        with contextlib.suppress(OSError):
            data, self._client = self._inside.recvfrom(2048)
            self._outside.sendto(data, self._server)

    def _from_server(self) -> None:
        with contextlib.suppress(OSError):
            data = self._outside.recv(2048)
            self._inside.sendto(data, self._client)
            self.media_to_client += is_media(data[0])
