"""
What a receiver owes its sender, computed per incoming stream: reception reports (RFC 3550 appendix A) and negative
acknowledgements (RFC 4585). Pure.
"""

import math
from dataclasses import dataclass
from typing import Final

from relay.forwarding.rtcp import ReportBlock
from relay.forwarding.rtp import begins_frame, is_new_life, sequence_delta

#: packets; further away is a new life of the stream (RFC 3550 A.1's MAX_DROPOUT), none comes that late
MAX_JUMP: Final = 3000


class ReceiveStatistics:
    """:param clock_rate: Hz, for jitter."""

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
        newest = self._newest_timestamp
        if timestamp != newest and (newest is None or begins_frame(timestamp, newest, self._clock_rate)):
            if newest is not None and is_new_life(timestamp, newest, self._clock_rate):
                self._transit = None
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
        if abs(delta) > MAX_JUMP:
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


@dataclass(slots=True)
class _Missing:
    noticed_at: float
    asked_at: float
    tries: int


class NackGenerator:
    """
    Which packets of an incoming stream to ask for again. Bounded in number, tries and age.

    ``next_at`` says when :meth:`due` has something to tell; ``wants_key_frame`` that asking again helps no more;
    ``is_interrupted`` that the packets before the newest one are given up: what follows is a new beginning.
    """

    MAX_GAP: Final = 100  # packets: beyond it, a key frame is there sooner
    MAX_SILENCE_S: Final = 0.5  # the same for a gap by its duration: an interruption, not a loss
    MAX_TRIES: Final = 10
    MAX_AGE_S: Final = 1.0  # no receiver waits longer
    MINIMUM_SPACING_S: Final = 0.03
    SPACING: Final = 1.25  # round trips until asked again

    def __init__(self) -> None:
        self.next_at = math.inf
        self.wants_key_frame = False
        self.is_interrupted = False
        self._newest: int | None = None
        self._newest_at = 0.0
        self._missing: dict[int, _Missing] = {}

    def add(self, sequence: int, now: float) -> None:
        """What arrived of the stream itself."""
        newest, newest_at = self._newest, self._newest_at
        delta = sequence_delta(sequence, newest) if newest is not None else 1
        if -MAX_JUMP <= delta <= 0:
            self._missing.pop(sequence, None)
            return
        self._newest, self._newest_at = sequence, now
        if delta == 1 or newest is None:
            return
        if delta < 0 or delta > self.MAX_GAP or now - newest_at > self.MAX_SILENCE_S:
            self._missing.clear()
            self.wants_key_frame = self.is_interrupted = True
            return
        for step in range(1, delta):
            self._missing[(newest + step) & 0xFFFF] = _Missing(now, 0.0, 0)
        self.next_at = now

    def recover(self, sequence: int) -> bool:
        """:returns: True when this retransmitted packet was indeed missing."""
        return self._missing.pop(sequence, None) is not None

    def due(self, now: float, round_trip_s: float) -> tuple[int, ...]:
        """:returns: what to ask for now, oldest first."""
        spacing = max(self.MINIMUM_SPACING_S, self.SPACING * round_trip_s)
        asked: list[int] = []
        for sequence, missing in list(self._missing.items()):
            if missing.tries >= self.MAX_TRIES or now - missing.noticed_at > self.MAX_AGE_S:
                del self._missing[sequence]
                self.wants_key_frame = True
            elif missing.tries == 0 or now - missing.asked_at >= spacing:
                missing.asked_at, missing.tries = now, missing.tries + 1
                asked.append(sequence)
        self.next_at = min((each.asked_at + spacing for each in self._missing.values()), default=math.inf)
        while len(self._missing) > 2 * self.MAX_GAP:
            del self._missing[next(iter(self._missing))]
        return tuple(asked)
