"""A typical day to staff, from what was counted: pure. Files are read by ``planning_files``, calls by ``records``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from interpreter_queue.staffing import Demand
from signaling.planning_files import HALF_HOURS, HalfHour
from signaling.records.load_rows import RecordedLoad

ENOUGH_ABANDONED = 5  # fewer say nothing about patience
_NAMES = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")


class NoDemandError(Exception):
    """Nothing to plan with; the text is for people."""


def _weekday(number: int) -> Callable[[date], bool]:
    return lambda day: day.weekday() == number


#: Which days make the typical one, by the name that the command takes.
DAYS: dict[str, Callable[[date], bool]] = {
    "tous": lambda _day: True,
    "semaine": lambda day: day.weekday() < 5,
    "week-end": lambda day: day.weekday() >= 5,
    **{name: _weekday(number) for number, name in enumerate(_NAMES)},
}


@dataclass(frozen=True)
class TypicalDay:
    """:param demands: 48 half hours. :param days: that it is the mean of."""

    demands: tuple[Demand, ...]
    days: int

    @property
    def calls(self) -> float:
        return sum(demand.calls for demand in self.demands)


def typical_day(rows: Sequence[HalfHour], which: str, handling_s: float | None, growth: float = 0.0) -> TypicalDay:
    """
    The mean of the days asked for; handling times are weighted by calls.

    :param which: of :data:`DAYS`; rows without a day are of every one.
    :param handling_s: where the rows say none. :param growth: 0.1 for a tenth more calls.
    :raises NoDemandError: no such day, no call, or no handling time.
    """
    kept = [row for row in rows if row.day is None or DAYS[which](row.day)]
    days = len({row.day for row in kept})
    known = [row for row in kept if row.handling_s and row.calls]
    mean_s = _mean_handling(known) or handling_s
    if not kept:
        raise NoDemandError(f"aucune demi-heure pour « {which} »")
    if not any(row.calls for row in kept):
        raise NoDemandError("aucun appel dans ces demi-heures")
    if mean_s is None:
        raise NoDemandError("la durée de traitement manque : colonne handling_s, ou --handling-s")
    slots: list[list[HalfHour]] = [[] for _ in range(HALF_HOURS)]
    for row in kept:
        slots[row.slot].append(row)
    return TypicalDay(tuple(_demand(slot, days, mean_s, growth) for slot in slots), days)


def _demand(rows: Sequence[HalfHour], days: int, mean_s: float, growth: float) -> Demand:
    calls = sum(row.calls for row in rows) / days
    own_s = _mean_handling([row for row in rows if row.handling_s and row.calls])
    return Demand(calls * (1 + growth), own_s or mean_s)


def _mean_handling(rows: Sequence[HalfHour]) -> float | None:
    calls = sum(row.calls for row in rows)
    return sum((row.handling_s or 0.0) * row.calls for row in rows) / calls if calls else None


def half_hours_of(
    calls: Iterable[RecordedLoad], zone: ZoneInfo, first: date, last: date, wrap_up_s: float
) -> list[HalfHour]:
    """
    Calls of the service per day and half hour, local time; days without a call count too.

    :param wrap_up_s: added to each call's time with an agent. :param last: included.
    """
    counts: dict[tuple[date, int], tuple[int, float, int]] = {}
    day = first
    while day <= last:
        counts[day, 0] = (0, 0.0, 0)
        day += timedelta(days=1)
    for call in calls:
        at = datetime.fromtimestamp(call.queued_at, zone)
        key = (at.date(), at.hour * 2 + at.minute // 30)
        number, seconds, answered = counts.get(key, (0, 0.0, 0))
        if call.together_s is not None:
            seconds, answered = seconds + call.together_s + wrap_up_s, answered + 1
        counts[key] = (number + 1, seconds, answered)
    return [
        HalfHour(day, slot, number, seconds / answered if answered else None)
        for (day, slot), (number, seconds, answered) in counts.items()
    ]


def measured_patience_s(calls: Iterable[RecordedLoad]) -> float | None:
    """
    Mean patience: all time waited, by anybody, over those who gave up.

    The maximum likelihood for exponential patience that is seen to its end only in those who gave up (Mandelbaum and
    Zeltyn 2007: theta = P(Ab) / E[W]). None: too few gave up to tell.
    """
    every = list(calls)
    abandoned = sum(call.is_abandoned for call in every)
    waited_s = sum(call.wait_s for call in every)
    return waited_s / abandoned if abandoned >= ENOUGH_ABANDONED and waited_s > 0 else None
