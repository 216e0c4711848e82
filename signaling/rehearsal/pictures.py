"""
What the rehearsal's cameras show: a clip in a loop, the drawn signer, or a plain card for the interpreter.

Everything is prepared once; a frame costs a look-up. The lowest ``strip`` rows stay black: the code goes there, so that
the clip stays whole for whoever looks at it.
"""

from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # shape (height, width, 3), RGB
MAX_CLIP_FRAMES = 300  # 12 s at 25 fps; 280 MB at 640×480
CARD_PERIOD_S = 4.0  # once around: slow enough to encode cheaply, and never the same picture twice


class BadClipError(Exception):
    """A file in which no picture can be found."""


class Camera(Protocol):
    def frame(self, t: float) -> Picture:
        """:param t: seconds since the start. :returns: a picture that the caller must not change."""
        ...


def fit(picture: Picture, width: int, height: int, strip: int) -> Picture:
    """Scale into the area above the strip, black around it; the proportions stay."""
    source_height, source_width = picture.shape[:2]
    scale = min(width / source_width, (height - strip) / source_height)
    new_width, new_height = round(source_width * scale), round(source_height * scale)
    scaled = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    left, top = (width - new_width) // 2, (height - strip - new_height) // 2
    canvas[top : top + new_height, left : left + new_width] = scaled
    return canvas


class Clip:
    """
    A film in a loop, at its own rate.

    :param strip: rows at the bottom kept for the code.
    :raises BadClipError: the file is missing, or no film.
    """

    def __init__(self, path: Path, width: int, height: int, strip: int) -> None:
        try:
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                rate = float(stream.average_rate or 25)
                self._frames = [
                    fit(np.ascontiguousarray(frame.to_ndarray(format="rgb24")), width, height, strip)
                    for frame, _ in zip(container.decode(stream), range(MAX_CLIP_FRAMES), strict=False)
                ]
        except (av.FFmpegError, OSError, IndexError) as error:
            raise BadClipError(f"{path} : {type(error).__name__}") from error
        if not self._frames:
            raise BadClipError(f"{path} : aucune image")
        self._rate = rate

    def frame(self, t: float) -> Picture:
        return self._frames[int(t * self._rate) % len(self._frames)]


class Card:
    """A plain picture of the interpreter's side: a colour, and a disc that goes round."""

    def __init__(self, width: int, height: int, strip: int, colour: tuple[int, int, int] = (36, 72, 96)) -> None:
        self._frames = [self._draw(width, height, strip, colour, 2 * np.pi * step / 100) for step in range(100)]

    @staticmethod
    def _draw(width: int, height: int, strip: int, colour: tuple[int, int, int], angle: float) -> Picture:
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        picture[: height - strip] = colour
        room = height - strip
        centre = (int(width / 2 + room / 4 * np.cos(angle)), int(room / 2 + room / 4 * np.sin(angle)))
        cv2.circle(picture, centre, room // 12, (224, 208, 160), -1)
        return picture

    def frame(self, t: float) -> Picture:
        return self._frames[int(t / CARD_PERIOD_S * len(self._frames)) % len(self._frames)]
