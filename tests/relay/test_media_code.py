"""The code in the picture and the tones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media_code import TIME_MODULO_MS, Picture, PictureCode, draw_code, read_code, tone, tone_share


def picture(width: int = 640, height: int = 480, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


@given(st.integers(0, 255), st.integers(0, TIME_MODULO_MS - 1))
@settings(max_examples=50, deadline=None)
def test_every_code_is_read_back(participant: int, time_ms: int) -> None:
    frame = picture(320, 240)
    draw_code(frame, PictureCode(participant, time_ms))
    assert read_code(frame) == (participant, time_ms)


@pytest.mark.parametrize("size", [(240, 180), (320, 240), (640, 480), (1280, 720), (500, 333)])
def test_code_is_read_at_any_size_through_blur_and_noise(size: tuple[int, int]) -> None:
    frame = picture(*size)
    draw_code(frame, PictureCode(42, 123_456))
    blurred = frame.astype(np.int16)
    blurred = (blurred + np.roll(blurred, 1, 1) + np.roll(blurred, -1, 1)) // 3
    noisy = np.clip(blurred * 0.8 + np.random.default_rng(1).normal(20, 15, blurred.shape), 0, 255).astype(np.uint8)
    assert read_code(noisy) == (42, 123_456)


def test_code_is_read_after_the_encoder_lowered_the_resolution() -> None:
    frame = picture(1280, 720)
    draw_code(frame, PictureCode(42, 123_456))
    assert read_code(np.ascontiguousarray(frame[::2, ::2])) == (42, 123_456)


def test_picture_without_code_has_none() -> None:
    assert all(read_code(picture(seed=seed)) is None for seed in range(20))
    assert read_code(np.zeros((480, 640, 3), np.uint8)) is None
    assert read_code(np.zeros((20, 20, 3), np.uint8)) is None


def test_one_wrong_block_is_noticed() -> None:
    frame = picture()
    draw_code(frame, PictureCode(42, 123_456))
    frame[-20:, :26] = 255 - frame[-20:, :26]
    assert read_code(frame) is None


def test_participant_has_8_bits() -> None:
    with pytest.raises(ValueError, match="8 bits"):
        draw_code(picture(), PictureCode(256, 0))


def test_age_crosses_the_wrap_of_the_clock() -> None:
    assert PictureCode(1, TIME_MODULO_MS - 10).age_ms(30) == 40


def test_tone_is_told_from_other_tones_noise_and_silence() -> None:
    sound = tone(440, 0, 24_000)
    assert tone_share(sound, 440) > 0.95
    assert tone_share(sound, 880) < 0.01
    assert tone_share(np.zeros(24_000, np.int16), 440) == 0.0
    noise = np.random.default_rng(1).normal(0, 3000, 24_000).astype(np.int16)
    assert tone_share(noise, 440) < 0.05


def test_two_voices_are_both_heard() -> None:
    both = tone(440, 0, 24_000) + tone(660, 0, 24_000)
    assert tone_share(both, 440) > 0.4
    assert tone_share(both, 660) > 0.4


def test_pieces_of_a_tone_join_without_a_click() -> None:
    pieces = np.concatenate([tone(440, start, 960) for start in range(0, 9600, 960)])
    assert np.array_equal(pieces, tone(440, 0, 9600))
