"""
Today's figures of each queue: pure. What is written down of calls that are over, and who is served right now.

The formulas are ``signaling.report``'s, the definitions ``docs/queue.md``'s, section Metrics. A running call counts as
answered from the moment its agent accepted: its record comes at its end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from signaling.call_terms import Mode
from signaling.report import Figures, ReportedCall, figures, mean, service_level_with_abandons

NOW_S = 1800.0  # "service level now" is that of the last half hour
RELAY_TARGET_S = 120.0  # 80 % in 120 s (FCC 47 CFR 64.604); a brand has its own


@dataclass(frozen=True)
class DayCall:
    """
    One call of today, without anybody's name.

    :param over_at: when the wait was over (answered, abandoned), Unix seconds: what "the last half hour" goes by.
    """

    call_id: str
    queue: str
    mode: Mode
    over_at: float
    wait_s: float
    is_answered: bool
    is_abandoned: bool
    is_callback: bool = False

    def reported(self) -> ReportedCall:
        return ReportedCall(
            self.mode, self.is_answered, self.is_abandoned, max(0.0, self.wait_s), is_callback=self.is_callback
        )


@dataclass(frozen=True)
class QueueFigures:
    """Today, as on the board (``signaling.messages.board.BoardQueue``)."""

    answered: int = 0
    abandoned: int = 0
    callbacks: int = 0
    mean_wait_s: float | None = None
    service_level: float | None = None
    service_level_now: float | None = None


@dataclass
class Day:
    """Calls that are over, kept up to date by what the records have new."""

    _over: dict[str, DayCall] = field(default_factory=dict)

    def add(self, calls: Iterable[DayCall]) -> None:
        self._over |= {call.call_id: call for call in calls}

    def forget_before(self, begin: float) -> None:
        """:param begin: of the day, or of the last half hour when that began earlier."""
        self._over = {call_id: call for call_id, call in self._over.items() if call.over_at >= begin}

    def queues(self, running: Iterable[DayCall] = ()) -> dict[str, list[DayCall]]:
        """:param running: answered and not over; one that the records know is not counted twice."""
        found: dict[str, list[DayCall]] = defaultdict(list)
        for call in (*self._over.values(), *(call for call in running if call.call_id not in self._over)):
            found[call.queue].append(call)
        return found


def by_queue(
    calls: Mapping[str, Iterable[DayCall]], midnight: float, now: float, targets_s: Mapping[str, float]
) -> dict[str, QueueFigures]:
    """:param targets_s: seconds within which a queue's calls are to be answered; others: :data:`RELAY_TARGET_S`."""
    return {
        queue: _of_queue(tuple(each), midnight, now, targets_s.get(queue, RELAY_TARGET_S))
        for queue, each in calls.items()
    }


def _of_queue(calls: tuple[DayCall, ...], midnight: float, now: float, target_s: float) -> QueueFigures:
    today = _figures(calls, midnight)
    return QueueFigures(
        answered=today.answered,
        abandoned=today.abandoned,
        callbacks=today.callbacks,
        mean_wait_s=mean(today.waits_s),
        service_level=service_level_with_abandons(today, target_s),
        service_level_now=service_level_with_abandons(_figures(calls, now - NOW_S), target_s),
    )


def _figures(calls: tuple[DayCall, ...], begin: float) -> Figures:
    return figures(call.reported() for call in calls if call.over_at >= begin)
