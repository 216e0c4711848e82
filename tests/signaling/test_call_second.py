"""Somebody beside the agent: who may come, what each may do, and how a call goes from one agent to another."""

import pytest

from interpreter_queue.model import PRIORITY_RESUMED, Assignment
from signaling.call import OutOfPlaceError, next_deadline, receive
from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    Assigned,
    CloseMedia,
    Enqueue,
    HoldAgent,
    HoldPhone,
    LeaveQueue,
    LegConnected,
    MediaLost,
    OpenMedia,
    PageCame,
    PageWent,
    PhoneSoundHeard,
    PromoteSecond,
    QueueGaveUp,
    ReleaseAgent,
    ReportAbuse,
    TellAgent,
    Tick,
    WatchHold,
    WriteRecord,
)
from signaling.call_model import Call, Place, TransferTarget
from signaling.call_offers import ASKS_LIMIT, actions, may_be_joined
from signaling.call_plan import media_plan
from signaling.call_second import ASK_S, SEEK_S, SWAP_S
from signaling.call_terms import CallState
from signaling.call_view import alert, farewell, view
from tests.signaling.calls import (
    ASKS,
    COURSES,
    LEVEL_2,
    SECOND,
    YES,
    Beside,
    beside,
    in_state,
    new_call,
    play,
    possible_beside,
    report,
    states_of,
)

S = CallState
NOW = 1_010.0  # when everything of ``play`` happens
JOINED: tuple[Beside, ...] = ("consulted", "team", "interpreter", "expert")


def course_of(who: Beside) -> str:
    return "relay" if who in ("consulted", "team", "nobody") else "direct"


def with_second(who: Beside, state: S = S.ACTIVE) -> Call:
    return beside(who, state, "relay" if course_of(who) == "relay" else "direct")


# --- coming


def test_a_second_party_is_sought_by_a_request_of_its_own_and_the_call_goes_on_meanwhile() -> None:
    call, commands = play(in_state(S.ACTIVE), Act("agent", "call_second"))
    assert commands == [Enqueue("c1.2")]
    assert call.state is S.ACTIVE
    assert call.request_ids == ("c1", "c1.2")
    call, _ = play(call, Alerting("c1.2"))
    assert call.second is not None and call.second.state == "alerting"
    call, _ = play(call, AlertEnded("c1.2"))
    assert call.second is not None and call.second.state == "sought"
    call, commands = play(call, SECOND)
    assert commands == [OpenMedia("second")]
    assert call.second is not None and (call.second.state, call.second.key) == ("joined", "agent-2")
    assert call.place("second") == Place("agent", "agent-2", None)
    assert call.party_of("agent", "agent-2") == "second"


def test_whoever_was_sought_and_is_not_needed_any_more_leaves_the_line() -> None:
    call, commands = play(with_second("sought"), Act("agent", "dismiss_second"))
    assert (call.second, commands) == (None, [LeaveQueue("c1.2")])
    call, commands = play(call, Act("agent", "call_second"))
    assert commands == [Enqueue("c1.3")]
    after, commands = play(call, SECOND)
    assert (after, commands) == (call, []), "the queue has let the first one go by itself"


def test_nobody_is_sought_for_ever() -> None:
    call = with_second("sought")
    assert next_deadline(call) == NOW + SEEK_S
    call, commands = play(call, Tick(), at=NOW + SEEK_S)
    assert (call.second, commands) == (None, [LeaveQueue("c1.2"), TellAgent("nobody_came")])
    call, commands = play(with_second("sought"), QueueGaveUp("c1.2"))
    assert (call.second, commands) == (None, [TellAgent("nobody_came")])


def test_the_queue_about_a_second_party_never_moves_the_call_itself() -> None:
    call = in_state(S.QUEUED)
    for word in (Alerting("c1.2"), AlertEnded("c1.2"), SECOND, QueueGaveUp("c1.2")):
        assert play(call, word) == (call, [])


def test_a_call_cannot_ask_for_somebody_without_end() -> None:
    call = in_state(S.ACTIVE)
    for _ in range(100):
        if "call_second" not in actions(call, "agent"):
            break
        call, _ = play(call, Act("agent", "call_second"), Act("agent", "dismiss_second"))
    assert not {"call_second", "consult"} & set(actions(call, "agent"))
    assert "transfer_call" in actions(call, "agent")


# --- a consultation


def test_during_a_consultation_the_phone_party_is_on_hold_and_the_signer_waits() -> None:
    call, commands = play(in_state(S.ACTIVE), Act("agent", "consult"), SECOND)
    assert commands == [Enqueue("c1.2"), OpenMedia("second"), HoldPhone(True), HoldAgent("agent-1", True)]
    assert media_plan(call, None, {}).second == "consulted"
    call, commands = play(call, Act("agent", "bring_in"))
    assert commands == [HoldPhone(False), HoldAgent("agent-1", False)]
    assert call.second is not None and call.second.role == "team"
    assert call.phone is not None and not call.phone.held


def test_a_phone_party_on_hold_before_a_consultation_stays_on_hold_after_it() -> None:
    call, commands = play(in_state(S.ACTIVE), Act("agent", "hold"), Act("agent", "consult"), SECOND)
    assert commands == [HoldPhone(True), HoldAgent("agent-1", True), Enqueue("c1.2"), OpenMedia("second")]
    call, commands = play(call, Act("agent", "dismiss_second"))
    assert HoldPhone(False) not in commands
    assert call.phone is not None and call.phone.held


def test_a_telephone_that_answers_during_a_consultation_waits_for_its_end() -> None:
    call = with_second("consulted", S.RINGING)
    call, commands = play(call, report(call, "answered", code=200))
    assert (call.state, commands) == (S.ACTIVE, [HoldPhone(True)])
    call, commands = play(call, Act("second", "hang_up"))
    assert HoldPhone(False) in commands


def test_a_line_that_is_watched_plays_on_during_a_consultation_until_the_watch_ends() -> None:
    call, commands = play(in_state(S.ACTIVE), Act("agent", "watch_hold"), Act("agent", "consult"), SECOND)
    assert commands == [WatchHold(True), Enqueue("c1.2"), OpenMedia("second"), HoldAgent("agent-1", True)]
    call, _ = play(call, PhoneSoundHeard("speech"))
    assert view(call, "agent", NOW, None).phone.sound == "speech", "somebody came to the telephone"
    call, commands = play(call, Act("agent", "stop_watching"))
    assert commands == [WatchHold(False), HoldPhone(True)]
    assert "stop_watching" not in actions(call, "agent")
    call, commands = play(call, Act("agent", "bring_in"))
    assert HoldPhone(False) in commands


def test_during_a_consultation_nobody_dials_but_the_telephone_may_be_hung_up() -> None:
    call = with_second("consulted")
    for party in ("agent", "signer"):
        offered = set(actions(call, party))
        assert "hang_up_phone" in offered
        assert not {"dial", "dtmf", "hold", "resume", "transfer", "join_phone", "voicemail"} & offered


@pytest.mark.parametrize(("kind", "trade", "role"), [("relay", "interpreter", "team"), ("direct", "adviser", "expert")])
def test_from_a_consultation_to_all_together(kind: str, trade: str, role: str) -> None:
    call = in_state(S.ACTIVE, "relay" if kind == "relay" else "direct")
    came = Assigned("agent-2", "as-2", "interpreter" if trade == "interpreter" else "adviser", "c1.2")
    call, _ = play(call, Act("agent", "consult"), came, Act("agent", "bring_in"))
    assert call.second is not None and call.second.role == role


@pytest.mark.parametrize(
    ("hears", "to", "role"),
    [
        (False, None, "interpreter"),
        (False, TransferTarget(agent_id="agent-2"), "interpreter"),
        (False, LEVEL_2, "expert"),
        (True, LEVEL_2, "expert"),
        (True, TransferTarget(agent_id="agent-2"), "expert"),
        (True, TransferTarget(skill="legal"), "expert"),
    ],
)
def test_a_deaf_adviser_calls_an_interpreter_one_who_hears_a_colleague(
    hears: bool, to: TransferTarget | None, role: str
) -> None:
    call, _ = play(new_call("direct"), Alerting(), Assigned("agent-1", "as-1", "adviser", "c1", "Adam", hears))
    call, _ = play(call, Act("agent", "call_second", to=to))
    assert call.second is not None and call.second.role == role


def test_whether_the_agent_hears_goes_with_the_agent_and_only_the_agents_page_is_told() -> None:
    taken = Assigned("agent-1", "as-1", "adviser", "c1", "Adam", hears=True)
    call, _ = play(new_call("direct"), Alerting(), taken)
    assert [view(call, party, NOW, None).agent_hears for party in ("signer", "agent")] == [False, True]
    deaf = Assigned("agent-2", "as-2", "adviser", "c1.2", "Zoé")
    after, _ = play(call, Act("agent", "consult"), deaf, Act("agent", "hand_over"))
    assert (after.agent_key, after.agent_hears) == ("agent-2", False)
    back, _ = play(after, Act("agent", "transfer_call"), Assigned("agent-3", "as-3", "adviser", "c1", hears=True))
    assert (back.agent_key, back.agent_hears) == ("agent-3", True)


# --- a team, a four-leg call


def test_a_swap_shows_both_for_a_moment_and_either_may_ask_for_it() -> None:
    call, _ = play(with_second("team"), Act("second", "swap"))
    assert (call.active, call.swapping_until) == ("second", NOW + SWAP_S)
    assert "swap" not in actions(call, "agent")
    plan = media_plan(call, None, {})
    assert (plan.active, plan.swapping) == ("second", True)
    assert next_deadline(call) == NOW + SWAP_S
    call, _ = play(call, Tick(), at=NOW + SWAP_S)
    assert (call.active, call.swapping_until) == ("second", None)
    call, _ = play(call, Act("agent", "swap"))
    assert call.active == "agent"


def test_of_a_four_leg_call_both_have_the_telephone_in_hand() -> None:
    call = with_second("interpreter")
    telephone = {"hold", "dtmf", "transfer", "join_phone", "hang_up_phone", "watch_hold", "voicemail"}
    assert telephone <= set(actions(call, "agent"))
    assert telephone <= set(actions(call, "second"))
    call, commands = play(call, Act("second", "hold"))
    assert commands == [HoldPhone(True), HoldAgent("agent-1", True)]


@pytest.mark.parametrize("who", ["consulted", "expert", "supervisor"])
def test_who_advises_or_looks_on_has_nothing_to_do_with_the_telephone(who: Beside) -> None:
    offered = set(actions(with_second(who), "second"))
    assert offered == {"hang_up", "mute", "hide_picture"}


def test_a_second_party_leaves_by_hanging_up_and_goes_to_wrap_up() -> None:
    call, commands = play(with_second("team"), Act("agent", "swap"), Act("second", "hang_up"))
    assert (call.second, call.active, call.swapping_until) == (None, "agent", None)
    assert commands == [ReleaseAgent("agent-2", "c1.2", wrap_up=True), CloseMedia("second")]
    assert call.state is S.ACTIVE


@pytest.mark.parametrize("who", JOINED)
def test_a_signer_who_hangs_up_ends_the_call_for_both(who: Beside) -> None:
    call, commands = play(
        with_second(who, S.BRIEFING if course_of(who) == "relay" else S.TALKING), Act("signer", "hang_up")
    )
    assert call.end_reason == "completed"
    assert commands == [
        CloseMedia(),
        ReleaseAgent("agent-1", "c1", wrap_up=True),
        ReleaseAgent("agent-2", "c1.2", wrap_up=True),
        WriteRecord(),
    ]
    assert call.party_of("agent", "agent-2") == "second", "the page is told that it is over"


def test_a_second_interpreter_may_end_and_report_abuse_too() -> None:
    call, commands = play(with_second("team"), Act("second", "end_and_report_abuse"))
    assert call.end_reason == "abuse_reported"
    assert ReportAbuse("agent-2") in commands


# --- lost


def test_a_second_party_who_is_lost_leaves_after_the_grace() -> None:
    call, _ = play(with_second("team"), PageWent("second"), at=NOW)
    assert next_deadline(call) == NOW + 30
    call, _ = play(call, PageCame("second"), at=NOW + 20)
    assert next_deadline(call) is None
    call, _ = play(call, PageWent("second"), at=NOW + 30)
    call, commands = play(call, Tick(), at=NOW + 60)
    assert commands == [ReleaseAgent("agent-2", "c1.2", wrap_up=False), CloseMedia("second")]
    assert (call.second, call.state) == (None, S.ACTIVE)


@pytest.mark.parametrize("who", JOINED)
def test_whoever_is_beside_a_lost_agent_goes_on_at_once_without_the_queue(who: Beside) -> None:
    call, _ = play(with_second(who), LegConnected("second"), PageWent("agent"), at=NOW)
    call, commands = play(call, Tick(), at=NOW + 30)
    assert call.state is S.ACTIVE
    assert commands[:2] == [ReleaseAgent("agent-1", "c1", wrap_up=False), PromoteSecond()]
    assert not [each for each in commands if isinstance(each, (Enqueue, OpenMedia, CloseMedia))]
    assert (call.agent_key, call.agent_request_id, call.second) == ("agent-2", "c1.2", None)
    assert call.agent.connected and call.agent.present
    assert call.phone is not None and not call.phone.held
    assert call.served_by == ("agent-1",)
    call, commands = play(call, Act("signer", "hang_up"))
    assert ReleaseAgent("agent-2", "c1.2", wrap_up=True) in commands
    assert call.agent_key == "agent-2", "who ends the call has it"


def test_when_both_are_lost_the_call_goes_to_the_head_of_the_line() -> None:
    call, _ = play(with_second("team"), PageWent("agent"), PageWent("second"), at=NOW)
    call, commands = play(call, Tick(), at=NOW + 30)
    assert (call.state, call.priority, call.second) == (S.QUEUED, PRIORITY_RESUMED, None)
    assert ReleaseAgent("agent-2", "c1.2", wrap_up=False) in commands
    assert commands[-1] == Enqueue("c1")


@pytest.mark.parametrize("who", ["sought", "asked", "supervisor"])
def test_who_cannot_serve_does_not_take_over(who: Beside) -> None:
    call, _ = play(with_second(who, S.ACTIVE), PageWent("agent"), at=NOW)
    call, commands = play(call, Tick(), at=NOW + 30)
    assert (call.state, call.second) == (S.QUEUED, None)
    assert (LeaveQueue("c1.2") in commands) == (who == "sought")


def test_a_lost_media_worker_brings_new_peer_connections_to_all_three() -> None:
    _, commands = play(with_second("team"), MediaLost())
    assert commands == [OpenMedia("signer"), OpenMedia("agent"), OpenMedia("second")]


# --- what rings at a workstation

GIVEN = Assignment(assignment_id="as-2", call_id="c1", agent_id="agent-2", trade="interpreter", expires_at=NOW + 30)


def test_whoever_is_asked_beside_an_agent_sees_since_when_and_no_call_that_comes_to_them() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("agent", "call_second"), at=NOW + 600)
    call = call.model_copy(update={"served_by": ("agent-0",), "transferred": True})
    shown = alert(call, "c1.2", GIVEN, NOW + 630)
    assert (shown.queued_at, shown.role, shown.resumed, shown.transferred) == (NOW + 600, "team", False, False)


def test_who_is_given_a_call_in_its_middle_sees_whether_a_colleague_hands_it_on_or_was_lost() -> None:
    assert not alert(new_call(), "c1", GIVEN, NOW + 30).resumed
    call, _ = play(in_state(S.ACTIVE), Act("agent", "transfer_call", to=TransferTarget(skill="medical")))
    shown = alert(call, "c1", GIVEN, NOW + 30)
    assert (shown.resumed, shown.transferred, shown.queued_at) == (True, True, call.queued_at)
    call, _ = play(call, Alerting("c1"), Assigned("agent-2", "as-2", "interpreter", "c1"))
    call, _ = play(call, LegConnected("agent"), LegConnected("signer"), PageWent("agent"), at=NOW)
    call, _ = play(call, Tick(), at=NOW + 120)
    shown = alert(call, "c1", GIVEN, NOW + 30)
    assert (call.state, shown.resumed, shown.transferred) == (S.QUEUED, True, False)


# --- from one agent to another


@pytest.mark.parametrize("who", ["consulted", "team", "expert"])
def test_a_warm_hand_over_cuts_nothing(who: Beside) -> None:
    call, commands = play(with_second(who), LegConnected("second"), Act("agent", "hand_over"))
    assert commands[0] == ReleaseAgent("agent-1", "c1", wrap_up=True)
    assert PromoteSecond() in commands
    assert (WriteRecord() in commands) == (call.kind == "direct"), "a note may be written about it from now on"
    assert not [each for each in commands if isinstance(each, (OpenMedia, CloseMedia, Enqueue))]
    assert (call.state, call.agent_key, call.trade) == (S.ACTIVE, "agent-2", "interpreter")
    assert call.transferred
    assert call.agent.connected
    assert call.party_of("agent", "agent-1") is None
    assert play(call, Assigned("agent-1", "as-1", "interpreter")) == (call, []), "old news"


def test_after_a_hand_over_somebody_else_may_come_and_take_over_again() -> None:
    call, _ = play(with_second("consulted"), Act("agent", "hand_over"))
    call, commands = play(call, Act("agent", "consult"), Assigned("agent-3", "as-3", "interpreter", "c1.3"))
    assert Enqueue("c1.3") in commands
    call, commands = play(call, Act("agent", "hand_over"))
    assert ReleaseAgent("agent-2", "c1.2", wrap_up=True) in commands
    assert (call.agent_key, call.served_by) == ("agent-3", ("agent-1", "agent-2"))
    call, _ = play(call, PageWent("agent"), at=NOW)
    call, commands = play(call, Tick(), at=NOW + 30)
    assert commands[0] == ReleaseAgent("agent-3", "c1.3", wrap_up=False)
    assert (commands[-1], call.agent_request_id) == (Enqueue("c1"), "c1")


def test_nobody_is_handed_a_call_while_their_page_is_gone() -> None:
    call, _ = play(with_second("team"), PageWent("second"))
    with pytest.raises(OutOfPlaceError):
        receive(call, Act("agent", "hand_over"), NOW)


def test_an_interpreter_called_by_an_adviser_is_not_handed_the_brands_call() -> None:
    assert "hand_over" not in actions(with_second("interpreter"), "agent")


@pytest.mark.parametrize("state", [S.BRIEFING, S.ACTIVE, S.AFTER_PHONE])
def test_a_cold_transfer_goes_to_the_head_of_the_line_and_the_phone_party_waits(state: S) -> None:
    target = TransferTarget(skill="medical")
    call, commands = play(in_state(state), Act("agent", "transfer_call", to=target))
    assert (call.state, call.priority) == (S.QUEUED, PRIORITY_RESUMED)
    assert commands[0] == ReleaseAgent("agent-1", "c1", wrap_up=True)
    assert commands[-2:] == [CloseMedia(), Enqueue("c1")]
    assert (HoldPhone(True) in commands) == (state is S.ACTIVE)
    assert (call.wanted, call.transferred, call.refused_agents) == (target, True, ("agent-1",))
    call, _ = play(call, Alerting("c1"), Assigned("agent-2", "as-2", "interpreter", "c1"))
    assert call.state is (S.ACTIVE if state is S.ACTIVE else S.BRIEFING)
    assert call.served_by == ("agent-1",)
    assert call.wanted is None, "should this one be lost, anybody may go on"


def test_while_a_number_is_being_dialled_the_call_is_not_given_away() -> None:
    for state in (S.DIALING, S.RINGING):
        assert "transfer_call" not in actions(in_state(state), "agent")


# --- a supervisor


def test_a_relay_call_is_never_joined_by_a_supervisor() -> None:
    for course in COURSES:
        for state in states_of(course):
            for who in possible_beside(course, state):
                call = beside(who, state, course).model_copy(update={"supervision_allowed": True})
                after, commands = play(call, ASKS)
                assert call.kind == "direct" or (after, commands) == (call, []), (course, state, who)


def test_a_direct_call_is_joined_only_where_the_brand_allows_it_and_after_everyones_yes() -> None:
    call = in_state(S.TALKING, "direct")
    assert play(call, ASKS) == (call, [])
    call, commands = play(call.model_copy(update={"supervision_allowed": True}), ASKS)
    assert commands == []
    assert view(call, "signer", NOW, None).second is not None
    first, commands = play(call, YES[0])
    assert commands == []
    shown = view(first, "agent", NOW, None).second
    assert shown is not None and (shown.state, shown.waiting_for) == ("asked", ("agent",))
    both, commands = play(first, YES[1])
    assert commands == [OpenMedia("second")]
    assert both.second is not None and both.second.is_joined
    assert both.place("second") == Place("supervisor", "boss", None)
    _, commands = play(both, Act("second", "hang_up"))
    assert commands == [CloseMedia("second")], "a supervisor is in no line"


@pytest.mark.parametrize("party", ["signer", "agent"])
@pytest.mark.parametrize("who", ["asked", "supervisor"])
def test_either_may_refuse_a_supervisor_at_any_time(who: Beside, party: str) -> None:
    act = Act("signer" if party == "signer" else "agent", "refuse_supervisor")
    call, commands = play(with_second(who), act)
    assert call.second is None
    assert commands == ([CloseMedia("second")] if who == "supervisor" else [])


def test_who_has_been_refused_in_a_call_asks_in_it_a_few_times_and_no_more() -> None:
    call = in_state(S.TALKING, "direct").model_copy(update={"supervision_allowed": True})
    for _ in range(ASKS_LIMIT):
        assert may_be_joined(call)
        call, _ = play(call, ASKS, Act("signer", "refuse_supervisor"))
    assert not may_be_joined(call) and play(call, ASKS) == (call, [])


def test_a_supervisor_whom_nobody_answers_is_gone_after_a_minute() -> None:
    call = with_second("asked")
    assert next_deadline(call) == NOW + ASK_S
    call, commands = play(call, Tick(), at=NOW + ASK_S)
    assert (call.second, commands) == (None, [])


# --- what is shown


def test_the_signer_learns_no_colleagues_name_but_the_supervisors() -> None:
    assert view(with_second("team"), "signer", NOW, None).second.name is None  # type: ignore[union-attr]
    assert view(with_second("team"), "agent", NOW, None).second.name == "Zoé"  # type: ignore[union-attr]
    assert view(with_second("supervisor"), "signer", NOW, None).second.name == "Inès"  # type: ignore[union-attr]


def test_the_second_sees_the_call_as_the_second_leg_with_its_own_side() -> None:
    call, _ = play(with_second("team"), Act("second", "mute"), Act("second", "hide_picture"))
    shown = view(call, "second", NOW, None)
    assert (shown.leg, shown.muted, shown.hidden) == ("second", True, True)
    assert not view(call, "agent", NOW, None).hidden
    plan = media_plan(call, None, {})
    assert (plan.second, plan.second_muted, plan.second_hidden, plan.agent_muted) == ("team", True, True, False)


def test_somebody_who_is_only_sought_is_not_in_the_media_plan() -> None:
    assert media_plan(with_second("sought"), None, {}).second is None
    assert media_plan(with_second("asked"), None, {}).second is None


def test_who_has_left_a_call_that_goes_on_is_told_that_it_is_over_for_them() -> None:
    shown = farewell(with_second("team"), "agent", NOW, transferred=True)
    assert (shown.state, shown.actions, shown.leg, shown.transferred) == (S.ENDED, (), "agent", True)
