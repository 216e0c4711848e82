"""The figure: where body, head, arms and hands of a pose lie in the picture, and how they are drawn there."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from relay.drawn import head as heads
from relay.drawn.camera import Projection
from relay.drawn.canvas import Picture, Placing, Plane, Point, Rgb, level, paste, plane, shaded
from relay.drawn.hand import LIMIT, hand, landmarks
from relay.drawn.person import Person, palm_colour
from relay.drawn.signing import HandPose, Pose

HEAD_UNIT, HAND_UNIT = 0.27, 0.10  # chin to crown, wrist to middle knuckle; of the figure's unit
NOSE: Point = (0.0, -0.255)
WRIST_OFF = 0.075  # from the palm's centre
SHOULDER: Point = (0.225, -0.03)
ELBOW: Point = (0.30, 0.335)  # while the palm is at REST
REST: Point = (0.17, 0.14)
UPPER_ARM, FOREARM, BARE_FOREARM = 0.085, 0.064, 0.052  # thickness
_TORSO = (
    (-0.085, -0.165),
    (-0.13, -0.135),
    (-0.225, -0.095),
    (-0.27, 0.0),
    (-0.235, 0.16),
    (-0.22, 0.32),
    (-0.24, 3.0),
)

#: What is before the mouth; what is before the hands: a thing on the table, a sheet held up, sleeves too long.
Mouth = Literal["", "paper", "black", "mug", "scarf"]
Obstacle = Literal["", "box", "sheet", "sleeves"]


@dataclass(frozen=True, slots=True)
class PlacedHand:
    """:param size: pixels of the unit it is drawn at. :param shoulder, elbow, wrist: pixels."""

    size: int
    placing: Placing
    shoulder: Point
    elbow: Point
    wrist: Point
    pose: HandPose

    def landmarks(self) -> Plane:
        return self.placing.points(landmarks(self.size, self.pose.shape))


@dataclass(frozen=True, slots=True)
class PlacedHead:
    """:param size: pixels of the unit it is drawn at."""

    size: int
    placing: Placing
    face: heads.Expression

    def points(self) -> Plane:
        """:returns: the points of truth, shape (9, 2), pixels."""
        return self.placing.points(heads.points(self.size, self.face.yaw))

    def box(self) -> Plane:
        """:returns: the four corners of the face, shape (4, 2), pixels."""
        (left, top), (right, bottom) = heads.points(self.size, self.face.yaw)[[heads.TOP_LEFT, heads.BOTTOM_RIGHT]]
        return self.placing.points(plane([(left, top), (right, top), (left, bottom), (right, bottom)]))


class Figure:
    """A person as projected; everything in pixels."""

    def __init__(self, person: Person, projection: Projection, roll: float) -> None:
        self._person, self._projection, self._roll = person, projection, roll

    def reach(self) -> float:
        """:returns: pixels within which a hand or the thickness of an arm lies about its joints."""
        return 0.26 * self._projection.unit(-0.3)

    def head(self, pose: Pose, mouth: Mouth) -> PlacedHead:
        mask: Literal["", "paper", "black"] = mouth if mouth in {"paper", "black"} else ""
        face = heads.Expression(pose.yaw, pose.mouth, pose.eyes_closed, pose.brows, mask).rounded()
        pixels = HEAD_UNIT * self._projection.unit(NOSE[1])
        size = level(pixels, heads.LIMIT)
        at = self._projection.at(NOSE[0] + 1.5 * pose.sway, NOSE[1] + pose.nod)
        return PlacedHead(size, Placing(at, self._roll + pose.roll, pixels / size, pixels / size), face)

    def hands(self, pose: Pose) -> tuple[PlacedHand, PlacedHand]:
        """:returns: the right hand (at the left of the picture), then the left."""
        return self._hand(-1, pose.hands[0]), self._hand(1, pose.hands[1])

    def _hand(self, side: int, pose: HandPose) -> PlacedHand:
        pixels = HAND_UNIT * self._projection.unit(pose.y)
        drawn = level(pixels, LIMIT)
        factor = pixels / drawn
        radians = math.radians(pose.angle)
        wrist = (pose.x - math.sin(radians) * WRIST_OFF, pose.y + math.cos(radians) * WRIST_OFF)
        reach = (pose.x - side * REST[0], pose.y - REST[1])
        elbow = (side * ELBOW[0] + 0.3 * reach[0], ELBOW[1] + (0.3 if reach[1] > 0 else 0.42) * reach[1])
        return PlacedHand(
            drawn,
            Placing(self._projection.at(pose.x, pose.y), self._roll + pose.angle, -side * factor * pose.turn, factor),
            self._projection.at(side * SHOULDER[0], SHOULDER[1]),
            self._projection.at(*elbow),
            self._projection.at(*wrist),
            pose,
        )

    def draw_torso(self, picture: Picture, mask: Picture | None, sway: float) -> None:
        outline = _smooth(np.array([*_TORSO, *((-x, y) for x, y in reversed(_TORSO))]))
        points = np.array([self._projection.at(x + sway, y) for x, y in outline])
        centre = np.array(self._projection.at(sway, 0.2))
        clothes = self._clothes(picture, points)
        for inset, factor in ((0.0, 0.8), (0.03, 0.95), (0.07, 1.06)):
            shrunk = centre + (points - centre) * (1 - inset * (2.5 if self._roll == 0 else 1.4))
            _fill(picture, shrunk, shaded(self._person.clothes, factor))
        if clothes is not None:
            inside = np.zeros(picture.shape[:2], np.uint8)
            _fill(inside, centre + (points - centre) * 0.86, 255)
            share = (inside / 255 * clothes)[..., None]
            light = plane(picture * (1 - share) + np.clip(picture * 0.55 + 70, 0, 255) * share)
            picture[:] = light.astype(np.uint8)
        if mask is not None:
            _fill(mask, points, 255)

    def _clothes(self, picture: Picture, points: Plane) -> Plane | None:
        """:returns: where the lighter part of the pattern is, 0..1, shape (h, w); None for plain clothes."""
        if self._person.pattern == "plain":
            return None
        rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
        unit = self._projection.unit()
        x, y = (columns - points[:, 0].mean()) / unit, (rows - points[:, 1].min()) / unit
        if self._person.pattern == "logo":
            return plane((np.abs(x) < 0.06) & (np.abs(y - 0.22) < 0.035))
        stripes = np.sin(y * 95) > 0.3
        return plane(stripes if self._person.pattern == "stripes" else stripes ^ (np.sin(x * 95) > 0.3))

    def draw_head(self, picture: Picture, mask: Picture | None, head: PlacedHead) -> None:
        paste(picture, mask, heads.head(head.size, self._person, head.face), head.placing)

    def draw_arm(self, picture: Picture, mask: Picture | None, arm: PlacedHand, *, long_sleeves: bool = False) -> None:
        clothes, skin = self._person.clothes, palm_colour(self._person.skin)
        bare = self._person.sleeves < 0.8 and not long_sleeves
        self._limb(picture, mask, (arm.shoulder, arm.elbow), UPPER_ARM, clothes)
        if bare:
            self._limb(picture, mask, (arm.elbow, arm.wrist), BARE_FOREARM, skin)
        paste(picture, mask, hand(arm.size, arm.pose.shape, self._person.skin), arm.placing)
        if not bare:
            self._limb(picture, mask, (arm.elbow, arm.wrist), FOREARM, clothes)
        if long_sleeves:
            palm = arm.placing.at
            beyond = (palm[0] + 1.6 * (palm[0] - arm.wrist[0]), palm[1] + 1.6 * (palm[1] - arm.wrist[1]))
            self._limb(picture, mask, (arm.wrist, beyond), 0.15, clothes)

    def _limb(
        self, picture: Picture, mask: Picture | None, ends: tuple[Point, Point], thickness: float, colour: Rgb
    ) -> None:
        """Nested lines, darker at the edge, the light from the left."""
        unit = self._projection.unit()
        for part, factor, offset in ((1.0, 0.62, 0.0), (0.84, 0.88, -0.04), (0.5, 1.1, -0.1)):
            width = max(1, round(thickness * unit * part))
            a, b = ((round(x + offset * width), round(y)) for x, y in ends)
            cv2.line(picture, a, b, shaded(colour, factor, 6), width, cv2.LINE_AA)
            if mask is not None and part == 1.0:
                cv2.line(mask, a, b, 255, width, cv2.LINE_AA)

    def draw_before_mouth(self, picture: Picture, mask: Picture | None, thing: Mouth, mouth: Point) -> None:
        unit, (x, y) = HEAD_UNIT * self._projection.unit(NOSE[1]), (round(mouth[0]), round(mouth[1]))
        targets = [(picture, None)] if mask is None else [(picture, None), (mask, 255)]
        for target, solid in targets:
            if thing == "scarf":
                axes = (round(0.42 * unit), round(0.27 * unit))
                cv2.ellipse(target, (x, y + round(0.06 * unit)), axes, self._roll, 0, 360, solid or (86, 88, 110), -1)
                for fold in (-0.04, 0.07, 0.17):
                    at = (x, y + round(fold * unit))
                    cv2.ellipse(
                        target, at, axes, self._roll, 30, 150, solid or (62, 64, 84), max(1, round(0.02 * unit))
                    )
            elif thing == "mug":
                half = round(0.19 * unit)
                top, foot = (x - half, y - half), (x + half, y + round(0.3 * unit))
                cv2.rectangle(target, top, foot, solid or (216, 212, 204), -1)
                cv2.ellipse(target, (x, y - half), (half, half // 3), 0, 0, 360, solid or (120, 116, 112), -1)

    def obstacle(self, thing: Obstacle, arms: tuple[PlacedHand, PlacedHand]) -> Plane | None:
        """:returns: corners of what is before the hands, shape (4, 2), pixels."""
        if thing == "box":
            corners = [(-0.25, -0.17), (0.25, -0.17), (0.25, 0.5), (-0.25, 0.5)]
        elif thing == "sheet":
            (ax, ay), (bx, by) = ((arm.pose.x, arm.pose.y) for arm in arms)
            left, right, top = min(ax, bx) - 0.14, max(ax, bx) + 0.14, max(-0.11, min(ay, by) - 0.18)
            corners = [(left, top), (right, top), (right, max(ay, by) + 0.1), (left, max(ay, by) + 0.1)]
        else:
            return None
        return plane([self._projection.at(*corner) for corner in corners])


def draw_obstacle(picture: Picture, mask: Picture | None, thing: Obstacle, corners: Plane) -> None:
    """A box of cardboard, or a sheet with lines of writing."""
    paper = thing == "sheet"
    _fill(picture, corners, (226, 224, 218) if paper else (146, 112, 78))
    for row in range(1, 9 if paper else 2):
        a, b = ((1 - row / 9) * corners[i] + row / 9 * corners[j] for i, j in ((0, 3), (1, 2)))
        inset = (b - a) * (0.1 if paper else 0.0)
        ends = [tuple(int(value) for value in point) for point in (a + inset, b - inset)]
        cv2.line(picture, ends[0], ends[1], (120, 122, 130) if paper else (104, 78, 52), 2, cv2.LINE_AA)
    if mask is not None:
        _fill(mask, corners, 255)


def _fill(target: Picture, points: Plane, colour: tuple[float, ...] | int) -> None:
    cv2.fillPoly(target, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def _smooth(points: Plane) -> Plane:
    """Corners cut twice (Chaikin 1974)."""
    for _ in range(2):
        ahead = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * ahead, 0.25 * points + 0.75 * ahead], axis=1).reshape(-1, 2)
    return points
