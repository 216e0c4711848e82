"""The protected datagrams of one peer through ``datagrams.c``: one call opens a packet, one seals and sends it."""

from collections.abc import Callable, Sequence
from typing import Any

from relay.native import Library
from relay.protection import Address
from relay.sockets import DatagramReader

INTO_THE_SOCKET = -2  # send_sealed: it did not take the packet


class NativePath:
    """
    :param srtp: addresses of ``srtp_t``, receiving and sending; ``owners`` keeps them and what they belong to alive.
    :param on_failure: called when a packet could not be opened: the keys may be others.
    :raises ValueError: the address is not a plain IPv4 or IPv6 address, or the socket was opened without the library.
    """

    def __init__(
        self,
        library: Library,
        reader: DatagramReader,
        srtp: Sequence[int],
        owners: object,
        address: Address,
        *,
        on_failure: Callable[[], None],
    ) -> None:
        if reader.native is None:
            raise ValueError("the socket was opened without the library")
        ffi, lib = library.ffi, library.lib
        peer = ffi.new("struct peer *")
        peer.port = reader.native
        peer.receiving, peer.sending = (ffi.cast("void *", each) for each in srtp)
        if lib.set_address(peer, address[0].encode(), address[1]) < 0:
            raise ValueError("no plain address")
        self._peer = peer
        self._reader = reader  # owns the port
        self._owners = owners
        self._on_failure = on_failure
        self._open, self._send = lib.open_sealed, lib.send_sealed
        self._unpack: Callable[[Any, int], bytes] = ffi.unpack
        self._buffer = lib.buffer

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        size = self._open(self._peer, 0, bytes(data), len(data))
        if size >= 0:
            return self._unpack(self._buffer, size)
        self._on_failure()
        return None

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        size = self._open(self._peer, 1, bytes(data), len(data))
        if size >= 0:
            return self._unpack(self._buffer, size)
        self._on_failure()
        return None

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        if self._send(self._peer, 0, packet, len(packet), number_at, number) == INTO_THE_SOCKET:
            self._reader.dropped += 1

    def send_rtcp(self, message: bytes) -> None:
        if self._send(self._peer, 1, message, len(message), 0, 0) == INTO_THE_SOCKET:
            self._reader.dropped += 1
