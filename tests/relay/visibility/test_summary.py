"""What is said of a second, from its glances and looks."""

import pytest

from relay.visibility.measures.summary import summarize
from tests.relay.visibility.frames import glance, look


def test_summary_of_a_second_holds_means_of_what_was_there() -> None:
    looks = [look(hands_found=2), look(hands_found=1, faces_found=0, face_height=None), look(hands_found=0)]
    summary = summarize([glance()] * 3, looks, 24.0)
    assert summary["analysed"] == 3.0
    assert summary["hands_found"] == 1.0
    assert summary["face_found"] == pytest.approx(0.6667)
    assert summary["face_height"] == pytest.approx(0.21)
    assert summary["received_fps"] == 24.0
    assert summary["signing"] == 1.0
    assert summary["hands_seen"] == pytest.approx(0.6667)


def test_hands_of_somebody_at_rest_are_not_judged() -> None:
    summary = summarize([glance(movement=0.0)] * 8, [look(hands_cut=("bottom",))] * 8, 25.0)
    assert summary["signing"] == 0.0
    assert summary["hands_cut"] is None
    assert summary["hands_seen"] is None


def test_hands_that_are_not_found_are_cut_when_only_the_border_moves() -> None:
    at_border = glance(movement=0.05, border_movement=0.2)
    assert summarize([at_border] * 4, [look(hands_found=0)] * 2, None)["hands_cut"] == 1.0
    assert summarize([at_border] * 4, [look()] * 2, None)["hands_cut"] == 0.0
    assert summarize([glance()] * 4, [look(), look(hands_cut=("left",))], None)["hands_cut"] == 0.5


def test_second_without_pictures_has_no_means() -> None:
    summary = summarize([], [], None, receiving=False)
    assert (summary["analysed"], summary["receiving"], summary["luma"], summary["signing"]) == (0.0, 0.0, None, None)
