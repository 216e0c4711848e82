"""What every part of the state machine uses: following the table, and the small changes to a call. Pure."""

from signaling.call_events import (
    CloseMedia,
    Command,
    HangUpPhone,
    KeepMissed,
    LeaveQueue,
    PlayRecording,
    ReleaseAgent,
    WriteRecord,
)
from signaling.call_model import Call, PhoneLegState
from signaling.call_table import Trigger, find_row
from signaling.call_terms import WAITING, Action, CallState, Party


class OutOfPlaceError(Exception):
    """A party asked for something its call does not allow now. Changes nothing."""

    def __init__(self, party: Party, action: Action, state: CallState) -> None:
        super().__init__(f"{party} may not {action} while {state}")
        self.party, self.action, self.state = party, action, state


Step = tuple[Call, tuple[Command, ...]]


def go(call: Call, trigger: Trigger, now: float, *commands: Command, **changes: object) -> Step:
    """Follow the table; an ending brings its commands with it."""
    row = find_row(call, trigger)
    if row is None:
        return call, ()
    after = call.model_copy(update={**changes, "state": row.target})
    if row.end is None:
        return after, commands
    reason, fault = row.end
    second = after.second if after.second is not None and after.second.key is not None else None
    ended = {"ended_at": now, "end_reason": reason, "end_fault": fault}
    after = after.model_copy(update={**ended, "playing": False, "second": second, "swapping_until": None})
    return close_phones(after, now), (*commands, *_ending(call, after, now))


def _ending(call: Call, after: Call, now: float) -> tuple[Command, ...]:
    commands: list[Command] = []
    if call.state in WAITING:
        commands.append(LeaveQueue(call.call_id))
    if call.playing:
        commands.append(PlayRecording(None, receiver(call)))
    if call.has_phone:
        commands.append(HangUpPhone())
    commands.append(CloseMedia())
    if call.has_agent and call.kind != "video" and call.agent_key is not None:
        commands.append(ReleaseAgent(call.agent_key, call.agent_request_id, wrap_up=call.is_together))
    commands += [*let_second_go(call, wrap_up=True), WriteRecord()]
    if _is_missed(call, after):
        commands.append(missed(after, now))
    return tuple(commands)


def let_second_go(call: Call, *, wrap_up: bool) -> tuple[Command, ...]:
    """What the queue is told when whoever is beside the agent, or sought, is not any more."""
    second = call.second
    if second is None or second.request_id is None:
        return ()
    if second.is_joined and second.key is not None:
        return (ReleaseAgent(second.key, second.request_id, wrap_up),)
    return (LeaveQueue(second.request_id),)


def _is_missed(before: Call, call: Call) -> bool:
    """Whoever was called should learn of it: they neither had the call nor refused it, and no message says so."""
    was_called = call.direction == "incoming" or call.kind == "video"
    had_it = call.accepted_at is not None and before.state is not CallState.MESSAGE
    answered = had_it or call.declined or call.recording is not None
    return was_called and not answered and receiver(call) != ""


def missed(call: Call, now: float, message_s: float | None = None) -> KeepMissed:
    number = call.caller_id if call.kind == "video" else call.target
    recording = call.recording if message_s is not None else None
    return KeepMissed(receiver(call), number, now, recording, message_s)


def receiver(call: Call) -> str:
    """:returns: person id of whoever is called; empty: nobody the records know."""
    return (call.peer_key if call.kind == "video" else call.signer_id) or ""


def close_phones(call: Call, now: float) -> Call:
    legs = tuple(leg if leg.is_over else closed(leg, now) for leg in call.phone_legs)
    return call.model_copy(update={"phone_legs": legs, "watching": False})


def closed(leg: PhoneLegState, now: float) -> PhoneLegState:
    return leg.model_copy(
        update={
            "progress": "ended",
            "ended_at": now,
            "outcome": leg.outcome or "released",
            "held": False,
            "speaking": False,
            "announcing": False,
            "sound": None,
            "text": False,
        }
    )


def with_leg(call: Call, leg: PhoneLegState | None, **changes: object) -> Call:
    """:param leg: of the call, as it is; None: no change."""
    if leg is None:
        return call
    after = leg.model_copy(update=changes)
    legs = tuple(after if each.attempt == leg.attempt else each for each in call.phone_legs)
    return call.model_copy(update={"phone_legs": legs})


def with_side(call: Call, party: Party, **changes: object) -> Call:
    side = getattr(call, party)
    return call if side is None else call.model_copy(update={party: side.model_copy(update=changes)})
