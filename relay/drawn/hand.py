"""Hands: drawn bone by bone, in shapes that go from the open hand to the fist, with MediaPipe's 21 landmarks."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from relay.drawn.canvas import SHINE, Canvas, Plane, Point, Rgb, Sprite, about
from relay.drawn.person import palm_colour

# A right hand seen from its back, or a left palm: the thumb to the right, fingers up. Unit: wrist to middle knuckle.
_Finger = tuple[tuple[Point, ...], tuple[float, ...]]
_FINGERS: dict[str, _Finger] = {
    "thumb": (((0.20, 0.18), (0.47, 0.45), (0.66, 0.70), (0.80, 0.93)), (0.170, 0.145, 0.125, 0.100)),
    "index": (((0.27, 0.95), (0.33, 1.38), (0.36, 1.64), (0.38, 1.86)), (0.130, 0.115, 0.105, 0.085)),
    "middle": (((0.05, 1.00), (0.06, 1.48), (0.06, 1.78), (0.06, 2.02)), (0.135, 0.120, 0.108, 0.088)),
    "ring": (((-0.15, 0.95), (-0.20, 1.38), (-0.23, 1.65), (-0.25, 1.88)), (0.125, 0.110, 0.100, 0.082)),
    "pinky": (((-0.33, 0.84), (-0.43, 1.15), (-0.49, 1.36), (-0.53, 1.55)), (0.110, 0.095, 0.085, 0.070)),
}
_FOLDED_THUMB: tuple[Point, ...] = ((0.20, 0.18), (0.44, 0.44), (0.40, 0.70), (0.16, 0.80))
_FOLDED = (0.0, 0.30, 0.16, -0.16)  # where a bent finger's joints lie, along its own direction from the knuckle
_PALM_CREASES: tuple[tuple[Point, ...], ...] = (
    ((0.40, 0.62), (0.22, 0.66), (0.02, 0.60), (-0.22, 0.42)),
    ((-0.42, 0.70), (-0.20, 0.78), (0.05, 0.84), (0.16, 0.95)),
    ((0.36, 0.66), (0.20, 0.58), (0.10, 0.35), (0.10, 0.08)),
)
_KNUCKLES: tuple[Point, ...] = ((0.27, 0.95), (0.05, 1.0), (-0.15, 0.95), (-0.33, 0.84))
PALM_CENTRE: Point = (0.0, 0.5)
WRIST: Point = (0.0, 0.0)
LIMIT = 160  # pixels of the unit: more is never drawn


class HandShape(NamedTuple):
    """How far each finger is bent, 0 straight .. 1 folded, and how far they are fanned out, 0..1."""

    thumb: float
    forefinger: float
    middle: float
    ring: float
    pinky: float
    spread: float


SHAPES: dict[str, HandShape] = {
    "five": HandShape(0, 0, 0, 0, 0, 0.75),
    "wide": HandShape(0, 0, 0, 0, 0, 0.95),
    "loose": HandShape(0, 0.05, 0.1, 0.15, 0.2, 0.55),
    "flat": HandShape(0.15, 0, 0, 0, 0, 0.15),
    "together": HandShape(0, 0, 0, 0, 0, 0.35),
    "four": HandShape(0.9, 0, 0, 0, 0, 0.6),
    "claw": HandShape(0.1, 0.42, 0.42, 0.42, 0.42, 0.8),
    "three": HandShape(0, 0, 0, 1, 1, 0.7),
    "v": HandShape(0.9, 0, 0, 1, 1, 0.9),
    "point": HandShape(0.9, 0, 1, 1, 1, 0.5),
    "l": HandShape(0, 0, 1, 1, 1, 0.5),
    "y": HandShape(0, 1, 1, 1, 0, 0.8),
    "fist": HandShape(0.8, 1, 1, 1, 1, 0.4),
}


@lru_cache(maxsize=256)
def hand(unit: int, shape: HandShape, skin: Rgb) -> Sprite:
    """
    A hand, thumb to the right, fingers up, with some of its wrist.

    :param unit: pixels from wrist to middle knuckle.
    :returns: its anchor is the centre of the palm.
    """
    canvas = Canvas(min(unit, LIMIT), -0.95, 1.05, -0.75, 2.2)
    bends, fingers = shape[:5], _fingers(shape)
    for knuckle in _KNUCKLES:
        canvas.capsule((knuckle[0] * 0.55, 0.10), knuckle, (0.20, 0.155), flat=0.75)
    canvas.capsule((-0.16, 0.12), (-0.30, 0.72), (0.20, 0.16), flat=0.9)  # heel below the little finger
    canvas.capsule((0.0, -0.22), (0.0, 0.12), (0.25, 0.26), flat=0.75)  # wrist
    canvas.capsule((0.16, 0.16), (0.44, 0.46), (0.22, 0.155), blend=0.03, flat=0.95)  # ball of the thumb
    order = sorted(zip(fingers.items(), bends, strict=True), key=lambda item: (item[0][0] == "thumb", item[1]))
    for (_, (joints, radii)), bend in order:
        for i in range(3):
            lift = 0.02 + bend * (0.06, 0.14, 0.16)[i]
            canvas.capsule(joints[i], joints[i + 1], (radii[i], radii[i + 1]), blend=0.012, lift=lift)
    colour, coverage = canvas.lit(palm_colour(skin), shine=SHINE)
    creases = [*_PALM_CREASES] if max(bends[1:]) < 0.9 else []
    for (joints, radii), bend in zip(fingers.values(), bends, strict=True):
        creases += _creases(joints, radii) if bend < 0.3 else _creases(joints, radii)[:1]
    colour *= (1 - 0.28 * canvas.strokes(creases, 0.017))[..., None]
    return canvas.finish(colour, coverage, PALM_CENTRE)


@lru_cache(maxsize=256)
def landmarks(unit: int, shape: HandShape) -> Plane:
    """:returns: MediaPipe's 21 in its order, pixels about the centre of the palm, shape (21, 2); not to be changed."""
    joints = [joint for joints, _ in _fingers(shape).values() for joint in joints]
    return about(PALM_CENTRE, [WRIST, *joints], unit)


def _fingers(shape: HandShape) -> dict[str, _Finger]:
    bends = shape[:5]
    return {name: _bent(name, bend, shape.spread) for name, bend in zip(_FINGERS, bends, strict=True)}


def _bent(name: str, bend: float, spread: float) -> _Finger:
    straight, radii = _FINGERS[name]
    if name == "thumb":
        return _mixed(_fanned(straight, spread), _FOLDED_THUMB, bend), radii
    opened = _fanned(straight, spread)
    (x0, y0), (x3, y3) = opened[0], opened[3]
    length = float(np.hypot(x3 - x0, y3 - y0))
    folded = tuple((x0 + (x3 - x0) / length * at, y0 + (y3 - y0) / length * at) for at in _FOLDED)
    return _mixed(opened, folded, bend), radii


def _mixed(a: tuple[Point, ...], b: tuple[Point, ...], share: float) -> tuple[Point, ...]:
    return tuple((p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share) for p, q in zip(a, b, strict=True))


def _fanned(joints: tuple[Point, ...], spread: float) -> tuple[Point, ...]:
    """Fan a finger out about its knuckle, by up to 40 % of its own slant more, or bring it in."""
    x0 = joints[0][0]
    return tuple((x0 + (x - x0) * (0.4 + 1.0 * spread), y) for x, y in joints)


def _creases(joints: tuple[Point, ...], radii: tuple[float, ...]) -> list[tuple[Point, ...]]:
    """A line across the finger at each joint."""
    lines: list[tuple[Point, ...]] = []
    for i, share in ((0, 0.18), (1, 0.0), (2, 0.0)):
        (ax, ay), (bx, by) = joints[i], joints[i + 1]
        length = max(1e-6, float(np.hypot(bx - ax, by - ay)))
        across = (-(by - ay) / length * radii[i] * 0.8, (bx - ax) / length * radii[i] * 0.8)
        x, y = ax + (bx - ax) * share, ay + (by - ay) * share
        lines.append(((x - across[0], y - across[1]), (x + across[0], y + across[1])))
    return lines
