"""A centre's own thresholds: proposed from its labelled seconds, written, read by the worker, refused when wrong."""

from pathlib import Path

import pytest

from relay.visibility.calibration import WatchedSeconds, played, proposals
from relay.visibility.rules import RULES, Measures, limits
from relay.visibility.thresholds import ThresholdsError, read_thresholds, rules_of, with_limits, write_thresholds

SEEN: dict[str, float | None] = {"analysed": 8.0, "receiving": 1.0, "face_found": 1.0, "person": 1.0}
FACE = limits(RULES)["very_wide_face"]


def seconds(width: float, count: int, code: str = "good") -> WatchedSeconds:
    """A video in which the face is so wide."""
    measures: list[Measures] = [{**SEEN, "face_width": width + 0.0001 * index} for index in range(count)]
    return WatchedSeconds("signing", [(code,)] * count, measures)  # type: ignore[list-item]


def test_threshold_that_alarms_at_a_centre_s_good_pictures_moves_away() -> None:
    videos = [seconds(FACE.enter + 0.02, 60), seconds(FACE.enter - 0.2, 140)]
    (proposal,) = [found for found in proposals(videos) if found.limit.name == FACE.name]
    assert proposal.enter > FACE.enter
    assert proposal.alarms[0] == pytest.approx(0.3)
    assert proposal.alarms[1] <= 0.02
    assert proposal.enter - proposal.leave == pytest.approx(FACE.enter - FACE.leave), "the same distance between both"


def test_what_is_proposed_lowers_the_false_alarms_when_it_is_played_again() -> None:
    videos = [seconds(FACE.enter + 0.02, 60), seconds(FACE.enter - 0.2, 140)]
    found = proposals(videos)
    own = with_limits({proposal.limit.name: (proposal.enter, proposal.leave) for proposal in found})
    assert played(videos).alarms["too_near"] > 40
    assert played(videos, own).alarms["too_near"] <= 4


def test_threshold_that_misses_what_it_is_for_moves_closer_but_not_into_the_good_seconds() -> None:
    missed = [seconds(0.2, 200), seconds(0.3, 40, "too_near")]
    (proposal,) = proposals(missed)
    assert proposal.limit.name == "wide_face", "of the two levels of the advice the milder"
    assert 0.2 < proposal.enter < 0.304
    assert proposal.caught[1] >= 0.9
    assert proposal.alarms[1] <= 0.02
    alike = [seconds(0.3, 200), seconds(0.3, 40, "too_near")]
    assert all(found.alarms[1] <= 0.02 for found in proposals(alike))


def cut(share: float, count: int, code: str = "good") -> WatchedSeconds:
    """A video in which no hand that is found is whole in this share of the looks, while somebody signs."""
    signing: Measures = {**SEEN, "signing": 0.8, "hands_visible": 0.1}
    measures: list[Measures] = [{**signing, "hands_cut": share * (1 + 0.01 * index)} for index in range(count)]
    return WatchedSeconds("signing", [(code,)] * count, measures)  # type: ignore[list-item]


def test_threshold_that_would_see_no_more_of_what_it_is_for_stays() -> None:
    assert proposals([cut(0.0, 120), cut(0.0, 40, "hands_cut")]) == (), "another measure has to tell of these"


def test_threshold_moved_to_the_end_of_its_measure_can_still_be_left() -> None:
    (proposal,) = proposals([cut(0.0, 120), cut(0.03, 40, "hands_cut")])
    assert proposal.limit.name == "hands_cut"
    assert proposal.caught[0] == 0.0
    assert proposal.caught[1] >= 0.9
    own = with_limits({proposal.limit.name: (proposal.enter, proposal.leave)})
    assert proposal.leave >= 0
    assert played([cut(0.03, 20, "hands_cut"), cut(0.0, 20)], own).alarms["hands_cut"] == 0


def test_nothing_is_proposed_without_enough_good_seconds() -> None:
    assert proposals([seconds(FACE.enter + 0.02, 60)]) == ()


def test_file_of_thresholds_changes_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "seuils.json"
    write_thresholds(file, {FACE.name: (0.55, 0.5)}, {"videos": 3})
    assert read_thresholds(file) == {FACE.name: (0.55, 0.5)}
    changed = limits(rules_of(file))
    assert (changed[FACE.name].enter, changed[FACE.name].leave) == (0.55, 0.5)
    assert rules_of(None) is RULES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"thresholds": {"nobody_knows": {"enter": 1, "leave": 2}}}',
        '{"thresholds": {"very_wide_face": {"enter": 0.5, "leave": 0.6}}}',
        '{"thresholds": {"very_wide_face": 0.5}}',
        '{"thresholds": {"very_wide_face": {"enter": NaN, "leave": NaN}}}',
        '{"thresholds": {"very_wide_face": {"enter": 1e999, "leave": 0.4}}}',
        f'{{"thresholds": {{"very_wide_face": {{"enter": {10**400}, "leave": 0.4}}}}}}',
        "[" * 100_000,
    ],
)
def test_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "seuils.json"
    file.write_text(text)
    with pytest.raises(ThresholdsError) as caught:
        rules_of(file)
    assert caught.value.message_fr.startswith("seuils.json : ")
