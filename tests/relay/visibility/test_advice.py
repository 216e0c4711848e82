"""The rules, their evidence and what is shown of them, from the table and exhaustively."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.model import Advice, AdviceCode, WatchFor
from relay.visibility.advice import GOOD, HOLD_S, NO_PICTURE_YET, NOT_MEASURED_YET, AdvicePolicy, Verdict
from relay.visibility.measures.arrival import Arrival
from relay.visibility.measures.summary import summarize
from relay.visibility.rules import ALL, RULES, SIGNING_SHARE, Limit, Rule, limits, rules_for
from relay.visibility.thresholds import UnknownLimitError, with_limits
from tests.relay.visibility.frames import glance, look

Values = dict[str, float | None]
LEVELS = {"good": 0, "fair": 1, "poor": 2, "off": 3}
MEASURED = [rule for rule in RULES if rule.enter_s >= 1]  # the others read measures that have waited themselves
HAND_CODES: set[Advice] = {"hands_cut", "hands_hidden"}


SEEN = look(
    blockiness=0.0,
    face_roll=2.0,
    face_turn=5.0,
    mouth_hidden=0.05,
    signing_space=0.95,
    hands_sharpness=0.5,
    wrists_in_frame=2,
    hands_hidden=0,
    hands_lost=0,
    head_in_frame=1.0,
)


def well() -> Values:
    """The measures of a second of a well-seen signer."""
    arrival = Arrival()
    arrival.glanced(glance(), 0.9)
    arrived = arrival.close(1.0, receiving=True)
    summary = summarize([(t / 10, glance()) for t in range(10)], [(t / 5, SEEN) for t in range(1, 6)], 1.0)
    return {**summary, **arrived, "received_fps": 25.0, "received_lines": 480.0, "received_kbps": 500.0}


WELL: Values = {**well(), "hands_usual": 0.9}  # what a monitor knows besides
CUT: Values = {**WELL, "hands_cut": 1.0, "hands_visible": 0.0}
DARK: Values = {**WELL, "luma": 0.03, "highlights": 0.1, "shadows": 0.01}
NOTHING: Values = {"analysed": 0.0, "receiving": 0.0, "stopped_s": 1.0, "blind_s": 0.0, "frozen_s": 1.0}


def ids(rules: Iterable[Rule]) -> list[str]:
    return [f"{rule.code}-{'-'.join(limit.name for limit in rule.limits)}" for rule in rules]


def beyond(limit: Limit, threshold: float) -> float:
    margin = max(0.001, abs(threshold) * 0.01)
    return threshold - margin if limit.side == "below" else threshold + margin


def breaking(rule: Rule) -> Values:
    """Measures that break this rule, and are good otherwise."""
    broken = {limit.measure: None if limit.unknown is not None else beyond(limit, limit.enter) for limit in rule.limits}
    return {**WELL, **({"signing": 0.0} if "person" in broken else {}), **broken}


def between(rule: Rule) -> Values:
    """Measures between the thresholds to enter and to leave."""
    return {**WELL, **{limit.measure: (limit.enter + limit.leave) / 2 for limit in rule.limits}}


def test_what_was_not_measured_counts_as_the_limit_says_or_tells_nothing() -> None:
    silent, counting = (
        Limit("a", "face_height", "below", 0.1, 0.2),
        Limit("a", "face_height", "below", 0.1, 0.2, unknown=0.0),
    )
    assert silent.is_broken({"face_height": None}, active=False) is None
    assert counting.is_broken({"face_height": None}, active=False) is True
    assert counting.is_broken({"face_height": 0.3}, active=False) is False


def verdicts(policy: AdvicePolicy, measures: Values, seconds: int) -> list[Verdict]:
    return [policy.update(measures) for _ in range(seconds)]


def started(watch_for: WatchFor = "signing", rules: tuple[Rule, ...] = RULES) -> AdvicePolicy:
    policy = AdvicePolicy(watch_for, rules)
    assert policy.update(WELL) == GOOD
    return policy


def alone(rule: Rule) -> AdvicePolicy:
    return started(sorted(rule.watch)[0], (rule,))


def shown(rule: Rule) -> Verdict:
    return Verdict(rule.level, rule.code)


@pytest.mark.parametrize("rule", RULES, ids=ids(RULES))
def test_each_rule_is_shown_within_three_seconds_and_gone_within_three(rule: Rule) -> None:
    policy = alone(rule)
    assert verdicts(policy, breaking(rule), 3)[-1] == shown(rule)
    assert verdicts(policy, WELL, 3)[-1] == GOOD


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_between_its_thresholds_each_rule_stays_as_it_is(rule: Rule) -> None:
    silent, alarmed = alone(rule), alone(rule)
    verdicts(alarmed, breaking(rule), 4)
    assert set(verdicts(silent, between(rule), 10)) == {GOOD}
    assert set(verdicts(alarmed, between(rule), 10)) == {shown(rule)}


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_a_bad_second_alone_shows_nothing_and_a_good_one_alone_clears_nothing(rule: Rule) -> None:
    policy = alone(rule)
    for _ in range(5):
        assert policy.update(breaking(rule)) == GOOD
        assert policy.update(WELL) == GOOD
    verdicts(policy, breaking(rule), 4)
    for _ in range(5):
        assert policy.update(WELL) == shown(rule)
        assert policy.update(breaking(rule)) == shown(rule)


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_what_was_wrong_from_the_start_is_said_at_once_unless_it_comes_and_goes(rule: Rule) -> None:
    first = AdvicePolicy(sorted(rule.watch)[0], (rule,)).update(breaking(rule))
    assert first == (shown(rule) if rule.at_once else GOOD)


@pytest.mark.parametrize("rule", RULES, ids=ids(RULES))
def test_each_rule_reaches_its_code_among_all_the_others(rule: Rule) -> None:
    for watch_for in sorted(rule.watch):
        last = verdicts(started(watch_for), breaking(rule), 4)[-1]
        assert last.advice == rule.code
        assert LEVELS[last.level] >= LEVELS[rule.level]


@pytest.mark.parametrize("rule", MEASURED, ids=ids(MEASURED))
def test_what_cannot_be_measured_any_more_is_forgotten_slowly(rule: Rule) -> None:
    policy = alone(rule)
    verdicts(policy, breaking(rule), 4)
    unknown: Values = {**WELL, **{limit.measure: None for limit in rule.limits}}
    after = verdicts(policy, unknown, 20)
    assert after[1] == shown(rule)
    assert after[-1] == GOOD


@pytest.mark.parametrize("watch_for", get_args(WatchFor))
def test_well_seen_signer_is_good_for_ever(watch_for: WatchFor) -> None:
    assert set(verdicts(AdvicePolicy(watch_for), WELL, 60)) == {GOOD}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.while_signing], ids=lambda rule: rule.code)
def test_what_matters_to_signing_is_not_said_of_somebody_at_rest(rule: Rule) -> None:
    rest = {**breaking(rule), "signing": SIGNING_SHARE - 0.01}
    assert set(verdicts(alone(rule), rest, 10)) == {GOOD}


def test_cut_hands_are_noticed_across_the_pauses_of_signing_and_forgotten_when_it_is_over() -> None:
    cut, rest = CUT, {**CUT, "signing": 0.0}
    policy = started()
    assert [policy.update(second).advice for second in (cut, rest, cut)] == ["good", "good", "hands_cut"]
    assert [verdict.advice for verdict in verdicts(policy, rest, 4)] == ["hands_cut"] * 4
    assert verdicts(policy, rest, 20)[-1] == GOOD


def test_picture_nobody_can_be_found_in_for_darkness_is_dark_and_not_empty() -> None:
    dark = {**DARK, "person": 0.0, "face_found": 0.0, "hands_found": 0.0}
    assert AdvicePolicy().update(dark) == Verdict("poor", "too_dark")


def test_face_cut_because_it_is_near_is_near() -> None:
    near = {**WELL, "face_height": 0.8, "face_cut": 1.0, "face_in_frame": 0.7}
    assert AdvicePolicy().update(near).advice == "too_near"


def test_mouth_behind_a_mug_is_hidden_although_the_body_seems_to_have_lost_its_head() -> None:
    drinking = {**WELL, "mouth_hidden": 1.0, "head_in_frame": 0.0}
    assert verdicts(AdvicePolicy(), drinking, 4)[-1].advice == "mouth_hidden"
    cut = {**drinking, "face_cut": 1.0}
    assert verdicts(AdvicePolicy(), cut, 4)[-1].advice == "face_cut"


def test_black_picture_is_a_covered_camera_and_a_dark_one_is_dark() -> None:
    black = {**WELL, "luma": 0.03, "highlights": 0.03, "structure": 0.11, "face_found": 0.0, "person": 0.0}
    assert AdvicePolicy().update(black) == Verdict("poor", "covered")
    assert AdvicePolicy().update({**black, "highlights": 0.11}) == Verdict("poor", "too_dark")
    assert AdvicePolicy().update({**black, "face_found": 1.0, "person": 1.0}) == Verdict("poor", "too_dark")


def test_flat_picture_is_a_covered_camera_unless_the_room_is_still_there_or_somebody() -> None:
    nobody = {**WELL, "face_found": 0.0, "person": 0.0, "signing": 0.0, "structure": 0.02, "room_kept": None}
    assert AdvicePolicy().update(nobody) == Verdict("poor", "covered")
    assert AdvicePolicy().update({**nobody, "room_kept": 0.02}) == Verdict("poor", "covered")
    assert AdvicePolicy().update({**nobody, "room_kept": 0.7}) == Verdict("poor", "no_person")
    far = {**nobody, "face_found": 1.0, "person": 1.0, "face_height": 0.04}
    assert AdvicePolicy().update(far) == Verdict("poor", "too_far")


def test_lid_that_closes_is_never_called_darkness() -> None:
    closing, closed = {**WELL, "highlights": 0.2, "luma": 0.14}, {"highlights": 0.03, "luma": 0.02, "structure": 0.04}
    policy = started()
    verdicts(policy, closing, 1)
    said = verdicts(policy, {**closing, **closed, "face_found": 0.0, "person": 0.0, "sharpness": 0.0}, 6)
    assert {verdict.advice for verdict in said} == {"good", "covered"}
    assert said[-1].advice == "covered"


def test_lens_so_dirty_that_no_face_is_found_is_blurred_and_neither_covered_nor_an_empty_room() -> None:
    veiled = {**WELL, "structure": 0.06, "room_kept": 0.33, "face_found": 0.0, "person": 0.0, "signing": 0.0}
    assert verdicts(started(), {**veiled, "room_shape": 0.8}, 4)[-1] == Verdict("poor", "blurred")
    assert verdicts(started(), {**veiled, "room_shape": 0.05}, 4)[-1] == Verdict("poor", "covered")
    assert verdicts(started(), {**veiled, "room_kept": 0.7, "room_shape": 0.4}, 4)[-1] == Verdict("poor", "no_person")


def test_veiled_face_is_blurred_when_the_room_is_veiled_too_and_else_a_dark_one() -> None:
    veiled = {**WELL, "face_contrast": 0.15}
    assert verdicts(started(), {**veiled, "structure": 0.22}, 4)[-1] == Verdict("fair", "blurred")
    assert verdicts(started(), {**veiled, "structure": 0.5}, 10)[-1] == GOOD


def test_heavy_blocks_are_a_want_of_detail_although_their_borders_are_sharp() -> None:
    blocks = {**WELL, "blockiness": 1.6, "sharpness": 1.5}
    assert verdicts(AdvicePolicy(), blocks, 5)[-1] == Verdict("fair", "low_resolution")
    cloth = {**WELL, "blockiness": 1.05, "sharpness": 1.5}
    assert set(verdicts(AdvicePolicy(), cloth, 5)) == {GOOD}


def test_soft_picture_is_blurred_after_a_while_and_one_key_frame_is_not() -> None:
    soft = {**WELL, "sharpness": 0.98}
    policy = AdvicePolicy()
    assert set(verdicts(policy, soft, 1)) | set(verdicts(policy, WELL, 5)) == {GOOD}
    assert verdicts(AdvicePolicy(), soft, 4)[-1] == Verdict("fair", "blurred")


def test_smeared_hands_are_blurred_also_when_they_are_not_found_any_more() -> None:
    smeared = {**WELL, "motion_blur": 0.5, "hands_missing": 1.0, "hands_visible": 0.0, "motion": 0.1}
    assert verdicts(started(), smeared, 4)[-1] == Verdict("poor", "blurred")
    assert verdicts(started("lips"), smeared, 4)[-1] == GOOD


def test_hands_that_are_found_are_called_smeared_when_they_are_very_much_and_the_light_is_good() -> None:
    found = {**WELL, "motion_blur": 0.43, "hands_visible": 0.9}
    assert verdicts(started(), found, 10)[-1] == GOOD
    assert verdicts(started(), {**found, "motion_blur": 0.5}, 10)[-1] == Verdict("fair", "blurred")
    assert verdicts(started(), {**found, "motion_blur": 0.5, "highlights": 0.3}, 10)[-1] == GOOD


def test_hands_never_found_are_hidden_when_little_is_left_that_moves_and_else_not_made_out() -> None:
    lost = {**WELL, "hands_lost": 1.0, "hands_missing": 1.0, "hands_visible": 0.0, "hands_usual": 0.0, "motion": 0.012}
    assert verdicts(started(), lost, 5)[-1] == Verdict("poor", "hands_hidden")
    assert verdicts(started(), {**lost, "hands_usual": None}, 5)[-1] == Verdict("poor", "hands_hidden")
    assert verdicts(started(), {**lost, "hands_usual": 0.4}, 10)[-1] == GOOD
    assert verdicts(started(), {**lost, "motion": 0.06}, 10)[-1] == GOOD


def test_soft_wall_that_nobody_sits_before_is_not_called_blurred() -> None:
    nobody: Values = {**WELL, "person": 0.0, "face_found": 0.0, "signing": 0.0, "sharpness": 0.88}
    said = verdicts(started(), nobody, 6)
    assert said[-1] == Verdict("poor", "no_person")
    assert "blurred" not in {verdict.advice for verdict in said}


@pytest.mark.parametrize("line", [{"received_fps": 8.0}, {"received_fps": 16.0}, {"received_kbps": 60.0}], ids=str)
def test_slow_line_is_told_to_somebody_who_signs_and_not_for_swaying_and_nodding(line: Values) -> None:
    policy = started()
    assert verdicts(policy, {**WELL, **line, "hands_moving": 0.4}, 20)[-1] == GOOD
    assert verdicts(policy, {**WELL, **line, "hands_moving": 0.6}, 4)[-1] != GOOD
    assert verdicts(policy, {**WELL, **line, "hands_moving": 0.3}, 20)[-1] != GOOD, "small signs go on"


def test_unknown_figures_of_the_line_are_no_alarm() -> None:
    unknown = {**WELL, "received_fps": None, "received_lines": None, "received_kbps": None}
    assert set(verdicts(AdvicePolicy(), unknown, 5)) == {GOOD}


@pytest.mark.parametrize("watch_for", ["lips"])
def test_hands_are_no_matter_where_nobody_signs(watch_for: WatchFor) -> None:
    assert not HAND_CODES & {rule.code for rule in rules_for(watch_for)}


def test_mouth_and_one_hand_in_the_picture_count_where_cues_are_read() -> None:
    codes = {rule.code for rule in rules_for("cued_speech")}
    assert {"mouth_hidden", "hands_cut"} <= codes
    assert "hands_hidden" not in codes


def test_signing_space_is_a_matter_of_the_camera_check_alone() -> None:
    small = {**WELL, "signing_space": 0.5}
    assert set(verdicts(AdvicePolicy("signing"), small, 9)) == {GOOD}
    assert AdvicePolicy("camera_check").update(small) == Verdict("fair", "too_near")


def test_changing_what_is_watched_keeps_what_is_known() -> None:
    policy = started()
    verdicts(policy, DARK, 3)
    policy.watch("lips")
    assert policy.update(DARK) == Verdict("poor", "too_dark")


def test_changing_to_lips_takes_the_advice_about_hands_away() -> None:
    policy = started()
    assert verdicts(policy, CUT, 3)[-1].advice == "hands_cut"
    policy.watch("lips")
    assert verdicts(policy, CUT, 3)[-1] == GOOD


# --- what arrives -------------------------------------------------------------------------------------------------


def test_before_the_first_picture_nothing_is_measured() -> None:
    assert AdvicePolicy().update(NOTHING) == NO_PICTURE_YET
    assert AdvicePolicy().update({**NOTHING, "receiving": 1.0}) == NOT_MEASURED_YET


def test_first_picture_after_a_late_start_is_judged_at_once() -> None:
    policy = AdvicePolicy()
    verdicts(policy, NOTHING, 10)
    assert policy.update(WELL) == GOOD


def test_video_that_stops_is_frozen_then_missing_and_forgotten_when_it_comes_again() -> None:
    policy = started()
    said = [policy.update({**NOTHING, "stopped_s": float(s), "frozen_s": float(s)}).advice for s in range(1, 34)]
    assert said[:2] == ["good", "frozen"]
    assert said[-1] == "no_video"
    assert verdicts(policy, WELL, 3)[-1] == GOOD


def test_video_that_arrives_but_cannot_be_decoded_is_not_called_missing() -> None:
    policy = started()
    blind = [policy.update({**NOTHING, "receiving": 1.0, "stopped_s": 0.0, "blind_s": float(s)}) for s in range(1, 6)]
    assert blind[-1] == NOT_MEASURED_YET
    assert {verdict.advice for verdict in blind} == {"good", "not_measured"}


def test_alarm_outlives_a_gap_in_the_video() -> None:
    policy = started()
    verdicts(policy, DARK, 3)
    policy.update({**NOTHING, "stopped_s": 1.0})
    assert policy.update(DARK) == Verdict("poor", "too_dark")


def test_irregular_readings_count_by_the_time_they_cover() -> None:
    policy = started()
    assert policy.update(DARK, 0.5) == GOOD
    assert policy.update(DARK, 0.9) == GOOD
    assert policy.update(DARK, 0.2) == Verdict("poor", "too_dark")


# --- no flicker ---------------------------------------------------------------------------------------------------


def changes_at(policy: AdvicePolicy, seconds: Sequence[tuple[float, Values]]) -> list[float]:
    """When what is shown changed, s."""
    now, said, times = 0.0, [policy.update(WELL)], []
    for elapsed_s, measures in seconds:
        now += elapsed_s
        said.append(policy.update(measures, elapsed_s))
        if said[-1] != said[-2]:
            times.append(now)
    return times


SECONDS = st.lists(
    st.tuples(
        st.floats(0.3, 2.0),
        st.one_of(
            st.sampled_from([WELL, NOTHING, *(breaking(rule) for rule in RULES), *(between(rule) for rule in RULES)]),
            st.fixed_dictionaries({**{name: st.just(value) for name, value in WELL.items()}, "luma": st.floats(0, 1)}),
        ),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(SECONDS, st.sampled_from(get_args(WatchFor)))
def test_what_is_shown_changes_at_most_once_in_three_seconds(
    seconds: list[tuple[float, Values]], watch_for: WatchFor
) -> None:
    times = changes_at(AdvicePolicy(watch_for), seconds)
    assert all(later - earlier >= HOLD_S - 0.11 for earlier, later in pairwise(times))


def test_measures_trembling_around_a_threshold_change_nothing_that_is_shown() -> None:
    dice = random.Random(6)
    for rule in (rule for rule in MEASURED if len(rule.limits) == 1):
        limit = rule.limits[0]
        tremble = abs(limit.leave - limit.enter) * 0.45
        middle = (limit.enter + limit.leave) / 2
        seconds = [(1.0, {**WELL, limit.measure: middle + dice.uniform(-tremble, tremble)}) for _ in range(60)]
        assert changes_at(alone(rule), seconds) == [], limit.name


# --- the table ----------------------------------------------------------------------------------------------------


def test_every_code_has_a_rule() -> None:
    spoken = {rule.code for rule in RULES}
    assert set(get_args(AdviceCode)) - {"good"} <= spoken


def test_thresholds_leave_room_between_entering_and_leaving_and_have_a_name_and_a_source() -> None:
    every = [limit for rule in RULES for limit in rule.limits]
    assert len({limit.name for limit in every}) == len(every)
    for limit in every:
        assert limit.leave > limit.enter if limit.side == "below" else limit.leave < limit.enter, limit
        assert limit.source


def test_every_measure_a_rule_reads_exists() -> None:
    assert {limit.measure for rule in RULES for limit in rule.limits} <= set(WELL)


def test_what_leaves_nothing_to_see_comes_first_and_what_only_waits_last() -> None:
    codes: list[str] = [rule.code for rule in RULES]
    assert codes[:2] == ["no_video", "not_measured"]
    assert codes[-1] == "idle"
    for first, then in (("too_dark", "no_person"), ("sideways", "no_person"), ("no_person", "hands_cut")):
        assert codes.index(first) < codes.index(then)


def test_a_centre_puts_its_own_thresholds_in() -> None:
    own = with_limits({"very_dark": (0.5, 0.55)})
    assert limits(own)["very_dark"].enter == 0.5
    assert limits(own) | {"very_dark": limits()["very_dark"]} == limits()
    assert AdvicePolicy("signing", own).update({**WELL, "highlights": 0.49}).advice == "too_dark"


@pytest.mark.parametrize("own", [{"unknown": (0.1, 0.2)}, {"very_dark": (0.2, 0.1)}, {"very_bright": (0.4, 0.5)}])
def test_thresholds_that_make_no_sense_are_refused_by_name(own: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(UnknownLimitError) as caught:
        with_limits(own)
    assert caught.value.name in own


def test_rules_speak_for_something_that_is_watched() -> None:
    assert all(rule.watch and rule.watch <= ALL for rule in RULES)
    assert replace(RULES[0], watch=frozenset()) not in rules_for("lips")
