"""
The line from us to one leg, as far as sending over it goes: what it carries, how long its queue is, whether it is dead.

Every packet of video passes :meth:`Line.sent` and gets its transport-wide number; everything else happens when
feedback comes or time passes. Pure; ``media_path`` sends what is asked for here.
"""

import math
from typing import Final

from relay.forwarding.bandwidth import MINIMUM_BPS, Arrival, BandwidthEstimator
from relay.forwarding.probing import Prober
from relay.forwarding.rtp import sequence_delta
from relay.forwarding.transport_feedback import ArrivalTimes

HISTORY: Final = 4096  # packets in flight or just fed back: 10 s of 2.5 Mbit/s
WIRE_OVERHEAD: Final = 44  # bytes beside the RTP packet: IPv4, UDP, SRTP trailer
DEFAULT_ROUND_TRIP_S = 0.1
DEAD_AFTER_S = 0.8  # without feedback for what was sent; browsers send it every 50 to 250 ms
RESUME_SHARE = 0.6  # of the last good estimate: a line that comes back is rarely better, and its first picture is large
BASE_DELAY_WINDOW_S = 5.0  # the smallest delay of the last one to two windows is the line without queue
BUSY_QUEUE_S = 0.05  # a packet that waited so long had others before it: alone it takes 40 ms at 250 kbit/s
BUSY_MINIMUM_S, BUSY_WINDOW_S = 0.1, 1.0
BUSY_LIFE_S = 2.0
QUIET_QUEUE_S = 0.03  # below it, a test does no harm
SETTLED_S = 2.0  # after a decrease, before a test
GUESS_S = 2.0  # from the first feedback on: by then a test has succeeded or the queue has grown
DEEP_FALL = 0.6  # of the highest estimate since the last one
PLAUSIBLE_S = 8.0  # a receiver's clock against ours, or a line's queue, never moves by so much between two messages
CLOCK_SET_AFTER = 3  # messages that agree on another clock: it was set
REMB_LIFE_S = 5.0  # receivers repeat it every second; one that stops has no opinion


class SendHistory:
    """When each transport-wide number was sent and how large it was; a ring."""

    def __init__(self) -> None:
        self.newest = 0
        self._sent_at = [0.0] * HISTORY
        self._sizes = [0] * HISTORY  # 0: never sent, or fed back already

    def add(self, size: int, now: float) -> int:
        """:returns: the number."""
        self.newest = sequence = (self.newest + 1) & 0xFFFF
        place = sequence % HISTORY
        self._sent_at[place] = now
        self._sizes[place] = size
        return sequence

    def take(self, sequence: int) -> tuple[float, int] | None:
        """:returns: sent at, bytes; once."""
        place = sequence % HISTORY
        size = self._sizes[place]
        if not size or (self.newest - sequence) & 0xFFFF >= HISTORY:
            return None
        self._sizes[place] = 0
        return self._sent_at[place], size

    def is_known(self, sequence: int) -> bool:
        return (self.newest - sequence) & 0xFFFF < HISTORY and self._sizes[sequence % HISTORY] > 0


class ReceiverClock:
    """Which arrival times can be true: those of a clock that goes like ours, however far from it."""

    def __init__(self) -> None:
        self.was_set = False  # by the newest message: nothing measured with it before is comparable
        self._offset_s: float | None = None  # arrival minus sending, of the newest message believed
        self._claimed_s = 0.0  # the same, of the newest one not believed
        self._claims = 0  # in a row that agree

    def is_plausible(self, arrivals: list[Arrival]) -> bool:
        """:param arrivals: of one message."""
        self.was_set = False
        offsets = [arrived_at - sent_at for sent_at, arrived_at, _ in arrivals]
        lowest, highest = min(offsets), max(offsets)
        if highest - lowest > PLAUSIBLE_S:
            return False
        if self._offset_s is not None and abs(lowest - self._offset_s) > PLAUSIBLE_S:
            agrees = self._claims > 0 and abs(lowest - self._claimed_s) < PLAUSIBLE_S
            self._claims, self._claimed_s = self._claims + 1 if agrees else 1, lowest
            if self._claims < CLOCK_SET_AFTER:
                return False
            self.was_set = True
        self._offset_s, self._claims = lowest, 0
        return True


class QueueMeter:
    """
    How long packets wait in the line now, from one-way delays with an unknown clock difference.

    While they wait, what comes out is what the line carries, however little the sender makes: ``busy_bps``.
    """

    def __init__(self) -> None:
        self.delay_s = 0.0
        self._busy_bps: float | None = None
        self._busy_at = -math.inf
        self._minimum = self._minimum_before = math.inf
        self._window_began_at = -math.inf
        self._busy_since: float | None = None  # receiver's clock
        self._busy_bits = 0
        self._newest = -math.inf

    def busy_bps(self, now: float) -> float | None:
        """:returns: None when no packet has waited for a while."""
        return self._busy_bps if now - self._busy_at < BUSY_LIFE_S else None

    def add(self, arrivals: list[Arrival], now: float) -> None:
        if not arrivals:
            return
        if now - self._window_began_at > BASE_DELAY_WINDOW_S:
            self._minimum_before, self._minimum, self._window_began_at = self._minimum, math.inf, now
        one_way = [arrived_at - sent_at for sent_at, arrived_at, _ in arrivals]
        self._minimum = min(self._minimum, *one_way)
        base = min(self._minimum, self._minimum_before)
        if max(one_way) - base < BUSY_QUEUE_S:
            self._busy_since = None
        else:
            for (_, arrived_at, size), delay in zip(arrivals, one_way, strict=True):
                self._note_busy(arrived_at, size, delay - base, now)
        recent = sorted(one_way[-10:])  # the median: one packet late alone is no queue
        self.delay_s = max(0.0, recent[len(recent) // 2] - base)

    def _note_busy(self, arrived_at: float, size: int, waited_s: float, now: float) -> None:
        if waited_s < BUSY_QUEUE_S:
            self._busy_since = None
            return
        if self._busy_since is None:
            self._busy_since, self._busy_bits, self._newest = arrived_at, 0, arrived_at
            return
        self._busy_bits += size * 8
        self._newest = max(self._newest, arrived_at)
        lasted_s = self._newest - self._busy_since
        if lasted_s >= BUSY_MINIMUM_S:
            self._busy_bps, self._busy_at = self._busy_bits / lasted_s, now
        if lasted_s >= BUSY_WINDOW_S:
            self._busy_since, self._busy_bits = self._newest, 0

    def forget_busy(self) -> None:
        """The figure was used; the next one is measured anew."""
        self._busy_bps = None
        self._busy_since = None


class Line:
    """
    :param start_bps: assumed before the first feedback.
    """

    def __init__(self, start_bps: float, maximum_bps: float) -> None:
        self.history = SendHistory()
        self.queue = QueueMeter()
        self.round_trip_s: float | None = None
        self.is_dead = False
        self.has_feedback = False
        self._start_bps = min(start_bps, maximum_bps)
        self._maximum_bps = maximum_bps  # of one picture
        self._guess_until = -math.inf
        self._estimator = BandwidthEstimator(start_bps, maximum_bps)
        self._prober = Prober()
        self._clock = ReceiverClock()
        self._newest_known = 0  # transport-wide number of the newest packet fed back
        self._unheard_since: float | None = None  # first packet sent since the last feedback
        self._last_good_bps = self._peak_bps = self._estimator.bps
        self._decreased_at = -math.inf
        self._remb: tuple[float, float] | None = None  # bit/s, when

    def sent(self, size: int, now: float) -> int:
        """:param size: bytes of the RTP packet. :returns: its transport-wide number."""
        if self._unheard_since is None:
            self._unheard_since = now
        return self.history.add(size + WIRE_OVERHEAD, now)

    def expect(self, pictures: int) -> None:
        """More than each picture's maximum is never wanted."""
        self._estimator.maximum_bps = pictures * self._maximum_bps

    def available_bps(self, now: float) -> int | None:
        """For all video of this leg; None before any feedback."""
        own = self._estimator.bps if self.has_feedback else None
        told = self._told_bps(now)
        if told is None:
            return int(own) if own is not None else None
        return int(told if own is None else min(told, own))

    def is_guess(self, now: float) -> bool:
        """Nothing has shown yet that the line carries less than we began with."""
        return now < self._guess_until and self._estimator.bps >= self._start_bps

    def _told_bps(self, now: float) -> float | None:
        """By the receiver itself (REMB), and what its loss leaves of it; loss counts alone where it tells no more."""
        is_fresh = self._remb is not None and now - self._remb[1] <= REMB_LIFE_S
        told = min(self._remb[0] if self._remb is not None and is_fresh else math.inf, self._estimator.loss.bps)
        return max(MINIMUM_BPS, told) if told < math.inf else None

    @property
    def fraction_lost(self) -> float:
        return self._estimator.loss.fraction_lost

    @property
    def is_filled(self) -> bool:
        """The queue grows by what we send."""
        return self._estimator.signal == "overuse"

    def heard_arrivals(self, message: ArrivalTimes, now: float) -> bool:
        """:returns: the line is back from the dead."""
        arrivals, lost = self._read(message, now)
        if not arrivals and not lost:
            return False
        if not self.has_feedback:
            self.has_feedback = True
            self._guess_until = now + GUESS_S
        self._unheard_since = None
        if self.is_dead:
            return bool(arrivals) and self.revive(now)
        self.queue.add(arrivals, now)
        before = self._estimator.bps
        self._estimator.add(
            arrivals,
            lost,
            now,
            round_trip_s=self.round_trip_s or DEFAULT_ROUND_TRIP_S,
            busy_bps=self.queue.busy_bps(now),
        )
        if self._estimator.bps < before:
            self._decreased_at = now
            self.queue.forget_busy()
            self._plan_test(now)
        self._peak_bps = max(self._peak_bps, self._estimator.bps)
        self._last_good_bps = self._estimator.bps
        return False

    def _plan_test(self, now: float) -> None:
        """After a decrease: not at once; but a deep fall is worth finding out about, what made it may be over."""
        if self._estimator.bps < DEEP_FALL * self._peak_bps:
            self._peak_bps = self._estimator.bps
            self._prober.soon(now + SETTLED_S)
        else:
            self._prober.later(now)

    def heard_bitrate(self, bps: int, now: float) -> None:
        self._remb = (float(bps), now)

    def heard_loss(self, fraction_lost: float, now: float) -> None:
        """From a reception report; of a leg without arrival times it is all we have."""
        if not self.has_feedback:
            self._estimator.loss.judge_alone(fraction_lost, self._told_bps(now) or self._estimator.bps, now)

    def revive(self, now: float) -> bool:
        """:returns: True when it was dead."""
        if not self.is_dead:
            return False
        self.is_dead = False
        self._unheard_since = None
        self.queue = QueueMeter()
        self._estimator.resume(max(MINIMUM_BPS, RESUME_SHARE * self._last_good_bps))
        self._prober.soon(now + SETTLED_S)
        return True

    def check(self, now: float) -> None:
        """Every tick: declares the line dead when feedback stays away."""
        silent_s = now - self._unheard_since if self._unheard_since is not None else 0.0
        if self.has_feedback and not self.is_dead and silent_s > DEAD_AFTER_S + (self.round_trip_s or 0.0):
            self.is_dead = True
            self._estimator.resume(max(MINIMUM_BPS, RESUME_SHARE * self._last_good_bps))

    def padding_due(self, now: float) -> int:
        """:returns: packets of padding to send now: one to knock at a dead line, or a train to test a good one."""
        if self.is_dead:
            return 1
        is_quiet = self.queue.delay_s < QUIET_QUEUE_S and now - self._decreased_at > SETTLED_S and not self.is_filled
        if not self.has_feedback or not is_quiet or self._unheard_since is None:
            return 0
        return self._prober.packets_due(self._estimator.bps, self._estimator.maximum_bps, now)

    def padding_sent(self, first: int, count: int, now: float) -> None:
        """A train went out. :param first: its first transport-wide number."""
        if not self.is_dead:
            self._prober.sent(first, count, self._estimator.bps, now)

    def _read(self, message: ArrivalTimes, now: float) -> tuple[list[Arrival], int]:
        """:returns: what arrived, in the order of sending; how many did not. Nothing of what cannot be true."""
        arrivals: list[Arrival] = []
        numbers: list[int] = []
        lost, sequence, take = 0, message.base, self.history.take
        for arrived_at in message.times:
            if arrived_at is None:
                if self.history.is_known(sequence) and sequence_delta(sequence, self._newest_known) > 0:
                    lost += 1
            elif (sent := take(sequence)) is not None:
                arrivals.append((sent[0], arrived_at, sent[1]))
                numbers.append(sequence)
            sequence = (sequence + 1) & 0xFFFF
        if not arrivals or not self._clock.is_plausible(arrivals):
            return [], 0
        if self._clock.was_set:
            self.queue = QueueMeter()
        if sequence_delta(numbers[-1], self._newest_known) > 0:
            self._newest_known = numbers[-1]
        if self._prober.is_waiting:
            for number, arrival in zip(numbers, arrivals, strict=True):
                self._note_probe(self._prober.arrived(number, arrival[1], now))
        return arrivals, lost

    def _note_probe(self, measured_bps: float | None) -> None:
        if measured_bps is not None and not self.is_dead:
            self._estimator.probed(measured_bps)
