"""
The UDP sockets of a media worker: where they are bound, how they are marked, how datagrams come in and go out.

By default each peer has a port of its own on each local address: any, or one of a range for firewalls. With one fixed
port all peers share a socket for each address (``relay.shared_port``). Who a datagram is for and what it says is
decided elsewhere.
"""

import asyncio
import errno
import ipaddress
import logging
import random
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from relay import native
from relay.config import MediaWorkerConfig
from relay.forwarding.rtp import is_media
from relay.intake import Address
from relay.native.datagrams import BATCH, NativeReader

DATAGRAM_LIMIT = 2048  # bytes; Ethernet's 1500 with room; longer ones are dropped
SOCKET_BUFFER = 1 << 20  # bytes asked for each direction: 5 s of one peer's video; the kernel gives what it permits
COMPLAINT_INTERVAL_S = 60.0
log = logging.getLogger(__name__)

# One buffer for all sockets: a worker's media runs in one thread, and each datagram is finished before the next.
_RECEIVE = bytearray(DATAGRAM_LIMIT)
_VIEW = memoryview(_RECEIVE)

#: gets one SRTP or SRTCP datagram, a view valid during the call only, and where it came from
TakeMedia = Callable[[bytes | memoryview, Address], None]


@dataclass(frozen=True)
class Opening:
    """
    What the event loop needs to open the sockets of a ``MediaLink``.

    :param ufrag: local username fragment of its ICE. :param take_media: None: media goes aioice's way like the rest.
    """

    config: MediaWorkerConfig
    ufrag: str
    take_media: TakeMedia | None


class DatagramProtocol(Protocol):
    """What aioice's ``StunProtocol`` is to a transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None: ...


class Complaints:
    """Faults that anybody on the network can cause: the log hears of them at most once a minute, without content."""

    def __init__(self) -> None:
        self._count = 0
        self._told_at = -COMPLAINT_INTERVAL_S

    def add(self, error: Exception) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._told_at >= COMPLAINT_INTERVAL_S:
            log.warning("datagrams could not be handled", extra={"fault": type(error).__name__, "count": self._count})
            self._count, self._told_at = 0, now


complaints = Complaints()


class DatagramReader(ABC):
    """
    Reads a socket, several datagrams at one wake-up, and survives whatever they do.

    :param take_media: gets media; None: :meth:`_take` gets it with the rest.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, take_media: TakeMedia | None = None
    ) -> None:
        self._loop = loop
        self._socket = sock
        self._has_long_addresses = sock.family == socket.AF_INET6
        self._take_media = take_media
        self._dropped = 0
        self.native: NativeReader | None = None  # None: what follows is read in Python
        if native.library is not None:
            fd = sock.fileno()
            self.native = NativeReader(native.library, fd, self._take, take_media, complaints.add)
        loop.add_reader(sock.fileno(), self._readable if self.native is None else self.native.readable)

    @property
    def dropped(self) -> int:
        """Datagrams that the socket could not take."""
        return self._dropped + (self.native.dropped if self.native is not None else 0)

    def send(self, data: Any, address: Any) -> None:
        try:
            self._socket.sendto(data, address)
        except (OSError, OverflowError):  # full buffer, host unreachable, a port that is none
            self._dropped += 1

    def stop(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        if self.native is not None:
            self.native.stop()

    @abstractmethod
    def _take(self, data: bytes | memoryview, address: Address) -> None:
        """:param data: one datagram; a memoryview is valid during the call only."""

    def _readable(self) -> None:
        take = self._take if self._take_media is None else self._take_media
        for _ in range(BATCH):
            try:
                size, address = self._socket.recvfrom_into(_RECEIVE)
            except OSError:
                return
            if 0 < size < DATAGRAM_LIMIT:
                if self._has_long_addresses:
                    address = address[:2]
                try:
                    (take if is_media(_RECEIVE[0]) else self._take)(_VIEW[:size], address)
                except Exception as error:  # one datagram's fault must not stop the socket
                    complaints.add(error)


class MediaTransport(asyncio.DatagramTransport):
    """A transport for aioice that takes media for sending at once, without a copy."""

    reader: DatagramReader | None = None  # of the socket behind it
    send_media: Callable[[memoryview, Address], None]


class OwnPort(DatagramReader, MediaTransport):
    """
    A UDP socket for aioice that hands media on without STUN parsing and without asyncio's copy of 256 KiB a packet.

    :param take_media: None: everything goes to ``protocol``.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        protocol: DatagramProtocol,
        take_media: TakeMedia | None,
    ) -> None:
        DatagramReader.__init__(self, loop, sock, take_media)
        MediaTransport.__init__(self)
        self._name = sock.getsockname()
        self._protocol = protocol
        self._is_closed = False
        self.reader = self
        self.send_media = self.send

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._name if name == "sockname" else default  # no "socket": aioice would make its buffer smaller

    def sendto(self, data: Any, addr: Any = None) -> None:
        self.send(data, addr)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.stop()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closed

    def _take(self, data: bytes | memoryview, address: Address) -> None:
        self._protocol.datagram_received(bytes(data), address)


def bound_socket(host: str, port: int, dscp: int) -> socket.socket:
    """
    A marked UDP socket (RFC 2474). One mark for all that a peer sends: audio, video and data are one 5-tuple, and
    packets of one 5-tuple in different queues would overtake each other under one congestion control (RFC 7657 §5.1).

    :param port: 0: any. :raises OSError: it cannot be bound.
    """
    is_ipv6 = ipaddress.ip_address(host).version == 6
    sock = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        if is_ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def bind_in_range(host: str, ports: tuple[int, int], dscp: int) -> socket.socket:
    """
    Workers of one machine may share a range: each begins somewhere in it and passes over what is taken.

    :param ports: first and last. :raises OSError: ``EADDRINUSE`` when all are taken, else what the address refuses.
    """
    first, last = ports
    count = last - first + 1
    start = random.randrange(count)
    for step in range(count):
        try:
            return bound_socket(host, first + (start + step) % count, dscp)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "every port of the range is taken")
