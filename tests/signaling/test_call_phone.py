"""The telephones of a call: announced, machines, a second phone party, transfers, messages to be relayed."""

import pytest

from signaling.call import OutOfPlaceError, receive
from signaling.call_events import (
    Act,
    Alerting,
    AnnouncementOver,
    Assigned,
    CloseMedia,
    DialPhone,
    Enqueue,
    HangUpPhone,
    HoldPhone,
    PageWent,
    PhoneReferred,
    PhoneReport,
    PhoneSoundHeard,
    PhoneTextAgreed,
    PlayRecording,
    RecordingOver,
    RefuseReferral,
    ReleaseAgent,
    SendDtmf,
    Tick,
    TransferPhone,
    WatchHold,
)
from signaling.call_model import Call
from signaling.call_offers import actions
from signaling.call_plan import announcement, has_phone_sound
from signaling.call_terms import Announce, CallState, Party
from signaling.call_view import view
from tests.signaling.calls import ASSIGNED, DIAL, T0, in_state, new_call, play, report

S = CallState
JOIN = Act("agent", "join_phone", "+33199000002", "01 99 00 00 02")


def answered(announce: Announce) -> Call:
    """Answered at T0 + 10."""
    call, _ = play(new_call(announce=announce), Alerting(), ASSIGNED, DIAL)
    return play(call, report(call, "answered", code=200))[0]


def ended(call: Call, attempt: str, at: float = T0 + 100, outcome: str = "hung_up") -> Call:
    return play(call, PhoneReport(attempt, "ended", outcome), at=at)[0]  # type: ignore[arg-type]


def joined_on_the_line() -> Call:
    call, _ = play(in_state(S.ACTIVE), JOIN)
    return play(call, PhoneReport("c1-2", "answered"))[0]


# --- the announcement


@pytest.mark.parametrize(
    ("announce", "after_s", "outcome"),
    [
        ("agent", 3, "hung_up_at_announcement"),
        ("agent", 9, "hung_up"),
        ("recorded", 30, "hung_up_at_announcement"),
        ("none", 3, "hung_up"),
    ],
)
def test_who_hangs_up_at_the_announcement_is_told_from_who_ends_a_conversation(
    announce: Announce, after_s: float, outcome: str
) -> None:
    call = ended(answered(announce), "c1-1", at=T0 + 10 + after_s)
    assert (call.state, call.phone and call.phone.outcome) == (S.AFTER_PHONE, outcome)
    assert "dial" in actions(call, "signer"), "one key dials again"


def test_a_recorded_announcement_is_played_once_when_it_was_asked_for() -> None:
    call = answered("recorded")
    playing = announcement(call)
    assert playing is not None and (playing.name, playing.every_s) == ("relay", None)
    call, _ = play(call, AnnouncementOver("relay"))
    assert announcement(call) is None
    assert ended(call, "c1-1").phone_legs[0].outcome == "hung_up"
    assert announcement(answered("agent")) is None


def test_who_waits_on_hold_is_told_to_wait() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("agent", "hold"))
    told = announcement(call)
    assert told is not None and told.name == "please_wait" and told.every_s
    assert announcement(play(call, Act("agent", "resume"))[0]) is None


# --- a machine answers


@pytest.mark.parametrize("party", ["signer", "agent"])
def test_an_answering_machine_is_marked_as_such_whoever_notices_and_may_be_dialled_again(party: Party) -> None:
    call, commands = play(in_state(S.ACTIVE), Act(party, "voicemail"))
    assert commands == [HangUpPhone("c1-1")]
    assert "voicemail" not in actions(call, party), "once"
    call = ended(call, "c1-1", outcome="released")
    assert (call.state, call.phone and call.phone.outcome) == (S.AFTER_PHONE, "voicemail")
    assert "dial" in actions(call, "signer")


# --- keys


def test_the_signer_presses_keys_too() -> None:
    _, commands = play(in_state(S.ACTIVE), Act("signer", "dtmf", digits="4711#"))
    assert commands == [SendDtmf("4711#")]
    assert "dtmf" not in actions(in_state(S.RINGING), "signer")


def test_keys_are_in_no_state_that_a_page_sees_or_a_process_keeps() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("signer", "dtmf", digits="4711#"))
    assert "4711" not in call.model_dump_json()
    assert "4711" not in view(call, "agent", T0, None).model_dump_json()


# --- a second phone party


def test_a_second_phone_party_is_dialled_beside_the_first() -> None:
    call, commands = play(in_state(S.ACTIVE), JOIN)
    assert call.state is S.ACTIVE
    assert commands == [DialPhone(call.phone_legs[1])]
    assert call.phone_legs[1].joined
    assert call.phone is not None and call.phone.attempt == "c1-1"
    assert "join_phone" not in actions(call, "agent")
    assert "hang_up_joined" in actions(call, "agent")
    assert "join_phone" not in actions(in_state(S.ACTIVE), "signer")
    shown = view(call, "signer", T0, None)
    assert shown.joined is not None and shown.joined.number == "01 99 00 00 02"


def test_a_second_phone_party_needs_a_number() -> None:
    with pytest.raises(OutOfPlaceError):
        receive(in_state(S.ACTIVE), Act("agent", "join_phone"), T0)


def test_a_second_phone_party_who_does_not_answer_or_leaves_changes_nothing_else() -> None:
    busy, _ = play(in_state(S.ACTIVE), JOIN)
    for call in (ended(busy, "c1-2", outcome="busy"), ended(joined_on_the_line(), "c1-2")):
        assert call.state is S.ACTIVE
        assert call.phone is not None and call.phone.is_up
        assert "join_phone" in actions(call, "agent"), "another one may be joined"


def test_hanging_up_the_second_phone_party_leaves_the_first() -> None:
    _, commands = play(joined_on_the_line(), Act("agent", "hang_up_joined"))
    assert commands == [HangUpPhone("c1-2")]


def test_when_the_first_phone_party_leaves_the_second_is_the_phone_party() -> None:
    call = ended(joined_on_the_line(), "c1-1")
    assert call.state is S.ACTIVE
    assert call.phone is not None and (call.phone.attempt, call.phone.joined) == ("c1-2", False)
    assert ended(call, "c1-2").state is S.AFTER_PHONE


def test_when_the_first_phone_party_leaves_while_the_second_is_dialled_it_rings_on() -> None:
    call, _ = play(in_state(S.ACTIVE), JOIN)
    call = ended(call, "c1-1")
    assert call.state is S.RINGING
    call, _ = play(call, PhoneReport("c1-2", "answered"))
    assert call.state is S.ACTIVE


def test_who_is_joined_to_a_call_on_hold_is_on_hold() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("agent", "hold"), JOIN)
    _, commands = play(call, PhoneReport("c1-2", "answered"))
    assert commands == [HoldPhone(True)]


@pytest.mark.parametrize("answered_yet", [True, False])
def test_a_lost_interpreter_leaves_both_phone_parties_on_hold_but_stops_ringing_one(answered_yet: bool) -> None:
    call = joined_on_the_line() if answered_yet else play(in_state(S.ACTIVE), JOIN)[0]
    call, _ = play(call, PageWent("agent"), at=T0 + 10)
    call, commands = play(call, Tick(), at=T0 + 40)
    assert commands == [
        ReleaseAgent("agent-1", "c1", wrap_up=False),
        HoldPhone(True),
        *([] if answered_yet else [HangUpPhone("c1-2")]),
        CloseMedia(),
        Enqueue("c1"),
    ]
    call, _ = play(call, Alerting(), Assigned("agent-2", "as-2", "interpreter"))
    assert call.state is S.ACTIVE


def test_the_end_of_a_call_ends_every_phone_leg() -> None:
    call, commands = play(joined_on_the_line(), Act("signer", "hang_up"))
    assert HangUpPhone() in commands
    assert [leg.outcome for leg in call.phone_legs] == ["released", "released"]


# --- transfer


def test_a_phone_party_is_handed_on_to_a_number_or_to_the_second_phone_party() -> None:
    _, commands = play(in_state(S.ACTIVE), Act("agent", "transfer", "+33199000003"))
    assert commands == [TransferPhone("+33199000003")]
    call, commands = play(joined_on_the_line(), Act("agent", "transfer"))
    assert commands == [TransferPhone(None)]
    for attempt in ("c1-1", "c1-2"):
        call = ended(call, attempt, outcome="transferred")
    assert call.state is S.AFTER_PHONE
    assert [leg.outcome for leg in call.phone_legs] == ["transferred", "transferred"]


@pytest.mark.parametrize("second", [False, True], ids=["nobody", "still ringing"])
def test_nobody_is_handed_on_to_somebody_who_is_not_there(second: bool) -> None:
    call = play(in_state(S.ACTIVE), JOIN)[0] if second else in_state(S.ACTIVE)
    with pytest.raises(OutOfPlaceError):
        receive(call, Act("agent", "transfer"), T0)


def test_a_phone_party_who_asks_to_be_replaced_stays_until_the_other_one_answers() -> None:
    refer = PhoneReferred("c1-1", "+33199000003", "01 99 00 00 03")
    call, commands = play(in_state(S.ACTIVE), refer)
    assert commands == [DialPhone(call.phone_legs[1], replaces="c1-1")]
    call, _ = play(call, PhoneReport("c1-2", "answered"))
    call = ended(call, "c1-1", outcome="transferred")
    assert call.state is S.ACTIVE
    assert call.phone is not None and call.phone.attempt == "c1-2"


def test_nobody_else_may_ask_for_that_and_is_told_so() -> None:
    for call, attempt in (
        (in_state(S.ACTIVE), "another"),
        (joined_on_the_line(), "c1-1"),
        (in_state(S.RINGING), "c1-1"),
    ):
        assert play(call, PhoneReferred(attempt, "+33199000003", "3")) == (call, [RefuseReferral(attempt)])


def test_whoever_called_in_cannot_have_us_dial_out() -> None:
    called = in_state(S.ACTIVE).model_copy(update={"direction": "incoming"})
    assert play(called, PhoneReferred("c1-1", "+33199000003", "3")) == (called, [RefuseReferral("c1-1")])


# --- watching a line that plays music


def test_the_hold_watcher_tells_what_it_hears_as_long_as_it_is_asked_to() -> None:
    call, commands = play(in_state(S.ACTIVE), PhoneSoundHeard("music"), Act("agent", "watch_hold"))
    assert commands == [WatchHold(True)]
    assert view(call, "signer", T0, None).phone.sound is None
    call, _ = play(call, PhoneSoundHeard("speech"))
    assert view(call, "signer", T0, None).phone.sound == "speech"
    after, commands = play(call, Act("agent", "stop_watching"))
    assert commands == [WatchHold(False)]
    assert view(after, "signer", T0, None).phone.sound is None
    _, commands = play(call, report(call, "ended", "hung_up"))
    assert commands == [WatchHold(False)]


def test_text_of_the_telephone_is_told_to_the_pages() -> None:
    call, _ = play(in_state(S.ACTIVE), PhoneTextAgreed(True))
    assert view(call, "signer", T0, None).phone.text
    assert not view(ended(call, "c1-1"), "signer", T0, None).phone.text


# --- a message to be relayed


def with_message() -> Call:
    call = new_call(recording="k1")
    return play(call, Alerting(), ASSIGNED)[0]


def test_the_agent_listens_to_a_message_and_calls_its_sender_back() -> None:
    call = with_message()
    assert view(call, "signer", T0, None).has_message
    assert "play_message" not in actions(call, "signer")
    call, commands = play(call, Act("agent", "play_message"))
    assert commands == [PlayRecording("k1", "s1")]
    assert has_phone_sound(call), "it is heard where the telephone is heard"
    again, _ = play(call, RecordingOver())
    assert "play_message" in actions(again, "agent"), "from its beginning"
    stopped, commands = play(call, Act("agent", "stop_message"))
    assert (stopped.playing, commands) == (False, [PlayRecording(None, "s1")])
    call, commands = play(call, DIAL)
    assert commands == [PlayRecording(None, "s1"), DialPhone(call.phone_legs[0])]
    assert not has_phone_sound(call)


def test_a_message_stops_when_the_agent_or_the_call_is_gone() -> None:
    playing, _ = play(with_message(), Act("agent", "play_message"))
    _, commands = play(playing, Act("signer", "hang_up"))
    assert PlayRecording(None, "s1") in commands
    call, _ = play(playing, PageWent("agent"), at=T0 + 10)
    call, commands = play(call, Tick(), at=T0 + 40)
    assert PlayRecording(None, "s1") in commands
    assert not call.playing


def test_a_call_without_message_offers_none() -> None:
    assert "play_message" not in actions(in_state(S.BRIEFING), "agent")


# --- who sees what


def test_where_the_signer_is_is_for_the_agent_alone() -> None:
    call, _ = play(new_call(location="au bord du canal"), Alerting(), ASSIGNED)
    assert view(call, "agent", T0, None).location == "au bord du canal"
    assert "canal" not in view(call, "signer", T0, None).model_dump_json()


def test_place_given_with_the_next_number_takes_the_one_before() -> None:
    call, _ = play(
        in_state(S.AFTER_PHONE), Act("signer", "dial", target="15", display="15", location="au bord du canal")
    )
    assert view(call, "agent", T0, None).location == "au bord du canal"
    call, _ = play(call, report(call, "ended", "busy"), Act("agent", "dial"))
    assert view(call, "agent", T0, None).location == "au bord du canal", "dialled again, it holds"
