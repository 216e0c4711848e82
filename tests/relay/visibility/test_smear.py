"""What is said of the edges of what moves, against shutters of known times."""

import cv2
import numpy as np
import pytest

from relay.drawn.camera import Camera
from relay.visibility.measures.glance import Glancer
from relay.visibility.measures.smear import motion_blur
from relay.visibility.measures.summary import ENOUGH_BLURS
from relay.visibility.model import Box, Gray
from relay.visibility.rules import limits
from tests.relay.visibility.drawn import seen, stage
from tests.relay.visibility.frames import plain

SMEARED = limits()["smeared"]
FACE = Box(0.4, 0.1, 0.2, 0.3)
MOVED = np.zeros((24, 32), dtype=np.bool_)
MOVED[12:20, 4:14] = True


def blur_of(shutter: float, tone: int = 4, noise: float = 1.5, rate: float = 8.0, defocus: float = 0.0) -> float:
    """Mean over 2.5 s of signing, as a call's pictures are glanced at."""
    signer = stage(tone, Camera(shutter=shutter, noise=noise, defocus=defocus))
    glancer, face = Glancer(), seen(signer).face
    times = [index / rate for index in range(round(2.5 * rate))]
    glances = [glancer.glance(seen(signer, t).gray[::2, ::2], t, face) for t in times]
    blurs = [glance.motion_blur for glance in glances if glance.motion_blur is not None]
    assert len(blurs) >= ENOUGH_BLURS
    return float(np.mean(blurs))


def pattern(moving: Gray) -> Gray:
    """A face of sharp edges above, and what moves below."""
    rows, columns = np.mgrid[0:240, 0:320]
    checks = np.where((rows // 12 + columns // 12) % 2 == 0, 40, 215).astype(np.uint8)
    checks[120:] = moving[120:]
    return checks


@pytest.mark.parametrize("tone", [0, 4, 9])
def test_slow_shutter_is_told_from_an_ordinary_one_on_every_skin(tone: int) -> None:
    ordinary, slow = blur_of(0.02, tone), blur_of(0.2, tone)
    assert ordinary < SMEARED.leave
    assert slow > SMEARED.leave
    assert slow > ordinary + 0.1


def test_streaks_of_hands_that_stand_out_are_told() -> None:
    assert blur_of(0.2) > limits()["very_smeared"].enter


def test_the_longer_the_shutter_is_open_the_more_is_smeared() -> None:
    blurs = [blur_of(shutter) for shutter in (0.01, 0.06, 0.12, 0.25)]
    assert blurs == sorted(blurs)
    assert blurs[-1] > blurs[0] + 0.2


def test_neither_grain_nor_a_soft_lens_nor_more_pictures_make_an_ordinary_shutter_slow() -> None:
    assert blur_of(0.02, noise=4.0) < SMEARED.enter
    assert blur_of(0.02, defocus=1.5) < SMEARED.enter
    assert blur_of(0.02, rate=25.0) < SMEARED.enter


def test_edges_as_sharp_as_the_face_are_not_blurred_and_edges_drawn_out_are() -> None:
    sharp = pattern(plain(0))
    stripes = np.where(np.arange(320) // 20 % 2 == 0, 40, 215).astype(np.uint8) + plain(0)
    streaks = np.asarray(cv2.blur(stripes, (15, 1)), dtype=np.uint8)
    assert motion_blur(pattern(stripes), MOVED, FACE) == pytest.approx(0.0, abs=0.01)
    blur = motion_blur(pattern(streaks), MOVED, FACE)
    assert blur is not None
    assert blur > 0.8
    assert motion_blur(sharp, MOVED, FACE) is None  # nothing with an edge moves


def test_where_too_little_moves_or_nobody_is_seen_nothing_is_told() -> None:
    stripes = pattern(np.where(np.arange(320) // 20 % 2 == 0, 40, 215).astype(np.uint8) + plain(0))
    still = np.zeros_like(MOVED)
    assert motion_blur(stripes, still, FACE) is None
    assert motion_blur(stripes, MOVED, Box(0.4, 0.95, 0.1, 0.3)) is None
    assert motion_blur(stripes[:80, :100], MOVED, FACE) is None
    glancer = Glancer()
    assert [glancer.glance(gray, at).motion_blur for at, gray in enumerate((plain(10), stripes, plain(10)))] == [
        None
    ] * 3
