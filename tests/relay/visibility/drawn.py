"""Drawn signers as the measures see them: brightness, and where face and hands truly are."""

from typing import NamedTuple

import cv2
import numpy as np

from relay.drawn.camera import Camera
from relay.drawn.canvas import Rgb
from relay.drawn.person import MONK_TONES, Person
from relay.drawn.scenery import Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation, Stage
from relay.visibility.model import Box, Gray, Hand

TONES = range(len(MONK_TONES))  # lightest first
GOOD = Camera(noise=2.0)
WALL = Scenery(colour=(150, 168, 176))


class Drawn(NamedTuple):
    gray: Gray
    face: Box
    hands: tuple[Hand, ...]


def stage(
    tone: int = 4,
    camera: Camera = GOOD,
    scenery: Scenery = WALL,
    clothes: Rgb = (38, 46, 74),
    style: Style = "two_handed",
    *,
    gone: float = 0.0,
) -> Stage:
    person = Person(skin=MONK_TONES[tone], clothes=clothes)
    return Stage(person, scenery, Script(3, style), lambda _t: Situation(camera, gone))


def seen(of: Stage, t: float = 0.5) -> Drawn:
    truth = of.truth(t)
    assert truth.face is not None
    hands = tuple(Hand(hand.landmarks, 1.0, hand.is_right) for hand in truth.hands)
    return Drawn(grayed(of.frame(t)), Box(*truth.face.box), hands)


def drawn(tone: int = 4, camera: Camera = GOOD, scenery: Scenery = WALL, clothes: Rgb = (38, 46, 74)) -> Drawn:
    return seen(stage(tone, camera, scenery, clothes))


def grayed(picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> Gray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
