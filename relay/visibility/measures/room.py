"""
Whether the room is still the one in which somebody was seen last: so an empty room is told from a covered lens. Pure.

A bare wall and a cloth over the lens may look the same. But whoever leaves leaves the wall behind: most of it has the
brightness and the colour that it had beside that person. What comes before the lens takes all of it away.
"""

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.picture import grid, sampled

Room = NDArray[np.float32]  # shape (3, 24, 32): mean red, green and blue of each cell, 0..1

#: Automatic exposure answers when somebody dark or light leaves: by a stop at most, a factor of 1.4 of coded values.
GAINS = np.geomspace(1 / 1.4, 1.4, 15).astype(np.float32)
#: Change of a cell's colour: noise and coders change less than the first; white balance changes it by up to this share.
SAME, SAME_SHARE = 0.012, 0.07
LAG_S = 1.0  # at least, from what is remembered to the last look with a face: a hand comes before the lens meanwhile


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


class RoomMemory:
    """The room with somebody in it, as it was a moment before that person was seen last."""

    def __init__(self) -> None:
        self._known: Room | None = None
        self._newer: tuple[float, Room] | None = None

    def kept(self, rgb: NDArray[np.uint8], now: float, *, is_somebody: bool) -> float | None:
        """
        :param now: s, never falling. :param is_somebody: a face is found in the picture.
        :returns: as :func:`kept`; None where somebody is seen, or was never seen for longer than a moment.
        """
        if is_somebody:
            self._remember(rgb, now)
            return None
        return None if self._known is None else kept(self._known, room(rgb))

    def _remember(self, rgb: NDArray[np.uint8], now: float) -> None:
        if self._newer is not None and now < self._newer[0] + LAG_S:
            return
        if self._newer is not None:
            self._known = self._newer[1]
        self._newer = now, room(rgb)
