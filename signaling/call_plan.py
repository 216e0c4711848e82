"""What a call's media, and what its phone party hears announced, should be now: derived from the call. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from interpreter_queue.model import Trade
from relay.model import Announcement, CallPlan, Leg, Tap, WatchFor, WebLeg
from relay.routing import routes
from signaling.call_model import Call
from signaling.call_terms import WAITING, CallState, Mode, Party

RINGING_AGAIN_S = 5.0  # between two « la personne est appelée »: the caller hears that the line is alive
WAITING_AGAIN_S = 20.0  # between two « un interprète est recherché »

#: What must be seen of a signer who does not speak, and of whoever serves.
BY_MODE: dict[Mode, WatchFor] = {
    "LSF": "signing",
    "LSFA": "signing",
    "LfPC": "cued_speech",
    "LfPCA": "cued_speech",
    "TTH": "lips",
    "TTA": "lips",
    "CAS": "signing",
    "CAA": "lips",
}
BY_TRADE: dict[Trade, WatchFor] = {
    "interpreter": "signing",
    "lfpc_coder": "cued_speech",
    "transcriber": "lips",
    "adviser": "signing",
}


class Announced(NamedTuple):
    """:param every_s: again, so long after its end; None: once."""

    name: Announcement
    every_s: float | None = None


def announcement(call: Call) -> Announced | None:
    """:returns: what is played to the phone party now; None: it hears the people, or nothing."""
    phone = call.phone
    if phone is None or not phone.is_up:
        return None
    if call.state is CallState.INCOMING:
        return Announced("ringing", RINGING_AGAIN_S)
    if call.state is CallState.MESSAGE:
        stages: dict[str | None, Announcement] = {"prompt": "leave_message", "kept": "message_kept"}
        return Announced(stages[call.message_stage]) if call.message_stage in stages else None
    if call.state in WAITING:
        return Announced("please_wait" if call.together_at is not None else "seeking_agent", WAITING_AGAIN_S)
    if phone.held:
        return Announced("please_wait", WAITING_AGAIN_S)
    return Announced("relay") if phone.announcing else None


def media_plan(
    call: Call, phone_socket: str | None, tap_sockets: dict[WebLeg, str], unclear: Collection[WebLeg] = ()
) -> CallPlan:
    """
    :param phone_socket: the phone worker's audio socket, when a phone worker serves this call.
    :param tap_sockets: of the visibility worker, for the legs it watches.
    :param unclear: those whose picture lacks sharpness, as the visibility worker sees it.
    """
    phone = call.phone
    is_video = call.kind == "video"
    second = call.second if call.second is not None and call.second.is_joined else None
    return CallPlan(
        bridged=call.is_together,
        signer_voice=call.voice and (call.peer_hearing or not is_video),
        signer_hearing=call.hearing,
        signer_muted=call.signer.muted,
        agent_muted=call.agent.muted or (is_video and not call.peer_voice),
        agent_hidden=call.agent.hidden,
        second=second.role if second is not None else None,
        second_muted=second is not None and second.muted,
        second_hidden=second is not None and second.hidden,
        active=call.active,
        swapping=call.swapping_until is not None,
        phone_socket=phone_socket if has_phone_sound(call) else None,
        phone_held=phone.held if phone is not None else False,
        phone_text=phone.text if phone is not None else False,
        taps=tuple(Tap(leg=leg, socket=tap_sockets[leg]) for leg in watched(call) if leg in tap_sockets),
        unclear=tuple(leg for leg in watched(call) if leg in unclear),
    )


def has_phone_sound(call: Call) -> bool:
    """The phone worker has something to be heard: a telephone, or a message."""
    phone = call.phone
    on_the_line = phone is not None and not phone.is_over and phone.progress in {"early_media", "answered"}
    return on_the_line or call.playing


def watched(call: Call) -> dict[WebLeg, WatchFor]:
    """
    Whose picture is analysed, and what must be seen of them: of everybody in the call who shows one and has not
    switched it off. A supervisor only looks on.
    """
    return {party: watch_for(call, party) for party in call.in_media if _is_analysed(call, party)}


def _is_analysed(call: Call, party: Party) -> bool:
    side = call.side(party)
    is_supervisor = party == "second" and call.second is not None and call.second.role == "supervisor"
    return side.watched and not side.hidden and not is_supervisor


def watch_for(call: Call, party: Party) -> WatchFor:
    """Whoever speaks and is heard is read from the lips; in cued speech one hand counts beside them."""
    if call.kind == "video":
        return "lips" if _is_heard_by_other(call, party) else "signing"
    if party == "signer":
        is_heard = call.voice and (call.kind == "relay" or call.agent_hears)
        return "lips" if is_heard and BY_MODE[call.mode] == "signing" else BY_MODE[call.mode]
    trade = call.second.trade if party == "second" and call.second is not None else call.trade
    return BY_TRADE[trade] if trade is not None else "signing"


def _is_heard_by_other(call: Call, party: Party) -> bool:
    return (call.voice and call.peer_hearing) if party == "signer" else (call.peer_voice and call.hearing)


def phone_hears(call: Call, plan: CallPlan) -> dict[Leg, tuple[Leg, ...]]:
    """The mix for each destination, for the phone worker."""
    present: set[Leg] = {"phone"} if plan.phone_socket else set()
    if call.is_together:
        present |= {"signer", "agent", "second"}
    return routes(present, plan).hears
