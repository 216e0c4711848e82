"""
Datagrams of one RTP stream to and from one peer: two sockets, whose packets count, encryption.

Left to others: what is in the packets (``relay.phone.rtp``, ``relay.phone.text_endpoint``).
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from relay.phone import rtp_packets as packets
from relay.phone.rtp_latch import Address, Latch
from relay.phone.rtp_packets import RtpPacket
from relay.phone.sdp_crypto import SrtpKeys
from relay.phone.sdp_reading import HOLD_ADDRESSES
from relay.phone.srtp import Srtp

DATAGRAM_LIMIT = 1500  # bytes; more is no telephone's
_REPORT_TYPES = range(72, 77)  # RTCP's packet types as they look to RTP (RFC 5761 §4)


@dataclass
class RtpStatistics:
    """:param packets_dropped: of strangers, late, repeated or unreadable; ``undecipherable`` are among them."""

    packets_received: int = 0
    packets_sent: int = 0
    octets_sent: int = 0
    packets_dropped: int = 0
    undecipherable: int = 0
    reports_received: int = 0


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) <= DATAGRAM_LIMIT:
            self._received(data, addr[:2])


class RtpLink:
    """
    ``sent_at``: when the last packet went, at first when there was an address to send to, s. ``may_send``: False as
    long as the address may be somebody's who knows of nothing.

    :param on_packet: a packet of the peer; answers whether it was of use. :param on_report: an RTCP datagram of it.
    :param clock: s.
    """

    def __init__(
        self, on_packet: Callable[[RtpPacket], bool], on_report: Callable[[bytes], None], clock: Callable[[], float]
    ) -> None:
        self.statistics = RtpStatistics()
        self._on_packet, self._on_report, self._clock = on_packet, on_report, clock
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._negotiated: Address | None = None
        self._latch: Latch | None = None
        self._srtp: Srtp | None = None
        self._reports_to: Address | None = None
        self._reports_from: Address | None = None
        self._sequence = secrets.randbits(15)
        self.ssrc = secrets.randbits(32)
        self.sent_at, self.may_send = 0.0, True

    def attach(self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport) -> None:
        self._rtp, self._rtcp = rtp, rtcp

    @property
    def is_encrypted(self) -> bool:
        return self._srtp is not None

    def connect(self, address: Address, rtcp: Address | None, srtp: SrtpKeys | None) -> None:
        """A new address forgets the latched port; the hold address is none."""
        if srtp is None:
            self._srtp = None
        elif self._srtp is None:
            self._srtp = Srtp(srtp)
        else:
            self._srtp.rekey(srtp)
        if address[0] in HOLD_ADDRESSES:
            return
        if self._latch is None:
            self.sent_at = self._clock()
        if address != self._negotiated:
            self._latch, self._reports_from = Latch(*address), None
        self._negotiated, self._reports_to = address, rtcp

    def renew_source(self) -> None:
        """A stream with another clock is another source (RFC 7160 §4.1)."""
        self.ssrc = secrets.randbits(32)

    def skip(self, lost: int) -> None:
        """Leave numbers out, as the stream that is passed on did."""
        self._sequence += lost

    def send(self, packet: RtpPacket) -> None:
        """:param packet: its sequence number and SSRC are filled in."""
        if self._rtp is None or self._latch is None or not self.may_send:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        data = packets.build_rtp(packet._replace(sequence=self._sequence, ssrc=self.ssrc))
        self._rtp.sendto(data if self._srtp is None else self._srtp.protect(data), self._latch.remote)
        self.sent_at = self._clock()
        self.statistics.packets_sent += 1
        self.statistics.octets_sent += len(packet.payload)

    def send_report(self, data: bytes) -> None:
        if self._rtcp is None or self._latch is None:
            return
        host, port = self._latch.remote
        address = self._reports_from or self._reports_to or (host, port + 1)
        self._rtcp.sendto(data if self._srtp is None else self._srtp.protect_report(data), address)

    def close(self) -> None:
        for transport in (self._rtp, self._rtcp):
            if transport is not None:
                transport.close()
        self._latch = None

    def rtp_received(self, data: bytes, address: Address) -> None:
        if not self._is_taken(data, address[:2]):
            self.statistics.packets_dropped += 1

    def rtcp_received(self, data: bytes, address: Address) -> None:
        if self._latch is None or address[0] not in (self._latch.host, (self._reports_to or self._latch.remote)[0]):
            return
        plain = data if self._srtp is None else self._srtp.unprotect_report(data)
        if plain is None:
            self.statistics.undecipherable += 1
            return
        self._reports_from = address[:2]
        self.statistics.reports_received += 1
        self._on_report(plain)

    def _is_taken(self, data: bytes, source: Address) -> bool:
        if self._latch is None or source[0] != self._latch.host:
            return False
        plain = data if self._srtp is None else self._srtp.unprotect(data)
        if plain is None:
            self.statistics.undecipherable += 1
            return False
        packet = packets.parse_rtp(plain)
        if packet is None or packet.payload_type in _REPORT_TYPES:
            return False
        if not self._latch.takes(packet, source, self._clock(), proven=self._srtp is not None):
            return False
        if not self._on_packet(packet):
            return False
        self.statistics.packets_received += 1
        return True


class RtpPorts:
    """Pairs of UDP ports, taken in turn so that a late packet of an ended call finds nobody."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first + first % 2
        self._pairs = max(1, (last - self._first + 1) // 2)
        self._next = secrets.randbelow(self._pairs)

    def __iter__(self) -> "RtpPorts":
        return self

    def __next__(self) -> int:
        self._next = (self._next + 1) % self._pairs
        return self._first + 2 * self._next

    def __len__(self) -> int:
        return self._pairs


class Bound:
    """What :func:`open_pair` opens. :param host: bound, an address of this machine. :param port: even, RTP's."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.link: RtpLink


_Endpoint = TypeVar("_Endpoint", bound=Bound)


async def open_pair(make: Callable[[str, int], _Endpoint], host: str, ports: RtpPorts) -> _Endpoint:
    """:raises OSError: no pair of ports is free."""
    for _ in range(len(ports)):
        endpoint = make(host, next(ports))
        if await _bind(endpoint):
            return endpoint
    raise OSError("no free pair of RTP ports")


async def _bind(endpoint: Bound) -> bool:
    loop = asyncio.get_running_loop()
    rtp: asyncio.DatagramTransport | None = None
    link, host, port = endpoint.link, endpoint.host, endpoint.port
    try:
        rtp, _ = await loop.create_datagram_endpoint(lambda: _Socket(link.rtp_received), local_addr=(host, port))
        rtcp, _ = await loop.create_datagram_endpoint(lambda: _Socket(link.rtcp_received), local_addr=(host, port + 1))
    except OSError:
        if rtp is not None:
            rtp.close()
        return False
    link.attach(rtp, rtcp)
    return True
