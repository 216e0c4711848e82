"""
Where face and hands are in a clip as it is, and what is right to say of a moment whose boxes are known.

The hands are looked for in every picture of the unimpaired clip, once; an impairment changes what is known of
them only by moving them.
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks.visibility_material.moments import FPS, Clip, Moment, box_of, bridged, read_pictures, share_inside
from relay.model import AdviceCode
from relay.visibility.detector import Analyzer
from relay.visibility.model import Box
from relay.visibility.model_files import ModelFiles

Codes = tuple[AdviceCode, ...]
Truth = Callable[[Moment], Codes]

CUT_BELOW = 0.6  # of a hand's box inside: less, and nobody can read it
WHOLE_ABOVE = 0.9
FACE_CUT_BELOW = 0.75  # of the face's box inside (brow to chin): an eye or the mouth is out of it
RESTING_BELOW = 0.93  # a hand found lower than this (its upper edge) rests


def measured(path: Path, models: ModelFiles) -> Clip:
    """A clip with what the detector finds in it. About 25 ms a picture."""
    pictures = read_pictures(path)
    detector = Analyzer(models)
    try:
        found = [detector.detect(picture, round(1000 * index / FPS)) for index, picture in enumerate(pictures)]
    finally:
        detector.close()
    hands = [tuple(box for hand in one.hands if (box := box_of(hand.landmarks)).y < RESTING_BELOW) for one in found]
    return Clip(path.name, pictures, _filled([one.face.box if one.face else None for one in found]), bridged(hands))


def always(*codes: AdviceCode) -> Truth:
    return lambda moment: codes


def while_signing(*codes: AdviceCode) -> Truth:
    return lambda moment: codes if moment.hands else ()


def hands_out(*codes: AdviceCode) -> Truth:
    """When no signing hand is readable for want of picture; nothing when some are, or none signs."""

    def truth(moment: Moment) -> Codes:
        shares = [share_inside(hand) for hand in moment.hands]
        return codes if shares and max(shares) < CUT_BELOW else ()

    return truth


def face_out(*codes: AdviceCode) -> Truth:
    """When face or hands are cut, the face above all."""

    def truth(moment: Moment) -> Codes:
        if moment.face is None or share_inside(moment.face) >= FACE_CUT_BELOW:
            return ()
        return codes

    return truth


def well_framed(moment: Moment) -> Codes:
    """``good`` as long as the hands that sign are wholly in the picture, and the face."""
    inside = all(share_inside(hand) >= WHOLE_ABOVE for hand in moment.hands)
    return ("good",) if inside and moment.face and share_inside(moment.face) >= WHOLE_ABOVE else ()


def with_hands(truth: Truth, extra: AdviceCode = "hands_cut") -> Truth:
    """``truth``, and ``extra`` is right as well when a signing hand is out of the picture."""

    def extended(moment: Moment) -> Codes:
        codes = truth(moment)
        out = any(share_inside(hand) < WHOLE_ABOVE for hand in moment.hands)
        return (*codes, extra) if codes and out and extra not in codes else codes

    return extended


def _filled(faces: list[Box | None]) -> tuple[Box | None, ...]:
    """A face is not lost for the pictures in which the detector misses it."""
    last = next((face for face in faces if face), None)
    filled = []
    for face in faces:
        last = face or last
        filled.append(last)
    return tuple(filled)
