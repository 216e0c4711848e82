"""What the numbers about light mean, on plain pictures and on drawn signers of every skin tone."""

import numpy as np
import pytest

from relay.drawn.camera import Camera, Light
from relay.drawn.scenery import Scenery
from relay.visibility.measures import light
from relay.visibility.measures.picture import grid, sampled
from relay.visibility.model import Box, Hand
from tests.relay.visibility.drawn import TONES, Drawn, drawn
from tests.relay.visibility.frames import hand, plain

FACE = Box(0.4, 0.2, 0.2, 0.3)
WHITE_WALL = Scenery(colour=(236, 238, 240))
DARK_WALL = Scenery(colour=(60, 60, 64))


def lit(person: float) -> Camera:
    return Camera(light=Light(person=person, glare=1.0), noise=2.0)


def backlight(of: Drawn) -> float:
    found = light.face_light(of.gray, of.face)
    assert found is not None
    return light.backlight(light.surroundings(grid(of.gray), of.face), found)


def test_levels_of_a_picture_half_black_half_white() -> None:
    half = plain(0)
    half[:, 160:] = 255
    levels = light.levels(half)
    assert (levels.luma, levels.contrast) == pytest.approx((0.5, 0.5))
    assert (levels.shadows, levels.highlights) == (0.0, 1.0)
    assert (levels.overexposed, levels.underexposed) == pytest.approx((0.5, 0.5))


def test_levels_are_those_of_numpy() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 80)).astype(np.uint8)
    levels = light.levels(picture)
    assert levels.luma == pytest.approx(picture.mean() / 255)
    assert levels.contrast == pytest.approx(picture.std() / 255)
    assert levels.highlights == pytest.approx(np.percentile(picture, 95) / 255, abs=0.01)
    assert levels.shadows == pytest.approx(np.percentile(picture, 5) / 255, abs=0.01)


def test_nothing_has_no_light() -> None:
    assert light.levels(plain(128, 0, 0)) == (0.0,) * 6
    assert light.face_light(plain(128), Box(1.2, 0.2, 0.1, 0.1)) is None


def test_face_counts_by_what_is_light_in_it() -> None:
    gray = plain(60)
    gray[90:92, 140:180] = 200  # eyes
    found = light.face_light(gray, FACE)
    assert found is not None
    assert found.luma == pytest.approx(200 / 255, abs=0.01)
    assert found.contrast == pytest.approx(140 / 255, abs=0.01)
    assert found.overexposed == 0.0


def test_burnt_out_face_is_measured() -> None:
    gray = plain(120)
    gray[:120] = 252
    found = light.face_light(gray, FACE)
    assert found is not None
    assert found.overexposed > 0.9


def test_stops_are_factors_of_two() -> None:
    face = light.FaceLight(0.23, 0.2, 0.0)
    assert light.backlight(0.48, face) == pytest.approx(1.0)
    assert light.backlight(0.23, face) == pytest.approx(0.0)
    assert light.backlight(0.105, face) == pytest.approx(-1.0)


def test_black_bars_are_no_surroundings() -> None:
    gray = plain(200)
    gray[:, :60] = 0
    assert light.surroundings(grid(gray), FACE) == pytest.approx(200 / 255, abs=0.03)
    assert light.surroundings(grid(plain(0)), FACE) == 0.0


@pytest.mark.parametrize("tone", TONES)
def test_no_skin_in_good_light_is_taken_for_one_in_shadow(tone: int) -> None:
    walls = [backlight(drawn(tone, scenery=scenery)) for scenery in (Scenery(), WHITE_WALL, DARK_WALL)]
    assert max(walls) < 1.08
    assert backlight(drawn(tone, lit(0.35))) > 1.2
    assert backlight(drawn(tone, lit(0.22))) > 1.8


def test_darkness_of_the_picture_depends_on_the_light_and_hardly_on_the_skin() -> None:
    good = [light.levels(sampled(drawn(tone).gray)) for tone in TONES]
    dark = [light.levels(sampled(drawn(tone, Camera(light=Light(0.3), noise=4.0)).gray)) for tone in TONES]
    assert np.ptp([levels.luma for levels in good]) < 0.04
    assert np.ptp([levels.highlights for levels in good]) < 0.03
    assert max(levels.luma for levels in dark) < 0.17 < min(levels.luma for levels in good)
    assert max(levels.highlights for levels in dark) < 0.24 < min(levels.highlights for levels in good)


def test_hand_stands_out_from_dark_clothes_and_not_from_clothes_like_skin() -> None:
    palm = Hand(hand(0.5, 0.5, 0.2).landmarks)
    gray = plain(40)
    gray[96:144, 156:164] = 160
    alike = plain(150)
    alike[96:144, 156:164] = 160
    assert light.hands_contrast(gray, (_broad(palm),)) == pytest.approx(0.75, abs=0.02)
    assert light.hands_contrast(alike, (_broad(palm),)) == pytest.approx(1 / 16, abs=0.02)


def test_hands_contrast_is_that_of_the_hand_that_stands_out_less_whatever_the_light() -> None:
    bright, dim = drawn(5), drawn(5, Camera(light=Light(0.4)))
    value = light.hands_contrast(bright.gray, bright.hands)
    assert value is not None
    each = [light.hands_contrast(bright.gray, (one,)) for one in bright.hands]
    assert value == min(one for one in each if one is not None)
    assert light.hands_contrast(dim.gray, dim.hands) == pytest.approx(value, abs=0.06)


def test_hand_outside_or_tiny_has_no_contrast() -> None:
    assert light.hands_contrast(plain(128), ()) is None
    assert light.hands_contrast(plain(128), (hand(1.6, 0.5),)) is None
    assert light.hands_contrast(plain(128), (hand(0.5, 0.5, 0.01),)) is None


def _broad(narrow: Hand) -> Hand:
    points = narrow.landmarks.copy()
    points[0, 0], points[-1, 0] = 0.46, 0.54  # the box is wider than the fingers
    return Hand(points)
