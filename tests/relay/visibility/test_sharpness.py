"""What the numbers about sharpness mean."""

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.visibility.measures.sharpness import detail, sharpness
from tests.relay.visibility.frames import plain


def checkered(cell: int, height: int = 120, width: int = 120) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.where((rows // cell + columns // cell) % 2 == 0, 40, 215).astype(np.uint8)


def blurred(gray: NDArray[np.uint8], taps: int) -> NDArray[np.uint8]:
    kernel = np.ones(taps) / taps
    rows = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), 1, gray.astype(float))
    return np.asarray(np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), 0, rows), dtype=np.uint8)


def test_sharpness_falls_with_each_stronger_blur_and_ignores_brightness() -> None:
    sharp = checkered(30)
    values = [sharpness(blurred(sharp, taps)) for taps in (1, 5, 9, 15)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.6
    assert values[-1] < 0.4
    assert sharpness((sharp // 2).astype(np.uint8)) == pytest.approx(values[0], abs=0.05)


def test_flat_picture_has_no_sharpness_and_no_detail() -> None:
    assert sharpness(plain(128)) == 0.0
    assert detail(plain(128)) == 0.0


def test_detail_is_the_mean_step_between_neighbours() -> None:
    assert detail(checkered(1)) == pytest.approx(175 / 255)


def test_blur_in_one_direction_is_a_blur() -> None:
    """A moving camera blurs along one axis only."""
    stripes = checkered(6)
    stripes[:] = stripes[0]  # no change down the columns
    assert sharpness(stripes) == 0.0
