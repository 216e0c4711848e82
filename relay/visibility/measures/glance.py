"""From a picture to a :class:`~relay.visibility.model.Glance`: the cheap numbers, without any detection. Pure."""

from relay.visibility.measures import light, movement, picture, sharpness, smear
from relay.visibility.measures.closer import Closer
from relay.visibility.model import Box, Glance, Gray


class Glancer:
    """
    Glances at the pictures of one leg, one after the other; remembers the grids of the last few.

    ``closer`` knows where something moves while nobody is found.
    """

    def __init__(self) -> None:
        self._recent = movement.RecentGrids()
        self._anchor = picture.Anchor()
        self.closer = Closer()

    def glance(self, gray: Gray, at_s: float, face: Box | None = None) -> Glance:
        """
        0.3 ms of CPU for 640 x 480, 0.4 ms while somebody signs.

        :param gray: any size; views and padded planes are fine.
        :param at_s: when the picture was taken, any clock.
        :param face: where the face was seen last; what moves there, or out of that person's reach, is not counted.
        """
        sample = picture.sampled(gray)
        shown = picture.content(sample)
        cells = picture.grid(gray)
        shown_cells = picture.within(cells, shown)
        levels = light.levels(picture.crop(sample, shown))
        last, earlier = self._recent.add(cells, at_s)
        changes = movement.moved(earlier, cells, face)
        moves, motion_blur = float(changes.mean()), None
        if face is None:
            self.closer.glanced(earlier, cells)
        elif moves >= movement.SIGNING_MOTION:
            motion_blur = smear.motion_blur(gray, changes & movement.changed_since(last, cells), face)
        return Glance(
            luma=levels.luma,
            contrast=levels.contrast,
            shadows=levels.shadows,
            highlights=levels.highlights,
            overexposed=levels.overexposed,
            underexposed=levels.underexposed,
            structure=picture.structure(shown_cells),
            flat=picture.flat(shown_cells),
            movement=moves,
            border_movement=movement.border_movement(changes),
            difference=movement.difference(last, cells),
            alive=self._anchor.leaves(cells),
            detail=sharpness.detail(sample),
            motion_blur=motion_blur,
            movement_beside_head=movement.beside_head(changes, face),
        )
