"""The drawn signer is what it says: seen by MediaPipe, where it says, the same every time, and quick."""

import time

import numpy as np
import pytest

from relay.drawn_signer import INTERPRETER, SCENES, SIGNER, Appearance, DrawnSigner, Scene
from tests.helpers import clips


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (1280, 720), (480, 640)])
@pytest.mark.parametrize("appearance", [SIGNER, INTERPRETER], ids=["signer", "interpreter"])
def test_mediapipe_finds_both_hands_and_the_face_where_they_are(size: tuple[int, int], appearance: Appearance) -> None:
    from relay.visibility.detector import Analyzer, scaled_down

    signer = DrawnSigner(*size, appearance=appearance)
    detector = Analyzer(clips.models())
    both = faces = frames = 0
    for index in range(0, 60, 3):
        t = index / signer.fps
        found = detector.detect(scaled_down(signer.frame(t)), round(t * 1000))
        frames += 1
        faces += found.face is not None
        if len(found.hands) < 2:
            continue
        both += 1
        palms = sorted(hand.landmarks[[0, 5, 9, 17]].mean(axis=0).tolist() for hand in found.hands)
        for (x, y), expected in zip(palms, signer.hand_positions(t), strict=True):
            assert abs(x - expected.x) < 0.04
            assert abs(y - expected.y) < 0.04
    detector.close()
    assert both >= 0.8 * frames
    assert faces == frames


@pytest.mark.parametrize("scene", SCENES)
def test_same_time_gives_the_same_picture_of_the_right_shape(scene: Scene) -> None:
    one, other = DrawnSigner(320, 240, scene=scene), DrawnSigner(320, 240, scene=scene)
    picture = one.frame(0.7)
    one.frame(2.0)
    assert picture.shape == (240, 320, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, one.frame(0.7))
    assert np.array_equal(picture, other.frame(0.7))


def test_hands_move_while_signing_and_nothing_but_the_head_at_rest() -> None:
    signing, still = DrawnSigner(320, 240), DrawnSigner(320, 240, scene="still")
    assert signing.hand_positions(0.0) != signing.hand_positions(0.4)
    assert not np.array_equal(signing.frame(0.0)[100:], signing.frame(0.4)[100:])
    assert np.array_equal(still.frame(0.0)[130:], still.frame(0.4)[130:])
    assert still.hand_positions(0.0) == ()


def test_in_the_cut_scene_the_hands_reach_the_border_and_in_the_others_they_never_do() -> None:
    cut, whole = DrawnSigner(640, 480, scene="cut"), DrawnSigner(640, 480)
    times = [index / 25 for index in range(50)]
    assert max(hand.y for t in times for hand in cut.hand_positions(t)) > 1.0
    assert all(0.1 < hand.x < 0.9 and 0.3 < hand.y < 0.9 for t in times for hand in whole.hand_positions(t))


def test_movement_comes_round_after_4_8_seconds() -> None:
    """Three movements of the hands, two of the fingers: a loop of 120 pictures at 25 fps has no jump."""
    signer = DrawnSigner(160, 120)
    assert np.abs(signer.frame(0.3).astype(int) - signer.frame(5.1)).max() <= 8


def test_persons_are_told_apart_by_their_clothes() -> None:
    signer, interpreter = DrawnSigner(160, 120), DrawnSigner(160, 120, appearance=INTERPRETER)
    assert np.abs(signer.frame(0).astype(int) - interpreter.frame(0)).mean() > 15


@pytest.mark.parametrize("size", [(16, 16), (64, 360), (360, 64), (641, 479)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    for scene in SCENES:
        assert DrawnSigner(*size, scene=scene).frame(0.5).shape == (size[1], size[0], 3)


def test_number_of_pictures_follows_rate_and_time() -> None:
    assert len(list(DrawnSigner(160, 120, fps=10).frames(1.5))) == 15


def test_picture_costs_less_than_half_of_one_core_at_25_per_second() -> None:
    signer = DrawnSigner(640, 480)
    signer.frame(0.0)
    before = time.thread_time()
    for index in range(10):
        signer.frame(index / 25)
    assert (time.thread_time() - before) / 10 < 0.020
