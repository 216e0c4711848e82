"""What the media of a call should be, derived from the call."""

import pytest

from relay.routing import routes
from signaling.call_events import Act, WatchSet
from signaling.call_model import Call
from signaling.call_plan import media_plan, phone_hears, watched
from signaling.call_terms import CallState
from signaling.call_view import view
from tests.signaling.calls import T0, beside, in_state, play, rung, video

S = CallState


@pytest.mark.parametrize("caller_voice", [False, True])
@pytest.mark.parametrize("caller_hearing", [False, True])
@pytest.mark.parametrize("peer_voice", [False, True])
@pytest.mark.parametrize("peer_hearing", [False, True])
def test_between_signers_sound_goes_from_whoever_uses_a_voice_to_whoever_uses_hearing(
    caller_voice: bool, caller_hearing: bool, peer_voice: bool, peer_hearing: bool
) -> None:
    accept = Act("agent", "accept", voice=peer_voice, hearing=peer_hearing, device="laptop")
    call, _ = play(video(voice=caller_voice, hearing=caller_hearing), accept)
    found = routes({"signer", "agent"}, media_plan(call, None, {}))
    assert found.hears["agent"] == (("signer",) if caller_voice and peer_hearing else ())
    assert found.hears["signer"] == (("agent",) if peer_voice and caller_hearing else ())
    assert found.sees == {"signer": ("agent",), "agent": ("signer",), "second": ()}
    assert found.reads == {"signer": ("agent",), "agent": ("signer",), "second": (), "phone": ()}


def test_the_pictures_of_all_who_are_together_are_tapped_and_none_before() -> None:
    assert watched(in_state(S.INCOMING, "video")) == watched(in_state(S.QUEUED)) == {}
    plan = media_plan(in_state(S.TALKING, "video"), None, {"signer": "/tap", "agent": "/tap"})
    assert [tap.leg for tap in plan.taps] == ["signer", "agent"]


@pytest.mark.parametrize(
    ("mode", "voice", "signer"),
    [
        ("LSF", False, "signing"),
        ("LSFA", False, "signing"),
        ("CAS", False, "signing"),
        ("LSF", True, "lips"),
        ("LfPC", False, "cued_speech"),
        ("LfPCA", True, "cued_speech"),
        ("TTH", False, "lips"),
        ("TTA", False, "lips"),
        ("CAA", False, "lips"),
    ],
)
def test_what_must_be_seen_of_a_signer_follows_from_the_mode_and_the_own_voice(
    mode: str, voice: bool, signer: str
) -> None:
    assert watched(in_state(S.ACTIVE).model_copy(update={"mode": mode, "voice": voice}))["signer"] == signer


@pytest.mark.parametrize(
    ("trade", "agent"),
    [
        ("interpreter", "signing"),
        ("adviser", "signing"),
        ("lfpc_coder", "cued_speech"),
        ("transcriber", "lips"),
        (None, "signing"),
    ],
)
def test_what_must_be_seen_of_whoever_serves_follows_from_the_trade(trade: str | None, agent: str) -> None:
    assert watched(in_state(S.ACTIVE).model_copy(update={"trade": trade}))["agent"] == agent


def test_a_signer_who_speaks_to_somebody_who_does_not_hear_is_read_from_the_hands() -> None:
    call = in_state(S.TALKING, "direct").model_copy(update={"voice": True})
    assert watched(call)["signer"] == "signing"
    assert watched(call.model_copy(update={"agent_hears": True}))["signer"] == "lips"
    between = in_state(S.TALKING, "video").model_copy(update={"voice": True})
    assert watched(between)["signer"] == "signing"
    assert watched(between.model_copy(update={"peer_hearing": True})) == {"signer": "lips", "agent": "signing"}


def test_a_second_party_is_watched_as_the_agent_is_and_a_supervisor_who_looks_on_never() -> None:
    assert watched(beside("team", S.ACTIVE))["second"] == "signing"
    assert "second" not in watched(beside("sought", S.ACTIVE))
    assert "second" not in watched(beside("supervisor", S.ACTIVE, "direct"))


def test_a_picture_that_is_hidden_or_whose_analysis_is_switched_off_is_not_tapped() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("agent", "hide_picture"), WatchSet("signer", enabled=False))
    assert watched(call) == {}
    assert media_plan(call, None, {"signer": "/tap", "agent": "/tap"}).taps == ()
    again, _ = play(call, WatchSet("signer", enabled=True))
    assert set(watched(again)) == {"signer"}
    assert not view(call, "signer", T0, None).watched and view(call, "agent", T0, None).watched


def test_the_choice_not_to_be_watched_outlasts_the_agent_and_the_process() -> None:
    call, _ = play(beside("team", S.ACTIVE), WatchSet("signer", enabled=False), WatchSet("second", enabled=False))
    after, _ = play(call, Act("agent", "hand_over"))
    assert watched(Call.model_validate_json(after.model_dump_json())) == {}
    older = call.model_dump(mode="json")
    for side in ("signer", "agent", "second"):
        del older[side]["watched"]
    assert set(watched(Call.model_validate(older))) == {"signer", "agent", "second"}


def test_whoever_takes_a_call_may_have_switched_the_analysis_off_before() -> None:
    taken, _ = play(video(), Act("agent", "accept", device="laptop", watched=False))
    assert set(watched(taken)) == {"signer"}
    rung_up, _ = play(rung(), Act("signer", "accept", mode="LSF", device="phone", device_type="phone", watched=False))
    assert not rung_up.signer.watched and rung_up.signer_device_type == "phone"
    before, _ = play(rung(), WatchSet("signer", enabled=False), Act("signer", "accept", mode="LSF", device="phone"))
    assert not before.signer.watched


def test_nobody_but_the_agent_and_the_phone_party_hears_the_other_when_the_signer_uses_no_sound() -> None:
    call = in_state(S.ACTIVE, "incoming")
    plan = media_plan(call, "/phone", {})
    assert plan.phone_socket == "/phone"
    assert phone_hears(call, plan) == {"signer": (), "agent": ("phone",), "second": (), "phone": ("agent",)}


def test_a_message_is_heard_by_the_agent_without_any_telephone() -> None:
    call = in_state(S.BRIEFING).model_copy(update={"recording": "k1", "playing": True})
    plan = media_plan(call, "/phone", {})
    assert phone_hears(call, plan)["agent"] == ("phone",)
    assert media_plan(call.model_copy(update={"playing": False}), "/phone", {}).phone_socket is None


def test_each_of_two_signers_sees_the_call_from_their_own_side() -> None:
    call, _ = play(video(voice=True), Act("agent", "accept", hearing=True, device="laptop"))
    caller, called = view(call, "signer", T0, None), view(call, "agent", T0, None)
    assert (caller.leg, caller.direction, caller.peer_name, caller.voice) == ("signer", "outgoing", "Zoé", True)
    assert (called.leg, called.direction, called.peer_name, called.voice) == ("agent", "incoming", "Ana", False)
    assert called.hearing
