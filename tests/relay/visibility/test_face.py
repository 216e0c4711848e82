"""What the numbers about the face mean."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.visibility.measures import face
from relay.visibility.model import Box, Face, Hand
from tests.relay.visibility.frames import face_at, hand

BOX = Box(0.4, 0.3, 0.2, 0.2)
SQUARE = 1.0


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0.2, 0.2, 0.2, 0.2), 1.0),
        (Box(-0.1, 0.2, 0.2, 0.2), 0.5),
        (Box(0.9, 0.9, 0.2, 0.2), 0.25),
        (Box(1.1, 0.2, 0.2, 0.2), 0.0),
        (Box(0.2, 0.2, 0.0, 0.2), 0.0),
    ],
)
def test_share_of_a_face_box_inside(box: Box, share: float) -> None:
    assert face.box_in_frame(box) == pytest.approx(share)


def test_edges_at_which_a_face_is_cut_are_named() -> None:
    assert face.cut_edges(face_at(Box(0.4, 0.2, 0.2, 0.3))) == ()
    assert face.cut_edges(face_at(Box(0.4, -0.1, 0.2, 0.3))) == ("top",)
    assert face.cut_edges(face_at(Box(-0.1, 0.8, 0.2, 0.3))) == ("left", "bottom")


def test_box_that_ends_at_the_edge_of_the_picture_is_that_of_a_cut_face() -> None:
    assert face.cut_edges(face_at(Box(0.4, 0.0, 0.2, 0.3))) == ("top",)
    assert face.cut_edges(face_at(Box(0.8, 0.2, 0.2, 0.3))) == ("right",)
    assert face.cut_edges(face_at(Box(0.4, 0.01, 0.2, 0.3))) == ()


def test_eye_or_mouth_beyond_the_edge_tells_of_a_cut_face_whatever_its_box() -> None:
    whole = face_at(Box(0.4, 0.1, 0.2, 0.3))
    for point, (x, y), edge in ((0, (0.45, -0.02), "top"), (1, (1.01, 0.2), "right"), (3, (0.5, 1.02), "bottom")):
        points = whole.keypoints.copy()
        points[point] = (x, y)
        assert face.cut_edges(Face(whole.box, 0.9, points)) == (edge,)


def turned(degrees: float, aspect: float = SQUARE) -> Face:
    """The face of BOX, rolled clockwise around its middle in a picture of this aspect."""
    upright = face_at(BOX)
    angle = math.radians(degrees)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    scale = np.array([aspect, 1.0])
    middle = np.array(BOX.centre)
    points = ((upright.keypoints - middle) @ matrix.T) / scale + middle
    return Face(BOX, 0.9, points.astype(np.float32))


@pytest.mark.parametrize("degrees", [0, 30, -45, 90, -90, 135, 179])
@pytest.mark.parametrize("aspect", [1.0, 4 / 3, 9 / 16])
def test_roll_is_told_in_degrees_clockwise_whatever_the_shape_of_the_picture(degrees: float, aspect: float) -> None:
    assert face.roll(turned(degrees, aspect), aspect) == pytest.approx(degrees, abs=0.5)


def looking(degrees: float, roll: float = 0.0) -> Face:
    """A head as a cylinder of radius 1 with ears at its sides and a nose that stands out by a half."""
    angle = math.radians(degrees)
    ear, nose = math.cos(angle), 1.5 * math.sin(angle)
    points = np.array([(-0.4, -0.3), (0.4, -0.3), (nose, 0.0), (nose * 0.8, 0.5), (-ear, 0.0), (ear, 0.0)])
    tilt = math.radians(roll)
    matrix = np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    return Face(BOX, 0.9, (0.5 + 0.1 * points @ matrix.T).astype(np.float32))


@pytest.mark.parametrize("degrees", [0, 20, -20, 45, -70])
@pytest.mark.parametrize("roll", [0, 40, 90])
def test_turn_is_told_in_degrees_also_of_a_tilted_head(degrees: float, roll: float) -> None:
    assert face.turn(looking(degrees, roll), SQUARE) == pytest.approx(degrees, abs=1.0)


def test_face_whose_ears_are_one_is_in_profile() -> None:
    profile = face_at(BOX)
    profile.keypoints[4] = profile.keypoints[5]
    assert face.turn(profile, SQUARE) == 90.0


def test_distance_is_told_in_metres_of_a_usual_lens() -> None:
    assert face.distance(face_at(Box(0.4, 0.3, 0.15, 0.2)), 4 / 3) == pytest.approx(0.89, abs=0.01)
    assert face.distance(face_at(Box(0.4, 0.3, 0.3, 0.4)), 4 / 3) == pytest.approx(0.44, abs=0.01)
    upright = face.distance(face_at(Box(0.3, 0.4, 0.267, 0.15)), 9 / 16)
    assert upright == pytest.approx(0.89, abs=0.01), "a telephone held upright sees as much, the other way"


def drawn(mouth: int | None) -> NDArray[np.uint8]:
    """A face of 80 pixels in 400: two eyes of dark lines, and a mouth of them unless something plain is before it."""
    gray = np.full((400, 400), 170, dtype=np.uint8)
    for x in (0.3, 0.7):
        gray[142:147, int(160 + x * 80) - 8 : int(160 + x * 80) + 8] = 60
    if mouth is not None:
        gray[178:183, 188:212] = mouth
    return gray


def test_mouth_without_a_mouths_lines_is_hidden_and_a_light_one_is_not() -> None:
    assert face.plain_mouth(drawn(60), face_at(BOX)) == 0.0
    assert face.plain_mouth(drawn(100), face_at(BOX)) == 0.0
    assert face.plain_mouth(drawn(None), face_at(BOX)) == 1.0
    assert face.mouth_hidden(drawn(None), face_at(BOX), []) == 1.0


def test_mouths_line_is_told_from_the_noise_of_a_camera() -> None:
    noise = np.random.default_rng(2).normal(0, 12, (400, 400))
    with_mouth, without = (np.clip(drawn(mouth) + noise, 0, 255).astype(np.uint8) for mouth in (60, None))
    assert face.plain_mouth(with_mouth, face_at(BOX)) == 0.0
    assert face.plain_mouth(without, face_at(BOX)) > 0.5


SKINS = [(224, 172, 140), (150, 98, 70), (60, 40, 30)]


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (1.1, 1.0, 0.75), (0.85, 1.0, 1.2)])
@pytest.mark.parametrize(
    ("before", "hidden"), [((150, 190, 220), True), ((40, 44, 60), True), (None, False), ((176, 92, 88), False)]
)
def test_something_bluer_than_the_face_before_the_mouth_is_told_on_all_skins_in_any_light(
    skin: tuple[int, ...], tint: tuple[float, ...], before: tuple[int, ...] | None, hidden: bool
) -> None:
    rgb = np.full((400, 400, 3), skin, dtype=np.uint8)
    if before is not None:
        rgb[165:205, 175:225] = before
    lit = np.clip(rgb * np.array(tint), 0, 255).astype(np.uint8)
    assert (face.strange_colour(lit, face_at(BOX)) > 0.5) == hidden
    assert face.mouth_hidden(drawn(60), face_at(BOX), [], lit) == face.strange_colour(lit, face_at(BOX))


def test_mask_that_reaches_up_over_the_nose_is_told_from_the_skin_above() -> None:
    rgb = np.full((400, 400, 3), SKINS[0], dtype=np.uint8)
    rgb[152:215, 165:235] = (178, 205, 214)
    assert face.strange_colour(rgb, face_at(BOX)) == 1.0


def test_colours_in_the_dark_tell_nothing() -> None:
    rgb = np.full((400, 400, 3), (14, 10, 8), dtype=np.uint8)
    rgb[165:205, 175:225] = (8, 10, 14)
    assert face.strange_colour(rgb, face_at(BOX)) == 0.0


def test_mouth_of_a_tiny_face_and_of_one_outside_is_not_judged() -> None:
    assert face.plain_mouth(drawn(None)[::4, ::4], face_at(BOX)) == 0.0
    assert face.plain_mouth(drawn(None), face_at(Box(1.4, 0.3, 0.2, 0.2))) == 0.0


@pytest.mark.parametrize(("x", "hidden"), [(0.5, 1.0), (0.52, 1.0), (0.547, 0.5), (0.57, 0.0), (0.8, 0.0)])
def test_hand_over_the_mouth_hides_it_and_beside_it_does_not(x: float, hidden: float) -> None:
    over: Hand = hand(x, 0.45, 0.2)  # the mouth is at 0.5, 0.45; the face 0.2 wide
    assert face.by_hand(face_at(BOX), [over], SQUARE) == pytest.approx(hidden, abs=0.05)
    assert face.mouth_hidden(drawn(60), face_at(BOX), [over]) == pytest.approx(hidden, abs=0.05)
    assert face.by_hand(face_at(BOX), [], SQUARE) == 0.0


def test_people_far_behind_and_pictures_on_a_wall_are_not_counted() -> None:
    near, beside, behind = (face_at(Box(x, 0.3, size, size)) for x, size in ((0.4, 0.2), (0.1, 0.15), (0.8, 0.06)))
    assert face.people([near, beside, behind]) == 2
    assert face.people([near, behind]) == 1
    assert face.people([]) == 0
