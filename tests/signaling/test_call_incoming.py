"""Calls that somebody else begins: who is rung, what the caller may do, what is kept, and how it ends."""

import pytest

from interpreter_queue.model import PRIORITY_RESUMED
from signaling.call import begin, next_deadline
from signaling.call_events import (
    Act,
    Alerting,
    AnnouncementOver,
    CloseMedia,
    Enqueue,
    HangUpPhone,
    HoldPhone,
    KeepMissed,
    LeaveQueue,
    MessageRecorded,
    OpenMedia,
    PageCame,
    PageWent,
    QueueGaveUp,
    RecordMessage,
    ReleaseAgent,
    RingDevices,
    TakeIncoming,
    Tick,
    WriteRecord,
)
from signaling.call_model import Call
from signaling.call_offers import actions
from signaling.call_plan import announcement
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_terms import CallState
from tests.signaling.calls import ACCEPT, ASSIGNED, DECLINE, T0, in_state, play, report, rung, video

S = CallState
MISSED = KeepMissed("s1", "+33199000001", T0 + 10)


def heard(call: Call) -> str | None:
    """What the caller hears announced."""
    now = announcement(call)
    return now.name if now is not None else None


def ending(call: Call) -> tuple[str | None, str | None]:
    return call.end_reason, call.end_fault


# --- from the bell to an interpreter


def test_a_caller_is_answered_and_every_device_of_the_signer_is_rung() -> None:
    call = rung()
    assert begin(call) == (TakeIncoming(call.phone_legs[0]), RingDevices("s1"))
    assert heard(call) == "ringing"
    assert actions(call, "signer") == ("accept", "decline")
    assert actions(call, "agent") == ()


def test_an_outgoing_call_begins_in_the_line() -> None:
    assert begin(in_state(S.QUEUED)) == (Enqueue("c1"),)


def test_the_device_that_accepts_has_the_call_in_the_mode_it_chose() -> None:
    call, commands = play(rung(), Act("signer", "accept", mode="TTH", voice=True, hearing=True, device="laptop"))
    assert (call.state, commands) == (S.QUEUED, [Enqueue("c1")])
    assert (call.mode, call.trades, call.voice, call.hearing) == ("TTH", ("transcriber",), True, True)
    assert call.signer_device == "laptop"
    assert call.queued_at == T0 + 10, "the wait for an agent begins when the signer has accepted"
    assert heard(call) == "seeking_agent"
    assert "accept" not in actions(call, "signer")


def test_with_the_interpreter_all_three_are_together_at_once() -> None:
    call, commands = play(in_state(S.QUEUED, "incoming"), Alerting(), ASSIGNED)
    assert (call.state, commands) == (S.ACTIVE, [OpenMedia("signer"), OpenMedia("agent")])
    assert heard(call) is None, "the caller hears the people now"
    assert {"hold", "dtmf", "transfer", "join_phone"} <= set(actions(call, "agent"))
    assert "voicemail" not in actions(call, "agent"), "who calls is no machine"


def test_after_the_caller_hung_up_the_signer_may_call_back() -> None:
    call, _ = play(in_state(S.AFTER_PHONE, "incoming"), Act("signer", "dial"))
    assert call.state is S.DIALING
    assert [leg.target for leg in call.phone_legs] == ["+33199000001"] * 2
    call, _ = play(call, report(call, "answered", code=200))
    assert "voicemail" in actions(call, "signer")


def test_an_anonymous_caller_cannot_be_called_back_but_another_number_can() -> None:
    call, _ = play(rung(caller=None, display=None), ACCEPT, ASSIGNED)
    call, _ = play(call, report(call, "ended", "hung_up"))
    call, _ = play(call, Act("signer", "dial", "+33199000002", "01 99 00 00 02"))
    assert call.state is S.DIALING


def test_a_caller_who_hangs_up_soon_did_not_hang_up_at_an_announcement() -> None:
    call, _ = play(rung(), ACCEPT, ASSIGNED)
    call, _ = play(call, report(call, "ended", "hung_up"))
    assert call.phone is not None and call.phone.outcome == "hung_up"


# --- the caller gives up


def test_a_caller_who_hangs_up_while_it_rings_is_a_missed_call() -> None:
    call, commands = play(rung(), report(rung(), "ended", "hung_up"))
    assert ending(call) == ("caller_gave_up", "phone")
    assert commands == [CloseMedia(), WriteRecord(), MISSED]


def test_an_anonymous_missed_call_has_no_number() -> None:
    _, commands = play(rung(caller=None, display=None), report(rung(), "ended", "hung_up"))
    assert commands[-1] == KeepMissed("s1", None, T0 + 10)


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING])
def test_a_caller_who_hangs_up_while_an_interpreter_is_sought_was_not_missed(state: S) -> None:
    call = in_state(state, "incoming")
    call, commands = play(call, report(call, "ended", "hung_up"))
    assert ending(call) == ("caller_gave_up", "phone")
    assert commands == [LeaveQueue("c1"), CloseMedia(), WriteRecord()]
    assert call_record(call, CallStatistics()).abandoned


@pytest.mark.parametrize("state", [S.INCOMING, S.QUEUED])
def test_a_caller_cut_off_by_our_own_line_is_our_fault(state: S) -> None:
    call = in_state(state, "incoming")
    call, _ = play(call, report(call, "ended", "trunk_failed"))
    assert ending(call) == ("failed", "service")


# --- the signer took it, and no interpreter comes


GOODBYE = Act("signer", "hang_up")
LEFT_ALONE = [
    (GOODBYE, "declined", "signer", []),
    (QueueGaveUp(), "no_agent", "service", [MISSED]),
    (Tick(), "abandoned", "signer", [MISSED]),
]
WHO_LEFT = ["the signer hangs up", "the queue gives up", "the signer is lost"]


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING])
@pytest.mark.parametrize(("how", "reason", "fault", "kept"), LEFT_ALONE, ids=WHO_LEFT)
def test_a_caller_for_whom_no_interpreter_is_sought_any_more_may_leave_a_message(
    how: Act | QueueGaveUp | Tick, reason: str, fault: str, kept: list[KeepMissed], state: S
) -> None:
    call, _ = play(in_state(state, "incoming"), PageWent("signer"), at=T0)
    call, commands = play(call, how, at=T0 + 120)
    assert (call.state, commands, heard(call)) == (S.MESSAGE, [LeaveQueue("c1")], "leave_message")
    assert not call.occupies_signer
    silent, commands = play(call, AnnouncementOver("leave_message"), MessageRecorded(None, 0.0))
    assert ending(silent) == (reason, fault)
    assert [each for each in commands if isinstance(each, KeepMissed)] == kept
    spoken, commands = play(call, AnnouncementOver("leave_message"), MessageRecorded("k1", 4.0))
    spoken, _ = play(spoken, AnnouncementOver("message_kept"))
    assert ending(spoken) == ("message_left", "nobody")
    assert KeepMissed("s1", "+33199000001", T0 + 10, "k1", 4.0) in commands


@pytest.mark.parametrize("how", [how for how, *_ in LEFT_ALONE], ids=WHO_LEFT)
def test_a_caller_whom_an_interpreter_served_already_is_offered_no_message(how: Act | QueueGaveUp | Tick) -> None:
    call, _ = play(in_state(S.ACTIVE, "incoming"), PageWent("agent"), PageWent("signer"), at=T0 + 10)
    call, _ = play(call, Tick(), at=T0 + 40)
    call, commands = play(call, how, at=T0 + 400)
    assert call.state is S.ENDED
    assert HangUpPhone() in commands


# --- nobody takes it


@pytest.mark.parametrize(("how", "reason"), [(DECLINE, "declined"), (Tick(), "not_answered")])
def test_a_caller_who_is_not_answered_may_leave_a_message_which_is_kept_for_the_signer(
    how: Act | Tick, reason: str
) -> None:
    call, commands = play(rung(), how, at=T0 + 180)
    assert (call.state, commands, heard(call)) == (S.MESSAGE, [], "leave_message")
    assert not call.occupies_signer
    call, commands = play(call, AnnouncementOver("leave_message"))
    assert (commands, heard(call)) == ([RecordMessage("s1")], None)
    call, commands = play(call, MessageRecorded("k1", 12.5))
    assert commands == [KeepMissed("s1", "+33199000001", T0 + 10, "k1", 12.5)]
    assert heard(call) == "message_kept"
    call, commands = play(call, AnnouncementOver("message_kept"))
    assert ending(call) == ("message_left", "nobody")
    assert commands == [HangUpPhone(), CloseMedia(), WriteRecord()]


def test_the_signer_is_rung_for_three_minutes() -> None:
    assert next_deadline(rung()) == T0 + 180
    early, _ = play(rung(), Tick(), at=T0 + 179)
    assert early.state is S.INCOMING


def test_a_signer_who_cannot_be_rung_is_offered_a_message_at_once() -> None:
    call, _ = play(rung(ring_s=0.0), Tick(), at=T0)
    assert call.state is S.MESSAGE


@pytest.mark.parametrize(
    ("how", "reason", "kept"),
    [(DECLINE, ("declined", "signer"), []), (Tick(), ("not_answered", "signer"), [MISSED])],
)
def test_a_caller_who_says_nothing_is_a_missed_call_unless_it_was_declined(
    how: Act | Tick, reason: tuple[str, str], kept: list[KeepMissed]
) -> None:
    call, _ = play(rung(), how, AnnouncementOver("leave_message"), at=T0 + 180)
    call, commands = play(call, MessageRecorded(None, 0.0))
    assert ending(call) == reason
    assert [each for each in commands if isinstance(each, KeepMissed)] == kept


def test_a_caller_who_ends_the_message_by_hanging_up_has_left_it() -> None:
    call, _ = play(in_state(S.MESSAGE, "incoming"), AnnouncementOver("leave_message"))
    call, commands = play(call, report(call, "ended", "hung_up"))
    assert (call.state, commands) == (S.MESSAGE, []), "what was said is still to come"
    call, commands = play(call, MessageRecorded("k1", 4.0))
    assert ending(call) == ("message_left", "nobody")
    assert commands == [KeepMissed("s1", "+33199000001", T0 + 10, "k1", 4.0), CloseMedia(), WriteRecord()]


def test_a_message_that_is_never_told_of_does_not_keep_the_call_for_ever() -> None:
    call, _ = play(in_state(S.MESSAGE, "incoming"), AnnouncementOver("leave_message"))
    call, _ = play(call, report(call, "ended", "hung_up"))
    deadline = next_deadline(call)
    assert deadline is not None and deadline <= T0 + 30
    call, _ = play(call, Tick(), at=deadline)
    assert ending(call) == ("declined", "signer")


def test_a_caller_who_hangs_up_while_told_of_the_message_is_a_missed_call() -> None:
    call, _ = play(rung(), Tick(), at=T0 + 180)
    call, commands = play(call, report(call, "ended", "hung_up"))
    assert ending(call) == ("not_answered", "signer")
    assert MISSED in commands


# --- pages come and go


def test_while_it_rings_no_page_is_waited_for_and_any_may_come() -> None:
    call, _ = play(rung(), PageCame("signer"), PageWent("signer"), at=T0 + 20)
    assert next_deadline(call) == T0 + 180
    call, _ = play(call, PageCame("signer"), ACCEPT, at=T0 + 60)
    assert (call.state, call.signer.lost_since) == (S.QUEUED, None)


def test_a_caller_waits_on_hold_for_another_interpreter_when_the_first_is_lost() -> None:
    call, _ = play(in_state(S.ACTIVE, "incoming"), PageWent("agent"), at=T0 + 10)
    call, commands = play(call, Tick(), at=T0 + 40)
    assert commands == [ReleaseAgent("agent-1", "c1", wrap_up=False), HoldPhone(True), CloseMedia(), Enqueue("c1")]
    assert (call.state, call.priority, heard(call)) == (S.QUEUED, PRIORITY_RESUMED, "please_wait")
    call, _ = play(call, report(call, "ended", "hung_up"))
    assert call.state is S.QUEUED, "the signer is waiting still, and may call back"


@pytest.mark.parametrize(
    ("events", "wait_s"),
    [((), 0.0), ((ACCEPT,), 30.0)],
    ids=["never accepted", "accepted after 10 s"],
)
def test_the_time_the_signer_is_rung_is_no_wait_for_an_agent(events: tuple[Act, ...], wait_s: float) -> None:
    call, _ = play(rung(), *events, at=T0 + 10)
    call, _ = play(call, report(call, "ended", "hung_up"), at=T0 + 40)
    assert call_record(call, CallStatistics()).wait_s == wait_s


# --- between two signers


def test_a_call_between_signers_needs_no_agent_and_no_place_in_line() -> None:
    call = video()
    assert begin(call) == (RingDevices("s2"),)
    assert (actions(call, "signer"), actions(call, "agent")) == (("hang_up",), ("accept", "decline"))
    call, commands = play(call, Act("agent", "accept", voice=True, device="laptop"))
    assert (call.state, commands) == (S.TALKING, [OpenMedia("signer"), OpenMedia("agent")])
    assert call.place("agent") == ("signer", "s2", "laptop")
    for party in ("signer", "agent"):
        assert set(actions(call, party)) == {"hang_up", "mute"}


@pytest.mark.parametrize("party", ["signer", "agent"])
def test_either_signer_ends_a_call_between_them(party: str) -> None:
    call, commands = play(in_state(S.TALKING, "video"), Act(party, "hang_up"))  # type: ignore[arg-type]
    assert ending(call) == ("completed", "nobody")
    assert commands == [CloseMedia(), WriteRecord()], "nobody is released: nobody was assigned"
    assert call_record(call, CallStatistics()).agent_id is None


def test_a_signer_who_is_not_there_finds_the_call_of_another_signer() -> None:
    call, commands = play(video(), Tick(), at=T0 + 180)
    assert ending(call) == ("not_answered", "signer")
    assert commands[-1] == KeepMissed("s2", "+33199000008", T0 + 180)


def test_a_declined_call_between_signers_is_no_missed_call() -> None:
    call, commands = play(video(), Act("agent", "decline"))
    assert ending(call) == ("declined", "signer")
    assert commands == [CloseMedia(), WriteRecord()]


@pytest.mark.parametrize("event", [Act("signer", "hang_up"), Tick()], ids=["hangs up", "is lost"])
def test_a_calling_signer_who_leaves_is_a_missed_call(event: Act | Tick) -> None:
    call, _ = play(video(), PageWent("signer"), at=T0)
    call, commands = play(call, event, at=T0 + 60)
    assert ending(call) == ("caller_gave_up", "signer")
    assert KeepMissed("s2", "+33199000008", T0 + 60) in commands


@pytest.mark.parametrize("party", ["signer", "agent"])
def test_either_signer_is_waited_for_as_long_and_nobody_takes_their_place(party: str) -> None:
    call, _ = play(in_state(S.TALKING, "video"), PageWent(party), at=T0 + 10)  # type: ignore[arg-type]
    assert next_deadline(call) == T0 + 70
    call, _ = play(call, Tick(), at=T0 + 70)
    assert ending(call) == ("signer_lost", "signer")
