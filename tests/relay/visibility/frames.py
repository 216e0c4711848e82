"""What a well-seen signer's picture gives, to be changed one at a time."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box, Face, Glance, Hand, Look

GLANCE = Glance(
    luma=0.5,
    contrast=0.2,
    shadows=0.05,
    highlights=0.8,
    overexposed=0.01,
    underexposed=0.01,
    structure=0.7,
    flat=0.4,
    movement=0.05,
    movement_beside_head=0.05,
    border_movement=0.0,
    difference=0.02,
    alive=True,
    detail=0.02,
    motion_blur=0.1,
)
LOOK = Look(
    hands_found=2,
    hands_in_frame=1.0,
    hands_whole=2,
    hand_size=0.2,
    faces_found=1,
    face_in_frame=1.0,
    face_width=0.16,
    face_height=0.21,
    face_centre=(0.5, 0.3),
    face_luma=0.65,
    face_contrast=0.35,
    face_overexposed=0.0,
    backlight=0.0,
    sharpness=0.6,
    face_sharpness=0.6,
)


def glance(**changes: Any) -> Glance:
    return replace(GLANCE, **changes)


def look(**changes: Any) -> Look:
    return replace(LOOK, **changes)


def hand(x: float, y: float, size: float = 0.1) -> Hand:
    """21 points in a column of the given height around x, y."""
    points = np.stack([np.full(21, x), np.linspace(y - size / 2, y + size / 2, 21)], axis=1)
    return Hand(points.astype(np.float32))


def face_at(box: Box) -> Face:
    """An upright face towards the camera, its six key points where they usually are in the box."""
    places = ((0.3, 0.3), (0.7, 0.3), (0.5, 0.55), (0.5, 0.75), (0.05, 0.4), (0.95, 0.4))
    points = [(box.x + x * box.width, box.y + y * box.height) for x, y in places]
    return Face(box, 0.9, np.array(points, dtype=np.float32))


def plain(brightness: int, height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    return np.full((height, width), brightness, dtype=np.uint8)
