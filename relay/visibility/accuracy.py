"""
How often the advice is right: seconds counted against what people wrote of them.

An *impaired* second is one in which something other than ``good`` is expected: it is *detected* when one of the codes
expected is said. A *good* second is one in which ``good`` is expected: anything said that is not expected is a *false
alarm*. Seconds of one video resemble one another, so the intervals, which take them as independent, are too narrow for
few videos: the number of videos is given beside them.

Pure.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from relay.model import Advice, AdviceCode

Z95 = 1.959964  # of the normal distribution, two-sided 95 %


class Rate(NamedTuple):
    """:param hits, of: counts; the rate and its interval are None without any."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return round(self.hits / self.of, 4) if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.hits, self.of) if self.of else None

    def as_json(self) -> dict[str, Any]:
        return {"rate": self.value, "interval95": self.interval, "hits": self.hits, "seconds": self.of}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """
    95 % interval of a share after E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 1927: holds for few observations and for shares near 0 and 1.

    :param of: more than 0.
    """
    share, z2 = hits / of, Z95**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4)


@dataclass(slots=True)
class Tally:
    """
    Seconds counted.

    :param impaired, detected: by the first code expected.
    :param said: of impaired seconds, what was said for what was expected; of good ones, under ``good``.
    """

    videos: int = 0
    good: int = 0
    impaired: Counter[str] = field(default_factory=Counter)
    detected: Counter[str] = field(default_factory=Counter)
    said: dict[str, Counter[str]] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)

    def add(self, expected: Sequence[AdviceCode], said: Advice) -> None:
        """One second; one of which nothing is expected is not counted."""
        if not expected:
            return
        if "good" in expected:
            self.good += 1
            self.said.setdefault("good", Counter())[said] += 1
            if said not in expected:
                self.alarms[said] += 1
            return
        code = expected[0]
        self.impaired[code] += 1
        self.detected[code] += said in expected
        self.said.setdefault(code, Counter())[said] += 1

    def merge(self, other: "Tally") -> None:
        self.videos += other.videos
        self.good += other.good
        self.impaired += other.impaired
        self.detected += other.detected
        self.alarms += other.alarms
        for code, counts in other.said.items():
            self.said.setdefault(code, Counter()).update(counts)

    @property
    def detection(self) -> Rate:
        return Rate(self.detected.total(), self.impaired.total())

    @property
    def false_alarm(self) -> Rate:
        return Rate(self.alarms.total(), self.good)

    def codes(self) -> list[str]:
        return sorted({*self.impaired, *self.alarms})

    def as_json(self) -> dict[str, Any]:
        return {
            "detection": self.detection.value,
            "detection_interval95": self.detection.interval,
            "false_alarm": self.false_alarm.value,
            "false_alarm_interval95": self.false_alarm.interval,
            "impaired_seconds": self.detection.of,
            "good_seconds": self.good,
            "videos": self.videos,
            "per_advice": {code: self._per_advice(code) for code in self.codes()},
        }

    def _per_advice(self, code: str) -> dict[str, Any]:
        return {
            "detection": Rate(self.detected[code], self.impaired[code]).as_json(),
            "false_alarm": Rate(self.alarms[code], self.good).as_json(),
            "said_instead": self.instead(code),
        }

    def instead(self, code: str) -> dict[str, int]:
        """What was said of its seconds, most often first."""
        return dict(self.said.get(code, Counter()).most_common())


def merged(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def table(tally: Tally) -> list[str]:
    """Lines for people: one for each code, then the whole."""
    lines = [f"{'':16} {'detected':>30} {'false alarms':>30}   said instead"]
    for code in tally.codes():
        detection, alarm = Rate(tally.detected[code], tally.impaired[code]), Rate(tally.alarms[code], tally.good)
        wrong = ", ".join(f"{said} {count}" for said, count in _wrong(tally, code).items())
        lines.append(f"{code:16} {_in_words(detection):>30} {_in_words(alarm):>30}   {wrong}")
    lines.append(
        f"{'all':16} {_in_words(tally.detection):>30} {_in_words(tally.false_alarm):>30}   {tally.videos} videos"
    )
    return lines


def _wrong(tally: Tally, code: str) -> Mapping[str, int]:
    return {said: count for said, count in tally.instead(code).items() if said != code}


def _in_words(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{100 * rate.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}] {rate.hits}/{rate.of}"
