"""
One picture's readings: glances, looks and what RTP says in, once a second a level, an advice and the measures behind
them.

The same for a call and for a file. Pure; whoever calls :meth:`LegMonitor.reading` keeps the second. Memory is bounded:
the glances and looks of the last seconds, however long nobody asks.
"""

from collections import deque
from typing import NamedTuple

from relay.model import Advice, LegStats, VisibilityLevel, WatchFor
from relay.visibility.advice import AdvicePolicy, Verdict
from relay.visibility.measures.arrival import Arrival
from relay.visibility.measures.summary import summarize
from relay.visibility.model import Glance, Look
from relay.visibility.rules import RULES, Rule

MAX_GLANCES = 120  # 4 s at 30 pictures a second; more come only when readings are not fetched
MAX_LOOKS = 40  # 10 s at 4 looks a second
USUAL_READINGS = 25  # s of signing from which is known how often the models find these hands
NEW_READINGS = 5  # the newest of them, which are compared with the others
FEW_READINGS = 4  # below, nothing is usual yet
READABLE: dict[VisibilityLevel, float | None] = {"good": 1.0, "fair": 1.0, "poor": 0.0, "off": None}


class Reading(NamedTuple):
    """
    :param measures: as :func:`~relay.visibility.measures.summary.summarize` names them, with ``hands_usual`` and
        ``readable``.
    """

    level: VisibilityLevel
    advice: Advice
    measures: dict[str, float | None]


class LegMonitor:
    """
    Times (``now``) are s of any clock that never goes back, the same for all methods.

    :param watch_for: what must be seen of the person.
    :param rules: a centre's own (:func:`relay.visibility.thresholds.with_limits`).
    """

    def __init__(self, watch_for: WatchFor = "signing", rules: tuple[Rule, ...] = RULES) -> None:
        self._policy = AdvicePolicy(watch_for, rules)
        self._glances: deque[tuple[float, Glance]] = deque(maxlen=MAX_GLANCES)
        self._looks: deque[tuple[float, Look]] = deque(maxlen=MAX_LOOKS)
        self._arrival = Arrival()
        self._hands_found: deque[float] = deque(maxlen=USUAL_READINGS)

    def watch(self, watch_for: WatchFor) -> None:
        """Something else must be seen from now on."""
        self._policy.watch(watch_for)

    def add_glance(self, glance: Glance, now: float) -> None:
        self._glances.append((now, glance))
        self._arrival.glanced(glance, now)

    def add_look(self, look: Look, now: float) -> None:
        self._looks.append((now, look))

    def set_rtp(self, stats: LegStats | None) -> None:
        """:param stats: of the last second or two; None: unknown."""
        self._arrival.set_rtp(stats)

    def reading(self, elapsed_s: float, now: float, *, receiving: bool = True) -> Reading:
        """
        Close the second: what was added since the reading before, after hysteresis.

        :param receiving: video arrived, whether or not a picture of it was glanced at.
        """
        arrived = self._arrival.close(now, receiving=receiving)
        measures = summarize(list(self._glances), list(self._looks), now, elapsed_s) | arrived
        measures["hands_usual"] = self._hands_usual()
        verdict = self._policy.update(measures, elapsed_s)
        self._remember_hands(measures["hands_found"], verdict)
        measures["readable"] = READABLE[verdict.level]
        return Reading(verdict.level, verdict.advice, measures)

    def _hands_usual(self) -> float | None:
        """
        How often these hands were found in the signing of the last half minute, but for the last seconds: dark hands
        before dark clothes are found less often than others, and are not hidden for that.
        """
        before = list(self._hands_found)[:-NEW_READINGS]
        return round(sum(before) / len(before), 3) if len(before) >= FEW_READINGS else None

    def _remember_hands(self, found: float | None, verdict: Verdict) -> None:
        if found is not None and verdict.advice != "hands_hidden":
            self._hands_found.append(found)
