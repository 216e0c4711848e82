"""
A signer drawn by the project itself, for rehearsals, demonstrations and tests: nobody's video is needed.

One movement that comes round, in a few scenes (:mod:`relay.drawn` has all that can be drawn); MediaPipe finds hands
and face. The same time gives the same picture.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from relay.drawn.camera import Camera, Framing, Light
from relay.drawn.canvas import Picture, Rgb
from relay.drawn.figure import HAND_UNIT
from relay.drawn.hand import SHAPES, HandShape
from relay.drawn.person import Person
from relay.drawn.scenery import Scenery
from relay.drawn.signing import HandPose, Pose
from relay.drawn.stage import Situation, Stage

#: What the picture shows: a signer signing; hands resting below the picture; the camera too high, so that the hands
#: leave the picture; hardly any light; a bright window behind; too far away; nobody.
Scene = Literal["signing", "still", "cut", "dark", "backlit", "far", "absent"]
SCENES: tuple[Scene, ...] = get_args(Scene)

PERIOD_S = 1.6  # of one movement of the hands: the pace of quiet signing
SPREADS = (0.35, 0.55, 0.75, 0.95)
_SITUATIONS: dict[Scene, Situation] = {
    "cut": Situation(Camera(Framing(y=0.90))),
    "dark": Situation(Camera(light=Light(0.11), noise=2.5)),
    "backlit": Situation(Camera(light=Light(person=0.22, glare=1.0))),
    "far": Situation(Camera(Framing(scale=0.32))),
    "absent": Situation(gone=1.0),
}


@dataclass(frozen=True, slots=True)
class Appearance:
    """Colours, RGB 0..255, by which one drawn person is told from another."""

    clothes: Rgb = (38, 46, 74)
    background: Rgb = (150, 168, 176)
    skin: Rgb = (246, 186, 148)
    hair: Rgb = (70, 48, 36)


SIGNER = Appearance()
INTERPRETER = Appearance(clothes=(24, 24, 28), background=(112, 140, 120), skin=(214, 152, 114), hair=(30, 26, 26))


class HandPosition(NamedTuple):
    """Centre of the palm, as shares of the picture (may lie outside), and wrist-to-knuckle length in pixels."""

    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class _Round:
    """Two hands that go round, three times while their fingers open and close twice."""

    signing: bool

    def pose(self, t: float) -> Pose:
        slow = 2 * math.pi * t / (PERIOD_S * 1.5)
        hands = (self._hand(-1, t, slow), self._hand(1, t, slow))
        nod = 0.004 * math.sin(slow)
        return Pose(hands, self.signing, 0.0, nod, 0.0, 0.0, 0.0, eyes_closed=False, brows=0.0)

    def _hand(self, side: int, t: float, slow: float) -> HandPose:
        if not self.signing:
            return HandPose(side * 0.2, 0.72, 170.0, SHAPES["loose"], away=True)
        turn = 2 * math.pi * t / PERIOD_S
        phase = turn + (0 if side < 0 else 0.9)
        spread = SPREADS[min(len(SPREADS) - 1, int((0.5 + 0.5 * math.sin(slow)) * len(SPREADS)))]
        return HandPose(
            side * (0.17 + 0.045 * math.cos(phase)),
            0.14 + 0.07 * math.sin(phase),
            side * (12 * math.sin(turn) + 8),
            HandShape(0, 0, 0, 0, 0, spread),
        )


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
        person = Person(skin=appearance.skin, hair=appearance.hair, clothes=appearance.clothes)
        situation = _SITUATIONS.get(scene, Situation())
        self._unit = min(height, width * 0.8) * situation.camera.framing.scale
        self._stage = Stage(
            person,
            Scenery(colour=appearance.background),
            _Round(scene != "still"),
            lambda _t: situation,
            width=width,
            height=height,
        )

    def frame(self, t: float) -> Picture:
        """
        :param t: seconds; any time gives a picture.
        :returns: RGB, shape (height, width, 3).
        """
        return self._stage.frame(t)

    def frames(self, seconds: float) -> Iterator[Picture]:
        for index in range(round(seconds * self.fps)):
            yield self.frame(index / self.fps)

    def hand_positions(self, t: float) -> tuple[HandPosition, ...]:
        """:returns: the signer's right hand (at the left of the picture) and left hand; nothing when at rest."""
        palms = [hand.palm for hand in self._stage.truth(t).hands if hand.in_use]
        return tuple(HandPosition(float(x), float(y), self._unit * HAND_UNIT) for x, y in palms)
