"""
The picture as a whole, whatever it shows: its bars, whether something lies over the lens, whether it stands still,
whether compression shows. Pure.
"""

import math

import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box, Gray

Grid = NDArray[np.float32]  # shape (24, 32): mean brightness of each cell, 0..1

GRID_ROWS, GRID_COLUMNS = 24, 32
WHOLE = Box(0.0, 0.0, 1.0, 1.0)
SAMPLES = 160  # pixels of the longer side, enough for levels and bars
BLACK = 10  # of 255: the brightest that a bar's pixel gets after compression
MAX_BAR = 0.4  # of the side; more black is no bar
#: Change of a cell's brightness (0..1) that is somebody's. A frozen picture that an encoder goes on refining changes
#: its cells by up to 0.004 (500 kbit/s), 0.006 (250), 0.009 (100); a person at rest by 0.02 and more within a second.
ALIVE = 0.010
BLOCK = 8  # pixels: VP8, H.264 and JPEG code blocks of 4, 8 or 16


def crop(gray: Gray, box: Box) -> Gray:
    """:returns: the part of the picture (gray or colour) in the box, cut at its borders; possibly empty."""
    height, width = gray.shape[:2]
    top, bottom = (round(max(0.0, y) * height) for y in (box.y, box.y + box.height))
    left, right = (round(max(0.0, x) * width) for x in (box.x, box.x + box.width))
    return gray[top:bottom, left:right]


def sampled(gray: Gray, samples: int = SAMPLES) -> Gray:
    """:returns: every n-th pixel of every n-th row, so that the longer side has about ``samples``; contiguous."""
    step = max(1, round(max(gray.shape) / samples))
    return np.ascontiguousarray(gray[::step, ::step])


def averaged(gray: Gray, samples: int) -> Gray:
    """:returns: means of n x n pixels, so that the longer side has about ``samples``: :func:`sampled` without noise."""
    step = max(1, round(max(gray.shape) / samples))
    if step == 1:
        return np.ascontiguousarray(gray)
    rows, columns = gray.shape[0] // step, gray.shape[1] // step
    part = gray[: rows * step, : columns * step]
    narrow = part.reshape(rows, step, -1).sum(axis=1, dtype=np.uint16)
    sums = sum((narrow[:, offset::step] for offset in range(1, step)), start=narrow[:, ::step])
    return np.asarray(sums // (step * step), dtype=np.uint8)


def grid(gray: Gray) -> Grid:
    """:returns: mean brightness, 0..1, in 24 rows of 32 cells; of a side that cannot be divided the middle is taken."""
    height, width = gray.shape
    if height < GRID_ROWS or width < GRID_COLUMNS:
        gray = np.repeat(np.repeat(gray, GRID_ROWS, axis=0), GRID_COLUMNS, axis=1)
        height, width = gray.shape
    rows, columns = height // GRID_ROWS, width // GRID_COLUMNS
    top, left = (height - rows * GRID_ROWS) // 2, (width - columns * GRID_COLUMNS) // 2
    part = gray[top : top + rows * GRID_ROWS, left : left + columns * GRID_COLUMNS]
    narrow = part.reshape(GRID_ROWS, rows, -1).sum(axis=1, dtype=np.uint16 if rows <= 256 else np.uint32)
    sums = narrow.reshape(GRID_ROWS, GRID_COLUMNS, columns).sum(axis=2, dtype=np.uint32)
    return np.asarray(sums / np.float32(255 * rows * columns), dtype=np.float32)


def content(sample: Gray) -> Box:
    """
    Where the picture is, without black bars: a portrait picture in a landscape frame, or a film's.

    :param sample: the picture or a :func:`sampled` one.
    :returns: :data:`WHOLE` when there are none, or when nearly all is black (then it is no bar).
    """
    top, bottom = _bars(sample.max(axis=1))
    left, right = _bars(sample.max(axis=0))
    return Box(left, top, 1.0 - left - right, 1.0 - top - bottom)


def within(cells: Grid, box: Box) -> Grid:
    """:returns: the cells that are wholly in the box; all of them when none is."""
    top, left = math.ceil(box.y * GRID_ROWS - 1e-6), math.ceil(box.x * GRID_COLUMNS - 1e-6)
    bottom, right = int((box.y + box.height) * GRID_ROWS + 1e-6), int((box.x + box.width) * GRID_COLUMNS + 1e-6)
    return cells[top:bottom, left:right] if bottom > top + 1 and right > left + 1 else cells


def structure(cells: Grid) -> float:
    """
    How much there is to see: brightness steps between neighbouring cells (99th percentile) against the mean brightness.

    Neither blur nor darkness takes it away; a hand, tape or a shutter over the lens does. Measured: real clips 0.78 to
    1.9, drawn ones 0.27 (dark skin, clothes and wall) to 0.66, blurred by 8 pixels 0.48 to 1.3, at 5 % of the light
    0.32; a covered lens with its own gradients and noise 0.01 to 0.04, a bare wall 0.01.

    :returns: from 0 (nothing) to about 2.
    """
    steps = np.concatenate([np.diff(cells, axis=0).ravel(), np.diff(cells, axis=1).ravel()])
    np.abs(steps, out=steps)
    rank = round(0.99 * (steps.size - 1))
    return float(np.partition(steps, rank)[rank] / (cells.mean() + 0.03))


def flat(cells: Grid) -> float:
    """
    Share of the cells no different from all four neighbours, 0..1. Walls are flat too.

    Measured: real clips 0.35 to 0.38, a drawn signer before a plain wall 0.66 to 0.73; four fifths of the lens covered
    0.80 to 0.88, all of it 1.
    """
    limit = 0.012 + 0.03 * float(cells.mean())
    steps_down = np.abs(np.diff(cells, axis=0)) > limit
    steps_right = np.abs(np.diff(cells, axis=1)) > limit
    edged = np.zeros(cells.shape, dtype=np.bool_)
    edged[1:] |= steps_down
    edged[:-1] |= steps_down
    edged[:, 1:] |= steps_right
    edged[:, :-1] |= steps_right
    return 1.0 - float(np.count_nonzero(edged)) / edged.size


class Anchor:
    """
    What a picture looked like when something in it last changed.

    A person who does nothing breathes and blinks: some cell changes by more than :data:`ALIVE` within a second or two.
    A frozen picture does not, whether it repeats exactly or is refined by an encoder. An empty room stands still
    as well: only with a person in it is a still picture a frozen one.
    """

    def __init__(self) -> None:
        self._cells: Grid | None = None

    def leaves(self, cells: Grid) -> bool:
        """:returns: whether some cell has left its brightness at the anchor, which then is this picture."""
        if self._cells is not None and float(np.abs(cells - self._cells).max()) <= ALIVE:
            return False
        self._cells = cells
        return True


def blockiness(gray: Gray) -> float:
    """
    How much the grid of a coder's blocks stands out: steps across the borders of blocks of 8 pixels against the largest
    at other distances from them, less one.

    To be measured on pictures as they were decoded: scaling hides the blocks. Measured on 640 x 480: not compressed
    or VP8 at 500 kbit/s below 0.06; JPEG of quality 20: 0.6 to 1.4, 10: 1.1 to 3.2; VP8 and H.264, which smooth their
    blocks, at 100 kbit/s 0.1 to 0.4 only: for those the bit rate tells more.

    :returns: 0 (none) to about 5; the smaller of both directions.
    """
    return max(0.0, min(_steps_at_blocks(gray[::4]), _steps_at_blocks(gray[:, ::4].T)))


def _bars(brightest: NDArray[np.uint8]) -> tuple[float, float]:
    """:returns: share of the side that is bar at its beginning and at its end."""
    lit = np.flatnonzero(brightest > BLACK)
    if lit.size == 0:
        return 0.0, 0.0
    first, last = int(lit[0]) / brightest.size, (brightest.size - 1 - int(lit[-1])) / brightest.size
    return (first, last) if max(first, last) <= MAX_BAR else (0.0, 0.0)


def _steps_at_blocks(rows: Gray) -> float:
    """:param rows: shape (rows, pixels along the direction)."""
    width = (rows.shape[1] - 1) // BLOCK * BLOCK
    if width < 4 * BLOCK:
        return 0.0
    a, b = rows[:, :width], rows[:, 1 : width + 1]
    steps = (np.maximum(a, b) - np.minimum(a, b)).mean(axis=0).reshape(-1, BLOCK).mean(axis=0)
    return float(steps[-1] / (steps[:-1].max() + 0.05)) - 1.0
