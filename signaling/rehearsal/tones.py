"""Tones: made for a voice, found again by FFT. Pure; int16 mono PCM."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
WINDOW_S = 1.0  # 1 Hz bins
GUARD_HZ = 35.0  # beside a stronger peak: what gaps in a tone add to it; voices lie 50 Hz apart or more
SILENCE_RMS = 60.0  # of 32768, about -55 dBFS: comfort noise and coding residue lie below
PEAK_RATIO = 0.1  # of the strongest amplitude, -20 dB: codecs' side lobes lie below
EDGE_S = 0.005  # a tone that starts or stops at full amplitude clicks over the whole spectrum
AMPLITUDE = 8_000  # of 32767, -12 dBFS: three voices mix without clipping


class Voice:
    """
    A sine that can be switched on and off, continuous over calls of :meth:`take`.

    :param hz: frequency. :param rate: samples per second.
    """

    def __init__(self, hz: float, rate: int = 48_000, amplitude: int = AMPLITUDE) -> None:
        self.hz, self.rate, self._amplitude = hz, rate, amplitude
        self.sounding = False
        self._position = 0
        self._gain = 0.0

    def take(self, count: int) -> Samples:
        """:returns: the next ``count`` samples, shape (count,)."""
        steps = np.arange(1, count + 1, dtype=np.float64) / (EDGE_S * self.rate)
        gains = np.clip(self._gain + (steps if self.sounding else -steps), 0.0, 1.0)
        phase = 2 * np.pi * self.hz * ((np.arange(count) + self._position) % (self.rate * 60)) / self.rate
        self._position += count
        self._gain = float(gains[-1]) if count else self._gain
        return np.asarray(np.sin(phase) * gains * self._amplitude, dtype=np.int16)


def peaks(samples: Samples, rate: int, limit: int = 8) -> tuple[float, ...]:
    """
    Frequencies that sound, Hz, strongest first; empty for silence or less than 0.2 s.

    :param samples: shape (n,).
    """
    pcm = samples.astype(np.float64)
    if len(pcm) < rate * 0.2 or float(np.sqrt(np.mean(pcm**2))) < SILENCE_RMS:
        return ()
    spectrum = np.abs(np.fft.rfft((pcm - pcm.mean()) * np.hanning(len(pcm))))
    spectrum[: int(100 * len(pcm) / rate)] = 0.0  # below the telephone band
    middle = spectrum[1:-1]
    is_peak = (middle > spectrum[:-2]) & (middle >= spectrum[2:]) & (middle > PEAK_RATIO * spectrum.max())
    found = np.flatnonzero(is_peak) + 1
    kept: list[float] = []
    for bin_index in found[np.argsort(spectrum[found])[::-1]]:
        hz = float(bin_index) * rate / len(pcm)
        if all(abs(hz - stronger) > GUARD_HZ for stronger in kept):
            kept.append(hz)
    return tuple(kept[:limit])


class Ear:
    """The last second heard by one leg. Bounded: older samples go."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._chunks: deque[Samples] = deque()
        self._held = 0
        self.rate = 48_000
        self.samples_heard = 0

    def hear(self, samples: Samples, rate: int) -> None:
        if rate != self.rate:
            self.rate = rate
            self.clear()
        self._chunks.append(samples.copy())
        self._held += len(samples)
        self.samples_heard += len(samples)
        while self._chunks and self._held - len(self._chunks[0]) >= self._window_s * self.rate:
            self._held -= len(self._chunks.popleft())

    def clear(self) -> None:
        self._chunks.clear()
        self._held = 0

    def peaks(self) -> tuple[float, ...]:
        return peaks(np.concatenate(self._chunks), self.rate) if self._chunks else ()
