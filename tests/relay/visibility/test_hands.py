"""What the numbers about hands mean."""

import numpy as np
import pytest

from relay.visibility.measures import hands
from relay.visibility.model import Box, Hand
from tests.relay.visibility.frames import hand


def test_hands_inside_out_and_half_way() -> None:
    assert hands.hands_in_frame([hand(0.3, 0.5), hand(0.7, 0.5)]) == 1.0
    assert hands.hands_in_frame([hand(0.3, 1.2)]) == 0.0
    assert hands.hands_in_frame([hand(0.3, 0.5), hand(-0.1, 0.5)]) == 0.5
    assert hands.hands_in_frame([]) == 0.0


def test_margin_counts_as_outside() -> None:
    assert hands.hands_in_frame([hand(0.05, 0.5)], margin=0.1) == 0.0
    assert hands.hands_in_frame([hand(0.15, 0.5)], margin=0.1) == 1.0


def test_hand_size_is_the_larger_side_of_the_larger_hand() -> None:
    assert hands.hand_size([hand(0.3, 0.5, 0.1), hand(0.7, 0.5, 0.3)]) == pytest.approx(0.3)
    assert hands.hand_size([]) == 0.0


def test_hand_is_cut_when_more_than_its_wrist_is_outside() -> None:
    reaching_out = hand(0.5, 0.5)
    reaching_out.landmarks[0] = (0.5, 1.1)  # the first landmark is the wrist
    assert hands.cut_edges([reaching_out]) == ()
    assert hands.cut_edges([hand(0.5, 0.5), hand(0.5, 0.98, 0.1)]) == ("bottom",)
    assert hands.cut_edges([]) == ()


@pytest.mark.parametrize(
    ("x", "y", "edge"), [(0.5, 1.0, "bottom"), (0.5, 0.0, "top"), (-0.01, 0.5, "left"), (1.01, 0.5, "right")]
)
def test_edge_at_which_a_hand_is_cut_is_named(x: float, y: float, edge: str) -> None:
    assert hands.cut_edges([hand(0.5, 0.5), hand(x, y)]) == (edge,)


def test_hands_are_whole_or_cut_each_for_itself() -> None:
    inside, a_little_out, out = hand(0.3, 0.5), hand(0.6, 0.96, 0.1), hand(0.6, 0.98, 0.1)
    assert [hands.whole(each) for each in ([inside, inside], [inside, out], [a_little_out, out], [])] == [2, 1, 0, 0]
    assert hands.hands_in_frame([a_little_out, out]) > 0.75


def test_same_hand_found_twice_is_one_and_two_hands_side_by_side_are_two() -> None:
    once, again = hand(0.5, 0.5), hand(0.505, 0.5)
    assert hands.without_doubles([once, again]) == (once,)
    assert len(hands.without_doubles([once, hand(0.53, 0.5)])) == 2


def spread(x: float, y: float, size: float) -> Hand:
    """21 points over a square with this upper left corner."""
    steps = np.linspace(0, size, 21)
    return Hand(np.stack([x + steps, y + steps[::-1]], axis=1).astype(np.float32))


def test_overlap_is_the_share_of_the_smaller_hand_that_lies_where_the_other_is() -> None:
    assert hands.overlap([spread(0.3, 0.5, 0.2), spread(0.6, 0.5, 0.2)]) == 0.0
    assert hands.overlap([spread(0.3, 0.5, 0.2), spread(0.4, 0.5, 0.2)]) == pytest.approx(0.5, abs=0.01)
    assert hands.overlap([spread(0.3, 0.5, 0.2), spread(0.35, 0.55, 0.1)]) == pytest.approx(1.0, abs=0.01)
    assert hands.overlap([spread(0.3, 0.5, 0.2)]) is None


def test_hand_is_at_the_face_when_it_reaches_into_it() -> None:
    face = Box(0.4, 0.2, 0.2, 0.2)
    assert hands.at_face([spread(0.1, 0.6, 0.1), spread(0.42, 0.25, 0.2)], face)
    assert not hands.at_face([spread(0.4, 0.45, 0.2)], face)
    assert not hands.at_face([], face)
