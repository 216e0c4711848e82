"""
Light: on the whole picture, on the face, behind it, on the hands. Pure.

Skin is not judged. Whether it is dark is told by the whole picture, which hardly depends on skin; whether the light
comes from behind, by what is light in every face (eyes, teeth, what shines on the skin) against the surroundings.
"""

from typing import NamedTuple

import numpy as np

from relay.visibility.measures.hands import hand_box
from relay.visibility.measures.picture import GRID_COLUMNS, GRID_ROWS, Grid, crop
from relay.visibility.model import Box, Gray, Hand

BURNT = 250  # of 255
DROWNED = 16  # of 255
LEVELS_OF = 5_000  # pixels, about, of which levels are counted: percentiles are right to a third of a percent
MIDDLE = Box(0.2, 0.2, 0.6, 0.65)  # of the face's box: its corners show the wall
FACE_BURNT = 245  # of 255: skin has lost its shading
SMALLEST_HAND = 8  # pixels
LANDMARKS = 21
FLOOR = 0.02  # of brightness: below, a quotient would measure noise


class Levels(NamedTuple):
    """
    Brightness over the picture, 0 black .. 1 white, its black bars left out.

    :param contrast: standard deviation, 0..0.5.
    :param shadows, highlights: 5th and 95th percentile. A dark picture has no highlights, a veiled one no shadows.
    :param overexposed, underexposed: shares of pixels burnt out to white (250 of 255) and drowned in black (16).
    """

    luma: float
    contrast: float
    shadows: float
    highlights: float
    overexposed: float
    underexposed: float


class FaceLight(NamedTuple):
    """
    :param luma: 99th percentile of the middle of the face, 0..1: eye whites, teeth and what shines, which are light on
        every skin. In good light 0.46 (the darkest Monk tone) to 0.99, at 35 % of the light 0.16 to 0.35.
    :param contrast: from the 5th to the 99th percentile, 0..1.
    :param overexposed: share of the face burnt out, 0..1.
    """

    luma: float
    contrast: float
    overexposed: float


def levels(sample: Gray) -> Levels:
    """:param sample: the picture, or every n-th pixel of it, without bars."""
    if sample.size == 0:
        return Levels(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    step = max(1, round((sample.size / LEVELS_OF) ** 0.5))
    counts = np.bincount(sample[::step, ::step].ravel(), minlength=256)
    share = counts / counts.sum()
    mean = float(share @ _VALUES)
    below = np.cumsum(share)
    return Levels(
        luma=mean,
        contrast=float(share @ (_VALUES - mean) ** 2) ** 0.5,
        shadows=int(np.searchsorted(below, 0.05)) / 255,
        highlights=int(np.searchsorted(below, 0.95)) / 255,
        overexposed=float(share[BURNT:].sum()),
        underexposed=float(share[: DROWNED + 1].sum()),
    )


def face_light(gray: Gray, face: Box) -> FaceLight | None:
    """:returns: None when the face is outside the picture."""
    middle = Box(
        face.x + MIDDLE.x * face.width,
        face.y + MIDDLE.y * face.height,
        MIDDLE.width * face.width,
        MIDDLE.height * face.height,
    )
    part = crop(gray, middle)
    if part.size == 0:
        return None
    below = np.cumsum(np.bincount(part.ravel(), minlength=256)) / part.size
    darkest, brightest = (int(np.searchsorted(below, share)) / 255 for share in (0.05, 0.99))
    return FaceLight(brightest, brightest - darkest, 1.0 - float(below[FACE_BURNT - 1]))


def surroundings(cells: Grid, face: Box) -> float:
    """
    Brightness of windows, lamps and bright walls, 0..1: 75th percentile of the upper half's cells outside the face and
    its hair, black bars left out.
    """
    outside = np.ones(cells.shape, dtype=np.bool_)
    outside[GRID_ROWS // 2 :, :] = False
    outside[cells_of(grown(face, 1.8))] = False
    lit = cells[outside & (cells > FLOOR)]
    if lit.size == 0:
        return 0.0
    rank = round(0.75 * (lit.size - 1))
    return float(np.partition(lit, rank)[rank])


def backlight(surroundings: float, face: FaceLight) -> float:
    """
    By how many stops (factors of 2 of the coded brightness) the surroundings outshine what is light in the face.

    Measured: in good light before walls from dark to white -1.9 (lightest skin) to 1.05 (darkest Monk tone,
    white wall); the person at 32 % of the light before a bright background 1.3 to 1.75 filmed, at 22 % 1.7 to 2.2;
    drawn up to 3.2.

    :returns: below 0 when the face is the brighter; about -3..6.
    """
    return float(np.log2((surroundings + FLOOR) / (face.luma + FLOOR)))


def hands_contrast(gray: Gray, hands: tuple[Hand, ...]) -> float | None:
    """
    How much the hands stand out from what is around them (clothes, mostly): brightness of the landmarks against that of
    the frame around the hand, relative to the brighter of both, so that darkness does not count twice.

    :returns: 0 (the same) .. 1 of the hand that stands out less; None without a hand in the picture.
    """
    found = [value for hand in hands if (value := _contrast_of(gray, hand)) is not None]
    return min(found) if found else None


def grown(box: Box, factor: float) -> Box:
    """:returns: the box with sides ``factor`` times as long around the same centre."""
    extra_x, extra_y = box.width * (factor - 1) / 2, box.height * (factor - 1) / 2
    return Box(box.x - extra_x, box.y - extra_y, box.width * factor, box.height * factor)


def cells_of(box: Box) -> tuple[slice, slice]:
    """:returns: rows and columns of the grid that the box covers, cut at the picture's borders."""
    top, bottom = (max(0, round(y * GRID_ROWS)) for y in (box.y, box.y + box.height))
    left, right = (max(0, round(x * GRID_COLUMNS)) for x in (box.x, box.x + box.width))
    return slice(top, bottom), slice(left, right)


def _contrast_of(gray: Gray, hand: Hand) -> float | None:
    """Brightness of the palm and the fingers' bones against the border of the hand's box, one fifth wider."""
    part = crop(gray, grown(hand_box(hand), 1.4))
    if min(part.shape) < SMALLEST_HAND:
        return None
    height, width = gray.shape
    points = (hand.landmarks * (width, height)).astype(np.intp)
    inside = points[(points >= 0).all(axis=1) & (points < (width, height)).all(axis=1)]
    if len(inside) < LANDMARKS // 2:
        return None
    skin = float(np.median(gray[inside[:, 1], inside[:, 0]]))
    frame = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    behind = float(np.median(frame))
    return abs(skin - behind) / max(skin, behind, 255 * FLOOR)


_VALUES = np.arange(256) / 255.0
