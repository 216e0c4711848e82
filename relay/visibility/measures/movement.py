"""
Movement: what changed between pictures, in cells of a coarse grid. Pure.

Signing is movement of hands, wrists and shoulders: within the person's reach and outside the face. A lamp switched on,
an exposure that adapts and a camera that is knocked change the whole picture at once: they are estimated and taken off.
"""

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.light import cells_of, grown
from relay.visibility.measures.picture import GRID_COLUMNS, GRID_ROWS, Grid
from relay.visibility.model import Box, Glance

Cells = NDArray[np.bool_]  # shape (24, 32)

#: Change of a cell's brightness, 0..1, that counts in a well-lit picture: above noise averaged over a cell, and small
#: enough for dark hands before dark clothes (at 0.06 their signing moved half as many cells as that of light hands).
MOVED = 0.045
FULL_LIGHT = 0.8  # highlights of a well-lit picture; a darker one changes less when the same moves
LEAST_LIGHT = 0.25  # share of MOVED below which noise would count
SIGNING_MOTION = 0.015  # share of cells that changed within three pictures: signing 0.02 to 0.28, at rest up to 0.013
REACH = (3.2, 1.2)  # sideways from the middle of the face, up from its top, in widths and heights of the face
#: What a nod moves: hair above the face, chin, neck and collar as far below it as it is high, and as wide as the head;
#: in shares of the face's height and width. Hands that sign there move forearms beside it.
NOD_BELOW, NOD_WIDTH = 1.0, 1.6
#: The same of somebody whose hands something hides: all that is left are elbows and shoulders beside it, 0.007 to 0.02.
#: Attending moves as much, so it counts only where hands and body are looked for and lost.
HIDDEN_MOTION = 0.0075
BORDER_ROWS = 4  # lowest sixth of the picture, where hands leave it
BORDER_COLUMNS = 2  # at each side
BORDER_MOTION = 0.04  # share of the border cells
BORDER_FINGERS = 0.015  # share of the border cells: drawn fingers at the lower edge move 0.01 to 0.045
BORDER_SHARE = 0.5  # of all motion; hands on their way into the picture move arms and elbows as well
BORDER = np.zeros((GRID_ROWS, GRID_COLUMNS), dtype=np.bool_)
BORDER[-BORDER_ROWS:, :] = True
BORDER[GRID_ROWS // 3 :, :BORDER_COLUMNS] = True
BORDER[GRID_ROWS // 3 :, -BORDER_COLUMNS:] = True

COMPARED_S = 0.36  # back: three pictures of 8 a second
KEPT = 3  # grids: more are not needed at the rate at which pictures are glanced at


def unexplained(before: Grid, now: Grid) -> Grid:
    """
    The change of each cell that a change of the whole picture does not explain, signed, 0..1.

    The whole picture may have become brighter (offset, gain) and have shifted by a little (brightness changes along
    its gradients, Lucas and Kanade 1981); least squares over all cells, and again over those that the first fit
    explains, so that a moving person is not explained away.
    """
    change = (now - before).ravel()
    model = _whole_picture(before)
    weights = np.ones_like(change)
    rest = change
    for _ in range(2):
        weighted = model * weights
        solution = np.linalg.solve(weighted @ model.T + _RIDGE, weighted @ change)
        rest = change - solution @ model
        weights = (np.abs(rest) < max(0.01, 2.0 * float(np.median(np.abs(rest))))).astype(np.float32)
    return np.asarray(rest.reshape(before.shape), dtype=np.float32)


def moved(before: Grid | None, now: Grid, face: Box | None) -> Cells:
    """
    Which cells changed, within the reach of the person whose face it is, outside that face: a shaken head is no sign of
    the hands, and a television far from the signer none at all.
    """
    if before is None:
        return np.zeros(now.shape, dtype=np.bool_)
    limit = _limit(now)
    if float(np.abs(now - before).max()) <= limit:  # most pictures of most calls
        return np.zeros(now.shape, dtype=np.bool_)
    cells = np.asarray(np.abs(unexplained(before, now)) > limit)
    return cells if face is None else cells & reach(face)


def changed_since(before: Grid | None, now: Grid) -> Cells:
    """Which cells changed, for whatever reason."""
    return np.zeros(now.shape, dtype=np.bool_) if before is None else np.asarray(np.abs(now - before) > _limit(now))


def reach(face: Box) -> Cells:
    """:returns: the cells to which a person's hands may go, without the face and its hair."""
    x, y = face.centre[0], face.y
    sideways, up = REACH[0] * face.width, REACH[1] * face.height
    cells = np.zeros((GRID_ROWS, GRID_COLUMNS), dtype=np.bool_)
    cells[cells_of(Box(x - sideways, y - up, 2 * sideways, 1.0 - y + up))] = True
    cells[cells_of(grown(face, 1.5))] = False
    return cells


def beside_head(cells: Cells, face: Box | None) -> float:
    """
    What moves that no nod explains: where something does above the face, nothing from there to the collar counts.

    :param cells: what moved, without the face. :param face: where it is; None: nothing is known of a head.
    :returns: share of all cells, 0..1.
    """
    if face is None or not cells.any():
        return float(cells.mean())
    width, bottom = NOD_WIDTH * face.width, face.y + (1 + NOD_BELOW) * face.height
    left = face.centre[0] - width / 2
    if not cells[cells_of(Box(left, 0.0, width, face.y))].any():
        return float(cells.mean())
    others = cells.copy()
    others[cells_of(Box(left, 0.0, width, bottom))] = False
    return float(others.mean())


def border_movement(cells: Cells) -> float:
    """:returns: share of the cells at the lower and side borders that changed, 0..1."""
    return float(cells[BORDER].mean())


def moves_at_border(glance: Glance) -> bool:
    """Whether what moves is at the lower and side borders and nearly nowhere else: hands below the picture."""
    at_border = glance.border_movement * float(BORDER.mean())
    return glance.border_movement > BORDER_MOTION and at_border >= BORDER_SHARE * glance.movement


def shows_signing(glance: Glance, *, is_cut: bool = False, is_lost: bool = False) -> bool:
    """
    Whether as much moves as a hand does.

    :param is_cut: hands may be out of the picture: fingers at its lower or side border, all that is left, count too.
    :param is_lost: something seems to hide the hands: what is left beside it counts.
    """
    if is_lost and glance.movement >= HIDDEN_MOTION:
        return True
    if not is_cut:
        return glance.movement >= SIGNING_MOTION
    share_at_border = glance.border_movement * float(BORDER.mean())
    at_border = glance.border_movement >= BORDER_FINGERS and share_at_border >= BORDER_SHARE * glance.movement
    return glance.movement >= SIGNING_MOTION or at_border


def without_nod(glance: Glance) -> Glance:
    """:returns: the same with the movement alone that no nod explains."""
    return replace(glance, movement=glance.movement_beside_head)


def difference(before: Grid | None, now: Grid) -> float | None:
    """:returns: mean absolute change of brightness over the cells, 0..1; None without a picture before."""
    return None if before is None else float(np.abs(now - before).mean())


class RecentGrids:
    """
    The grids of the last pictures, to compare with one that is old enough: between two pictures of 25 a second a hand
    moves by less than a cell, after ``COMPARED_S`` it is somewhere else. So much later movement is over.
    """

    def __init__(self) -> None:
        self._grids: deque[tuple[float, Grid]] = deque(maxlen=KEPT)

    def add(self, cells: Grid, at_s: float) -> tuple[Grid | None, Grid | None]:
        """
        :param at_s: when the picture was taken, any clock.
        :returns: the grid of the picture just before, and the newest that is old enough, or else the oldest; None for
            the first picture.
        """
        if self._grids and at_s < self._grids[-1][0]:  # another clock
            self._grids.clear()
        last = self._grids[-1][1] if self._grids else None
        old = [grid for since, grid in self._grids if at_s - since >= COMPARED_S]
        earlier = old[-1] if old else self._grids[0][1] if self._grids else None
        self._grids.append((at_s, cells))
        return last, earlier


def _limit(now: Grid) -> float:
    """:returns: the change of a cell that counts, 0..1: less in a darker picture."""
    light = float(np.partition(now.ravel(), _BRIGHT)[_BRIGHT]) / FULL_LIGHT
    return MOVED * min(1.0, max(LEAST_LIGHT, light))


def _whole_picture(cells: Grid) -> NDArray[np.float32]:
    """:returns: shape (4, cells): what offset, gain and a shift to the right and down would change."""
    right, down = np.zeros_like(cells), np.zeros_like(cells)
    right[:, 1:-1] = (cells[:, 2:] - cells[:, :-2]) / 2
    down[1:-1] = (cells[2:] - cells[:-2]) / 2
    flat = cells.ravel()
    return np.stack([np.ones_like(flat), flat - flat.mean(), right.ravel(), down.ravel()])


_RIDGE = np.eye(4, dtype=np.float32) * 1e-3  # a plain picture has no gradients: nothing has shifted
_BRIGHT = round(0.95 * (GRID_ROWS * GRID_COLUMNS - 1))
