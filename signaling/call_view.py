"""What each party's page is told about its call. Pure: the whole state, every time."""

from signaling.call_model import Call, CallState, Party, PhoneLegState, Side
from signaling.call_table import actions
from signaling.messages import CallStateMessage, PartyView, PhoneView, QueueView


def view(
    call: Call, party: Party, now: float, queue: QueueView | None, wrap_up_until: float | None = None
) -> CallStateMessage:
    own = call.signer if party == "signer" else call.agent
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
        hidden=call.agent.hidden,
        direction="incoming" if is_peer else call.direction,
        announce=call.announce,
        phone=_phone(call.phone) if call.phone is not None else PhoneView(number=call.display),
        joined=_phone(call.joined) if call.joined is not None else None,
        peer_name=call.signer_name if is_peer else call.peer_name,
        ring_until=call.ring_until if call.state is CallState.INCOMING else None,
        has_message=call.direction == "outgoing" and call.recording is not None,
        location=call.location if party == "agent" else None,
        signer=_side(call.signer),
        agent=_side(call.agent),
        queue=queue if party == "signer" else None,
        queued_at=call.queued_at,
        together_at=call.together_at,
        ended_at=call.ended_at,
        end_reason=call.end_reason,
        end_fault=call.end_fault,
        wrap_up_until=wrap_up_until if party == "agent" else None,
        actions=actions(call, party),
        now=now,
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
