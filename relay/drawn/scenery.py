"""What is behind the signer: drawn once, larger than the picture, so that the camera can turn and shift."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from relay.drawn.canvas import Picture, Plane, Rgb, plane, shaded

Backdrop = Literal["plain", "textured", "shelf", "window", "cluttered"]
BRIGHT: Rgb = (238, 242, 246)


@dataclass(frozen=True, slots=True)
class Scenery:
    """
    :param colour: of the wall. :param moving: a fan turns or a screen flickers at the side.
    :param company: somebody sits further back.
    """

    backdrop: Backdrop = "plain"
    colour: Rgb = (150, 168, 176)
    seed: int = 7
    moving: bool = False
    company: bool = False


@lru_cache(maxsize=8)
def wall(width: int, height: int, scenery: Scenery, glare: float = 0.0) -> Picture:
    """
    :param glare: share by which the wall is a bright window or sky, 0..1.
    :returns: RGB, shape (height, width, 3).
    """
    rng = np.random.default_rng(scenery.seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.08 - 0.22 * np.hypot(columns / width - 0.35, rows / height - 0.2)
    light += rng.normal(0, 0.012, light.shape)
    picture = plane(light[..., None] * np.array(scenery.colour, np.float32))
    if scenery.backdrop == "textured":
        picture *= _stains(rng, height, width)[..., None]
    drawn: Picture = np.clip(picture, 0, 255).astype(np.uint8)
    if scenery.backdrop == "shelf":
        _shelves(drawn, rng)
    elif scenery.backdrop == "window":
        _window(drawn, rng)
    elif scenery.backdrop == "cluttered":
        _clutter(drawn, rng)
    if scenery.company:
        _company(drawn, rng)
    if glare > 0:
        sky = plane(light[..., None] * np.array(BRIGHT, np.float32))
        drawn = np.clip(drawn * (1 - glare) + sky * glare, 0, 255).astype(np.uint8)
    return drawn


def _stains(rng: np.random.Generator, height: int, width: int) -> Plane:
    coarse = rng.normal(1.0, 0.16, (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    fine = rng.normal(1.0, 0.05, (max(2, height // 4), max(2, width // 4))).astype(np.float32)
    size = (width, height)
    both = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) * cv2.resize(fine, size)
    return plane(np.clip(both, 0.6, 1.35))


def _some(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(35, 205, 3))


def _shelves(picture: Picture, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    for board in np.arange(0.1, 1.0, 0.22):
        foot = int((board + 0.18) * height)
        x = int(0.04 * width)
        while x < 0.94 * width:
            thick, tall = int(rng.uniform(0.012, 0.04) * width) + 1, int(rng.uniform(0.09, 0.17) * height)
            if rng.random() < 0.86:
                cv2.rectangle(picture, (x, foot - tall), (x + thick, foot), _some(rng), -1)
            x += thick + 2
        cv2.rectangle(picture, (0, foot), (width, foot + int(0.02 * height) + 1), (96, 72, 52), -1)


def _window(picture: Picture, rng: np.random.Generator) -> None:
    """At one side, daylight outside; the signer sits beside it."""
    height, width = picture.shape[:2]
    left = int((0.10 if rng.random() < 0.5 else 0.70) * width)
    right, top, foot = left + int(0.2 * width), int(0.16 * height), int(0.62 * height)
    cv2.rectangle(picture, (left - 8, top - 8), (right + 8, foot + 8), (200, 196, 188), -1)
    cv2.rectangle(picture, (left, top), (right, foot), BRIGHT, -1)
    cv2.rectangle(picture, (left, (top + 2 * foot) // 3), (right, foot), (176, 200, 170), -1)
    cv2.line(picture, ((left + right) // 2, top), ((left + right) // 2, foot), (200, 196, 188), 5)


def _clutter(picture: Picture, rng: np.random.Generator) -> None:
    """A lamp, pictures, a plant, a chair's back, clothes on a hook."""
    height, width = picture.shape[:2]
    for _ in range(14):
        x, y = int(rng.uniform(0, width)), int(rng.uniform(0.05, 0.95) * height)
        w, h = int(rng.uniform(0.03, 0.14) * width), int(rng.uniform(0.04, 0.2) * height)
        colour = _some(rng)
        if rng.random() < 0.6:
            cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
            cv2.rectangle(picture, (x, y), (x + w, y + h), shaded(_rgb(colour), 0.6), 3)
        else:
            cv2.ellipse(picture, (x, y), (w // 2 + 1, h // 2 + 1), float(rng.uniform(0, 90)), 0, 360, colour, -1)
    for _ in range(30):
        foot = np.array([0.12 * width, 0.6 * height]) + rng.normal(0, 0.02, 2) * width
        tip = foot + rng.normal(0, 0.06, 2) * width - (0, 0.05 * height)
        ends = [tuple(int(value) for value in point) for point in (foot, tip)]
        cv2.line(picture, ends[0], ends[1], (44, int(rng.integers(80, 140)), 52), 4, cv2.LINE_AA)


def _company(picture: Picture, rng: np.random.Generator) -> None:
    """Somebody further back, to the side, sitting still and out of focus."""
    height, width = picture.shape[:2]
    x, y, size = int((0.2 if rng.random() < 0.5 else 0.8) * width), int(0.5 * height), 0.045 * width
    skin = ((150, 108, 82), (204, 160, 132))[int(rng.integers(2))]
    body = np.array([(-2.2, 7), (-2.0, 2.6), (-0.9, 1.7), (0.9, 1.7), (2.0, 2.6), (2.2, 7)]) * size + (x, y)
    cv2.fillPoly(picture, [body.astype(np.int32)], _some(rng), cv2.LINE_AA)
    cv2.ellipse(picture, (x, y), (round(size * 1.05), round(size * 1.4)), 0, 0, 360, (40, 32, 28), -1, cv2.LINE_AA)
    cv2.ellipse(
        picture, (x, round(y + 0.3 * size)), (round(size * 0.85), round(size)), 0, 0, 360, skin, -1, cv2.LINE_AA
    )
    for side in (-1, 1):
        eye = (round(x + side * 0.35 * size), round(y + 0.15 * size))
        cv2.circle(picture, eye, max(1, round(0.12 * size)), (50, 36, 30), -1, cv2.LINE_AA)
    part = picture[:, max(0, int(x - 3 * size)) : int(x + 3 * size)]
    part[:] = cv2.GaussianBlur(part, (0, 0), 2.0)


def _rgb(colour: tuple[int, ...]) -> Rgb:
    return colour[0], colour[1], colour[2]


def draw_movement(picture: Picture, scenery: Scenery, t: float) -> None:
    """Something that moves at the side of the picture, away from the hands: a fan, or a screen that flickers."""
    height, width = picture.shape[:2]
    x = round((0.055 if scenery.seed % 2 else 0.945) * width)
    y, reach = round(0.25 * height), round(0.05 * width)
    if scenery.seed % 4 < 2:
        cv2.circle(picture, (x, y), reach, (196, 198, 200), -1, cv2.LINE_AA)
        for blade in range(3):
            angle = 2 * np.pi * (t * 2.3 + blade / 3)
            tip = (round(x + 0.8 * reach * np.cos(angle)), round(y + 0.8 * reach * np.sin(angle)))
            cv2.line(picture, (x, y), tip, (84, 88, 94), max(2, reach // 4), cv2.LINE_AA)
        return
    glow = np.random.default_rng([scenery.seed, int(t * 3)]).integers(60, 220, 3)
    colour = tuple(int(value) for value in glow)
    cv2.rectangle(picture, (x - reach, y - reach // 2), (x + reach, y + reach // 2), (20, 20, 22), -1)
    cv2.rectangle(picture, (x - reach + 3, y - reach // 2 + 3), (x + reach - 3, y + reach // 2 - 3), colour, -1)
