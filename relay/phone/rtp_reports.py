"""RTCP of one stream: when a report is due, what it says, how long the way there and back is (RFC 3550 §6). Pure."""

from relay.phone import rtp_packets as packets
from relay.phone.rtp_packets import ReportBlock, SentSoFar
from relay.phone.rtp_reception import Reception

REPORT_EVERY_S = 5.0  # RFC 3550 §6.2
MAX_ROUND_TRIP = 60 << 16  # in units of 1/65536 s: more, or less than nothing, is a peer that counts otherwise


class Reports:
    """
    :param cname: random (RFC 7022). :param wall_offset_s: from the caller's clock to seconds since 1970; not measured
        again, as a clock that is put right must not look like a long way.
    """

    def __init__(self, cname: str, wall_offset_s: float) -> None:
        self.peer: ReportBlock | None = None
        self.round_trip_time_s: float | None = None
        self._cname, self._wall_offset_s = cname, wall_offset_s
        self._last_sr: tuple[int, float] | None = None
        self._due = 0.0
        self._sent_before = 0

    def is_due(self, now: float) -> bool:
        if now < self._due:
            return False
        self._due = now + REPORT_EVERY_S
        return True

    def write(self, ssrc: int, now: float, sent: SentSoFar, reception: Reception | None) -> bytes:
        """:returns: a sender's report when something was sent since the last one, else a receiver's."""
        block = self._block(reception, now)
        if sent.packets > self._sent_before:
            report = packets.build_sender_report(ssrc, now + self._wall_offset_s, sent, block)
        else:
            report = packets.build_receiver_report(ssrc, block)
        self._sent_before = sent.packets
        return report + packets.build_description(ssrc, self._cname)

    def read(self, data: bytes, ssrc: int, now: float) -> None:
        """:param data: the peer's datagram. :param ssrc: ours."""
        last_sr, blocks = packets.parse_reports(data)
        if last_sr is not None:
            self._last_sr = (last_sr, now)
        for block in blocks:
            if block.ssrc == ssrc:
                self.peer = block
                self._measure(block, now)

    def _measure(self, block: ReportBlock, now: float) -> None:
        if not block.last_sr:
            return
        way = packets.middle_ntp(now + self._wall_offset_s) - block.last_sr - block.delay_since_sr & 0xFFFFFFFF
        if way < MAX_ROUND_TRIP:
            self.round_trip_time_s = way / 65_536

    def _block(self, reception: Reception | None, now: float) -> ReportBlock | None:
        if reception is None:
            return None
        last_sr, delay = 0, 0
        if self._last_sr is not None:
            last_sr, delay = self._last_sr[0], int((now - self._last_sr[1]) * 65_536)
        return reception.report(last_sr, delay)
