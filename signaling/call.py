"""
The call: a pure state machine. ``receive(call, event, now)`` returns the next call and the commands to carry out.

Decides: which state follows, what each party may do, who is still waited for, why and by whose fault it ended.
Leaves to others: the queue's inside (``interpreter_queue``), media and SIP (``relay``), running the commands
(``signaling.call_runner``). What the media should be is derived from the call (``signaling.call_plan``), and what the
pages show too (``signaling.call_view``): neither is commanded step by step.

The transitions are the table ``signaling.call_table.ROWS``.
"""

from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    Assigned,
    CloseMedia,
    Command,
    DialPhone,
    Enqueue,
    Event,
    HangUpPhone,
    HoldPhone,
    LeaveQueue,
    LegConnected,
    LegDisconnected,
    MediaLost,
    OpenMedia,
    PageCame,
    PageWent,
    PhoneReport,
    PhoneVoice,
    QueueGaveUp,
    ReleaseAgent,
    ReportAbuse,
    SendDtmf,
    Tick,
    WriteRecord,
)
from signaling.call_model import (
    RESUMED_PRIORITY,
    WAITING,
    Action,
    Call,
    CallState,
    Party,
    PhoneLegState,
    Side,
)
from signaling.call_table import Trigger, actions, find_row

S = CallState


class OutOfPlaceError(Exception):
    """A party asked for something its call does not allow now. Changes nothing."""

    def __init__(self, party: Party, action: Action, state: CallState) -> None:
        super().__init__(f"{party} may not {action} while {state}")
        self.party, self.action, self.state = party, action, state


Step = tuple[Call, tuple[Command, ...]]


def receive(call: Call, event: Event, now: float) -> Step:  # noqa: PLR0912 -- one line per kind of event
    """
    :param now: Unix seconds.
    :raises OutOfPlaceError: an ``Act`` that is not among :func:`actions`; nothing has changed.
    :returns: the call unchanged, with no command, for an event that means nothing now (late, repeated).
    """
    if call.state is S.ENDED:
        if isinstance(event, Act):
            raise OutOfPlaceError(event.party, event.action, call.state)
        return call, ()
    match event:
        case Act():
            return _act(call, event, now)
        case Alerting():
            return _go(call, "alerting", now, alerted_at=call.alerted_at or now)
        case AlertEnded():
            return _go(call, "alert_ended", now)
        case Assigned():
            return _assigned(call, event, now)
        case QueueGaveUp():
            return _go(call, "queue_gave_up", now)
        case PageCame() | PageWent():
            return _page(call, event, now)
        case LegConnected(party) | LegDisconnected(party):
            return _with_side(call, party, connected=isinstance(event, LegConnected)), ()
        case MediaLost():
            return _media_lost(call)
        case PhoneReport():
            return _phone_report(call, event, now)
        case PhoneVoice(speaking):
            return (_with_phone(call, speaking=speaking), ()) if call.has_phone else (call, ())
        case Tick():
            return _tick(call, now)


def next_deadline(call: Call) -> float | None:
    """:returns: Unix seconds at which ``Tick`` is due, None while nobody is waited for."""
    if call.state is S.ENDED:
        return None
    deadlines = []
    if call.signer.lost_since is not None and find_row(call, "signer_timeout"):
        deadlines.append(call.signer.lost_since + call.grace.signer_s)
    if call.is_together and call.agent.lost_since is not None:
        deadlines.append(call.agent.lost_since + call.grace.agent_s)
    return min(deadlines, default=None)


def _tick(call: Call, now: float) -> Step:
    agent_lost = call.agent.lost_since
    if call.is_together and agent_lost is not None and now >= agent_lost + call.grace.agent_s:
        return _agent_gone(call, now)
    signer_lost = call.signer.lost_since
    if signer_lost is not None and now >= signer_lost + call.grace.signer_s:
        return _go(call, "signer_timeout", now)
    return call, ()


def _go(call: Call, trigger: Trigger, now: float, *commands: Command, **changes: object) -> Step:
    """Follow the table; an ending brings its commands with it."""
    row = find_row(call, trigger)
    if row is None:
        return call, ()
    after = call.model_copy(update={**changes, "state": row.target})
    if row.end is None:
        return after, commands
    reason, fault = row.end
    after = after.model_copy(update={"ended_at": now, "end_reason": reason, "end_fault": fault})
    return _close_phone(after, now), (*commands, *_ending(call))


def _ending(call: Call) -> tuple[Command, ...]:
    commands: list[Command] = []
    if call.state in WAITING:
        commands.append(LeaveQueue())
    if call.has_phone:
        commands.append(HangUpPhone())
    commands.append(CloseMedia())
    if call.is_together and call.agent_key is not None:
        commands.append(ReleaseAgent(call.agent_key, wrap_up=True))
    commands.append(WriteRecord())
    return tuple(commands)


def _assigned(call: Call, event: Assigned, now: float) -> Step:
    if event.assignment_id in call.past_assignments:
        return call, ()
    return _go(
        call,
        "assigned",
        now,
        OpenMedia("signer"),
        OpenMedia("agent"),
        agent_key=event.agent_key,
        assignment_id=event.assignment_id,
        trade=event.trade,
        agent=Side(),
        together_at=call.together_at or now,
        alerted_at=call.alerted_at or now,
    )


def _agent_gone(call: Call, now: float) -> Step:
    """The signer goes to the head of the line; a phone party who is on the line waits on hold."""
    commands: list[Command] = []
    if call.agent_key is not None:
        commands.append(ReleaseAgent(call.agent_key, wrap_up=False))
    if call.phone is not None and call.has_phone:
        if call.phone.is_up:
            call = _with_phone(call, held=True)
            commands.append(HoldPhone(True))
        else:
            call = _close_phone(call, now)
            commands.append(HangUpPhone())
    commands += [CloseMedia(), Enqueue(resumed=True)]
    gone = (*call.served_by, call.agent_key) if call.agent_key else call.served_by
    lost = call.model_copy(update={"signer": call.signer.model_copy(update={"connected": False})})
    return _go(
        lost,
        "agent_timeout",
        now,
        *commands,
        agent=Side(present=False),
        agent_key=None,
        assignment_id=None,
        trade=None,
        served_by=gone,
        past_assignments=(*call.past_assignments, call.assignment_id or ""),
        # Served already: ahead of everyone who is not an emergency, at the place of the first arrival.
        priority=max(call.priority, RESUMED_PRIORITY),
    )


def _page(call: Call, event: PageCame | PageWent, now: float) -> Step:
    party = event.party
    if isinstance(event, PageWent):
        side = call.signer if party == "signer" else call.agent
        since = side.lost_since if side.lost_since is not None else now
        return _with_side(call, party, present=False, lost_since=since), ()
    call = _with_side(call, party, present=True, lost_since=None)
    if event.device is not None:
        call = call.model_copy(update={"signer_device" if party == "signer" else "peer_device": event.device})
    return call, ((OpenMedia(party),) if call.is_together and not event.has_media else ())


def _media_lost(call: Call) -> Step:
    call = _with_side(_with_side(call, "signer", connected=False), "agent", connected=False)
    return call, ((OpenMedia("signer"), OpenMedia("agent")) if call.is_together else ())


def _act(call: Call, act: Act, now: float) -> Step:
    if act.action not in actions(call, act.party):
        raise OutOfPlaceError(act.party, act.action, call.state)
    match act.action:
        case "hang_up":
            return _go(call, "signer_hangs_up" if act.party == "signer" else "agent_hangs_up", now)
        case "end_and_report_abuse":
            return _go(call, "abuse", now, ReportAbuse(by=call.agent_key or ""))
        case "dial":
            return _dial(call, act, now)
        case "hang_up_phone":
            return call, (HangUpPhone(),)
        case "hold" | "resume":
            held = act.action == "hold"
            return _with_phone(call, held=held), (HoldPhone(held),)
        case "dtmf":
            return call, ((SendDtmf(act.digits),) if act.digits else ())
        case "mute" | "unmute":
            return _with_side(call, act.party, muted=act.action == "mute"), ()
        case "hide_picture" | "show_picture":
            return _with_side(call, act.party, hidden=act.action == "hide_picture"), ()
        case _:
            raise OutOfPlaceError(act.party, act.action, call.state)


def _dial(call: Call, act: Act, now: float) -> Step:
    target, display = act.target or call.target, act.display if act.target else call.display
    if target is None:
        raise OutOfPlaceError(act.party, "dial", call.state)
    leg = PhoneLegState(
        attempt=f"{call.call_id}-{len(call.phone_legs) + 1}", target=target, display=display or target, dialled_at=now
    )
    return _go(
        call,
        "dial",
        now,
        DialPhone(leg),
        phone_legs=(*call.phone_legs, leg),
        target=target,
        display=display,
    )


def _phone_report(call: Call, report: PhoneReport, now: float) -> Step:
    phone = call.phone
    if phone is None or phone.is_over or report.attempt != phone.attempt:
        return call, ()
    if report.progress == "held":  # the phone worker confirms what the call already says
        return call, ()
    code = report.sip_code if report.sip_code is not None else phone.sip_code
    match report.progress:
        case "ended":
            call = _close_phone(_with_phone(call, sip_code=code, outcome=report.outcome or "hung_up"), now)
            return _go(call, "phone_ended", now)
        case "answered":
            if phone.answered_at is not None:
                return call, ()
            call = _with_phone(call, progress="answered", answered_at=now, sip_code=code)
            return _go(call, "phone_answered", now)
        case "ringing" | "early_media":
            call = _with_phone(call, progress=report.progress, sip_code=code)
            return _go(call, "phone_ringing", now) if call.state is S.DIALING else (call, ())
        case _:
            return call, ()


def _close_phone(call: Call, now: float) -> Call:
    phone = call.phone
    if phone is None or phone.is_over:
        return call
    return _with_phone(
        call, progress="ended", ended_at=now, outcome=phone.outcome or "released", held=False, speaking=False
    )


def _with_phone(call: Call, **changes: object) -> Call:
    phone = call.phone
    if phone is None:
        return call
    return call.model_copy(update={"phone_legs": (*call.phone_legs[:-1], phone.model_copy(update=changes))})


def _with_side(call: Call, party: Party, **changes: object) -> Call:
    side = call.signer if party == "signer" else call.agent
    return call.model_copy(update={party: side.model_copy(update=changes)})
