"""
Instant relief of a full line: which temporal layers of a picture a receiver gets now. Pure.

The sender needs a few tenths of a second to follow a lower bitrate; until then its upper layers (RFC 7741 §4.2 TID)
are left out toward the slow receiver only. 30 pictures a second become 15, or 7.5 at worst, but each of them is whole
and on time. Sources without layers are not touched.
"""

import math
from collections import deque
from typing import Final

LAYERS: Final = 4  # TID has two bits
ALL_LAYERS: Final = LAYERS - 1
RATE_WINDOW_S: Final = 0.6  # long enough that key frames and layer patterns even out
SHORT_QUEUE_S, LONG_QUEUE_S, LONGEST_QUEUE_S = 0.1, 0.2, 0.35  # of delay beside the line's own
PAUSE_AFTER_S, PAUSE_ENDS_AFTER_S = 2.0, 5.0
PAUSED_ROOM: Final = 0.8  # of the budget, into which the lowest layer of a paused picture must fit
RETURN_AFTER_S: Final = 0.4  # without need: relief is short, but does not flap with each picture


class LayerRelief:
    """Decides the highest layer from what arrives, what the line carries, and its queue."""

    def __init__(self) -> None:
        self.highest = ALL_LAYERS
        self.passing_bps = 0.0  # of the picture, with the layers passed on
        self.base_bps = 0.0  # of its lowest layer
        self.budget_bps = math.inf
        self._history: deque[tuple[float, tuple[int, ...]]] = deque()
        self._needed_at = 0.0

    def decide(
        self,
        octets: tuple[int, ...],
        available_bps: int | None,
        queue_s: float,
        now: float,
        *,
        taken_bps: float = 0.0,
    ) -> int:
        """
        :param octets: arrived so far, by temporal id.
        :param taken_bps: of the line, by a picture that matters more.
        :returns: the highest temporal id to pass on.
        """
        rates = self._rates(octets, now)
        if available_bps is None or rates is None:
            return self.highest
        self.budget_bps = available_bps * _share(queue_s) - taken_bps
        self._choose(rates, queue_s, now)
        self.base_bps, self.passing_bps = rates[0], rates[self.highest]
        return self.highest

    def _choose(self, rates: tuple[float, ...], queue_s: float, now: float) -> None:
        wanted = _fitting(rates, self.budget_bps)
        if wanted < self.highest:
            self.highest = wanted
            self._needed_at = now
        elif wanted > self.highest and queue_s < SHORT_QUEUE_S:
            if now - self._needed_at >= RETURN_AFTER_S:
                self.highest = wanted
        else:
            self._needed_at = now

    def _rates(self, octets: tuple[int, ...], now: float) -> tuple[float, ...] | None:
        """:returns: bit/s up to and including each layer."""
        history = self._history
        history.append((now, octets))
        while now - history[0][0] > RATE_WINDOW_S:
            history.popleft()
        began_at, before = history[0]
        if now - began_at < RATE_WINDOW_S / 2:
            return None
        total, rates = 0.0, []
        for newer, older in zip(octets, before, strict=True):
            total += (newer - older) * 8 / (now - began_at)
            rates.append(total)
        return tuple(rates)


def _share(queue_s: float) -> float:
    """What may be sent, of what the line carries: more than it for a moment, less while a queue is to be emptied."""
    if queue_s < SHORT_QUEUE_S:
        return 1.3
    if queue_s < LONG_QUEUE_S:
        return 1.05
    return 0.85 if queue_s < LONGEST_QUEUE_S else 0.6


def _fitting(rates: tuple[float, ...], budget: float) -> int:
    highest = ALL_LAYERS
    while highest > 0 and rates[highest] > budget:
        highest -= 1
        while highest > 0 and rates[highest] == rates[highest - 1]:
            highest -= 1  # a layer that does not exist
    return highest


class Pause:
    """
    Whether a second picture is left out altogether: its lowest layer alone is more than the first one leaves.

    Each return costs the sender a key frame, which all its viewers pay: it needs some seconds of room.
    """

    def __init__(self) -> None:
        self._is_paused = False
        self._turning_since: float | None = None  # what is called for is not what is

    def forget(self) -> None:
        """The next picture is another one."""
        self._is_paused, self._turning_since = False, None

    def decide(self, base_bps: float, budget_bps: float, now: float) -> bool:
        room = budget_bps * PAUSED_ROOM if self._is_paused else budget_bps
        if (base_bps > room) == self._is_paused:
            self._turning_since = None
            return self._is_paused
        if self._turning_since is None:
            self._turning_since = now
        if now - self._turning_since >= (PAUSE_ENDS_AFTER_S if self._is_paused else PAUSE_AFTER_S):
            self._is_paused = not self._is_paused
            self._turning_since = None
        return self._is_paused


class LayerFilter:
    """Follows the decision picture by picture: down at once, up only where RFC 7741 allows (Y bit, or a key frame)."""

    def __init__(self) -> None:
        self.highest = ALL_LAYERS
        self._passing = ALL_LAYERS
        self._open_timestamp: int | None = None  # of the last picture passed: it is not cut in two

    def key_frame(self) -> None:
        """What follows refers to it only."""
        self._passing = self.highest

    def passes(self, temporal_id: int, timestamp: int, *, is_layer_sync: bool) -> bool:
        if timestamp == self._open_timestamp:
            return True
        if temporal_id > self.highest:
            self._passing = min(self._passing, self.highest)
            return False
        if temporal_id > self._passing:
            if not is_layer_sync or temporal_id != self._passing + 1:
                return False
            self._passing = temporal_id
        self._open_timestamp = timestamp
        return True
