"""
Tells a person from the music, the recorded voices and the silence of a waiting queue, so that who waits can rest.

What speech does and music does not, after Scheirer & Slaney, "Construction and evaluation of a robust multifeature
speech/music discriminator" (ICASSP 1997): it falls silent between syllables, its level swings, its spectrum never
stays, and above all its pitch glides (0.8 to 8 % in 40 ms), where notes stand still and then jump. A voice that said
the very same before is a recording and counts as music (``relay.phone.hold_repeats``). Pure: sound in, a word out.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relay.audio import FULL_SCALE, PCM, PHONE_RATE, resampler, silence
from relay.model import PhoneSound
from relay.phone.hold_repeats import Repeats

WINDOW = 320  # samples at 8 kHz, 40 ms: two periods of the lowest voice
HOP = 160  # 20 ms
KEPT_HOPS = 75  # 1.5 s
STEP_HOPS = 12  # a verdict every 0.24 s
REPEATS_HOPS = 2  # 40 ms
REPEATED_S = 1.5
SILENCE_DBFS = -55.0
STEADY_DB = 1.5  # of level between hops: a noise that does not move says nothing, however loud
GLIDING_HOPS = 0.08  # of 1.5 s, at least: a beat after a rest has pauses as well, but nothing that glides
SPEECH_AFTER = 2  # verdicts in a row, 0.5 s
MUSIC_AFTER = 16  # 4 s: a person may sing, laugh, or hold a vowel
SILENCE_AFTER = 12  # 3 s: a person may think
_SPECTRUM = 1024
_LAGS = (20, 115)  # samples: a pitch of 400 to 70 Hz
_BANDS = slice(32, 448)  # of the spectrum, 250 to 3500 Hz
_BAND_WIDTH = 8
BANDS = (_BANDS.stop - _BANDS.start) // _BAND_WIDTH
_BEAT = slice(8, 42)  # hops: 0.16 to 0.84 s
_VOICED = 0.6  # of the autocorrelation at lag 0
_ACTIVE_DB = 20.0  # below the loudest
_SHADE = np.hanning(WINDOW)
_SHADE_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_SHADE, _SPECTRUM)) ** 2)[: _LAGS[1] + 2]
_SHADE_CORRELATION = _SHADE_CORRELATION / _SHADE_CORRELATION[0]

Floats = NDArray[np.float64]


class Features(NamedTuple):
    """
    Of 1.5 s of sound.

    :param level_dbfs: of the loudest hops. :param swing_db: standard deviation of the level. :param depth: of the
        amplitude, in parts of its mean. :param pauses: share of hops 15 dB below the loudest.
    :param likeness: of a spectrum to the one 60 ms before, 1: the same. :param gliding: share of voiced hops whose
        pitch moves as in speech; ``standing``: not at all. :param voiced: share of hops that have a pitch.
    :param beat: likeness of the amplitude to itself a beat later, 1: the same. :param hush: share of hops 8 dB below
        the loudest.
    """

    level_dbfs: float
    swing_db: float
    depth: float
    pauses: float
    likeness: float
    gliding: float
    standing: float
    voiced: float
    beat: float
    hush: float


class HoldWatcher:
    """What the phone party's sound is. :param rate: Hz of what it says."""

    def __init__(self, rate: int) -> None:
        self.sound: PhoneSound = "silence"
        self._to_phone_rate: Callable[[PCM], PCM] = resampler(rate, PHONE_RATE)
        self._rest: PCM = silence(0)
        self._hops = _Hops()
        self._repeats = Repeats(BANDS, REPEATS_HOPS)
        self._verdict: PhoneSound = "silence"
        self._in_a_row = self._steps = 0

    def hear(self, sound: PCM) -> bool:
        """:param sound: any length. :returns: whether ``sound`` is another one now."""
        self._rest = np.concatenate([self._rest, self._to_phone_rate(sound)])
        before = self.sound
        while len(self._rest) >= STEP_HOPS * HOP + WINDOW - HOP:
            self._repeats.add(self._hops.add(self._rest[: STEP_HOPS * HOP + WINDOW - HOP]))
            self._rest = self._rest[STEP_HOPS * HOP :]
            self._steps += 1
            if self._steps * STEP_HOPS >= KEPT_HOPS:
                self._weigh(self._judge())
        return self.sound != before

    def _judge(self) -> PhoneSound:
        verdict = judge(self._hops.features())
        return "music" if verdict == "speech" and self._repeats.is_repeated(REPEATED_S) else verdict

    def _weigh(self, verdict: PhoneSound) -> None:
        self._in_a_row = self._in_a_row + 1 if verdict == self._verdict else 1
        self._verdict = verdict
        if self._in_a_row >= self._patience(verdict):
            self.sound = verdict

    def _patience(self, verdict: PhoneSound) -> int:
        """A person is told of at once, one who pauses is waited for; between music and silence nobody minds."""
        if verdict == "speech":
            return SPEECH_AFTER
        if verdict == "music":
            return MUSIC_AFTER if self.sound == "speech" else SPEECH_AFTER
        return SILENCE_AFTER


def judge(features: Features) -> PhoneSound:
    if features.level_dbfs < SILENCE_DBFS or (features.swing_db < STEADY_DB and features.voiced < 0.05):
        return "silence"
    glides = features.gliding * features.voiced >= GLIDING_HOPS
    return "speech" if glides and speech_score(features) > 0 else "music"


def speech_score(features: Features) -> float:
    """
    :returns: above 0 for speech. Each feature says between -2, what a voice never does, and 1; of the last three a
        voice does the same as some music, so that they speak only against it: drums, a singer, a violin.
    """
    votes = (
        (2.0, _vote(features.gliding, 0.25, 0.15)),
        (1.5, _vote(features.standing, 0.25, -0.15)),
        (1.0, _vote(features.pauses, 0.2, 0.1)),
        (1.0, _vote(features.depth, 0.65, 0.2)),
        (1.5, _vote(features.likeness, 0.72, -0.12)),
        (2.5, min(0.0, _vote(features.beat, 0.55, -0.1))),
        (2.5, min(0.0, _vote(features.hush, 0.78, -0.03))),
        (2.0, min(0.0, _vote(features.voiced, 0.8, -0.08))),
    )
    return sum(weight * vote for weight, vote in votes)


def _vote(value: float, border: float, scale: float) -> float:
    return max(-2.0, min(1.0, (value - border) / scale))


class _Hops:
    """Level, pitch and spectrum of the last 1.5 s, hop by hop."""

    def __init__(self) -> None:
        self._level: Floats = np.full(KEPT_HOPS, -120.0)
        self._lag: Floats = np.ones(KEPT_HOPS)
        self._strength: Floats = np.zeros(KEPT_HOPS)
        self._shape: Floats = np.zeros((KEPT_HOPS, BANDS))

    def add(self, sound: PCM) -> Floats:
        """
        :param sound: as many hops as a step has, and the rest of the last window. :returns: the shapes of their
            spectra, larger for the louder ones.
        """
        windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * _SHADE
        power = np.abs(np.fft.rfft(windows, _SPECTRUM)) ** 2
        level = 10 * np.log10(np.mean(windows**2, axis=1) / np.mean(_SHADE**2) / FULL_SCALE**2 + 1e-12)
        lag, strength = _pitch(power)
        bands = np.log(power[:, _BANDS].reshape(len(power), -1, _BAND_WIDTH).sum(axis=2) + 100)
        shape: Floats = bands - bands.mean(axis=1, keepdims=True)
        shape /= np.sqrt((shape**2).sum(axis=1, keepdims=True)) + 1e-9
        self._level, self._lag = _shifted(self._level, level), _shifted(self._lag, lag)
        self._strength, self._shape = _shifted(self._strength, strength), _shifted(self._shape, shape)
        louder: Floats = shape * 10 ** (level / 40)[:, None]
        return louder

    def features(self) -> Features:
        top = float(np.percentile(self._level, 95))
        active = self._level > top - _ACTIVE_DB
        voiced = (self._strength > _VOICED) & active
        pairs = voiced[2:] & voiced[:-2]
        change = np.abs(np.log(self._lag[2:] / self._lag[:-2]))
        count = max(1, int(pairs.sum()))
        amplitude = 10 ** (self._level / 20)
        likeness = (self._shape[3:] * self._shape[:-3]).sum(axis=1)[active[3:]]
        return Features(
            level_dbfs=top,
            swing_db=float(self._level.std()),
            depth=float(amplitude.std() / amplitude.mean()),
            pauses=float(np.mean(self._level < top - 15)),
            likeness=float(np.median(likeness)) if len(likeness) else 0.0,
            gliding=float(((change > 0.008) & (change < 0.08) & pairs).sum() / count),
            standing=float(((change < 0.004) & pairs).sum() / count),
            voiced=float(pairs.mean()),
            beat=_beat(amplitude),
            hush=float(np.mean(self._level < top - 8)),
        )


def _beat(amplitude: Floats) -> float:
    """:returns: the best correlation with itself so much later as two beats of a drum may be apart."""
    swing = amplitude - amplitude.mean()
    energy = np.concatenate([[0.0], np.cumsum(swing**2)])
    products = np.correlate(swing, swing, "full")[len(swing) - 1 :][_BEAT]
    lags = np.arange(len(swing))[_BEAT]
    return float(np.max(products / (np.sqrt(energy[len(swing) - lags] * (energy[-1] - energy[lags])) + 1e-9)))


def _pitch(power: Floats) -> tuple[Floats, Floats]:
    """:returns: for each spectrum the period in samples and how strong it is, 0 to 1."""
    low, high = _LAGS
    correlation = np.fft.irfft(power)[:, : high + 2]
    correlation = correlation / np.maximum(correlation[:, :1], 1e-9) / _SHADE_CORRELATION
    peak = correlation[:, low:high].argmax(axis=1) + low
    rows = np.arange(len(peak))
    before, at, after = (correlation[rows, peak + shift] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    offset = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0).clip(-0.5, 0.5)
    return peak + offset, at


def _shifted(kept: Floats, new: Floats) -> Floats:
    shifted: Floats = np.concatenate([kept[len(new) :], new])
    return shifted
