"""
Who is alerted for which request: pure, from what the index holds.

Trade and skills are hard requirements, refusals are absolute, rehearsals and real calls never mix. Among those
who may serve, the longest idle is first; among requests, priority, then the place in line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import REHEARSAL_SKILL, Agent, AgentRecord, AgentState, Request, RequestRecord, Trade

#: States in which an agent is at work, and may be free again soon.
WORKING: frozenset[AgentState] = frozenset({"idle", "alerting", "engaged", "wrap_up"})


#: From which agents a request draws: rehearsal or not, acceptable trades.
Pool = tuple[bool, frozenset[Trade]]


@dataclass(frozen=True)
class Match:
    call_id: str
    agent_id: str
    trade: Trade


def serving_trade(agent: Agent, request: Request) -> Trade | None:
    """
    The trade in which the agent would serve the request, the request's preferred one first.

    :returns: None when this agent must never be alerted for it.
    """
    if (REHEARSAL_SKILL in agent.skills) != request.rehearsal:
        return None
    if agent.agent_id in request.refused_agents or not request.skills <= agent.skills:
        return None
    return next((trade for trade in request.trades if trade in agent.trades), None)


def trade_for(agent: AgentRecord, request: RequestRecord) -> Trade | None:
    """As :func:`serving_trade`, and never again an agent who declined this request."""
    return None if agent.agent_id in request.declined_by else serving_trade(agent.agent, request.request)


def place(record: RequestRecord) -> tuple[float, float, float, str]:
    """Sort key of the line: priority, time of the first entry; the rest only makes the order total."""
    return (-record.request.priority, record.queued_at, record.enqueued_at, record.call_id)


def idle_rank(agent: AgentRecord) -> tuple[float, str]:
    """Sort key: longest idle since the last call first."""
    return (agent.idle_since, agent.agent_id)


def waits_for_preferred(
    record: RequestRecord, agents: Mapping[str, AgentRecord], now: float, config: QueueConfig
) -> bool:
    """True while others are held back: the preferred agent is at work and the time for it has not run out."""
    preferred = agents.get(record.request.preferred_agent or "")
    if preferred is None or preferred.state not in WORKING or preferred.state == "idle":
        return False
    return now < record.enqueued_at + config.preferred_s and trade_for(preferred, record) is not None


def plan(
    requests: Iterable[RequestRecord], agents: Mapping[str, AgentRecord], now: float, config: QueueConfig
) -> list[Match]:
    """
    Everything that can be alerted now: one agent per request, one request per agent.

    Greedy in the order of the line: nobody waits because of somebody further back.
    """
    free = sorted((agent for agent in agents.values() if agent.state == "idle"), key=idle_rank)
    matches: list[Match] = []
    for record in sorted((r for r in requests if r.state == "queued"), key=place):
        if not free:
            break
        if waits_for_preferred(record, agents, now, config):
            continue
        match = _choose(record, free)
        if match:
            matches.append(match)
            free = [agent for agent in free if agent.agent_id != match.agent_id]
    return matches


def _choose(record: RequestRecord, free: list[AgentRecord]) -> Match | None:
    preferred = record.request.preferred_agent
    for agent in sorted(free, key=lambda one: one.agent_id != preferred):  # stable: keeps the idle rank behind
        trade = trade_for(agent, record)
        if trade:
            return Match(record.call_id, agent.agent_id, trade)
    return None


def pool(request: Request) -> Pool:
    return (request.rehearsal, frozenset(request.trades))


def compete(one: Pool, other: Pool) -> bool:
    """The two could be served by the same agents: a request ahead counts in the other's position."""
    return one[0] == other[0] and not one[1].isdisjoint(other[1])


def room_limit(request: Request, waiting: Iterable[RequestRecord], config: QueueConfig) -> int | None:
    """
    Whether one more request finds room.

    :returns: the limit that is reached, of those who compete with it or of its brand; None: there is room.
    """
    rivals = [record for record in waiting if compete(pool(record.request), pool(request))]
    if len(rivals) >= config.max_waiting:
        return config.max_waiting
    same_brand = sum(1 for record in rivals if request.brand is not None and record.request.brand == request.brand)
    return config.max_waiting_per_brand if same_brand >= config.max_waiting_per_brand else None
