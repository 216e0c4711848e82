"""
One agent's call goes on with another: handed over, transferred, or taken over from an agent who is lost. Pure.

Warm: whoever is beside the agent becomes the agent, and nothing is cut. Cold: the call waits at the head of the line.
"""

from interpreter_queue.model import PRIORITY_RESUMED
from signaling.call_events import (
    Act,
    CloseMedia,
    Command,
    Enqueue,
    PlayRecording,
    PromoteSecond,
    ReleaseAgent,
    WriteRecord,
)
from signaling.call_model import Call, Second, Side
from signaling.call_phone import leave_without_agent
from signaling.call_second import end_consultation, without_second
from signaling.call_step import Step, go, let_second_go, receiver, with_side
from signaling.call_table import Trigger, has_colleague


def hand_over(call: Call, now: float) -> Step:
    return _succeed(call, "hand_over", now, wrap_up=True, transferred=True)


def transfer_call(call: Call, act: Act, now: float) -> Step:
    """The agent who hands it on is not asked to take it back."""
    refused = (*call.refused_agents, *((call.agent_key,) if call.agent_key is not None else ()))
    wishes = {"wanted": act.to, "transferred": True, "refused_agents": refused}
    return _to_the_line(call, "transfer_call", now, wrap_up=True, **wishes)


def agent_gone(call: Call, now: float) -> Step:
    """
    The agent did not come back. Who is beside them goes on at once; else the signer goes to the head of the line, and
    a phone party who is on the line waits on hold.
    """
    if has_colleague(call):
        return _succeed(call, "agent_timeout", now, wrap_up=False, transferred=False)
    return _to_the_line(call, "agent_timeout", now, wrap_up=False, transferred=False)


def _succeed(call: Call, trigger: Trigger, now: float, *, wrap_up: bool, **changes: object) -> Step:
    """The second becomes the agent; the record is of who ends the call, ``served_by`` keeps the others."""
    second = call.second
    if second is None:
        return call, ()
    released = _release(call, wrap_up=wrap_up)
    left = _left(call)
    call, back = end_consultation(call)
    successor = {
        "agent": _side(second),
        "agent_key": second.key,
        "agent_hears": second.hears,
        "agent_request": second.request_id,
        "assignment_id": second.assignment_id,
        "trade": second.trade,
    }
    after, commands = go(call, trigger, now, *released, PromoteSecond(), *back, **left, **successor, **changes)
    return without_second(after), commands


def _to_the_line(call: Call, trigger: Trigger, now: float, *, wrap_up: bool, **changes: object) -> Step:
    """Served already: ahead of everyone who is not an emergency, at the place of the first arrival."""
    commands: list[Command] = [*_release(call, wrap_up=wrap_up), *let_second_go(call, wrap_up=wrap_up)]
    if call.playing:
        commands.append(PlayRecording(None, receiver(call)))
    left = _left(call)
    call, on_the_line = leave_without_agent(without_second(call), now)
    commands += [*on_the_line, CloseMedia(), Enqueue(call.call_id)]
    nobody = {
        "agent": Side(present=False),
        "agent_key": None,
        "agent_hears": False,
        "agent_request": None,
        "assignment_id": None,
        "trade": None,
        "playing": False,
        "priority": max(call.priority, PRIORITY_RESUMED),
    }
    return go(with_side(call, "signer", connected=False), trigger, now, *commands, **left, **nobody, **changes)


def _release(call: Call, *, wrap_up: bool) -> tuple[Command, ...]:
    """What is written about a direct call after a hand-over needs the call's record to be there already."""
    if call.agent_key is None:
        return ()
    written: tuple[Command, ...] = (WriteRecord(),) if wrap_up and call.kind == "direct" else ()
    return (ReleaseAgent(call.agent_key, call.agent_request_id, wrap_up), *written)


def _left(call: Call) -> dict[str, object]:
    """Who has served is remembered, and what the queue still says of them is old news."""
    return {
        "served_by": (*call.served_by, *((call.agent_key,) if call.agent_key is not None else ())),
        "past_assignments": (*call.past_assignments, call.assignment_id or ""),
    }


def _side(second: Second) -> Side:
    return Side.model_validate({name: getattr(second, name) for name in Side.model_fields})
