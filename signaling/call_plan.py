"""What a call's media should be now: derived from the call, never commanded step by step. Pure."""

from relay.model import CallPlan, Leg, Tap
from relay.routing import routes
from signaling.call_model import Call


def media_plan(call: Call, phone_socket: str | None, tap_socket: str | None) -> CallPlan:
    """
    :param phone_socket: the phone worker's audio socket, when a phone worker serves this call.
    :param tap_socket: a visibility worker's tap socket, None when there is none.
    """
    phone = call.phone
    has_sound = phone is not None and not phone.is_over and phone.progress in {"early_media", "answered"}
    return CallPlan(
        bridged=call.is_together,
        signer_voice=call.voice,
        signer_hearing=call.hearing,
        signer_muted=call.signer.muted,
        agent_muted=call.agent.muted,
        agent_hidden=call.agent.hidden,
        phone_socket=phone_socket if has_sound else None,
        phone_held=phone.held if phone is not None else False,
        taps=(Tap(leg="signer", socket=tap_socket),) if tap_socket and call.is_together else (),
    )


def phone_hears(call: Call, plan: CallPlan) -> dict[Leg, tuple[Leg, ...]]:
    """The mix for each destination, for the phone worker."""
    present: set[Leg] = {"phone"} if plan.phone_socket else set()
    if call.is_together:
        present |= {"signer", "agent"}
    return routes(present, plan).hears
