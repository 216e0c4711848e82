"""
From the glances and looks of the last seconds to one set of named measures, as they go to the pages. Pure.

Looks come 0.2 to 4 times a second: those of the last second tell of it, and when there was none, the last one does
until it is too old. Medians, so that one wrong picture changes nothing; shares where something comes and goes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean, median

from relay.visibility.measures.movement import BORDER_FINGERS, moves_at_border, shows_signing, without_nod
from relay.visibility.measures.sharpness import readable
from relay.visibility.measures.space import ROOMY
from relay.visibility.model import Glance, Look

Timed = Sequence[tuple[float, Glance]]
TimedLooks = Sequence[tuple[float, Look]]
Measures = dict[str, float | None]

LOOK_WINDOW_S = 1.2  # looks as new as that tell of this second, all of them
LOOK_LIFETIME_S = 25.0  # of a still picture of one's own staff there may be none for 20 s; changes bring a look
PERSON_WINDOW_S = 2.0
MOUTH_WINDOW_S = 3.0  # signs pass the mouth
ROOM_ABOVE = 0.25  # of the face (brow to chin), above it: the forehead
FACE_LIFETIME_S = 3.0  # a face that is found now and then (small, dark, turned) is where it was found last
SIGNING_WINDOW_S = 2.0  # signing has pauses of about a second
HANDS_WINDOW_S = 3.0  # hands are not found in every picture of well-seen signing (about 1 in 3 of the real clips')
SAME_MOMENT_S = 0.3  # between a look and a glance
LOST_LOOKS = 2  # that agree: something hides the hands, and little is left that could move
ENOUGH_LOOKS = 3  # for hands that are found in none to be missing
BOTH_HANDS = 2  # where they are found and whole, nobody looks for the body
MOSTLY = 0.5
BLUR_WINDOW_S = 3.0  # a hand that holds still for a moment is sharp with any shutter
ENOUGH_BLURS = 4  # pictures with movement


def summarize(glances: Timed, looks: TimedLooks, now: float, elapsed_s: float = 1.0) -> Measures:
    """
    The measures of the second that ends ``now``; None where there was nothing to measure. Besides medians of what
    :class:`Glance` and :class:`Look` name alike:

    - ``looks``: looks that tell of this second; ``look_age_s``: s since the last one;
    - ``motion``: mean movement, share of cells; ``signing``: share of the last 2 s' pictures with signing's movement;
      ``hands_moving``: the same of what no nod explains;
    - ``person``: share of looks in which a face, a hand or a body is found, 0..1; ``faces``: people seen, by face;
    - ``sharpness``: of picture and face together, 1 where reading becomes hard, more is better;
    - ``face_found``: share of looks with a face; ``face_cut``: share of the faces that are cut at an edge;
      ``off_centre``: how far the face is from the middle, sideways, in shares of the picture's width, 0..0.5;
      ``face_tilt``: degrees from upright, 0..180; ``face_turned``: yaw, 0..90;
    - of the hands, in the looks of the last 3 s at which something moved (``hand_looks``: how many): ``hands_found``:
      share of looks with a hand; ``hands_visible``: with a whole one; ``hands_missing``: without, None of fewer than 3;
      ``hands_cut``: share of those that tell in which no hand found is whole; ``hands_beyond``: the same, or none is
      found and the body's wrists are beyond the edges; ``hands_hidden``: in which no hand is found where the body has
      one; ``hands_lost``: in which neither a hand nor a wrist
      is found, in the picture or beyond, None of fewer than 3; ``hands_at_face``: share with one at the face;
    - ``border_motion``: share of the pictures with signing's movement in which only the borders move;
    - ``motion_blur``: mean of those of the last 3 s that tell of it, None of fewer than 4.
    """
    second = [glance for t, glance in glances if t > now - max(elapsed_s, 0.5)]
    moving = [glance for t, glance in glances if t > now - SIGNING_WINDOW_S]
    recent = _telling(looks, now, LOOK_WINDOW_S, lambda look: True)
    faces = _telling(looks, now, LOOK_WINDOW_S, lambda look: look.faces_found is not None)
    is_cut = (_median([look.signing_space for look in faces]) or 1.0) < ROOMY
    lost = _telling(looks, now, HANDS_WINDOW_S, lambda look: look.hands_lost is not None)[-LOST_LOOKS:]
    is_signing = partial(shows_signing, is_cut=is_cut, is_lost=bool(lost) and all(look.hands_lost for look in lost))
    signing = [t for t, glance in glances if is_signing(glance)]
    used = [(t, look) for t, look in looks if any(abs(t - at) <= SAME_MOMENT_S for at in signing)]
    hands = _telling(used, now, HANDS_WINDOW_S, lambda look: look.hands_found is not None, HANDS_WINDOW_S)
    rests = not is_cut and _rests(hands, moving)
    hands_of = (lambda glance: glance) if _are_raised(hands) else without_nod
    return {
        "looks": float(len([t for t, _ in looks if t > now - LOOK_WINDOW_S])),
        "look_age_s": round(now - looks[-1][0], 2) if looks else None,
        **_of_glances(second),
        "signing": 0.0 if rests else _mean([float(is_signing(glance)) for glance in moving]),
        "hands_moving": 0.0 if rests else _mean([float(is_signing(hands_of(glance))) for glance in moving]),
        "person": _mean([float(_somebody(look)) for look in _telling(looks, now, PERSON_WINDOW_S, _tells_of_somebody)]),
        **_of_picture(recent),
        **_of_faces(faces, _telling(looks, now, LOOK_WINDOW_S, _shows_face, FACE_LIFETIME_S)),
        "head_in_frame": _head_in_frame(_telling(looks, now, PERSON_WINDOW_S, lambda look: True)),
        "mouth_hidden": _median([look.mouth_hidden for look in _telling(looks, now, MOUTH_WINDOW_S, _shows_mouth)]),
        **_of_hands(hands, [glance for glance in moving if is_signing(glance)]),
        "motion_blur": _motion_blur([glance for t, glance in glances if t > now - BLUR_WINDOW_S]),
    }


def _telling(
    looks: TimedLooks, now: float, window_s: float, looked: Callable[[Look], bool], lifetime_s: float = LOOK_LIFETIME_S
) -> list[Look]:
    """Those of the window, or the last one while it is young enough."""
    useful = [(t, look) for t, look in looks if looked(look) and t > now - lifetime_s]
    return [look for t, look in useful if t > now - window_s] or [look for _, look in useful[-1:]]


def _tells_of_somebody(look: Look) -> bool:
    """A face that is not found says nothing of who is there, unless hands or body were looked for as well."""
    return bool(look.faces_found) or look.hands_found is not None or look.pose_sought


def _shows_face(look: Look) -> bool:
    return bool(look.faces_found)


def _shows_mouth(look: Look) -> bool:
    """Hands at the face are LSF and hide nothing."""
    return look.mouth_hidden is not None and not look.hands_at_face


def _somebody(look: Look) -> bool:
    return bool(look.faces_found or look.hands_found or look.wrists_in_frame is not None)


def _rests(hands: Sequence[Look], moving: Sequence[Glance]) -> bool:
    """
    Of a picture with room for hands: all of them rest below it, or at its lower edge, where nothing moves: somebody who
    nods, and whose hair moves.
    """
    known = [look for look in hands if _tells_of_hands(look)]
    if not known or not all(_is_beyond(look) or (_is_cut(look) and "bottom" in look.hands_cut) for look in known):
        return False
    at_border = fmean([glance.border_movement for glance in moving]) if moving else 0.0
    return at_border < BORDER_FINGERS or all(_is_beyond(look) for look in known)


def _are_raised(looks: Sequence[Look]) -> bool:
    """In most looks that tell, the body has a hand in the picture: it may move at the face of a head that nods."""
    known = [look for look in looks if look.wrists_in_frame is not None or look.hands_found == BOTH_HANDS]
    return (_mean([float(look.wrists_in_frame != 0) for look in known]) or 0.0) >= MOSTLY


def _motion_blur(glances: Sequence[Glance]) -> float | None:
    told = [glance.motion_blur for glance in glances if glance.motion_blur is not None]
    return _mean(told) if len(told) >= ENOUGH_BLURS else None


def _of_glances(glances: Sequence[Glance]) -> Measures:
    return {
        "luma": _median([glance.luma for glance in glances]),
        "contrast": _median([glance.contrast for glance in glances]),
        "overexposed": _median([glance.overexposed for glance in glances]),
        "underexposed": _median([glance.underexposed for glance in glances]),
        "shadows": _median([glance.shadows for glance in glances]),
        "highlights": _median([glance.highlights for glance in glances]),
        "structure": _median([glance.structure for glance in glances]),
        "flat": _median([glance.flat for glance in glances]),
        "motion": _mean([glance.movement for glance in glances]),
    }


def _of_picture(looks: Sequence[Look]) -> Measures:
    return {
        "sharpness": _median([readable(look.sharpness, look.face_sharpness) for look in looks]),
        "blockiness": _median([look.blockiness for look in looks]),
        "room_kept": _median([look.room_kept for look in looks]),
        "room_shape": _median([look.room_shape for look in looks]),
    }


def _of_faces(looks: Sequence[Look], found: Sequence[Look]) -> Measures:
    return {
        "face_found": _mean([float(bool(look.faces_found)) for look in looks]),
        "faces": _median([look.faces_found for look in looks]),
        "face_in_frame": _median([look.face_in_frame for look in found]),
        "face_cut": _mean([float(bool(look.face_cut)) for look in found]),
        "face_width": _median([look.face_width for look in found]),
        "face_height": _median([look.face_height for look in found]),
        "off_centre": _median([abs(look.face_centre[0] - 0.5) for look in found if look.face_centre]),
        "face_tilt": _median([abs(look.face_roll) for look in found if look.face_roll is not None]),
        "face_turned": _median([abs(look.face_turn) for look in found if look.face_turn is not None]),
        "face_luma": _median([look.face_luma for look in found]),
        "backlight": _median([look.backlight for look in found]),
        "face_contrast": _median([look.face_contrast for look in found]),
        "face_overexposed": _median([look.face_overexposed for look in found]),
        "face_sharpness": _median([look.face_sharpness for look in found]),
        "signing_space": _median([look.signing_space for look in found]),
        "distance": _median([look.distance for look in found]),
    }


def _head_in_frame(looks: Sequence[Look]) -> float | None:
    """
    Share of the head inside the picture: the body knows, and hands of somebody whose face and body are not found have
    their head outside. Else a face with room above it is in the picture; one at the upper edge may be half of one.
    """
    known = [0.0 if _is_headless(look) else look.head_in_frame for look in looks]
    if present := [share for share in known if share is not None]:
        return _mean(present)
    return 1.0 if any(look.face and look.face.y > ROOM_ABOVE * look.face.height for look in looks) else None


def _is_headless(look: Look) -> bool:
    return bool(look.hands_found) and look.faces_found == 0 and look.wrists_in_frame is None


def _of_hands(looks: Sequence[Look], signing: Sequence[Glance]) -> Measures:
    found = [look for look in looks if look.hands_found]
    known = [look for look in looks if _tells_of_hands(look)]
    lost = [float(look.hands_lost) for look in looks if look.hands_lost is not None]
    visible = _mean([float(bool(look.hands_found) and not _is_cut(look)) for look in looks])
    return {
        "hand_looks": float(len(looks)),
        "hands_found": _mean([float(bool(look.hands_found)) for look in looks]),
        "hands_visible": visible,
        "hands_missing": 1.0 - visible if visible is not None and len(looks) >= ENOUGH_LOOKS else None,
        "hands_cut": _mean([float(_is_cut(look)) for look in known]),
        "hands_beyond": _mean([float(_is_cut(look) or _is_beyond(look)) for look in known]),
        "hands_hidden": _mean([float(_is_hidden(look)) for look in known]),
        "hands_lost": _mean(lost) if len(lost) >= ENOUGH_LOOKS else None,
        "hands_at_face": _mean([float(look.hands_at_face) for look in looks]),
        "border_motion": _mean([float(moves_at_border(glance)) for glance in signing]),
        "hands_in_frame": _median([look.hands_in_frame for look in found]),
        "hand_size": _median([look.hand_size for look in found]),
        "hands_overlap": _median([look.hands_overlap for look in found]),
        "wrists_in_frame": _median([look.wrists_in_frame for look in looks]),
        "hands_contrast": _median([look.hands_contrast for look in found]),
        "hands_sharpness": _median([look.hands_sharpness for look in found]),
    }


def _tells_of_hands(look: Look) -> bool:
    """A hand is found, or the body says where one is."""
    return bool(look.hands_found) or look.wrists_in_frame is not None


def _is_cut(look: Look) -> bool:
    """No hand that is found is whole: one visible hand suffices."""
    return bool(look.hands_cut) and not look.hands_whole


def _is_beyond(look: Look) -> bool:
    """None is found, and the body's wrists are beyond the edges."""
    return not look.hands_found and look.wrists_in_frame == 0 and bool(look.wrists_cut)


def _is_hidden(look: Look) -> bool:
    """No hand is found where the body says that one is; hands before the face are LSF."""
    return not look.hands_found and bool(look.hands_hidden) and not look.hands_at_face


def _median(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return round(float(median(present)), 4) if present else None


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None
