"""What has come of a peer's RTP stream: order, loss, jitter (RFC 3550 appendix A.1, A.3, A.8). Pure."""

from relay.phone.rtp_packets import ReportBlock, RtpPacket

MAX_DROPOUT = 3000  # packets, 60 s: a longer jump is a restart or a stray packet (RFC 3550 A.1)
MAX_MISORDER = 100  # packets that far behind are late, not another beginning
MAX_TRANSIT_STEP_S = 5.0  # a bigger one is a turn of the timestamps or a new clock, not the line


class Reception:
    """
    One synchronisation source; an owner begins a new one when the SSRC changes.

    :param clock_rate: Hz of the timestamps.
    """

    _reported: tuple[int, int]
    _looked_at: tuple[int, int]
    _expected_stray: int
    _transit: float | None

    def __init__(self, first: RtpPacket, clock_rate: int, now: float) -> None:
        self.ssrc = first.ssrc
        self.clock_rate = clock_rate
        self._jitter = 0.0
        self._begin(first.sequence)
        self._measure(first.timestamp, now)

    @property
    def jitter_s(self) -> float:
        return self._jitter / self.clock_rate

    def take(self, packet: RtpPacket, now: float, *, timed: bool = True) -> int | None:
        """
        :param now: arrival, s. :param timed: its timestamp is the time of its sampling; a key's is that of its start.
        :returns: how many packets are missing right before this one; None: late, repeated or far from the rest, of no
            use to somebody listening now.
        """
        step = (packet.sequence - self._highest) & 0xFFFF
        if -step & 0xFFFF <= MAX_MISORDER:
            return None
        if step > MAX_DROPOUT:
            return self._stray(packet.sequence)
        self._highest += step
        self._received += 1
        if timed:
            self._measure(packet.timestamp, now)
        return step - 1

    def report(self, last_sr: int, delay_since_sr: int) -> ReportBlock:
        """:returns: the block for the peer; its fraction is of the time since the last one."""
        counts = self._counts()
        fraction, self._reported = _fraction_lost(self._reported, counts), counts
        lost = counts[0] - counts[1]
        return ReportBlock(self.ssrc, fraction, lost, self._highest, int(self._jitter), last_sr, delay_since_sr)

    def fraction_lost(self) -> float:
        """:returns: 0…1, of the time since this was asked last."""
        counts = self._counts()
        fraction, self._looked_at = _fraction_lost(self._looked_at, counts), counts
        return fraction

    def _counts(self) -> tuple[int, int]:
        """:returns: packets expected and received."""
        return self._highest - self._base + 1, self._received

    def _stray(self, sequence: int) -> int | None:
        """Two of them in a row are a peer that has begun anew."""
        if sequence != self._expected_stray:
            self._expected_stray = (sequence + 1) & 0xFFFF
            return None
        self._begin(sequence)
        return 0

    def _begin(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._received = 1
        self._reported, self._looked_at = (0, 0), (0, 0)
        self._expected_stray = -1
        self._transit = None

    def _measure(self, timestamp: int, now: float) -> None:
        """Interarrival jitter; a talkspurt after silence keeps its timestamps, so it needs no exception."""
        transit = now * self.clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < self.clock_rate * MAX_TRANSIT_STEP_S:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit


def _fraction_lost(before: tuple[int, int], now: tuple[int, int]) -> float:
    expected, received = now[0] - before[0], now[1] - before[1]
    return max(0.0, (expected - received) / expected) if expected > 0 else 0.0
