"""
How a part is drawn and put into a picture: a height field (capsules for bones, ellipsoids for the head) lit from the
upper left, kept as a sprite with alpha. Everything is deterministic.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]

EMPTY = -9.0  # height where nothing is
LIGHT = np.array([-0.36, -0.56, 0.75])  # unit vector towards the lamp: left, up, towards the viewer
HALFWAY = np.array([-0.19, -0.30, 0.935])  # between the lamp and the viewer: where skin shines
SHINE = 34.0  # of skin, 0..255: the same on all skins
FINE_LIMIT = 160  # pixels: larger parts are drawn without oversampling
_LEVELS_PER_OCTAVE = 2


class Sprite(NamedTuple):
    """
    :param picture: shape (height, width, 4), RGBA, the colours multiplied with alpha.
    :param anchor: x, y in pixels of its point of reference.
    """

    picture: Picture
    anchor: Point


class Placing(NamedTuple):
    """Where a sprite goes: anchor in pixels, degrees clockwise, factors along its own axes (negative x mirrors)."""

    at: Point
    angle: float = 0.0
    across: float = 1.0
    along: float = 1.0

    def matrix(self) -> Plane:
        """:returns: shape (2, 2), from the sprite's pixels about its anchor to the picture's about ``at``."""
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return np.array([[c * self.across, -s * self.along], [s * self.across, c * self.along]], dtype=np.float32)

    def points(self, relative: Plane) -> Plane:
        """:param relative: shape (n, 2), pixels about the sprite's anchor. :returns: where they are in the picture."""
        return plane(relative @ self.matrix().T + np.array(self.at))


class Canvas:
    """
    Height field in the part's own unit; y upwards.

    :param unit: pixels of the part's unit.
    """

    def __init__(self, unit: int, left: float, right: float, bottom: float, top: float) -> None:
        self.oversampling = 2 if unit <= FINE_LIMIT else 1
        self.scale = unit * self.oversampling
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
        part = self._near(a, b, max(radii))
        x, y = self.x[part], self.y[part]
        along = np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / max(1e-9, dx * dx + dy * dy), 0, 1)
        distance = (x - a[0] - along * dx) ** 2 + (y - a[1] - along * dy) ** 2
        radius = radii[0] + (radii[1] - radii[0]) * along
        height = plane(np.sqrt(np.maximum(radius**2 - distance, 0)) * flat + lift)
        self._add(part, height, distance < radius**2, blend)

    def ellipsoid(self, centre: Point, radii: Point, depth: float, blend: float = 0.0, lift: float = 0.0) -> None:
        part = self._near(centre, centre, max(radii))
        distance = ((self.x[part] - centre[0]) / radii[0]) ** 2 + ((self.y[part] - centre[1]) / radii[1]) ** 2
        self._add(part, plane(np.sqrt(np.maximum(1 - distance, 0)) * depth + lift), distance < 1, blend)

    def _near(self, a: Point, b: Point, reach: float) -> tuple[slice, slice]:
        left, bottom = self.pixel((min(a[0], b[0]) - reach, min(a[1], b[1]) - reach))
        right, top = self.pixel((max(a[0], b[0]) + reach, max(a[1], b[1]) + reach))
        return slice(max(0, top - 1), max(0, bottom + 2)), slice(max(0, left - 1), max(0, right + 2))

    def _add(self, part: tuple[slice, slice], height: Plane, inside: NDArray[np.bool_], blend: float) -> None:
        there = self.height[part]
        new = np.where(inside, height, EMPTY)
        union = np.maximum(there, new)
        if blend > 0:
            share = np.clip(0.5 + 0.5 * (there - new) / blend, 0, 1)
            both = (there > -1) & inside
            union = np.where(both, new + (there - new) * share + blend * share * (1 - share), union)
        self.height[part] = union

    def lit(self, colour: Rgb, texture: float = 0.02, *, shine: float = 0.0) -> tuple[Plane, Plane]:
        """:returns: shaded colour, shape (h, w, 3), 0..255, and coverage, shape (h, w), 0..1."""
        inside = (self.height > -1).astype(np.float32)
        solid = self.height * inside
        smooth = cv2.GaussianBlur(solid, (0, 0), self.scale * 0.012)
        slope_y, slope_x = np.gradient(smooth * self.scale)
        toward = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
        lambert = np.clip(toward * (LIGHT[2] - slope_x * LIGHT[0] - slope_y * LIGHT[1]), 0, 1)
        occlusion = np.clip(1 - (cv2.GaussianBlur(solid, (0, 0), self.scale * 0.06) - solid) * 2.2, 0.55, 1.05)
        grain = cv2.GaussianBlur(noise(solid.shape), (0, 0), self.scale * 0.03)
        shade = (0.42 + 0.66 * lambert) * occlusion * (1 + texture * grain / grain.std())
        picture = shade[..., None] * np.array(colour, dtype=np.float32)
        picture[..., 0] += (1 - lambert) * 14 * min(1.0, sum(colour) / 380)  # light scattered in skin reddens shadows
        if shine:
            facing = np.clip(toward * (HALFWAY[2] - slope_x * HALFWAY[0] - slope_y * HALFWAY[1]), 0, 1)
            picture += (facing**10 * occlusion * shine)[..., None]
        return plane(picture), plane(cv2.GaussianBlur(inside, (0, 0), max(0.6, self.scale * 0.006)))

    def strokes(self, lines: Iterable[tuple[Point, ...]], width: float) -> Plane:
        """:returns: soft lines, shape (h, w), 0..1; ``width`` in the part's unit."""
        drawn = np.zeros(self.height.shape, dtype=np.float32)
        for line in lines:
            pixels = np.array([self.pixel(point) for point in line], dtype=np.int32)
            cv2.polylines(drawn, [pixels], False, 1.0, max(1, round(width * self.scale)), cv2.LINE_AA)
        return plane(cv2.GaussianBlur(drawn, (0, 0), max(0.6, self.scale * 0.006)))

    def disc(self, centre: Point, radii: Point, softness: float = 3.0) -> Plane:
        """:returns: a soft filled ellipse, shape (h, w), 0..1."""
        distance = ((self.x - centre[0]) / radii[0]) ** 2 + ((self.y - centre[1]) / radii[1]) ** 2
        return plane(np.clip((1 - distance) * softness, 0, 1))

    def finish(self, colour: Plane, coverage: Plane, origin: Point) -> Sprite:
        """:param origin: the anchor."""
        full = np.dstack([np.clip(colour, 0, 255) * coverage[..., None], coverage * 255]).astype(np.uint8)
        step = self.oversampling
        if step > 1:
            size = (full.shape[1] // step, full.shape[0] // step)
            full = np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        x, y = ((origin[0] - self.left) * self.scale / step, (self.top - origin[1]) * self.scale / step)
        return Sprite(np.asarray(full, dtype=np.uint8), (x, y))


def about(origin: Point, points: Iterable[Point], unit: float) -> Plane:
    """:param points: in a part's unit, y upwards. :returns: shape (n, 2), pixels about the anchor, y downwards."""
    return plane([((x - origin[0]) * unit, (origin[1] - y) * unit) for x, y in points])


def level(pixels: float, limit: int) -> int:
    """:returns: the size a part is drawn at, of a few sizes, to be scaled down to ``pixels``; at most ``limit``."""
    steps = math.ceil(math.log2(max(4.0, pixels)) * _LEVELS_PER_OCTAVE - 1e-6)
    return min(limit, round(2 ** (steps / _LEVELS_PER_OCTAVE)))


def paste(picture: Picture, mask: Picture | None, sprite: Sprite, where: Placing) -> None:
    """Blend a sprite into the picture, and what it covers into the mask of the person (shape (h, w), 0..255)."""
    source, (ax, ay) = sprite.picture, sprite.anchor
    turn = where.matrix()
    height, width = source.shape[:2]
    corners = (np.array([[0, 0], [width, 0], [0, height], [width, height]]) - (ax, ay)) @ turn.T + np.array(where.at)
    left, top = (max(0, math.floor(value)) for value in corners.min(axis=0))
    right = min(picture.shape[1], math.ceil(corners[:, 0].max()))
    bottom = min(picture.shape[0], math.ceil(corners[:, 1].max()))
    if left >= right or top >= bottom:
        return
    shift = np.array(where.at) - turn @ np.array([ax, ay]) - (left, top)
    layer = cv2.warpAffine(source, np.column_stack([turn, shift]), (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    alpha = layer[..., 3]
    part = picture[top:bottom, left:right]
    kept = cv2.multiply(part, cv2.cvtColor(255 - alpha, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    part[:] = cv2.add(kept, cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB))
    if mask is not None:
        np.maximum(mask[top:bottom, left:right], alpha, out=mask[top:bottom, left:right])


@lru_cache(maxsize=8)
def noise(shape: tuple[int, ...]) -> Plane:
    return np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)


def shaded(colour: Rgb, factor: float, offset: float = 0.0) -> tuple[float, ...]:
    """:returns: the colour made lighter or darker, as OpenCV takes it."""
    return tuple(max(0.0, min(255.0, channel * factor + offset)) for channel in colour)


def plane(values: Any) -> Plane:
    """OpenCV and numpy promote at will; heights and colours stay single precision."""
    return np.asarray(values, dtype=np.float32)
