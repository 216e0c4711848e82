"""
Packet loss concealment by repeating the last pitch period with a fade (after ITU-T G.711 Appendix I). Pure.

For codecs that have none of their own; Opus conceals in its decoder (``relay.phone.opus``), with the same fade.
"""

import numpy as np
from numpy.typing import NDArray

from relay.audio import PCM, silence

_PITCH_S = (0.0025, 0.015)  # 400…66 Hz, as in the appendix but for higher voices
_COMPARED_S = 0.02
_STEADY_S = 0.01  # repeated at full level
GONE_S = 0.06  # nothing is made up for longer
_JOIN_S = 0.004  # cross-fade into the first packet that comes again


def fade(since_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """:param since_s: time since the first lost packet. :returns: how loud what is made up may be, 1 to 0."""
    return np.clip(1 - (since_s - _STEADY_S) / (GONE_S - _STEADY_S), 0, 1)


class Concealer:
    """
    One direction of one leg.

    :param rate: Hz of the sound.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._shortest, self._longest = (round(each * rate) for each in _PITCH_S)
        self._history = np.zeros(self._longest + round(_COMPARED_S * rate), np.float64)
        self._period: NDArray[np.float64] | None = None
        self._made = 0

    def heard(self, frame: PCM) -> PCM:
        """:returns: the frame, its beginning blended with what was made up for lost packets before it."""
        if self._period is not None and len(frame):
            frame = self._joined(frame)
        self._remember(frame)
        return frame

    def conceal(self, samples: int) -> PCM:
        """:returns: so many samples in place of a lost packet; quieter with each, in the end silence."""
        if self._period is None:
            self._period = self._last_period()
        made = self._synthesised(samples)
        self._made += samples
        return made

    def _joined(self, frame: PCM) -> PCM:
        length = min(len(frame), round(_JOIN_S * self._rate))
        ramp = np.linspace(0, 1, length, endpoint=False)
        joined = frame.copy()
        joined[:length] = (frame[:length] * ramp + self._synthesised(length) * (1 - ramp)).astype(np.int16)
        self._period, self._made = None, 0
        return joined

    def _remember(self, frame: PCM) -> None:
        size = len(self._history)
        self._history = np.concatenate([self._history[len(frame) :], frame[-size:]])

    def _synthesised(self, samples: int) -> PCM:
        if self._period is None or self._made >= GONE_S * self._rate:
            return silence(samples)
        at = np.arange(self._made, self._made + samples)
        return (self._period[at % len(self._period)] * fade(at / self._rate)).astype(np.int16)

    def _last_period(self) -> NDArray[np.float64]:
        """:returns: the last pitch period, its end blended so that it repeats without a step."""
        lag = self._pitch()
        join = lag // 4
        period = self._history[-lag:].copy()
        ramp = np.linspace(0, 1, join, endpoint=False)
        before = self._history[-lag - join : -lag]
        period[-join:] = period[-join:] * (1 - ramp) + before * ramp
        return period

    def _pitch(self) -> int:
        """:returns: the lag, in samples, at which the last 20 ms are most like what was before them."""
        size = len(self._history) - self._longest
        recent = self._history[-size:]
        windows = np.lib.stride_tricks.sliding_window_view(self._history, size)[: -self._shortest]
        energy = np.sqrt(np.sum(np.square(windows), axis=1)) + 1.0
        return len(windows) - int(np.argmax(windows @ recent / energy)) + self._shortest - 1
