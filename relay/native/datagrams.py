"""
A socket and a peer's protected datagrams through ``datagrams.c``: one call reads, one opens, one seals and sends.

Compiled with the forwarding where that is. Who a datagram is for belongs to ``relay.sockets``.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from relay.intake import Address
from relay.native import Library

BATCH: Final = 16  # datagrams read at one wake-up; then others have their turn
_ADDRESS_TEXT: Final = 46  # bytes, INET6_ADDRSTRLEN
_NOT_TAKEN: Final = -2  # send_sealed: the socket did not take the packet
_MEDIA_FIRST: Final = 128
_MEDIA_LAST: Final = 191  # first byte, RFC 7983 §7


class NativeReader:
    """
    :param fd: of a socket that whoever has this reader closes after :meth:`stop`.
    :param take: gets each datagram. :param take_media: gets media instead, None for nobody.
    :param on_fault: gets what they raise.
    """

    def __init__(
        self,
        library: Library,
        fd: int,
        take: Callable[[bytes, Address], None],
        take_media: Callable[[bytes, Address], None] | None,
        on_fault: Callable[[Exception], None],
    ) -> None:
        ffi, lib = library.ffi, library.lib
        self.port: Any = ffi.new("struct port *", {"fd": fd})
        self.dropped = 0  # datagrams that the socket could not take
        self._take = take
        self._take_media = take if take_media is None else take_media
        self._on_fault = on_fault
        self._text: Any = ffi.new("char[]", _ADDRESS_TEXT)
        self._string: Any = ffi.string
        self._unpack: Any = ffi.unpack
        self._receive: Any = lib.receive
        self._describe: Any = lib.describe_origin
        self._buffer: Any = lib.buffer
        self._limit: int = lib.LIMIT
        self._changed: int = lib.ORIGIN_CHANGED
        self._address: Address = ("", 0)

    def stop(self) -> None:
        """The number of the closed socket may be another file's soon."""
        self.port.fd = -1

    def readable(self) -> None:
        for _ in range(BATCH):
            size: int = self._receive(self.port)
            if size < 0:
                return
            if size >= self._changed:
                size -= self._changed
                number: int = self._describe(self.port, self._text)
                self._address = (self._string(self._text).decode(), number)
            if 0 < size < self._limit:
                data: bytes = self._unpack(self._buffer, size)
                try:
                    if _MEDIA_FIRST <= data[0] <= _MEDIA_LAST:
                        self._take_media(data, self._address)
                    else:
                        self._take(data, self._address)
                except Exception as error:  # one datagram's fault must not stop the socket
                    self._on_fault(error)


class NativePath:
    """
    :param srtp: addresses of ``srtp_t``, receiving and sending; ``owners`` keeps them and what they belong to alive.
    :param on_failure: called when a packet could not be opened: the keys may be others.
    :raises ValueError: the address is not a plain IPv4 or IPv6 address.
    """

    def __init__(
        self,
        library: Library,
        reader: NativeReader,
        srtp: Sequence[int],
        owners: object,
        address: Address,
        *,
        on_failure: Callable[[], None],
    ) -> None:
        ffi, lib = library.ffi, library.lib
        peer: Any = ffi.new("struct peer *")
        peer.port = reader.port
        peer.receiving, peer.sending = ffi.cast("void *", srtp[0]), ffi.cast("void *", srtp[1])
        if lib.set_address(peer, address[0].encode(), address[1]) < 0:
            raise ValueError("no plain address")
        self._peer = peer
        self._reader = reader  # owns the port
        self._owners = owners
        self._on_failure = on_failure
        self._open: Any = lib.open_sealed
        self._send: Any = lib.send_sealed
        self._unpack: Any = ffi.unpack
        self._buffer: Any = lib.buffer

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return self._opened(0, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self._opened(1, data)

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        if self._send(self._peer, 0, packet, len(packet), number_at, number) == _NOT_TAKEN:
            self._reader.dropped += 1

    def send_rtcp(self, message: bytes) -> None:
        if self._send(self._peer, 1, message, len(message), 0, 0) == _NOT_TAKEN:
            self._reader.dropped += 1

    def _opened(self, is_rtcp: int, data: bytes | memoryview) -> bytes | None:
        plain = data if isinstance(data, bytes) else bytes(data)
        size: int = self._open(self._peer, is_rtcp, plain, len(plain))
        if size < 0:
            self._on_failure()
            return None
        opened: bytes = self._unpack(self._buffer, size)
        return opened
