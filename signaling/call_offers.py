"""What each party of a call may do now. Pure; ``receive`` takes exactly this."""

from typing import Final

from interpreter_queue.model import PRIORITY_EMERGENCY
from signaling.call_model import Call
from signaling.call_table import PHONE_LEGS_LIMIT, find_row, has_colleague, was_dialled
from signaling.call_terms import WAITING, Action, CallState, Party

S = CallState
REQUESTS_LIMIT: Final = 30  # asked of the queue by one call: more second parties help nobody
ASKS_LIMIT: Final = 3  # of supervisors to join one call
#: Roles in which a second party serves beside the agent: both have the telephone in hand.
SERVING: Final = frozenset({"team", "interpreter"})
#: Roles in which a second party may become the agent by choice.
SUCCEEDING: Final = frozenset({"consulted", "team", "expert"})


def actions(call: Call, party: Party) -> tuple[Action, ...]:
    """:returns: what ``receive`` will take from this party now, in a stable order."""
    if call.state is S.ENDED or not _is_there(call, party):
        return ()
    able: list[Action] = []
    called: Party = "agent" if call.kind == "video" else "signer"
    if call.state in (S.INCOMING, S.CALLING_BACK) and party == called:
        able += ["accept", "decline"]
    if may_hang_up(call, party):
        able.append("hang_up")
    if party == "signer" and may_ask_callback(call):
        able.append("ask_callback")
    if call.is_together and _is_in(call, party):
        able += _with_the_phone(call, party)
        able += _of_own_side(call, party)
    return (*able, *_about_second(call, party))


def _is_there(call: Call, party: Party) -> bool:
    if party == "second":
        return call.second is not None and call.second.key is not None
    return party == "signer" or call.kind == "video" or call.has_agent


def _is_in(call: Call, party: Party) -> bool:
    return party != "second" or (call.second is not None and call.second.is_joined)


def may_hang_up(call: Call, party: Party) -> bool:
    """A second party only leaves, at any time."""
    if party == "second":
        return True
    if party == "agent" and not call.has_agent:
        return False
    return find_row(call, "signer_hangs_up" if party == "signer" else "agent_hangs_up") is not None


def may_ask_callback(call: Call) -> bool:
    """While waiting for the first agent; a telephone that waits too, or an emergency, is not put off."""
    is_first_wait = call.state in WAITING and call.together_at is None and call.callback_id is None
    has_way_back = call.line.callback and call.signer_id is not None and call.recording is None
    return is_first_wait and has_way_back and call.direction == "outgoing" and call.priority < PRIORITY_EMERGENCY


def may_be_joined(call: Call) -> bool:
    """
    By a supervisor: a direct call, where the brand allows it, while nobody else is beside the agent. Nobody is asked
    until they give in.
    """
    is_free = call.is_together and call.second is None and call.joins_asked < ASKS_LIMIT
    return call.kind == "direct" and call.supervision_allowed and is_free


def _of_own_side(call: Call, party: Party) -> list[Action]:
    side = call.side(party)
    able: list[Action] = ["unmute" if side.muted else "mute"]
    if party == "signer" or call.kind == "video":
        return able
    able.append("show_picture" if side.hidden else "hide_picture")
    if party == "agent" or second_serves(call):
        able.append("end_and_report_abuse")
    return able


def second_serves(call: Call) -> bool:
    """The second party has the telephone in hand as the agent does."""
    return call.second is not None and call.second.is_joined and call.second.role in SERVING


# --- the telephone


def _with_the_phone(call: Call, party: Party) -> list[Action]:
    if call.is_consulting or (party == "second" and not second_serves(call)):
        return _apart_from_the_phone(call, party)
    is_staff, able = party != "signer" and call.kind != "video", list[Action]()
    if find_row(call, "dial") and _may_dial(call, party):
        able.append("dial")
    if call.has_phone:
        able.append("hang_up_phone")
    if is_staff and may_listen(call):
        able.append("stop_message" if call.playing else "play_message")
    return able if call.state is not S.ACTIVE else [*able, *_on_the_line(call, is_staff=is_staff)]


def _apart_from_the_phone(call: Call, party: Party) -> list[Action]:
    """Of a consultation, and of who only looks on."""
    if party == "second" or not call.has_phone:
        return []
    return ["hang_up_phone", "stop_watching"] if call.watching and party == "agent" else ["hang_up_phone"]


def _on_the_line(call: Call, *, is_staff: bool) -> list[Action]:
    if call.phone is None:
        return []
    able: list[Action] = []
    if was_dialled(call) and call.phone.outcome is None:
        able.append("voicemail")
    if is_staff:
        able += ["resume" if call.phone.held else "hold", "transfer"]
        able.append("stop_watching" if call.watching else "watch_hold")
        if call.has_joined:
            able.append("hang_up_joined")
        elif len(call.phone_legs) < PHONE_LEGS_LIMIT:
            able.append("join_phone")
    return [*able, "dtmf"]


def may_listen(call: Call) -> bool:
    """A voice message is to be relayed, and nobody is on the line meanwhile."""
    return call.direction == "outgoing" and call.recording is not None and call.state in (S.BRIEFING, S.AFTER_PHONE)


def _may_dial(call: Call, party: Party) -> bool:
    """Whoever serves dials; the signer may too, once a first call is over (same number, or another)."""
    return len(call.phone_legs) < PHONE_LEGS_LIMIT and (party != "signer" or call.state is S.AFTER_PHONE)


# --- a second party


def _about_second(call: Call, party: Party) -> list[Action]:
    if call.kind == "video" or not call.is_together:
        return []
    second = call.second
    if second is None:
        return _with_nobody_beside(call) if party == "agent" else []
    if second.role == "supervisor":
        return _about_supervisor(call, party)
    able: list[Action] = []
    if second.is_joined and second.role == "team" and call.swapping_until is None and party != "signer":
        able.append("swap")
    if party != "agent":
        return able
    if call.is_consulting:
        able.append("bring_in")
    if has_colleague(call) and second.role in SUCCEEDING:
        able.append("hand_over")
    return [*able, "dismiss_second"]


def _with_nobody_beside(call: Call) -> list[Action]:
    able: list[Action] = ["consult", "call_second"] if call.requests < REQUESTS_LIMIT else []
    return [*able, "transfer_call"] if find_row(call, "transfer_call") else able


def _about_supervisor(call: Call, party: Party) -> list[Action]:
    """A yes may be taken back at any time."""
    if call.second is None or party == "second":
        return []
    asked = call.second.state == "asked" and party not in call.second.agreed
    able: list[Action] = ["allow_supervisor"] if asked else []
    able.append("refuse_supervisor")
    return [*able, "dismiss_second"] if party == "agent" else able
