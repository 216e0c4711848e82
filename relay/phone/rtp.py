"""
One RTP endpoint: packets of one sound codec and telephone-events to and from one peer, with RTCP beside it.

Nothing is buffered or decoded: what arrives is handed on in order, what comes late is dropped. Left to others: whose
packets count and encryption (``relay.phone.rtp_link``), what becomes of the sound (``relay.phone.call_sound``).
"""

import asyncio
import secrets
import time
from collections.abc import Callable

from relay.audio import PTIME_S
from relay.model import PhoneStats
from relay.phone import rtp_packets as packets
from relay.phone.dtmf import DtmfReceiver, DtmfSender, DtmfStep
from relay.phone.rtp_link import Bound, RtpLink, RtpPorts, RtpStatistics, open_pair
from relay.phone.rtp_packets import Payload, RtpPacket, SentSoFar
from relay.phone.rtp_reception import Reception
from relay.phone.rtp_reports import Reports
from relay.phone.rtp_sending import Packetiser, SendClock
from relay.phone.sdp import CLOCK_RATES, COMFORT_NOISE, CodecName, Negotiated

KEEP_ALIVE_S = 15.0  # the way back through a NAT stays open (RFC 6263 §5.1)

__all__ = ["RtpEndpoint", "RtpPorts", "RtpStatistics", "open_rtp"]


class RtpEndpoint(Bound):
    """
    Made by :func:`open_rtp`. The owner calls :meth:`tick` every 20 ms, :meth:`send` when it has sound and
    :meth:`close` at the end.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """:param clock: s."""
        super().__init__(host, port)
        self.on_payload: Callable[[Payload], None] = lambda _: None
        self.on_noise: Callable[[bytes], None] = lambda _: None  # payload of RFC 3389: the peer sends no sound now
        self.on_dtmf: Callable[[str], None] = lambda _: None
        self.link = RtpLink(self._received, self._report_received, clock)
        self._clock = clock
        self._agreed: Negotiated | None = None
        self._time = SendClock(secrets.randbits(31))
        self._packetiser = Packetiser(20)
        self._dtmf, self._keys_heard = DtmfSender(), DtmfReceiver()
        self._dtmf_timestamp = 0
        self._reception: Reception | None = None
        self._reports = Reports(secrets.token_hex(8), time.time() - clock())

    def attach(self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport) -> None:
        self.link.attach(rtp, rtcp)

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
    def statistics(self) -> RtpStatistics:
        return self.link.statistics

    @property
    def signs_of_life(self) -> int:
        """Packets of the peer so far; reports count, as a silence suppressor sends nothing else."""
        return self.statistics.packets_received + self.statistics.reports_received

    def connect(self, agreed: Negotiated) -> None:
        """
        Start with, or change to, what was negotiated. A change of address forgets the latched port; the hold address
        0.0.0.0 changes nothing but the direction.
        """
        before, self._agreed = self._agreed, agreed
        if before is not None and CLOCK_RATES[before.codec] != CLOCK_RATES[agreed.codec]:
            self.link.renew_source()
            self._reception = None
        if before is None or (before.ptime_ms, before.codec) != (agreed.ptime_ms, agreed.codec):
            self._packetiser = Packetiser(agreed.ptime_ms if agreed.codec != "opus" else 20)
        self.link.connect((agreed.host, agreed.port), agreed.rtcp, agreed.srtp)

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
        self.link.skip(lost)
        if self._packetiser.ptime_ms == round(PTIME_S * 1000):
            self._send_sound(agreed.payload_type, payload, samples, gap)
            return
        if lost or gap:
            self._packetiser.forget()
        for index, piece in enumerate(self._packetiser.cut(payload)):
            self._send_sound(agreed.payload_type, piece, len(piece), 0 if index else gap)

    def tick(self) -> None:
        """One step of 20 ms: the next piece of a key that is being sent, reports, keep-alive."""
        agreed, now = self._agreed, self._clock()
        if agreed is None:
            return
        if self._dtmf.busy:
            self._send_dtmf_step(self._dtmf.step(), agreed)
        if now - self.link.sent_at >= KEEP_ALIVE_S:
            self._keep_alive(agreed, now)
        if self.statistics.packets_sent and self._reports.is_due(now):
            self.link.send_report(self._report(now))

    def press(self, digits: str) -> bool:
        """:returns: whether the peer takes telephone-events; the digits then go out one after the other."""
        if self._agreed is None or self._agreed.telephone_event is None:
            return False
        self._dtmf.press(digits, round(self._agreed.event_rate * PTIME_S))
        return True

    def stats(self) -> PhoneStats | None:
        """:returns: of the time since this was asked last; None before anything was negotiated."""
        if self._agreed is None:
            return None
        reception, peer = self._reception, self._reports.peer
        return PhoneStats(
            codec=self._agreed.codec,
            is_encrypted=self.link.is_encrypted,
            packets_received=self.statistics.packets_received,
            packets_sent=self.statistics.packets_sent,
            fraction_lost=reception.fraction_lost() if reception is not None else 0.0,
            remote_fraction_lost=peer.fraction_lost if peer is not None else None,
            jitter_s=round(reception.jitter_s, 4) if reception is not None else None,
            round_trip_time_s=self._reports.round_trip_time_s,
        )

    def close(self) -> None:
        if self._agreed is not None and self.statistics.packets_sent:
            self.link.send_report(self._report(self._clock()) + packets.build_goodbye(self.link.ssrc))
        self.link.close()
        self._agreed = None

    # sending

    def _send_sound(self, payload_type: int, payload: bytes, samples: int, gap: int | None) -> None:
        timestamp, begins = self._time.take(self._clock(), samples, self.clock_rate, gap)
        self.link.send(RtpPacket(payload_type, 0, timestamp, 0, payload, begins))

    def _send_dtmf_step(self, step: DtmfStep, agreed: Negotiated) -> None:
        self._packetiser.forget()
        timestamp, _ = self._time.take(self._clock(), round(self.clock_rate * PTIME_S), self.clock_rate)
        if step.event is None or agreed.telephone_event is None:  # a re-INVITE may have taken the keys away
            return
        if step.first:
            self._dtmf_timestamp = timestamp
        payload = packets.build_event(step.event)
        self.link.send(RtpPacket(agreed.telephone_event, 0, self._dtmf_timestamp, 0, payload, step.first))

    def _keep_alive(self, agreed: Negotiated, now: float) -> None:
        number = unassigned_type(
            agreed.payload_type, agreed.telephone_event, agreed.received_type, agreed.event_received_type
        )
        self.link.send(RtpPacket(number, 0, self._time.at(now, self.clock_rate), 0, b""))

    def _report(self, now: float) -> bytes:
        timestamp = self._time.at(now, self.clock_rate)
        sent = SentSoFar(timestamp, self.statistics.packets_sent, self.statistics.octets_sent)
        return self._reports.write(self.link.ssrc, now, sent, self._reception)

    # receiving

    def rtp_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.link.rtp_received(data, address)

    def rtcp_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.link.rtcp_received(data, address)

    def _report_received(self, data: bytes) -> None:
        self._reports.read(data, self.link.ssrc, self._clock())

    def _received(self, packet: RtpPacket) -> bool:
        agreed = self._agreed
        if agreed is None:
            return False
        number = packet.payload_type
        is_sound = number in (agreed.payload_type, agreed.received_type)
        is_event = number in (agreed.telephone_event, agreed.event_received_type)
        is_noise = number in (agreed.comfort_noise, COMFORT_NOISE)
        is_known = is_sound or is_event or is_noise
        lost = self._lost_before(packet, is_known=is_known, timed=is_sound)
        if lost is None:
            return False
        if is_sound:
            self.on_payload(Payload(packet.payload, packet.timestamp, lost, packet.marker))
        elif is_noise:
            self.on_noise(packet.payload)
        elif is_event and (digit := self._keys_heard.hear(packet)) is not None:
            self.on_dtmf(digit)
        return True

    def _lost_before(self, packet: RtpPacket, *, is_known: bool, timed: bool) -> int | None:
        """
        :returns: None for a packet that comes too late. A new SSRC starts afresh, with a packet that was agreed on:
            comfort noise and events have numbers of the same row, so that neither they nor a silence are a loss.
        """
        now = self._clock()
        if self._reception is not None and packet.ssrc == self._reception.ssrc:
            return self._reception.take(packet, now, timed=timed)
        if not is_known:
            return None
        self._reception = Reception(packet, self.clock_rate, now)
        return 0


def unassigned_type(*agreed: int | None) -> int:
    """:returns: a payload type for keep-alives: one that nobody agreed on, every receiver ignores (RFC 6263 §4.6)."""
    return next(number for number in range(127, 95, -1) if number not in agreed)


async def open_rtp(host: str, ports: RtpPorts) -> RtpEndpoint:
    """:raises OSError: no pair of ports is free."""
    return await open_pair(RtpEndpoint, host, ports)
