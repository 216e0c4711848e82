"""libsrtp used in place, past pylibsrtp's wrapper."""

import contextlib
from collections.abc import Callable
from typing import Any

from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from relay import native
from relay.intake import Address
from relay.native.datagrams import NativePath
from relay.sockets import MediaTransport

BUFFER_SIZE = 2048  # bytes; Ethernet's 1500 and SRTP trailers
SRTP_TRAILER = 148  # bytes, SRTP_MAX_SRTCP_TRAILER_LEN
STEP_NAMES = ("srtp_unprotect", "srtp_unprotect_rtcp", "srtp_protect", "srtp_protect_rtcp")
_OK = lib.srtp_err_status_ok
# One buffer for all sessions: a worker's media runs in one thread, and each call is finished before the next.
_BUFFER = ffi.new("unsigned char[]", BUFFER_SIZE)
_VIEW = memoryview(ffi.buffer(_BUFFER))
_LENGTH = ffi.new("int *")
#: addresses of libsrtp's functions, in the order of ``use_srtp`` in ``relay/native/datagrams.c``
_STEPS = [int(ffi.cast("uintptr_t", ffi.addressof(lib, name))) for name in STEP_NAMES]


class FastPath:
    """
    The SRTP sessions of one peer used in place, and its socket without a copy: pylibsrtp's own wrapper allocates and
    copies twice a packet, asyncio's transport once more.

    :param transport: one of ours. :param on_failure: called when a packet could not be opened: the keys may be others.
    """

    def __init__(
        self,
        receiving: Session,
        sending: Session,
        transport: MediaTransport,
        address: Address,
        on_failure: Callable[[], None],
    ) -> None:
        self._sessions = (receiving, sending)
        self._receiving = receiving._srtp[0]
        self._sending = sending._srtp[0]
        self._send = transport.send_media
        self._address = address
        self._on_failure = on_failure

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return self._open(lib.srtp_unprotect, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self._open(lib.srtp_unprotect_rtcp, data)

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        size = len(packet)
        if size <= BUFFER_SIZE - SRTP_TRAILER:
            _VIEW[:size] = packet
            if number_at:
                _VIEW[number_at], _VIEW[number_at + 1] = number >> 8, number & 0xFF
            self._seal(lib.srtp_protect, size)

    def send_rtcp(self, message: bytes) -> None:
        size = len(message)
        if size <= BUFFER_SIZE - SRTP_TRAILER:
            _VIEW[:size] = message
            self._seal(lib.srtp_protect_rtcp, size)

    def _open(self, function: Any, data: bytes | memoryview) -> bytes | None:
        size = len(data)
        if size > BUFFER_SIZE:
            return None
        _VIEW[:size] = data
        _LENGTH[0] = size
        if function(self._receiving, _BUFFER, _LENGTH) == _OK:
            return _VIEW[: _LENGTH[0]].tobytes()
        self._on_failure()
        return None

    def _seal(self, function: Any, size: int) -> None:
        _LENGTH[0] = size
        if function(self._sending, _BUFFER, _LENGTH) == _OK:
            self._send(_VIEW[: _LENGTH[0]], self._address)


def fast_path(
    receiving: Session, sending: Session, transport: MediaTransport, address: Address, on_failure: Callable[[], None]
) -> FastPath | NativePath:
    """In C where that was built, and the socket is used by it."""
    library, reader = native.library, transport.reader
    if library is not None and reader is not None and reader.native is not None:
        library.lib.use_srtp(*(library.ffi.cast("void *", each) for each in _STEPS))
        pointers = [int(ffi.cast("uintptr_t", each._srtp[0])) for each in (receiving, sending)]
        with contextlib.suppress(ValueError):  # an address that only Python's sockets understand
            return NativePath(library, reader.native, pointers, (receiving, sending), address, on_failure=on_failure)
    return FastPath(receiving, sending, transport, address, on_failure)
