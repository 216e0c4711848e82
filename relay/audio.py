"""
Sound as int16 PCM, one channel: mix, level, resample between 8, 16 and 48 kHz, G.711, tones. Pure.

Left to others: Opus (``relay.phone.opus``), who hears whom (``relay.routing``), when a frame is due
(``relay.phone.mixing``).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.int16]

PHONE_RATE = 8_000  # Hz, G.711
WEB_RATE = 48_000  # Hz, Opus RTP clock (RFC 7587)
RATIO = WEB_RATE // PHONE_RATE
PTIME_S = 0.02
PHONE_FRAME = 160  # samples in 20 ms
WEB_FRAME = 960
FULL_SCALE = 32768.0
KNEE = 23_170  # -3 dBFS: two voices stay below it but for shouts
SILENCE_DBFS = -96.0
_INT16 = np.iinfo(np.int16)


def silence(samples: int) -> PCM:
    return np.zeros(samples, np.int16)


def mix(frames: Sequence[PCM], samples: int) -> PCM:
    """
    Sum at full level, as halving everybody would always cost; what exceeds -3 dBFS is bent smoothly below full scale.

    :param frames: each of ``samples`` samples. One frame is given back as it is, none is silence.
    """
    if not frames:
        return silence(samples)
    if len(frames) == 1:
        return frames[0]
    total = frames[0].astype(np.float32)
    for frame in frames[1:]:
        total += frame
    return _soft_clip(total).astype(np.int16)


def _soft_clip(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    magnitude = np.abs(samples)
    if magnitude.max(initial=0) <= KNEE:
        return samples
    room = FULL_SCALE - 1 - KNEE
    bent = np.where(magnitude > KNEE, KNEE + room * np.tanh((magnitude - KNEE) / room), magnitude)
    return np.copysign(bent, samples)


def level_dbfs(frame: PCM) -> float:
    """:returns: RMS against full scale, from ``SILENCE_DBFS`` to 0."""
    if not len(frame):
        return SILENCE_DBFS
    samples = frame.astype(np.float32)
    power = float(np.dot(samples, samples)) / len(frame)
    return max(SILENCE_DBFS, 10 * math.log10(power / FULL_SCALE**2)) if power > 0 else SILENCE_DBFS


def _saturate(samples: NDArray[Any]) -> PCM:
    clipped: PCM = np.clip(samples, _INT16.min, _INT16.max).astype(np.int16)
    return clipped


# --- resampling -------------------------------------------------------------------------------------------
# A windowed sinc of twelve samples of the lower rate: exact frame sizes, 0.75 ms of delay at 8 kHz, no start-up
# buffering (av.AudioResampler holds a whole frame back).

_WIDTH = 12  # samples at the lower rate


def _low_pass(ratio: int) -> NDArray[np.float32]:
    taps = _WIDTH * ratio
    at = np.arange(taps) - (taps - 1) / 2
    kernel = np.sinc(at / ratio * 0.92) * np.hamming(taps)
    return np.asarray(kernel / kernel.sum(), np.float32)


class Downsampler:
    """To an integer fraction of the rate, by default 48 to 8 kHz; keeps its history between frames."""

    def __init__(self, ratio: int = RATIO) -> None:
        self._ratio = ratio
        self._kernel = np.ascontiguousarray(_low_pass(ratio)[::-1])
        self._history = np.zeros(len(self._kernel) - 1, np.float32)

    def __call__(self, frame: PCM) -> PCM:
        """:param frame: a multiple of ``ratio`` samples. :returns: so many times fewer."""
        signal = np.concatenate([self._history, frame], dtype=np.float32)
        self._history = signal[len(signal) - len(self._history) :]
        windows = np.lib.stride_tricks.sliding_window_view(signal, len(self._kernel))[:: self._ratio]
        return _saturate(windows @ self._kernel)


class Upsampler:
    """To a multiple of the rate, by default 8 to 48 kHz; keeps its history between frames."""

    def __init__(self, ratio: int = RATIO) -> None:
        self._phases = np.ascontiguousarray((_low_pass(ratio) * ratio).reshape(_WIDTH, ratio)[::-1])
        self._history = np.zeros(_WIDTH - 1, np.float32)

    def __call__(self, frame: PCM) -> PCM:
        """:returns: ``ratio`` times as many samples."""
        signal = np.concatenate([self._history, frame], dtype=np.float32)
        self._history = signal[len(signal) - len(self._history) :]
        windows = np.lib.stride_tricks.sliding_window_view(signal, _WIDTH)
        return _saturate((windows @ self._phases).reshape(-1))


def resampler(rate: int, wanted: int) -> Callable[[PCM], PCM]:
    """:raises ValueError: one rate is no multiple of the other."""
    if not rate or max(rate, wanted) % min(rate, wanted):
        raise ValueError(f"no way from {rate} to {wanted} Hz")
    if rate == wanted:
        return lambda sound: sound
    return Upsampler(wanted // rate) if wanted > rate else Downsampler(rate // wanted)


# --- G.711 ------------------------------------------------------------------------------------------------


def _mu_law_levels() -> PCM:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int16)


def _a_law_levels() -> PCM:
    code = np.arange(256) ^ 0x55
    segment = (code >> 4) & 7
    mantissa = (code & 0x0F) << 4
    magnitude = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _nearest_codes(levels: PCM) -> NDArray[np.uint8]:
    """:returns: for each int16 value, shifted by 32768, the code whose level is nearest."""
    order = np.argsort(levels, kind="stable")
    ordered = levels[order].astype(np.int32)
    edges = (ordered[1:] + ordered[:-1]) / 2
    return order[np.searchsorted(edges, np.arange(-32768, 32768))].astype(np.uint8)


_MU_LEVELS, _A_LEVELS = _mu_law_levels(), _a_law_levels()
_MU_CODES, _A_CODES = _nearest_codes(_MU_LEVELS), _nearest_codes(_A_LEVELS)


def mu_law_decode(data: bytes) -> PCM:
    return _MU_LEVELS[np.frombuffer(data, np.uint8)]


def mu_law_encode(frame: PCM) -> bytes:
    return _MU_CODES[frame.astype(np.int32) + 32768].tobytes()


def a_law_decode(data: bytes) -> PCM:
    return _A_LEVELS[np.frombuffer(data, np.uint8)]


def a_law_encode(frame: PCM) -> bytes:
    return _A_CODES[frame.astype(np.int32) + 32768].tobytes()


# --- hearing ----------------------------------------------------------------------------------------------


class VoiceActivity:
    """
    Says when somebody speaks (EN 301 549 §6.5.5), by level with hysteresis.

    On after 2 of the last frames above ``on_dbfs``, off after ``hang_frames`` below ``off_dbfs``: a breath between two
    words does not make the picture blink.
    """

    def __init__(self, on_dbfs: float = -40.0, off_dbfs: float = -46.0, hang_frames: int = 20) -> None:
        self.speaking = False
        self._on_dbfs = on_dbfs
        self._off_dbfs = off_dbfs
        self._hang_frames = hang_frames
        self._loud = 0
        self._quiet = 0

    def hear(self, frame: PCM) -> bool:
        """:returns: whether ``speaking`` has changed."""
        return self.hear_level(level_dbfs(frame))

    def hear_level(self, level: float) -> bool:
        """:param level: of one frame, dBFS. :returns: whether ``speaking`` has changed."""
        self._loud = self._loud + 1 if level >= self._on_dbfs else 0
        self._quiet = self._quiet + 1 if level < self._off_dbfs else 0
        before = self.speaking
        if self._loud >= 2:
            self.speaking = True
        elif self._quiet >= self._hang_frames:
            self.speaking = False
        return self.speaking != before


class Tone(NamedTuple):
    hz: float
    dbfs: float


def tones(signal: PCM, rate: int, at_most: int = 3, floor_dbfs: float = -50.0) -> tuple[Tone, ...]:
    """
    The strongest spectral peaks, strongest first: how tests and rehearsals prove who hears whom.

    :param signal: at least 100 ms, else nothing is found. :param rate: Hz.
    """
    if len(signal) < rate // 10:
        return ()
    window = np.hanning(len(signal))
    spectrum = np.abs(np.fft.rfft(signal * window)) / (window.sum() / 2) / FULL_SCALE / np.sqrt(2)
    guard = max(2, round(40 * len(signal) / rate))  # a peak takes its neighbours within 40 Hz along
    found: list[Tone] = []
    while len(found) < at_most:
        peak = int(np.argmax(spectrum))
        amplitude = float(spectrum[peak])
        if amplitude <= 0 or 20 * np.log10(amplitude) < floor_dbfs:
            break
        found.append(Tone(round(peak * rate / len(signal), 1), round(20 * float(np.log10(amplitude)), 1)))
        spectrum[max(0, peak - guard) : peak + guard + 1] = 0
    return tuple(found)


def sine(hz: float, samples: int, start: int = 0, rate: int = PHONE_RATE, amplitude: int = 8000) -> PCM:
    """:param start: index of the first sample, so that frames join without a click."""
    return (amplitude * np.sin(2 * np.pi * hz * (np.arange(samples) + start) / rate)).astype(np.int16)
