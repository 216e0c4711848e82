"""
The call: a pure state machine. ``receive(call, event, now)`` returns the next call and the commands to carry out.

Decides: which state follows, what each party may do, who is still waited for, why and by whose fault it ended.
Leaves to others: the queue's inside (``interpreter_queue``), media and SIP (``relay``), running the commands
(``signaling.call_runner``). What the media should be is derived from the call, and what the phone party hears
announced (``signaling.call_plan``), and what the pages show (``signaling.call_view``): none of it is commanded.

The transitions are the table ``signaling.call_table.ROWS``, who may do what is in ``signaling.call_offers``. Telephones
are in ``signaling.call_phone``, calls that somebody else begins in ``signaling.call_incoming`` and
``signaling.call_back``, whoever comes beside the agent in ``signaling.call_second``, the change from one agent to
another in ``signaling.call_handover``.
"""

from signaling.call_back import ask_callback, ring_signer, wait_again
from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    AnnouncementOver,
    Assigned,
    Command,
    Enqueue,
    Event,
    HoldAgent,
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
    QueueGaveUp,
    RecordingOver,
    ReportAbuse,
    RingDevices,
    SupervisorAsks,
    TakeIncoming,
    Tick,
    WatchSet,
)
from signaling.call_handover import agent_gone, hand_over, transfer_call
from signaling.call_incoming import (
    accept,
    announcement_over,
    decline,
    leave_the_line,
    message_recorded,
    ring_timeout,
)
from signaling.call_model import Call, Side
from signaling.call_offers import actions
from signaling.call_phone import act_on_phone, phone_report, referred
from signaling.call_second import (
    act_on_second,
    is_for_second,
    leave,
    queue_told,
    second_deadline,
    second_overdue,
    supervisor_asks,
)
from signaling.call_step import OutOfPlaceError, Step, go, receiver, with_leg, with_side
from signaling.call_table import find_row
from signaling.call_terms import PARTIES, WAITING, CallState, Party

S = CallState
RUNG = frozenset({S.INCOMING, S.CALLING_BACK})

__all__ = ["OutOfPlaceError", "Step", "begin", "next_deadline", "receive"]


def begin(call: Call) -> tuple[Command, ...]:
    """:returns: a new call's first commands."""
    if call.state is not S.INCOMING:
        return (Enqueue(call.call_id),)
    take: tuple[Command, ...] = (TakeIncoming(call.phone),) if call.phone is not None else ()
    return (*take, RingDevices(receiver(call))) if receiver(call) else take


def receive(call: Call, event: Event, now: float) -> Step:
    """
    :param now: Unix seconds.
    :raises OutOfPlaceError: an ``Act`` that is not among ``call_offers.actions``; nothing has changed.
    :returns: the call unchanged, with no command, for an event that means nothing now (late, repeated).
    """
    after, commands = _receive(call, event, now)
    return after, (*commands, *_holding(call, after))


def _holding(before: Call, after: Call) -> tuple[Command, ...]:
    """The queue counts an agent's holds: the phone party's, and a consultation's."""
    was, now = _on_hold(before), _on_hold(after)
    if was == now:
        return ()
    over: tuple[Command, ...] = (HoldAgent(was, False),) if was and after.is_together and was == after.agent_key else ()
    return (*over, HoldAgent(now, True)) if now else over


def _on_hold(call: Call) -> str | None:
    """:returns: the agent who has put the others on hold."""
    is_held = call.is_consulting or (call.phone is not None and call.phone.held)
    return call.agent_key if is_held and call.is_together else None


def _receive(call: Call, event: Event, now: float) -> Step:  # noqa: PLR0912 -- one line per kind of event
    if call.state is S.ENDED:
        if isinstance(event, Act):
            raise OutOfPlaceError(event.party, event.action, call.state)
        return call, ()
    match event:
        case Act():
            return _act(call, event, now)
        case Alerting() | AlertEnded() | Assigned() | QueueGaveUp() if is_for_second(call, event):
            return queue_told(call, event, now)
        case SupervisorAsks():
            return supervisor_asks(call, event, now)
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
        case WatchSet(party, enabled):
            return with_side(call, party, watched=enabled), ()
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
    deadlines = [call.ring_until if call.state in RUNG else None, second_deadline(call)]
    deadlines.append(call.message_until if call.state is S.MESSAGE else None)
    if call.signer.lost_since is not None and find_row(call, "signer_timeout"):
        deadlines.append(call.signer.lost_since + _signer_grace_s(call))
    if call.has_agent and call.agent.lost_since is not None:
        deadlines.append(call.agent.lost_since + _agent_grace_s(call))
    return min((each for each in deadlines if each is not None), default=None)


def _agent_grace_s(call: Call) -> float:
    """Nobody can take the place of somebody who was called."""
    return call.grace.signer_s if call.kind == "video" else call.grace.agent_s


def _signer_grace_s(call: Call) -> float:
    return call.grace.line_s if call.state in WAITING else call.grace.signer_s


def _is_due(deadline: float | None, now: float) -> bool:
    return deadline is not None and now >= deadline


def _tick(call: Call, now: float) -> Step:
    if call.state in RUNG and _is_due(call.ring_until, now):
        return ring_timeout(call, now)
    if call.state is S.MESSAGE and _is_due(call.message_until, now):
        return go(call, "message_over", now)
    agent_lost = call.agent.lost_since
    if call.has_agent and agent_lost is not None and now >= agent_lost + _agent_grace_s(call):
        return _agent_timeout(call, now)
    if _is_due(second_deadline(call), now):
        return second_overdue(call, now)
    signer_lost = call.signer.lost_since
    if signer_lost is not None and now >= signer_lost + _signer_grace_s(call):
        return leave_the_line(call, "signer_timeout", now)
    return call, ()


def _agent_timeout(call: Call, now: float) -> Step:
    if call.kind == "video":
        return go(call, "agent_timeout", now)
    return wait_again(call, "agent_timeout", now) if call.state is S.CALLING_BACK else agent_gone(call, now)


def _assigned(call: Call, event: Assigned, now: float) -> Step:
    if event.assignment_id in call.past_assignments:
        return call, ()
    if call.is_callback_pending:
        return ring_signer(call, event, now)
    return go(
        call,
        "assigned",
        now,
        OpenMedia("signer"),
        OpenMedia("agent"),
        agent_key=event.agent_key,
        agent_hears=event.hears,
        assignment_id=event.assignment_id,
        trade=event.trade,
        agent=Side(),
        wanted=None,
        together_at=call.together_at or now,
        alerted_at=call.alerted_at or now,
    )


def _page(call: Call, event: PageCame | PageWent, now: float) -> Step:
    party = event.party
    is_waited_for = party != "signer" or not call.is_callback_pending
    if isinstance(event, PageWent):
        since = call.side(party).lost_since or now
        return with_side(call, party, present=False, lost_since=since if is_waited_for else None), ()
    call = with_side(call, party, present=True, lost_since=None)
    if event.device is not None:
        call = call.model_copy(update={"signer_device" if party == "signer" else "peer_device": event.device})
    return call, ((OpenMedia(party),) if party in call.in_media and not event.has_media else ())


def _media_lost(call: Call) -> Step:
    for party in PARTIES:
        call = with_side(call, party, connected=False)
    return call, tuple(OpenMedia(party) for party in call.in_media)


def _act(call: Call, act: Act, now: float) -> Step:
    if act.action not in actions(call, act.party):
        raise OutOfPlaceError(act.party, act.action, call.state)
    match act.action:
        case "accept":
            return accept(call, act, now)
        case "decline":
            return decline(call, now)
        case "hang_up":
            return _hang_up(call, act.party, now)
        case "ask_callback":
            return ask_callback(call, act, now)
        case "hand_over":
            return hand_over(call, now)
        case "transfer_call":
            return transfer_call(call, act, now)
        case "end_and_report_abuse":
            return go(call, "abuse", now, ReportAbuse(by=call.place(act.party).key or ""))
        case "mute" | "unmute":
            return with_side(call, act.party, muted=act.action == "mute"), ()
        case "hide_picture" | "show_picture":
            return with_side(call, act.party, hidden=act.action == "hide_picture"), ()
        case _:
            step = act_on_phone(call, act, now) or act_on_second(call, act, now)
            if step is None:
                raise OutOfPlaceError(act.party, act.action, call.state)
            return step


def _hang_up(call: Call, party: Party, now: float) -> Step:
    match party:
        case "signer":
            return leave_the_line(call, "signer_hangs_up", now)
        case "second":
            return leave(call)
        case _ if call.state is S.CALLING_BACK:
            return wait_again(call, "agent_hangs_up", now)
        case _:
            return go(call, "agent_hangs_up", now)
