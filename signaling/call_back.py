"""A call-back: an agent is reserved first, then the signer's devices ring. Pure."""

from typing import Final

from signaling.call_events import Act, AskCallback, Assigned, Command, Enqueue, OpenMedia, ReleaseAgent, RingDevices
from signaling.call_model import Call, Side
from signaling.call_step import Step, go
from signaling.call_table import Trigger

CALLBACK_RING_S: Final = 45.0  # an agent waits meanwhile


def ring_signer(call: Call, event: Assigned, now: float) -> Step:
    bell: tuple[Command, ...] = (RingDevices(call.signer_id),) if call.signer_id else ()
    return go(
        call,
        "assigned",
        now,
        *bell,
        agent_key=event.agent_key,
        agent_hears=event.hears,
        assignment_id=event.assignment_id,
        trade=event.trade,
        agent=Side(),
        alerted_at=call.alerted_at or now,
        ring_until=now + CALLBACK_RING_S,
    )


def accept_callback(call: Call, act: Act, now: float) -> Step:
    """In the mode it was asked in; the first device that takes it has it."""
    return go(
        call,
        "accept",
        now,
        OpenMedia("signer"),
        OpenMedia("agent"),
        signer=Side(watched=act.watched and call.signer.watched),
        signer_device=act.device,
        signer_device_type=act.device_type,
        accepted_at=now,
        together_at=now,
        ring_until=None,
    )


def wait_again(call: Call, trigger: Trigger, now: float) -> Step:
    """The reserved agent is gone: the call-back waits on at its place, for somebody else."""
    gone = call.agent_key or ""
    return go(
        call,
        trigger,
        now,
        ReleaseAgent(gone, call.agent_request_id, wrap_up=False),
        Enqueue(call.call_id),
        agent=Side(present=False),
        agent_key=None,
        agent_hears=False,
        assignment_id=None,
        trade=None,
        ring_until=None,
        past_assignments=(*call.past_assignments, call.assignment_id or ""),
        refused_agents=(*call.refused_agents, gone) if trigger == "agent_hangs_up" else call.refused_agents,
    )


def ask_callback(call: Call, act: Act, now: float) -> Step:
    return go(call, "ask_callback", now, AskCallback(act.at))
