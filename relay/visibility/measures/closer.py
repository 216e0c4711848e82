"""
Where to look closer when nobody is found: somebody far away moves as others do, but in fewer cells. Pure.

The face model sees the picture at 192 x 192: of a face of 5 % of its height 10 pixels are left, and it is found now and
then. In a part of the picture it is as if it were near. One or two parts at a time, and only those in which something
has moved: a portrait on the wall is nobody, and an empty room costs nothing.
"""

import numpy as np

from relay.visibility.measures.light import cells_of
from relay.visibility.measures.picture import GRID_COLUMNS, GRID_ROWS, Grid
from relay.visibility.model import Box

#: Share of width and height. Drawn faces of 0.04 to 0.065 of the height, by score of the best found in the whole
#: picture: none to 0.83, in a part of 0.6: 0.54 to 0.91, of 0.4: 0.6 to 0.96; rooms without anybody up to 0.67.
SIDE = 0.42
OFFSETS = (0.0, 0.29, 0.58)  # they overlap by more than such a face
PARTS = tuple(Box(x, y, SIDE, SIDE) for y in OFFSETS for x in OFFSETS)
STIRRED = 0.02  # change of a cell's brightness that is more than noise and coding
SCENE_STIRRED = 0.5  # share of the cells from which on the camera or the light has changed, not somebody moved
REMEMBERED = 0.9  # of the movement, from one picture to the next: about a second and a half
ABOVE = 0.12  # of the picture's height, from the hands of somebody far away up to above the head
LASTING = 0.8  # pictures of movement, of a cell
ENOUGH = 1.5  # cells and pictures of movement in a part
MISSES = 3  # looks without a face where there was one, until it is gone


class Closer:
    """Which parts of one leg's pictures to search for a face."""

    def __init__(self) -> None:
        self._stirs = np.zeros((GRID_ROWS, GRID_COLUMNS), dtype=np.float32)
        self._looked = dict.fromkeys(PARTS, 0)  # in which look each was searched last
        self._looks = 0
        self._last: Box | None = None  # where a face was found
        self._misses = 0

    def glanced(self, before: Grid | None, now: Grid) -> None:
        """:param before: a few pictures ago; None: there was none."""
        if before is None:
            return
        stirred = np.abs(now - before) > STIRRED
        self._stirs *= REMEMBERED
        if stirred.mean() < SCENE_STIRRED:
            self._stirs += stirred

    def parts(self) -> tuple[Box, ...]:
        """
        :returns: where to look now: where a face was found last, and where something moves, each part in turn; the
            upper ones first, since heads are above what moves.
        """
        self._looks += 1
        moving = [part for part in PARTS if self._stir(part) >= ENOUGH]
        known = (self._last,) if self._last else ()
        if not moving:
            return known
        part = min(moving, key=lambda each: (self._looked[each], each.y, -self._stir(each)))
        self._looked[part] = self._looks
        return (*known, self._centred(part))

    def found(self, face: Box | None) -> None:
        """:param face: the largest one of these parts, in the whole picture; None: there was none."""
        if face is not None:
            self._last, self._misses = part_around(*face.centre), 0
            return
        self._misses += 1
        if self._misses >= MISSES:
            self._last = None

    def _stir(self, part: Box) -> float:
        return float(self._stirs[cells_of(part)].sum())

    def _centred(self, part: Box) -> Box:
        """:returns: the part moved to what moves in it: in the middle sideways, and with room for a head above."""
        stirs = self._stirs[cells_of(part)]
        columns = stirs.sum(axis=0)
        x = part.x + (float(columns @ np.arange(columns.size)) / float(columns.sum()) + 0.5) / GRID_COLUMNS
        top = part.y + int(np.argmax(stirs.max(axis=1) >= LASTING)) / GRID_ROWS
        return part_around(x, top - ABOVE + SIDE / 2)


def part_around(x: float, y: float) -> Box:
    """:returns: the part with this point in its middle, as far as the picture goes."""
    return Box(min(1 - SIDE, max(0.0, x - SIDE / 2)), min(1 - SIDE, max(0.0, y - SIDE / 2)), SIDE, SIDE)
