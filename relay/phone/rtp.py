"""
One RTP endpoint: G.711 and telephone-events to and from one peer, with RTCP beside it.

Takes packets from the negotiated host only and answers to the port they really come from (symmetric RTP, RFC 4961).
Nothing is buffered: what arrives is handed on, whoever asks for 20 ms of sending paces it.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from relay.audio import PCM, PHONE_FRAME, a_law_decode, a_law_encode, mu_law_decode, mu_law_encode
from relay.phone import rtp_packets as packets
from relay.phone.rtp_packets import DtmfEvent, ReportBlock, RtpPacket, SentSoFar
from relay.phone.sdp import HOLD_ADDRESS, CodecName, Negotiated

_CODECS: dict[CodecName, tuple[Callable[[PCM], bytes], Callable[[bytes], PCM]]] = {
    "PCMA": (a_law_encode, a_law_decode),
    "PCMU": (mu_law_encode, mu_law_decode),
}
DATAGRAM_LIMIT = 1500  # bytes; more is no telephone's
RTCP_EVERY = 250  # frames: 5 s (RFC 3550 §6.2)
DTMF_FRAMES = 5  # 100 ms a digit, ITU-T Q.24 asks for 40 at least
DTMF_END_PACKETS = 3
DTMF_GAP_FRAMES = 3  # silence between two digits
DTMF_QUEUE = 64


@dataclass
class RtpStatistics:
    packets_received: int = 0
    packets_sent: int = 0
    packets_dropped: int = 0
    reports_received: int = 0
    peer: ReportBlock | None = None


@dataclass(frozen=True)
class _DtmfFrame:
    """What one 20 ms step sends in place of sound; ``event`` None is the gap between digits."""

    event: DtmfEvent | None
    first: bool = False


def _steps(digit: str) -> list[_DtmfFrame]:
    lasting = [_DtmfFrame(DtmfEvent(digit, False, PHONE_FRAME * i), i == 1) for i in range(1, DTMF_FRAMES + 1)]
    ending = [_DtmfFrame(DtmfEvent(digit, True, PHONE_FRAME * DTMF_FRAMES))] * DTMF_END_PACKETS
    return [*lasting, *ending, *[_DtmfFrame(None)] * DTMF_GAP_FRAMES]


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= DATAGRAM_LIMIT:
            self._received(data, addr)


class RtpEndpoint:
    """Made by :func:`open_rtp`. The owner calls :meth:`send` every 20 ms and :meth:`close` at the end."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.statistics = RtpStatistics()
        self.on_audio: Callable[[PCM], None] = lambda _: None
        self.on_dtmf: Callable[[str], None] = lambda _: None
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._agreed: Negotiated | None = None
        self._remote: tuple[str, int] | None = None
        self._ssrc = secrets.randbits(32)
        self._cname = secrets.token_hex(8)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._octets = 0
        self._started = False
        self._dtmf: deque[_DtmfFrame] = deque(maxlen=DTMF_QUEUE * (DTMF_FRAMES + DTMF_END_PACKETS + DTMF_GAP_FRAMES))
        self._dtmf_timestamp = 0
        self._peer_ssrc: int | None = None
        self._peer_sequence = 0
        self._peer_first = 0
        self._peer_cycles = 0
        self._peer_count = 0
        self._heard_event: int | None = None
        self._last_sr: tuple[int, float] | None = None

    def attach(self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport) -> None:
        self._rtp, self._rtcp = rtp, rtcp

    @property
    def active(self) -> bool:
        return self._agreed is not None

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
        if self._agreed is not None and agreed.host == HOLD_ADDRESS:
            agreed = replace(agreed, host=self._agreed.host, port=self._agreed.port)
        if self._agreed is None or (agreed.host, agreed.port) != (self._agreed.host, self._agreed.port):
            self._remote = (agreed.host, agreed.port)
        self._agreed = agreed

    def send(self, frame: PCM) -> None:
        """
        20 ms of sound, or the next piece of a digit that is being sent. Silent towards a peer that wants no sound.

        :param frame: 160 samples.
        """
        agreed = self._agreed
        if agreed is None:
            return
        if self._dtmf and agreed.telephone_event is not None:
            self._send_dtmf_step(self._dtmf.popleft(), agreed.telephone_event)
        elif agreed.we_send:
            payload = _CODECS[agreed.codec][0](frame)
            self._send(RtpPacket(agreed.payload_type, 0, self._timestamp, 0, payload, not self._started))
            self._started = True
        self._timestamp = (self._timestamp + PHONE_FRAME) & 0xFFFFFFFF
        if self.statistics.packets_sent % RTCP_EVERY == 1:
            self._send_report()

    def press(self, digits: str) -> bool:
        """:returns: whether the peer takes telephone-events; the digits then go out one after the other."""
        if self._agreed is None or self._agreed.telephone_event is None:
            return False
        for digit in digits:
            self._dtmf.extend(_steps(digit))
        return True

    def close(self) -> None:
        if self._rtcp is not None and self._remote is not None and self.statistics.packets_sent:
            self._send_rtcp(self._report() + packets.build_goodbye(self._ssrc))
        for transport in (self._rtp, self._rtcp):
            if transport is not None:
                transport.close()
        self._agreed = None

    # sending

    def _send_dtmf_step(self, step: _DtmfFrame, payload_type: int) -> None:
        if step.event is None:
            return
        if step.first:
            self._dtmf_timestamp = self._timestamp
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

    def _send_report(self) -> None:
        self._send_rtcp(self._report())

    def _send_rtcp(self, data: bytes) -> None:
        if self._rtcp is not None and self._remote is not None:
            self._rtcp.sendto(data, (self._remote[0], self._remote[1] + 1))

    def _report(self) -> bytes:
        sent = SentSoFar(self._timestamp, self.statistics.packets_sent, self._octets)
        report = packets.build_sender_report(self._ssrc, time.time(), sent, self._block())
        return report + packets.build_description(self._ssrc, self._cname)

    def _block(self) -> ReportBlock | None:
        if self._peer_ssrc is None:
            return None
        highest = self._peer_cycles << 16 | self._peer_sequence
        lost = highest - self._peer_first + 1 - self._peer_count
        last_sr, delay = 0, 0
        if self._last_sr is not None:
            last_sr, delay = self._last_sr[0], int((time.monotonic() - self._last_sr[1]) * 65536)
        fraction = max(0.0, lost / max(1, self._peer_count + lost))
        return ReportBlock(self._peer_ssrc, fraction, lost, highest, 0, last_sr, delay)

    # receiving

    def rtp_received(self, data: bytes, address: tuple[str, int]) -> None:
        agreed = self._agreed
        packet = packets.parse_rtp(data)
        if agreed is None or packet is None or address[0] != agreed.host or not self._is_next(packet):
            self.statistics.packets_dropped += 1
            return
        self._remote = address[:2]
        self.statistics.packets_received += 1
        if packet.payload_type == agreed.payload_type:
            self.on_audio(_CODECS[agreed.codec][1](packet.payload))
        elif packet.payload_type == agreed.telephone_event:
            self._event_received(packet)

    def rtcp_received(self, data: bytes, address: tuple[str, int]) -> None:
        if self._agreed is None or address[0] != self._agreed.host:
            return
        self.statistics.reports_received += 1
        last_sr, blocks = packets.parse_reports(data)
        if last_sr is not None:
            self._last_sr = (last_sr, time.monotonic())
        for block in blocks:
            if block.ssrc == self._ssrc:
                self.statistics.peer = block

    def _is_next(self, packet: RtpPacket) -> bool:
        """A late or repeated packet is of no use to somebody listening now. A new SSRC starts afresh."""
        if packet.ssrc != self._peer_ssrc:
            self._peer_ssrc = packet.ssrc
            self._peer_sequence = self._peer_first = packet.sequence
            self._peer_cycles, self._peer_count = 0, 1
            return True
        if not packets.newer(packet.sequence, self._peer_sequence):
            return False
        if packet.sequence < self._peer_sequence:
            self._peer_cycles += 1
        self._peer_sequence = packet.sequence
        self._peer_count += 1
        return True

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
