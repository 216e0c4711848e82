"""
Skin tones held against each other: the same scenes drawn in all ten, so that what differs is due to the tone.

Light, camera, wall, gestures and fault of a scene are the same for all tones; clothes and hair go with the skin, since
hands stand out from clothes. Seconds of a scene resemble one another: intervals are of whole scenes drawn anew
(bootstrap over scenes, Efron 1979), all tones of a scene together.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.visibility_material.evaluation import Result
from relay.visibility.accuracy import Rate, Tally

DRAWS = 4000  # of the scenes
OUTSIDE = 5.0  # % of the draws outside an interval
Counts = NDArray[np.float64]  # shape (scenes, tones, 2): seconds that count, and all


class Compared(NamedTuple):
    """
    :param rate: of a tone. :param interval: its 95 % interval.
    :param difference: from the rate of all tones together. :param difference_interval: 95 % for all tones at once
        (Bonferroni: of ten intervals of 95 % one in twenty would miss by chance); with 0 in it, the tone is like the
        others as far as these scenes can tell.
    """

    rate: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]

    @property
    def is_alike(self) -> bool:
        low, high = self.difference_interval
        return low <= 0.0 <= high

    def as_json(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "interval95": self.interval,
            "difference": self.difference,
            "difference_interval95": self.difference_interval,
            "alike": self.is_alike,
        }


def tones_json(results: Sequence[Result]) -> dict[str, Any]:
    """:returns: for each tone ``detection`` and ``false_alarm``, of the scenes that were drawn in all tones."""
    return {
        name: {tone: one.as_json() for tone, one in compared(results, name).items()}
        for name in ("detection", "false_alarm")
    }


def tones_table(results: Sequence[Result]) -> list[str]:
    """Lines for people."""
    lines = []
    for name, title in (("detection", "detected"), ("false_alarm", "false alarms")):
        for tone, one in compared(results, name).items():
            words = "" if one.is_alike else "   not like the others"
            lines.append(
                f"{tone:8} {title:12} {_percent(one.rate)} {_between(one.interval)}, "
                f"from all {_percent(one.difference)} {_between(one.difference_interval)}{words}"
            )
    return lines


def compared(results: Sequence[Result], name: str) -> dict[str, Compared]:
    """
    :param name: ``detection`` or ``false_alarm``.
    :returns: by tone, darkest last; empty without seconds of that kind.
    """
    scenes = _complete(results)
    tones = sorted({result.group for result in results})
    counts = np.array([[_pair(of[tone], name) for tone in tones] for of in scenes.values()], dtype=np.float64)
    if counts.size == 0 or counts[..., 1].sum() == 0:
        return {}
    rates, differences = _rates(counts[None])
    dice = np.random.default_rng(1).integers(len(counts), size=(DRAWS, len(counts)))
    drawn_rates, drawn_differences = _rates(counts[dice])
    return {
        tone: Compared(
            round(float(rates[0, i]), 4),
            _interval(drawn_rates[:, i]),
            round(float(differences[0, i]), 4),
            _interval(drawn_differences[:, i], len(tones)),
        )
        for i, tone in enumerate(tones)
    }


def _complete(results: Sequence[Result]) -> Mapping[str, Mapping[str, Tally]]:
    """:returns: tallies by scene and tone, of the scenes that are there in all tones."""
    scenes: dict[str, dict[str, Tally]] = {}
    for result in results:
        scenes.setdefault(result.name, {})[result.group] = result.tally
    most = max((len(of) for of in scenes.values()), default=0)
    return {scene: of for scene, of in scenes.items() if len(of) == most}


def _pair(tally: Tally, name: str) -> tuple[int, int]:
    rate: Rate = tally.detection if name == "detection" else tally.false_alarm
    return rate.hits, rate.of


def _rates(counts: Counts) -> tuple[Counts, Counts]:
    """
    :param counts: shape (draws, scenes, tones, 2).
    :returns: each tone's rate, and how far it is from that of all, both of shape (draws, tones).
    """
    sums = counts.sum(axis=1)
    rates = sums[..., 0] / np.maximum(sums[..., 1], 1.0)
    all_tones = sums[..., 0].sum(axis=1) / np.maximum(sums[..., 1].sum(axis=1), 1.0)
    return rates, rates - all_tones[:, None]


def _interval(values: Counts, at_once: int = 1) -> tuple[float, float]:
    """:param at_once: intervals that are to hold together."""
    low, high = np.percentile(values, (OUTSIDE / 2 / at_once, 100 - OUTSIDE / 2 / at_once))
    return round(float(low), 4), round(float(high), 4)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(interval: tuple[float, float]) -> str:
    return f"[{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
