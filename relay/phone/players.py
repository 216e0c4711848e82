"""Sound from memory, 20 ms at a time, in place of somebody who speaks (``relay.phone.line_sound.Player``). Pure."""

from collections.abc import Callable, Sequence

import numpy as np

from relay.audio import PCM, PTIME_S, WEB_FRAME, WEB_RATE, silence, sine
from relay.phone.opus import OpusDecoder

SOUND_RATE = 16_000  # Hz: all that a telephone carries but Opus, and speech needs no more


class SoundPlayer:
    """
    :param sound: 16 kHz.
    :param every_s: again and again, so much silence between; None: once.
    :param on_end: called once, with the first question beyond the end.
    """

    rate = SOUND_RATE
    _frame = round(SOUND_RATE * PTIME_S)

    def __init__(self, sound: PCM, every_s: float | None = None, on_end: Callable[[], None] = lambda: None) -> None:
        self._sound, self._on_end = sound, on_end
        self._pause = None if every_s is None else round(every_s / PTIME_S)
        self._at = self._waited = 0
        self._over = False

    def next(self) -> PCM | None:
        """:returns: the next 20 ms; None from its end on."""
        frame = self._sound[self._at : self._at + self._frame]
        self._at += len(frame)
        if len(frame):
            return frame if len(frame) == self._frame else np.concatenate([frame, silence(self._frame - len(frame))])
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
        return silence(self._frame)


class MessagePlayer:
    """:param packets: Opus, 20 ms each; opened one at a time, as they are due. :param on_end: as above."""

    rate = WEB_RATE

    def __init__(self, packets: Sequence[bytes], on_end: Callable[[], None]) -> None:
        self._packets, self._on_end = iter(packets), on_end
        self._decoder = OpusDecoder()
        self._over = False

    def next(self) -> PCM | None:
        """:returns: the next 20 ms; None from its end on."""
        packet = next(self._packets, None)
        if packet is not None:
            sound = self._decoder.decode(packet)
            return sound if len(sound) == WEB_FRAME else silence(WEB_FRAME)
        if not self._over:
            self._over = True
            self._on_end()
        return None


def tone() -> PCM:
    """:returns: the tone after which a message is spoken: 16 kHz, 0.4 s, without clicks at its ends."""
    sound = sine(1000, round(0.4 * SOUND_RATE), rate=SOUND_RATE)
    ramp = np.minimum(1.0, np.arange(len(sound)) / 160)
    return (sound * ramp * ramp[::-1]).astype(np.int16)
