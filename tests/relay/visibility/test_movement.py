"""What the numbers about movement mean."""

from typing import Any

import numpy as np
import pytest

from relay.visibility.measures import movement
from relay.visibility.model import Box
from tests.relay.visibility.frames import glance, plain

FACE = Box(0.4, 0.2, 0.2, 0.3)


@pytest.mark.parametrize("size", [(240, 320), (241, 323), (720, 540), (24, 32)])
def test_grid_has_the_mean_brightness_of_its_cells_whatever_the_size(size: tuple[int, int]) -> None:
    half = plain(0, *size)
    half[:, size[1] // 2 :] = 255
    grid = movement.grid(half)
    assert grid.shape == (24, 32)
    assert grid[:, :15].max() == 0.0
    assert grid[:, 17:].min() == 1.0


def test_lamp_switched_on_is_no_movement() -> None:
    before, after = movement.grid(plain(80)), movement.grid(plain(160))
    assert not movement.moved(before, after, None).any()
    assert movement.difference(before, after) == pytest.approx(80 / 255)


def test_movement_inside_the_face_is_not_signing_and_beside_it_is() -> None:
    before = plain(100)
    nodding, signing = before.copy(), before.copy()
    nodding[60:110, 140:180] = 200
    signing[180:230, 100:160] = 200
    face_only = movement.moved(movement.grid(before), movement.grid(nodding), FACE)
    beside = movement.moved(movement.grid(before), movement.grid(signing), FACE)
    assert not face_only.any()
    assert beside.mean() > movement.SIGNING_MOTION


def test_first_picture_shows_no_movement_and_the_same_again_no_difference() -> None:
    grid = movement.grid(plain(100))
    assert not movement.moved(None, grid, None).any()
    assert movement.difference(None, grid) is None
    assert movement.difference(grid, grid) == 0.0


def seen(cells: "np.ndarray[Any, np.dtype[np.bool_]]") -> bool:
    return movement.moves_at_border(
        glance(movement=float(cells.mean()), border_movement=movement.border_movement(cells))
    )


def test_movement_at_the_lower_border_alone_means_hands_below_the_picture() -> None:
    cells = np.zeros((24, 32), dtype=np.bool_)
    cells[22:, 8:24] = True
    assert seen(cells)
    cells[8:14, 8:24] = True  # arms move too: the hands are on their way in
    assert not seen(cells)
    assert not seen(np.zeros((24, 32), dtype=np.bool_))
