"""Calls that somebody else begins: rung, taken, declined, or left as a message. Pure."""

from typing import Final

from signaling.call_back import accept_callback
from signaling.call_events import Act, AnnouncementOver, Enqueue, LeaveQueue, MessageRecorded, OpenMedia, RecordMessage
from signaling.call_model import Call, Grace, PhoneLegState, Side
from signaling.call_phone import attempt_name
from signaling.call_step import Step, go, missed, receiver, with_leg
from signaling.call_table import Trigger, find_row
from signaling.call_terms import TRADES_BY_MODE, CallState, DeviceType

S = CallState
RING_S: Final = 180.0  # RFC 9248: up to three minutes before a message is offered
#: What the caller hears, two minutes to speak (``RecordMessage``), and what is heard after it: it is over by then.
MESSAGE_WITHIN_S: Final = 240.0


def incoming_call(
    *,
    call_id: str,
    now: float,
    signer_key: str,
    signer_id: str | None,
    caller: str | None,
    display: str | None,
    grace: Grace,
    refused_agents: tuple[str, ...] = (),
    skills: tuple[str, ...] = (),
    caller_id: str | None = None,
    ring_s: float = RING_S,
    rehearsal: bool = False,
) -> Call:
    """
    A telephone calls a signer; it has been answered, or is by the call's first command.

    :param call_id: as the phone worker made it. :param caller: E.164, None: anonymous; ``display``: as people read it.
    :param caller_id: the signer's own number, shown when they call back.
    :param ring_s: before a message is offered; 0: at once.
    """
    leg = PhoneLegState(
        attempt=attempt_name(call_id, 1),
        target=caller or "",
        display=display or "",
        dialled_at=now,
        progress="answered",
        answered_at=now,
    )
    return Call(
        call_id=call_id,
        kind="relay",
        mode="LSF",
        state=S.INCOMING,
        direction="incoming",
        signer_key=signer_key,
        signer_id=signer_id,
        signer=Side(present=False),
        trades=TRADES_BY_MODE["LSF"],
        skills=skills,
        refused_agents=refused_agents,
        caller_id=caller_id,
        target=caller,
        display=display,
        phone_legs=(leg,),
        ring_until=now + ring_s,
        rehearsal=rehearsal,
        queued_at=now,
        grace=grace,
    )


def video_call(
    *,
    call_id: str,
    now: float,
    signer_key: str,
    signer_id: str | None,
    signer_device: str | None,
    signer_name: str | None,
    peer_key: str,
    peer_name: str | None,
    grace: Grace,
    voice: bool = False,
    hearing: bool = False,
    caller_id: str | None = None,
    display: str | None = None,
    ring_s: float = RING_S,
    rehearsal: bool = False,
    signer_device_type: DeviceType | None = None,
    watched: bool = True,
) -> Call:
    """
    A signer calls another one.

    :param voice: the caller's own; with ``hearing``. :param peer_key: person id of who is called.
    :param caller_id: the caller's relay number, E.164, for the other one's list of calls.
    :param watched: the caller's own picture may be analysed.
    """
    return Call(
        call_id=call_id,
        kind="video",
        mode="LSF",
        state=S.INCOMING,
        signer_key=signer_key,
        signer_id=signer_id,
        signer_device=signer_device,
        signer_device_type=signer_device_type,
        signer=Side(watched=watched),
        signer_name=signer_name,
        peer_key=peer_key,
        peer_name=peer_name,
        trades=(),
        voice=voice,
        hearing=hearing,
        caller_id=caller_id,
        display=display,
        ring_until=now + ring_s,
        rehearsal=rehearsal,
        queued_at=now,
        grace=grace,
    )


def accept(call: Call, act: Act, now: float) -> Step:
    """The first device that takes the call has it."""
    if call.kind == "video":
        return go(
            call,
            "accept",
            now,
            OpenMedia("signer"),
            OpenMedia("agent"),
            agent=Side(watched=act.watched and call.agent.watched),
            agent_key=call.peer_key,
            peer_device=act.device,
            peer_voice=act.voice,
            peer_hearing=act.hearing,
            accepted_at=now,
            together_at=now,
        )
    if call.state is S.CALLING_BACK:
        return accept_callback(call, act, now)
    mode = act.mode or call.mode
    return go(
        call,
        "accept",
        now,
        Enqueue(call.call_id),
        mode=mode,
        trades=TRADES_BY_MODE[mode],
        line=act.line or call.line,
        voice=act.voice,
        hearing=act.hearing,
        signer=Side(watched=act.watched and call.signer.watched),
        signer_device=act.device,
        signer_device_type=act.device_type,
        accepted_at=now,
        queued_at=now,  # the wait for an agent begins
    )


def decline(call: Call, now: float) -> Step:
    return go(call, "decline", now, declined=True, **_offer(call, now))


def ring_timeout(call: Call, now: float) -> Step:
    return go(call, "ring_timeout", now, **_offer(call, now))


def leave_the_line(call: Call, trigger: Trigger, now: float) -> Step:
    """
    No agent is sought any more: the queue gave up, or the signer left.

    A caller who is still waiting is not cut off without a word: they may leave a message.
    """
    row = find_row(call, trigger)
    if row is None or row.target is not S.MESSAGE:
        return go(call, trigger, now)
    why = {"declined": trigger == "signer_hangs_up", "unserved": trigger == "queue_gave_up"}
    return go(call, trigger, now, LeaveQueue(call.call_id), **why, **_offer(call, now))


def _offer(call: Call, now: float) -> dict[str, object]:
    """The caller may leave a message."""
    if call.kind == "video" or call.state is S.CALLING_BACK:
        return {}
    return {"message_stage": "prompt", "message_until": now + MESSAGE_WITHIN_S}


def announcement_over(call: Call, event: AnnouncementOver, now: float) -> Step:
    match event.name:
        case "relay":
            return with_leg(call, call.phone, announcing=False), ()
        case "leave_message" if call.message_stage == "prompt":
            recording = call.model_copy(update={"message_stage": "recording"})
            return recording, (RecordMessage(receiver(call) or call.signer_key),)
        case "message_kept" if call.message_stage == "kept":
            return go(call, "message_over", now)
        case _:
            return call, ()


def message_recorded(call: Call, event: MessageRecorded, now: float) -> Step:
    if call.state is not S.MESSAGE or call.message_stage != "recording":
        return call, ()
    if event.key is None or not receiver(call):
        return go(call, "message_over", now)
    call = call.model_copy(update={"recording": event.key, "message_stage": "kept"})
    keep = missed(call, now, event.duration_s)
    return (call, (keep,)) if call.has_phone else go(call, "message_over", now, keep)
