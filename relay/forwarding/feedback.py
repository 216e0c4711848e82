"""
What a receiver owes its sender, computed per incoming stream: reception reports (RFC 3550 appendix A), negative
acknowledgements (RFC 4585) and transport-wide congestion feedback (draft-holmer-rmcat-transport-wide-cc-01). Pure.
"""

import struct

from relay.forwarding.rtcp import ReportBlock
from relay.forwarding.rtp import sequence_delta


class ReceiveStatistics:
    """
    :param clock_rate: Hz, for jitter.

    A jump of more than ``MAX_JUMP`` is a new life of the stream (RFC 3550 A.1's MAX_DROPOUT).
    """

    MAX_JUMP = 3000

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.packets_received = 0
        self.bytes_received = 0
        self.frames_received = 0
        self._clock_rate = clock_rate
        self._base = 0
        self._highest: int | None = None  # extended
        self._lost_before = 0  # of earlier lives
        self._received_in_life = 0
        self._prior_expected = self._prior_received = 0
        self._transit: float | None = None
        self._jitter = 0.0  # timestamp units
        self._newest_timestamp: int | None = None
        self._last_sr = 0
        self._last_sr_at = 0.0

    @property
    def jitter_s(self) -> float:
        return self._jitter / self._clock_rate

    @property
    def packets_lost(self) -> int:
        return self._lost_before + self._lost_in_life

    def add(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        """:param size: bytes of the packet. :param now: monotonic seconds."""
        self.packets_received += 1
        self.bytes_received += size
        self._count_sequence(sequence)
        if self._newest_timestamp is None or 0 < (timestamp - self._newest_timestamp) & 0xFFFF_FFFF < 1 << 31:
            self._newest_timestamp = timestamp
            self.frames_received += 1
            self._measure_jitter(timestamp, now)

    def heard_sender_report(self, ntp: int, now: float) -> None:
        self._last_sr = ntp >> 16 & 0xFFFF_FFFF
        self._last_sr_at = now

    def report(self, now: float) -> ReportBlock | None:
        """:returns: the block since the last call; None before the first packet."""
        if self._highest is None:
            return None
        expected = self._highest - self._base + 1
        expected_now, received_now = expected - self._prior_expected, self._received_in_life - self._prior_received
        self._prior_expected, self._prior_received = expected, self._received_in_life
        lost_now = expected_now - received_now
        fraction = (lost_now << 8) // expected_now if expected_now > 0 and lost_now > 0 else 0
        delay = int((now - self._last_sr_at) * 65536) if self._last_sr else 0
        return ReportBlock(
            self.ssrc, min(fraction, 255), self.packets_lost, self._highest, int(self._jitter), self._last_sr, delay
        )

    @property
    def _lost_in_life(self) -> int:
        if self._highest is None:
            return 0
        return max(0, self._highest - self._base + 1 - self._received_in_life)

    def _count_sequence(self, sequence: int) -> None:
        if self._highest is None:
            self._begin_life(sequence)
            return
        delta = sequence_delta(sequence, self._highest & 0xFFFF)
        if abs(delta) > self.MAX_JUMP:
            self._lost_before += self._lost_in_life
            self._begin_life(sequence)
            return
        self._received_in_life += 1
        if delta > 0:
            self._highest += delta

    def _begin_life(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._received_in_life = 1
        self._prior_expected = self._prior_received = 0

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        """Per frame rather than per packet, as senders pace the packets of one frame (RFC 3550 A.8)."""
        transit = (now * self._clock_rate - timestamp) % (1 << 32)
        if self._transit is not None:
            difference = abs((transit - self._transit + (1 << 31)) % (1 << 32) - (1 << 31))
            self._jitter += (difference - self._jitter) / 16
        self._transit = transit


class NackGenerator:
    """Which packets of an incoming stream to ask for again. Bounded in number, tries and age."""

    MAX_GAP = 200  # packets: beyond it only a key frame helps
    MAX_TRIES = 8

    def __init__(self) -> None:
        self._newest: int | None = None
        self._missing: dict[int, int] = {}  # sequence -> tries

    def add(self, sequence: int) -> bool:
        """:returns: True when this packet opened a gap: ask at once."""
        if self._newest is None:
            self._newest = sequence
            return False
        delta = sequence_delta(sequence, self._newest)
        if delta <= 0:
            self._missing.pop(sequence, None)
            return False
        gap = [(self._newest + step) & 0xFFFF for step in range(1, delta)] if delta <= self.MAX_GAP else []
        if not gap and delta > 1:
            self._missing.clear()
        self._newest = sequence
        for lost in gap:
            self._missing[lost] = 0
        return bool(gap)

    def recover(self, sequence: int) -> bool:
        """:returns: True when this retransmitted packet was indeed missing."""
        return self._missing.pop(sequence, None) is not None

    def due(self) -> tuple[int, ...]:
        """:returns: what to ask for now, oldest first; each at most ``MAX_TRIES`` times."""
        if not self._missing:
            return ()
        self._missing = {lost: tries + 1 for lost, tries in self._missing.items() if tries < self.MAX_TRIES}
        return tuple(self._missing)[-self.MAX_GAP :]


class TransportFeedback:
    """
    Arrival times of one sender's packets, as the draft's §3.1 wants them.

    Two-bit status symbols only (§3.1.4): 14 bits name seven packets; run lengths would save little at 100 ms.
    """

    MAX_PACKETS = 400  # per message: about 900 bytes

    def __init__(self) -> None:
        self._arrivals: list[tuple[int, float]] = []
        self._next: int | None = None  # first sequence number of the next message
        self._count = 0

    def add(self, sequence: int, now: float) -> None:
        """:param now: monotonic seconds."""
        if len(self._arrivals) < self.MAX_PACKETS:
            self._arrivals.append((sequence, now))

    def take(self, ssrc: int, media_ssrc: int) -> bytes | None:
        """:returns: the message body for ``rtcp.build_transport_feedback`` and begins the next; None when idle."""
        arrivals, self._arrivals = self._arrivals, []
        if not arrivals:
            return None
        base = self._next if self._next is not None else arrivals[0][0]
        if not 0 <= sequence_delta(arrivals[-1][0], base) <= self.MAX_PACKETS:
            base = min((sequence for sequence, _ in arrivals), key=lambda s: sequence_delta(s, arrivals[0][0]))
        times: dict[int, float] = {}
        for sequence, arrival in arrivals:
            index = sequence_delta(sequence, base)
            if 0 <= index <= self.MAX_PACKETS:
                times.setdefault(index, arrival)
        if not times:
            return None
        count = max(times) + 1
        self._next = (base + count) & 0xFFFF
        return self._body(ssrc, media_ssrc, base, count, times)

    def _body(self, ssrc: int, media_ssrc: int, base: int, count: int, times: dict[int, float]) -> bytes:
        reference = int(min(times.values()) * 1000) // 64  # 64 ms units
        clock = reference * 256  # 250 us units
        symbols, deltas = [0] * (count + -count % 7), b""
        for index in range(count):
            if index not in times:
                continue
            delta = int(times[index] * 4000) - clock
            if 0 <= delta <= 255:
                symbols[index], deltas = 1, deltas + bytes([delta])
            else:
                delta = max(-32768, min(32767, delta))
                symbols[index], deltas = 2, deltas + struct.pack("!h", delta)
            clock += delta
        head = struct.pack("!IIHHI", ssrc, media_ssrc, base, count, (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        self._count += 1
        return head + _status_chunks(symbols) + deltas


def _status_chunks(symbols: list[int]) -> bytes:
    chunks = []
    for at in range(0, len(symbols), 7):
        word = 0xC000  # status vector, two-bit symbols
        for place, symbol in enumerate(symbols[at : at + 7]):
            word |= symbol << (12 - 2 * place)
        chunks.append(word)
    return struct.pack(f"!{len(chunks)}H", *chunks)
