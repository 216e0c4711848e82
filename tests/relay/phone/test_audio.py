import numpy as np
import pytest

from relay import audio
from relay.audio import PHONE_FRAME, PHONE_RATE, WEB_FRAME, WEB_RATE, sine


def test_two_voices_are_summed_and_a_single_one_passes_unchanged() -> None:
    one, two = sine(440, WEB_FRAME, rate=WEB_RATE), sine(1000, WEB_FRAME, rate=WEB_RATE)
    assert np.array_equal(audio.mix([one, two], WEB_FRAME), one + two)
    assert audio.mix([one], WEB_FRAME) is one
    assert not audio.mix([], WEB_FRAME).any()


def test_loud_voices_are_bent_smoothly_and_never_wrap_around() -> None:
    ramp = np.arange(-32_768, 32_768).astype(np.int16)
    mixed = audio.mix([ramp, ramp], len(ramp)).astype(int)
    quiet = np.abs(ramp.astype(int)) <= audio.KNEE // 2
    assert np.array_equal(mixed[quiet], 2 * ramp[quiet].astype(int)), "below the knee nothing is touched"
    change = np.diff(mixed)
    assert change.min() >= 0, "louder in is louder out"
    assert np.abs(np.diff(change)).max() <= 1, "no edge that is heard as a crackle"
    assert -32_768 <= mixed.min() < -32_000 < 32_000 < mixed.max() <= 32_767


@pytest.mark.parametrize(("low", "high"), [(8_000, 16_000), (16_000, 48_000), (8_000, 48_000), (16_000, 16_000)])
def test_every_pair_of_rates_keeps_pitch_level_and_exact_frame_sizes(low: int, high: int) -> None:
    up, down = audio.resampler(low, high), audio.resampler(high, low)
    pieces = []
    for index in range(50):
        wide = up(sine(1000, low // 50, index * low // 50, low))
        assert len(wide) == high // 50
        narrow = down(wide)
        assert len(narrow) == low // 50
        pieces.append(narrow)
    found = audio.tones(np.concatenate(pieces[10:]), low)
    assert [round(tone.hz, -1) for tone in found] == [1000]
    assert found[0].dbfs == pytest.approx(audio.tones(sine(1000, low, rate=low), low)[0].dbfs, abs=1)


def test_rates_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        audio.resampler(44_100, 48_000)


@pytest.mark.parametrize("law", ["mu", "a"])
def test_g711_is_what_itu_says(law: str) -> None:
    """Against the C implementation of Python 3.11 and 3.12: decoding alike, encoding at least as near."""
    audioop = pytest.importorskip("audioop")
    encode, decode = (
        (audio.mu_law_encode, audio.mu_law_decode) if law == "mu" else (audio.a_law_encode, audio.a_law_decode)
    )
    reference_decode = audioop.ulaw2lin if law == "mu" else audioop.alaw2lin
    reference_encode = audioop.lin2ulaw if law == "mu" else audioop.lin2alaw
    codes = bytes(range(256))
    assert decode(codes).tobytes() == reference_decode(codes, 2)
    every = np.arange(-32_768, 32_768).astype(np.int16)
    theirs = np.frombuffer(reference_decode(reference_encode(every.tobytes(), 2), 2), np.int16).astype(int)
    ours = decode(encode(every)).astype(int)
    assert np.all(np.abs(ours - every) <= np.abs(theirs - every))


@pytest.mark.parametrize("hz", [300, 1000, 3000])
def test_resampling_keeps_pitch_level_and_exact_frame_sizes(hz: int) -> None:
    down, up = audio.Downsampler(), audio.Upsampler()
    pieces = []
    for index in range(50):
        phone = down(sine(hz, WEB_FRAME, index * WEB_FRAME, WEB_RATE))
        assert len(phone) == PHONE_FRAME
        web = up(phone)
        assert len(web) == WEB_FRAME
        pieces.append(web)
    found = audio.tones(np.concatenate(pieces[10:]), WEB_RATE)
    reference = audio.tones(sine(hz, WEB_RATE, rate=WEB_RATE), WEB_RATE)[0]
    assert found[0].hz == pytest.approx(hz, abs=2)
    assert found[0].dbfs == pytest.approx(reference.dbfs, abs=1.5)
    assert len(found) == 1, "an alias or image is heard"


def test_what_the_telephone_cannot_carry_does_not_fold_back() -> None:
    down = audio.Downsampler()
    sound = np.concatenate([down(sine(6500, WEB_FRAME, i * WEB_FRAME, WEB_RATE)) for i in range(50)])
    assert audio.level_dbfs(sound[PHONE_FRAME:]) < -60


def test_level_of_full_scale_and_of_silence() -> None:
    assert audio.level_dbfs(np.full(100, -32_768, np.int16)) == pytest.approx(0, abs=0.01)
    assert audio.level_dbfs(audio.silence(100)) == audio.SILENCE_DBFS
    assert audio.level_dbfs(audio.silence(0)) == audio.SILENCE_DBFS


def test_tones_of_two_speakers_are_told_apart_strongest_first() -> None:
    both = sine(440, PHONE_RATE) + sine(1000, PHONE_RATE, amplitude=2000)
    found = audio.tones(both, PHONE_RATE)
    assert [round(tone.hz) for tone in found] == [440, 1000]
    assert audio.tones(audio.silence(PHONE_RATE), PHONE_RATE) == ()


def test_speaking_begins_at_once_and_survives_a_breath() -> None:
    voice = audio.VoiceActivity(hang_frames=20)
    loud, quiet = sine(300, PHONE_FRAME), audio.silence(PHONE_FRAME)
    assert [voice.hear(loud) for _ in range(3)] == [False, True, False]
    assert not any(voice.hear(quiet) for _ in range(19)), "a breath of 380 ms"
    assert voice.speaking
    assert not voice.hear(loud)
    assert sum(voice.hear(quiet) for _ in range(20)) == 1
    assert not voice.speaking


def test_a_click_is_not_speaking() -> None:
    voice = audio.VoiceActivity()
    assert not voice.hear(sine(300, PHONE_FRAME))
    assert not voice.hear(audio.silence(PHONE_FRAME))
    assert not voice.speaking
