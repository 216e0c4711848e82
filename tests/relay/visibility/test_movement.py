"""What the numbers about movement mean."""

from typing import Any

import numpy as np
import pytest

from relay.drawn.camera import Camera, Light
from relay.drawn.signing import Style
from relay.visibility.measures import movement
from relay.visibility.measures.picture import Grid, grid
from relay.visibility.model import Box
from tests.relay.visibility.drawn import drawn, seen, stage
from tests.relay.visibility.frames import glance, plain

FACE = Box(0.4, 0.2, 0.2, 0.3)


def test_lamp_switched_on_is_no_movement() -> None:
    before, after = grid(plain(80)), grid(plain(160))
    assert not movement.moved(before, after, None).any()
    assert movement.difference(before, after) == pytest.approx(80 / 255)


def test_movement_inside_the_face_is_not_signing_and_beside_it_is() -> None:
    before = plain(100)
    nodding, signing = before.copy(), before.copy()
    nodding[60:110, 140:180] = 200
    signing[180:230, 100:160] = 200
    face_only = movement.moved(grid(before), grid(nodding), FACE)
    beside = movement.moved(grid(before), grid(signing), FACE)
    assert not face_only.any()
    assert beside.mean() > movement.SIGNING_MOTION


def test_nod_explains_hair_and_collar_and_no_hand_or_forearm() -> None:
    cells = np.zeros((24, 32), dtype=np.bool_)
    cells[2:4, 14:18] = True  # above the face
    cells[13:16, 14:18] = True  # chin and neck
    head = int(cells.sum())
    assert movement.beside_head(cells, FACE) == 0.0
    assert movement.beside_head(cells, None) == pytest.approx(head / cells.size)
    cells[16:23, 22:26] = True  # a forearm
    assert movement.beside_head(cells, FACE) == pytest.approx(28 / cells.size)
    cells[2:4] = False  # the head is still: what is at the neck is a hand
    assert movement.beside_head(cells, FACE) == pytest.approx((28 + 12) / cells.size)


def test_first_picture_shows_no_movement_and_the_same_again_no_difference() -> None:
    cells = grid(plain(100))
    assert not movement.moved(None, cells, None).any()
    assert movement.difference(None, cells) is None
    assert movement.difference(cells, cells) == 0.0


def at_border(cells: "np.ndarray[Any, np.dtype[np.bool_]]") -> bool:
    return movement.moves_at_border(
        glance(movement=float(cells.mean()), border_movement=movement.border_movement(cells))
    )


def test_movement_at_the_lower_border_alone_means_hands_below_the_picture() -> None:
    cells = np.zeros((24, 32), dtype=np.bool_)
    cells[22:, 8:24] = True
    assert at_border(cells)
    cells[8:14, 8:24] = True  # arms move too: the hands are on their way in
    assert not at_border(cells)
    assert not at_border(np.zeros((24, 32), dtype=np.bool_))


def test_television_out_of_reach_is_no_signing() -> None:
    face = Box(0.7, 0.2, 0.08, 0.12)
    before = plain(100)
    television = before.copy()
    television[120:180, 10:90] = 220
    assert not movement.moved(grid(before), grid(television), face).any()
    assert movement.moved(grid(before), grid(television), None).any()


def test_what_moves_in_the_dark_counts_as_in_light() -> None:
    bright, dark = [moving(light) for light in (1.0, 0.3)]
    assert dark.mean() == pytest.approx(bright.mean(), rel=0.25)
    assert bright.mean() > movement.SIGNING_MOTION


def moving(light: float) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    signer = stage(4, Camera(light=Light(light)))
    return movement.moved(grid(seen(signer, 0.5).gray), grid(seen(signer, 0.8).gray), seen(signer, 0.5).face)


@pytest.mark.parametrize("gain", [0.7, 0.85, 1.15])
def test_exposure_that_adapts_is_no_movement(gain: float) -> None:
    before = drawn().gray
    after = np.clip(before * gain + 5, 0, 255).astype(np.uint8)
    assert movement.moved(grid(before), grid(after), None).mean() < 0.3 * movement.SIGNING_MOTION


def test_camera_that_is_touched_is_no_movement() -> None:
    before = drawn().gray
    after = np.roll(before, (1, 2), axis=(0, 1))
    assert movement.moved(grid(before), grid(after), None).mean() < 0.5 * movement.SIGNING_MOTION


def signing_share(cells: "list[Grid]", face: Box, rate: float) -> float:
    recent, shares = movement.RecentGrids(), []
    for index, now in enumerate(cells):
        _, before = recent.add(now, index / rate)
        shares.append(float(movement.moved(before, now, face).mean() >= movement.SIGNING_MOTION))
    return float(np.mean(shares))


def test_a_picture_is_compared_with_one_as_long_ago_however_often_they_come() -> None:
    for rate, back in ((25.0, 3), (8.0, 3), (7.5, 3), (6.0, 3), (3.75, 2), (2.0, 1)):
        recent = movement.RecentGrids()
        grids = [np.full((24, 32), index, np.float32) for index in range(9)]
        found = [recent.add(each, index / rate) for index, each in enumerate(grids)]
        assert found[0] == (None, None)
        last, earlier = found[-1]
        assert last is grids[7] and earlier is grids[8 - back]
        assert recent.add(grids[0], -1.0) == (None, None)  # another clock


@pytest.mark.parametrize("rate", [3.75, 7.0, 25.0])
@pytest.mark.parametrize("tone", [0, 5, 9])
def test_signing_is_told_from_rest_at_any_rate_of_pictures_and_on_every_skin(rate: float, tone: int) -> None:
    signer = stage(tone)
    face = seen(signer).face
    cells = [grid(seen(signer, 0.3 + index / rate).gray) for index in range(round(2 * rate))]
    assert signing_share(cells, face, rate) > 0.6
    assert signing_share(cells[:1] * 20, face, rate) == 0.0


@pytest.mark.parametrize("tone", [0, 9])
@pytest.mark.parametrize("style", ["listening", "folded"])
def test_who_only_listens_does_not_sign_whatever_the_skin(style: Style, tone: int) -> None:
    listener = stage(tone, style=style)
    seen_ones = [seen(listener, index / 7) for index in range(15)]
    assert signing_share([grid(one.gray) for one in seen_ones], seen_ones[0].face, 7.0) < 0.2
