"""
What the rehearsal's cameras show: a clip in a loop, the drawn signer, or a plain card for the interpreter.

Everything is prepared once; a frame costs a look-up. The lowest ``strip`` rows stay black: the code goes there, so that
the picture stays whole for whoever looks at it.
"""

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from relay.drawn_signer import DrawnSigner

Picture = NDArray[np.uint8]  # shape (height, width, 3), BGR
MAX_CLIP_FRAMES = 300  # 12 s at 25 fps; 280 MB at 640×480
DRAWN_RATE, DRAWN_FRAMES = 25.0, 120  # 4.8 s: three movements of the hands, two of the fingers, without a jump
CARD_RATE, CARD_FRAMES = 25.0, 100  # the disc goes round in 4 s: cheap to encode, never twice the same


class BadClipError(Exception):
    """A file in which no picture can be found."""


class Loop:
    """:param rate: pictures per second."""

    def __init__(self, frames: Sequence[Picture], rate: float) -> None:
        self._frames, self._rate = tuple(frames), rate

    def frame(self, t: float) -> Picture:
        """:param t: seconds. :returns: a picture that the caller must not change."""
        return self._frames[int(t * self._rate) % len(self._frames)]


def clip(path: Path, width: int, height: int, strip: int) -> Loop:
    """
    A film at its own rate.

    :param strip: rows at the bottom kept for the code.
    :raises BadClipError: the file is missing, or no film.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = [
                fit(np.ascontiguousarray(frame.to_ndarray(format="bgr24")), width, height, strip)
                for frame, _ in zip(container.decode(stream), range(MAX_CLIP_FRAMES), strict=False)
            ]
            rate = float(stream.average_rate or DRAWN_RATE)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise BadClipError(f"{path} : {type(error).__name__}") from error
    if not frames:
        raise BadClipError(f"{path} : aucune image")
    return Loop(frames, rate)


def drawn(width: int, height: int, strip: int) -> Loop:
    """The project's own signer."""
    signer = DrawnSigner(width, height - strip, DRAWN_RATE)
    return Loop(
        [_padded(signer.frame(index / DRAWN_RATE)[..., ::-1], strip) for index in range(DRAWN_FRAMES)],
        DRAWN_RATE,
    )


def card(width: int, height: int, strip: int, colour: tuple[int, int, int] = (96, 72, 36)) -> Loop:
    """A plain picture of the interpreter's side: a colour, and a disc that goes round."""
    frames, room = [], height - strip
    for angle in np.linspace(0, 2 * np.pi, CARD_FRAMES, endpoint=False):
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        picture[:room] = colour
        centre = (int(width / 2 + room / 4 * np.cos(angle)), int(room / 2 + room / 4 * np.sin(angle)))
        cv2.circle(picture, centre, room // 12, (160, 208, 224), -1)
        frames.append(picture)
    return Loop(frames, CARD_RATE)


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


def _padded(picture: Picture, strip: int) -> Picture:
    return np.concatenate([picture, np.zeros((strip, picture.shape[1], 3), dtype=np.uint8)])
