"""Speech, music and silence of a waiting queue; the figures are error rates over many seeds."""

import numpy as np
import pytest

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, PTIME_S, a_law_decode, a_law_encode, resampler
from relay.model import PhoneSound
from relay.phone.hold_watcher import HoldWatcher
from tests.helpers import held_out_sounds, phone_sounds

several_voices = pytest.mark.skipif(not phone_sounds.CAN_SPEAK, reason="espeak-ng is not installed")


def watch(sound: PCM, watcher: HoldWatcher | None = None) -> list[PhoneSound]:
    """:returns: what it is taken for, every 20 ms."""
    watcher = watcher or HoldWatcher(PHONE_RATE)
    verdicts = []
    for start in range(0, len(sound) - PHONE_FRAME + 1, PHONE_FRAME):
        watcher.hear(sound[start : start + PHONE_FRAME])
        verdicts.append(watcher.sound)
    return verdicts


def first_speech_s(verdicts: list[PhoneSound], since: PCM) -> float:
    """:returns: how long after ``since`` had been played somebody was heard; far away when nobody was."""
    start = len(since) // PHONE_FRAME
    return next((i * PTIME_S for i, verdict in enumerate(verdicts[start:]) if verdict == "speech"), 99.0)


def test_voice_after_music_is_heard_within_a_second_and_a_half() -> None:
    delays = []
    for seed in range(24):
        music = phone_sounds.music(1000 + seed, 6)
        verdicts = watch(phone_sounds.joined([music, phone_sounds.voice(seed)]))
        assert "speech" not in verdicts[: len(music) // PHONE_FRAME], f"music {1000 + seed} is taken for speech"
        delays.append(first_speech_s(verdicts, music))
    assert np.percentile(delays, 90) <= 1.6, delays
    assert max(delays) < 2.5, delays


def test_voice_after_silence_is_heard_within_a_second_and_a_half() -> None:
    for seed in range(12):
        quiet = phone_sounds.quiet(4, seed)
        assert first_speech_s(watch(phone_sounds.joined([quiet, phone_sounds.voice(seed)])), quiet) <= 1.6


def test_music_is_not_taken_for_speech_in_half_an_hour() -> None:
    alarms = sum("speech" in watch(phone_sounds.music(seed, 30)) for seed in range(2000, 2060))
    assert alarms <= 1


@pytest.mark.parametrize("seed", range(6))
def test_tones_noise_and_silence_are_not_taken_for_speech(seed: int) -> None:
    assert "speech" not in watch(phone_sounds.ring_back(20, seed))
    assert set(watch(phone_sounds.noise(10, seed))) == {"silence"}
    assert set(watch(phone_sounds.quiet(10, seed))) == {"silence"}


@several_voices
def test_speaker_who_pauses_still_speaks_and_music_afterwards_is_music_again() -> None:
    one, other = phone_sounds.voice(1), phone_sounds.voice(3)
    pause = phone_sounds.quiet(1.5, 1)
    verdicts = watch(phone_sounds.joined([one, other, pause, phone_sounds.voice(6)]))
    begun = verdicts.index("speech")
    assert set(verdicts[begun:]) == {"speech"}
    back = watch(phone_sounds.joined([one, other, phone_sounds.music(2, 12)]))
    assert back[-1] == "music"


def test_recorded_voice_of_the_queue_is_known_again_from_the_second_time_on() -> None:
    alarms = 0
    for seed in range(8):
        dice = np.random.default_rng(seed)
        loop = phone_sounds.joined([phone_sounds.music(seed, 8), phone_sounds.voice(seed)])
        shift = np.zeros(37 * seed + 11, np.int16)
        both = (
            phone_sounds.joined([loop, shift, loop]).astype(np.float64)
            + dice.normal(size=2 * len(loop) + len(shift)) * 20
        )
        verdicts = watch(a_law_decode(a_law_encode(both.clip(-32_000, 32_000).astype(np.int16))))
        alarms += "speech" in verdicts[(len(loop) + 6 * PHONE_RATE) // PHONE_FRAME :]
    assert alarms <= 1


@several_voices
def test_voices_never_heard_before_are_heard_on_bad_lines_too() -> None:
    """Of a hundred counted, 3 were late or missed. Who whispers has no pitch, and is never heard."""
    delays = []
    for seed in range(800, 812):
        music = held_out_sounds.music(tuple(held_out_sounds.MUSIC)[seed % len(held_out_sounds.MUSIC)], seed, 5)
        verdicts = watch(phone_sounds.joined([music, held_out_sounds.voice(seed)]))
        delays.append(first_speech_s(verdicts, music))
    assert sum(delay > 2.5 for delay in delays) <= 2, delays
    assert np.median(delays) <= 1.6


def test_music_never_heard_before_is_rarely_taken_for_speech() -> None:
    """Of 304 pieces of half a minute counted, 5 were, for 4 seconds each."""
    pieces = [(kind, seed) for kind in held_out_sounds.MUSIC for seed in (800, 803)]
    alarms = [piece for piece in pieces if "speech" in watch(held_out_sounds.music(*piece, 15))]
    assert len(alarms) <= 2, alarms


def test_wideband_sound_is_judged_alike() -> None:
    up = resampler(PHONE_RATE, 48_000)
    sound = up(phone_sounds.joined([phone_sounds.music(1, 5), phone_sounds.voice(2)]))
    watcher = HoldWatcher(48_000)
    starts = range(0, len(sound), 960)
    changes = [watcher.sound for start in starts if watcher.hear(sound[start : start + 960])]
    assert changes == ["music", "speech"]
