"""Voices made and found again."""

from itertools import pairwise

import numpy as np
import pytest

from relay.phone.demo_numbers import Behaviour, behaviour_of
from signaling.rehearsal.scenarios import SCENARIOS, TONE_SLOTS, own_number, tones_of
from signaling.rehearsal.tones import AMPLITUDE, GUARD_HZ, Ear, Samples, Voice, peaks


def sounding(hz: float, seconds: float = 1.0, rate: int = 48_000) -> Samples:
    voice = Voice(hz, rate)
    voice.sounding = True
    return voice.take(int(seconds * rate))


@pytest.mark.parametrize("hz", [440.0, 600.0, 1000.0, 1380.0])
def test_tone_is_found_within_one_hertz(hz: float) -> None:
    found = peaks(sounding(hz), 48_000)
    assert len(found) == 1
    assert abs(found[0] - hz) <= 1.0


def test_two_voices_at_once_are_both_found() -> None:
    mixed = (sounding(440.0) // 2 + sounding(1000.0) // 2).astype(np.int16)
    assert {round(peak) for peak in peaks(mixed, 48_000)} == {440, 1000}


def test_neighbouring_calls_voices_are_told_apart() -> None:
    mixed = (sounding(tones_of(0).agent) // 2 + sounding(tones_of(1).agent) // 2).astype(np.int16)
    assert len(peaks(mixed, 48_000)) == 2


def test_silence_and_faint_noise_have_no_peak() -> None:
    noise = np.random.default_rng(1).integers(-20, 20, 48_000).astype(np.int16)
    assert peaks(np.zeros(48_000, dtype=np.int16), 48_000) == ()
    assert peaks(noise, 48_000) == ()


def test_too_short_a_piece_is_not_judged() -> None:
    assert peaks(sounding(440.0, seconds=0.1), 48_000) == ()


def test_voice_is_continuous_across_pieces() -> None:
    whole, pieces = Voice(440.0), Voice(440.0)
    whole.sounding = pieces.sounding = True
    together = np.concatenate([pieces.take(960) for _ in range(10)])
    assert np.array_equal(whole.take(9600), together)


def test_voice_that_stops_fades_instead_of_clicking() -> None:
    voice = Voice(1000.0)
    voice.sounding = True
    voice.take(960)
    voice.sounding = False
    tail = voice.take(960)
    assert np.abs(tail[:48]).max() > AMPLITUDE / 2
    assert not tail[480:].any()


def test_ear_keeps_the_last_second_only() -> None:
    ear = Ear()
    for chunk in np.split(sounding(600.0, 3.0), 150):
        ear.hear(chunk, 48_000)
    for chunk in np.split(sounding(1000.0, 1.5), 75):
        ear.hear(chunk, 48_000)
    assert [round(peak) for peak in ear.peaks()] == [1000]
    assert ear.samples_heard == int(4.5 * 48_000)


def test_ear_that_heard_nothing_reports_silence() -> None:
    assert Ear().peaks() == ()


def test_every_call_has_voices_of_its_own_within_the_telephone_band() -> None:
    calls = [tones_of(index) for index in range(TONE_SLOTS)]
    voices = sorted(hz for call in calls for hz in (call.signer, call.agent, call.phone) if hz is not None)
    assert len(voices) == 3 * TONE_SLOTS
    assert min(after - before for before, after in pairwise(voices)) > GUARD_HZ
    assert 300 < voices[0] < voices[-1] < 3400


@pytest.mark.parametrize("index", range(TONE_SLOTS))
def test_number_dialled_sounds_as_the_demonstration_phone_says(index: int) -> None:
    assert behaviour_of(own_number(SCENARIOS["answered"].number, index)) == Behaviour(
        "tone", tones_of(index).phone or 0.0
    )


@pytest.mark.parametrize("name", ["busy", "no_answer", "wrong_number", "declined", "phone_hangs_up"])
def test_number_that_ends_in_its_own_way_is_the_same_for_all_calls_at_once(name: str) -> None:
    number = SCENARIOS[name].number
    assert {own_number(number, index) for index in range(TONE_SLOTS)} == {number}


def test_gaps_in_a_tone_are_not_taken_for_other_voices() -> None:
    broken = sounding(600.0)
    for start in range(0, len(broken), 4800):
        broken[start : start + 960] = 0
    assert [round(peak) for peak in peaks(broken, 48_000)] == [600]
