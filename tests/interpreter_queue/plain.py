"""
The rules of the queue said as plainly as they can be, with a search through everything: what the code is compared to.

Nothing of ``policy``, ``matching`` or ``kinds`` is used here.
"""

from collections.abc import Iterable, Mapping

from interpreter_queue.config import QueueConfig
from interpreter_queue.matching import Matching
from interpreter_queue.model import AgentRecord, Request, RequestRecord, Target, Trade
from interpreter_queue.policy import Match

AT_WORK = ("idle", "alerting", "engaged", "hold", "wrap_up")


def serves(agent: AgentRecord, target: Target, record: RequestRecord) -> Trade | None:
    """In which trade the agent would serve this request by this target."""
    who, asked = agent.agent, record.request
    if asked.rehearsal != ("rehearsal" in who.skills) or who.agent_id in asked.refused_agents + record.declined_by:
        return None
    if target.agents and who.agent_id not in target.agents:
        return None
    if any(who.skills.get(name, 0) < level for name, level in target.skills.items()):
        return None
    held = [trade for trade in target.trades if trade in who.trades]
    return held[0] if held else None


def open_targets(record: RequestRecord, agents: Mapping[str, AgentRecord], now: float) -> list[Target]:
    found: list[Target] = []
    for target in record.request.targets:
        is_due = now >= record.enqueued_at + target.after_s
        if found and not is_due:
            named = [agents[name] for name in found[-1].agents if name in agents]
            if not found[-1].agents or any(a.state in AT_WORK and serves(a, found[-1], record) for a in named):
                break
        found.append(target)
    return found


def claim(record: RequestRecord, now: float) -> tuple[float, float, float, float, str]:
    """Sort key: the smallest is first in line."""
    asked = record.request
    accumulated = asked.head_start_s + asked.weight * (now - record.queued_at)
    return (-asked.priority, -accumulated, record.queued_at, record.enqueued_at, record.call_id)


def rank(agent: AgentRecord, record: RequestRecord) -> tuple[float, ...]:
    match record.request.strategy:
        case "longest_idle":
            return (agent.idle_since,)
        case "fewest_calls":
            return (agent.served, agent.idle_since)
        case "least_occupied":
            return (agent.engaged_s / max(60, agent.since - agent.signed_in_at), agent.idle_since)


def search(requests: Iterable[RequestRecord], agents: Mapping[str, AgentRecord], now: float) -> list[Match]:
    """Everybody who waits, in order, looks at every target and at every agent who is still free."""
    free = {name for name, one in agents.items() if one.state == "idle"}
    found: list[Match] = []
    for record in sorted((r for r in requests if r.state == "queued"), key=lambda r: claim(r, now)):
        candidates = []
        for number, target in enumerate(open_targets(record, agents, now)):
            for name in free:
                trade = serves(agents[name], target, record)
                if trade:
                    skills = agents[name].agent.skills
                    met = sum(skills.get(skill, 0) >= level for skill, level in record.request.preferred.items())
                    candidates.append(((number, -met, rank(agents[name], record), name), trade))
        if candidates:
            (_, _, _, name), trade = min(candidates)
            found.append(Match(record.call_id, name, trade))
            free.remove(name)
    return found


def room_limit(request: Request, waiting: Iterable[RequestRecord], config: QueueConfig) -> int | None:
    """How many may wait for the same trades, of the same brand, of the same queue; the first that is reached."""

    def draws_on(asked: Request) -> set[Trade]:
        return {trade for target in asked.targets for trade in target.trades}

    rivals = [r.request for r in waiting if r.request.rehearsal == request.rehearsal]
    rivals = [rival for rival in rivals if draws_on(rival) & draws_on(request)]
    if len(rivals) >= config.max_waiting:
        return config.max_waiting
    if request.brand and sum(r.brand == request.brand for r in rivals) >= config.max_waiting_per_brand:
        return config.max_waiting_per_brand
    if request.room is not None and sum(r.queue == request.queue for r in rivals) >= request.room:
        return request.room
    return None


def matched(requests: Iterable[RequestRecord], agents: Mapping[str, AgentRecord], now: float) -> list[Match]:
    """What ``matching`` finds, told of all of it at once."""
    matching = Matching()
    matching.advance(now)
    for agent in agents.values():
        matching.put_agent(agent)
    for record in requests:
        matching.put_request(record)
    return matching.matches(now, 1000)
