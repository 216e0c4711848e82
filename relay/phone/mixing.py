"""
When one listener is due 20 ms, and whose frames they are made of. Pure: the caller tells the time.

Nothing runs by a clock here. Of the sources that a listener hears one leads: as soon as its frame arrives it goes on,
with one frame of each other source that waits. The others therefore wait for the leader, at most a frame when the
lines are steady; jitter is left to the two ends. A leader that is late loses the lead to whoever arrives, so that
nobody who stops holds up the others, and no clock that runs faster than another adds delay.
"""

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from relay.audio import PTIME_S

Frame = TypeVar("Frame")

WAITING_FRAMES = 3  # 60 ms of one source: what a burst may bring
TRIM_AFTER = 25  # turns, 0.5 s: a frame that was not needed for so long is given back
STALE_S = 0.2  # a frame that waited longer belongs to a talk that was broken off
LATE_S = 0.03  # the leader's next frame is due after 20 ms


class Waiting(Generic[Frame]):
    """Frames of a source that does not lead."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, Frame]] = deque(maxlen=WAITING_FRAMES)
        self._least = WAITING_FRAMES
        self._turns = 0

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, frame: Frame, now: float) -> None:
        self._frames.append((now, frame))

    def pop(self, now: float) -> Frame | None:
        """:returns: the oldest that is still of use; None when nothing has arrived in time."""
        frame = None
        while frame is None and self._frames:
            arrived, oldest = self._frames.popleft()
            frame = oldest if now - arrived <= STALE_S else None
        self._trim()
        return frame

    def drain(self, now: float) -> list[Frame]:
        fresh = [frame for arrived, frame in self._frames if now - arrived <= STALE_S]
        self._frames.clear()
        return fresh

    def _trim(self) -> None:
        self._least = min(self._least, len(self._frames))
        self._turns += 1
        if self._turns >= TRIM_AFTER:
            if self._least > 0:
                self._frames.popleft()
            self._turns, self._least = 0, WAITING_FRAMES


class Mixture(Generic[Frame]):
    """What one listener hears. ``hears`` names the sources; the frames of others are nobody's business here."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting[Frame]] = {}
        self._leader: str | None = None
        self._leader_at = 0.0
        self._turn_at: float | None = None

    @property
    def hears(self) -> frozenset[str]:
        return frozenset(self._waiting)

    @hears.setter
    def hears(self, sources: Iterable[str]) -> None:
        self._waiting = {source: self._waiting.get(source) or Waiting() for source in sources}
        if self._leader not in self._waiting:
            self._leader = None

    def arrived(self, source: str, frame: Frame, now: float) -> list[list[Frame]]:
        """
        :param now: s, never less than before. :returns: the turns that are due at once, none or mostly one; in each
            the leader's frame comes first.
        """
        if source not in self._waiting:
            return []
        if source == self._leader:
            self._leader_at = now
            return [self._turn(frame, now)]
        if self._leader is None or now - self._leader_at > LATE_S:
            return self._take_the_lead(source, frame, now)
        self._waiting[source].push(frame, now)
        return []

    def _take_the_lead(self, source: str, frame: Frame, now: float) -> list[list[Frame]]:
        """What waited goes out as well, but no more than the time that has passed: nobody is ever sent double speed."""
        frames = [*self._waiting[source].drain(now), frame]
        if self._turn_at is not None:
            frames = frames[-max(1, round((now - self._turn_at) / PTIME_S)) :]
        self._leader, self._leader_at = source, now
        return [self._turn(each, now) for each in frames]

    def _turn(self, frame: Frame, now: float) -> list[Frame]:
        self._turn_at = now
        others = [waiting.pop(now) for source, waiting in self._waiting.items() if source != self._leader]
        return [frame, *(other for other in others if other is not None)]
