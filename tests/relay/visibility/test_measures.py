"""What the numbers about a picture mean, on pictures whose answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.visibility import measures
from relay.visibility.model import Box, Detection
from tests.relay.visibility.frames import frame

FACE = Box(0.4, 0.2, 0.2, 0.3)
NO_HANDS = np.zeros((0, 21, 2), dtype=np.float32)


def hand(x: float, y: float, size: float = 0.1) -> NDArray[np.float32]:
    """21 points in a column of the given height around x, y."""
    return np.stack([np.full(21, x), np.linspace(y - size / 2, y + size / 2, 21)], axis=1).astype(np.float32)


def hands(*each: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack(each)


def plain(brightness: int, height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    return np.full((height, width), brightness, dtype=np.uint8)


def checkered(cell: int, height: int = 120, width: int = 120) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.where((rows // cell + columns // cell) % 2 == 0, 40, 215).astype(np.uint8)


def blurred(gray: NDArray[np.uint8], taps: int) -> NDArray[np.uint8]:
    kernel = np.ones(taps) / taps
    rows = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), 1, gray.astype(float))
    return np.asarray(np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), 0, rows), dtype=np.uint8)


def test_hands_inside_out_and_half_way() -> None:
    assert measures.hands_in_frame(hands(hand(0.3, 0.5), hand(0.7, 0.5))) == 1.0
    assert measures.hands_in_frame(hands(hand(0.3, 1.2))) == 0.0
    assert measures.hands_in_frame(hands(hand(0.3, 0.5), hand(-0.1, 0.5))) == 0.5
    assert measures.hands_in_frame(NO_HANDS) == 0.0


def test_margin_counts_as_outside() -> None:
    assert measures.hands_in_frame(hands(hand(0.05, 0.5)), margin=0.1) == 0.0
    assert measures.hands_in_frame(hands(hand(0.15, 0.5)), margin=0.1) == 1.0


def test_hand_size_is_the_larger_side_of_the_larger_hand() -> None:
    assert measures.hand_size(hands(hand(0.3, 0.5, 0.1), hand(0.7, 0.5, 0.3))) == pytest.approx(0.3)
    assert measures.hand_size(NO_HANDS) == 0.0


def test_hand_is_cut_when_more_than_its_wrist_is_outside() -> None:
    reaching_out = hand(0.5, 0.5)
    reaching_out[0] = (0.5, 1.1)  # the first landmark is the wrist
    assert not measures.cut_at_border(hands(reaching_out))
    assert measures.cut_at_border(hands(hand(0.5, 0.5), hand(0.5, 0.98, 0.1)))
    assert not measures.cut_at_border(NO_HANDS)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0.2, 0.2, 0.2, 0.2), 1.0),
        (Box(-0.1, 0.2, 0.2, 0.2), 0.5),
        (Box(0.9, 0.9, 0.2, 0.2), 0.25),
        (Box(1.1, 0.2, 0.2, 0.2), 0.0),
        (Box(0.2, 0.2, 0.0, 0.2), 0.0),
    ],
)
def test_share_of_a_face_box_inside(box: Box, share: float) -> None:
    assert measures.box_in_frame(box) == pytest.approx(share)


def test_sharpness_falls_with_each_stronger_blur_and_ignores_brightness() -> None:
    sharp = checkered(30)
    values = [measures.sharpness(blurred(sharp, taps)) for taps in (1, 5, 9, 15)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.6
    assert values[-1] < 0.4
    assert measures.sharpness((sharp // 2).astype(np.uint8)) == pytest.approx(values[0], abs=0.05)


def test_flat_picture_has_no_sharpness() -> None:
    assert measures.sharpness(plain(128)) == 0.0


def test_blur_in_one_direction_is_a_blur() -> None:
    """A moving camera blurs along one axis only."""
    stripes = checkered(6)
    stripes[:] = stripes[0]  # no change down the columns
    assert measures.sharpness(stripes) == 0.0


@pytest.mark.parametrize("size", [(240, 320), (241, 323), (720, 540), (24, 32)])
def test_grid_has_the_mean_brightness_of_its_cells_whatever_the_size(size: tuple[int, int]) -> None:
    half = plain(0, *size)
    half[:, size[1] // 2 :] = 255
    grid = measures.grid(half)
    assert grid.shape == (24, 32)
    assert grid[:, :15].max() == 0.0
    assert grid[:, 17:].min() == 1.0


def test_lamp_switched_on_is_no_movement() -> None:
    before, after = measures.grid(plain(80)), measures.grid(plain(160))
    assert not measures.moved(before, after, None).any()


def test_movement_inside_the_face_is_not_signing_and_beside_it_is() -> None:
    before = plain(100)
    nodding, signing = before.copy(), before.copy()
    nodding[60:110, 140:180] = 200
    signing[180:230, 100:160] = 200
    face_only = measures.moved(measures.grid(before), measures.grid(nodding), FACE)
    beside = measures.moved(measures.grid(before), measures.grid(signing), FACE)
    assert not face_only.any()
    assert beside.mean() > measures.SIGNING_MOTION


def test_first_picture_shows_no_movement() -> None:
    assert not measures.moved(None, measures.grid(plain(100)), None).any()


def test_movement_at_the_lower_border_alone_means_hands_below_the_picture() -> None:
    cells = np.zeros((24, 32), dtype=np.bool_)
    cells[22:, 8:24] = True
    assert measures.moves_at_border(cells)
    cells[8:14, 8:24] = True  # arms move too: the hands are on their way in
    assert not measures.moves_at_border(cells)
    assert not measures.moves_at_border(np.zeros((24, 32), dtype=np.bool_))


def test_frame_with_nobody_has_no_numbers_about_hands_and_face() -> None:
    found, _ = measures.measure_frame(plain(128), Detection(NO_HANDS, None), None)
    assert (found.hands_found, found.face_found) == (0, False)
    about_somebody = (found.hands_in_frame, found.hand_size, found.face_in_frame, found.face_height, found.face_luma)
    assert about_somebody == (None,) * 5
    assert found.luma == pytest.approx(128 / 255, abs=0.01)
    assert found.contrast == 0.0


def test_light_behind_the_signer_and_burnt_out_pixels_are_measured() -> None:
    window = plain(252)
    window[48:120, 128:192] = 40
    found, _ = measures.measure_frame(window, Detection(NO_HANDS, FACE), None)
    assert found.face_luma == pytest.approx(40 / 255, abs=0.02)
    assert found.backlight is not None
    assert found.backlight > 0.6
    assert found.overexposed > 0.8


def test_face_at_the_very_border_or_outside_is_measured_without_fault() -> None:
    for face in (Box(0.99, 0.99, 0.3, 0.3), Box(1.2, 0.2, 0.1, 0.1), Box(-0.3, -0.3, 0.31, 0.31)):
        found, _ = measures.measure_frame(plain(128), Detection(NO_HANDS, face), None)
        assert found.face_in_frame is not None
        assert found.face_in_frame < 0.1
        assert found.sharpness is None


def test_summary_of_a_second_holds_means_of_what_was_there() -> None:
    second = [frame(hands_found=2), frame(hands_found=1, face_found=False, face_height=None), frame(hands_found=0)]
    summary = measures.summarize(second, 24.0)
    assert summary["analysed"] == 3.0
    assert summary["hands_found"] == 1.0
    assert summary["face_found"] == pytest.approx(0.6667)
    assert summary["face_height"] == pytest.approx(0.21)
    assert summary["received_fps"] == 24.0
    assert summary["signing"] == 1.0
    assert summary["hands_seen"] == pytest.approx(0.6667)


def test_hands_of_somebody_at_rest_are_not_judged() -> None:
    summary = measures.summarize([frame(motion=0.0, hands_at_border=True)] * 8, 25.0)
    assert summary["signing"] == 0.0
    assert summary["hands_cut"] is None
    assert summary["hands_seen"] is None


def test_only_moving_pictures_tell_whether_hands_are_cut() -> None:
    second = [frame(motion=0.0, hands_at_border=True)] * 4 + [frame(), frame(hands_at_border=True)]
    assert measures.summarize(second, None)["hands_cut"] == 0.5


def test_second_without_pictures_has_no_means() -> None:
    summary = measures.summarize([], None, receiving=False)
    assert (summary["analysed"], summary["receiving"], summary["luma"], summary["signing"]) == (0.0, 0.0, None, None)
