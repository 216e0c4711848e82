"""
Whether the queue of a line grows, from when packets were sent and when they arrived. Pure.

A growing queue shows in later and later arrivals, long before a packet is lost. The over-use detector of
draft-ietf-rmcat-gcc-02 §5.2-5.4, with the trend line of libwebrtc (``trendline_estimator.cc``) for the Kalman filter.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

Signal = Literal["normal", "overuse", "underuse"]

BURST_S: Final = 0.005  # packets sent within this time are one group (draft §5.2)
TREND_GROUPS: Final = 20  # window of the regression, as libwebrtc
TREND_MINIMUM_GROUPS: Final = 8  # a call that begins on a narrow line must not wait for the whole window
TREND_SMOOTHING: Final = 0.9
TREND_GAIN: Final = 4.0
TREND_DELTAS: Final = 60  # the slope of a young window counts less
JUDGE_EVERY_S: Final = 0.02  # at most: a regression for each picture, not for each packet
RESET_GAP_S: Final = 3.0  # a pause this long says nothing about a queue
OVERUSE_TIME_S: Final = 0.010  # draft §5.4
THRESHOLD_START_MS, THRESHOLD_MINIMUM_MS, THRESHOLD_MAXIMUM_MS = 12.5, 6.0, 600.0
THRESHOLD_UP, THRESHOLD_DOWN = 0.0087, 0.039  # per ms: K_u, K_d as libwebrtc


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
        self._judged_at = -math.inf  # receiver's clock

    def add(self, arrivals: Sequence[tuple[float, float, int]]) -> bool:
        """
        :param arrivals: sent at, arrived at, size, in the order of sending.
        :returns: a queue grew somewhere among them.
        """
        overused = False
        for sent_at, arrived_at, _ in arrivals:
            group = self._group
            if group is None:
                self._group = _Group(sent_at, arrived_at)
            elif (since := sent_at - group.first_sent_at) >= 0:
                if since <= BURST_S or self._arrived_together(group, sent_at, arrived_at):
                    group.sent_at = sent_at
                    group.arrived_at = max(group.arrived_at, arrived_at)
                else:
                    self._close(group)
                    overused |= self.signal == "overuse"
                    self._group = _Group(sent_at, arrived_at)
        return overused

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
        since_s = group.arrived_at - self._judged_at
        if len(self._points) >= TREND_MINIMUM_GROUPS and abs(since_s) >= JUDGE_EVERY_S:
            self._judge(_slope(self._points), min(abs(since_s), RESET_GAP_S))
            self._judged_at = group.arrived_at

    def _judge(self, trend: float, since_s: float) -> None:
        """:param since_s: time since the judgement before."""
        modified = min(self._deltas, TREND_DELTAS) * trend * TREND_GAIN
        if modified > self._threshold_ms:
            self._over_s = since_s / 2 if self._over_s is None else self._over_s + since_s
            self._over_count += 1
            if self._over_s > OVERUSE_TIME_S and self._over_count > 1 and trend >= self._trend_before:
                self._over_s, self._over_count = 0.0, 0
                self.signal = "overuse"
        else:
            self._over_s, self._over_count = None, 0
            self.signal = "underuse" if modified < -self._threshold_ms else "normal"
        self._trend_before = trend
        self._adapt_threshold(modified, min(100.0, since_s * 1000))

    def _adapt_threshold(self, modified: float, elapsed_ms: float) -> None:
        """Ours must grow with others' queues, or a TCP flow beside us would starve us (draft §5.4)."""
        distance = abs(modified) - self._threshold_ms
        if distance > 15.0:  # a sudden jump is not for adapting to
            return
        gain = THRESHOLD_DOWN if distance < 0 else THRESHOLD_UP
        threshold = self._threshold_ms + gain * distance * elapsed_ms
        self._threshold_ms = min(THRESHOLD_MAXIMUM_MS, max(THRESHOLD_MINIMUM_MS, threshold))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the least-squares line, here seconds of delay per second."""
    origin = points[0][0]
    sum_x = sum_y = sum_xx = sum_xy = 0.0
    for at, y in points:
        x = at - origin
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    variance = len(points) * sum_xx - sum_x * sum_x
    return (len(points) * sum_xy - sum_x * sum_y) / variance if variance > 0 else 0.0
