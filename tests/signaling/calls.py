"""Calls in any state, for the tests of the pure core."""

from collections.abc import Callable
from typing import Literal, get_args

from signaling.call import receive
from signaling.call_events import Act, Alerting, Assigned, Command, Event, LegConnected, PhoneReport, SupervisorAsks
from signaling.call_incoming import incoming_call, video_call
from signaling.call_model import Call, Grace, Side, TransferTarget
from signaling.call_terms import TOGETHER, CallKind, CallState

T0 = 1_000.0
ASSIGNED = Assigned("agent-1", "as-1", "interpreter")
DIAL = Act("agent", "dial")
ACCEPT = Act("signer", "accept", mode="LSF", device="phone")
DECLINE = Act("signer", "decline")
#: How calls run: relay outgoing, direct, a hearing person who calls a signer, between two signers, a call-back.
Course = Literal["relay", "direct", "incoming", "video", "callback"]
COURSES: tuple[Course, ...] = get_args(Course)


def new_call(kind: CallKind = "relay", **facts: object) -> Call:
    return Call.model_validate(
        {
            "call_id": "c1",
            "kind": kind,
            "mode": "LSF",
            "signer_key": "s1",
            "signer_id": "s1",
            "trades": ("interpreter",) if kind == "relay" else ("adviser",),
            "target": "+33199000001",
            "display": "01 99 00 00 01",
            "queued_at": T0,
            **facts,
        }
    )


def play(call: Call, *events: Event, at: float = T0 + 10) -> tuple[Call, list[Command]]:
    commands: list[Command] = []
    for event in events:
        call, more = receive(call, event, at)
        commands += more
    return call, commands


def report(call: Call, progress: str, outcome: str | None = None, code: int | None = None) -> PhoneReport:
    assert call.phone is not None
    return PhoneReport(call.phone.attempt, progress, outcome, code)  # type: ignore[arg-type]


def rung(**facts: object) -> Call:
    """A hearing person calls a signer, whose devices ring."""
    given: dict[str, object] = {"caller": "+33199000001", "display": "01 99 00 00 01", "signer_id": "s1", **facts}
    return incoming_call(call_id="c1", now=T0, signer_key="s1", grace=Grace(), **given)  # type: ignore[arg-type]


def video(**facts: object) -> Call:
    """A signer calls another."""
    return video_call(
        call_id="c1",
        now=T0,
        signer_key="s1",
        signer_id="s1",
        signer_device="phone",
        signer_name="Ana",
        peer_key="s2",
        peer_name="Zoé",
        caller_id="+33199000008",
        grace=Grace(),
        **facts,  # type: ignore[arg-type]
    )


def called_back(kind: CallKind = "relay", **facts: object) -> Call:
    """The service calls a signer back, who is on no page."""
    return new_call(kind, callback_id="cb1", signer=Side(present=False), **facts)


def in_state(state: CallState, course: Course = "relay") -> Call:
    """The shortest way to a state of this course (:func:`states_of`)."""
    call = BEGINNINGS[course]()
    for event in _way(state, course):
        call, _ = play(call, event if not callable(event) else event(call))
    assert call.state is state, (course, state)
    return call


#: How far somebody beside the agent has come, by the role.
Beside = Literal["nobody", "sought", "consulted", "team", "interpreter", "expert", "asked", "supervisor"]
BESIDE: tuple[Beside, ...] = get_args(Beside)
SECOND = Assigned("agent-2", "as-2", "interpreter", "c1.2", "Zoé")
ASKS = SupervisorAsks("boss", "Inès")
YES = (Act("signer", "allow_supervisor"), Act("agent", "allow_supervisor"))
LEVEL_2 = TransferTarget(second_level=True)
COMING: dict[Beside, tuple[Event, ...]] = {
    "nobody": (),
    "sought": (Act("agent", "consult"),),
    "consulted": (Act("agent", "consult"), SECOND),
    "team": (Act("agent", "call_second"), SECOND),
    "interpreter": (Act("agent", "call_second"), SECOND),
    "expert": (Act("agent", "call_second", to=LEVEL_2), SECOND),
    "asked": (ASKS,),
    "supervisor": (ASKS, *YES),
}


def possible_beside(course: Course, state: CallState) -> list[Beside]:
    """Who may be beside the agent in this state; a relay call has a team, a direct one everybody else."""
    if course == "video" or state not in TOGETHER:
        return ["nobody"]
    relay_only, direct_only = {"team"}, {"interpreter", "expert", "asked", "supervisor"}
    return [each for each in BESIDE if each not in (relay_only if course == "direct" else direct_only)]


def beside(who: Beside, state: CallState, course: Course = "relay") -> Call:
    """A call in this state with somebody beside the agent."""
    call = in_state(state, course)
    if course == "direct":
        call = call.model_copy(update={"supervision_allowed": True})
    call, _ = play(call, *COMING[who])
    expected = {"nobody": None, "sought": "consulted", "asked": "supervisor"}.get(who, who)
    assert (call.second.role if call.second is not None else None) == expected
    return call


Make = Callable[[Call], Event]
ANSWER: Make = lambda call: report(call, "answered", code=200)  # noqa: E731
HANG_UP: Make = lambda call: report(call, "ended", "hung_up")  # noqa: E731
RING: Make = lambda call: report(call, "ringing", code=180)  # noqa: E731
S = CallState
TAKEN: tuple[Event | Make, ...] = (ASSIGNED, LegConnected("signer"), LegConnected("agent"))
BEGINNINGS: dict[Course, Callable[[], Call]] = {
    "relay": new_call,
    "direct": lambda: new_call("direct"),
    "incoming": rung,
    "video": video,
    "callback": called_back,
}
FROM_THE_QUEUE: dict[CallState, tuple[Event | Make, ...]] = {
    S.QUEUED: (),
    S.ALERTING: (Alerting(),),
    S.BRIEFING: TAKEN,
    S.TALKING: TAKEN,
    S.DIALING: (*TAKEN, DIAL),
    S.RINGING: (*TAKEN, DIAL, RING),
    S.ACTIVE: (*TAKEN, DIAL, RING, ANSWER),
    S.AFTER_PHONE: (*TAKEN, DIAL, RING, ANSWER, HANG_UP),
    S.ENDED: (Act("signer", "hang_up"),),
}
FROM_THE_BELL: dict[CallState, tuple[Event | Make, ...]] = {
    S.INCOMING: (),
    S.MESSAGE: (DECLINE,),
    S.QUEUED: (ACCEPT,),
    S.ALERTING: (ACCEPT, Alerting()),
    S.ACTIVE: (ACCEPT, *TAKEN),
    S.AFTER_PHONE: (ACCEPT, *TAKEN, HANG_UP),
    S.DIALING: (ACCEPT, *TAKEN, HANG_UP, DIAL),
    S.RINGING: (ACCEPT, *TAKEN, HANG_UP, DIAL, RING),
    S.ENDED: (HANG_UP,),
}
BETWEEN_SIGNERS: dict[CallState, tuple[Event | Make, ...]] = {
    S.INCOMING: (),
    S.TALKING: (Act("agent", "accept", device="laptop"),),
    S.ENDED: (Act("signer", "hang_up"),),
}


TAKEN_BACK: tuple[Event | Make, ...] = (ASSIGNED, Act("signer", "accept", device="phone"), *TAKEN[1:])
FROM_THE_BOOK: dict[CallState, tuple[Event | Make, ...]] = {
    S.QUEUED: (),
    S.ALERTING: (Alerting(),),
    S.CALLING_BACK: (ASSIGNED,),
    S.BRIEFING: TAKEN_BACK,
    S.DIALING: (*TAKEN_BACK, DIAL),
    S.RINGING: (*TAKEN_BACK, DIAL, RING),
    S.ACTIVE: (*TAKEN_BACK, DIAL, RING, ANSWER),
    S.AFTER_PHONE: (*TAKEN_BACK, DIAL, RING, ANSWER, HANG_UP),
    S.ENDED: (ASSIGNED, Act("signer", "decline")),
}


def _way(state: CallState, course: Course) -> tuple[Event | Make, ...]:
    ways = {"incoming": FROM_THE_BELL, "video": BETWEEN_SIGNERS, "callback": FROM_THE_BOOK}
    return ways.get(course, FROM_THE_QUEUE)[state]


def states_of(course: Course) -> list[CallState]:
    if course == "incoming":
        return list(FROM_THE_BELL)
    if course == "video":
        return list(BETWEEN_SIGNERS)
    if course == "callback":
        return list(FROM_THE_BOOK)
    others = {CallState.TALKING} if course == "relay" else {CallState.BRIEFING, CallState.AFTER_PHONE}
    return [state for state in FROM_THE_QUEUE if state not in others]
