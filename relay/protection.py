"""
The protected datagrams of one peer: the interface, its slow plain implementation, and the one in use.

The fast implementation (``aiortc_internals.FastPath``) works in place on private ground; :class:`PlainPath` uses only
what pylibsrtp and asyncio offer to everybody. Which one a peer uses, and when it leaves the fast one, belongs to
``aiortc_internals.MediaLink``. Both pass the same tests.
"""

from collections.abc import Callable
from typing import Any, Protocol

import pylibsrtp

PLAIN_LIMIT = 1356  # bytes; pylibsrtp's own buffer of 1500 less the longest trailer
Address = tuple[str, int]


class ProtectedDatagrams(Protocol):
    """
    :meth:`protect` and :meth:`protect_rtcp` may return a view into a shared buffer: send it before the next call.
    None instead of a packet: forged, replayed, not RTP, or too long. Nothing here raises.
    """

    def unprotect(self, data: bytes | memoryview) -> bytes | None: ...
    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None: ...
    def protect(self, packet: bytes | bytearray) -> memoryview | None: ...
    def protect_rtcp(self, packet: bytes | bytearray) -> memoryview | None: ...
    def send(self, data: memoryview, address: Address) -> None:
        """What the socket cannot take is lost like on any network."""


class Sessions(Protocol):
    """The SRTP sessions that are valid now, receiving and sending: a re-keying exchanges them."""

    def __call__(self) -> tuple[pylibsrtp.Session, pylibsrtp.Session]: ...


class PlainPath:
    """
    :param sendto: of any datagram transport (TURN's, the standard loop's); gets ``bytes`` that it may keep.
    """

    def __init__(self, sessions: Sessions, sendto: Callable[[bytes, Address], None]) -> None:
        self._sessions = sessions
        self._sendto = sendto

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return _attempt(self._sessions()[0].unprotect, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return _attempt(self._sessions()[0].unprotect_rtcp, data)

    def protect(self, packet: bytes | bytearray) -> memoryview | None:
        return _view(_attempt(self._sessions()[1].protect, packet))

    def protect_rtcp(self, packet: bytes | bytearray) -> memoryview | None:
        return _view(_attempt(self._sessions()[1].protect_rtcp, packet))

    def send(self, data: memoryview, address: Address) -> None:
        self._sendto(bytes(data), address)


class PathInUse:
    """
    Holds the methods of the path in use as its own, so that a switch costs the packets in between nothing.

    Whoever keeps this object (``MediaPath``) need not know that there are two.
    """

    def __init__(self, path: ProtectedDatagrams) -> None:
        self.use(path)

    def use(self, path: ProtectedDatagrams) -> None:
        self.unprotect = path.unprotect
        self.unprotect_rtcp = path.unprotect_rtcp
        self.protect = path.protect
        self.protect_rtcp = path.protect_rtcp


def _attempt(function: Callable[[bytes], Any], data: bytes | bytearray | memoryview) -> bytes | None:
    try:
        return bytes(function(bytes(data)))
    except (pylibsrtp.Error, ValueError):  # ValueError: longer than its buffer
        return None


def _view(data: bytes | None) -> memoryview | None:
    return memoryview(data) if data is not None else None
