"""
What passes between the detector, the measures and the advice.

Coordinates are MediaPipe's: shares of the picture, origin top left, x to the right, outside [0, 1] when out of frame.
A :class:`Detection` lives for one analysis; only :class:`FrameMeasures`, which hold no position, go further.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Detection:
    """
    What was found in one picture.

    :param hands: shape (hands, 21, 2): x and y of each hand's landmarks; 0 to 2 hands.
    :param face: the largest face, None when none was found.
    """

    hands: NDArray[np.float32]
    face: Box | None


@dataclass(frozen=True, slots=True)
class FrameMeasures:
    """
    One picture in numbers. None where there is nothing to measure (no hand, no face).

    :param hands_found: 0, 1 or 2.
    :param hands_in_frame: share of hand landmarks inside the picture, 0..1.
    :param hand_size: height or width of the larger hand, whichever is more, as a share of the picture's, 0..1.
    :param hands_at_border: True when a hand found is cut, or something moves at the lower or side border and no
        hand is wholly visible.
    :param face_found: a face is in the picture.
    :param face_in_frame: share of the face box inside the picture, 0..1.
    :param face_width: of the face box, share of the picture's width.
    :param face_height: of the face box (brow to chin), share of the picture's height.
    :param luma: mean brightness, 0 black .. 1 white.
    :param contrast: standard deviation of the brightness, 0..0.5.
    :param overexposed: share of pixels burnt out to white, 0..1.
    :param face_luma: brightness of the lightest parts of the face (95th percentile), 0..1. The mean would judge
        skin; the highlights judge the light.
    :param backlight: brightness of what surrounds the face, less ``face_luma``: -1..1.
    :param sharpness: of the face, 0 blurred .. 1 sharp (:func:`relay.visibility.measures.sharpness`).
    :param motion: share of the picture, outside the face, that changed since the analysis before, 0..1.
    """

    hands_found: int
    hands_in_frame: float | None
    hand_size: float | None
    hands_at_border: bool
    face_found: bool
    face_in_frame: float | None
    face_width: float | None
    face_height: float | None
    luma: float
    contrast: float
    overexposed: float
    face_luma: float | None
    backlight: float | None
    sharpness: float | None
    motion: float
