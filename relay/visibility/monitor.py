"""
One leg's readings: measures of pictures in, once a second a level, an advice and the measures behind them.

The same for a call and for a file. Pure; whoever calls :meth:`LegMonitor.reading` keeps the second.
"""

from typing import NamedTuple

from relay.model import VisibilityLevel
from relay.visibility.advice import AdvicePolicy
from relay.visibility.measures import summarize
from relay.visibility.model import FrameMeasures

MAX_FRAMES = 120  # of one reading; more come only when readings are not fetched


class Reading(NamedTuple):
    level: VisibilityLevel
    advice: str
    measures: dict[str, float | None]


class LegMonitor:
    def __init__(self) -> None:
        self._policy = AdvicePolicy()
        self._frames: list[FrameMeasures] = []
        self._received_fps: float | None = None

    def add(self, frame: FrameMeasures) -> None:
        if len(self._frames) < MAX_FRAMES:
            self._frames.append(frame)

    def set_received_fps(self, frames_per_second: float | None) -> None:
        self._received_fps = frames_per_second

    def reading(self, elapsed_s: float = 1.0, *, receiving: bool = True) -> Reading:
        """
        Close the second: what was added since the reading before, after hysteresis.

        :param receiving: video arrived, whether or not a picture of it was analysed.
        """
        measures = summarize(self._frames, self._received_fps, receiving=receiving)
        self._frames = []
        verdict = self._policy.update(measures, elapsed_s)
        return Reading(verdict.level, verdict.advice, measures)
