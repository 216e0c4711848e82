"""
Who could take a call over, or come beside its agent: as an agent sees it. Pure.

Availability only: no load, no figures, nobody's pause reason. Nobody's refusal is told: whoever is refused is shown as
busy, as they would be to somebody who looks a moment later.
"""

from collections.abc import Iterable, Mapping

from interpreter_queue.model import AgentRecord, AgentState, Request, RequestRecord, Target
from interpreter_queue.policy import WORKING, trade_for
from signaling.call_model import Call
from signaling.messages.serving import Colleague, Colleagues
from signaling.queue_skills import SECOND_LEVEL_SKILL, levels, may_be_asked_for

LISTED = 50  # the available first; nobody reads further


def colleagues(call: Call, agent_id: str, agents: Iterable[AgentRecord], names: Mapping[str, str]) -> Colleagues:
    """
    :param agent_id: who asks. :param names: by agent id; whoever has none is not listed.
    """
    record = _record(call)
    able = [
        agent.model_copy(update={"state": _shown(agent, call)})
        for agent in agents
        if agent.agent_id != agent_id and agent.state in WORKING and trade_for(agent, record) is not None
    ]
    listed = sorted(
        (agent for agent in able if agent.agent_id in names),
        key=lambda agent: (agent.state != "idle", names[agent.agent_id].casefold(), agent.agent_id),
    )
    return Colleagues(
        call_id=call.call_id,
        people=tuple(_colleague(agent, names[agent.agent_id]) for agent in listed[:LISTED]),
        skills=tuple(sorted({name for agent in able for name in agent.agent.skills if may_be_asked_for(name)})),
        second_level=any(SECOND_LEVEL_SKILL in agent.agent.skills for agent in able),
    )


def _shown(agent: AgentRecord, call: Call) -> AgentState:
    if agent.state == "wrap_up":
        return agent.state  # free in a moment: worth waiting for
    return "idle" if agent.state == "idle" and agent.agent_id not in call.refused_agents else "engaged"


def _colleague(agent: AgentRecord, name: str) -> Colleague:
    return Colleague(
        agent_id=agent.agent_id,
        name=name,
        state=agent.state,
        trades=tuple(sorted(agent.agent.trades)),
        second_level=SECOND_LEVEL_SKILL in agent.agent.skills,
    )


def _record(call: Call) -> RequestRecord:
    """The call as if it were sought for now, and nobody refused."""
    anybody = (Target(trades=call.trades, skills=levels(call.skills)),)
    request = Request(
        call_id=call.call_id,
        targets=call.line.targets or anybody,
        rehearsal=call.rehearsal,
    )
    return RequestRecord(request=request, state="queued", queued_at=call.queued_at, enqueued_at=call.queued_at)
