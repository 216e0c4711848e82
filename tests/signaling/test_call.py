"""The call's promises: every ending, who may do what, and that nothing unexpected ever happens in any state."""

from typing import get_args

import pytest

from interpreter_queue.model import PRIORITY_RESUMED
from relay.model import Announcement, PhoneProgress
from signaling.call import OutOfPlaceError, next_deadline, receive
from signaling.call_diagram import PAGE, page
from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    AnnouncementOver,
    Assigned,
    CloseMedia,
    DialPhone,
    Enqueue,
    Event,
    HangUpPhone,
    HoldAgent,
    HoldPhone,
    LeaveQueue,
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
    ReleaseAgent,
    ReportAbuse,
    SendDtmf,
    Tick,
    WriteRecord,
)
from signaling.call_model import Call
from signaling.call_offers import actions
from signaling.call_table import GUARDS, PHONE_LEGS_LIMIT, ROWS, Trigger
from signaling.call_terms import ACTIONS, PARTIES, CallState, Party
from tests.signaling.calls import (
    ASKS,
    ASSIGNED,
    COURSES,
    DIAL,
    SECOND,
    T0,
    Beside,
    Course,
    beside,
    in_state,
    new_call,
    play,
    possible_beside,
    report,
    states_of,
)

S = CallState
EVERY_STATE = [(course, state) for course in COURSES for state in states_of(course)]
PHONES = ("c1-1", "c1-2", "another")  # attempts
SIGNER_HANGS_UP = Act("signer", "hang_up")


# --- the table, exhaustively


def every_event() -> list[Event]:
    events: list[Event] = [Alerting(), AlertEnded(), ASSIGNED, QueueGaveUp(), MediaLost(), Tick(), RecordingOver()]
    events += [Alerting("c1.2"), AlertEnded("c1.2"), SECOND, QueueGaveUp("c1.2"), ASKS, QueueGaveUp("c1.3")]
    events += [PhoneVoice(True), PhoneSoundHeard("speech"), PhoneTextAgreed(True)]
    events += [PhoneReferred(PHONES[0], "+33199000003", "01 99 00 00 03"), MessageRecorded("k1", 3.0)]
    events += [MessageRecorded(None, 0.0), *(AnnouncementOver(name) for name in get_args(Announcement))]
    for party in PARTIES:
        events += [PageCame(party), PageCame(party, True), PageWent(party), LegConnected(party), LegDisconnected(party)]
    for attempt in PHONES:
        events += [PhoneReport(attempt, progress) for progress in get_args(PhoneProgress)]
    return [*events, PhoneReport(PHONES[0], "ended", "trunk_failed")]


def every_act(call: Call) -> list[Act]:
    number = "+33199000002"
    return [Act(party, action, number, number, digits="5") for party in PARTIES for action in actions(call, party)]


FEW_EVENTS: tuple[Event, ...] = (SECOND, MediaLost(), Tick(), *(PageWent(party) for party in PARTIES))
EVERY_SECOND = [(course, state, who) for course, state in EVERY_STATE for who in possible_beside(course, state)]


def check(before: Call, after: Call, event: Event) -> None:
    """What holds of every step, whatever it is."""
    reachable = {row.target for row in ROWS if row.state is before.state} | {before.state}
    assert after.state in reachable, event
    assert (after.state is S.ENDED) == (after.end_reason is not None) == (after.end_fault is not None)
    if before.state is S.ENDED:
        assert after == before
    if after.state is S.ENDED:
        assert all(leg.is_over and leg.outcome for leg in after.phone_legs)
    if after.state is S.ACTIVE:
        assert after.phone is not None and after.phone.is_up, event
    assert after.has_phone or not after.has_joined, "a second phone party is never alone"
    if after.kind == "video":
        assert not after.phone_legs and after.agent_key in (None, "s2")
    if after.second is not None:
        assert after.is_together or after.state is S.ENDED, "nobody is beside an agent who is not there"
        assert after.second.role != "supervisor" or after.kind == "direct"
        assert not after.second.is_joined or after.second.key is not None
        assert after.second.key != after.agent_key
    assert after.second is not None or (after.active, after.swapping_until) == ("agent", None)
    if after.second is not None and not after.second.is_joined and after.is_together:
        assert next_deadline(after) is not None, "nobody is sought without end"
    if after.state in (S.INCOMING, S.MESSAGE, S.CALLING_BACK):
        assert next_deadline(after) is not None, "nobody waits without end"


@pytest.mark.parametrize(("course", "state"), EVERY_STATE)
def test_two_events_in_a_row_never_lead_out_of_the_table_nor_break_what_always_holds(course: Course, state: S) -> None:
    call = in_state(state, course)
    for first in [*every_event(), *every_act(call)]:
        between, _ = receive(call, first, T0 + 20)
        check(call, between, first)
        for second in [*every_event(), *every_act(between)]:
            after, _ = receive(between, second, T0 + 500)
            check(between, after, second)


@pytest.mark.parametrize(("course", "state", "who"), EVERY_SECOND)
def test_somebody_beside_the_agent_breaks_nothing_that_always_holds(course: Course, state: S, who: Beside) -> None:
    call = beside(who, state, course)
    for first in [*every_event(), *every_act(call)]:
        between, _ = receive(call, first, T0 + 20)
        check(call, between, first)
        for second in [*FEW_EVENTS, *every_act(between)]:
            after, _ = receive(between, second, T0 + 500)
            check(between, after, second)


@pytest.mark.parametrize(("course", "state", "who"), EVERY_SECOND)
@pytest.mark.parametrize("party", PARTIES)
def test_exactly_the_actions_offered_are_taken(course: Course, state: S, who: Beside, party: Party) -> None:
    call = beside(who, state, course)
    offered = actions(call, party)
    for action in ACTIONS:
        act = Act(party, action, "+33199000002", digits="5")
        if action in offered:
            receive(call, act, T0 + 20)
        else:
            with pytest.raises(OutOfPlaceError):
                receive(call, act, T0 + 20)


def test_every_ending_names_reason_and_fault_and_only_endings_do() -> None:
    for row in ROWS:
        assert (row.end is not None) == (row.target is S.ENDED), row


def test_no_row_is_hidden_behind_an_earlier_one() -> None:
    seen: set[tuple[S, Trigger, str]] = set()
    for row in ROWS:
        assert (row.state, row.trigger, "") not in seen, f"{row} can never apply"
        assert (row.state, row.trigger, row.guard) not in seen
        seen.add((row.state, row.trigger, row.guard))
    assert set(get_args(Trigger)) == {row.trigger for row in ROWS}
    assert set(GUARDS) >= {row.guard for row in ROWS}


def test_every_state_but_the_end_can_be_left_by_the_signer_unless_it_leaves_them_free() -> None:
    for course, state in EVERY_STATE:
        call = in_state(state, course)
        if call.occupies_signer:
            assert {"hang_up", "decline"} & set(actions(call, "signer")), (course, state)


def test_the_page_of_the_documentation_is_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m signaling.call_diagram"


# --- the course of a relay call


def test_a_relay_call_runs_from_queue_to_record() -> None:
    call, commands = play(new_call(), Alerting(), ASSIGNED)
    assert call.state is S.BRIEFING
    assert commands == [OpenMedia("signer"), OpenMedia("agent")]
    call, commands = play(call, DIAL)
    assert call.state is S.DIALING
    assert isinstance(commands[0], DialPhone)
    assert commands[0].leg.target == "+33199000001"
    call, _ = play(call, report(call, "ringing", code=180), report(call, "answered", code=200))
    assert call.state is S.ACTIVE
    call, commands = play(call, report(call, "ended", "hung_up"))
    assert (call.state, commands) == (S.AFTER_PHONE, [])
    call, commands = play(call, SIGNER_HANGS_UP)
    assert call.state is S.ENDED
    assert (call.end_reason, call.end_fault) == ("completed", "nobody")
    assert commands == [CloseMedia(), ReleaseAgent("agent-1", "c1", wrap_up=True), WriteRecord()]


@pytest.mark.parametrize(
    ("outcome", "code"), [("busy", 486), ("no_answer", 408), ("wrong_number", 404), ("declined", 603)]
)
def test_a_phone_that_does_not_answer_leaves_both_together(outcome: str, code: int) -> None:
    call = in_state(S.RINGING)
    call, _ = play(call, report(call, "ended", outcome, code))
    assert call.state is S.AFTER_PHONE
    assert call.phone is not None
    assert (call.phone.outcome, call.phone.sip_code) == (outcome, code)


def test_phone_hangs_up_first_and_both_stay_until_the_signer_chooses() -> None:
    call = in_state(S.AFTER_PHONE)
    assert set(actions(call, "signer")) >= {"dial", "hang_up"}
    assert "hang_up" not in actions(call, "agent"), "the interpreter does not end a relay call"
    later, commands = play(call, Tick(), at=T0 + 3_600)
    assert (later.state, commands) == (S.AFTER_PHONE, [])


def test_a_second_number_is_dialled_in_the_same_call() -> None:
    call, commands = play(in_state(S.AFTER_PHONE), Act("signer", "dial", "+33199000002", "01 99 00 00 02"))
    assert call.state is S.DIALING
    assert [leg.target for leg in call.phone_legs] == ["+33199000001", "+33199000002"]
    assert len({leg.attempt for leg in call.phone_legs}) == 2
    call, _ = play(call, PhoneReport(call.phone_legs[0].attempt, "ended", "hung_up"))
    assert call.state is S.DIALING, "news of the first phone leg is not taken for the second's"
    assert commands == [DialPhone(call.phone_legs[1])]


def test_a_call_cannot_dial_without_end() -> None:
    call = in_state(S.AFTER_PHONE)
    for _ in range(PHONE_LEGS_LIMIT - 1):
        call, _ = play(call, Act("signer", "dial"))
        call, _ = play(call, report(call, "ended", "busy"))
    assert "dial" not in actions(call, "signer")
    assert "dial" not in actions(call, "agent")
    assert "hang_up" in actions(call, "signer")


def test_the_same_number_again_needs_no_number() -> None:
    call, _ = play(in_state(S.AFTER_PHONE), Act("signer", "dial"))
    assert [leg.target for leg in call.phone_legs] == ["+33199000001"] * 2


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING])
def test_a_signer_who_leaves_while_waiting_abandons(state: S) -> None:
    call, commands = play(in_state(state), SIGNER_HANGS_UP)
    assert (call.state, call.end_reason, call.end_fault) == (S.ENDED, "abandoned", "signer")
    assert commands == [LeaveQueue("c1"), CloseMedia(), WriteRecord()]


@pytest.mark.parametrize("state", [S.DIALING, S.RINGING, S.ACTIVE])
def test_a_signer_who_leaves_while_the_phone_is_there_ends_the_phone_leg_too(state: S) -> None:
    call, commands = play(in_state(state), SIGNER_HANGS_UP)
    assert call.state is S.ENDED
    assert commands == [HangUpPhone(), CloseMedia(), ReleaseAgent("agent-1", "c1", wrap_up=True), WriteRecord()]
    assert call.phone is not None
    assert (call.phone.progress, call.phone.outcome) == ("ended", "released")


def test_a_declined_alert_puts_the_call_back_in_line() -> None:
    call, commands = play(in_state(S.ALERTING), AlertEnded())
    assert (call.state, commands) == (S.QUEUED, [])


def test_cancelling_while_it_rings_asks_the_phone_and_waits_for_its_answer() -> None:
    call, commands = play(in_state(S.RINGING), Act("signer", "hang_up_phone"))
    assert (call.state, commands) == (S.RINGING, [HangUpPhone()])
    call, _ = play(call, report(call, "ended", "released"))
    assert call.state is S.AFTER_PHONE


def test_early_media_counts_as_ringing() -> None:
    call = in_state(S.DIALING)
    call, _ = play(call, report(call, "early_media", code=183))
    assert call.state is S.RINGING


def test_hold_dtmf_mute_and_hiding_do_not_move_the_call() -> None:
    call = in_state(S.ACTIVE)
    call, commands = play(call, Act("agent", "hold"))
    assert (call.state, commands) == (S.ACTIVE, [HoldPhone(True), HoldAgent("agent-1", True)])
    assert "resume" in actions(call, "agent")
    assert "hold" not in actions(call, "agent")
    call, commands = play(call, Act("agent", "resume"), Act("agent", "dtmf", digits="12#"))
    assert commands == [HoldPhone(False), HoldAgent("agent-1", False), SendDtmf("12#")]
    call, commands = play(call, Act("agent", "mute"), Act("agent", "hide_picture"), Act("signer", "mute"))
    assert commands == []
    assert call.agent.muted
    assert call.agent.hidden
    assert call.signer.muted


# --- lost and back


def test_a_signer_who_comes_back_in_time_finds_the_call_with_a_new_peer_connection() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("signer"), at=T0 + 10)
    assert call.signer.lost_since == T0 + 10
    call, commands = play(call, PageCame("signer"), at=T0 + 40)
    assert commands == [OpenMedia("signer")]
    assert call.signer.lost_since is None
    assert next_deadline(call) is None


def test_a_page_that_only_lost_its_websocket_keeps_its_media() -> None:
    _, commands = play(in_state(S.ACTIVE), PageWent("signer"), PageCame("signer", has_media=True))
    assert commands == []


@pytest.mark.parametrize("state", [S.BRIEFING, S.AFTER_PHONE, S.RINGING])
def test_a_signer_who_stays_away_ends_the_call(state: S) -> None:
    call, _ = play(in_state(state), PageWent("signer"), at=T0 + 10)
    assert next_deadline(call) == T0 + 70
    call, commands = play(call, Tick(), at=T0 + 70)
    assert (call.end_reason, call.end_fault) == ("signer_lost", "signer")
    assert CloseMedia() in commands


def test_while_the_phone_party_is_on_the_line_the_agent_decides_about_a_lost_signer() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("signer"), at=T0 + 10)
    assert next_deadline(call) is None
    assert "hang_up" in actions(call, "agent")
    call, _ = play(call, Act("agent", "hang_up"))
    assert (call.end_reason, call.end_fault) == ("signer_lost", "signer")


def test_a_signer_who_never_comes_back_while_waiting_counts_as_abandoned() -> None:
    call, _ = play(in_state(S.QUEUED), PageWent("signer"), at=T0 + 10)
    assert next_deadline(call) == T0 + 130
    call, commands = play(call, Tick(), at=T0 + 130)
    assert call.end_reason == "abandoned"
    assert LeaveQueue("c1") in commands


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING])
def test_a_signer_who_drops_keeps_the_place_for_two_minutes(state: S) -> None:
    call, _ = play(in_state(state), PageWent("signer"), at=T0 + 10)
    call, commands = play(call, Tick(), at=T0 + 129)
    assert (call.state, commands) == (state, [])
    call, commands = play(call, PageCame("signer"), at=T0 + 129.5)
    assert (call.state, commands, next_deadline(call)) == (state, [], None)


def test_a_lost_interpreter_is_replaced_from_the_head_of_the_line_and_the_phone_party_waits_on_hold() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("agent"), at=T0 + 10)
    assert next_deadline(call) == T0 + 40
    call, commands = play(call, Tick(), at=T0 + 40)
    assert call.state is S.QUEUED
    assert call.priority == PRIORITY_RESUMED
    assert commands == [
        ReleaseAgent("agent-1", "c1", wrap_up=False),
        HoldPhone(True),
        CloseMedia(),
        Enqueue("c1"),
    ]
    call, commands = play(call, Alerting(), Assigned("agent-2", "as-2", "interpreter"))
    assert call.state is S.ACTIVE, "the phone party is still there"
    assert commands == [OpenMedia("signer"), OpenMedia("agent"), HoldAgent("agent-2", True)]
    assert call.agent_key == "agent-2"
    assert call.served_by == ("agent-1",)
    assert call.together_at == T0 + 10, "the wait was over at the first agent"


def test_old_news_of_an_agent_who_left_does_not_bring_them_back() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("agent"), at=T0 + 10)
    call, _ = play(call, Tick(), at=T0 + 40)
    after, commands = play(call, ASSIGNED)
    assert (after.state, commands) == (S.QUEUED, [])


def test_a_lost_interpreter_while_it_rings_stops_the_ringing() -> None:
    call, _ = play(in_state(S.RINGING), PageWent("agent"), at=T0 + 10)
    call, commands = play(call, Tick(), at=T0 + 40)
    assert call.state is S.QUEUED
    assert HangUpPhone() in commands
    call, _ = play(call, Alerting(), Assigned("agent-2", "as-2", "interpreter"))
    assert call.state is S.BRIEFING


def test_a_phone_party_who_hangs_up_while_on_hold_without_interpreter_is_noted() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("agent"), at=T0 + 10)
    call, _ = play(call, Tick(), at=T0 + 40)
    call, _ = play(call, report(call, "ended", "hung_up"))
    assert call.state is S.QUEUED
    call, _ = play(call, Alerting(), Assigned("agent-2", "as-2", "interpreter"))
    assert call.state is S.BRIEFING


def test_a_signer_who_leaves_after_losing_the_interpreter_is_not_counted_as_abandoned() -> None:
    call, _ = play(in_state(S.ACTIVE), PageWent("agent"), at=T0 + 10)
    call, _ = play(call, Tick(), at=T0 + 40)
    call, _ = play(call, SIGNER_HANGS_UP)
    assert (call.end_reason, call.end_fault) == ("agent_lost", "agent")


def test_a_lost_media_worker_brings_new_peer_connections_and_keeps_the_state() -> None:
    call, commands = play(in_state(S.ACTIVE), MediaLost())
    assert call.state is S.ACTIVE
    assert commands == [OpenMedia("signer"), OpenMedia("agent")]
    assert not call.signer.connected


# --- the two trades


def test_an_adviser_may_end_a_direct_call_and_an_interpreter_may_not() -> None:
    assert "hang_up" in actions(in_state(S.TALKING, "direct"), "agent")
    assert "hang_up" not in actions(in_state(S.BRIEFING), "agent")
    call, _ = play(in_state(S.TALKING, "direct"), Act("agent", "hang_up"))
    assert call.end_reason == "agent_ended"


def test_a_direct_call_without_number_cannot_dial_until_one_is_given() -> None:
    call, _ = play(new_call("direct", target=None, display=None), Alerting(), Assigned("a", "x", "adviser"))
    with pytest.raises(OutOfPlaceError):
        receive(call, DIAL, T0)
    call, _ = play(call, Act("agent", "dial", "+33199000001", "01 99 00 00 01"))
    assert call.state is S.DIALING


@pytest.mark.parametrize("course", ["relay", "direct", "incoming"])
def test_anyone_at_a_workstation_can_end_and_report_abuse_in_every_state_of_a_call(course: Course) -> None:
    for state in states_of(course):
        call = in_state(state, course)
        if call.is_together:
            after, commands = play(call, Act("agent", "end_and_report_abuse"))
            assert after.end_reason == "abuse_reported"
            assert ReportAbuse("agent-1") in commands


def test_a_snapshot_gives_the_same_call_back() -> None:
    for course, state, who in EVERY_SECOND:
        call = beside(who, state, course)
        assert type(call).model_validate_json(call.model_dump_json()) == call
