"""The phone legs of a call: dialled, joined, transferred, and what the phone worker reports of them. Pure."""

from typing import Final

from relay.model import PhoneOutcome
from signaling.call_events import (
    Act,
    Command,
    DialPhone,
    HangUpPhone,
    HoldPhone,
    PhoneReferred,
    PhoneReport,
    PlayRecording,
    RefuseReferral,
    SendDtmf,
    TransferPhone,
    WatchHold,
)
from signaling.call_model import Call, PhoneLegState
from signaling.call_second import hold_for_consultation
from signaling.call_step import OutOfPlaceError, Step, closed, go, receiver, with_leg
from signaling.call_table import ORDINARY_LEGS_LIMIT, was_dialled
from signaling.call_terms import CallState

S = CallState
ANNOUNCED_WITHIN_S: Final = 8.0  # so long an agent needs to say who calls: whoever hangs up earlier took it for a sale
AFTER_HANGING_UP_S: Final = 15.0  # for the phone worker to tell what was recorded, once the caller has hung up


def attempt_name(call_id: str, number: int) -> str:
    """:param number: of the phone leg in the call, from 1."""
    return f"{call_id}-{number}"


def act_on_phone(call: Call, act: Act, now: float) -> Step | None:
    """:returns: None: not an action about the telephone. :raises OutOfPlaceError: it lacks a number."""
    phone = call.phone
    match act.action:
        case "dial":
            return _dial(call, act, now)
        case "hang_up_phone":
            return call, (HangUpPhone(),)
        case "voicemail" if phone is not None:
            return with_leg(call, phone, outcome="voicemail"), (HangUpPhone(phone.attempt),)
        case "transfer":
            return _transfer(call, act)
        case "join_phone":
            return _join(call, act, now)
        case "hang_up_joined" if call.joined is not None:
            return call, (HangUpPhone(call.joined.attempt),)
        case "watch_hold" | "stop_watching":
            watching = act.action == "watch_hold"
            after = with_leg(call, phone, sound=None).model_copy(update={"watching": watching})
            after, waits = hold_for_consultation(after)
            return after, (WatchHold(watching), *waits)
        case "hold" | "resume":
            held = act.action == "hold"
            return with_leg(call, phone, held=held), (HoldPhone(held),)
        case "dtmf":
            return call, ((SendDtmf(act.digits),) if act.digits else ())
        case "play_message" | "stop_message":
            playing = act.action == "play_message"
            key = call.recording if playing else None
            return call.model_copy(update={"playing": playing}), (PlayRecording(key, receiver(call)),)
        case _:
            return None


def _dial(call: Call, act: Act, now: float) -> Step:
    target, display = act.target or call.target, act.display if act.target else call.display
    if target is None:
        raise OutOfPlaceError(act.party, "dial", call.state)
    leg = _next_leg(call, target, display, now)
    quiet: tuple[Command, ...] = (PlayRecording(None, receiver(call)),) if call.playing else ()
    return go(
        call,
        "dial",
        now,
        *quiet,
        DialPhone(leg),
        phone_legs=(*call.phone_legs, leg),
        target=target,
        display=display,
        playing=False,
        location=act.location or call.location,
    )


def _join(call: Call, act: Act, now: float) -> Step:
    if act.target is None:
        raise OutOfPlaceError(act.party, "join_phone", call.state)
    leg = _next_leg(call, act.target, act.display, now, joined=True)
    return call.model_copy(update={"phone_legs": (*call.phone_legs, leg)}), (DialPhone(leg),)


def _transfer(call: Call, act: Act) -> Step:
    """Blind, or with None attended: to the second phone party, who must be on the line."""
    if act.target is None and not (call.joined is not None and call.joined.is_up):
        raise OutOfPlaceError(act.party, "transfer", call.state)
    return call, (TransferPhone(act.target),)


def referred(call: Call, event: PhoneReferred, now: float) -> Step:
    """
    The phone party wants to be replaced; until the other one answers, both are there. Whoever called us may not: nobody
    dials out by calling in (toll fraud).
    """
    phone = call.phone
    is_current = phone is not None and phone.is_up and phone.attempt == event.attempt and was_dialled(call)
    if call.state is not S.ACTIVE or not is_current or call.has_joined or len(call.phone_legs) >= ORDINARY_LEGS_LIMIT:
        return call, (RefuseReferral(event.attempt),)
    leg = _next_leg(call, event.target, event.display, now, joined=True)
    return call.model_copy(update={"phone_legs": (*call.phone_legs, leg)}), (DialPhone(leg, replaces=event.attempt),)


def _next_leg(call: Call, target: str, display: str | None, now: float, *, joined: bool = False) -> PhoneLegState:
    attempt = attempt_name(call.call_id, len(call.phone_legs) + 1)
    return PhoneLegState(attempt=attempt, target=target, display=display or target, dialled_at=now, joined=joined)


# --- what the phone worker reports ------------------------------------------------------------------------


def phone_report(call: Call, report: PhoneReport, now: float) -> Step:
    leg = next((each for each in (call.phone, call.joined) if each and each.attempt == report.attempt), None)
    if leg is None or leg.is_over:
        return call, ()
    code = report.sip_code if report.sip_code is not None else leg.sip_code
    match report.progress:
        case "ended":
            return _ended(call, leg.model_copy(update={"sip_code": code}), report.outcome, now)
        case "answered":
            return _answered(call, leg, code, now)
        case "ringing" | "early_media":
            if leg.answered_at is not None:
                return call, ()
            call = with_leg(call, leg, progress=report.progress, sip_code=code)
            return go(call, "phone_ringing", now) if call.state is S.DIALING and not leg.joined else (call, ())
        case _:  # held: the phone worker confirms what the call already says
            return call, ()


def _answered(call: Call, leg: PhoneLegState, code: int | None, now: float) -> Step:
    if leg.answered_at is not None:
        return call, ()
    announcing = call.announce == "recorded" and not leg.joined
    call = with_leg(call, leg, progress="answered", answered_at=now, sip_code=code, announcing=announcing)
    if not leg.joined:
        call, held = hold_for_consultation(call)
        return go(call, "phone_answered", now, *held)
    return call, ((HoldPhone(True),) if call.phone is not None and call.phone.held else ())


def _ended(call: Call, leg: PhoneLegState, outcome: PhoneOutcome | None, now: float) -> Step:
    over = closed(leg.model_copy(update={"outcome": leg.outcome or _outcome(call, leg, outcome, now)}), now)
    call = with_leg(call, leg, **over.model_dump())
    if leg.joined:
        return call, ()
    quiet: tuple[Command, ...] = (WatchHold(False),) if call.watching else ()
    changes: dict[str, object] = {"watching": False}
    if call.state is S.MESSAGE and call.message_until is not None:
        changes["message_until"] = min(call.message_until, now + AFTER_HANGING_UP_S)
    after, commands = go(call, "phone_ended", now, *quiet, **changes)
    # a second phone party who is still there is the phone party now
    return with_leg(after, after.joined, joined=False) if after.has_joined else after, commands


def _outcome(call: Call, leg: PhoneLegState, told: PhoneOutcome | None, now: float) -> PhoneOutcome:
    outcome = told or "hung_up"
    if outcome != "hung_up" or leg.answered_at is None or leg.joined or call.announce == "none":
        return outcome
    is_early = leg.announcing or now - leg.answered_at < ANNOUNCED_WITHIN_S
    was_dialled = call.direction == "outgoing" or leg.attempt != call.phone_legs[0].attempt
    return "hung_up_at_announcement" if was_dialled and is_early else outcome


def leave_without_agent(call: Call, now: float) -> Step:
    """Whoever is on the line waits on hold; whoever is still being rung is not rung any more."""
    phone, joined = call.phone, call.joined
    if phone is None or phone.is_over:
        return call, ()
    if not phone.is_up:
        return with_leg(call, phone, **closed(phone, now).model_dump()), (HangUpPhone(),)
    commands: list[Command] = [HoldPhone(True)]
    call = with_leg(call, phone, held=True)
    if joined is not None and not joined.is_over and not joined.is_up:
        call = with_leg(call, joined, **closed(joined, now).model_dump())
        commands.append(HangUpPhone(joined.attempt))
    return call, tuple(commands)
