"""
Whether the room is still the one in which somebody was seen last: so an empty room is told from a covered lens. Pure.

A bare wall and a cloth over the lens may look the same. But whoever leaves leaves the wall behind: most of it has the
brightness and the colour that it had beside that person. What comes before the lens takes all of it away. And grease on
the lens, which can leave no edge to see, leaves what is large: where it was lighter it is still lighter.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.picture import GRID_COLUMNS, GRID_ROWS, grid, sampled

Room = NDArray[np.float32]  # shape (3, 24, 32): mean red, green and blue of each cell, 0..1

#: Automatic exposure answers when somebody dark or light leaves: by a stop at most, a factor of 1.4 of coded values.
GAINS = np.geomspace(1 / 1.4, 1.4, 15).astype(np.float32)
#: Change of a cell's colour: noise and coders change less than the first; white balance changes it by up to this share.
SAME, SAME_SHARE = 0.012, 0.07
COARSE = 4  # cells: larger than what grease scatters
LEAST_VARIANCE = 1e-7  # of brightness: in a flat picture nothing is lighter
LAG_S = 1.0  # at least, from what is remembered to the last look with a face: a hand comes before the lens meanwhile


class Kept(NamedTuple):
    """:param share: as :func:`kept`. :param shape: as :func:`shape_kept`."""

    share: float
    shape: float


def room(rgb: NDArray[np.uint8]) -> Room:
    """:param rgb: shape (height, width, 3), any size."""
    return np.stack([grid(sampled(rgb[..., channel])) for channel in range(3)])


def kept(before: Room, now: Room) -> float:
    """
    Share of the cells that have the colour they had, but for one factor for all of them (exposure).

    Measured: when a drawn signer has left 0.68 to 0.76, whatever is behind, with automatic white balance 0.58 and more;
    finger, cloth, lid or paper before drawn and filmed rooms 0 to 0.02, made as bright as the room up to 0.45 (grey
    cloth, grey wall).
    """
    known = before[None] * GAINS[:, None, None, None]
    same = np.abs(now[None] - known) <= SAME + SAME_SHARE * known
    return float(same.all(axis=1).mean(axis=(1, 2)).max())


def shape_kept(before: Room, now: Room) -> float:
    """
    How much of the large differences in brightness is left, and where they were: slope of the regression, times the
    correlation.

    Measured, drawn: grease on the lens, however thick, 0.66 to 0.85; finger, cloth and lid up to 0.06. When somebody
    has left, 0 to 0.70, before what hides no edges up to 0.41: that person was part of them.

    :returns: 0 nothing, or another picture .. 1 all of it; above 1 with more exposure.
    """
    was, is_now = _coarse(before), _coarse(now)
    common, of_both = float((was * is_now).mean()), float((was * was).mean() * (is_now * is_now).mean())
    if common <= 0.0 or of_both <= LEAST_VARIANCE**2:
        return 0.0
    return float(common**2 / float((was * was).mean()) / np.sqrt(of_both))


class RoomMemory:
    """The room with somebody in it, as it was a moment before that person was seen last."""

    def __init__(self) -> None:
        self._known: Room | None = None
        self._newer: tuple[float, Room] | None = None

    def kept(self, rgb: NDArray[np.uint8], now: float, *, is_somebody: bool) -> Kept | None:
        """
        :param now: s, never falling. :param is_somebody: a face is found in the picture.
        :returns: None where somebody is seen, or was never seen for longer than a moment.
        """
        if is_somebody:
            self._remember(rgb, now)
            return None
        if self._known is None:
            return None
        seen = room(rgb)
        return Kept(kept(self._known, seen), shape_kept(self._known, seen))

    def _remember(self, rgb: NDArray[np.uint8], now: float) -> None:
        if self._newer is not None and now < self._newer[0] + LAG_S:
            return
        if self._newer is not None:
            self._known = self._newer[1]
        self._newer = now, room(rgb)


def _coarse(of: Room) -> Room:
    """:returns: shape (6, 8): mean brightness of 4 x 4 cells, less that of all."""
    cells = of.mean(axis=0).reshape(GRID_ROWS // COARSE, COARSE, GRID_COLUMNS // COARSE, COARSE).mean(axis=(1, 3))
    return np.asarray(cells - cells.mean(), dtype=np.float32)
