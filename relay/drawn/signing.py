"""
What a signer does when: a chain of signs, each a movement to a place and a hold, drawn from a seed.

Coordinates are the figure's: unit its height scale (about 85 cm), origin at the breast bone, x to the right of the
picture, y down. Side -1 is the person's right hand (left in the picture), +1 the left.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np

from relay.drawn.hand import SHAPES, HandShape

#: Two hands in the signing space; one hand while the other holds the phone; one hand at forehead, cheek or chin;
#: letters with one hand; attending with the hands below the picture; the same and nodding; the same with the hands
#: folded before the belly; a mixture as in a conversation.
Style = Literal["two_handed", "one_handed", "at_face", "fingerspelling", "listening", "nodding", "folded", "mixed"]

BEAT_S = 0.62  # of one sign at ordinary speed
MOVE_SHARE = 0.55  # of a beat: the movement; the rest holds the place
LETTER_BEATS = 0.45
UTTERANCE_BEATS = 10  # one style of the mixture
HOLD_WAVE = 0.022  # radius of the small movement within a hold
SILENT: frozenset[str] = frozenset({"listening", "nodding", "folded"})
_MIXTURE: tuple[Style, ...] = ("two_handed", "listening", "at_face", "two_handed", "nodding", "fingerspelling")
_OPEN = ("five", "wide", "loose", "together", "flat")
_OTHER = ("claw", "three", "v", "point", "l", "y", "four")
_LETTERS = ("fist", "v", "point", "l", "y", "four", "three", "flat", "claw")


@dataclass(frozen=True, slots=True)
class HandPose:
    """
    :param x, y: centre of the palm. :param angle: degrees clockwise. :param turn: 1 flat to the camera .. 0 edge on.
    :param away: it rests or holds the phone, and is not used.
    """

    x: float
    y: float
    angle: float
    shape: HandShape
    turn: float = 1.0
    away: bool = False


@dataclass(frozen=True, slots=True)
class Pose:
    """:param hands: the right hand, then the left. :param nod: of the head, downwards. :param roll: of the head, °."""

    hands: tuple[HandPose, HandPose]
    signing: bool
    sway: float
    nod: float
    roll: float
    yaw: float
    mouth: float
    eyes_closed: bool
    brows: float


class Motion(Protocol):
    def pose(self, t: float) -> Pose:
        """:param t: seconds, any."""


@dataclass(frozen=True, slots=True)
class Script:
    """
    :param tempo: 1 ordinary; signs per time. :param right_handed: which hand signs alone.
    :param turns_head: now and then it looks aside for a moment. :param width: of the signing space, 1 ordinary.
    """

    seed: int = 0
    style: Style = "two_handed"
    tempo: float = 1.0
    right_handed: bool = True
    turns_head: bool = False
    width: float = 1.0

    def pose(self, t: float) -> Pose:
        """:param t: seconds, any."""
        beat = t * self.tempo / BEAT_S
        number, share = math.floor(beat), beat - math.floor(beat)
        eased = _eased(share / MOVE_SHARE)
        before, after = (_sign(self, number + step) for step in (0, 1))
        wave = 2 * math.pi * t * 2.2
        hands = (
            _between(before[0], after[0], eased, wave),
            _between(before[1], after[1], eased, wave + 1.9),
        )
        return _with_head(self, t, number, (self._spelt(hands[0], t, 0), self._spelt(hands[1], t, 1)))

    def style_at(self, number: int) -> Style:
        """:param number: counts the signs."""
        if self.style != "mixed":
            return self.style
        return _MIXTURE[(number // UTTERANCE_BEATS + self.seed) % len(_MIXTURE)]

    def _spelt(self, hand: HandPose, t: float, index: int) -> HandPose:
        """Letters come faster than signs and stay in place."""
        beat = t * self.tempo / BEAT_S
        if hand.away or self.style_at(math.floor(beat)) != "fingerspelling" or (index == 0) != self.right_handed:
            return hand
        letter = beat / LETTER_BEATS
        names = [
            _LETTERS[int(_dice(self.seed, math.floor(letter) + step, 5).integers(len(_LETTERS)))] for step in (0, 1)
        ]
        shape = _mixed_shape(SHAPES[names[0]], SHAPES[names[1]], _eased((letter % 1) / 0.5))
        return HandPose(hand.x, hand.y, hand.angle, shape, hand.turn)


def _dice(*seed: int) -> np.random.Generator:
    return np.random.default_rng([value & 0x7FFFFFFF for value in seed])


@lru_cache(maxsize=512)
def _sign(script: Script, number: int) -> tuple[HandPose, HandPose]:
    rng = _dice(script.seed, number, 1)
    style = script.style_at(number)
    main = -1 if script.right_handed else 1
    if style in SILENT:
        folded = style == "folded"
        hands = {side: _resting(side, folded=folded) for side in (-1, 1)}
    elif style == "two_handed":
        shape = _shape(rng)
        height = float(rng.uniform(-0.01, 0.24))
        hands = {side: _in_space(rng, side * script.width, height, shape) for side in (-1, 1)}
    elif style == "at_face":
        near = (rng.uniform(0.06, 0.15), rng.choice([-0.34, -0.26, -0.19]) + rng.uniform(-0.02, 0.03))
        hands = {-main: _resting(-main), main: HandPose(main * near[0], near[1], -main * 12, _shape(rng), 0.9)}
    elif style == "fingerspelling":
        place = HandPose(main * 0.22, -0.01, main * 6.0, SHAPES["fist"])
        hands = {-main: _resting(-main), main: place}
    else:
        place = _in_space(rng, main * script.width, float(rng.uniform(-0.05, 0.2)), _shape(rng))
        hands = {-main: _holding_phone(-main), main: place}
    return hands[-1], hands[1]


def _shape(rng: np.random.Generator) -> HandShape:
    return SHAPES[str(rng.choice(_OPEN if rng.random() < 0.65 else _OTHER))]


def _in_space(rng: np.random.Generator, side: float, height: float, shape: HandShape) -> HandPose:
    """In the signing space before the chest; both hands at about one height, as in most two-handed signs."""
    x = side * float(rng.uniform(0.10, 0.25))
    y = height + float(rng.uniform(-0.04, 0.04))
    angle = side * float(rng.uniform(-34, 34))
    return HandPose(x, y, angle, shape, float(rng.uniform(0.7, 1.0)))


def _resting(side: int, *, folded: bool = False) -> HandPose:
    if folded:
        return HandPose(side * 0.05, 0.33, -side * 62, SHAPES["flat"], 0.9, away=True)
    return HandPose(side * 0.17, 0.68, 170.0, SHAPES["loose"], 0.8, away=True)


def _holding_phone(side: int) -> HandPose:
    """Towards the camera, out at the lower corner."""
    return HandPose(side * 0.47, 0.62, side * 20, SHAPES["claw"], away=True)


def _between(a: HandPose, b: HandPose, share: float, wave: float) -> HandPose:
    """On the way, in a slight arc, the hold filled with a small movement."""

    def mix(p: float, q: float) -> float:
        return p + (q - p) * share

    away = a.away and b.away
    wide = 0.0 if away else HOLD_WAVE
    arc = 0.04 * math.sin(math.pi * share)
    return HandPose(
        mix(a.x, b.x) + wide * math.cos(wave),
        mix(a.y, b.y) - (0.0 if away else arc) + wide * math.sin(wave),
        mix(a.angle, b.angle) + (0.0 if away else 5 * math.sin(wave)),
        _mixed_shape(a.shape, b.shape, share),
        mix(a.turn, b.turn),
        away,
    )


def _mixed_shape(a: HandShape, b: HandShape, share: float) -> HandShape:
    """In thirds: each shape on the way is drawn once."""
    part = round(share * 3) / 3
    return HandShape(*(round(p + (q - p) * part, 2) for p, q in zip(a, b, strict=True)))


def _with_head(script: Script, t: float, number: int, hands: tuple[HandPose, HandPose]) -> Pose:
    style = script.style_at(number)
    signing = style not in SILENT
    slow = 2 * math.pi * t
    yaw = 0.0
    if script.turns_head and (t + script.seed) % 11.0 < 1.5:
        yaw = 34 * math.sin(math.pi * ((t + script.seed) % 11.0) / 1.5) * (1 if script.seed % 2 else -1)
    nod = 0.022 * math.sin(slow * 1.6) if style == "nodding" else 0.0
    return Pose(
        hands,
        signing,
        sway=0.008 * math.sin(slow / 3.4 + script.seed),
        nod=nod + (0.004 * math.sin(slow / 2.3) if signing else 0.0),
        roll=3.0 * math.sin(slow / 4.1 + script.seed) * (1.0 if signing else 0.4),
        yaw=yaw,
        mouth=max(0.0, math.sin(slow * 1.7) * math.sin(slow / 1.3)) if signing else 0.0,
        eyes_closed=(t + script.seed * 0.7) % 3.7 < 0.14,
        brows=1.0 if signing and math.sin(slow / 2.9) > 0.6 else 0.0,
    )


def _eased(share: float) -> float:
    """Minimum jerk (Flash and Hogan 1985), 0..1."""
    x = min(1.0, max(0.0, share))
    return x * x * x * (10 - 15 * x + 6 * x * x)
