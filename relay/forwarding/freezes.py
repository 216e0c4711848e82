"""Freezes of a moving picture by the rule of W3C webrtc-stats (``freezeCount``). Pure."""

from collections import deque
from typing import Final

FRAMES: Final = 30  # the average is over so many
SLOWER: Final = 3.0  # than the average
LONGER_S: Final = 0.150


class FreezeMeter:
    """Counts what arrives; a frame counts when its first packet is there."""

    def __init__(self) -> None:
        self.count = 0
        self.total_s = 0.0
        self._last_at: float | None = None
        self._durations: deque[float] = deque(maxlen=FRAMES)
        self._sum = 0.0

    def add(self, now: float) -> None:
        """A frame. :param now: monotonic seconds."""
        last_at, self._last_at = self._last_at, now
        if last_at is None:
            return
        duration, durations = now - last_at, self._durations
        if durations:
            average = self._sum / len(durations)
            if duration > max(SLOWER * average, average + LONGER_S):
                self.count += 1
                self.total_s += duration
        if len(durations) == FRAMES:
            self._sum -= durations[0]
        durations.append(duration)
        self._sum += duration
