"""
From the measures of each second to a level and one piece of advice.

Each rule of the table (``relay.visibility.rules``) keeps its evidence: seconds that speak for it raise it, seconds
against it lower it, seconds that cannot tell let it fade. Of the rules that hold, the first of the table is shown;
those that yield gather no evidence below another: a dark picture hides the hands as well. What is shown changes at most
once in 3 s. Nobody signing (hands at rest, below the picture) breaks no rule about hands.

Pure: the time that passed is an argument.
"""

from dataclasses import dataclass

from relay.model import Advice, VisibilityLevel, WatchFor
from relay.visibility.rules import RULES, Measures, Rule, rules_for

HOLD_S = 3.0  # between two changes of what is shown
TICK_TOLERANCE_S = 0.1  # readings come about once a second: three of them count as 3 s


@dataclass(frozen=True, slots=True)
class Verdict:
    level: VisibilityLevel
    advice: Advice


GOOD = Verdict("good", "good")
MODELS_MISSING = Verdict("off", "models_missing")
NO_PICTURE_YET = Verdict("off", "no_video")
NOT_MEASURED_YET = Verdict("off", "not_measured")


@dataclass(slots=True)
class _Alarm:
    """:param evidence: 0 nothing .. 1 certain. It holds from 1 on and until 0."""

    rule: Rule
    active: bool = False
    evidence: float = 0.0

    def update(self, measures: Measures, elapsed_s: float, *, first: bool) -> None:
        speaks = self.rule.speaks(measures, active=self.active)
        if speaks is None:
            step = -elapsed_s / self.rule.fades_s
        elif speaks:
            step = 1.0 if first and self.rule.at_once else elapsed_s / self.rule.enter_s
        else:
            step = -elapsed_s / self.rule.leave_s
        self.evidence = min(1.0, max(0.0, self.evidence + step))
        if self.evidence in (0.0, 1.0):
            self.active = self.evidence == 1.0


class AdvicePolicy:
    """One picture's alarms. Fed with the measures of each second, it says what to show."""

    def __init__(self, watch_for: WatchFor = "signing", rules: tuple[Rule, ...] = RULES) -> None:
        self._rules = rules
        self._alarms = [_Alarm(rule) for rule in rules_for(watch_for, rules)]
        self._seen_picture = False
        self._shown: Verdict | None = None
        self._shown_s = HOLD_S

    def watch(self, watch_for: WatchFor) -> None:
        """From now on, judge for this; what both know is kept."""
        known = {alarm.rule: alarm for alarm in self._alarms}
        self._alarms = [known.get(rule) or _Alarm(rule) for rule in rules_for(watch_for, self._rules)]

    def update(self, measures: Measures, elapsed_s: float = 1.0) -> Verdict:
        """
        :param measures: as :func:`relay.visibility.measures.summary.summarize` makes them; a second without pictures
            tells only about what arrives, the other alarms stay as they are.
        :param elapsed_s: since the update before.
        """
        self._shown_s += elapsed_s
        wanted = self._wanted(measures, elapsed_s)
        if self._shown is None:
            self._shown = wanted
        elif wanted != self._shown and self._shown_s >= HOLD_S - TICK_TOLERANCE_S:
            self._shown, self._shown_s = wanted, 0.0
        return self._shown

    def _wanted(self, measures: Measures, elapsed_s: float) -> Verdict:
        pictures = bool(measures.get("analysed"))
        if not pictures and not self._seen_picture:
            return NOT_MEASURED_YET if measures.get("receiving") else NO_PICTURE_YET
        shown: Rule | None = None
        for alarm in self._alarms:
            if shown and shown.code != alarm.rule.code and alarm.rule.yields and not alarm.active:
                alarm.evidence = 0.0  # what is wrong above explains it, perhaps
            elif pictures or alarm.rule.about_arrival:
                alarm.update(measures, elapsed_s, first=not self._seen_picture)
            if alarm.active and shown is None:
                shown = alarm.rule
        self._seen_picture = True
        return Verdict(shown.level, shown.code) if shown else GOOD
