"""
Smear: whether what moves is as sharp as the face, or drawn out into streaks by a slow shutter. Pure.

In dim light a camera leaves its shutter open for a tenth of a second and more. What stands still stays sharp, so
neither the picture nor the face tells of it; a moving hand becomes a soft streak, and mostly no hand is found there any
more. So the picture is asked where it changes: how much of the contrast is there in one step, from one pixel to the
next? An edge has most of its contrast in one step, a streak a little in each of many. The same of the face, in the
same picture, takes lens, coder and grain into account.
"""

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.light import cells_of
from relay.visibility.measures.movement import Cells
from relay.visibility.measures.picture import GRID_COLUMNS, GRID_ROWS
from relay.visibility.model import Box, Gray

Levels = NDArray[np.uint8]  # shape (24, 32), or one less each way: of cells, or of 2 x 2 of them

SMALLEST_CELL = 5  # pixels: of smaller ones nothing can be told
CONTRAST = 20  # of 255, from the darkest to the lightest of 2 x 2 cells, besides grain: dark hands before dark clothes
CHANGED_CELLS = 3  # of 2 x 2: the others may show a still edge
#: Rank of the cell, by its steepest step, that shows nothing but grain: most pictures are plain in a seventh of them.
GRAIN_RANK = round(0.15 * (GRID_ROWS * GRID_COLUMNS - 1))
LEAST_CHANGED, LEAST_OF_FACE = 3, 4  # groups of 2 x 2 cells with contrast


def motion_blur(gray: Gray, changed: Cells, face: Box) -> float | None:
    """
    How much softer the edges are where the picture has just changed than those of the face. 0.12 ms for 320 x 240.

    Means over 3 s of signing, 8 pictures a second, 320 x 240. Shutters of 8 to 33 ms: two real clips in any light, with
    grain, and after VP8 at 120 to 500 kbit/s 0 to 0.26, drawn signers 0 to 0.37 (99 in 100 up to 0.33), behind a box or
    at 144 lines up to 0.14, at the lower border or in the dark up to 0.32. Slow ones: drawn, 0.12 to 0.20 s, 0.28 to
    0.58 (dark skin before dark clothes least); of a real clip averaged over 80 ms 0.28 to 0.35, over 0.12 to 0.32 s
    0.38 to 0.48. It says nothing of a face that is smeared as well, as by a camera in the hand: 0.12 to 0.20.

    :param gray: about 320 pixels wide. :param changed: cells that differ from the picture just before.
    :param face: where it was seen last.
    :returns: 0 as sharp as the face .. 1 without any edge; None where there is too little to compare.
    """
    if gray.shape[0] < SMALLEST_CELL * GRID_ROWS or gray.shape[1] < SMALLEST_CELL * GRID_COLUMNS:
        return None
    steepest = _of_cells(_steepest(gray), np.maximum)
    grain = int(np.partition(steepest.ravel(), GRAIN_RANK)[GRAIN_RANK])
    contrast = _of_groups(_of_cells(gray, np.maximum), np.maximum) - _of_groups(_of_cells(gray, np.minimum), np.minimum)
    has_edges = contrast > CONTRAST + grain
    moving = has_edges & (_of_groups(changed.astype(np.uint8), np.add) >= CHANGED_CELLS)
    still = has_edges & _begins_in(face)
    if np.count_nonzero(moving) < LEAST_CHANGED or np.count_nonzero(still) < LEAST_OF_FACE:
        return None
    in_one_step = (np.maximum(_of_groups(steepest, np.maximum), grain) - grain) / (
        np.maximum(contrast, grain + 1) - grain
    )
    of_face = float(in_one_step[still].mean())
    return max(0.0, 1.0 - float(in_one_step[moving].mean()) / of_face) if of_face > 0.0 else None


def _steepest(gray: Gray) -> Gray:
    """:returns: of each pixel the larger of the steps to its neighbours below and to the right, 0..255."""
    steps = np.zeros(gray.shape, dtype=np.uint8)
    steps[:-1] = np.maximum(gray[1:], gray[:-1]) - np.minimum(gray[1:], gray[:-1])
    right = np.maximum(gray[:, 1:], gray[:, :-1]) - np.minimum(gray[:, 1:], gray[:, :-1])
    np.maximum(steps[:, :-1], right, out=steps[:, :-1])
    return steps


def _of_cells(gray: Gray, most: np.ufunc) -> Levels:
    """:returns: the most (or, of ``np.minimum``, the least) of each cell; what cells leave over at the sides is cut."""
    rows, columns = gray.shape[0] // GRID_ROWS, gray.shape[1] // GRID_COLUMNS
    part = gray[: rows * GRID_ROWS, : columns * GRID_COLUMNS]
    narrow = most.reduce(part.reshape(GRID_ROWS, rows, -1), axis=1)
    upright = np.ascontiguousarray(narrow.T).reshape(GRID_COLUMNS, columns, GRID_ROWS)
    return np.asarray(most.reduce(upright, axis=1).T, dtype=np.uint8)


def _of_groups(cells: Levels, most: np.ufunc) -> Levels:
    """:returns: shape (23, 31): of each 2 x 2 cells, by the upper left one of them."""
    across = most(cells[:, 1:], cells[:, :-1])
    return np.asarray(most(across[1:], across[:-1]), dtype=np.uint8)


def _begins_in(face: Box) -> Cells:
    cells = np.zeros((GRID_ROWS, GRID_COLUMNS), dtype=np.bool_)
    cells[cells_of(face)] = True
    return cells[:-1, :-1]
