"""Calls in any state, for the tests of the pure core."""

from signaling.call import receive
from signaling.call_events import Act, Alerting, Assigned, Command, Event, LegConnected, PhoneReport
from signaling.call_model import Call, CallKind, CallState

T0 = 1_000.0
ASSIGNED = Assigned("agent-1", "as-1", "interpreter")
DIAL = Act("agent", "dial")


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


def in_state(state: CallState, kind: CallKind = "relay") -> Call:
    """The shortest way to a state; ``briefing`` and ``after_phone`` are relay's, ``talking`` is direct's."""
    call = new_call(kind)
    if state is CallState.QUEUED:
        return call
    if state is CallState.ALERTING:
        return play(call, Alerting())[0]
    if state is CallState.ENDED:
        return play(call, Act("signer", "hang_up"))[0]
    call, _ = play(call, Alerting(), ASSIGNED, LegConnected("signer"), LegConnected("agent"))
    if state in (CallState.BRIEFING, CallState.TALKING):
        return call
    call, _ = play(call, DIAL)
    if state is CallState.DIALING:
        return call
    call, _ = play(call, report(call, "ringing", code=180))
    if state is CallState.RINGING:
        return call
    call, _ = play(call, report(call, "answered", code=200))
    if state is CallState.ACTIVE:
        return call
    call, _ = play(call, report(call, "ended", "hung_up"))
    assert call.state is state
    return call


def states_of(kind: CallKind) -> list[CallState]:
    incoming = {CallState.INCOMING, CallState.MESSAGE}
    others = incoming | ({CallState.TALKING} if kind == "relay" else {CallState.BRIEFING, CallState.AFTER_PHONE})
    return [state for state in CallState if state not in others]
