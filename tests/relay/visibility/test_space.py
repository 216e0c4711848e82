"""Where hands can be, from the face, and pictures that were turned."""

import numpy as np
import pytest

from relay.visibility.measures import space
from relay.visibility.model import Box
from tests.relay.visibility.frames import face_at

SQUARE = 1.0


def test_signing_space_of_somebody_far_away_is_all_inside() -> None:
    assert space.signing_space(Box(0.47, 0.3, 0.06, 0.06), SQUARE) == pytest.approx(1.0)


def test_signing_space_is_the_share_that_the_picture_holds() -> None:
    # a face of 0.2 at the middle: from 0.24 to 1.22 down (of 0.98, 0.76 inside) and from 0.1 to 0.9 across
    assert space.signing_space(Box(0.4, 0.4, 0.2, 0.2), SQUARE) == pytest.approx(0.76 / 0.98)
    # at the left border half of its width is lost as well
    assert space.signing_space(Box(-0.1, 0.4, 0.2, 0.2), SQUARE) == pytest.approx(0.5 * 0.76 / 0.98)
    assert space.signing_space(Box(0.4, 2.0, 0.2, 0.2), SQUARE) == 0.0


def test_face_found_in_a_part_is_where_it_is_in_the_whole_picture() -> None:
    face = space.in_whole(face_at(Box(0.5, 0.25, 0.1, 0.2)), Box(0.4, 0.2, 0.5, 0.5))
    assert (face.box.x, face.box.y, face.box.width, face.box.height) == pytest.approx((0.65, 0.325, 0.05, 0.1))
    assert face.keypoints == pytest.approx(face_at(face.box).keypoints)


def test_a_wide_picture_holds_more_aside_and_as_much_below() -> None:
    tall = space.around(Box(0.4, 0.4, 0.2, 0.2), 1.0, 1.0, 2.0, 2.0)
    wide = space.around(Box(0.45, 0.4, 0.1, 0.2), 2.0, 1.0, 2.0, 2.0)
    assert (tall.y, tall.height) == pytest.approx((wide.y, wide.height))
    assert wide.width == pytest.approx(tall.width / 2)


def test_only_a_small_signer_is_searched_for_in_a_part_of_the_picture() -> None:
    assert space.search_region(Box(0.4, 0.2, 0.2, 0.25), 4 / 3) == space.WHOLE
    region = space.search_region(Box(0.47, 0.4, 0.05, 0.0667), 4 / 3)
    assert (region.x, region.width) == pytest.approx((0.335, 0.32), abs=0.001)
    assert region.height == pytest.approx(6.4 * 0.0667, abs=0.001)


def test_body_is_looked_for_without_the_people_at_its_sides() -> None:
    own = face_at(Box(0.4, 0.2, 0.2, 0.2))
    left, right = face_at(Box(0.0, 0.2, 0.05, 0.05)), face_at(Box(0.85, 0.2, 0.1, 0.1))
    assert space.own_region([own]) == space.WHOLE
    region = space.own_region([own, left, right])
    assert (region.x, region.x + region.width, region.height) == pytest.approx((0.065, 0.82, 1.0))
    behind = face_at(Box(0.6, 0.1, 0.1, 0.1))
    assert space.own_region([own, behind]) == space.WHOLE, "shoulders would be cut"


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_face_found_in_a_turned_picture_lies_where_it_was(turns: int) -> None:
    picture = np.zeros((90, 120), dtype=np.uint8)
    picture[10:30, 80:100] = 255
    rows, columns = np.nonzero(np.rot90(picture, turns))
    height, width = np.rot90(picture, turns).shape
    top, left = rows.min() / height, columns.min() / width
    seen = Box(left, top, (columns.max() + 1) / width - left, (rows.max() + 1) / height - top)
    face = space.turned_back(face_at(seen), turns)
    found = (face.box.x, face.box.y, face.box.width, face.box.height)
    assert found == pytest.approx((80 / 120, 10 / 90, 20 / 120, 20 / 90))
    eyes = face.keypoints[1] - face.keypoints[0]
    assert np.sign(np.round(eyes, 6)).tolist() == [[1, 0], [0, 1], [-1, 0], [0, -1]][turns]
