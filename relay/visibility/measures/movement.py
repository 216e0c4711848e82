"""Movement: what changed between two pictures, in cells of a coarse grid. Pure."""

import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box, Glance, Gray

Grid = NDArray[np.float32]  # shape (24, 32): mean brightness of each cell, 0..1

GRID_ROWS, GRID_COLUMNS = 24, 32
MOVED = 0.06  # change of a cell's mean brightness (0..1) that counts: above camera noise averaged over a cell
SIGNING_MOTION = 0.015  # share of cells: a hand moves over 2 % to 15 %, a breathing chest over less than 1 %
BORDER_ROWS = 4  # lowest sixth of the picture, where hands leave it
BORDER_COLUMNS = 2  # at each side
BORDER_MOTION = 0.04  # share of the border cells
BORDER_SHARE = 0.5  # of all motion; hands on their way into the picture move arms and elbows as well
BORDER = np.zeros((GRID_ROWS, GRID_COLUMNS), dtype=np.bool_)
BORDER[-BORDER_ROWS:, :] = True
BORDER[GRID_ROWS // 3 :, :BORDER_COLUMNS] = True
BORDER[GRID_ROWS // 3 :, -BORDER_COLUMNS:] = True


def grid(gray: Gray) -> Grid:
    """:returns: mean brightness, 0..1, in 24 rows of 32 cells; shape (24, 32)."""
    height, width = gray.shape
    rows = np.linspace(0, height, GRID_ROWS, endpoint=False).astype(np.intp)
    columns = np.linspace(0, width, GRID_COLUMNS, endpoint=False).astype(np.intp)
    sums = np.add.reduceat(np.add.reduceat(gray, rows, axis=0, dtype=np.uint32), columns, axis=1, dtype=np.uint32)
    heights = np.diff(np.append(rows, height))
    widths = np.diff(np.append(columns, width))
    return np.asarray(sums / np.outer(heights, widths) / 255, dtype=np.float32)


def moved(before: Grid | None, now: Grid, face: Box | None) -> NDArray[np.bool_]:
    """
    Which cells changed, outside the face: a shaken head is not a sign of the hands.

    A change of the whole picture (exposure, a lamp) is taken off first.
    """
    if before is None:
        return np.zeros(now.shape, dtype=np.bool_)
    change = now - before
    cells = np.asarray(np.abs(change - np.median(change)) > MOVED)
    if face is not None:
        cells[cells_of(grown(face, 1.5))] = False
    return cells


def border_movement(cells: NDArray[np.bool_]) -> float:
    """:returns: share of the cells at the lower and side borders that changed, 0..1."""
    return float(cells[BORDER].mean())


def moves_at_border(glance: Glance) -> bool:
    """Whether what moves is at the lower and side borders and nearly nowhere else: hands below the picture."""
    at_border = glance.border_movement * float(BORDER.mean())
    return glance.border_movement > BORDER_MOTION and at_border >= BORDER_SHARE * glance.movement


def difference(before: Grid | None, now: Grid) -> float | None:
    """:returns: mean absolute change of brightness over the cells, 0..1; None without a picture before."""
    return None if before is None else float(np.abs(now - before).mean())


def grown(box: Box, factor: float) -> Box:
    """:returns: the box with sides ``factor`` times as long around the same centre."""
    extra_x, extra_y = box.width * (factor - 1) / 2, box.height * (factor - 1) / 2
    return Box(box.x - extra_x, box.y - extra_y, box.width * factor, box.height * factor)


def cells_of(box: Box) -> tuple[slice, slice]:
    """:returns: rows and columns of the grid that the box covers, cut at the picture's borders."""
    top, bottom = (max(0, round(y * GRID_ROWS)) for y in (box.y, box.y + box.height))
    left, right = (max(0, round(x * GRID_COLUMNS)) for x in (box.x, box.x + box.width))
    return slice(top, bottom), slice(left, right)
