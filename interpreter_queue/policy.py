"""
Who may be alerted for which request, and in which order: pure.

Trade and skills are hard requirements, refusals are absolute, rehearsals and real calls never mix. A request's
targets open one after the other; among those who may serve, an earlier target, then more of what is preferred, then
the strategy decides; among requests, ``place``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import (
    REHEARSAL_SKILL,
    Agent,
    AgentRecord,
    AgentState,
    Request,
    RequestRecord,
    Target,
    Trade,
    has_skills,
)

#: States in which an agent is at work, and may be free again soon.
WORKING: frozenset[AgentState] = frozenset({"idle", "alerting", "engaged", "hold", "wrap_up"})
Place = tuple[int, float, float, float, str]
Break = Literal["none", "proposed", "due"]


@dataclass(frozen=True)
class Match:
    """:param trade: the one in which the agent would serve."""

    call_id: str
    agent_id: str
    trade: Trade


# Who may serve


def serving_trade(agent: Agent, target: Target) -> Trade | None:
    """The trade in which the agent would serve, the target's preferred one first; None: not one of these."""
    if target.agents and agent.agent_id not in target.agents:
        return None
    if not has_skills(agent, target.skills):
        return None
    return next((trade for trade in target.trades if trade in agent.trades), None)


def is_excluded(agent: AgentRecord, record: RequestRecord) -> bool:
    """Refused by either side, declined this request, or one is a rehearsal's and the other real."""
    if (REHEARSAL_SKILL in agent.agent.skills) != record.request.rehearsal:
        return True
    return agent.agent_id in excluded(record)


def excluded(record: RequestRecord) -> frozenset[str]:
    """Agents never alerted for this request: either side has refused the other, or the agent has declined it."""
    return frozenset((*record.request.refused_agents, *record.declined_by))


def trades_for(agent: AgentRecord, record: RequestRecord) -> tuple[Trade, ...]:
    """In which trades the agent may serve this request, by any of its targets, open or not; the first one's first."""
    if is_excluded(agent, record):
        return ()
    found = (serving_trade(agent.agent, target) for target in record.request.targets)
    return tuple(dict.fromkeys(trade for trade in found if trade))


def trade_for(agent: AgentRecord, record: RequestRecord) -> Trade | None:
    """:returns: None: this agent must never be alerted for this request."""
    return next(iter(trades_for(agent, record)), None)


def preferred_met(agent: Agent, request: Request) -> int:
    """How many of the preferred skills the agent has, at least at that level."""
    return sum(agent.skills.get(name, 0) >= level for name, level in request.preferred.items())


def open_targets(record: RequestRecord, agents: Mapping[str, AgentRecord], now: float) -> int:
    """
    How many of the request's targets are open, from the first one on; at least 1.

    A target opens after its time, or at once while the one before it means only persons who cannot serve now or soon.
    """
    count = 1
    for target in record.request.targets[1:]:
        previous = record.request.targets[count - 1]
        if now < record.enqueued_at + target.after_s and not nobody_there(previous, record, agents):
            break
        count += 1
    return count


def nobody_there(target: Target, record: RequestRecord, agents: Mapping[str, AgentRecord]) -> bool:
    """The target means certain persons, and none of them is at work and may serve."""
    named = (agents.get(agent_id) for agent_id in target.agents)
    return bool(target.agents) and not any(
        agent is not None
        and agent.state in WORKING
        and not is_excluded(agent, record)
        and serving_trade(agent.agent, target)
        for agent in named
    )


# The order of the line


def place(record: RequestRecord, now: float) -> Place:
    """
    Sort key of the line, the smallest first: priority, then the accumulated one; the rest makes the order total.

    Within one priority a request's claim grows while it waits: ``head_start_s + weight * waited`` (Kleinrock's
    delay-dependent priority, 1964; as accumulating priority in Stanford, Taylor & Ziedins, Queueing Systems 77, 2014).
    """
    return at(place_at_zero(record), record.request.weight, now)


def place_at_zero(record: RequestRecord) -> Place:
    """The place as of time 0: a constant, which orders requests of the same weight at any time."""
    claim = record.request.head_start_s - record.request.weight * record.queued_at
    return (-record.request.priority, -claim, record.queued_at, record.enqueued_at, record.call_id)


def at(place: Place, weight: float, now: float) -> Place:
    """A place at time 0 as it is ``now``, for a request of that weight."""
    return (place[0], place[1] - weight * now, *place[2:])


def bypass_window_s(first: Request, later: Request, waited_s: float) -> float:
    """
    How long after ``first`` a request worded as ``later`` may have come and still be ahead of it by now.

    With a = the lag between the two arrivals and W = ``waited_s``, ``later`` is ahead when
    ``later.head_start + later.weight * (W - a) > first.head_start + first.weight * W``, that is
    ``a < W * (1 - first.weight / later.weight) + (later.head_start - first.head_start) / later.weight``.
    Whoever came after this window is behind. The rest of the wait, ``W - window``, grows with W for any two weights:
    with finitely many arrivals per second nobody is bypassed for ever. Priorities are absolute and not meant here.

    :returns: seconds, in [0, ``waited_s``].
    """
    window = waited_s * (1 - first.weight / later.weight) + (later.head_start_s - first.head_start_s) / later.weight
    return min(waited_s, max(0.0, window))


# Room


def compete(one: Request, other: Request) -> bool:
    """Both draw on the same trades, now or later: they share the room of those who wait."""
    return one.rehearsal == other.rehearsal and not one.trades.isdisjoint(other.trades)


# An agent's load


def break_state(agent: AgentRecord, now: float, config: QueueConfig) -> Break:
    """Whether a break is proposed or due, the running call included."""
    running = now - agent.engaged_at if agent.engaged_at is not None and agent.state in ("engaged", "hold") else 0.0
    signing_s = agent.signing_s + running
    if signing_s >= config.break_due_s:
        return "due"
    return "proposed" if signing_s >= config.break_proposed_s else "none"


def misses(agent: AgentRecord, now: float, config: QueueConfig) -> int:
    """Alerts not answered lately; from ``QueueConfig.missed_warning`` on a supervisor is warned."""
    return sum(at > now - config.missed_window_s for at in agent.missed_at)
