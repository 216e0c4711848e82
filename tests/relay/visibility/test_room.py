"""An empty room is told from a covered lens by what was there beside somebody."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.drawn.camera import Camera
from relay.drawn.scenery import Backdrop, Scenery
from relay.visibility.measures.picture import grid, structure
from relay.visibility.measures.room import LAG_S, RoomMemory, kept, room, shape_kept
from tests.relay.visibility.drawn import GOOD, WALL, grayed, stage

Picture = NDArray[np.uint8]
COVERED, LEFT = 0.45, 0.55  # at most, at least
VEILED = 0.60  # of the large differences, at least


def seen(camera: Camera = GOOD, gone: float = 0.0, backdrop: Backdrop = "plain", t: float = 0.5) -> Picture:
    return stage(camera=camera, scenery=Scenery(backdrop, WALL.colour), gone=gone).frame(t)


def adapted(picture: Picture, exposure: float, warmth: float = 0.0) -> Picture:
    """By the camera: factor on all, and on red against blue."""
    factors = exposure * np.array([1 + warmth, 1.0, 1 - warmth])
    return np.clip(picture * factors, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("exposure", "warmth"), [(0.8, 0.0), (1.0, 0.0), (1.2, 0.0), (1.0, 0.06), (0.85, -0.05)])
@pytest.mark.parametrize("backdrop", ["plain", "textured", "window", "cluttered"])
def test_who_leaves_leaves_most_of_the_room_as_it_was(backdrop: Backdrop, exposure: float, warmth: float) -> None:
    with_somebody, empty = seen(backdrop=backdrop), seen(gone=1.0, backdrop=backdrop, t=4.0)
    assert kept(room(with_somebody), room(adapted(empty, exposure, warmth))) > LEFT


@pytest.mark.parametrize("cover", ["finger", "cloth", "lid"])
@pytest.mark.parametrize("exposure", [1.0, 1.8])
def test_what_covers_the_lens_leaves_nothing_of_it(cover: str, exposure: float) -> None:
    covered = seen(replace(GOOD, covered=0.97, cover=cover))  # type: ignore[arg-type]
    assert kept(room(seen()), room(adapted(covered, exposure))) < COVERED


@pytest.mark.parametrize("backdrop", ["plain", "window", "cluttered"])
def test_grease_leaves_the_large_differences_in_brightness_and_what_covers_the_lens_none(backdrop: Backdrop) -> None:
    before = room(seen(backdrop=backdrop))
    greasy = seen(replace(GOOD, dirt=0.95), backdrop=backdrop, t=4.0)
    assert shape_kept(before, room(greasy)) > VEILED
    assert shape_kept(before, room(adapted(greasy, 0.85))) > VEILED
    for cover in ("finger", "cloth", "lid"):
        covered = seen(replace(GOOD, covered=0.97, cover=cover), backdrop=backdrop)
        assert shape_kept(before, room(adapted(covered, 1.8))) < 0.2
    assert shape_kept(room(np.full_like(greasy, 90)), room(greasy)) == 0.0


def test_one_picture_alone_tells_a_bare_wall_from_cloth_by_nothing() -> None:
    wall, cloth = seen(gone=1.0), seen(replace(GOOD, covered=1.0, cover="cloth"))
    assert all(structure(grid(grayed(picture))) < 0.075 for picture in (wall, cloth))


def test_the_room_is_unknown_until_somebody_was_seen_for_longer_than_a_moment() -> None:
    memory = RoomMemory()
    assert memory.kept(seen(gone=1.0), 0.0, is_somebody=False) is None
    assert memory.kept(seen(), 1.0, is_somebody=True) is None
    assert memory.kept(seen(gone=1.0), 2.0, is_somebody=False) is None
    assert memory.kept(seen(), 2.5, is_somebody=True) is None
    left = memory.kept(seen(gone=1.0), 3.0, is_somebody=False)
    assert left is not None
    assert left.share > LEFT


def test_a_hand_that_comes_before_the_lens_while_the_face_is_still_found_is_no_part_of_the_room() -> None:
    memory = RoomMemory()
    covered = seen(replace(GOOD, covered=1.0, cover="finger"))
    half = seen()
    half[:, :320] = covered[:, :320]
    for t in (0.0, LAG_S):
        memory.kept(seen(), t, is_somebody=True)
    for t in (1.3, 1.6):
        memory.kept(half, t, is_somebody=True)
    left = memory.kept(covered, 2.0, is_somebody=False)
    assert left is not None
    assert left.share < COVERED


def test_small_and_upright_pictures_have_rooms_too() -> None:
    for height, width in ((108, 144), (640, 360)):
        assert room(np.zeros((height, width, 3), np.uint8)).shape == (3, 24, 32)
