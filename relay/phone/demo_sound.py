"""What the demonstration phone says, 20 ms at a time, and what it makes of what it hears. Reads one file, no clock."""

import wave
from collections import deque
from pathlib import Path
from typing import Protocol

import numpy as np

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, Tone, level_dbfs, silence, sine, tones

GREETING = Path(__file__).parent / "sounds" / "bonjour.wav"
ECHO_FRAMES = 25  # 0.5 s, so that one hears oneself and not a hollow line
PAGE_FRAMES = 10  # 200 ms between a page's microphone and the telephone line
HEARD_FRAMES = 50  # 1 s


class Sound(Protocol):
    """Something at the other end of the line."""

    def hear(self, frame: PCM) -> None: ...

    def speak(self) -> PCM: ...


def greeting() -> PCM:
    """:returns: the spoken sentence, 8 kHz (synthesised with espeak-ng)."""
    with wave.open(str(GREETING), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


class GreetingThenEcho:
    def __init__(self) -> None:
        self._greeting = greeting()
        self._at = 0
        self._echo: deque[PCM] = deque(maxlen=2 * ECHO_FRAMES)

    def hear(self, frame: PCM) -> None:
        if self._at >= len(self._greeting):
            self._echo.append(frame)

    def speak(self) -> PCM:
        frame = self._greeting[self._at : self._at + PHONE_FRAME]
        self._at += PHONE_FRAME
        if len(frame):
            return np.concatenate([frame, silence(PHONE_FRAME - len(frame))])
        return self._echo.popleft() if len(self._echo) >= ECHO_FRAMES else silence(PHONE_FRAME)


class ContinuousTone:
    def __init__(self, hz: float) -> None:
        self._hz = hz
        self._at = 0

    def hear(self, frame: PCM) -> None:
        """What it hears is measured by :class:`Heard` alone."""

    def speak(self) -> PCM:
        frame = sine(self._hz, PHONE_FRAME, self._at)
        self._at += PHONE_FRAME
        return frame


class PageSound:
    """A person at the page: sound goes to and from a WebSocket. ``listen`` is set while a page holds the call."""

    def __init__(self) -> None:
        self.to_page: deque[bytes] = deque(maxlen=PAGE_FRAMES)
        self._from_page: deque[PCM] = deque(maxlen=PAGE_FRAMES)
        self._rest: PCM = silence(0)

    def hear(self, frame: PCM) -> None:
        self.to_page.append(frame.astype("<i2").tobytes())

    def said(self, data: bytes) -> None:
        """:param data: PCM16 little-endian, 8 kHz, from the page's microphone."""
        sound = np.concatenate([self._rest, np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.int16)])
        whole = len(sound) // PHONE_FRAME * PHONE_FRAME
        for start in range(0, whole, PHONE_FRAME):
            self._from_page.append(sound[start : start + PHONE_FRAME])
        self._rest = sound[whole:]

    def speak(self) -> PCM:
        return self._from_page.popleft() if self._from_page else silence(PHONE_FRAME)


class Heard:
    """The last second heard, of which only numbers are ever given out."""

    def __init__(self) -> None:
        self._frames: deque[PCM] = deque(maxlen=HEARD_FRAMES)

    def hear(self, frame: PCM) -> None:
        self._frames.append(frame)

    def tones(self) -> tuple[Tone, ...]:
        return tones(np.concatenate(self._frames), PHONE_RATE) if self._frames else ()

    def level_dbfs(self) -> float:
        return level_dbfs(np.concatenate(self._frames)) if self._frames else level_dbfs(silence(0))
