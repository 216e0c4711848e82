"""What the body tells of hands that are not found and of a head cut off."""

import numpy as np
import pytest

from relay.visibility.measures import pose
from relay.visibility.model import Box, Detection, Face, Part, Pose
from tests.relay.visibility.frames import hand

SHOULDERS = {11: (0.65, 0.4), 12: (0.35, 0.4)}
SQUARE = 1.0


Place = tuple[float, float]


def body(left: Place = (0.6, 0.7), right: Place = (0.4, 0.7), head_y: float = 0.2, seen: float = 0.9) -> Pose:
    points = np.full((33, 2), 0.5, dtype=np.float32)
    points[:11] = np.stack([np.linspace(0.45, 0.55, 11), np.linspace(head_y - 0.05, head_y + 0.05, 11)], axis=1)
    hands = {15: left, 17: left, 19: left, 16: right, 18: right, 20: right}
    for joint, place in {**SHOULDERS, **hands}.items():
        points[joint] = place
    return Pose(points, np.full(33, seen, dtype=np.float32))


def test_wrists_inside_are_counted_when_they_can_be_seen() -> None:
    assert pose.wrists_in_frame(body()) == 2
    assert pose.wrists_in_frame(body(left=(0.6, 1.1))) == 1
    assert pose.wrists_in_frame(body(seen=0.2)) == 0


@pytest.mark.parametrize(
    ("left", "edges"), [((0.6, 1.1), ("bottom",)), ((1.2, 0.5), ("right",)), ((-0.1, -0.1), ("left", "top"))]
)
def test_edges_beyond_which_a_wrist_lies_are_named(left: Place, edges: tuple[str, ...]) -> None:
    assert pose.wrists_cut(body(left=left)) == edges
    assert pose.wrists_cut(body()) == ()


def test_hand_that_hangs_out_below_its_wrist_is_outside() -> None:
    hanging = body()
    hanging.landmarks[[17, 19], 1] = 0.98
    assert pose.wrists_in_frame(hanging) == 1
    assert pose.wrists_cut(hanging) == ("bottom",)
    assert pose.hands_hidden(hanging, [], SQUARE) == 1


def test_wrist_in_the_picture_without_a_hand_is_hidden() -> None:
    assert pose.hands_hidden(body(), [], SQUARE) == 2
    assert pose.hands_hidden(body(), [hand(0.6, 0.65)], SQUARE) == 1
    assert pose.hands_hidden(body(), [hand(0.6, 0.65), hand(0.42, 0.65)], SQUARE) == 0
    assert pose.hands_hidden(body(left=(0.6, 1.1), right=(0.4, 1.1)), [], SQUARE) == 0


def test_hand_found_elsewhere_does_not_stand_for_a_hidden_one() -> None:
    assert pose.hands_hidden(body(), [hand(0.9, 0.2)], SQUARE) == 2


ALL: frozenset[Part] = frozenset(("hands", "faces", "pose"))
FACE = Face(Box(0.4, 0.1, 0.2, 0.2), 0.9, np.full((6, 2), 0.2, dtype=np.float32))


def test_hands_are_lost_below_a_face_when_the_body_vouches_for_no_wrist_either() -> None:
    assert pose.hands_lost(Detection((), (FACE,), None, ALL))  # no body at all: a box stands before it
    assert pose.hands_lost(Detection((), (FACE,), body(seen=0.2), ALL))


@pytest.mark.parametrize(
    "found",
    [
        Detection((hand(0.6, 0.65),), (FACE,), body(seen=0.2), ALL),
        Detection((), (FACE,), body(), ALL),
        Detection((), (FACE,), body(left=(0.6, 1.1), seen=0.2), ALL),
        Detection((), (FACE,), body(left=(0.45, 0.25), seen=0.2), ALL),
        Detection((), (), None, ALL),
    ],
    ids=["a hand is found", "a wrist is seen", "a hand is below the picture", "a hand is at the face", "no face"],
)
def test_hands_that_are_only_not_made_out_are_not_lost(found: Detection) -> None:
    assert pose.hands_lost(found) is False


def test_body_that_is_not_found_between_two_people_says_nothing_of_their_hands() -> None:
    assert pose.hands_lost(Detection((), (FACE, FACE), None, ALL)) is None


@pytest.mark.parametrize("part", ["hands", "pose"])
def test_hands_are_not_lost_where_nobody_looked(part: Part) -> None:
    assert pose.hands_lost(Detection((), (FACE,), None, ALL - {part})) is None


def test_share_of_the_head_inside() -> None:
    assert pose.head_in_frame(body()) == 1.0
    assert pose.head_in_frame(body(head_y=0.0)) == pytest.approx(6 / 11)
    assert pose.head_in_frame(body(head_y=-0.2)) == 0.0


def test_half_a_head_at_a_side_is_cut_although_its_points_are_drawn_into_the_picture() -> None:
    whole = body()
    for edge in (0.03, 0.97):
        landmarks = whole.landmarks.copy()
        landmarks[:5, 0] = edge
        assert pose.head_in_frame(Pose(landmarks, whole.visibility)) == pytest.approx(6 / 11)
