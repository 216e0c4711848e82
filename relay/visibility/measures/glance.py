"""From a picture to a :class:`~relay.visibility.model.Glance`: the cheap numbers, without any detection. Pure."""

from relay.visibility.measures import light, movement, sharpness
from relay.visibility.measures.movement import Grid
from relay.visibility.model import Box, Glance, Gray


class Glancer:
    """Glances at the pictures of one leg, one after the other; remembers the grid of the one before."""

    def __init__(self) -> None:
        self._before: Grid | None = None

    def glance(self, gray: Gray, face: Box | None = None) -> Glance:
        """
        :param gray: any size; views and padded planes are fine.
        :param face: where the face was seen last; what moves there is not counted.
        """
        cells = movement.grid(gray)
        changes = movement.moved(self._before, cells, face)
        glance = Glance(
            luma=float(cells.mean()),
            contrast=light.contrast(gray),
            overexposed=light.overexposed(gray),
            underexposed=light.underexposed(gray),
            movement=float(changes.mean()),
            border_movement=movement.border_movement(changes),
            difference=movement.difference(self._before, cells),
            detail=sharpness.detail(gray),
        )
        self._before = cells
        return glance
