"""Light: on the whole picture, on the face, behind it. Pure."""

import numpy as np

from relay.visibility.measures.movement import GRID_ROWS, Grid, cells_of, grown
from relay.visibility.measures.picture import crop
from relay.visibility.model import Box, Gray

BURNT = 250  # of 255
DROWNED = 16  # of 255


def overexposed(gray: Gray) -> float:
    """:returns: share of pixels burnt out to white, 0..1."""
    return float((gray[::2, ::2] >= BURNT).mean())


def underexposed(gray: Gray) -> float:
    """:returns: share of pixels drowned in black, 0..1."""
    return float((gray[::2, ::2] <= DROWNED).mean())


def contrast(gray: Gray) -> float:
    """:returns: standard deviation of the brightness, 0..0.5."""
    return float(gray[::2, ::2].std() / 255)


def face_luma(gray: Gray, face: Box) -> float | None:
    """
    Brightness of the lightest parts of the face (95th percentile), 0..1. Of the middle of the box alone: its corners
    show the wall.

    :returns: None when the face is outside the picture.
    """
    middle = Box(face.x + 0.2 * face.width, face.y + 0.2 * face.height, 0.6 * face.width, 0.65 * face.height)
    part = crop(gray, middle)
    return float(np.percentile(part, 95) / 255) if part.size else None


def surroundings(cells: Grid, face: Box) -> float:
    """:returns: mean brightness, 0..1, of the upper half outside the face and its hair: windows and lamps."""
    outside = np.ones(cells.shape, dtype=np.bool_)
    outside[GRID_ROWS // 2 :, :] = False
    outside[cells_of(grown(face, 1.8))] = False
    return float(cells[outside].mean()) if outside.any() else 0.0
