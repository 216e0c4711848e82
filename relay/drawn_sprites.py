"""
The parts of the drawn signer: hand and head, drawn once as pictures with an alpha channel.

Each part is a height field (capsules for bones, ellipsoids for the head) lit from the upper left: enough of a hand
for MediaPipe to find its 21 landmarks. Everything is deterministic. Composition and movement are in
``relay.drawn_signer``.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Plane = NDArray[np.float32]
Rgba = NDArray[np.uint8]

OVERSAMPLING = 2
EMPTY = -9.0  # height where nothing is
LIGHT = np.array([-0.36, -0.56, 0.75])  # unit vector towards the lamp: left, up, towards the viewer

# A right hand seen from its back, or a left palm: the thumb to the right, fingers up. Unit: wrist to middle knuckle.
_FINGERS: dict[str, tuple[tuple[Point, ...], tuple[float, ...]]] = {
    "pinky": (((-0.33, 0.84), (-0.43, 1.15), (-0.49, 1.36), (-0.53, 1.55)), (0.110, 0.095, 0.085, 0.070)),
    "ring": (((-0.15, 0.95), (-0.20, 1.38), (-0.23, 1.65), (-0.25, 1.88)), (0.125, 0.110, 0.100, 0.082)),
    "middle": (((0.05, 1.00), (0.06, 1.48), (0.06, 1.78), (0.06, 2.02)), (0.135, 0.120, 0.108, 0.088)),
    "index": (((0.27, 0.95), (0.33, 1.38), (0.36, 1.64), (0.38, 1.86)), (0.130, 0.115, 0.105, 0.085)),
    "thumb": (((0.20, 0.18), (0.47, 0.45), (0.66, 0.70), (0.80, 0.93)), (0.170, 0.145, 0.125, 0.100)),
}
_PALM_CREASES: tuple[tuple[Point, ...], ...] = (
    ((0.40, 0.62), (0.22, 0.66), (0.02, 0.60), (-0.22, 0.42)),
    ((-0.42, 0.70), (-0.20, 0.78), (0.05, 0.84), (0.16, 0.95)),
    ((0.36, 0.66), (0.20, 0.58), (0.10, 0.35), (0.10, 0.08)),
)
PALM_CENTRE: Point = (0.0, 0.5)


class Sprite(NamedTuple):
    """:param picture: shape (height, width, 4), RGBA. :param anchor: x, y in pixels of its point of reference."""

    picture: Rgba
    anchor: Point


class _Canvas:
    """Height field in the part's own unit; y upwards."""

    def __init__(self, unit: int, left: float, right: float, bottom: float, top: float) -> None:
        self.scale = unit * OVERSAMPLING
        self.left, self.top = left, top
        shape = (round((top - bottom) * self.scale), round((right - left) * self.scale))
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        self.x: Plane = columns / self.scale + left
        self.y: Plane = top - rows / self.scale
        self.height: Plane = np.full(shape, EMPTY, dtype=np.float32)

    def pixel(self, point: Point) -> tuple[int, int]:
        return round((point[0] - self.left) * self.scale), round((self.top - point[1]) * self.scale)

    def capsule(
        self, a: Point, b: Point, radii: Point, *, blend: float = 0.0, flat: float = 1.0, lift: float = 0.0
    ) -> None:
        """A bone from a to b with the radii at its ends; ``blend`` melts it into what is there, unit as the part."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        along = np.clip(((self.x - a[0]) * dx + (self.y - a[1]) * dy) / (dx * dx + dy * dy), 0, 1)
        distance = (self.x - a[0] - along * dx) ** 2 + (self.y - a[1] - along * dy) ** 2
        radius = radii[0] + (radii[1] - radii[0]) * along
        self._add(_plane(np.sqrt(np.maximum(radius**2 - distance, 0)) * flat + lift), distance < radius**2, blend)

    def ellipsoid(self, centre: Point, radii: Point, depth: float, blend: float = 0.0, lift: float = 0.0) -> None:
        distance = ((self.x - centre[0]) / radii[0]) ** 2 + ((self.y - centre[1]) / radii[1]) ** 2
        self._add(_plane(np.sqrt(np.maximum(1 - distance, 0)) * depth + lift), distance < 1, blend)

    def _add(self, height: Plane, inside: NDArray[np.bool_], blend: float) -> None:
        new = np.where(inside, height, EMPTY)
        union = np.maximum(self.height, new)
        if blend > 0:
            share = np.clip(0.5 + 0.5 * (self.height - new) / blend, 0, 1)
            both = (self.height > -1) & inside
            union = np.where(both, new + (self.height - new) * share + blend * share * (1 - share), union)
        self.height = union.astype(np.float32)

    def lit(self, colour: Rgb, texture: float = 0.02) -> tuple[Plane, Plane]:
        """:returns: shaded colour, shape (h, w, 3), 0..255, and coverage, shape (h, w), 0..1."""
        inside = (self.height > -1).astype(np.float32)
        solid = self.height * inside
        smooth = cv2.GaussianBlur(solid, (0, 0), self.scale * 0.012)
        slope_y, slope_x = np.gradient(smooth * self.scale)
        toward = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
        lambert = np.clip(toward * (LIGHT[2] - slope_x * LIGHT[0] - slope_y * LIGHT[1]), 0, 1)
        occlusion = np.clip(1 - (cv2.GaussianBlur(solid, (0, 0), self.scale * 0.06) - solid) * 2.2, 0.55, 1.05)
        grain = cv2.GaussianBlur(_noise(solid.shape), (0, 0), self.scale * 0.03)
        shade = (0.42 + 0.66 * lambert) * occlusion * (1 + texture * grain / grain.std())
        lit = shade[..., None] * np.array(colour, dtype=np.float32)
        lit[..., 0] += (1 - lambert) * 14  # light scattered inside skin reddens its shadows
        return _plane(lit), _plane(cv2.GaussianBlur(inside, (0, 0), max(0.6, self.scale * 0.006)))

    def strokes(self, lines: Iterable[tuple[Point, ...]], width: float) -> Plane:
        """:returns: soft lines, shape (h, w), 0..1; ``width`` in the part's unit."""
        drawn = np.zeros(self.height.shape, dtype=np.float32)
        for line in lines:
            pixels = np.array([self.pixel(point) for point in line], dtype=np.int32)
            cv2.polylines(drawn, [pixels], False, 1.0, max(1, round(width * self.scale)), cv2.LINE_AA)
        return _plane(cv2.GaussianBlur(drawn, (0, 0), max(0.6, self.scale * 0.006)))

    def finish(self, colour: Plane, coverage: Plane, origin: Point) -> Sprite:
        full = np.dstack([np.clip(colour, 0, 255), coverage * 255]).astype(np.uint8)
        size = (full.shape[1] // OVERSAMPLING, full.shape[0] // OVERSAMPLING)
        x, y = self.pixel(origin)
        picture = np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return Sprite(picture, (x / OVERSAMPLING, y / OVERSAMPLING))


@lru_cache(maxsize=64)
def hand(unit: int, spread: float, skin: Rgb) -> Sprite:
    """
    An open hand, thumb to the right, fingers up, with some of its wrist.

    :param unit: pixels from wrist to middle knuckle.
    :param spread: 0 fingers together .. 1 fanned out.
    :returns: its anchor is the centre of the palm.
    """
    canvas = _Canvas(unit, -0.95, 1.05, -0.55, 2.2)
    fingers = {name: (_spread(joints, spread), radii) for name, (joints, radii) in _FINGERS.items()}
    for knuckle in ((0.27, 0.95), (0.05, 1.0), (-0.15, 0.95), (-0.33, 0.84)):
        canvas.capsule((knuckle[0] * 0.55, 0.10), knuckle, (0.20, 0.155), flat=0.75)
    canvas.capsule((-0.16, 0.12), (-0.30, 0.72), (0.20, 0.16), flat=0.9)  # heel below the little finger
    canvas.capsule((0.0, -0.6), (0.0, 0.12), (0.25, 0.26), flat=0.75)  # wrist
    canvas.capsule((0.16, 0.16), (0.44, 0.46), (0.22, 0.155), blend=0.03, flat=0.95)  # ball of the thumb
    for joints, radii in fingers.values():
        for i in range(3):
            canvas.capsule(joints[i], joints[i + 1], (radii[i], radii[i + 1]), blend=0.012, lift=0.02)
    colour, coverage = canvas.lit(skin)
    creases = [*_PALM_CREASES, *(crease for joints, radii in fingers.values() for crease in _creases(joints, radii))]
    colour *= (1 - 0.28 * canvas.strokes(creases, 0.017))[..., None]
    return canvas.finish(colour, coverage, PALM_CENTRE)


@lru_cache(maxsize=16)
def head(unit: int, skin: Rgb, hair: Rgb) -> Sprite:
    """
    A head and neck seen from the front.

    :param unit: pixels from chin to crown.
    :returns: its anchor is the tip of the nose.
    """
    back = _Canvas(unit, -0.6, 0.6, -0.45, 1.2)
    back.ellipsoid((0.0, 0.56), (0.43, 0.50), 0.4)
    hair_colour, hair_coverage = back.lit(hair, texture=0.10)
    canvas = _Canvas(unit, -0.6, 0.6, -0.45, 1.2)
    canvas.capsule((0.0, -0.21), (0.0, 0.2), (0.19, 0.17), flat=0.7, lift=-0.25)  # neck, round at the collar
    for side in (-1, 1):
        canvas.ellipsoid((side * 0.36, 0.44), (0.06, 0.10), 0.08)  # ears
    canvas.ellipsoid((0.0, 0.52), (0.36, 0.45), 0.36, blend=0.02)
    canvas.ellipsoid((0.0, 0.30), (0.29, 0.30), 0.36, blend=0.06)  # jaw
    canvas.capsule((0.0, 0.54), (0.0, 0.37), (0.035, 0.065), blend=0.03, lift=0.36)  # nose
    colour, coverage = canvas.lit(skin)
    _paint_face(canvas, colour)
    fringe = _fringe(canvas)
    colour = colour * (1 - fringe[..., None]) + hair_colour * fringe[..., None]
    whole = coverage[..., None] * colour + (1 - coverage[..., None]) * hair_colour
    return canvas.finish(whole, np.maximum(coverage, hair_coverage), (0.0, 0.37))


def _paint_face(canvas: _Canvas, colour: Plane) -> None:
    def paint(mask: Plane, ink: Rgb, strength: float) -> None:
        colour[:] = colour * (1 - mask[..., None] * strength) + np.array(ink, np.float32) * mask[..., None] * strength

    def disc(centre: Point, radii: Point) -> Plane:
        distance = ((canvas.x - centre[0]) / radii[0]) ** 2 + ((canvas.y - centre[1]) / radii[1]) ** 2
        return _plane(np.clip((1 - distance) * 3, 0, 1))

    for side in (-1, 1):
        eye = (side * 0.155, 0.535)
        paint(disc((eye[0], eye[1] + 0.01), (0.105, 0.075)), (120, 80, 66), 0.35)  # socket
        paint(disc(eye, (0.072, 0.034)), (240, 236, 232), 1.0)
        paint(disc(eye, (0.034, 0.034)), (62, 42, 30), 1.0)
        paint(disc((eye[0] - 0.01, eye[1] + 0.012), (0.010, 0.010)), (255, 255, 255), 0.9)
        lid = ((eye[0] - 0.075, 0.535), (eye[0] - 0.03, 0.57), (eye[0] + 0.03, 0.57), (eye[0] + 0.075, 0.535))
        brow = ((eye[0] - 0.095, 0.625), (eye[0], 0.655), (eye[0] + 0.095, 0.625))
        paint(canvas.strokes([lid], 0.016), (50, 32, 26), 0.85)
        paint(canvas.strokes([brow], 0.034), (58, 40, 32), 0.9)
        paint(disc((side * 0.038, 0.335), (0.022, 0.014)), (110, 62, 54), 0.7)  # nostril
    paint(disc((0.0, 0.215), (0.125, 0.042)), (176, 92, 88), 0.75)
    paint(canvas.strokes([((-0.12, 0.217), (-0.04, 0.208), (0.04, 0.208), (0.12, 0.217))], 0.014), (96, 44, 44), 0.8)


def _fringe(canvas: _Canvas) -> Plane:
    """Where hair lies over the skull: everything above a curve over the forehead."""
    line = 0.80 - 0.9 * canvas.x**2
    return _plane(np.clip((canvas.y - line) * 30, 0, 1))


def _spread(joints: tuple[Point, ...], spread: float) -> tuple[Point, ...]:
    """Fan a finger out about its knuckle, by up to 40 % of its own slant more, or bring it in."""
    x0, y0 = joints[0]
    return tuple((x0 + (x - x0) * (0.4 + 1.0 * spread), y0 + (y - y0)) for x, y in joints)


def _creases(joints: tuple[Point, ...], radii: tuple[float, ...]) -> list[tuple[Point, ...]]:
    """A line across the finger at each joint."""
    lines: list[tuple[Point, ...]] = []
    for i, share in ((0, 0.18), (1, 0.0), (2, 0.0)):
        (ax, ay), (bx, by) = joints[i], joints[i + 1]
        length = float(np.hypot(bx - ax, by - ay))
        across = (-(by - ay) / length * radii[i] * 0.8, (bx - ax) / length * radii[i] * 0.8)
        x, y = ax + (bx - ax) * share, ay + (by - ay) * share
        lines.append(((x - across[0], y - across[1]), (x + across[0], y + across[1])))
    return lines


def _noise(shape: tuple[int, ...]) -> Plane:
    return np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)


def _plane(values: Any) -> Plane:
    """OpenCV and numpy promote at will; heights and colours stay single precision."""
    return np.asarray(values, dtype=np.float32)
