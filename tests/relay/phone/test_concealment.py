import numpy as np
import pytest

from relay.audio import level_dbfs, silence, sine
from relay.phone.concealment import Concealer

RATE = 8_000


@pytest.mark.parametrize("hz", [110.0, 180.0, 300.0, 440.0, 1000.0])
def test_lost_frame_of_a_tone_is_the_tone(hz: float) -> None:
    concealer = Concealer(RATE)
    for index in range(10):
        concealer.heard(sine(hz, 160, index * 160))
    made = concealer.conceal(160)
    missing = sine(hz, 160, 1600)
    likeness = np.dot(made.astype(float), missing) / np.linalg.norm(made) / np.linalg.norm(missing)
    assert likeness > 0.9
    assert level_dbfs(made) > level_dbfs(missing) - 2


def test_sound_that_comes_again_joins_without_a_step() -> None:
    concealer = Concealer(RATE)
    for index in range(10):
        concealer.heard(sine(200, 160, index * 160))
    made = concealer.conceal(160)
    after = concealer.heard(sine(200, 160, 11 * 160))
    steps = np.abs(np.diff(np.concatenate([made, after]).astype(int)))
    assert steps.max() < 2 * np.abs(np.diff(sine(200, 1600).astype(int))).max()


def test_nothing_is_made_up_for_more_than_60_ms() -> None:
    concealer = Concealer(RATE)
    for index in range(10):
        concealer.heard(sine(200, 160, index * 160))
    made = [concealer.conceal(160) for _ in range(5)]
    levels = [level_dbfs(frame) for frame in made]
    assert levels == sorted(levels, reverse=True)
    assert not made[3].any()


def test_loss_in_silence_is_silence() -> None:
    concealer = Concealer(RATE)
    concealer.heard(silence(800))
    assert not concealer.conceal(160).any()
    assert not concealer.heard(silence(160)).any()
