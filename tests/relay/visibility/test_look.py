"""A picture, and what was found in it, in numbers."""

import pytest

from relay.visibility.measures.glance import Glancer
from relay.visibility.measures.look import measure_look
from relay.visibility.model import Box, Detection, Look
from tests.relay.visibility.frames import face_at, hand, plain

FACE = Box(0.4, 0.2, 0.2, 0.3)


def test_look_at_nobody_has_no_numbers_about_hands_and_face() -> None:
    look = measure_look(plain(128), Detection())
    assert look == Look(sharpness=0.0, blockiness=0.0, hands_found=0, faces_found=0, hands_lost=False)


def test_what_nobody_looked_for_is_unknown() -> None:
    look = measure_look(plain(128), Detection((), (face_at(FACE),), parts=frozenset(("faces",))))
    assert look.hands_found is None
    assert look.faces_found == 1
    assert measure_look(plain(128), Detection(parts=frozenset(("hands",)))) == Look(0.0, 0.0, hands_found=0)


def test_look_tells_where_hands_and_face_are() -> None:
    look = measure_look(plain(128), Detection((hand(0.5, 0.98),), (face_at(FACE), face_at(Box(0, 0, 0.1, 0.1)))))
    assert (look.hands_found, look.hands_cut, look.faces_found) == (1, ("bottom",), 2)
    assert look.face is not None
    assert (look.face.x, look.face.y, look.face.width, look.face.height) == pytest.approx((0.4, 0.2, 0.2, 0.3))


def test_light_behind_the_signer_and_burnt_out_pixels_are_measured() -> None:
    window = plain(252)
    window[48:120, 128:192] = 40
    look = measure_look(window, Detection((), (face_at(FACE),)))
    assert look.face_luma == pytest.approx(40 / 255, abs=0.02)
    assert look.backlight is not None
    assert look.backlight > 0.6
    assert Glancer().glance(window, 0.0).overexposed > 0.8


def test_face_at_the_very_border_or_outside_is_measured_without_fault() -> None:
    for box in (Box(0.99, 0.99, 0.3, 0.3), Box(1.2, 0.2, 0.1, 0.1), Box(-0.3, -0.3, 0.31, 0.31)):
        look = measure_look(plain(128), Detection((), (face_at(box),)))
        assert look.face_in_frame is not None
        assert look.face_in_frame < 0.1
        assert look.face_sharpness is None


def test_glance_at_a_plain_picture() -> None:
    glancer = Glancer()
    first, second = glancer.glance(plain(128), 0.0), glancer.glance(plain(128), 0.1)
    assert first.luma == pytest.approx(128 / 255, abs=0.01)
    assert (first.contrast, first.overexposed, first.underexposed, first.detail) == (0.0, 0.0, 0.0, 0.0)
    assert (first.difference, first.movement) == (None, 0.0)
    assert second.difference == 0.0
    assert glancer.glance(plain(8), 0.2).underexposed == 1.0


def test_turn_and_tilt_of_a_tiny_face_are_not_told() -> None:
    near, far = (measure_look(plain(128), Detection((), (face_at(Box(0.4, 0.3, side, side)),))) for side in (0.2, 0.08))
    assert near.face_turn == pytest.approx(0.0, abs=0.5)
    assert near.face_roll == 0.0
    assert (far.face_turn, far.face_roll) == (None, None)
