"""
The protected datagrams of one peer: the interface, its slow plain implementation, and the one in use.

The fast implementations (``aiortc_internals.srtp.FastPath``, ``native.datagrams.NativePath``) work in place on private
ground; :class:`PlainPath` uses only what pylibsrtp and asyncio offer to everybody. Which one a peer uses, and when it
leaves a fast one, belongs to ``aiortc_internals.link.MediaLink``. All pass the same tests.
"""

from collections.abc import Callable
from typing import Any, Protocol

import pylibsrtp

from relay.intake import Address


class ProtectedDatagrams(Protocol):
    """
    One peer's datagrams to and from the address that is in use.

    None instead of a packet: forged, replayed, not RTP, or too long; such a packet is not sent either. What the socket
    cannot take is lost like on any network. Nothing here raises.
    """

    def unprotect(self, data: bytes | memoryview) -> bytes | None: ...
    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None: ...
    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        """An RTP packet; ``number`` is written into two of its bytes at ``number_at``, unless that is 0."""

    def send_rtcp(self, message: bytes) -> None: ...


class Sessions(Protocol):
    """The SRTP sessions that are valid now, receiving and sending: a re-keying exchanges them."""

    def __call__(self) -> tuple[pylibsrtp.Session, pylibsrtp.Session]: ...


class PlainPath:
    """
    :param sendto: of any datagram transport (TURN's, the standard loop's); gets ``bytes`` that it may keep.
    """

    def __init__(self, sessions: Sessions, sendto: Callable[[bytes, Address], None], address: Address) -> None:
        self._sessions = sessions
        self._sendto = sendto
        self._address = address

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return _attempt(self._sessions()[0].unprotect, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return _attempt(self._sessions()[0].unprotect_rtcp, data)

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        if number_at:
            packet = packet[:number_at] + number.to_bytes(2, "big") + packet[number_at + 2 :]
        self._pass_on(_attempt(self._sessions()[1].protect, packet))

    def send_rtcp(self, message: bytes) -> None:
        self._pass_on(_attempt(self._sessions()[1].protect_rtcp, message))

    def _pass_on(self, data: bytes | None) -> None:
        if data is not None:
            self._sendto(data, self._address)


class PathInUse:
    """
    Holds the methods of the path in use as its own, so that a switch costs the packets in between nothing.

    Whoever keeps this object (``MediaPath``) need not know that there are several.
    """

    def __init__(self, path: ProtectedDatagrams) -> None:
        self.use(path)

    def use(self, path: ProtectedDatagrams) -> None:
        self.unprotect = path.unprotect
        self.unprotect_rtcp = path.unprotect_rtcp
        self.send = path.send
        self.send_rtcp = path.send_rtcp


def _attempt(function: Callable[[bytes], Any], data: bytes | memoryview) -> bytes | None:
    try:
        return bytes(function(bytes(data)))
    except (pylibsrtp.Error, ValueError):  # ValueError: longer than its buffer
        return None
