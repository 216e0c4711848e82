"""Echo of the far end, made of a voice that comes back through A-law with a little reverberation."""

import numpy as np
import pytest

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, PTIME_S, a_law_decode, a_law_encode
from relay.phone.echo import EVERY_S, EchoMeter
from tests.helpers import phone_sounds

SECONDS = 28
two_voices = pytest.mark.skipif(not phone_sounds.CAN_SPEAK, reason="espeak-ng is not installed")


def voices(seed: int) -> PCM:
    return phone_sounds.joined([phone_sounds.voice(seed + index) for index in range(10)])[: SECONDS * PHONE_RATE]


def room() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    response = np.zeros(40)
    response[[0, 5, 12]] = 1, 0.4, -0.3
    return np.asarray(response / np.sqrt((response**2).sum()))


def comes_back(sent: PCM, loss_db: float | None, delay_s: float, near: PCM | None = None) -> PCM:
    sound = np.random.default_rng(1).normal(size=len(sent)) * 5
    if loss_db is not None:
        delay = round(delay_s * PHONE_RATE)
        sound[delay:] += np.convolve(sent, room())[: len(sent) - delay] * 10 ** (-loss_db / 20)
    if near is not None:
        sound[: len(near)] += near[: len(sound)]
    return a_law_decode(a_law_encode(sound.clip(-32_000, 32_000).astype(np.int16)))


def measure(sent: PCM, heard: PCM, lag_s: float = 0.0) -> EchoMeter:
    """:param lag_s: frames of the far end arrive so much later in our rhythm of 20 ms."""
    meter = EchoMeter()
    for index in range(len(sent) // PHONE_FRAME):
        frame = slice(index * PHONE_FRAME, (index + 1) * PHONE_FRAME)
        meter.sent(sent[frame], PHONE_RATE, index * PTIME_S)
        meter.heard(heard[frame], PHONE_RATE, index * PTIME_S + lag_s)
    return meter


@pytest.mark.parametrize("loss_db", [20, 35])
@pytest.mark.parametrize("delay_s", [0.06, 0.2, 0.4])
def test_level_and_delay_of_an_echo_are_found(loss_db: float, delay_s: float) -> None:
    sent = voices(1)
    echo = measure(sent, comes_back(sent, loss_db, delay_s), lag_s=0.007).echo
    assert echo is not None
    assert echo.return_loss_db == pytest.approx(loss_db, abs=2.5)
    assert echo.delay_s == pytest.approx(delay_s + 0.007, abs=0.002)


@two_voices
@pytest.mark.parametrize("seed", range(4))
def test_none_is_found_where_none_is_whoever_speaks_there(seed: int) -> None:
    sent = voices(seed)
    assert measure(sent, comes_back(sent, None, 0)).echo is None
    assert measure(sent, comes_back(sent, None, 0, near=voices(50 + seed))).echo is None


@two_voices
def test_echo_is_found_though_the_far_end_speaks_as_well() -> None:
    sent = voices(3)
    echo = measure(sent, comes_back(sent, 20, 0.2, near=voices(60))).echo
    assert echo is not None
    assert echo.return_loss_db == pytest.approx(20, abs=4)


def test_one_estimate_is_not_believed_and_silence_gives_none() -> None:
    sent = voices(1)
    heard = comes_back(sent, 20, 0.1)
    early = round((EVERY_S - 1) * PHONE_RATE)
    assert measure(sent[:early], heard[:early]).echo is None
    nothing = np.zeros_like(sent)
    assert measure(nothing, nothing).echo is None


def test_hole_in_either_stream_begins_a_new_measurement() -> None:
    sent = voices(1)
    heard = comes_back(sent, 20, 0.1)
    meter = EchoMeter()
    for index in range(len(sent) // PHONE_FRAME):
        frame = slice(index * PHONE_FRAME, (index + 1) * PHONE_FRAME)
        meter.sent(sent[frame], PHONE_RATE, index * PTIME_S)
        if index % 150 > 10:
            meter.heard(heard[frame], PHONE_RATE, index * PTIME_S)
    assert meter.echo is None
    assert meter.wants(SECONDS), "it has not found four seconds in a row"
