"""Whoever comes beside the agent: asked for, sought in the queue, joined, swapped with, gone. Pure."""

from typing import Final

from relay.model import SecondRole
from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    Assigned,
    CloseMedia,
    Command,
    Enqueue,
    HoldPhone,
    OpenMedia,
    PlayRecording,
    QueueGaveUp,
    SupervisorAsks,
    TellAgent,
)
from signaling.call_model import Call, Second, TransferTarget
from signaling.call_offers import may_be_joined
from signaling.call_step import Step, let_second_go, receiver, with_leg

ASK_S: Final = 60.0  # for everyone's yes to a supervisor
SEEK_S: Final = 180.0  # for somebody to come beside the agent, who may ask again
SWAP_S: Final = 5.0  # in which the signer sees both of a team

NOBODY_CAME: Final = TellAgent("nobody_came")
QueueWord = Alerting | AlertEnded | Assigned | QueueGaveUp


def act_on_second(call: Call, act: Act, now: float) -> Step | None:
    """:returns: None: not an action about a second party."""
    match act.action:
        case "consult":
            return _seek(call, "consulted", act.to, now)
        case "call_second":
            return _seek(call, _role_called(call, act.to), act.to, now)
        case "bring_in":
            return _bring_in(call)
        case "swap":
            active = "second" if call.active == "agent" else "agent"
            return call.model_copy(update={"active": active, "swapping_until": now + SWAP_S}), ()
        case "dismiss_second" | "refuse_supervisor":
            return leave(call)
        case "allow_supervisor":
            return _allow(call, act, now)
        case _:
            return None


def is_for_second(call: Call, word: QueueWord) -> bool:
    return word.request_id not in (None, call.call_id)


def queue_told(call: Call, word: QueueWord, now: float) -> Step:
    """The queue about the request of a second party; about an earlier one it is old news."""
    second = call.second
    if second is None or second.request_id != word.request_id or second.is_joined:
        return call, ()
    match word:
        case Alerting():
            return _with_second(call, state="alerting"), ()
        case AlertEnded():
            return _with_second(call, state="sought"), ()
        case QueueGaveUp():
            return call.model_copy(update={"second": None}), (NOBODY_CAME,)
        case Assigned():
            return _came(call, word, now)


def supervisor_asks(call: Call, event: SupervisorAsks, now: float) -> Step:
    if not may_be_joined(call):
        return call, ()
    asked = Second(role="supervisor", state="asked", since=now, key=event.key, name=event.name, present=True)
    return call.model_copy(update={"second": asked, "joins_asked": call.joins_asked + 1}), ()


def leave(call: Call, *, wrap_up: bool = True) -> Step:
    """Whoever is beside the agent, or sought, is not any more; the agent and the signer are as before."""
    gone = let_second_go(call, wrap_up=wrap_up)
    closing: tuple[Command, ...] = (CloseMedia("second"),) if call.second is not None and call.second.is_joined else ()
    call, back = end_consultation(call)
    return without_second(call), (*gone, *closing, *back)


def without_second(call: Call) -> Call:
    return call.model_copy(update={"second": None, "active": "agent", "swapping_until": None})


def second_deadline(call: Call) -> float | None:
    """:returns: Unix seconds at which :func:`second_overdue` has something to do."""
    second = call.second
    if second is None:
        return None
    if not second.is_joined:
        return second.since + (ASK_S if second.state == "asked" else SEEK_S)
    lost = second.lost_since + call.grace.agent_s if second.lost_since is not None else None
    return min((each for each in (lost, call.swapping_until) if each is not None), default=None)


def second_overdue(call: Call, now: float) -> Step:
    if call.swapping_until is not None and now >= call.swapping_until:
        return call.model_copy(update={"swapping_until": None}), ()
    was_sought = call.second is not None and call.second.state in ("sought", "alerting")
    after, commands = leave(call, wrap_up=False)
    return after, (*commands, *((NOBODY_CAME,) if was_sought else ()))


def end_consultation(call: Call) -> Step:
    """The phone party comes back from the hold that the consultation brought."""
    second, phone = call.second, call.phone
    if second is None or not second.holds_phone:
        return call, ()
    call = _with_second(call, holds_phone=False)
    if phone is None or not phone.is_up or not phone.held:
        return call, ()
    return with_leg(call, phone, held=False), (HoldPhone(False),)


def hold_for_consultation(call: Call) -> Step:
    """
    A phone party on the line waits while agent and second are by themselves; one on hold already stays there. A line
    that plays music to the hold watcher is not held: somebody may come, and the watcher has to hear it.
    """
    phone = call.phone
    if not call.is_consulting or phone is None or not phone.is_up or phone.held or call.watching:
        return call, ()
    return _with_second(with_leg(call, phone, held=True), holds_phone=True), (HoldPhone(True),)


def _role_called(call: Call, target: TransferTarget | None) -> SecondRole:
    """An agent who hears and names somebody wants that colleague; one who does not hear, an interpreter."""
    if call.kind == "relay":
        return "team"
    is_expert = target is not None and (target.second_level or call.agent_hears)
    return "expert" if is_expert else "interpreter"


def _seek(call: Call, role: SecondRole, target: TransferTarget | None, now: float) -> Step:
    number = call.requests + 1
    request_id = f"{call.call_id}.{number}"
    second = Second(role=role, state="sought", since=now, request_id=request_id, target=target)
    return call.model_copy(update={"second": second, "requests": number}), (Enqueue(request_id),)


def _came(call: Call, word: Assigned, now: float) -> Step:
    call = _with_second(
        call,
        state="joined",
        since=now,
        key=word.agent_key,
        name=word.name,
        assignment_id=word.assignment_id,
        trade=word.trade,
        hears=word.hears,
        present=True,
    )
    return _join(call)


def _join(call: Call) -> Step:
    commands: list[Command] = [OpenMedia("second")]
    if call.is_consulting and call.playing:
        call = call.model_copy(update={"playing": False})
        commands.append(PlayRecording(None, receiver(call)))
    call, held = hold_for_consultation(call)
    return call, (*commands, *held)


def _bring_in(call: Call) -> Step:
    """From a consultation to all together."""
    call, back = end_consultation(call)
    role: SecondRole = "expert"
    if call.kind == "relay":
        role = "team"
    elif call.second is not None and call.second.trade == "interpreter":
        role = "interpreter"
    return _with_second(call, role=role), back


def _allow(call: Call, act: Act, now: float) -> Step:
    agreed = (*(call.second.agreed if call.second is not None else ()), act.party)
    call = _with_second(call, agreed=agreed)
    return _join(_with_second(call, state="joined", since=now)) if {"signer", "agent"} <= set(agreed) else (call, ())


def _with_second(call: Call, **changes: object) -> Call:
    if call.second is None:
        return call
    return call.model_copy(update={"second": call.second.model_copy(update=changes)})
