"""A drawn signer before a plain wall in good light, and the same with one thing changed."""

from dataclasses import replace
from typing import Any

import numpy as np

from relay.drawn.camera import Camera, Framing, Light
from relay.drawn.canvas import Picture
from relay.drawn.person import MONK_TONES, Person
from relay.drawn.scenery import Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation, Stage

WIDTH, HEIGHT = 320, 240
LIGHT_CLOTHES, DARK_CLOTHES = (222, 210, 170), (24, 24, 28)


def person(tone: int = 4, **changes: Any) -> Person:
    clothes = DARK_CLOTHES if tone < 6 else LIGHT_CLOTHES
    return Person(skin=MONK_TONES[tone], clothes=clothes, **changes)


def stage(
    tone: int = 4, style: Style = "two_handed", situation: Situation | None = None, *, seed: int = 3, **camera: Any
) -> Stage:
    """:param camera: what is other than usual."""
    now = situation or Situation()
    now = replace(now, camera=replace(now.camera, **camera))
    return Stage(person(tone), Scenery(), Script(seed, style), lambda _t: now, width=WIDTH, height=HEIGHT)


def patch(picture: Picture, x: float, y: float, radius: int = 2) -> np.ndarray[Any, np.dtype[np.float64]]:
    """:returns: mean colour about a point given in shares of the picture, shape (3,)."""
    column, row = round(x * picture.shape[1]), round(y * picture.shape[0])
    part = picture[row - radius : row + radius + 1, column - radius : column + radius + 1]
    return np.asarray(part.reshape(-1, 3).mean(axis=0))


__all__ = ["HEIGHT", "WIDTH", "Camera", "Framing", "Light", "Situation", "patch", "person", "stage"]
