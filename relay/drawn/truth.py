"""What is known of a drawn picture. Coordinates: shares of the picture, origin top left, as MediaPipe's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HandTruth:
    """
    :param landmarks: shape (21, 2), MediaPipe's order. :param palm: shape (2,). :param is_right: the person's own.
    :param in_use: it signs; otherwise it rests or holds the phone.
    :param hidden: an object or a sleeve covers it.
    """

    landmarks: Points
    palm: Points
    is_right: bool
    in_use: bool
    hidden: bool

    @property
    def inside(self) -> float:
        """Share of the landmarks inside the picture, 0..1."""
        return float(((self.landmarks >= 0) & (self.landmarks <= 1)).all(axis=1).mean())

    @property
    def wrist(self) -> Points:
        return np.asarray(self.landmarks[0])


@dataclass(frozen=True, slots=True)
class FaceTruth:
    """
    :param box: x, y, width, height, brow to chin and cheek to cheek, upright in the picture.
    :param keypoints: shape (6, 2): right eye, left eye, nose tip, mouth centre, right ear, left ear.
    :param crown: top of the head, shape (2,). :param roll, yaw: degrees, clockwise and to the right of the picture.
    :param mouth_hidden: by a mask or an object.
    """

    box: tuple[float, float, float, float]
    keypoints: Points
    crown: Points
    roll: float
    yaw: float
    mouth_hidden: bool

    @property
    def inside(self) -> float:
        """Share of the box inside the picture, 0..1."""
        x, y, width, height = self.box
        across = min(1.0, x + width) - max(0.0, x)
        down = min(1.0, y + height) - max(0.0, y)
        return max(0.0, across) * max(0.0, down) / (width * height)


@dataclass(frozen=True, slots=True)
class Truth:
    """
    One instant.

    :param hands: the right hand, then the left; () when nobody is there.
    :param face: None when nobody is there.
    :param skin, clothes: RGB 0..255 of the person, before light. :param palm: of the inner hand.
    :param light: factor on the person's colours (coded values, not linear light): 1 is a well-lit person.
    :param wall_light: the same of what is behind. :param glare: share of the wall that is bright sky, 0..1.
    :param defocus_sigma: pixels, of the whole picture. :param dirt: of the lens, 0..1.
    :param shutter: exposure time, s. :param noise_sigma: 0..255. :param covered: by a finger, a cloth, a lid.
    """

    hands: tuple[HandTruth, ...]
    face: FaceTruth | None
    signing: bool
    skin: tuple[int, int, int]
    palm: tuple[int, int, int]
    clothes: tuple[int, int, int]
    light: float
    wall_light: float
    glare: float
    defocus_sigma: float
    dirt: float
    shutter: float
    noise_sigma: float
    covered: bool
