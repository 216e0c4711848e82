"""What each party's page is told about its call. Pure: the whole state, every time."""

from interpreter_queue.model import Assignment
from signaling.call_model import Call, PhoneLegState, Side
from signaling.call_offers import actions
from signaling.call_terms import CallState, EndReason, Party
from signaling.messages.call_state import CallStateMessage, PartyView, PhoneView, QueueView, SecondView
from signaling.messages.serving import Alert


def view(
    call: Call, party: Party, now: float, queue: QueueView | None, wrap_up_until: float | None = None
) -> CallStateMessage:
    shown = _whole(call, party, now, queue, wrap_up_until)
    is_supervisor = party == "second" and call.second is not None and call.second.role == "supervisor"
    return _without_numbers(shown) if is_supervisor else shown


def _without_numbers(shown: CallStateMessage) -> CallStateMessage:
    """A supervisor sees and hears once everybody has said yes; who is telephoned, and where the signer is, never."""
    phone = shown.phone.model_copy(update={"number": None})
    joined = shown.joined.model_copy(update={"number": None}) if shown.joined is not None else None
    return shown.model_copy(update={"phone": phone, "joined": joined, "location": None, "peer_name": None})


def _whole(
    call: Call, party: Party, now: float, queue: QueueView | None, wrap_up_until: float | None
) -> CallStateMessage:
    own = call.side(party)
    is_peer = call.kind == "video" and party == "agent"
    return CallStateMessage(
        call_id=call.call_id,
        kind=call.kind,
        state=call.state,
        mode=call.mode,
        leg=party,
        brand=call.brand,
        brand_name=call.brand_name,
        trade=call.trade,
        voice=call.peer_voice if is_peer else call.voice,
        hearing=call.peer_hearing if is_peer else call.hearing,
        muted=own.muted,
        watched=own.watched,
        hidden=own.hidden if party == "second" else call.agent.hidden,
        direction="incoming" if is_peer else call.direction,
        announce=call.announce,
        phone=_phone(call.phone) if call.phone is not None else PhoneView(number=call.display),
        joined=_phone(call.joined) if call.joined is not None else None,
        peer_name=call.signer_name if is_peer else call.peer_name,
        ring_until=call.ring_until if call.state in (CallState.INCOMING, CallState.CALLING_BACK) else None,
        has_message=call.direction == "outgoing" and call.recording is not None,
        location=call.location if party != "signer" else None,
        signer=_side(call.signer),
        agent=_side(call.agent),
        agent_hears=call.agent_hears and party == "agent",
        second=_second(call, party),
        active=call.active,
        swapping=call.swapping_until is not None,
        callback=call.callback_id is not None,
        transferred=call.transferred,
        queue=queue if party == "signer" else None,
        queued_at=call.queued_at,
        together_at=call.together_at,
        ended_at=call.ended_at,
        end_reason=call.end_reason,
        end_fault=call.end_fault,
        wrap_up_until=wrap_up_until if party != "signer" else None,
        actions=actions(call, party),
        now=now,
    )


def farewell(call: Call, party: Party, now: float, *, transferred: bool) -> CallStateMessage:
    """
    To whoever was in the call and is not any more while it goes on without them: for them it is over.

    :param call: as it was when they were in it. :param transferred: it goes on with somebody else by an agent's choice.
    """
    reason: EndReason = "callback_unanswered" if party == "signer" else "completed"
    over = {"state": CallState.ENDED, "ended_at": now, "end_reason": reason, "end_fault": "nobody", "actions": ()}
    return view(call, party, now, None).model_copy(update={**over, "transferred": transferred})


def alert(call: Call, request_id: str, assignment: Assignment, expires_at: float) -> Alert:
    """
    What rings at a workstation.

    :param request_id: the call's, or its second party's. :param expires_at: Unix seconds.
    """
    second = call.second if request_id != call.call_id else None
    return Alert(
        assignment_id=assignment.assignment_id,
        call_id=call.call_id,
        kind=call.kind,
        mode=call.mode,
        trade=assignment.trade,
        brand_name=call.brand_name,
        queued_at=call.queued_at if second is None else second.since,
        expires_at=expires_at,
        resumed=bool(call.served_by) and second is None,
        transferred=call.transferred and second is None,
        direction=call.direction,
        callback=call.is_callback_pending,
        role=second.role if second is not None else None,
    )


def _second(call: Call, viewer: Party) -> SecondView | None:
    """To the signer only a supervisor has a name."""
    second = call.second
    if second is None:
        return None
    parties: tuple[Party, ...] = ("signer", "agent")
    return SecondView(
        role=second.role,
        state=second.state,
        since=second.since,
        trade=second.trade,
        name=second.name if viewer != "signer" or second.role == "supervisor" else None,
        present=second.present,
        connected=second.connected,
        lost_since=second.lost_since,
        waiting_for=tuple(each for each in parties if second.state == "asked" and each not in second.agreed),
    )


def _side(side: Side) -> PartyView:
    return PartyView(present=side.present, connected=side.connected, lost_since=side.lost_since)


def _phone(leg: PhoneLegState) -> PhoneView:
    return PhoneView(
        number=leg.display or None,
        progress=leg.progress,
        outcome=leg.outcome,
        held=leg.held,
        speaking=leg.speaking,
        dialled_at=leg.dialled_at,
        answered_at=leg.answered_at,
        sound=leg.sound,
        text=leg.text,
    )
