"""What the numbers about the picture as a whole mean."""

import cv2
import numpy as np
import pytest

from relay.drawn.camera import Camera, Light
from relay.visibility.measures import picture
from relay.visibility.measures.picture import WHOLE, Anchor, grid
from relay.visibility.model import Box, Gray
from tests.relay.visibility.drawn import GOOD, TONES, drawn, seen, stage
from tests.relay.visibility.frames import plain


@pytest.mark.parametrize("size", [(240, 320), (241, 323), (720, 540), (24, 32), (10, 12)])
def test_grid_has_the_mean_brightness_of_its_cells_whatever_the_size(size: tuple[int, int]) -> None:
    half = plain(0, *size)
    half[:, size[1] // 2 :] = 255
    cells = grid(half)
    assert cells.shape == (24, 32)
    assert cells[:, :15].max() == 0.0
    assert cells[:, 17:].min() == 1.0


def test_grid_of_a_padded_plane_is_that_of_the_picture() -> None:
    padded = plain(255, 480, 704)
    padded[:, :640] = np.random.default_rng(1).integers(0, 255, (480, 640))
    assert np.array_equal(grid(padded[:, :640]), grid(np.ascontiguousarray(padded[:, :640])))


def test_averages_have_less_noise_than_samples() -> None:
    noise = np.random.default_rng(1).normal(128, 20, (480, 640)).astype(np.uint8)
    few, means = picture.sampled(noise, 320), picture.averaged(noise, 320)
    assert few.shape == means.shape == (240, 320)
    assert means.std() == pytest.approx(few.std() / 2, rel=0.1)
    assert picture.averaged(plain(77, 481, 642), 320).max() == 77
    assert np.array_equal(picture.averaged(plain(5), 320), plain(5))


@pytest.mark.parametrize(
    ("black", "box"),
    [
        (np.s_[:0], WHOLE),
        (np.s_[:30], Box(0.0, 0.125, 1.0, 0.875)),
        (np.s_[:, 240:], Box(0.0, 0.0, 0.75, 1.0)),
        (np.s_[:, :200], WHOLE),  # more than a bar
        (np.s_[:], WHOLE),
    ],
)
def test_black_bars_are_left_out(black: "tuple[slice, ...]", box: Box) -> None:
    gray = plain(120)
    gray[black] = 3
    assert picture.content(gray) == box
    assert picture.content(picture.sampled(gray)) == box


def test_cells_within_a_box_are_those_wholly_inside() -> None:
    cells = np.arange(24 * 32, dtype=np.float32).reshape(24, 32)
    assert picture.within(cells, WHOLE).shape == (24, 32)
    assert picture.within(cells, Box(0.26, 0.0, 0.5, 1.0)).shape == (24, 15)
    assert picture.within(cells, Box(0.5, 0.5, 0.0, 0.0)).shape == (24, 32)


@pytest.mark.parametrize("cover", ["finger", "cloth", "lid"])
def test_covered_lens_shows_no_structure_whatever_covers_it(cover: str) -> None:
    gray = stage(4, Camera(covered=1.0, cover=cover, noise=3.0)).frame(0.5).mean(axis=2).astype(np.uint8)  # type: ignore[arg-type]
    assert picture.structure(grid(gray)) < 0.06
    assert picture.flat(grid(gray)) > 0.95


@pytest.mark.parametrize("tone", TONES)
def test_structure_survives_darkness_and_blur_on_every_skin(tone: int) -> None:
    for camera in (GOOD, Camera(light=Light(0.12), noise=3.0), Camera(defocus=8.0)):
        cells = grid(drawn(tone, camera).gray)
        assert picture.structure(cells) > 0.2
        assert picture.flat(cells) < 0.85


def test_black_picture_has_no_structure() -> None:
    assert picture.structure(grid(plain(0))) == 0.0
    assert picture.flat(grid(plain(0))) == 1.0


def test_person_at_rest_is_alive_within_two_seconds_and_the_same_picture_is_not() -> None:
    person = stage(5, Camera(noise=1.0))
    pictures = [grid(seen(person, index / 7).gray) for index in range(15)]
    living, frozen = Anchor(), Anchor()
    assert living.leaves(pictures[0])
    assert frozen.leaves(pictures[0])
    assert any(living.leaves(cells) for cells in pictures[1:])
    assert not any(frozen.leaves(pictures[0]) for _ in range(14))


def test_frozen_picture_that_is_refined_is_not_alive() -> None:
    cells = grid(drawn().gray)
    anchor = Anchor()
    anchor.leaves(cells)
    rng = np.random.default_rng(2)
    refined = [cells + rng.uniform(-0.008, 0.008, cells.shape).astype(np.float32) for _ in range(10)]
    assert not any(anchor.leaves(one) for one in refined)


def coded(gray: Gray, quality: int) -> Gray:
    _, data = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def test_blocks_of_strong_compression_show() -> None:
    gray = drawn().gray
    values = [picture.blockiness(coded(gray, quality)) for quality in (95, 40, 20, 10)]
    assert values == sorted(values)
    assert values[0] < 0.2
    assert values[-1] > 0.6
    assert picture.blockiness(gray) < 0.1
    assert picture.blockiness(plain(128, 20, 20)) == 0.0
