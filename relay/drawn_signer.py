"""
A signer drawn by the project itself, for rehearsals, demonstrations and tests: nobody's video is needed.

Head, torso, arms and two open hands whose positions are known at every time and which MediaPipe finds. The same
time gives the same picture. The parts are drawn once (``relay.drawn_sprites``) and only moved afterwards.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.drawn_sprites import Point, Rgb, Sprite, hand, head

#: What the picture shows: a signer signing; hands resting below the picture; the camera too high, so that the hands
#: leave the picture; hardly any light; a bright window behind; too far away; nobody.
Scene = Literal["signing", "still", "cut", "dark", "backlit", "far", "absent"]
SCENES: tuple[Scene, ...] = get_args(Scene)
Picture = NDArray[np.uint8]

PERIOD_S = 1.6  # of one movement of the hands: the pace of quiet signing
SPREADS = (0.35, 0.55, 0.75, 0.95)
DARKNESS = 0.11  # share of the light that is left in the dark scene
SHADOW = 0.22  # share of the light on somebody in front of a window
WINDOW: Rgb = (226, 232, 236)
FAR_SCALE = 0.32
CUT_SHIFT = 0.34  # of the figure's height unit, downwards


@dataclass(frozen=True, slots=True)
class Appearance:
    """Colours, RGB 0..255, by which one drawn person is told from another."""

    clothes: Rgb = (38, 46, 74)
    background: Rgb = (150, 168, 176)
    skin: Rgb = (224, 172, 140)
    hair: Rgb = (70, 48, 36)


SIGNER = Appearance()
INTERPRETER = Appearance(clothes=(24, 24, 28), background=(112, 140, 120), skin=(196, 142, 110), hair=(30, 26, 26))


class HandPosition(NamedTuple):
    """Centre of the palm, as shares of the picture (may lie outside), and wrist-to-knuckle length in pixels."""

    x: float
    y: float
    size: float


class DrawnSigner:
    """
    :param fps: frame rate of :meth:`frames`; :meth:`frame` takes any time.
    """

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        fps: float = 25.0,
        appearance: Appearance = SIGNER,
        scene: Scene = "signing",
    ) -> None:
        self.width, self.height, self.fps, self.scene = width, height, fps, scene
        self._appearance = appearance
        self._unit = min(height, width * 0.8) * (FAR_SCALE if scene == "far" else 1.0)
        self._hands = [hand(max(4, round(self._unit * 0.1)), spread, appearance.skin) for spread in SPREADS]
        self._head = head(max(8, round(self._unit * 0.27)), appearance.skin, appearance.hair)
        self._wall = self._draw_wall(WINDOW if scene == "backlit" else appearance.background)
        self._still = self._wall.copy()
        if scene != "absent":
            self._draw_torso(self._still)

    def frame(self, t: float) -> Picture:
        """
        :param t: seconds; any time gives a picture.
        :returns: RGB, shape (height, width, 3).
        """
        picture = self._still.copy()
        if self.scene != "absent":
            sway = 0.004 * self._unit * math.sin(2 * math.pi * t / (PERIOD_S * 1.5))
            x, y = self._at(0.0, -0.255)
            _paste(picture, self._head, (x + sway, y), 0.0, 1.0)
            if self.scene != "still":
                self._draw_arms(picture, t)
        if self.scene == "backlit":
            return _shadowed(picture, self._wall)
        return _darkened(picture, t) if self.scene == "dark" else picture

    def frames(self, seconds: float) -> Iterator[Picture]:
        for index in range(round(seconds * self.fps)):
            yield self.frame(index / self.fps)

    def hand_positions(self, t: float) -> tuple[HandPosition, ...]:
        """:returns: the signer's right hand (at the left of the picture) and left hand; nothing when at rest."""
        if self.scene in {"absent", "still"}:
            return ()
        points = (self._palm(side, t) for side in (-1, 1))
        return tuple(HandPosition(x / self.width, y / self.height, self._unit * 0.1) for x, y in points)

    def _at(self, x: float, y: float) -> Point:
        """Figure coordinates (unit: the figure's height, origin at the breast bone, y down) to pixels."""
        shift = CUT_SHIFT if self.scene == "cut" else 0.0
        return self.width / 2 + x * self._unit, self.height * 0.56 + (y + shift) * self._unit

    def _palm(self, side: int, t: float) -> Point:
        phase = 2 * math.pi * t / PERIOD_S + (0 if side < 0 else 0.9)
        return self._at(side * (0.17 + 0.045 * math.cos(phase)), 0.14 + 0.07 * math.sin(phase))

    def _draw_wall(self, colour: Rgb) -> Picture:
        rows, columns = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        light = 1.08 - 0.22 * np.hypot(columns / self.width - 0.35, rows / self.height - 0.2)
        light += np.random.default_rng(7).normal(0, 0.012, light.shape)
        wall: Picture = np.clip(light[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)
        return wall

    def _draw_torso(self, picture: Picture) -> None:
        outline = [(-0.10, -0.15), (-0.24, -0.09), (-0.27, 0.02), (-0.22, 0.30), (-0.23, 0.6), (-0.22, 3.0)]
        mirrored = [(-x, y) for x, y in reversed(outline)]
        points = np.array([self._at(x, y) for x, y in [*outline, *mirrored]])
        for inset, factor in ((0, 0.8), (0.03, 0.95), (0.07, 1.06)):
            centre = np.array(self._at(0.0, 0.2))
            shrunk = centre + (points - centre) * np.array([1 - inset * 2.5, 1 - inset * 0.4])
            colour = tuple(min(255.0, channel * factor) for channel in self._appearance.clothes)
            cv2.fillPoly(picture, [shrunk.astype(np.int32)], colour, cv2.LINE_AA)
        if self.scene == "still":
            for side in (-1, 1):
                self._limb(picture, self._at(side * 0.24, -0.03), self._at(side * 0.29, 0.32), 0.085)
                self._limb(picture, self._at(side * 0.29, 0.32), self._at(side * 0.27, 0.72), 0.075)

    def _draw_arms(self, picture: Picture, t: float) -> None:
        for side in (-1, 1):
            palm = self._palm(side, t)
            elbow = self._at(side * 0.31, 0.34)
            lean = 12 * math.sin(2 * math.pi * t / PERIOD_S) + 8
            wrist = _off(palm, side * lean, self._unit * 0.075)
            self._limb(picture, self._at(side * 0.23, -0.03), elbow, 0.085)
            self._limb(picture, elbow, wrist, 0.062)
            shape = self._hands[self._spread_at(t)]
            _paste(picture, shape, palm, side * lean, 1.0, mirrored=side > 0)

    def _spread_at(self, t: float) -> int:
        share = 0.5 + 0.5 * math.sin(2 * math.pi * t / (PERIOD_S * 1.5))
        return min(len(SPREADS) - 1, int(share * len(SPREADS)))

    def _limb(self, picture: Picture, a: Point, b: Point, thickness: float) -> None:
        """A sleeve: nested lines, darker at the edge, the light from the left."""
        for part, factor, offset in ((1.0, 0.62, 0.0), (0.84, 0.88, -0.04), (0.5, 1.12, -0.1)):
            width = max(1, round(thickness * self._unit * part))
            colour = tuple(min(255.0, channel * factor + 6) for channel in self._appearance.clothes)
            ends = [(round(x + offset * width), round(y)) for x, y in (a, b)]
            cv2.line(picture, ends[0], ends[1], colour, width, cv2.LINE_AA)


def _off(palm: Point, angle: float, distance: float) -> Point:
    """The point below the palm, for a hand leaning by ``angle`` degrees clockwise."""
    radians = math.radians(angle)
    return palm[0] - math.sin(radians) * distance, palm[1] + math.cos(radians) * distance


def _paste(picture: Picture, sprite: Sprite, at: Point, angle: float, scale: float, *, mirrored: bool = False) -> None:
    """Blend a sprite into the picture, its anchor at ``at`` (pixels), turned clockwise by ``angle`` degrees."""
    source, (ax, ay) = sprite
    if mirrored:
        source, ax = source[:, ::-1], source.shape[1] - ax
    reach = math.hypot(*source.shape[:2]) * scale
    left, top = max(0, math.floor(at[0] - reach)), max(0, math.floor(at[1] - reach))
    right, bottom = min(picture.shape[1], math.ceil(at[0] + reach)), min(picture.shape[0], math.ceil(at[1] + reach))
    if left >= right or top >= bottom:
        return
    turn = cv2.getRotationMatrix2D((ax, ay), -angle, scale)
    turn[:, 2] += np.array([at[0] - ax - left, at[1] - ay - top])
    layer = cv2.warpAffine(source, turn, (right - left, bottom - top), flags=cv2.INTER_LINEAR).astype(np.uint16)
    alpha = layer[..., 3:]
    part = picture[top:bottom, left:right]
    part[:] = ((part * (255 - alpha) + layer[..., :3] * alpha + 127) // 255).astype(np.uint8)


def _darkened(picture: Picture, t: float) -> Picture:
    """What a camera makes of hardly any light: a dark picture with noise."""
    noise = np.random.default_rng(round(t * 1000)).integers(-4, 5, picture.shape[:2], dtype=np.int16)
    dark: Picture = np.clip(picture * DARKNESS + noise[..., None], 0, 255).astype(np.uint8)
    return dark


def _shadowed(picture: Picture, wall: Picture) -> Picture:
    """Everything in front of the wall loses its light."""
    person = (picture != wall).any(axis=2, keepdims=True)
    return np.where(person, (picture * SHADOW).astype(np.uint8), picture)
