"""
Every change of the queue, pure: what was read and ``now`` in, the records to write and the events to tell out.

A change is committed only if nobody else touched what it was decided from (``redis_store``); a loser reads and
decides again. Every operation is idempotent: repeated after an unknown outcome it finds nothing left to change,
and returns None.
"""

from dataclasses import replace
from typing import Any, Literal

from interpreter_queue import policy
from interpreter_queue.changes import (
    Change,
    Departed,
    View,
    alert_ended,
    end_if_alerted,
    given_back,
    handle_time,
    move,
    of_agent,
    stands,
)
from interpreter_queue.config import QueueConfig
from interpreter_queue.lifecycle import AgentInput, request_after
from interpreter_queue.model import (
    IN_CALL,
    Agent,
    AgentRecord,
    AlertEnding,
    Alerting,
    Assigned,
    Assignment,
    Cancelled,
    PauseReason,
    Presence,
    Queued,
    Released,
    Request,
    RequestRecord,
    Trade,
)

ReleaseReason = Literal["released", "call_over", "owner_lost"]
MISSES_KEPT = 20  # no more of them are remembered of one agent
DECLARED: dict[Presence, AgentInput] = {
    "offline": "leave",
    "available": "declare_available",
    "paused": "declare_paused",
    "training": "declare_training",
}


# Requests


def enqueue(view: View, request: Request, config: QueueConfig) -> Change | None:
    """New, told again, or resumed: its place in line stays the one it first had."""
    old = view.request
    if request_after(old.state if old else "gone", "enqueue") is None:
        return None
    queued_at = request.queued_at if request.queued_at is not None else old.queued_at if old else view.now
    waiting = old is not None and old.state == "queued"
    record = RequestRecord(
        request=request,
        state="queued",
        queued_at=queued_at,
        enqueued_at=old.enqueued_at if old and waiting else view.now,
        declined_by=old.declined_by if old else (),
    )
    if record == old:
        return None
    return Change(
        requests={record.call_id: record},
        events=(Queued(call_id=record.call_id, queued_at=queued_at),),
        call_leases={record.call_id: config.owner_lease_s},
    )


def reroute(view: View, request: Request, config: QueueConfig) -> Change | None:
    """
    Others are meant to serve a waiting request: the newer wording counts, its targets open anew, the place stays.

    An alert that stands is withdrawn. :param request: its ``queued_at`` is not read.
    """
    agent, old = view.agent, view.request
    if old is None or request_after(old.state, "reroute") is None:
        return None
    worded = request.model_copy(update={"queued_at": old.request.queued_at})
    if worded == old.request:
        return None
    update = {"request": worded, "state": "queued", "assignment": None, "enqueued_at": view.now}
    records: dict[str, RequestRecord | None] = {old.call_id: old.model_copy(update=update)}
    lease = {old.call_id: config.owner_lease_s}
    told = Queued(call_id=old.call_id, queued_at=old.queued_at)
    if agent and old.assignment and stands(agent, old, old.assignment.assignment_id):
        moved = move(agent, "withdraw", view.now)
        if moved:
            withdrawn = of_agent(moved, alert_ended(agent, "rerouted", None), told, requests=records)
            return replace(withdrawn, call_leases=lease)
    return Change(requests=records, events=(told,), call_leases=lease)


def alert(view: View, trade: Trade, assignment_id: str, config: QueueConfig) -> Change | None:
    """Bind the two: refused unless both are still free and the agent may serve this request in this trade."""
    agent, request = view.agent, view.request
    if agent is None or request is None or request_after(request.state, "alert") is None:
        return None
    if trade not in policy.trades_for(agent, request):
        return None
    assignment = Assignment(
        assignment_id=assignment_id,
        call_id=request.call_id,
        agent_id=agent.agent_id,
        trade=trade,
        expires_at=view.now + config.alert_s,
    )
    alerted = move(agent, "alert", view.now, assignment=assignment, until=assignment.expires_at)
    if alerted is None:
        return None
    event = Alerting(call_id=request.call_id, assignment=assignment, now=view.now)
    bound = request.model_copy(update={"state": "alerting", "assignment": assignment})
    return of_agent(alerted, event, requests={bound.call_id: bound})


def accept(view: View, assignment_id: str) -> Change | None:
    """Counts as long as the alert stands: whoever ends an alert writes it, so there is no second truth."""
    agent, request = view.agent, view.request
    if not stands(agent, request, assignment_id) or agent is None or request is None:
        return None
    engaged = move(agent, "accept", view.now, until=None, engaged_at=view.now)
    if engaged is None or agent.assignment is None:
        return None
    assigned = request.model_copy(update={"state": "assigned"})
    event = Assigned(call_id=request.call_id, assignment=agent.assignment)
    return of_agent(engaged, event, requests={request.call_id: assigned})


def decline(view: View, assignment_id: str, reason: str) -> Change | None:
    """No penalty: the agent keeps the idle rank, and is never alerted for this request again."""
    return _end_alert(view, assignment_id, "decline", "declined", decline_reason=reason)


def silence(view: View, config: QueueConfig) -> Change | None:
    """Nobody answered in time: the agent has to declare itself available again, and the miss is counted."""
    agent = view.agent
    if agent is None or agent.assignment is None or agent.until is None or agent.until > view.now:
        return None
    missed = (*(at for at in agent.missed_at if at > view.now - config.missed_window_s), view.now)
    assignment_id = agent.assignment.assignment_id
    return _end_alert(view, assignment_id, "silence", "not_responding", missed_at=missed[-MISSES_KEPT:])


def _end_alert(
    view: View,
    assignment_id: str,
    event: AgentInput,
    reason: AlertEnding,
    *,
    decline_reason: str | None = None,
    **updates: Any,
) -> Change | None:
    agent, request = view.agent, view.request
    if not stands(agent, request, assignment_id) or agent is None or request is None:
        return None
    moved = move(agent, event, view.now, **updates)
    if moved is None:
        return None
    ended = alert_ended(agent, reason, decline_reason)
    returned = given_back(request, agent.agent_id if reason == "declined" else None)
    return of_agent(moved, ended, requests={request.call_id: returned})


def cancel(view: View, reason: str, config: QueueConfig) -> Change | None:
    """Out of the queue. An alert is withdrawn; the agent of a call that is over goes to wrap-up."""
    agent, request = view.agent, view.request
    if request is None:
        return None
    gone = Cancelled(call_id=request.call_id, reason=reason)
    removed: dict[str, RequestRecord | None] = {request.call_id: None}
    if agent and request.assignment and stands(agent, request, request.assignment.assignment_id):
        moved = move(agent, "withdraw", view.now)
        if moved:
            return of_agent(moved, alert_ended(agent, "cancelled", None), gone, requests=removed)
    if agent and request.state == "assigned" and agent.call_id == request.call_id:
        over: ReleaseReason = "owner_lost" if reason == "owner_lost" else "call_over"
        released = release(view, request.call_id, config, wrap_up=True, reason=over)
        if released:
            return Change(
                released.agents, removed, (gone, *released.events), released.agent_leases, {}, released.handle
            )
    return Change(requests=removed, events=(gone,))


# Agents


def sign_in(view: View, agent: Agent, config: QueueConfig, earlier: Departed | None = None) -> Change | None:
    """
    First time: known, not yet available. Again (reload, other page): profile and lease, the state stays.

    :param earlier: as this agent last left, where that is known: within ``shift_gap_s`` the shift goes on.
    """
    old = view.agent
    lease = {agent.agent_id: config.agent_lease_s}
    if old is None:
        new = AgentRecord(
            agent=agent,
            presence="paused",
            state="paused",
            since=view.now,
            idle_since=view.now,
            signed_in_at=view.now,
        )
        return of_agent(_resumed(new, earlier, config), leases=lease)
    presence: Presence = "paused" if old.presence == "offline" else old.presence
    again = old.model_copy(update={"agent": agent, "presence": presence})
    return Change(agent_leases=lease) if again == old else of_agent(again, leases=lease)


def _resumed(new: AgentRecord, earlier: Departed | None, config: QueueConfig) -> AgentRecord:
    """With the load of the shift; without the signing time when the absence was a break."""
    if earlier is None or new.since - earlier.at >= config.shift_gap_s:
        return new
    old = earlier.record
    load: dict[str, Any] = {"served": old.served, "engaged_s": old.engaged_s, "signing_s": old.signing_s}
    if old.state in IN_CALL:
        load |= _counted(old, earlier.at)
    if new.since - earlier.at >= config.break_min_s:
        load["signing_s"] = 0.0
    return new.model_copy(update=load | {"signed_in_at": old.signed_in_at, "missed_at": old.missed_at})


def leave(view: View) -> Change | None:
    """Signed out or lease lost. An alert ends; a call is kept until released."""
    agent, request = view.agent, view.request
    if agent is None:
        return None
    left = move(agent, "leave", view.now, presence="offline", pause_reason=None)
    if left is None or left == agent:
        return None
    handle = handle_time(agent, view.now) if agent.state == "wrap_up" else None
    return end_if_alerted(view, agent, request, left, handle=handle)


def set_presence(view: View, presence: Presence, reason: PauseReason | None, config: QueueConfig) -> Change | None:
    """
    As the agent declares, or a supervisor for them; in a call or a wrap-up it counts from its end on.

    :param presence: ``offline`` is :func:`leave`. :param reason: of a pause; else not read.
    """
    agent, request = view.agent, view.request
    if agent is None:
        return None
    if presence == "offline":
        return leave(view)
    pause = reason if presence == "paused" else None
    updates: dict[str, Any] = {"presence": presence, "pause_reason": pause, "pause_after_call": False}
    declared = move(agent, DECLARED[presence], view.now, **updates, **_rested(agent, view.now, config))
    if declared is None or declared == agent:
        return None
    return end_if_alerted(view, agent, request, declared)


def _rested(agent: AgentRecord, now: float, config: QueueConfig) -> dict[str, Any]:
    """What a pause or training that is long enough changes when it ends: the signing time counts from zero again."""
    is_break = agent.state in ("paused", "training") and now - agent.since >= config.break_min_s
    return {"signing_s": 0.0} if is_break else {}


def set_pause_after_call(view: View, wanted: bool, reason: PauseReason | None, config: QueueConfig) -> Change | None:
    """
    In a call, an alert or a wrap-up: kept for its end. When idle there is nothing to wait for: pause now.

    Takes back, too, the pause that the queue itself has planned.
    """
    agent = view.agent
    if agent is None or agent.presence != "available" or agent.state == "not_responding":
        return None
    if agent.state == "idle":
        return set_presence(view, "paused", reason, config) if wanted else None
    wish = agent.model_copy(update={"pause_after_call": wanted, "pause_reason": reason if wanted else None})
    return None if wish == agent else of_agent(wish)


def hold(view: View, held: bool) -> Change | None:
    """The agent puts everybody on hold, or takes them back; the call stays the agent's."""
    agent = view.agent
    moved = move(agent, "hold" if held else "retrieve", view.now) if agent else None
    return of_agent(moved) if moved else None


def release(
    view: View, call_id: str, config: QueueConfig, *, wrap_up: bool, reason: ReleaseReason = "released"
) -> Change | None:
    """
    The call is over for this agent. Who has signed out gets no wrap-up.

    The request goes with it, unless it is another's by now (resumed, handed over).
    """
    agent, request = view.agent, view.request
    if agent is None or agent.assignment is None or agent.assignment.call_id != call_id:
        return None
    to_wrap_up = wrap_up and agent.presence != "offline"
    until = view.now + config.wrap_up_s if to_wrap_up else None
    was_engaged = agent.state in IN_CALL
    counted = _after_call(agent, view.now, config) if was_engaged else {}
    moved = move(agent, "release_to_wrap_up" if to_wrap_up else "release", view.now, until=until, **counted)
    if moved is None:
        return None
    ours = request is not None and request.assignment == agent.assignment and request.state == "assigned"
    told = (Released(call_id=call_id, agent_id=agent.agent_id, reason=reason),) if was_engaged else ()
    handle = None if to_wrap_up else handle_time(agent, view.now)
    return of_agent(moved, *told, requests={call_id: None} if ours else {}, handle=handle)


def _after_call(agent: AgentRecord, now: float, config: QueueConfig) -> dict[str, Any]:
    """The call counted into the shift; where a break is due, the pause that follows it."""
    counted = _counted(agent, now)
    wishes = agent.pause_after_call or agent.presence != "available"
    if counted["signing_s"] >= config.break_due_s and not wishes:
        counted |= {"pause_after_call": True, "pause_reason": "rest_eyes_hands"}
    return counted


def _counted(agent: AgentRecord, now: float) -> dict[str, Any]:
    talked = now - agent.engaged_at if agent.engaged_at is not None else 0.0
    return {
        "served": agent.served + 1,
        "engaged_s": agent.engaged_s + talked,
        "signing_s": agent.signing_s + talked,
    }


def extend_wrap_up(view: View, config: QueueConfig) -> Change | None:
    agent = view.agent
    if agent is None or agent.state != "wrap_up" or agent.until is None:
        return None
    if agent.extensions >= config.wrap_up_extensions:
        return None
    update = {"until": agent.until + config.wrap_up_extension_s, "extensions": agent.extensions + 1}
    return of_agent(agent.model_copy(update=update))


def finish_wrap_up(view: View, *, only_if_due: bool = False) -> Change | None:
    """:param only_if_due: the dispatcher's: nothing happens before the end of the time box."""
    agent = view.agent
    if agent is None or (only_if_due and (agent.until is None or agent.until > view.now)):
        return None
    moved = move(agent, "wrap_up_over", view.now)
    return of_agent(moved, handle=handle_time(agent, view.now)) if moved else None
