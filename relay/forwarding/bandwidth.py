"""
What a line carries, estimated from the arrival times of what was sent over it. Pure; time is given.

Google congestion control (draft-ietf-rmcat-gcc-02) with the delay trend of libwebrtc (``trendline_estimator.cc``): a
queue that grows shows in later and later arrivals, long before a packet is lost. Left to others: which packets these
are (``line``), testing whether more would pass (``probing``), what to do with the figure (``adaptation``, ``relief``).
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Literal, NamedTuple

Signal = Literal["normal", "overuse", "underuse"]

BURST_S = 0.005  # packets sent within this time are one group (draft §5.2)
TREND_GROUPS = 20  # window of the regression, as libwebrtc
TREND_MINIMUM_GROUPS = 8  # a call that begins on a narrow line must not wait for the whole window
TREND_SMOOTHING = 0.9
TREND_GAIN = 4.0
TREND_DELTAS = 60  # the slope of a young window counts less
RESET_GAP_S = 3.0  # a pause this long says nothing about a queue
OVERUSE_TIME_S = 0.010  # draft §5.4
THRESHOLD_START_MS, THRESHOLD_MINIMUM_MS, THRESHOLD_MAXIMUM_MS = 12.5, 6.0, 600.0
THRESHOLD_UP, THRESHOLD_DOWN = 0.0087, 0.039  # per ms: K_u, K_d as libwebrtc
ACKNOWLEDGED_WINDOW_S = 0.5
ACKNOWLEDGED_MINIMUM_S = 0.2  # less than this is no rate yet
DECREASE = 0.85  # beta, draft §5.5
INCREASE_PER_S = 1.08  # draft §5.5
APPLICATION_LIMIT = 1.5  # of what is acknowledged: a line is not known to carry what nobody sent
APPLICATION_LIMIT_BPS = 10_000
KNOWN_CAPACITY_LEFT = 1.3  # acknowledging so much more than at the last decrease: it is another line now
RESPONSE_TIME_S = 0.1  # of the sender, beside the round trip (draft §5.5)
LOSS_HIGH, LOSS_LOW = 0.10, 0.05  # draft §6: 10 % and 2 %; radio loses more than 2 % without any queue
LOSS_FLOOD = 0.2  # so much is lost only where more is sent than passes: then what passed is the capacity
LOSS_INTERVAL_S = 0.3
LOSS_MINIMUM_PACKETS = 20
MINIMUM_BPS = 30_000  # below it no picture passes at all


class Arrival(NamedTuple):
    """:param arrived_at: seconds of the receiver's clock. :param size: bytes on the wire."""

    sent_at: float
    arrived_at: float
    size: int


class _Group:
    """Packets sent as one burst."""

    __slots__ = ("arrived_at", "first_arrived_at", "first_sent_at", "sent_at")

    def __init__(self, sent_at: float, arrived_at: float) -> None:
        self.first_sent_at = self.sent_at = sent_at
        self.first_arrived_at = self.arrived_at = arrived_at


class TrendDetector:
    """Whether the one-way delay grows (``overuse``) or shrinks (``underuse``)."""

    def __init__(self) -> None:
        self.signal: Signal = "normal"
        self._threshold_ms = THRESHOLD_START_MS
        self.reset()

    def reset(self) -> None:
        self.signal = "normal"
        self._group: _Group | None = None
        self._before: _Group | None = None
        self._accumulated = self._smoothed = 0.0
        self._points: deque[tuple[float, float]] = deque(maxlen=TREND_GROUPS)
        self._deltas = 0
        self._trend_before = 0.0
        self._over_s: float | None = None
        self._over_count = 0
        self._judged_at: float | None = None

    def add(self, sent_at: float, arrived_at: float) -> None:
        """In the order of sending."""
        group = self._group
        if group is None:
            self._group = _Group(sent_at, arrived_at)
            return
        if sent_at < group.first_sent_at:
            return
        if sent_at - group.first_sent_at <= BURST_S or self._arrived_together(group, sent_at, arrived_at):
            group.sent_at = sent_at
            group.arrived_at = max(group.arrived_at, arrived_at)
            return
        self._close(group)
        self._group = _Group(sent_at, arrived_at)

    @staticmethod
    def _arrived_together(group: _Group, sent_at: float, arrived_at: float) -> bool:
        """What was held up on the way and let go at once is one burst too (libwebrtc ``BelongsToBurst``)."""
        waited = arrived_at - group.arrived_at
        return waited <= BURST_S and waited < sent_at - group.sent_at and arrived_at - group.first_arrived_at < 0.1

    def _close(self, group: _Group) -> None:
        before, self._before = self._before, group
        if before is None:
            return
        arrival_delta = group.arrived_at - before.arrived_at
        if not -RESET_GAP_S < arrival_delta < RESET_GAP_S:
            self.reset()
            return
        self._deltas += 1
        self._accumulated += arrival_delta - (group.sent_at - before.sent_at)
        self._smoothed = TREND_SMOOTHING * self._smoothed + (1 - TREND_SMOOTHING) * self._accumulated
        self._points.append((group.arrived_at, self._smoothed))
        trend = _slope(self._points) if len(self._points) >= TREND_MINIMUM_GROUPS else self._trend_before
        self._judge(trend, arrival_delta, group.arrived_at)

    def _judge(self, trend: float, arrival_delta: float, at: float) -> None:
        modified = min(self._deltas, TREND_DELTAS) * trend * TREND_GAIN
        if modified > self._threshold_ms:
            self._over_s = arrival_delta / 2 if self._over_s is None else self._over_s + arrival_delta
            self._over_count += 1
            if self._over_s > OVERUSE_TIME_S and self._over_count > 1 and trend >= self._trend_before:
                self._over_s, self._over_count = 0.0, 0
                self.signal = "overuse"
        else:
            self._over_s, self._over_count = None, 0
            self.signal = "underuse" if modified < -self._threshold_ms else "normal"
        self._trend_before = trend
        self._adapt_threshold(modified, at)

    def _adapt_threshold(self, modified: float, at: float) -> None:
        """Ours must grow with others' queues, or a TCP flow beside us would starve us (draft §5.4)."""
        elapsed_ms = min(100.0, (at - self._judged_at) * 1000) if self._judged_at is not None else 0.0
        self._judged_at = at
        distance = abs(modified) - self._threshold_ms
        if distance > 15.0:  # a sudden jump is not for adapting to
            return
        gain = THRESHOLD_DOWN if distance < 0 else THRESHOLD_UP
        threshold = self._threshold_ms + gain * distance * max(0.0, elapsed_ms)
        self._threshold_ms = min(THRESHOLD_MAXIMUM_MS, max(THRESHOLD_MINIMUM_MS, threshold))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the least-squares line, here seconds of delay per second."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    variance = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / variance if variance else 0.0


class AcknowledgedRate:
    """What arrived, over the last half second of the receiver's clock."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[float, int]] = deque()
        self._began_at = 0.0
        self._newest = -math.inf
        self._size = 0

    def add(self, arrived_at: float, size: int) -> None:
        if not 0 <= arrived_at - self._newest + ACKNOWLEDGED_WINDOW_S <= 2 * ACKNOWLEDGED_WINDOW_S:
            self._arrivals.clear()
            self._size = 0
            self._began_at = self._newest = arrived_at
        self._newest = max(self._newest, arrived_at)
        self._arrivals.append((arrived_at, size))
        self._size += size
        while self._arrivals[0][0] < self._newest - ACKNOWLEDGED_WINDOW_S:
            self._size -= self._arrivals.popleft()[1]

    @property
    def bps(self) -> float | None:
        """:returns: None while too little has arrived without a pause."""
        span = min(self._newest - self._began_at, ACKNOWLEDGED_WINDOW_S) if self._arrivals else 0.0
        return None if span < ACKNOWLEDGED_MINIMUM_S else self._size * 8 / span


class LossBound:
    """An upper bound from loss alone: what has short buffers shows no delay (draft §6)."""

    def __init__(self) -> None:
        self.bps = math.inf
        self.fraction_lost = 0.0  # of the last whole interval
        self._judged_at: float | None = None
        self._received = self._lost = 0

    def add(self, received: int, lost: int, bitrate_bps: float, passed_bps: float | None, now: float) -> None:
        """:param bitrate_bps: estimate in force. :param passed_bps: what the line was seen to carry."""
        self._received += received
        self._lost += lost
        if self._judged_at is None:
            self._judged_at = now
        total = self._received + self._lost
        if now - self._judged_at < LOSS_INTERVAL_S or total < LOSS_MINIMUM_PACKETS:
            return
        fraction, self._received, self._lost = self._lost / total, 0, 0
        self.judge(fraction, bitrate_bps, now)
        if fraction > LOSS_HIGH and passed_bps is not None:
            highest = passed_bps if fraction > LOSS_FLOOD else self.bps
            self.bps = max(MINIMUM_BPS, min(highest, max(self.bps, DECREASE * passed_bps)))

    def judge(self, fraction_lost: float, bitrate_bps: float, now: float) -> None:
        """:param bitrate_bps: estimate in force."""
        elapsed = min(1.0, now - self._judged_at) if self._judged_at is not None else LOSS_INTERVAL_S
        self._judged_at = now
        self.fraction_lost = fraction_lost
        if fraction_lost > LOSS_HIGH:
            self.bps = max(MINIMUM_BPS, bitrate_bps * (1 - 0.5 * fraction_lost))
        elif fraction_lost < LOSS_LOW:
            self.bps *= INCREASE_PER_S ** (2 * elapsed)

    def forget(self) -> None:
        self.bps, self._received, self._lost, self._judged_at = math.inf, 0, 0, None


class BandwidthEstimator:
    """
    :param start_bps: until feedback says otherwise. :param maximum_bps: more is never wanted.
    """

    def __init__(self, start_bps: float, maximum_bps: float) -> None:
        self.maximum_bps = maximum_bps
        self.loss = LossBound()
        self._delay_based_bps = min(start_bps, maximum_bps)
        self._detector = TrendDetector()
        self._acknowledged = AcknowledgedRate()
        self._capacity_bps: float | None = None  # acknowledged when the queue last grew
        self._decreased_at = -math.inf
        self._updated_at: float | None = None

    @property
    def bps(self) -> float:
        return max(MINIMUM_BPS, min(self._delay_based_bps, self.loss.bps, self.maximum_bps))

    @property
    def acknowledged_bps(self) -> float | None:
        return self._acknowledged.bps

    @property
    def signal(self) -> Signal:
        return self._detector.signal

    def add(
        self, arrivals: Sequence[Arrival], lost: int, now: float, *, round_trip_s: float, busy_bps: float | None = None
    ) -> None:
        """
        One feedback message.

        :param lost: packets it tells as not arrived.
        :param busy_bps: what came out of the line while packets waited in it, if they did.
        """
        detector, acknowledged = self._detector, self._acknowledged
        overused = False
        for sent_at, arrived_at, size in arrivals:
            acknowledged.add(arrived_at, size)
            detector.add(sent_at, arrived_at)
            overused |= detector.signal == "overuse"
        passed = self._acknowledged.bps
        if passed is not None and busy_bps is not None:
            passed = max(passed, busy_bps)
        self._control("overuse" if overused else detector.signal, passed, now, round_trip_s)
        self.loss.add(len(arrivals), lost, self.bps, passed, now)

    def probed(self, bps: float) -> None:
        """The line was seen to carry this much."""
        if bps > self.bps:
            self._delay_based_bps = min(bps, self.maximum_bps)
            self._capacity_bps = None
            self.loss.forget()

    def resume(self, bps: float) -> None:
        """After an interruption: what was measured in it is no measure."""
        self._delay_based_bps = bps
        self._detector.reset()
        self._acknowledged = AcknowledgedRate()
        self._updated_at = None
        self.loss.forget()

    def _control(self, signal: Signal, passed: float | None, now: float, round_trip_s: float) -> None:
        """:param passed: bit/s that the line is known to have carried just now."""
        elapsed = min(1.0, now - self._updated_at) if self._updated_at is not None else 0.0
        self._updated_at = now
        response_s = round_trip_s + RESPONSE_TIME_S
        if passed is None or signal == "underuse":  # a queue that empties is let empty
            return
        if signal == "overuse":
            if now - self._decreased_at >= response_s and DECREASE * passed < self._delay_based_bps:
                self._delay_based_bps = max(MINIMUM_BPS, DECREASE * passed)
                self._capacity_bps = passed
                self._decreased_at = now
            return
        self._increase(passed, elapsed, response_s)

    def _increase(self, acknowledged: float, elapsed: float, response_s: float) -> None:
        if self._capacity_bps is not None and acknowledged > KNOWN_CAPACITY_LEFT * self._capacity_bps:
            self._capacity_bps = None
        if self._capacity_bps is None:
            grown = self._delay_based_bps * INCREASE_PER_S**elapsed + 1000 * elapsed
        else:  # near the known capacity: half a packet a response time (draft §5.5)
            frame_bits = self._delay_based_bps / 30
            packet_bits = frame_bits / math.ceil(frame_bits / (1200 * 8))
            grown = self._delay_based_bps + max(4000.0, 0.5 * packet_bits / response_s) * elapsed
        limit = APPLICATION_LIMIT * acknowledged + APPLICATION_LIMIT_BPS
        self._delay_based_bps = min(grown, max(self._delay_based_bps, limit), self.maximum_bps)
