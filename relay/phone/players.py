"""Sound from memory, 20 ms at a time, in place of somebody who speaks. Pure."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from relay.audio import PCM, PTIME_S, WEB_FRAME, WEB_RATE, silence, sine


class Player(Protocol):
    def step(self) -> PCM | None:
        """:returns: the next 20 ms at 48 kHz; None from its end on."""


class SoundPlayer:
    """
    :param sound: 48 kHz.
    :param every_s: again and again, so much silence between; None: once.
    :param on_end: called once, with the first step beyond the end.
    """

    def __init__(self, sound: PCM, every_s: float | None = None, on_end: Callable[[], None] = lambda: None) -> None:
        self._sound, self._on_end = sound, on_end
        self._pause = None if every_s is None else round(every_s / PTIME_S)
        self._at = self._waited = 0
        self._over = False

    def step(self) -> PCM | None:
        frame = self._sound[self._at : self._at + WEB_FRAME]
        self._at += len(frame)
        if len(frame):
            return frame if len(frame) == WEB_FRAME else np.concatenate([frame, silence(WEB_FRAME - len(frame))])
        if self._pause is not None:
            return self._rest(self._pause)
        if not self._over:
            self._over = True
            self._on_end()
        return None

    def _rest(self, pause: int) -> PCM:
        self._waited += 1
        if self._waited >= pause:
            self._at = self._waited = 0
        return silence(WEB_FRAME)


def tone() -> PCM:
    """:returns: the tone after which a message is spoken, 0.4 s, without clicks at its ends."""
    sound = sine(1000, round(0.4 * WEB_RATE), rate=WEB_RATE)
    ramp = np.minimum(1.0, np.arange(len(sound)) / 480)
    return (sound * ramp * ramp[::-1]).astype(np.int16)
