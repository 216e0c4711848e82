"""
One RTP endpoint: packets of one sound codec and telephone-events to and from one peer, with RTCP beside it.

Takes packets from the negotiated host only and answers to the port they really come from (symmetric RTP, RFC 4961).
Nothing is buffered or decoded: what arrives is handed on in order, what comes late is dropped.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from relay.audio import PTIME_S
from relay.phone import rtp_packets as packets
from relay.phone.rtp_packets import Payload, ReportBlock, RtpPacket, SentSoFar
from relay.phone.rtp_reception import Reception
from relay.phone.rtp_sending import DtmfSender, DtmfStep, SendClock
from relay.phone.sdp import CLOCK_RATES, CodecName, Negotiated
from relay.phone.sdp_reading import HOLD_ADDRESSES

DATAGRAM_LIMIT = 1500  # bytes; more is no telephone's
REPORT_EVERY_S = 5.0  # RFC 3550 §6.2


@dataclass
class RtpStatistics:
    packets_received: int = 0
    packets_sent: int = 0
    packets_dropped: int = 0
    reports_received: int = 0
    peer: ReportBlock | None = None


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= DATAGRAM_LIMIT:
            self._received(data, addr)


class RtpEndpoint:
    """
    Made by :func:`open_rtp`. The owner calls :meth:`tick` every 20 ms, :meth:`send` when it has sound and
    :meth:`close` at the end.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """:param clock: s."""
        self.host = host
        self.port = port
        self.statistics = RtpStatistics()
        self.on_payload: Callable[[Payload], None] = lambda _: None
        self.on_dtmf: Callable[[str], None] = lambda _: None
        self._clock = clock
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._agreed: Negotiated | None = None
        self._remote: tuple[str, int] | None = None
        self._ssrc = secrets.randbits(32)
        self._cname = secrets.token_hex(8)
        self._sequence = secrets.randbits(15)
        self._time = SendClock(secrets.randbits(31))
        self._octets = 0
        self._dtmf = DtmfSender()
        self._dtmf_timestamp = 0
        self._reception: Reception | None = None
        self._heard_event: int | None = None
        self._last_sr: tuple[int, float] | None = None
        self._report_due = 0.0

    def attach(self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport) -> None:
        self._rtp, self._rtcp = rtp, rtcp

    @property
    def active(self) -> bool:
        return self._agreed is not None

    @property
    def codec(self) -> CodecName | None:
        """What was agreed last: both the payloads that come and those to be sent."""
        return None if self._agreed is None else self._agreed.codec

    @property
    def clock_rate(self) -> int:
        """Hz of the timestamps, of :attr:`codec`."""
        return CLOCK_RATES[self._agreed.codec if self._agreed is not None else "PCMA"]

    @property
    def goes_both_ways(self) -> bool:
        """The peer holds nobody and is held by nobody."""
        return self._agreed is not None and self._agreed.we_send and self._agreed.we_receive

    @property
    def signs_of_life(self) -> int:
        """Packets of the peer so far; reports count, as a silence suppressor sends nothing else."""
        return self.statistics.packets_received + self.statistics.reports_received

    def connect(self, agreed: Negotiated) -> None:
        """
        Start with, or change to, what was negotiated. A change of address forgets the latched port; the hold address
        0.0.0.0 changes nothing but the direction.
        """
        if self._agreed is not None and agreed.host in HOLD_ADDRESSES:
            agreed = replace(agreed, host=self._agreed.host, port=self._agreed.port)
        if self._agreed is None or (agreed.host, agreed.port) != (self._agreed.host, self._agreed.port):
            self._remote = (agreed.host, agreed.port)
        self._agreed = agreed

    def send(self, payload: bytes, samples: int, *, lost: int = 0, gap: int | None = None) -> None:
        """
        One packet of :attr:`codec`. Nothing goes to a peer that wants no sound, nor while a key is being sent.

        :param samples: that it lasts, at :attr:`clock_rate`.
        :param lost: packets of a passed-on stream that are missing before this one: the peer may conceal them.
        :param gap: samples between the end of the last packet and this one, as a passed-on stream's timestamps tell;
            None: none, or after a silence what the clock on the wall says.
        """
        agreed = self._agreed
        if agreed is None or not agreed.we_send or self._dtmf.busy:
            return
        timestamp, begins = self._time.take(self._clock(), samples, self.clock_rate, gap)
        self._sequence += lost
        self._send(RtpPacket(agreed.payload_type, 0, timestamp, 0, payload, begins))

    def tick(self) -> None:
        """One step of 20 ms: the next piece of a key that is being sent, and what is due on RTCP."""
        agreed = self._agreed
        if agreed is None:
            return
        if self._dtmf.busy:
            self._send_dtmf_step(self._dtmf.step(), agreed.telephone_event)
        if self.statistics.packets_sent and self._clock() >= self._report_due:
            self._report_due = self._clock() + REPORT_EVERY_S
            self._send_rtcp(self._report())

    def press(self, digits: str) -> bool:
        """:returns: whether the peer takes telephone-events; the digits then go out one after the other."""
        if self._agreed is None or self._agreed.telephone_event is None:
            return False
        self._dtmf.press(digits, round(self.clock_rate * PTIME_S))
        return True

    def close(self) -> None:
        if self._rtcp is not None and self._remote is not None and self.statistics.packets_sent:
            self._send_rtcp(self._report() + packets.build_goodbye(self._ssrc))
        for transport in (self._rtp, self._rtcp):
            if transport is not None:
                transport.close()
        self._agreed = None

    # sending

    def _send_dtmf_step(self, step: DtmfStep, payload_type: int | None) -> None:
        timestamp, _ = self._time.take(self._clock(), round(self.clock_rate * PTIME_S), self.clock_rate)
        if step.event is None or payload_type is None:  # a re-INVITE may have taken the keys away
            return
        if step.first:
            self._dtmf_timestamp = timestamp
        self._send(RtpPacket(payload_type, 0, self._dtmf_timestamp, 0, packets.build_event(step.event), step.first))

    def _send(self, packet: RtpPacket) -> None:
        if self._rtp is None or self._remote is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._rtp.sendto(
            packets.build_rtp(packet._replace(sequence=self._sequence, ssrc=self._ssrc)),
            self._remote,
        )
        self.statistics.packets_sent += 1
        self._octets += len(packet.payload)

    def _send_rtcp(self, data: bytes) -> None:
        if self._rtcp is not None and self._remote is not None:
            self._rtcp.sendto(data, (self._remote[0], self._remote[1] + 1))

    def _report(self) -> bytes:
        timestamp = self._time.at(self._clock(), self.clock_rate)
        sent = SentSoFar(timestamp, self.statistics.packets_sent, self._octets)
        report = packets.build_sender_report(self._ssrc, time.time(), sent, self._block())
        return report + packets.build_description(self._ssrc, self._cname)

    def _block(self) -> ReportBlock | None:
        if self._reception is None:
            return None
        last_sr, delay = 0, 0
        if self._last_sr is not None:
            last_sr, delay = self._last_sr[0], int((self._clock() - self._last_sr[1]) * 65536)
        return self._reception.report(last_sr, delay)

    # receiving

    def rtp_received(self, data: bytes, address: tuple[str, int]) -> None:
        agreed = self._agreed
        packet = packets.parse_rtp(data)
        if agreed is None or packet is None or address[0] != agreed.host:
            self.statistics.packets_dropped += 1
            return
        lost = self._lost_before(packet)
        if lost is None:
            self.statistics.packets_dropped += 1
            return
        self._remote = address[:2]
        self.statistics.packets_received += 1
        if packet.payload_type == agreed.payload_type:
            self.on_payload(Payload(packet.payload, packet.timestamp, lost, packet.marker))
        elif packet.payload_type == agreed.telephone_event:
            self._event_received(packet)

    def rtcp_received(self, data: bytes, address: tuple[str, int]) -> None:
        if self._agreed is None or address[0] != self._agreed.host:
            return
        self.statistics.reports_received += 1
        last_sr, blocks = packets.parse_reports(data)
        if last_sr is not None:
            self._last_sr = (last_sr, self._clock())
        for block in blocks:
            if block.ssrc == self._ssrc:
                self.statistics.peer = block

    def _lost_before(self, packet: RtpPacket) -> int | None:
        """:returns: None for a packet that comes too late. A new SSRC starts afresh."""
        now = self._clock()
        if self._reception is None or packet.ssrc != self._reception.ssrc:
            self._reception = Reception(packet, self.clock_rate)
            self._reception.first(packet, now)
            return 0
        return self._reception.take(packet, now)

    def _event_received(self, packet: RtpPacket) -> None:
        """Once per event, at its first end packet; those repeated carry the same timestamp."""
        event = packets.parse_event(packet.payload)
        if event is not None and event.end and packet.timestamp != self._heard_event:
            self._heard_event = packet.timestamp
            self.on_dtmf(event.digit)


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


async def open_rtp(host: str, ports: RtpPorts) -> RtpEndpoint:
    """:raises OSError: no pair of ports is free."""
    for _ in range(len(ports)):
        endpoint = RtpEndpoint(host, next(ports))
        if await _bind(endpoint):
            return endpoint
    raise OSError("no free pair of RTP ports")


async def _bind(endpoint: RtpEndpoint) -> bool:
    loop = asyncio.get_running_loop()
    rtp: asyncio.DatagramTransport | None = None
    try:
        rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(endpoint.rtp_received), local_addr=(endpoint.host, endpoint.port)
        )
        rtcp, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(endpoint.rtcp_received), local_addr=(endpoint.host, endpoint.port + 1)
        )
    except OSError:
        if rtp is not None:
            rtp.close()
        return False
    endpoint.attach(rtp, rtcp)
    return True
