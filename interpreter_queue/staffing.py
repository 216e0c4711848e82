"""
How many interpreters each half hour needs to answer in time: pure, by Erlang A (patience known) or C.

Calls that began before an interval still occupy interpreters in it: the load follows the arrivals with a lag of the
handling time. Each interval is staffed for this *modified offered load* (Jennings, Mandelbaum, Massey and Whitt 1996;
Green, Kolesar and Whitt, "Coping with time-varying demand", 2007), at its mean or at its end, whichever is more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from interpreter_queue.erlang import Load, Outlook, outlook, service_levels_with_abandons
from interpreter_queue.simulation_model import Worker, interpreter

INTERVAL_S = 1800.0
MOST_SERVERS = 50_000


@dataclass(frozen=True)
class Goal:
    """At least ``share`` (0..1, below 1) of the calls within ``within_s`` seconds."""

    share: float
    within_s: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.within_s < 0:
            raise ValueError("a goal is a share between 0 and 1, and a time of 0 s or more")


#: FCC 47 CFR 64.604 (80 % in 120 s) and ARCEP decision 2018-0535 (70 % in 180 s): both are to be met
GOALS = (Goal(0.80, 120.0), Goal(0.70, 180.0))


@dataclass(frozen=True)
class Demand:
    """
    What comes in one interval. :param calls: expected, 0 or more. :param handling_s: mean, wrap-up included, above 0.
    """

    calls: float
    handling_s: float


@dataclass(frozen=True)
class Rest:
    """
    The share of the time at work in which nobody may be called: what has to be planned on top.

    :param shrinkage: 0 to below 1; None: only the breaks of the rule, ``break_s`` after each ``due_s`` in calls.
    """

    shrinkage: float | None = None
    break_s: float = 600.0
    due_s: float = 3600.0

    def share(self, occupancy: float) -> float:
        """With the rule, someone busy for the share ``occupancy`` reaches ``due_s`` after ``due_s / occupancy``."""
        if self.shrinkage is not None:
            return self.shrinkage
        return self.break_s / (self.break_s + self.due_s / occupancy) if occupancy > 0 else 0.0


@dataclass(frozen=True)
class Need:
    """
    The answer for one interval.

    :param erlangs: load it was staffed for, carried over calls included.
    :param interpreters: able to be called, at the least. :param planned: with those in a break.
    :param levels: share answered in time, by goal: answered in time / (answered + abandoned after 10 s or more).
    :param outlook: of the formula; None: no call is expected.
    """

    demand: Demand
    erlangs: float
    interpreters: int
    planned: int
    levels: tuple[float, ...]
    outlook: Outlook | None


def staff(
    demands: Sequence[Demand],
    *,
    goals: Sequence[Goal] = GOALS,
    patience_s: float | None = None,
    rest: Rest = Rest(),
    minimum: int = 1,
    interval_s: float = INTERVAL_S,
) -> list[Need]:
    """
    The smallest number in each interval that meets every goal.

    :param demands: intervals that follow one another; the first begins with nobody in a call.
    :param minimum: interpreters wherever a call is expected.
    """
    found, carried = [], 0.0
    for demand in demands:
        erlangs, carried = carried_over(demand, carried, interval_s)
        found.append(_need(demand, erlangs, goals, patience_s, rest=rest, minimum=minimum))
    return found


def carried_over(demand: Demand, before: float, interval_s: float) -> tuple[float, float]:
    """
    Load of an interval, and at its end: m' = lambda - m / h, from ``before`` on, solved exactly.

    :returns: the higher of the mean and the end; the end. In erlangs.
    """
    steady = demand.calls / interval_s * demand.handling_s
    decay = math.exp(-interval_s / demand.handling_s)
    end = steady + (before - steady) * decay
    mean = steady + (before - steady) * demand.handling_s / interval_s * (1 - decay)
    return max(mean, end), end


def _need(
    demand: Demand, erlangs: float, goals: Sequence[Goal], patience_s: float | None, *, rest: Rest, minimum: int
) -> Need:
    if demand.calls <= 0:
        return Need(demand, erlangs, 0, 0, (), None)
    servers = smallest(erlangs / demand.handling_s, demand.handling_s, goals, patience_s, minimum)
    load = Load(erlangs / demand.handling_s, demand.handling_s, servers, patience_s)
    found = outlook(load)
    planned = math.ceil(round(servers / (1 - rest.share(found.occupancy)), 6))
    levels = service_levels_with_abandons(load, [goal.within_s for goal in goals])
    return Need(demand, erlangs, servers, planned, levels, found)


def smallest(
    arrivals_per_s: float, handling_s: float, goals: Sequence[Goal], patience_s: float | None, minimum: int = 1
) -> int:
    """
    Interpreters that meet every goal: doubling, then halving; one more never makes it worse.

    :raises ValueError: more than ``MOST_SERVERS`` would be needed.
    """

    def meets(servers: int) -> bool:
        load = Load(arrivals_per_s, handling_s, servers, patience_s)
        levels = service_levels_with_abandons(load, [goal.within_s for goal in goals])
        return all(level >= goal.share for level, goal in zip(levels, goals, strict=True))

    high = max(1, minimum)
    while not meets(high):
        high *= 2
        if high > MOST_SERVERS:
            raise ValueError(f"more than {MOST_SERVERS} interpreters would be needed")
    low = max(minimum, 1) if high == max(1, minimum) else high // 2 + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle + 1, high)
    return low


def crew_of(sizes: Sequence[int], interval_s: float = INTERVAL_S) -> tuple[Worker, ...]:
    """
    People whose shifts give so many at work in each interval of the day: the first works whenever one is needed, the
    second whenever two are…
    """
    return tuple(
        Worker(interpreter(rank), shifts=_runs([size > rank for size in sizes], interval_s))
        for rank in range(max(sizes, default=0))
    )


def _runs(present: Sequence[bool], interval_s: float) -> tuple[tuple[float, float], ...]:
    runs: list[tuple[float, float]] = []
    for index, there in enumerate(present):
        begin, end = index * interval_s, (index + 1) * interval_s
        if there and runs and runs[-1][1] == begin:
            runs[-1] = (runs[-1][0], end)
        elif there:
            runs.append((begin, end))
    return tuple(runs)
