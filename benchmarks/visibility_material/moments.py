"""
Clips as streams of moments: a picture with its time, and where face and hands are in it.

A clip is looped to any length and fitted to the size of a call's picture. Where its hands are is measured once, on the
clip as it is; impairments move these boxes along, so that what is true after an impairment is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box

Picture = NDArray[np.uint8]
FPS = 25.0
LONG_SIDE, SHORT_SIDE = 640, 480  # pixels, of a call's picture
MAX_CLIP_S = 10.0  # of a long clip, what is looped
BRIDGED_S = 0.4  # a hand not found for so long between two findings was there: motion blur hides it from the detector


@dataclass(frozen=True, slots=True)
class Moment:
    """
    :param t: s from the beginning.
    :param frame: index in the clip; the same index shows the same picture before any impairment.
    :param face: brow to chin; None when there is none.
    :param hands: boxes of the hands that sign (shares of the picture, outside [0, 1] when out of it); none at rest.
    """

    t: float
    frame: int
    picture: Picture
    face: Box | None
    hands: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip at ``FPS``, with face and hands of each picture."""

    name: str
    pictures: tuple[Picture, ...]
    faces: tuple[Box | None, ...]
    hands: tuple[tuple[Box, ...], ...]

    def moments(self, seconds: float) -> Iterator[Moment]:
        """The clip from its beginning, again and again."""
        for index in range(round(seconds * FPS)):
            frame = index % len(self.pictures)
            yield Moment(index / FPS, frame, self.pictures[frame], self.faces[frame], self.hands[frame])


def read_pictures(path: Path) -> tuple[Picture, ...]:
    """A film's pictures at ``FPS``, fitted to a call's size (upright films stay upright), at most ``MAX_CLIP_S``."""
    times: list[float] = []
    pictures: list[Picture] = []
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate or 25
        for index, frame in enumerate(container.decode(video=0)):
            time = float(frame.time) if frame.time is not None else index / float(rate)
            if times and time - times[0] > MAX_CLIP_S:
                break
            times.append(time)
            pictures.append(fitted(np.ascontiguousarray(frame.to_ndarray(format="rgb24"))))
    count = max(1, round((times[-1] - times[0] + 1 / float(rate)) * FPS))
    nearest = [int(np.argmin(np.abs(np.array(times) - times[0] - index / FPS))) for index in range(count)]
    return tuple(pictures[index] for index in nearest)


def fitted(picture: Picture) -> Picture:
    """640 x 480, or 480 x 640 of a film that is higher than wide: covered, what is too much cut off evenly."""
    height, width = picture.shape[:2]
    size = (LONG_SIDE, SHORT_SIDE) if width >= height else (SHORT_SIDE, LONG_SIDE)
    scale = max(size[0] / width, size[1] / height)
    scaled = cv2.resize(
        picture,
        (max(size[0], round(width * scale)), max(size[1], round(height * scale))),
        interpolation=cv2.INTER_CUBIC,
    )
    top, left = (scaled.shape[0] - size[1]) // 2, (scaled.shape[1] - size[0]) // 2
    return np.ascontiguousarray(scaled[top : top + size[1], left : left + size[0]], dtype=np.uint8)


def box_of(points: NDArray[np.float32]) -> Box:
    """:param points: shape (n, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def bridged(found: Sequence[tuple[Box, ...]]) -> tuple[tuple[Box, ...], ...]:
    """Hands of each picture, where a short gap shows the hands found before it."""
    limit = round(BRIDGED_S * FPS)
    result = list(found)
    last: int | None = None
    for index, hands in enumerate(found):
        if not hands:
            continue
        if last is not None and index - last <= limit:
            for gap in range(last + 1, index):
                result[gap] = found[last] if gap - last <= index - gap else hands
        last = index
    return tuple(result)


def share_inside(box: Box) -> float:
    """Share of the box's area inside the picture, 0..1."""
    width = min(1.0, box.x + box.width) - max(0.0, box.x)
    height = min(1.0, box.y + box.height) - max(0.0, box.y)
    area = box.width * box.height
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0
