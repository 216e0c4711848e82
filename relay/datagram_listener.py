"""
Where a worker receives datagrams: a Unix socket for neighbours, and a UDP port for other machines when there are any.

What comes over UDP is opened here (``relay.sealed_datagrams``); whoever gets the messages need not know how they came.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

from relay.addresses import UDP, NetworkAddress
from relay.network_config import NetworkConfig
from relay.refusals import Refusals
from relay.sealed_datagrams import DATAGRAM_LIMIT, Receiver, RefusedError
from relay.secure_sockets import bind_first_free

UDP_RECEIVE_BUFFER = 4 << 20  # bytes; a key frame of each call may come as a burst
log = logging.getLogger(__name__)


class DatagramListener:
    """
    :param on_datagram: gets each message; what it raises is logged.
    :param limit: bytes of one message. :param burst: messages taken before the event loop has its turn again.
    :param receive_buffer: bytes, of the Unix socket; None: the kernel's default.
    :param tells_loss: senders on other machines learn that something got lost (taps: a key frame is needed).
    """

    def __init__(
        self,
        path: Path,
        on_datagram: Callable[[bytes], None],
        *,
        network: NetworkConfig | None = None,
        limit: int = 4096,
        burst: int = 32,
        receive_buffer: int | None = None,
        tells_loss: bool = False,
    ) -> None:
        self.path = path
        self.network_address: str | None = None
        self._on_datagram, self._limit, self._burst, self._buffer = on_datagram, limit, burst, receive_buffer
        self._network = network if network is not None and network.listen is not None else None
        self._tells_loss = tells_loss
        self._unix: socket.socket | None = None
        self._udp: socket.socket | None = None
        self.refusals = Refusals("datagrams refused", log)

    def start(self) -> None:
        """:raises OSError: the path or every port is taken."""
        loop = asyncio.get_running_loop()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.unlink(missing_ok=True)
        self._unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        if self._buffer is not None:
            self._unix.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        self._unix.bind(str(self.path))
        self.path.chmod(0o600)
        loop.add_reader(self._unix.fileno(), self._readable, self._unix)
        if self._network is not None:
            self._start_udp(self._network, loop)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for each in (self._unix, self._udp):
            if each is not None:
                loop.remove_reader(each.fileno())
                each.close()
        self._unix = self._udp = None
        self.path.unlink(missing_ok=True)

    def _start_udp(self, network: NetworkConfig, loop: asyncio.AbstractEventLoop) -> None:
        self._udp = bind_first_free(network, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_RECEIVE_BUFFER)
        port = self._udp.getsockname()[1]
        self.network_address = str(NetworkAddress(UDP, network.announced, port, secrets.token_urlsafe(9)))
        receiver = Receiver(network.datagram_key, self.network_address)
        loop.add_reader(self._udp.fileno(), self._udp_readable, self._udp, receiver)

    def _readable(self, unix: socket.socket) -> None:
        for _ in range(self._burst):
            try:
                data = unix.recv(self._limit)
            except OSError:
                return
            self._hand_over(data)

    def _udp_readable(self, udp: socket.socket, receiver: Receiver) -> None:
        now = time.monotonic()
        for _ in range(self._burst):
            try:
                sealed, sender = udp.recvfrom(DATAGRAM_LIMIT + 1)
            except OSError:
                return
            try:
                message = receiver.open(sealed, now)
            except RefusedError as error:
                self.refusals.add(error.code, now)
                continue
            if self._tells_loss and (notice := receiver.loss_notice(sealed, now)) is not None:
                with contextlib.suppress(OSError):
                    udp.sendto(notice, sender)
            if message is not None and len(message) <= self._limit:
                self._hand_over(message)

    def _hand_over(self, message: bytes) -> None:
        try:
            self._on_datagram(message)
        except Exception:  # one call's packet must not end the socket for all
            log.exception("datagram could not be handled")
