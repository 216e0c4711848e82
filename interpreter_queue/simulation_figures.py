"""
What a simulation says: pure figures from its trace, each with one definition (``docs/planning.md``).

Confidence intervals are of batch means: the run is cut into equal parts, long against the time in which the line
forgets its past, and their spread tells how far the mean of the whole may be off (Law, Simulation Modeling, ch. 9).
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interpreter_queue.arrivals import DAY_S
from interpreter_queue.simulation_trace import Mark, SimulatedCall, Trace

SHORT_ABANDON_S = 10.0
BATCHES = 20
#: Student's t for 95 % on both sides, by degrees of freedom from 1
STUDENT = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
#: upper ends of the classes in which waits are counted, seconds
WAIT_CLASSES = (0.0, 10.0, 20.0, 40.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)


@dataclass(frozen=True)
class Figures:
    """
    Of one set of calls; None where nothing can be divided. Waits in seconds, shares 0..1.

    :param entered: let in, that is neither closed nor refused. :param mean_wait_s: of the answered (ASA).
    :param service_level_120s: answered in time / answered.
    :param service_level_120s_with_abandons: answered in time / (answered + abandoned after 10 s or more).
    :param abandoned_share: abandoned / entered; call-backs are none.
    :param mean_handling_s: drawn handling time of the answered, wrap-up not included.
    """

    calls: int
    entered: int
    answered: int
    abandoned: int
    short_abandoned: int
    called_back: int
    call_back_failed: int
    closed: int
    refused: int
    left_waiting: int
    mean_wait_s: float | None
    wait_p50_s: float | None
    wait_p90_s: float | None
    wait_p95_s: float | None
    longest_wait_s: float | None
    service_level_120s: float | None
    service_level_180s: float | None
    service_level_120s_with_abandons: float | None
    service_level_180s_with_abandons: float | None
    abandoned_share: float | None
    mean_handling_s: float | None


@dataclass(frozen=True)
class Slot:
    """
    One half hour of the day, mean of the simulated days. :param begin_s: second of the day.

    :param available: agents, on average, in a call, in wrap-up or free. :param occupancy: None: nobody was there.
    """

    begin_s: float
    calls: float
    mean_wait_s: float | None
    service_level_120s: float | None
    service_level_120s_with_abandons: float | None
    abandoned: float
    available: float
    occupancy: float | None


def figures(calls: Iterable[SimulatedCall]) -> Figures:
    every = tuple(calls)
    count = dict.fromkeys(ENDINGS, 0)
    for call in every:
        count[call.ending or "left_waiting"] += 1
    waits = sorted(call.wait_s for call in every if call.ending == "answered")
    short = sum(call.ending == "abandoned" and call.wait_s < SHORT_ABANDON_S for call in every)
    offered = len(waits) + count["abandoned"] - short
    entered = len(every) - count["closed"] - count["refused"]
    handled = [call.handling_s for call in every if call.ending == "answered"]
    return Figures(
        calls=len(every),
        entered=entered,
        short_abandoned=short,
        mean_wait_s=statistics.fmean(waits) if waits else None,
        wait_p50_s=percentile(waits, 0.5),
        wait_p90_s=percentile(waits, 0.9),
        wait_p95_s=percentile(waits, 0.95),
        longest_wait_s=waits[-1] if waits else None,
        service_level_120s=_share(_within(waits, 120), len(waits)),
        service_level_180s=_share(_within(waits, 180), len(waits)),
        service_level_120s_with_abandons=_share(_within(waits, 120), offered),
        service_level_180s_with_abandons=_share(_within(waits, 180), offered),
        abandoned_share=_share(count["abandoned"], entered),
        mean_handling_s=statistics.fmean(handled) if handled else None,
        **{ending: count[ending] for ending in ENDINGS},
    )


ENDINGS = ("answered", "abandoned", "called_back", "call_back_failed", "closed", "refused", "left_waiting")
INTERVALS: tuple[str, ...] = (
    "mean_wait_s",
    "service_level_120s",
    "service_level_180s",
    "service_level_120s_with_abandons",
    "service_level_180s_with_abandons",
    "abandoned_share",
)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least ``share`` (0..1) of the values do not exceed."""
    return ordered[max(1, math.ceil(round(share * len(ordered), 9))) - 1] if ordered else None


def _within(ordered: Sequence[float], limit_s: float) -> int:
    return sum(wait <= limit_s for wait in ordered)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# Occupancy


def occupancy(marks: Sequence[Mark]) -> float | None:
    """Busy (in a call, on hold, in wrap-up) / available (that, free or alerted), from the first to the last mark."""
    if len(marks) < 2:
        return None
    first, last = marks[0], marks[-1]
    return _share(last.busy_s - first.busy_s, last.available_s - first.available_s)


# Confidence


def margins(parts: Sequence[Trace]) -> dict[str, float]:
    """
    Half widths of the 95 % confidence intervals, by figure, from parts of a run (or runs) that are nearly independent.

    Empty with fewer than two parts; a figure that some part does not have is left out.
    """
    if len(parts) < 2:
        return {}
    found = [figures(part.calls) for part in parts]
    columns = {name: [getattr(each, name) for each in found] for name in INTERVALS}
    columns["occupancy"] = [occupancy(part.marks) for part in parts]
    return {name: half for name, values in columns.items() if (half := half_width(values)) is not None}


def half_width(values: Sequence[float | None]) -> float | None:
    """Of the mean of independent values, 95 %."""
    known = [value for value in values if value is not None]
    if len(known) < max(2, len(values)):
        return None
    freedom = len(known) - 1
    student = STUDENT[freedom - 1] if freedom <= len(STUDENT) else 1.96 + 2.4 / freedom
    return student * statistics.stdev(known) / math.sqrt(len(known))


def batches(trace: Trace, parts: int = BATCHES) -> list[Trace]:
    """A run of :meth:`Simulation.run_calls` cut at its marks, which stand at equal numbers of calls."""
    size = len(trace.calls) // parts
    if size < 2 or len(trace.marks) <= parts:
        return []
    return [
        Trace(calls=trace.calls[number * size : (number + 1) * size], marks=trace.marks[number : number + 2])
        for number in range(parts)
    ]


def days(trace: Trace) -> list[Trace]:
    """A run of :meth:`Simulation.run_days` cut at midnight."""
    number = round(trace.marks[-1].at / DAY_S) if trace.marks else 0
    cut = [Trace() for _ in range(number)]
    for call in trace.calls:
        cut[int(call.at // DAY_S)].calls.append(call)
    for day, part in enumerate(cut):
        part.marks = [mark for mark in trace.marks if day * DAY_S <= mark.at <= (day + 1) * DAY_S]
    return cut


# Over the day


def by_half_hour(trace: Trace, slot_s: float = 1800.0) -> list[Slot]:
    """Of a run of :meth:`Simulation.run_days` with marks every ``slot_s``."""
    slots = round(DAY_S / slot_s)
    number = max(1, (len(trace.marks) - 1) // slots)
    calls: list[list[SimulatedCall]] = [[] for _ in range(slots)]
    for call in trace.calls:
        calls[int(call.at % DAY_S // slot_s)].append(call)
    spans: list[list[tuple[Mark, Mark]]] = [[] for _ in range(slots)]
    for index, span in enumerate(pairwise(trace.marks)):
        spans[index % slots].append(span)
    return [_slot(index * slot_s, calls[index], spans[index], slot_s, number) for index in range(slots)]


def _slot(
    begin_s: float, calls: list[SimulatedCall], spans: list[tuple[Mark, Mark]], slot_s: float, number: int
) -> Slot:
    found = figures(calls)
    busy_s = sum(last.busy_s - first.busy_s for first, last in spans)
    available_s = sum(last.available_s - first.available_s for first, last in spans)
    return Slot(
        begin_s=begin_s,
        calls=found.calls / number,
        mean_wait_s=found.mean_wait_s,
        service_level_120s=found.service_level_120s,
        service_level_120s_with_abandons=found.service_level_120s_with_abandons,
        abandoned=found.abandoned / number,
        available=available_s / slot_s / number,
        occupancy=_share(busy_s, available_s),
    )


def wait_classes(calls: Iterable[SimulatedCall]) -> list[tuple[str, float]]:
    """Share of the answered by class of wait, with a French name; empty when nobody was answered."""
    waits = [call.wait_s for call in calls if call.ending == "answered"]
    if not waits:
        return []
    below: Callable[[float], int] = lambda limit: sum(wait <= limit for wait in waits)  # noqa: E731
    reached = [below(limit) for limit in WAIT_CLASSES] + [len(waits)]
    names = ["sans attente", *(f"jusqu’à {limit:.0f} s" for limit in WAIT_CLASSES[1:]), "plus de 600 s"]
    counts = [reached[0], *(after - before for before, after in pairwise(reached))]
    return [(name, part / len(waits)) for name, part in zip(names, counts, strict=True)]
