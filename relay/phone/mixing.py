"""
Who hears what in one call, 20 ms at a time. Pure: frames in, frames out, no clock of its own.

Each source has a small bounded buffer between its arrivals and our 20 ms clock. What arrives too fast is dropped from
the oldest end, and a frame that was never needed for half a second is dropped too, so that clock drift between two
machines never becomes delay.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np

from relay.audio import PCM, WEB_FRAME, mix, silence
from relay.model import Leg

BUFFER_FRAMES = 3  # 60 ms
TRIM_AFTER = 25  # ticks, 0.5 s
FLOWING_TICKS = 25  # a source silent for longer is no longer mixed: its destination is left alone


class SourceBuffer:
    """48 kHz sound of one speaker, cut into 20 ms frames."""

    def __init__(self) -> None:
        self._frames: deque[PCM] = deque(maxlen=BUFFER_FRAMES)
        self._rest: PCM = silence(0)
        self._least = BUFFER_FRAMES
        self._ticks = 0
        self._idle = FLOWING_TICKS

    def push(self, sound: PCM) -> None:
        sound = np.concatenate([self._rest, sound]) if len(self._rest) else sound
        whole = len(sound) // WEB_FRAME * WEB_FRAME
        for start in range(0, whole, WEB_FRAME):
            self._frames.append(sound[start : start + WEB_FRAME])
        self._rest = sound[whole:]

    def pop(self) -> PCM | None:
        """:returns: None when nothing has arrived in time."""
        if not self._frames:
            self._idle += 1
            self._least = 0
            return None
        self._idle = 0
        frame = self._frames.popleft()
        self._trim()
        return frame

    def _trim(self) -> None:
        self._least = min(self._least, len(self._frames))
        self._ticks += 1
        if self._ticks >= TRIM_AFTER:
            if self._least > 0:
                self._frames.popleft()
            self._ticks, self._least = 0, BUFFER_FRAMES

    @property
    def flowing(self) -> bool:
        return self._idle < FLOWING_TICKS


class Mixer:
    """
    The mixes of one call.

    ``hears`` is the routing in force; what is not named in it reaches nobody.
    """

    def __init__(self) -> None:
        self.hears: Mapping[Leg, tuple[Leg, ...]] = {}
        self._sources: dict[Leg, SourceBuffer] = {}

    def push(self, source: Leg, sound: PCM) -> None:
        """:param sound: 48 kHz, any length."""
        self._sources.setdefault(source, SourceBuffer()).push(sound)

    def forget(self, source: Leg) -> None:
        self._sources.pop(source, None)

    def tick(self) -> dict[Leg, PCM]:
        """
        One step of 20 ms.

        :returns: a frame for every destination that has somebody to hear; none while all its sources are silent.
        """
        now = {source: buffer.pop() for source, buffer in self._sources.items()}
        flowing = {source for source, buffer in self._sources.items() if buffer.flowing}
        mixed: dict[Leg, PCM] = {}
        for destination, sources in self.hears.items():
            if flowing.isdisjoint(sources):
                continue
            frames = [frame for source in sources if (frame := now.get(source)) is not None and source != destination]
            mixed[destination] = mix(frames, WEB_FRAME)
        return mixed
