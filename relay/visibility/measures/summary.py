"""From the glances and looks of a second to one set of named measures, as they go to the pages. Pure."""

from collections.abc import Sequence

from relay.visibility.measures.movement import SIGNING_MOTION, moves_at_border
from relay.visibility.model import Glance, Look

MIN_SIGNING_GLANCES = 2  # below, a second tells nothing about the hands


def summarize(
    glances: Sequence[Glance], looks: Sequence[Look], received_fps: float | None = None, *, receiving: bool = True
) -> dict[str, float | None]:
    """
    The measures of one second.

    Means over the pictures that had something to measure, None when there were none. Besides the names of
    :class:`Glance` and :class:`Look`:

    - ``analysed``: pictures glanced at in this second;
    - ``receiving``: 1 when video arrived at all, 0 otherwise;
    - ``received_fps``: frames per second received from the leg, all temporal layers;
    - ``signing``: share of pictures in which something moved, 0..1;
    - ``hands_cut``: share of pictures in which a hand found is cut, or none is found and what moves is at the border;
      None while nobody signs;
    - ``hands_seen``: share of looks with a hand found, None while nobody signs;
    - ``face_found``: share of looks with a face, 0..1; ``hands_found``: mean number, 0..2;
    - ``sharpness``: of the face; ``motion``: the movement.
    """
    signing = [glance for glance in glances if glance.movement >= SIGNING_MOTION]
    enough = len(signing) >= MIN_SIGNING_GLANCES
    found = _mean([None if look.hands_found is None else float(look.hands_found > 0) for look in looks])
    return {
        "analysed": float(len(glances)),
        "receiving": float(receiving or bool(glances)),
        "received_fps": received_fps,
        "signing": _mean([float(glance.movement >= SIGNING_MOTION) for glance in glances]),
        "hands_found": _mean([look.hands_found for look in looks]),
        "hands_in_frame": _mean([look.hands_in_frame for look in looks]),
        "hands_cut": _hands_cut(signing, looks, found) if enough else None,
        "hands_seen": found if enough else None,
        "hand_size": _mean([look.hand_size for look in looks]),
        "face_found": _mean([None if look.faces_found is None else float(look.faces_found > 0) for look in looks]),
        "face_in_frame": _mean([look.face_in_frame for look in looks]),
        "face_width": _mean([look.face_width for look in looks]),
        "face_height": _mean([look.face_height for look in looks]),
        "luma": _mean([glance.luma for glance in glances]),
        "contrast": _mean([glance.contrast for glance in glances]),
        "overexposed": _mean([glance.overexposed for glance in glances]),
        "face_luma": _mean([look.face_luma for look in looks]),
        "backlight": _mean([look.backlight for look in looks]),
        "sharpness": _mean([look.face_sharpness for look in looks]),
        "motion": _mean([glance.movement for glance in glances]),
    }


def _hands_cut(signing: Sequence[Glance], looks: Sequence[Look], found: float | None) -> float | None:
    """Looks tell of hands that are found, glances of hands that are not."""
    if found is None:
        return None
    seen = _mean([float(bool(look.hands_cut)) for look in looks if look.hands_found]) or 0.0
    unseen = _mean([float(moves_at_border(glance)) for glance in signing]) or 0.0
    return round(found * seen + (1 - found) * unseen, 4)


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return round(sum(present) / len(present), 4) if present else None
