"""
What a change of the queue is made of: what was read, what is written and told, and the parts that operations share.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interpreter_queue.lifecycle import AgentInput, agent_after
from interpreter_queue.model import (
    IN_CALL,
    REHEARSAL_SKILL,
    AgentChanged,
    AgentRecord,
    AlertEnded,
    AlertEnding,
    Event,
    HandleTime,
    RequestRecord,
)


@dataclass(frozen=True)
class View:
    """What was read: at most one agent and one request, the two sides of one bond. ``now`` is Redis time."""

    now: float
    agent: AgentRecord | None = None
    request: RequestRecord | None = None


@dataclass(frozen=True)
class Change:
    """
    :param agents: records to write by id; None deletes. :param requests: likewise.
    :param agent_leases: seconds from now by id; 0 ends it. :param call_leases: likewise.
    """

    agents: Mapping[str, AgentRecord | None] = field(default_factory=dict)
    requests: Mapping[str, RequestRecord | None] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    agent_leases: Mapping[str, float] = field(default_factory=dict)
    call_leases: Mapping[str, float] = field(default_factory=dict)
    handle: HandleTime | None = None


@dataclass(frozen=True)
class Departed:
    """An agent who is offline now. :param record: the last one. :param at: Redis time of leaving."""

    record: AgentRecord
    at: float


def stands(agent: AgentRecord | None, request: RequestRecord | None, assignment_id: str) -> bool:
    """Both sides are alerting by this very assignment."""
    return (
        agent is not None
        and request is not None
        and agent.state == request.state == "alerting"
        and agent.assignment is not None
        and agent.assignment == request.assignment
        and agent.assignment.assignment_id == assignment_id
    )


def move(agent: AgentRecord, event: AgentInput, now: float, **updates: Any) -> AgentRecord | None:
    """The record after the event with ``updates``; None when the table knows no such transition."""
    if agent_after(agent.state, event, "available") is None:
        return None
    after = agent.model_copy(update=updates)
    if _rests(agent, event) and after.pause_after_call and after.presence == "available":
        after = after.model_copy(update={"presence": "paused"})
    state = agent_after(agent.state, event, after.presence)
    if state == agent.state:
        return after
    common: dict[str, Any] = {"state": state, "since": now}
    if state not in ("alerting", "wrap_up", *IN_CALL):
        common |= {"assignment": None, "until": None, "extensions": 0, "engaged_at": None, "pause_after_call": False}
        if agent.state in ("wrap_up", *IN_CALL):
            common["idle_since"] = now
    return after.model_copy(update=common)


def _rests(agent: AgentRecord, event: AgentInput) -> bool:
    """The event brings the agent where its presence belongs."""
    return agent_after(agent.state, event, "available") == "idle" and agent.state not in (
        "paused",
        "training",
        "not_responding",
    )


def of_agent(
    agent: AgentRecord,
    *events: Event,
    requests: Mapping[str, RequestRecord | None] | None = None,
    leases: Mapping[str, float] | None = None,
    handle: HandleTime | None = None,
) -> Change:
    """The change of one agent, told; who is offline is forgotten."""
    gone = agent.state == "offline"
    return Change(
        agents={agent.agent_id: None if gone else agent},
        requests=requests or {},
        events=(*events, changed(agent)),
        agent_leases={agent.agent_id: 0.0} if gone else leases or {},
        handle=handle,
    )


def changed(agent: AgentRecord) -> AgentChanged:
    return AgentChanged(
        agent_id=agent.agent_id,
        state=agent.state,
        presence=agent.presence,
        reason=agent.pause_reason,
        since=agent.since,
        pause_after_call=agent.pause_after_call,
        call_id=agent.call_id,
        until=agent.until,
    )


def end_if_alerted(
    view: View,
    before: AgentRecord,
    request: RequestRecord | None,
    after: AgentRecord,
    *,
    handle: HandleTime | None = None,
) -> Change:
    """The agent goes its way; a request that was alerting it goes back to its place."""
    assignment = before.assignment
    if after.state == "alerting" or assignment is None or not stands(before, request, assignment.assignment_id):
        return of_agent(after, handle=handle)
    ended = alert_ended(before, "agent_gone", None)
    back = {assignment.call_id: given_back(request, None)} if request else {}
    return of_agent(after, ended, requests=back, handle=handle)


def alert_ended(agent: AgentRecord, reason: AlertEnding, decline_reason: str | None) -> AlertEnded:
    if agent.assignment is None:  # stands was asked before
        raise ValueError("no alert to end")
    return AlertEnded(
        call_id=agent.assignment.call_id,
        agent_id=agent.agent_id,
        assignment_id=agent.assignment.assignment_id,
        reason=reason,
        decline_reason=decline_reason,
    )


def given_back(request: RequestRecord, declined_by: str | None) -> RequestRecord:
    declined = (*request.declined_by, declined_by) if declined_by else request.declined_by
    return request.model_copy(update={"state": "queued", "assignment": None, "declined_by": declined})


def handle_time(agent: AgentRecord, now: float) -> HandleTime | None:
    """Rehearsals do not count: their calls last seconds."""
    if agent.assignment is None or agent.engaged_at is None or REHEARSAL_SKILL in agent.agent.skills:
        return None
    return HandleTime(trade=agent.assignment.trade, seconds=now - agent.engaged_at, ended_at=now)
