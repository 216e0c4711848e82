"""Sharpness of a part of the picture. Pure."""

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.picture import crop
from relay.visibility.model import Box, Gray

BLUR_TAPS = 9  # pixels, Crete et al. 2007


def sharpness(gray: Gray) -> float:
    """
    How sharp a picture is, whatever it shows: what a blur would take away from it.

    One minus the no-reference blur measure of Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and
    estimation with a new no-reference perceptual blur metric", SPIE 2007: differences between neighbours are compared
    before and after a 9-pixel mean; a picture that is blurred already loses little.

    :param gray: shape (height, width), at least 2 x 2.
    :returns: in [0, 1]; a flat picture gives 0.
    """
    picture = gray.astype(np.float32)
    return float(min(_kept_detail(picture), _kept_detail(picture.T)))


def sharpness_in(gray: Gray, box: Box) -> float | None:
    """:returns: :func:`sharpness` of the part in the box; None when too little of it is in the picture."""
    part = crop(gray, box)
    return sharpness(part) if min(part.shape) > BLUR_TAPS else None


def detail(gray: Gray) -> float:
    """:returns: mean absolute difference between neighbouring pixels along the rows, 0..1."""
    rows = gray[::2].astype(np.int16)
    return float(np.abs(np.diff(rows, axis=1)).mean() / 255) if gray.shape[1] > 1 else 0.0


def _kept_detail(picture: NDArray[np.float32]) -> float:
    """Share of the differences down the columns that a 9-pixel mean takes away, in [0, 1]."""
    differences = np.abs(np.diff(picture, axis=0))
    total = float(differences.sum())
    if total == 0.0:
        return 0.0
    half = BLUR_TAPS // 2
    padded = np.pad(picture, ((half + 1, half), (0, 0)), mode="edge").cumsum(axis=0, dtype=np.float64)
    smoothed = (padded[BLUR_TAPS:] - padded[:-BLUR_TAPS]) / BLUR_TAPS
    left = np.abs(np.diff(smoothed, axis=0))
    return float(np.maximum(differences - left, 0).sum()) / total
