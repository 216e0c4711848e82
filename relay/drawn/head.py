"""Heads: face, hair, glasses, beard, headscarf, mask; turned to the side, mouth and eyes open or closed."""

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from relay.drawn.canvas import SHINE, Canvas, Plane, Point, Rgb, Sprite, about, plane
from relay.drawn.person import Person, shown

NOSE_TIP: Point = (0.0, 0.37)
# Depths before the axis of the head's turning, in the unit: chin to crown
_EYES_DEEP, _NOSE_DEEP, _MOUTH_DEEP, _EAR_DEEP = 0.27, 0.40, 0.31, 0.0
_EYE: Point = (0.155, 0.535)
_MOUTH_Y = 0.215
_EAR: Point = (0.36, 0.44)
_BROW_Y, _CHIN_Y, _CHEEK_X = 0.70, 0.0, 0.34  # corners of the face box
LIMIT = 360  # pixels of the unit: larger heads are scaled up
LIP: Rgb = (176, 92, 88)
#: Order of a head's points of truth (right and left as the person's own: the right eye is at the left).
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR, TOP_LEFT, BOTTOM_RIGHT, CROWN = range(9)


class Expression(NamedTuple):
    """:param yaw: degrees, positive towards the right of the picture. :param mouth: 0 closed .. 1 open."""

    yaw: float = 0.0
    mouth: float = 0.0
    eyes_closed: bool = False
    brows: float = 0.0
    mask: Literal["", "paper", "black"] = ""

    def rounded(self) -> "Expression":
        """Of few: each is drawn once."""
        turned = round(self.yaw / 9) * 9
        steps = 2 if turned == 0 else 1
        closed = self.eyes_closed and turned == 0
        return Expression(turned, round(self.mouth * steps) / steps, closed, float(round(self.brows)), self.mask)


@lru_cache(maxsize=192)
def head(unit: int, person: Person, face: Expression) -> Sprite:
    """
    A head and neck.

    :param unit: pixels from chin to crown.
    :returns: its anchor is the tip of the nose of the head that looks straight ahead.
    """
    canvas = Canvas(min(unit, LIMIT), -0.68, 0.68, -0.55, 1.25)
    turn = _Turn(face.yaw)
    canvas.capsule((0.0, -0.23), (0.0, 0.2), (0.19, 0.17), flat=0.7, lift=-0.25)  # neck, round at the collar
    for side in (-1, 1):
        canvas.ellipsoid(turn(side * _EAR[0], _EAR[1], _EAR_DEEP), (0.06, 0.10), 0.08)
    canvas.ellipsoid((0.0, 0.52), (0.36, 0.45), 0.36, blend=0.02)
    canvas.ellipsoid(turn(0.0, 0.30, 0.06), (0.29, 0.30), 0.36, blend=0.06)  # jaw
    canvas.capsule(turn(0, 0.54, 0.3), turn(0, 0.37, _NOSE_DEEP), (0.035, 0.065), blend=0.03, lift=0.36)  # nose
    colour, coverage = canvas.lit(shown(person.skin), shine=SHINE)
    ink = _Ink(canvas, colour, turn, min(1.0, 0.35 + sum(person.skin) / 500))
    _paint_features(ink, person, face)
    colour, coverage = _with_hair(canvas, colour, coverage, person, turn)
    if face.mask:
        _paint_mask(canvas, colour, turn, (208, 222, 230) if face.mask == "paper" else (30, 30, 34))
    return canvas.finish(colour, coverage, NOSE_TIP)


class _Turn:
    """Where a point of the face goes when the head turns about its axis."""

    def __init__(self, yaw: float) -> None:
        self.cos, self.sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))

    def __call__(self, x: float, y: float, depth: float) -> Point:
        return x * self.cos + depth * self.sin, y


class _Ink:
    """Paints on the face. :param light: how much of a colour's own brightness shows, as the skin's is."""

    def __init__(self, canvas: Canvas, colour: Plane, turn: _Turn, light: float) -> None:
        self.canvas, self.colour, self.turn, self.light = canvas, colour, turn, light

    def fill(self, mask: Plane, ink: Rgb, strength: float) -> None:
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            return
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        share = mask[part][..., None] * strength
        self.colour[part] = self.colour[part] * (1 - share) + np.array(ink, np.float32) * self.light * share

    def disc(self, centre: Point, radii: Point, depth: float, ink: Rgb, strength: float) -> None:
        at = self.turn(*centre, depth)
        self.fill(self.canvas.disc(at, (radii[0] * max(0.3, self.turn.cos), radii[1])), ink, strength)

    def line(self, points: tuple[Point, ...], width: float, depth: float, ink: Rgb, strength: float) -> None:
        moved = tuple(self.turn(x, y, depth) for x, y in points)
        self.fill(self.canvas.strokes([moved], width), ink, strength)


def _paint_features(ink: _Ink, person: Person, face: Expression) -> None:
    for side in (-1, 1):
        _paint_eye(ink, side, face, person.hair)
        ink.disc((side * 0.038, 0.335), (0.022, 0.014), _NOSE_DEEP, (70, 36, 32), 0.7)  # nostril
    if person.beard:
        beard = plane(
            np.clip((0.26 - ink.canvas.y - 0.5 * ink.canvas.x**2 + 0.9 * np.abs(ink.canvas.x) ** 2) * 14, 0, 1)
        )
        beard *= plane(np.clip((ink.canvas.y + 0.01) * 30, 0, 1))
        ink.light, kept = 1.0, ink.light
        ink.fill(beard, person.hair, 0.75)
        ink.light = kept
    opened = 0.03 + 0.075 * face.mouth
    ink.disc((0.0, _MOUTH_Y), (0.125 - 0.03 * face.mouth, opened + 0.02), _MOUTH_DEEP, LIP, 0.75)
    if face.mouth > 0:
        ink.disc((0.0, _MOUTH_Y - 0.005), (0.085 - 0.02 * face.mouth, opened * 0.7), _MOUTH_DEEP, (46, 16, 18), 0.95)
        ink.disc((0.0, _MOUTH_Y + opened * 0.45), (0.06, 0.014), _MOUTH_DEEP, (236, 230, 222), 0.8)
    else:
        lips = ((-0.12, 0.217), (-0.04, 0.208), (0.04, 0.208), (0.12, 0.217))
        ink.line(lips, 0.014, _MOUTH_DEEP, (76, 30, 32), 0.8)
    if person.glasses:
        _paint_glasses(ink)


def _paint_eye(ink: _Ink, side: int, face: Expression, hair: Rgb) -> None:
    x, y = side * _EYE[0], _EYE[1]
    lift = 0.03 * face.brows
    ink.disc((x, y + 0.01), (0.105, 0.075), _EYES_DEEP, (110, 72, 60), 0.35)  # socket
    brow = ((x - 0.095, 0.625 + lift), (x, 0.655 + lift), (x + 0.095, 0.625 + lift))
    ink.line(brow, 0.034, _EYES_DEEP, (min(hair[0], 90), min(hair[1], 70), min(hair[2], 60)), 0.9)
    if face.eyes_closed:
        ink.line(((x - 0.07, y), (x, y - 0.02), (x + 0.07, y)), 0.02, _EYES_DEEP, (40, 26, 22), 0.85)
        return
    ink.disc((x, y), (0.072, 0.034), _EYES_DEEP, (240, 236, 232), 1.0)
    ink.disc((x, y), (0.034, 0.034), _EYES_DEEP, (50, 34, 26), 1.0)
    ink.disc((x - 0.01, y + 0.012), (0.010, 0.010), _EYES_DEEP, (255, 255, 255), 0.9)
    lid = ((x - 0.075, y), (x - 0.03, y + 0.035), (x + 0.03, y + 0.035), (x + 0.075, y))
    ink.line(lid, 0.016, _EYES_DEEP, (40, 26, 22), 0.85)


def _paint_glasses(ink: _Ink) -> None:
    angles = np.linspace(0, 2 * math.pi, 17)
    for side in (-1, 1):
        rim = tuple((side * 0.16 + 0.115 * math.cos(a), 0.53 + 0.085 * math.sin(a)) for a in angles)
        ink.line(rim, 0.018, _EYES_DEEP + 0.04, (24, 22, 24), 0.95)
    ink.line(((-0.05, 0.55), (0.05, 0.55)), 0.018, _EYES_DEEP + 0.04, (24, 22, 24), 0.95)


def _with_hair(canvas: Canvas, colour: Plane, coverage: Plane, person: Person, turn: _Turn) -> tuple[Plane, Plane]:
    """Hair or headscarf behind and over the skull."""
    if person.hair_style == "bald":
        return colour, coverage
    back = Canvas(canvas.scale // canvas.oversampling, -0.68, 0.68, -0.55, 1.25)
    scarf = person.hair_style == "headscarf"
    back.ellipsoid((0.0, 0.56), (0.45, 0.52) if scarf else (0.43, 0.50), 0.4)
    if person.hair_style == "long":
        back.capsule((-0.30, 0.5), (-0.34, -0.22), (0.14, 0.10), lift=-0.1)
        back.capsule((0.30, 0.5), (0.34, -0.22), (0.14, 0.10), lift=-0.1)
    if person.hair_style == "bun":
        back.ellipsoid((0.0, 1.05), (0.16, 0.14), 0.2)
    if scarf:
        back.ellipsoid((0.0, -0.06), (0.40, 0.40), 0.3, blend=0.1)
    cloth, behind = back.lit(person.scarf if scarf else person.hair, texture=0.03 if scarf else 0.10)
    over = _hairline(canvas, turn, scarf=scarf)
    colour = plane(colour * (1 - over[..., None]) + cloth * over[..., None])
    skin = coverage[..., None]
    whole = plane(skin * colour + (1 - skin) * cloth)
    return whole, plane(np.maximum(coverage, behind))


def _hairline(canvas: Canvas, turn: _Turn, *, scarf: bool) -> Plane:
    """Where hair lies over the skin: above a curve over the forehead; a scarf leaves only the face."""
    shift = 0.25 * turn.sin
    x = canvas.x - shift
    if scarf:
        return plane(np.clip((((x / 0.315) ** 2 + ((canvas.y - 0.37) / 0.40) ** 2) - 1) * 12, 0, 1))
    return plane(np.clip((canvas.y - (0.80 - 0.9 * x**2)) * 30, 0, 1))


def _paint_mask(canvas: Canvas, colour: Plane, turn: _Turn, cloth: Rgb) -> None:
    """Over mouth and nose."""
    x, y = canvas.x - 0.33 * turn.sin, canvas.y
    inside = np.clip((0.43 - 0.45 * x**2 - y) * 40, 0, 1) * np.clip((y + 0.03) * 40, 0, 1)
    inside = inside * np.clip((0.33 - np.abs(x)) * 40, 0, 1)
    folds = 1 - 0.10 * np.clip(np.sin(y * 70), 0, 1) - 0.9 * x**2
    shade = np.array(cloth, np.float32) * plane(folds)[..., None]
    colour[:] = colour * (1 - inside[..., None]) + shade * inside[..., None]


@lru_cache(maxsize=64)
def points(unit: int, yaw: float) -> Plane:
    """:returns: the points of truth, pixels about the anchor, shape (9, 2); not to be changed."""
    turn = _Turn(yaw)
    eyes = [turn(side * _EYE[0], _EYE[1], _EYES_DEEP) for side in (-1, 1)]
    ears = [turn(side * _EAR[0], _EAR[1], _EAR_DEEP) for side in (-1, 1)]
    nose, mouth = turn(0.0, NOSE_TIP[1], _NOSE_DEEP), turn(0.0, _MOUTH_Y, _MOUTH_DEEP)
    shift = 0.12 * turn.sin
    corners = [(shift - _CHEEK_X, _BROW_Y), (shift + _CHEEK_X, _CHIN_Y), (0.0, 1.0)]
    return about(NOSE_TIP, [*eyes, nose, mouth, *ears, *corners], unit)
