"""
Echo of the far end: how much of what we send to a telephone comes back from it, and when. Measured, not cancelled.

Every twenty seconds the impulse response from what was sent to what was heard is estimated over four seconds, by
division of their spectra. Its peak stands for an echo when it towers over the rest, as it does while the far end is
quiet, and when two estimates agree. Pure: the caller tells the time.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relay.audio import PCM, level_dbfs, resampler

RATE = 4_000  # Hz: enough of a voice to know it again
WINDOW_S = 4.0
EVERY_S = 20.0
LAGS_S = (0.01, 0.8)  # the nearest telephone, the farthest satellite
PEAK_S = 0.004  # an echo's energy lies within so much of its peak
BROKEN_S = 0.06  # a longer pause between frames: the two streams can no longer be laid side by side
LOUD_DBFS = -45.0  # what is said more quietly leaves no echo to be found
TOWERS = 9.0  # times the median of the response
AGREE_S = 0.01
KEPT = 3
TOGETHER = 10  # frames, made narrow at once: most of the work is in beginning it

Floats = NDArray[np.float64]


class Echo(NamedTuple):
    """:param return_loss_db: how much weaker it comes back. :param delay_s: after how long."""

    return_loss_db: float
    delay_s: float


class _Stream:
    """One direction at 4 kHz, without holes from its first frame on; what came last is added later."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self._at = 0.0
        self._rate = RATE
        self._narrow: Callable[[PCM], PCM] = resampler(RATE, RATE)
        self._wide: list[PCM] = []
        self._pieces: list[PCM] = []
        self.samples = 0

    def add(self, sound: PCM, rate: int, now: float) -> bool:
        """:returns: False when there is a hole."""
        if self.begun is not None and (now - self._at > BROKEN_S or rate != self._rate):
            return False
        if self.begun is None:
            self.begun = now
            self._rate, self._narrow = rate, resampler(rate, RATE)
        self._at = now
        self._wide.append(sound)
        if len(self._wide) >= TOGETHER:
            self._pieces.append(self._narrow(np.concatenate(self._wide)))
            self.samples += len(self._pieces[-1])
            self._wide = []
        return True

    def sound(self) -> PCM:
        return np.concatenate(self._pieces)


class EchoMeter:
    """One telephone."""

    def __init__(self) -> None:
        self._sent, self._heard = _Stream(), _Stream()
        self._rest_until = 0.0
        self._found: deque[Echo | None] = deque(maxlen=KEPT)

    def wants(self, now: float) -> bool:
        """Whether it measures just now; else sound need not be decoded for it."""
        return now >= self._rest_until

    def sent(self, sound: PCM, rate: int, now: float) -> None:
        """:param sound: to the telephone. :param rate: Hz. :param now: s."""
        self._add(self._sent, sound, rate, now)

    def heard(self, sound: PCM, rate: int, now: float) -> None:
        """:param sound: from the telephone."""
        self._add(self._heard, sound, rate, now)

    @property
    def echo(self) -> Echo | None:
        """:returns: None while none is known."""
        known = [echo for echo in self._found if echo is not None]
        for newest in reversed(known):
            alike = [echo for echo in known if abs(echo.delay_s - newest.delay_s) < AGREE_S]
            if len(alike) > 1:
                return Echo(*(float(np.mean(values)) for values in zip(*alike, strict=True)))
        return None

    def _add(self, stream: _Stream, sound: PCM, rate: int, now: float) -> None:
        if not self.wants(now):
            return
        if not stream.add(sound, rate, now):
            self._sent, self._heard = _Stream(), _Stream()
        elif min(self._sent.samples, self._heard.samples) >= WINDOW_S * RATE:
            self._finish(now)

    def _finish(self, now: float) -> None:
        sent, heard = self._sent, self._heard
        assert sent.begun is not None
        assert heard.begun is not None
        sound = sent.sound()
        if level_dbfs(sound) > LOUD_DBFS:
            self._found.append(find_echo(sound, heard.sound(), heard.begun - sent.begun))
        self._sent, self._heard, self._rest_until = _Stream(), _Stream(), now + EVERY_S - WINDOW_S


def find_echo(sent: PCM, heard: PCM, offset_s: float = 0.0) -> Echo | None:
    """
    :param sent: at 4 kHz. :param offset_s: the first sample of ``heard`` is so much later than that of ``sent``.
    :returns: None when nothing comes back that can be told from the rest.
    """
    size = 1 << (len(sent) + len(heard) - 1).bit_length()
    ours, theirs = np.fft.rfft(sent, size), np.fft.rfft(heard, size)
    power = np.abs(ours) ** 2
    response = np.fft.irfft(theirs * np.conj(ours) / (power + power.mean() / 10), size)
    first = round((LAGS_S[0] - offset_s) * RATE)
    lags = np.arange(first, round((LAGS_S[1] - offset_s) * RATE))
    window = np.abs(response[lags])
    peak = int(window.argmax())
    if window[peak] < TOWERS * np.median(window):
        return None
    around = slice(max(0, peak - round(PEAK_S * RATE)), peak + round(PEAK_S * RATE) + 1)
    gain = _gain(sent, heard, response, lags[around])
    return Echo(-20 * float(np.log10(max(gain, 1e-6))), float((first + peak) / RATE + offset_s))


def _gain(sent: PCM, heard: PCM, response: Floats, lags: NDArray[np.int64]) -> float:
    """How loud what this part of the response makes of ``sent`` is in ``heard``, in parts of ``sent``."""
    kernel = response[lags]
    made = np.convolve(sent.astype(np.float64), kernel)
    start = int(lags[0])
    made = made[-start:] if start < 0 else np.concatenate([np.zeros(start), made])
    length = min(len(made), len(heard))
    made = made[:length]
    scale = float(made @ heard[:length].astype(np.float64)) / (float(made @ made) + 1e-9)
    return (
        abs(scale) * float(np.sqrt(np.mean(made**2))) / (float(np.sqrt(np.mean(sent.astype(np.float64) ** 2))) + 1e-9)
    )
