"""
One leg's readings: measures of pictures in, once a second a level, an advice and the measures behind them.

The same for a call and for a file. Pure; whoever calls :meth:`LegMonitor.reading` keeps the second.
"""

from typing import NamedTuple

from relay.model import VisibilityLevel
from relay.visibility.advice import AdvicePolicy
from relay.visibility.measures.summary import summarize
from relay.visibility.model import Glance, Look

MAX_PICTURES = 120  # of one reading; more come only when readings are not fetched


class Reading(NamedTuple):
    level: VisibilityLevel
    advice: str
    measures: dict[str, float | None]


class LegMonitor:
    def __init__(self) -> None:
        self._policy = AdvicePolicy()
        self._glances: list[Glance] = []
        self._looks: list[Look] = []
        self._received_fps: float | None = None

    def add_glance(self, glance: Glance) -> None:
        if len(self._glances) < MAX_PICTURES:
            self._glances.append(glance)

    def add_look(self, look: Look) -> None:
        if len(self._looks) < MAX_PICTURES:
            self._looks.append(look)

    def set_received_fps(self, frames_per_second: float | None) -> None:
        self._received_fps = frames_per_second

    def reading(self, elapsed_s: float = 1.0, *, receiving: bool = True) -> Reading:
        """
        Close the second: what was added since the reading before, after hysteresis.

        :param receiving: video arrived, whether or not a picture of it was analysed.
        """
        measures = summarize(self._glances, self._looks, self._received_fps, receiving=receiving)
        self._glances, self._looks = [], []
        verdict = self._policy.update(measures, elapsed_s)
        return Reading(verdict.level, verdict.advice, measures)
