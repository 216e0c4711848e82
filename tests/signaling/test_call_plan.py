"""What the media of a call should be, derived from the call."""

import pytest

from relay.routing import routes
from signaling.call_events import Act
from signaling.call_model import CallState
from signaling.call_plan import media_plan, phone_hears, watched
from signaling.call_view import view
from tests.signaling.calls import T0, in_state, play, video

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


def test_between_signers_both_are_measured_and_in_a_relay_call_the_signer() -> None:
    assert watched(in_state(S.TALKING, "video")) == ("signer", "agent")
    assert watched(in_state(S.ACTIVE)) == ("signer",)
    assert watched(in_state(S.INCOMING, "video")) == watched(in_state(S.QUEUED)) == ()
    plan = media_plan(in_state(S.TALKING, "video"), None, {"signer": "/tap", "agent": "/tap"})
    assert [tap.leg for tap in plan.taps] == ["signer", "agent"]


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
