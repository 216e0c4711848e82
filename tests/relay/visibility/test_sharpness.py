"""What the numbers about sharpness mean, on patterns of known blur and on the drawn signer."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from relay.drawn.camera import Camera
from relay.visibility.measures.light import grown
from relay.visibility.measures.picture import averaged
from relay.visibility.measures.sharpness import (
    FACE_LIMIT,
    PICTURE_LIMIT,
    detail,
    edges,
    face_sharpness,
    hands_sharpness,
    picture_sharpness,
    readable,
)
from relay.visibility.model import Box, Gray, Hand
from tests.relay.visibility.drawn import TONES, Drawn, drawn
from tests.relay.visibility.frames import hand, plain


def checkered(cell: int, height: int = 240, width: int = 320) -> Gray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.where((rows // cell + columns // cell) % 2 == 0, 40, 215).astype(np.uint8)


def defocused(gray: Gray, sigma: float) -> Gray:
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), sigma), dtype=np.uint8)


def smeared(gray: Gray, pixels: int, angle: float) -> Gray:
    """A camera that has moved by so many pixels, ``angle`` degrees below the horizontal, while the shutter was open."""
    kernel = np.zeros((pixels, pixels), dtype=np.float32)
    middle = (pixels - 1) / 2
    dx, dy = np.cos(np.radians(angle)) * middle, np.sin(np.radians(angle)) * middle
    ends = [(round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(gray, -1, kernel / kernel.sum()), dtype=np.uint8)


def signer(tone: int = 4) -> Drawn:
    return drawn(tone, Camera(noise=1.0))


def changed(of: Drawn, gray: Gray) -> Drawn:
    return Drawn(gray, of.face, of.hands)


def both(of: Drawn) -> float:
    value = readable(picture_sharpness(of.gray), face_sharpness(of.gray, of.face))
    assert value is not None
    return value


def test_sharpness_falls_with_each_stronger_blur_and_ignores_brightness() -> None:
    sharp = checkered(30)
    values = [edges(defocused(sharp, sigma)) for sigma in (0.5, 1, 2, 3, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.6
    assert values[-1] < 0.2
    assert edges((sharp // 2).astype(np.uint8)) == pytest.approx(edges(sharp), abs=0.02)


def test_flat_picture_has_no_sharpness_and_no_detail() -> None:
    assert edges(plain(128)) == 0.0
    assert edges(plain(128, 5, 5)) == 0.0
    assert detail(plain(128)) == 0.0
    assert detail(plain(128, 5, 1)) == 0.0


def test_detail_is_the_mean_step_between_neighbours() -> None:
    assert detail(checkered(1)) == pytest.approx(175 / 255)


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_blur_in_any_one_direction_is_a_blur(angle: float) -> None:
    sharp = averaged(signer().gray, 320)
    assert edges(smeared(sharp, 13, angle)) < 0.6 * edges(sharp)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 960)])
def test_the_size_of_a_picture_does_not_make_it_sharp_or_blurred(size: tuple[int, int]) -> None:
    small = changed(signer(), np.asarray(cv2.resize(signer().gray, (320, 240), interpolation=cv2.INTER_AREA), np.uint8))
    scaled = np.asarray(cv2.resize(small.gray, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    assert both(changed(small, scaled)) > 1.1
    assert both(changed(small, defocused(scaled, 4 * size[0] / 640))) < 0.75


@pytest.mark.parametrize("tone", TONES)
def test_blur_is_found_alike_on_every_skin(tone: int) -> None:
    sharp = signer(tone)
    assert both(sharp) == pytest.approx(both(signer(4)), rel=0.1)
    assert both(sharp) > 1.3
    assert both(changed(sharp, defocused(sharp.gray, 3))) < 0.92
    assert both(changed(sharp, defocused(sharp.gray, 4))) < 0.72
    assert both(changed(sharp, smeared(sharp.gray, 21, 30))) < 0.72


def test_grain_of_the_camera_is_no_sharpness() -> None:
    grain = np.random.default_rng(1).normal(0, 1.5, (480, 640))
    blurred = np.clip(defocused(signer().gray, 5) + grain, 0, 255).astype(np.uint8)
    assert picture_sharpness(blurred) < 0.5 * PICTURE_LIMIT


def test_face_that_is_out_of_focus_before_a_sharp_wall_is_blurred() -> None:
    """Cameras focus on the wall behind."""
    person = signer()
    face = grown(person.face, 1.6)
    left, right = round(face.x * 640), round((face.x + face.width) * 640)
    part = (slice(max(0, round(face.y * 480)), round((face.y + face.height) * 480)), slice(left, right))
    picture = person.gray.copy()
    picture[part] = defocused(picture, 6)[part]
    assert picture_sharpness(picture) > PICTURE_LIMIT
    assert both(changed(person, picture)) < 0.84


def test_hands_are_as_sharp_as_the_sharper_one() -> None:
    gray = np.full((240, 320), 30, dtype=np.uint8)
    gray[60:180] = checkered(15)[60:180]
    gray[:, 160:] = smeared(gray, 21, 0)[:, 160:]
    still, moving = _wide(0.2, 0.5), _wide(0.75, 0.5)
    one, other = hands_sharpness(gray, (still,)), hands_sharpness(gray, (moving,))
    assert one is not None
    assert other is not None
    assert one > 2 * other
    assert hands_sharpness(gray, (moving, still)) == one
    assert hands_sharpness(gray, ()) is None


def test_what_is_too_small_or_outside_is_not_measured() -> None:
    assert face_sharpness(plain(128), Box(0.99, 0.5, 0.3, 0.3)) is None
    assert face_sharpness(plain(128), Box(0.5, 0.5, 0.04, 0.3)) is None


def test_readable_is_one_where_both_are_at_their_limits() -> None:
    assert readable(PICTURE_LIMIT, FACE_LIMIT) == pytest.approx(1.0)
    assert readable(PICTURE_LIMIT, None) == pytest.approx(1.0)
    assert readable(None, FACE_LIMIT) == pytest.approx(1.0)
    assert readable(None, None) is None


def _wide(x: float, y: float) -> Hand:
    found = hand(x, y, 0.3)
    points: NDArray[np.float32] = found.landmarks
    points[:, 0] = np.linspace(x - 0.1, x + 0.1, 21)
    return found
