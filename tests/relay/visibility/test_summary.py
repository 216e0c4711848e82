"""What is said of a second, from the glances and looks of the last ones."""

from collections.abc import Sequence

import pytest

from relay.visibility.measures.summary import HANDS_WINDOW_S, LOOK_LIFETIME_S, SIGNING_WINDOW_S, summarize
from relay.visibility.model import Glance, Look
from tests.relay.visibility.frames import glance, look

NOW = 100.0


def summed(glances: Sequence[Glance], looks: Sequence[Look]) -> dict[str, float | None]:
    """As if all of them came in the last second."""
    step = 1.0 / max(1, len(glances), len(looks))
    at = [NOW - 1.0 + (index + 0.5) * step for index in range(max(len(glances), len(looks)))]
    return summarize(list(zip(at, glances, strict=False)), list(zip(at, looks, strict=False)), NOW)


def test_summary_of_a_second_holds_medians_of_what_was_there_and_shares_of_what_was_looked_for() -> None:
    looks = [look(hands_found=2), look(hands_found=1, faces_found=0, face_height=None), look(hands_found=0)]
    summary = summed([glance()] * 3, looks)
    assert summary["hands_found"] == pytest.approx(0.6667)
    assert summary["face_found"] == pytest.approx(0.6667)
    assert summary["face_height"] == pytest.approx(0.21)
    assert summary["person"] == 1.0
    assert summary["signing"] == 1.0
    assert summary["looks"] == 3.0


def test_one_wrong_picture_changes_nothing() -> None:
    looks = [look()] * 4 + [look(face_height=0.9, face_luma=0.01)]
    assert summed([glance()], looks)["face_height"] == 0.21
    assert summed([glance()] * 4 + [glance(luma=0.0)], looks)["luma"] == 0.5


def test_without_a_new_look_the_last_one_tells_until_it_is_too_old() -> None:
    old = [(NOW - 2.0, look(face_height=0.3))]
    assert summarize([(NOW, glance())], old, NOW)["face_height"] == 0.3
    assert summarize([(NOW, glance())], old, NOW)["look_age_s"] == 2.0
    later = NOW + LOOK_LIFETIME_S
    assert summarize([(later, glance())], old, later)["face_height"] is None
    assert summarize([(later, glance())], old, later)["person"] is None


def test_a_look_for_hands_alone_says_nothing_of_the_face() -> None:
    looks = [(NOW - 2.0, look(face_height=0.3)), (NOW - 0.5, Look(hands_found=1, hands_in_frame=1.0))]
    summary = summarize([(NOW, glance())], looks, NOW)
    assert (summary["face_found"], summary["face_height"]) == (1.0, 0.3)


def test_signing_goes_on_through_its_pauses() -> None:
    signed = [(NOW - SIGNING_WINDOW_S + 0.1 + index / 8, glance(movement=0.05)) for index in range(8)]
    paused = [(NOW - 0.9 + index / 8, glance(movement=0.0)) for index in range(8)]
    assert (summarize(signed + paused, [], NOW)["signing"] or 0.0) >= 0.5
    assert summarize(paused, [], NOW)["signing"] == 0.0


def test_one_whole_hand_suffices() -> None:
    at_edge = look(hands_found=2, hands_whole=1, hands_in_frame=0.8, hands_cut=("bottom",))
    assert summed([glance()] * 4, [at_edge] * 4)["hands_cut"] == 0.0
    both = look(hands_found=2, hands_whole=0, hands_in_frame=0.85, hands_cut=("bottom",))
    only = look(hands_found=1, hands_whole=0, hands_in_frame=0.8, hands_cut=("left",))
    assert summed([glance()] * 4, [both, only])["hands_cut"] == 1.0


def test_hands_that_are_not_found_are_where_the_body_has_its_wrists() -> None:
    below = look(hands_found=0, wrists_in_frame=0, wrists_cut=("bottom",), hands_hidden=0)
    hidden = look(hands_found=0, wrists_in_frame=2, hands_hidden=2)
    at_face = look(hands_found=0, wrists_in_frame=2, hands_hidden=2, hands_at_face=True)
    unknown = look(hands_found=0)
    glances = [glance()] * 8
    assert (summed(glances, [below] * 4)["hands_beyond"], summed(glances, [below] * 4)["hands_hidden"]) == (1.0, 0.0)
    assert (summed(glances, [hidden] * 4)["hands_beyond"], summed(glances, [hidden] * 4)["hands_hidden"]) == (0.0, 1.0)
    assert summed(glances, [at_face] * 4)["hands_hidden"] == 0.0
    assert summed(glances, [unknown, below])["hands_beyond"] == 1.0
    assert summed(glances, [unknown])["hands_beyond"] is None
    assert summed(glances, [unknown, look()])["hands_visible"] == 0.5


def test_hands_behind_something_are_lost_though_only_elbows_move() -> None:
    lost = look(hands_found=0, hands_lost=True, wrists_in_frame=None)
    elbows = [glance(movement=0.01)] * 16
    assert summed(elbows, [lost] * 4)["signing"] == 1.0
    assert summed(elbows, [lost] * 4)["hands_lost"] == 1.0
    assert summed(elbows, [lost] * 2)["hands_lost"] is None  # too few looks to tell
    assert summed(elbows, [look(hands_found=0, hands_lost=False)] * 4)["signing"] == 0.0  # somebody attends


def test_head_is_in_the_picture_unless_the_body_says_otherwise() -> None:
    assert summed([glance()], [look()])["head_in_frame"] == 1.0
    assert summed([glance()], [look(head_in_frame=0.4), look()])["head_in_frame"] == 0.4
    assert summed([glance()], [look(face_centre=(0.5, 0.12))])["head_in_frame"] is None, "half a face at the edge?"
    assert summed([glance()], [look(faces_found=0, hands_found=0, face_centre=None)])["head_in_frame"] is None
    assert summed([glance()], [look(faces_found=0, hands_found=2, face_centre=None)])["head_in_frame"] == 0.0


def test_a_face_that_is_not_found_says_nothing_of_who_is_there_unless_hands_or_body_were() -> None:
    assert summed([glance()], [Look(faces_found=0)])["person"] is None
    assert summed([glance()], [Look(faces_found=0, hands_found=0)])["person"] == 0.0
    assert summed([glance()], [Look(faces_found=0, pose_sought=True)])["person"] == 0.0  # where lips are read
    assert summed([glance()], [Look(faces_found=0, pose_sought=True, wrists_in_frame=0)])["person"] == 1.0
    assert summed([glance()], [Look(faces_found=1)])["person"] == 1.0


def test_fingers_at_the_lower_edge_are_signing_where_hands_may_be_out_of_the_picture() -> None:
    fingers = [glance(movement=0.007, border_movement=0.023)] * 8
    breathing = [glance(movement=0.007, border_movement=0.0)] * 8
    assert summed(fingers, [look(signing_space=0.5)])["signing"] == 1.0
    assert summed(breathing, [look(signing_space=0.5)])["signing"] == 0.0
    assert summed(fingers, [look(signing_space=0.9)])["signing"] == 0.0


def test_nodding_with_the_hands_at_rest_below_a_well_framed_picture_is_no_signing() -> None:
    rest = look(hands_found=0, wrists_in_frame=0, wrists_cut=("bottom",), hands_hidden=0, signing_space=0.9)
    assert summed([glance()] * 8, [rest] * 4)["signing"] == 0.0
    assert summed([glance()] * 8, [rest, look(signing_space=0.9)])["signing"] == 1.0


def test_head_that_nods_moves_no_hands_whatever_is_taken_for_one() -> None:
    nods = [glance(movement=0.03, movement_beside_head=0.002)] * 8
    mistaken, raised = (look(hands_found=1, signing_space=0.9, wrists_in_frame=wrists) for wrists in (0, 1))
    assert (summed(nods, [mistaken])["signing"], summed(nods, [mistaken])["hands_moving"]) == (1.0, 0.0)
    assert summed(nods, [raised])["hands_moving"] == 1.0, "a hand at the face of somebody who nods"
    assert summed([glance()] * 8, [look(signing_space=0.9)])["hands_moving"] == 1.0


def test_elbows_beside_what_hides_the_hands_are_hands_that_move_and_a_nod_is_none() -> None:
    lost = [look(hands_found=0, hands_lost=True, signing_space=0.9)] * 3
    assert summed([glance(movement=0.01, movement_beside_head=0.01)] * 8, lost)["hands_moving"] == 1.0
    assert summed([glance(movement=0.01, movement_beside_head=0.001)] * 8, lost)["hands_moving"] == 0.0


def test_hands_at_rest_on_the_lower_edge_are_no_signing_and_those_that_move_there_are() -> None:
    edge = look(hands_found=1, hands_whole=0, hands_in_frame=0.6, hands_cut=("bottom",), signing_space=0.9)
    assert summed([glance(border_movement=0.005)] * 8, [edge] * 4)["signing"] == 0.0
    assert summed([glance(border_movement=0.04)] * 8, [edge] * 4)["signing"] == 1.0


def test_hands_at_the_face_hide_no_mouth() -> None:
    assert summed([glance()], [look(mouth_hidden=0.9, hands_at_face=True)])["mouth_hidden"] is None
    assert summed([glance()], [look(mouth_hidden=0.9)])["mouth_hidden"] == 0.9


def test_hands_are_judged_over_more_than_a_second() -> None:
    looks = [(NOW - HANDS_WINDOW_S + 0.2, look()), (NOW - 0.5, look(hands_found=0))]
    moving = [(t, glance()) for t, _ in looks]
    assert summarize(moving, looks, NOW)["hands_found"] == 0.5
    assert summarize([(t, glance(movement=0.0)) for t, _ in looks], looks, NOW)["hands_found"] is None


def test_second_without_pictures_has_no_measures_of_them() -> None:
    summary = summarize([], [], NOW)
    assert (summary["looks"], summary["luma"], summary["signing"], summary["person"]) == (0.0, None, None, None)


def test_blur_of_what_moves_is_the_mean_of_some_seconds_and_unknown_of_a_few_pictures() -> None:
    blurred = [
        (NOW - 2.5 + index / 2, glance(motion_blur=value)) for index, value in enumerate((0.5, 0.3, None, 0.4, 0.2))
    ]
    assert summarize(blurred, [], NOW)["motion_blur"] == pytest.approx(0.35)
    assert summarize(blurred[1:], [], NOW)["motion_blur"] is None
