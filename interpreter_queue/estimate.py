"""
Position in line and expected wait of one request, pure.

The wait is shown as a range, rounded outwards, hidden under ``min_samples`` handle times, and never rises without
a reason that can be told: more people ahead, or fewer at work. Formula: (calls ahead + 1 - agents free) × handle time
of the last hour / agents at work, with the quartiles of the handle time as the two ends; a call ahead counts by the
share of its agents who could serve this request as well (``kinds.Outlook``).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from interpreter_queue.config import QueueConfig
from interpreter_queue.kinds import Kinds, Outlook
from interpreter_queue.model import AgentRecord, HandleTime, RequestRecord, Trade

ROUND_S = 30  # below ten minutes; beyond, five minutes
COARSE_FROM_S = 600
COARSE_ROUND_S = 300


@dataclass(frozen=True)
class Standing:
    """
    Where a request stands.

    :param working: agents at work who may serve it.
    :param low_s: expected wait, shortest; None while there is too little to tell. :param high_s: longest.
    """

    position: int
    working: int
    low_s: int | None
    high_s: int | None


def standing(record: RequestRecord, outlook: Outlook, samples: Sequence[float], config: QueueConfig) -> Standing:
    """
    What to tell about a waiting request.

    :param samples: handle times in any of its trades, as :func:`handle_times` gives them.
    """
    position = outlook.ahead + 1
    # Rehearsals last seconds, and real calls say nothing about them.
    if record.request.rehearsal or len(samples) < config.min_samples or not outlook.working:
        return Standing(position, outlook.working, None, None)
    low, high = expected_range(outlook.drawn, outlook.working, outlook.free, samples)
    return Standing(position, outlook.working, low, high)


def handle_times(
    handles: Iterable[HandleTime], trades: frozenset[Trade], now: float, config: QueueConfig
) -> list[float]:
    """Seconds, sorted: those in any of these trades that ended within ``handle_window_s``."""
    return sorted(one.seconds for one in handles if one.trade in trades and one.ended_at > now - config.handle_window_s)


def standings(
    waiting: Iterable[RequestRecord],
    agents: Iterable[AgentRecord],
    handles: Iterable[HandleTime],
    *,
    now: float,
    config: QueueConfig,
) -> dict[str, Standing]:
    """
    Everybody's at once, for a snapshot.

    :param waiting: queued or alerting.
    """
    kinds, records, recent = Kinds(), list(waiting), list(handles)
    for agent in agents:
        kinds.put_agent(agent)
    for record in records:
        kinds.put_request(record)
    trades = {record.request.trades for record in records}
    samples = {some: handle_times(recent, some, now, config) for some in trades}
    found: dict[str, Standing] = {}
    for record in records:
        outlook = kinds.outlook(record.call_id, now)
        if outlook:
            found[record.call_id] = standing(record, outlook, samples[record.request.trades], config)
    return found


def expected_range(ahead: float, working: int, free: int, samples: Sequence[float]) -> tuple[int, int]:
    """
    :param ahead: requests before this one. :param working: agents at work, > 0; ``free`` of them have no call.
    :param samples: handle times, seconds, sorted, not empty.
    :returns: seconds, rounded outwards: the low end down, the high end up.
    """
    rounds = max(0.0, ahead + 1 - free) / working
    low, high = rounds * quantile(samples, 0.25), rounds * quantile(samples, 0.75)
    return _round(low, math.floor), max(ROUND_S, _round(high, math.ceil))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between the two neighbours; ``ordered`` is sorted and not empty, ``share`` in [0, 1]."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _round(seconds: float, whole: Callable[[float], int]) -> int:
    step = ROUND_S if seconds < COARSE_FROM_S else COARSE_ROUND_S
    return whole(seconds / step) * step


def hold(shown: Standing | None, fresh: Standing) -> Standing:
    """
    What to show after ``shown``: the fresh one, except that the wait does not rise by chance.

    A longer place in line or fewer people at work are reasons to rise; a few longer calls are none.
    """
    if shown is None or shown.low_s is None or shown.high_s is None or fresh.low_s is None or fresh.high_s is None:
        return fresh
    if fresh.position > shown.position or fresh.working < shown.working:
        return fresh
    return Standing(fresh.position, fresh.working, min(shown.low_s, fresh.low_s), min(shown.high_s, fresh.high_s))
