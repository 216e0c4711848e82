"""What one leg sees, as figures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from signaling.rehearsal.eye import Eye
from signaling.rehearsal.pictures import BadClipError, card, clip, drawn, fit


def watch(eye: Eye, start: float, count: int, fps: float, code: tuple[int, float] | None = (7, 90.0)) -> float:
    for index in range(count):
        eye.see(640, 480, code, start + index / fps)
    return start + (count - 1) / fps


def test_frame_rate_is_that_of_the_window() -> None:
    eye = Eye()
    watch(eye, 0.0, 10, fps=5)
    eye.open_window(2.0)
    end = watch(eye, 2.0, 101, fps=25)
    assert eye.close_window(end).fps == pytest.approx(25.0)


def test_stranger_seen_before_the_window_still_counts() -> None:
    eye = Eye()
    eye.see(640, 480, (99, 10.0), 0.0)
    eye.open_window(1.0)
    end = watch(eye, 1.0, 5, 25)
    assert eye.close_window(end).ids == {7, 99}


def test_pictures_without_a_code_are_counted_apart() -> None:
    eye = Eye()
    eye.open_window(0.0)
    watch(eye, 0.0, 4, 25)
    eye.see(640, 480, None, 0.16)
    seen = eye.close_window(0.16)
    assert (seen.frames, seen.unread, len(seen.delays_ms)) == (4, 1, 4)


def test_freeze_shows_as_the_longest_gap_also_at_the_end() -> None:
    eye = Eye()
    eye.open_window(0.0)
    end = watch(eye, 0.0, 25, 25)
    assert eye.close_window(end + 2.0).longest_gap_ms == pytest.approx(2000.0)


def test_window_without_pictures_has_rate_zero() -> None:
    eye = Eye()
    eye.open_window(0.0)
    assert eye.close_window(5.0).fps == 0.0


def test_clip_keeps_its_proportions_above_the_strip_of_the_code() -> None:
    tall = np.full((720, 540, 3), 200, dtype=np.uint8)
    picture = fit(tall, 640, 480, strip=48)
    assert picture.shape == (480, 640, 3)
    assert not picture[432:].any()
    rows, columns = np.nonzero(picture[..., 0])
    assert (rows.max() - rows.min() + 1) / (columns.max() - columns.min() + 1) == pytest.approx(720 / 540, rel=0.02)


def test_clip_plays_in_a_loop(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for level in (40, 120, 200):
        writer.write(np.full((48, 64, 3), level, dtype=np.uint8))
    writer.release()
    film = clip(path, 64, 64, strip=16)
    levels = [int(film.frame(index / 10 + 0.01)[20, 32, 0]) for index in range(6)]
    assert levels[:3] == levels[3:]
    assert levels[0] < levels[1] < levels[2]


@pytest.mark.parametrize("content", [b"", b"no film at all"])
def test_file_that_is_no_film_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.gif"
    path.write_bytes(content)
    with pytest.raises(BadClipError):
        clip(path, 64, 64, strip=16)


def test_missing_clip_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadClipError):
        clip(tmp_path / "absent.gif", 64, 64, strip=16)


def test_card_moves_and_leaves_the_strip_black() -> None:
    disc = card(320, 240, strip=24)
    assert not np.array_equal(disc.frame(0.0), disc.frame(1.0))
    assert not disc.frame(0.5)[216:].any()


def test_drawn_signer_moves_and_leaves_the_strip_black() -> None:
    signer = drawn(160, 144, strip=24)
    assert signer.frame(0.0).shape == (144, 160, 3)
    assert not np.array_equal(signer.frame(0.0), signer.frame(0.5))
    assert not signer.frame(0.5)[120:].any()
