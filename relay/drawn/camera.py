"""How a scene is seen: framing, light, lens, shutter, sensor; and how one state goes over into another."""

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.drawn.canvas import Picture, Point, plane

State = TypeVar("State")
NOISE_ROOM = 32  # pixels by which the noise can be shifted


@dataclass(frozen=True, slots=True)
class Framing:
    """
    :param scale: of the figure; 1: its unit is the picture's height (of 4:3).
    :param x, y: where the breast bone lies, shares of the picture. :param roll: degrees clockwise.
    :param tilt: -0.5..0.5: the camera looks down from above (the head larger than the belly), or up from below.
    """

    scale: float = 1.0
    x: float = 0.5
    y: float = 0.56
    roll: float = 0.0
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """
    Factors on coded values (not linear light).

    :param level: of all. :param person: of the person alone, further, 0..1 (in front of a window).
    :param glare: share by which the wall is bright sky, 0..1. :param red, blue: colour of the light, 1 neutral.
    :param side: -1 from the left .. 1 from the right: how much darker the other side of the picture is.
    """

    level: float = 1.0
    person: float = 1.0
    glare: float = 0.0
    red: float = 1.0
    blue: float = 1.0
    side: float = 0.0


@dataclass(frozen=True, slots=True)
class Camera:
    """
    :param defocus: sigma, pixels. :param dirt: grease on the lens, 0..1. :param shutter: exposure time, s.
    :param shake: of a camera in the hand, pixels. :param noise: sigma, 0..255.
    :param quality: of JPEG, standing for the codec; 0: none. :param covered: share of the light that ``cover`` takes.
    """

    framing: Framing = Framing()
    light: Light = Light()
    defocus: float = 0.0
    dirt: float = 0.0
    shutter: float = 0.0
    shake: float = 0.0
    noise: float = 0.0
    quality: float = 0.0
    covered: float = 0.0
    cover: Literal["finger", "cloth", "lid"] = "lid"


def between(a: State, b: State, share: float) -> State:
    """:returns: numbers in between, all else the nearer one's; dataclasses within are gone through likewise."""
    if share <= 0 or share >= 1:
        return b if share >= 1 else a
    changes: dict[str, Any] = {}
    for field in fields(a):  # type: ignore[arg-type]  # a dataclass
        p, q = getattr(a, field.name), getattr(b, field.name)
        if is_dataclass(p):
            changes[field.name] = between(p, q, share)
        elif isinstance(p, float):
            changes[field.name] = p + (q - p) * share
        else:
            changes[field.name] = q if share > 0.5 else p
    return replace(a, **changes)  # type: ignore[type-var]


class Projection:
    """From the figure's coordinates to pixels. :param aside: how far the figure has gone, share of the width."""

    def __init__(self, framing: Framing, width: int, height: int, aside: float = 0.0) -> None:
        self._framing = framing
        self._unit = min(height, width * 0.8) * framing.scale
        self._origin = (width * (framing.x + aside), height * framing.y)
        radians = math.radians(framing.roll)
        self._cos, self._sin = math.cos(radians), math.sin(radians)

    def unit(self, y: float = 0.0) -> float:
        """:returns: pixels of the figure's unit at height ``y``."""
        return self._unit * (1 - self._framing.tilt * max(-0.6, min(0.8, y)))

    def at(self, x: float, y: float) -> Point:
        unit = self.unit(y)
        across, down = x * unit, y * (self._unit + unit) / 2
        turned = (across * self._cos - down * self._sin, across * self._sin + down * self._cos)
        return self._origin[0] + turned[0], self._origin[1] + turned[1]


def lit(picture: Picture, mask: Picture | None, light: Light) -> Picture:
    """:param mask: where the person is, 0..255, when the person has another light than the wall."""
    if mask is not None and light.person != 1.0:
        share = cv2.convertScaleAbs(mask, alpha=1 - light.person)
        shadow = cv2.cvtColor(255 - share, cv2.COLOR_GRAY2RGB)
        picture = np.asarray(cv2.multiply(picture, shadow, scale=1 / 255), dtype=np.uint8)
    if light.level == 1.0 and light.red == 1.0 and light.blue == 1.0 and light.side == 0.0:
        return picture
    field = _light_field(
        picture.shape[1], picture.shape[0], round(light.side, 2), round(light.red, 2), round(light.blue, 2)
    )
    return np.asarray(cv2.multiply(picture, field, scale=light.level / 128), dtype=np.uint8)


@lru_cache(maxsize=16)
def _light_field(width: int, height: int, side: float, red: float, blue: float) -> Picture:
    """:returns: factors, 128 is 1; shape (height, width, 3)."""
    across = np.linspace(-1, 1, width, dtype=np.float32)
    fall = 1 - 0.5 * abs(side) * (0.5 + 0.5 * np.sign(side) * -across)
    colour = np.array([red, 1.0, blue], dtype=np.float32)
    row = np.clip(fall[:, None] * colour * 128, 0, 255)
    return np.repeat(row[None], height, axis=0).astype(np.uint8)


def through_lens(picture: Picture, camera: Camera) -> Picture:
    if camera.defocus > 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), camera.defocus), dtype=np.uint8)
    if camera.dirt > 0.02:
        picture = _smeared(picture, camera.dirt)
    if camera.covered > 0.02:
        lid = _cover(picture.shape[1], picture.shape[0], camera.cover)
        picture = np.asarray(cv2.addWeighted(picture, 1 - camera.covered, lid, camera.covered, 0), dtype=np.uint8)
    return picture


def _smeared(picture: Picture, dirt: float) -> Picture:
    """Grease: most of the light is scattered widely, and the whole picture is veiled."""
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    sigma = max(0.5, 0.012 * picture.shape[1] * dirt)
    scattered = cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(picture, 1 - dirt, scattered, 0.9 * dirt, 16 * dirt), dtype=np.uint8)


@lru_cache(maxsize=4)
def _cover(width: int, height: int, kind: str) -> Picture:
    """What a covered camera sees: a finger, reddish with light at its edge; the weave of a cloth; a lid."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "finger":
        edge = 0.75 + 0.5 * columns / width
        colour = plane(edge[..., None] * np.array((92, 34, 24), np.float32))
    elif kind == "cloth":
        weave = 1 + 0.05 * np.sin(columns / 2.7) * np.sin(rows / 3.1) + 0.06 * np.sin(columns / 150 + rows / 90)
        colour = plane(weave[..., None] * np.array((58, 56, 60), np.float32))
    else:
        colour = np.full((height, width, 3), 5, dtype=np.float32)
    return np.clip(colour, 0, 255).astype(np.uint8)


def sensed(picture: Picture, camera: Camera, t: float) -> Picture:
    """Shake, noise of the sensor and the codec's losses, the same for the same time."""
    if camera.shake > 0:
        picture = _shifted(picture, *shake_at(camera.shake, t))
    if camera.noise > 0.2:
        grain = _noise_at(picture.shape[0], picture.shape[1], round(camera.noise, 1), t)
        picture = np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U))
    if camera.quality > 0:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, round(camera.quality)])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
    return picture


def shake_at(amplitude: float, t: float) -> tuple[int, int]:
    """:returns: shift of the picture at a time, pixels."""
    return (
        round(amplitude * (math.sin(5.1 * t) + 0.5 * math.sin(13.7 * t))),
        round(amplitude * (math.sin(4.3 * t + 1) + 0.5 * math.sin(11.3 * t))),
    )


def _shifted(picture: Picture, x: int, y: int) -> Picture:
    height, width = picture.shape[:2]
    edge = max(abs(x), abs(y))
    if edge == 0:
        return picture
    wide = cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(wide[edge - y : edge - y + height, edge - x : edge - x + width], dtype=np.uint8)


def _noise_at(height: int, width: int, sigma: float, t: float) -> NDArray[np.int16]:
    """Of colour and brightness, like a small sensor's: another for each time, cut out of a larger one."""
    dice = round(t * 1000) * 2654435761 % (1 << 32) >> 12
    top, left = dice % NOISE_ROOM, dice // NOISE_ROOM % NOISE_ROOM
    return _noise(height, width, sigma)[top : top + height, left : left + width]


@lru_cache(maxsize=8)
def _noise(height: int, width: int, sigma: float) -> NDArray[np.int16]:
    rng = np.random.default_rng(3)
    shape = (height + NOISE_ROOM, width + NOISE_ROOM)
    bright = rng.standard_normal((*shape, 1), dtype=np.float32)
    colour = rng.standard_normal((*shape, 3), dtype=np.float32)
    return np.asarray(np.round(sigma * (bright + 0.5 * colour)), dtype=np.int16)
