"""What each party's page is told about its call. Pure: the whole state, every time."""

from signaling.call_model import Call, Party, Side
from signaling.call_table import actions
from signaling.messages import CallStateMessage, PartyView, PhoneView, QueueView


def view(
    call: Call, party: Party, now: float, queue: QueueView | None, wrap_up_until: float | None = None
) -> CallStateMessage:
    own = call.signer if party == "signer" else call.agent
    return CallStateMessage(
        call_id=call.call_id,
        kind=call.kind,
        state=call.state,
        mode=call.mode,
        leg=party,
        brand=call.brand,
        brand_name=call.brand_name,
        trade=call.trade,
        voice=call.voice,
        hearing=call.hearing,
        muted=own.muted,
        hidden=call.agent.hidden,
        phone=_phone(call),
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


def _phone(call: Call) -> PhoneView:
    leg = call.phone
    if leg is None:
        return PhoneView(number=call.display)
    return PhoneView(
        number=leg.display,
        progress=leg.progress,
        outcome=leg.outcome,
        held=leg.held,
        speaking=leg.speaking,
        dialled_at=leg.dialled_at,
        answered_at=leg.answered_at,
    )
