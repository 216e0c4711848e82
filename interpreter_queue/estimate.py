"""
Position in line and expected wait, pure.

The wait is shown as a range, rounded outwards, hidden under ``min_samples`` handle times, and never rises without
a reason that can be told: more people ahead, or fewer at work. Formula: (calls ahead + 1) × handle time of the
last hour / agents at work, with the quartiles of the handle time as the two ends.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from interpreter_queue import policy
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import AgentRecord, HandleTime, RequestRecord, Trade

#: From which agents a request draws: rehearsal or not, acceptable trades.
Pool = tuple[bool, frozenset[Trade]]
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


def standings(
    waiting: Sequence[RequestRecord],
    agents: Iterable[AgentRecord],
    handles: Iterable[HandleTime],
    *,
    now: float,
    config: QueueConfig,
) -> dict[str, Standing]:
    """
    Where everybody stands, by ``call_id``, in one pass.

    :param waiting: everything queued or alerting, in the order of ``policy.place``.
    :param handles: recent handle times of all trades.
    """
    recent = [handle for handle in handles if handle.ended_at > now - config.handle_window_s]
    at_work = [agent for agent in agents if agent.state in policy.WORKING]
    before: dict[Pool, int] = {}  # how many of each pool have been passed
    supplies: dict[object, Supply] = {}  # most requests ask for the same: looked up once
    found: dict[str, Standing] = {}
    for record in waiting:
        pool = (record.request.rehearsal, record.request.trades)
        ahead = sum(count for other, count in before.items() if _compete(pool, other))
        before[pool] = before.get(pool, 0) + 1
        wanted = _wanted(record)
        if wanted not in supplies:
            supplies[wanted] = _supply(record, at_work, recent)
        found[record.call_id] = _standing(ahead, supplies[wanted], config)
    return found


def _compete(one: Pool, other: Pool) -> bool:
    """The two could be served by the same agents: a request ahead counts in the other's position."""
    return one[0] == other[0] and not one[1].isdisjoint(other[1])


@dataclass(frozen=True)
class Supply:
    """Who may serve a request: ``working`` agents, ``free`` of them without a call; their handle times, sorted."""

    working: int
    free: int
    samples: Sequence[float]


def _wanted(record: RequestRecord) -> object:
    """Equal for requests with the same supply."""
    asked = record.request
    targets = tuple((one.trades, frozenset(one.skills.items()), one.agents) for one in asked.targets)
    return (asked.rehearsal, targets, asked.refused_agents, record.declined_by)


def _supply(record: RequestRecord, at_work: list[AgentRecord], recent: list[HandleTime]) -> Supply:
    able = [agent for agent in at_work if policy.trade_for(agent, record)]
    free = sum(agent.state in ("idle", "alerting") for agent in able)
    # Rehearsals last seconds, and real calls say nothing about them.
    counted = () if record.request.rehearsal else recent
    return Supply(len(able), free, sorted(one.seconds for one in counted if one.trade in record.request.trades))


def _standing(ahead: int, supply: Supply, config: QueueConfig) -> Standing:
    if len(supply.samples) < config.min_samples or not supply.working:
        return Standing(ahead + 1, supply.working, None, None)
    low, high = expected_range(ahead, supply.working, supply.free, supply.samples)
    return Standing(ahead + 1, supply.working, low, high)


def expected_range(ahead: int, working: int, free: int, samples: Sequence[float]) -> tuple[int, int]:
    """
    :param ahead: requests before this one. :param working: agents at work, > 0; ``free`` of them have no call.
    :param samples: handle times, seconds, sorted, not empty.
    :returns: seconds, rounded outwards: the low end down, the high end up.
    """
    rounds = max(0, ahead + 1 - free) / working
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
