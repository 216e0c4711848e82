"""What single stages of a rehearsal prove."""

import pytest

from signaling.call_terms import CallState
from signaling.rehearsal.model import Proof, Stage
from signaling.rehearsal.phone_ear import digits_of, peaks_of
from signaling.rehearsal.proofs import PROVES, alerts, heard, proved, seen_from, together, voices_among
from signaling.rehearsal.scenarios import SCENARIOS, tones_of
from signaling.rehearsal.stages import STAGES

TONES = tones_of(0)
STATES = {state.value for state in CallState}


def test_exactly_the_voices_that_are_wanted_prove_the_sound() -> None:
    assert heard("phone", (1000.0,), ("agent",), TONES).passed is True
    assert heard("phone", (), ("agent",), TONES).passed is False
    assert heard("phone", (1000.0, 440.0), ("agent",), TONES).passed is False


def test_silence_is_proved_by_silence_alone() -> None:
    assert heard("phone", (), (), TONES).passed is True
    assert heard("phone", (1000.0,), (), TONES).passed is False


def test_phone_that_cannot_be_asked_proves_nothing_either_way() -> None:
    assert heard("phone", None, ("agent",), TONES).passed is None


@pytest.mark.parametrize(
    ("parts", "whole"),
    [((True, True), True), ((True, False), False), ((True, None), None), ((None, False), False)],
)
def test_one_failure_decides_over_what_could_not_be_measured(
    parts: tuple[bool | None, ...], whole: bool | None
) -> None:
    assert together(*(Proof(part, "…") for part in parts)).passed is whole


def test_interpreter_who_served_before_is_no_stranger_and_anybody_else_is() -> None:
    assert seen_from({7, 8}, 8, [7], "signer", frames=10, least=5).passed is True
    assert seen_from({7, 8}, 8, [], "signer", frames=10, least=5).passed is False
    assert seen_from({7, 8, 9}, 8, [7], "signer", frames=10, least=5).passed is False


def test_picture_that_stands_still_is_not_seen() -> None:
    assert seen_from({8}, 8, [], "signer", frames=1, least=5).passed is False


def test_declined_alert_must_be_followed_by_one_to_somebody_else() -> None:
    expected = ["declined", "accepted"]
    assert alerts(["declined", "accepted"], expected, agents=2).passed is True
    assert alerts(["declined", "accepted"], expected, agents=1).passed is False
    assert alerts(["accepted"], expected, agents=1).passed is False


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_stage_of_a_scenario_is_known_and_proves_under_names_of_its_own(name: str) -> None:
    stages = SCENARIOS[name].stages
    assert set(stages) <= set(STAGES)
    names = [proof for proof, _, _ in proved(SCENARIOS[name])]
    assert len(names) == len(set(names))
    assert set(SCENARIOS[name].course) <= STATES


def test_every_stage_is_played_by_a_scenario_and_every_proof_belongs_to_one() -> None:
    played: set[Stage] = {stage for scenario in SCENARIOS.values() for stage in scenario.stages}
    assert played == set(STAGES)
    assert set(PROVES) <= played


def test_words_of_a_proof_say_who_heard_whom() -> None:
    assert heard("agent", (), ("phone",), TONES).measured == "interprète : silence"
    assert heard("agent", (440.0,), ("phone",), TONES).measured == "interprète : téléphone"
    assert "1234 Hz inattendu" in heard("agent", (440.0, 1234.0), ("phone",), TONES).measured


def demo_phone(state: str = "answered") -> dict[str, object]:
    tones = [{"hz": 1000.0, "dbfs": -15.0}, {"hz": 2000.0, "dbfs": -40.0}, {"hz": 440.0, "dbfs": -30.0}]
    return {"calls": [{"number": "+33199000020", "state": state, "tones": tones, "digits": "12#"}]}


def test_phone_is_asked_about_its_answered_call_with_this_number_alone() -> None:
    assert digits_of(demo_phone(), "+33199000020") == "12#"
    assert digits_of(demo_phone(), "+33199000021") == ""
    assert peaks_of(demo_phone("ringing"), "+33199000020") == ()


def test_what_coding_adds_to_a_voice_is_not_another_voice() -> None:
    assert peaks_of(demo_phone(), "+33199000020") == (1000.0, 440.0)


def test_of_what_a_waiting_phone_hears_announced_only_voices_count() -> None:
    tones = tones_of(0)  # signer 600, agent 1000 Hz
    assert voices_among((250.0, 1004.0, 1800.0), tones) == (1004.0,)
    assert not heard("phone", voices_among((250.0, 1004.0), tones), (), tones).passed
    assert heard("phone", voices_among((250.0, 1800.0), tones), (), tones).passed
