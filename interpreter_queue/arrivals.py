"""
When calls come: a rate that is constant, or that changes with the time of day. Pure and seedable.

A daily profile is a step function; arrivals are a non-homogeneous Poisson process, drawn by carrying unit
exponential gaps through the cumulated rate (time rescaling: exact, and one draw per call; Çinlar 1975).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

DAY_S = 86_400.0


@dataclass(frozen=True)
class Profile:
    """
    Expected calls per slot of one day.

    :param calls: expected number in each slot, 0 or more, at least one above; slots of equal length fill the day.
    """

    calls: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.calls or min(self.calls) < 0 or sum(self.calls) <= 0:
            raise ValueError("a profile needs slots, none of them below 0 and one above")

    @property
    def slot_s(self) -> float:
        return DAY_S / len(self.calls)

    @property
    def total(self) -> float:
        """Expected calls of a day."""
        return sum(self.calls)

    def scaled_to(self, total: float) -> "Profile":
        """The same shape with ``total`` expected calls a day."""
        return Profile(tuple(calls * total / self.total for calls in self.calls))

    def per_s(self, at: float) -> float:
        """Rate at ``at`` seconds after the first midnight."""
        return self.calls[int(at % DAY_S // self.slot_s)] / self.slot_s


def steady(arrivals_per_hour: float) -> Profile:
    """The same rate all day and all night."""
    return Profile((arrivals_per_hour * DAY_S / 3600,))


def arrivals(profile: Profile, random: Random, begin: float = 0.0) -> Iterator[float]:
    """Times of arrival from ``begin`` on, in seconds after the first midnight, day after day without end."""
    reached = (0.0, *accumulate(profile.calls))  # expected calls before each slot, and of the whole day
    day, second = divmod(begin, DAY_S)
    slot = int(second // profile.slot_s)
    expected = day * profile.total + reached[slot] + (second % profile.slot_s) / profile.slot_s * profile.calls[slot]
    while True:
        expected += random.expovariate(1.0)
        day, within = divmod(expected, profile.total)
        slot = min(bisect_right(reached, within) - 1, len(profile.calls) - 1)
        yield day * DAY_S + (slot + (within - reached[slot]) / (profile.calls[slot] or 1.0)) * profile.slot_s


def matched(draw: Callable[[], float], mean: float, number: int) -> Iterator[float]:
    """
    Draws without end, the first ``number`` of them scaled so that their mean is exactly ``mean``.

    Moment matching (Boyle, Broadie and Glasserman 1997): a wait near saturation depends so much on the load that
    half of its variance from seed to seed is the drawn load's own. Bias: of the order of 1 / ``number``.
    """
    drawn = [draw() for _ in range(number)]
    factor = mean * number / sum(drawn) if number else 1.0
    yield from (value * factor for value in drawn)
    while True:
        yield draw()


def until(times: Iterator[float], end: float) -> Iterator[float]:
    """Those before ``end``."""
    for at in times:
        if at >= end:
            return
        yield at
