"""
Participants for tests: each sends a picture with its own code and its own tone, and notes what it gets.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable

import numpy as np

from relay.media_code import PictureCode, Samples, draw_code, read_code, tone, tone_share
from relay.media_peer import FRAME_SAMPLES, MediaPeer


def now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class CodedPeer:
    """
    :param participant: number in its picture (0..255). :param tone_hz: its voice.
    :param takes_second: reads the second picture too, in ``second_seen``.
    """

    def __init__(
        self,
        participant: int,
        tone_hz: float,
        *,
        size: tuple[int, int] = (320, 240),
        fps: float = 10.0,
        has_camera: bool = True,
        has_microphone: bool = True,
        takes_second: bool = False,
    ) -> None:
        self.participant = participant
        self.tone_hz = tone_hz
        self.seen: list[PictureCode] = []
        self.second_seen: list[PictureCode] = []
        self.delays_ms: list[int] = []
        self.texts: list[tuple[str, str]] = []
        self.pictures = 0
        self._size = size
        self._heard: deque[Samples] = deque(maxlen=25)  # the last half second
        self.media = MediaPeer(
            video=self._picture if has_camera else None,
            audio=self._voice if has_microphone else None,
            fps=fps,
            on_video=self._see,
            on_second_video=self._see_second if takes_second else None,
            on_audio=self._heard.append,
            on_text=lambda label, text: self.texts.append((label, text)),
        )

    def forget(self) -> None:
        """What was seen, heard and read until now does not count."""
        self.seen.clear()
        self.second_seen.clear()
        self.delays_ms.clear()
        self.texts.clear()
        self._heard.clear()

    def seen_participants(self) -> Counter[int]:
        return Counter(code.participant for code in self.seen)

    @property
    def both_seen(self) -> tuple[list[PictureCode], list[PictureCode]]:
        return self.seen, self.second_seen

    def sees(self, first: int | None, second: int | None = None, pictures: int = 5) -> bool:
        """Nobody but these since the last :meth:`forget`, each at least so often."""
        return all(
            {code.participant for code in seen} == ({wanted} if wanted is not None else set())
            and (wanted is None or len(seen) >= pictures)
            for seen, wanted in zip(self.both_seen, (first, second), strict=True)
        )

    def text_from(self, label: str) -> str:
        return "".join(text for writer, text in self.texts if writer == label)

    def hears(self, tone_hz: float) -> bool:
        """The tone is a good part of what was heard in the last half second."""
        return self.heard_share(tone_hz) > 0.25

    def heard_share(self, tone_hz: float) -> float:
        if len(self._heard) < 20:
            return 0.0
        return tone_share(np.concatenate(self._heard), tone_hz)

    def _picture(self, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        width, height = self._size
        picture = np.full((height, width, 3), 90, np.uint8)
        column = number * 7 % (width - 40)
        picture[20:60, column : column + 40] = (200, 120, 40)  # something moves
        draw_code(picture, PictureCode(self.participant, now_ms()))
        return picture

    def _voice(self, start: int) -> Samples:
        return tone(self.tone_hz, start, FRAME_SAMPLES)

    def _see(self, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        self.pictures += 1
        code = read_code(picture)
        if code is not None:
            self.seen.append(code)
            self.delays_ms.append(code.age_ms(now_ms()))

    def _see_second(self, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        code = read_code(picture)
        if code is not None:
            self.second_seen.append(code)


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 45.0) -> None:
    """Wait for a condition. :raises AssertionError: it did not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come: {what}")
        await asyncio.sleep(0.02)
