"""
The call: a pure state machine. ``receive(call, event, now)`` returns the next call and the commands to carry out.

Decides: which state follows, what each party may do, who is still waited for, why and by whose fault it ended.
Leaves to others: the queue's inside (``interpreter_queue``), media and SIP (``relay``), running the commands
(``signaling.call_runner``). What the media should be is derived from the call, and what the phone party hears
announced (``signaling.call_plan``), and what the pages show (``signaling.call_view``): none of it is commanded.

The transitions are the table ``signaling.call_table.ROWS``; telephones are in ``signaling.call_phone``, calls that
somebody else begins in ``signaling.call_incoming``.
"""

from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    AnnouncementOver,
    Assigned,
    CloseMedia,
    Command,
    Enqueue,
    Event,
    LegConnected,
    LegDisconnected,
    MediaLost,
    MessageRecorded,
    OpenMedia,
    PageCame,
    PageWent,
    PhoneReferred,
    PhoneReport,
    PhoneSoundHeard,
    PhoneTextAgreed,
    PhoneVoice,
    PlayRecording,
    QueueGaveUp,
    RecordingOver,
    ReleaseAgent,
    ReportAbuse,
    RingDevices,
    TakeIncoming,
    Tick,
)
from signaling.call_incoming import (
    accept,
    announcement_over,
    decline,
    leave_the_line,
    message_recorded,
    ring_timeout,
)
from signaling.call_model import RESUMED_PRIORITY, Call, CallState, Side
from signaling.call_phone import act_on_phone, leave_without_agent, phone_report, referred
from signaling.call_step import OutOfPlaceError, Step, go, receiver, with_leg, with_side
from signaling.call_table import actions, find_row

S = CallState

__all__ = ["OutOfPlaceError", "Step", "begin", "next_deadline", "receive"]


def begin(call: Call) -> tuple[Command, ...]:
    """:returns: a new call's first commands."""
    if call.state is not S.INCOMING:
        return (Enqueue(resumed=False),)
    take: tuple[Command, ...] = (TakeIncoming(call.phone),) if call.phone is not None else ()
    return (*take, RingDevices(receiver(call))) if receiver(call) else take


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
            return go(call, "alerting", now, alerted_at=call.alerted_at or now)
        case AlertEnded():
            return go(call, "alert_ended", now)
        case Assigned():
            return _assigned(call, event, now)
        case QueueGaveUp():
            return leave_the_line(call, "queue_gave_up", now)
        case PageCame() | PageWent():
            return _page(call, event, now)
        case LegConnected(party) | LegDisconnected(party):
            return with_side(call, party, connected=isinstance(event, LegConnected)), ()
        case MediaLost():
            return _media_lost(call)
        case PhoneReport():
            return phone_report(call, event, now)
        case PhoneVoice(speaking):
            return (with_leg(call, call.phone, speaking=speaking), ()) if call.has_phone else (call, ())
        case PhoneSoundHeard(sound):
            return (with_leg(call, call.phone, sound=sound), ()) if call.watching else (call, ())
        case PhoneTextAgreed(enabled):
            return (with_leg(call, call.phone, text=enabled), ()) if call.has_phone else (call, ())
        case PhoneReferred():
            return referred(call, event, now)
        case AnnouncementOver():
            return announcement_over(call, event, now)
        case MessageRecorded():
            return message_recorded(call, event, now)
        case RecordingOver():
            return call.model_copy(update={"playing": False}), ()
        case Tick():
            return _tick(call, now)


def next_deadline(call: Call) -> float | None:
    """:returns: Unix seconds at which ``Tick`` is due, None while nobody is waited for."""
    if call.state is S.ENDED:
        return None
    deadlines = [call.ring_until if call.state is S.INCOMING else None]
    deadlines.append(call.message_until if call.state is S.MESSAGE else None)
    if call.signer.lost_since is not None and find_row(call, "signer_timeout"):
        deadlines.append(call.signer.lost_since + call.grace.signer_s)
    if call.is_together and call.agent.lost_since is not None:
        deadlines.append(call.agent.lost_since + _agent_grace_s(call))
    return min((each for each in deadlines if each is not None), default=None)


def _agent_grace_s(call: Call) -> float:
    """Nobody can take the place of somebody who was called."""
    return call.grace.signer_s if call.kind == "video" else call.grace.agent_s


def _is_due(deadline: float | None, now: float) -> bool:
    return deadline is not None and now >= deadline


def _tick(call: Call, now: float) -> Step:
    if call.state is S.INCOMING and _is_due(call.ring_until, now):
        return ring_timeout(call, now)
    if call.state is S.MESSAGE and _is_due(call.message_until, now):
        return go(call, "message_over", now)
    agent_lost = call.agent.lost_since
    if call.is_together and agent_lost is not None and now >= agent_lost + _agent_grace_s(call):
        return _agent_gone(call, now)
    signer_lost = call.signer.lost_since
    if signer_lost is not None and now >= signer_lost + call.grace.signer_s:
        return leave_the_line(call, "signer_timeout", now)
    return call, ()


def _assigned(call: Call, event: Assigned, now: float) -> Step:
    if event.assignment_id in call.past_assignments:
        return call, ()
    return go(
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
    if call.kind == "video":
        return go(call, "agent_timeout", now)
    commands: list[Command] = []
    if call.agent_key is not None:
        commands.append(ReleaseAgent(call.agent_key, wrap_up=False))
    if call.playing:
        commands.append(PlayRecording(None, receiver(call)))
    call, on_the_line = leave_without_agent(call, now)
    commands += [*on_the_line, CloseMedia(), Enqueue(resumed=True)]
    gone = (*call.served_by, call.agent_key) if call.agent_key else call.served_by
    return go(
        with_side(call, "signer", connected=False),
        "agent_timeout",
        now,
        *commands,
        agent=Side(present=False),
        agent_key=None,
        assignment_id=None,
        trade=None,
        playing=False,
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
        return with_side(call, party, present=False, lost_since=since), ()
    call = with_side(call, party, present=True, lost_since=None)
    if event.device is not None:
        call = call.model_copy(update={"signer_device" if party == "signer" else "peer_device": event.device})
    return call, ((OpenMedia(party),) if call.is_together and not event.has_media else ())


def _media_lost(call: Call) -> Step:
    call = with_side(with_side(call, "signer", connected=False), "agent", connected=False)
    return call, ((OpenMedia("signer"), OpenMedia("agent")) if call.is_together else ())


def _act(call: Call, act: Act, now: float) -> Step:
    if act.action not in actions(call, act.party):
        raise OutOfPlaceError(act.party, act.action, call.state)
    match act.action:
        case "accept":
            return accept(call, act, now)
        case "decline":
            return decline(call, now)
        case "hang_up":
            return leave_the_line(call, "signer_hangs_up" if act.party == "signer" else "agent_hangs_up", now)
        case "end_and_report_abuse":
            return go(call, "abuse", now, ReportAbuse(by=call.agent_key or ""))
        case "mute" | "unmute":
            return with_side(call, act.party, muted=act.action == "mute"), ()
        case "hide_picture" | "show_picture":
            return with_side(call, act.party, hidden=act.action == "hide_picture"), ()
        case _:
            step = act_on_phone(call, act, now)
            if step is None:
                raise OutOfPlaceError(act.party, act.action, call.state)
            return step
