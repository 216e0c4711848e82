"""The rules, their hysteresis and the words, from the table and exhaustively."""

import re
from collections.abc import Iterable

import pytest

from relay.visibility.advice import (
    ADVICE,
    CLEAR_AFTER_S,
    GOOD,
    MODELS_MISSING,
    NO_PICTURE_YET,
    NO_VIDEO,
    NOT_MEASURED,
    NOT_MEASURED_YET,
    RULES,
    SHOW_AFTER_S,
    AdvicePolicy,
    Rule,
    Verdict,
    with_person,
)
from relay.visibility.measures.summary import summarize
from tests.relay.visibility.frames import glance, look

WELL = summarize([glance()] * 8, [look()] * 8, 25.0)
NOTHING = summarize([], [], None, receiving=False)
UNDECODED = summarize([], [], None, receiving=True)
LEVELS = {"good": 0, "fair": 1, "poor": 2, "off": 3}
MEASURED = [rule for rule in RULES if rule not in (NO_VIDEO, NOT_MEASURED)]


def ids(rules: Iterable[Rule]) -> list[str]:
    return [f"{rule.code}-{rule.level}-{rule.measure}" for rule in rules]


def breaking(rule: Rule) -> dict[str, float | None]:
    """Measures that break this rule, and are good otherwise."""
    value = rule.show - 0.01 if rule.side == "below" else rule.show + 0.01
    if rule.measure == "person":
        return {**WELL, "hands_found": 0.0, "face_found": value}
    if rule.measure == "face_found":
        return {**WELL, "hands_found": 2.0, "face_found": value}
    return {**WELL, rule.measure: value}


def between(rule: Rule) -> dict[str, float | None]:
    """Measures between the threshold to show and that to clear."""
    value = (rule.show + rule.clear) / 2
    if rule.measure == "person":
        return {**WELL, "hands_found": 0.0, "face_found": value}
    return {**WELL, rule.measure: value}


def verdicts(policy: AdvicePolicy, measures: dict[str, float | None], seconds: int) -> list[Verdict]:
    return [policy.update(measures) for _ in range(seconds)]


def started() -> AdvicePolicy:
    policy = AdvicePolicy()
    assert policy.update(WELL) == GOOD
    return policy


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_each_rule_shows_after_two_seconds_and_clears_after_three(rule: Rule) -> None:
    policy = AdvicePolicy((rule,))
    policy.update(WELL)
    shown = Verdict(rule.level, rule.code)
    assert verdicts(policy, breaking(rule), 3) == [GOOD, shown, shown]
    assert verdicts(policy, WELL, 3) == [shown, shown, GOOD]


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_between_its_thresholds_each_rule_stays_as_it_is(rule: Rule) -> None:
    silent, alarmed = AdvicePolicy((rule,)), AdvicePolicy((rule,))
    silent.update(WELL)
    alarmed.update(WELL)
    verdicts(alarmed, breaking(rule), 2)
    assert set(verdicts(silent, between(rule), 10)) == {GOOD}
    assert set(verdicts(alarmed, between(rule), 10)) == {Verdict(rule.level, rule.code)}


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_a_bad_second_alone_shows_nothing_and_a_good_one_alone_clears_nothing(rule: Rule) -> None:
    policy = AdvicePolicy((rule,))
    policy.update(WELL)
    for _ in range(5):
        assert policy.update(breaking(rule)) == GOOD
        assert policy.update(WELL) == GOOD
    verdicts(policy, breaking(rule), 2)
    for _ in range(5):
        assert policy.update(WELL) != GOOD
        assert policy.update(breaking(rule)) != GOOD


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_what_was_wrong_from_the_start_is_said_at_once_unless_it_comes_and_goes(rule: Rule) -> None:
    first = AdvicePolicy((rule,)).update(breaking(rule))
    assert first == (Verdict(rule.level, rule.code) if rule.at_once else GOOD)


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_each_rule_reaches_its_code_among_all_the_others(rule: Rule) -> None:
    policy = started()
    last = verdicts(policy, breaking(rule), 4)[-1]
    assert last.advice == rule.code
    assert LEVELS[last.level] >= LEVELS[rule.level]


def test_well_seen_signer_is_good_for_ever() -> None:
    assert set(verdicts(AdvicePolicy(), WELL, 60)) == {GOOD}


def test_signer_at_rest_with_hands_below_the_picture_is_good() -> None:
    resting = summarize(
        [glance(movement=0.001)] * 8, [look(hands_found=0, hands_in_frame=None, hand_size=None)] * 8, 25.0
    )
    assert set(verdicts(AdvicePolicy(), resting, 60)) == {GOOD}


def test_signing_with_cut_hands_then_resting_goes_quiet() -> None:
    policy = started()
    cut = summarize([glance()] * 8, [look(hands_cut=("bottom",), hands_in_frame=0.6)] * 8, 25.0)
    rest = summarize([glance(movement=0.0)] * 8, [look(hands_cut=("bottom",))] * 8, 25.0)
    assert verdicts(policy, cut, 3)[-1] == Verdict("poor", "hands_cut")
    assert verdicts(policy, rest, 3)[-1] == GOOD


def test_cut_hands_are_noticed_across_the_pauses_of_signing() -> None:
    policy = started()
    cut = summarize([glance()] * 8, [look(hands_cut=("bottom",), hands_in_frame=0.6)] * 8, 25.0)
    rest = summarize([glance(movement=0.0)] * 8, [look()] * 8, 25.0)
    assert [policy.update(second) for second in (cut, rest, cut)] == [GOOD, GOOD, Verdict("poor", "hands_cut")]


def test_whole_hands_in_between_take_the_suspicion_away() -> None:
    policy = started()
    cut = summarize([glance()] * 8, [look(hands_cut=("bottom",), hands_in_frame=0.6)] * 8, 25.0)
    assert [policy.update(second) for second in (cut, WELL, cut, WELL)] == [GOOD] * 4


def test_slow_picture_matters_only_while_somebody_signs_unless_it_is_very_slow() -> None:
    rest = {**WELL, "signing": 0.0}
    assert verdicts(started(), {**rest, "received_fps": 15.0}, 5)[-1] == GOOD
    assert verdicts(started(), {**WELL, "received_fps": 15.0}, 5)[-1] == Verdict("fair", "frame_rate_low")
    assert verdicts(started(), {**rest, "received_fps": 8.0}, 5)[-1] == Verdict("poor", "frame_rate_low")


def test_unknown_frame_rate_is_no_alarm() -> None:
    assert set(verdicts(AdvicePolicy(), {**WELL, "received_fps": None}, 5)) == {GOOD}


def test_hands_without_a_face_mean_that_the_face_is_cut_not_that_nobody_is_there() -> None:
    assert verdicts(started(), {**WELL, "face_found": 0.0}, 3)[-1].advice == "face_cut"
    assert verdicts(started(), {**WELL, "face_found": 0.0, "hands_found": 0.0}, 3)[-1].advice == "no_person"
    assert with_person({**WELL, "face_found": 0.0, "hands_found": 0.0})["face_found"] is None


def test_darkness_is_named_before_the_person_nobody_can_see_in_it() -> None:
    dark = {**WELL, "luma": 0.03, "face_found": 0.0, "hands_found": 0.0}
    assert AdvicePolicy().update(dark) == Verdict("poor", "too_dark")


def test_before_the_first_picture_nothing_is_measured() -> None:
    assert AdvicePolicy().update(NOTHING) == NO_PICTURE_YET
    assert AdvicePolicy().update(UNDECODED) == NOT_MEASURED_YET


def test_first_picture_after_a_late_start_is_judged_at_once() -> None:
    policy = AdvicePolicy()
    verdicts(policy, NOTHING, 10)
    assert policy.update(WELL) == GOOD


def test_video_that_stops_is_said_after_two_seconds_and_forgotten_with_the_next_picture() -> None:
    policy = started()
    assert verdicts(policy, NOTHING, 3) == [GOOD, NO_PICTURE_YET, NO_PICTURE_YET]
    assert policy.update(WELL) == GOOD


def test_video_that_arrives_but_cannot_be_decoded_is_not_called_missing() -> None:
    policy = started()
    assert verdicts(policy, UNDECODED, 2)[-1] == NOT_MEASURED_YET
    assert policy.update(WELL) == GOOD


def test_alarm_outlives_a_gap_in_the_video() -> None:
    policy = started()
    dark = {**WELL, "luma": 0.05}
    verdicts(policy, dark, 2)
    verdicts(policy, NOTHING, 5)
    assert policy.update(dark) == Verdict("poor", "too_dark")


def test_irregular_readings_count_by_the_time_they_cover() -> None:
    policy = started()
    dark = {**WELL, "luma": 0.05}
    assert policy.update(dark, 0.5) == GOOD
    assert policy.update(dark, 1.4) == GOOD
    assert policy.update(dark, 0.2) == Verdict("poor", "too_dark")


def test_thresholds_leave_room_between_showing_and_clearing_and_delays_are_as_promised() -> None:
    assert (SHOW_AFTER_S, CLEAR_AFTER_S) == (2.0, 3.0)
    for rule in MEASURED:
        assert rule.clear > rule.show if rule.side == "below" else rule.clear < rule.show, rule


def test_rules_are_in_order_of_severity() -> None:
    severity = [LEVELS[rule.level] for rule in RULES]
    assert severity == sorted(severity, reverse=True)


def test_every_measure_a_rule_reads_exists() -> None:
    assert {rule.measure for rule in RULES} <= {*WELL, "person"}


def test_every_code_has_words_and_every_word_a_code() -> None:
    said = {rule.code for rule in RULES} | {GOOD.advice, MODELS_MISSING.advice, NO_PICTURE_YET.advice}
    assert said == set(ADVICE)


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_advice_is_short_plain_and_in_both_languages(code: str) -> None:
    advice = ADVICE[code]
    assert advice.code == code
    assert advice.pictogram
    for text in (advice.french, advice.english):
        sentences = [part for part in re.split(r"(?<=[.])\s", text) if part]
        assert 1 <= len(sentences) <= 2
        assert all(len(sentence.split()) <= 14 for sentence in sentences)
        assert text[0].isupper()
        assert text.endswith(".")
    assert advice.french != advice.english
