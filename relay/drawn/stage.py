"""A drawn signer before a camera: the picture of any instant, and its truth."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from relay.drawn import head as heads
from relay.drawn.camera import Camera, Projection, lit, sensed, shake_at, through_lens
from relay.drawn.canvas import Picture, Plane, plane
from relay.drawn.figure import Figure, Mouth, Obstacle, PlacedHand, draw_obstacle
from relay.drawn.person import Person, palm_colour
from relay.drawn.scenery import Scenery, draw_movement, wall
from relay.drawn.signing import Motion, Pose
from relay.drawn.truth import FaceTruth, HandTruth, Truth

BLUR_STEP = 5.0  # pixels between the instants of which a blurred hand is made
MAX_INSTANTS = 9
KEPT = 10  # still parts
STANDING = Camera()  # nothing amiss
HIDDEN_SHARE = 0.7  # of a hand's landmarks behind something: the hand is hidden


@dataclass(frozen=True, slots=True)
class Situation:
    """
    What may change while one looks.

    :param gone: 0 there .. 1 gone (out at the side). :param mouth, obstacle: what is before mouth and hands.
    """

    camera: Camera = STANDING
    gone: float = 0.0
    mouth: Mouth = ""
    obstacle: Obstacle = ""


class Stage:
    """
    :param situation: of a time, s.
    """

    def __init__(
        self,
        person: Person,
        scenery: Scenery,
        motion: Motion,
        situation: Callable[[float], Situation],
        *,
        width: int = 640,
        height: int = 480,
    ) -> None:
        self.width, self.height = width, height
        self._person, self._scenery, self._motion, self._situation = person, scenery, motion, situation
        self._kept: OrderedDict[object, tuple[Picture, Picture]] = OrderedDict()

    def frame(self, t: float) -> Picture:
        """
        :param t: seconds; any time gives a picture.
        :returns: RGB, shape (height, width, 3).
        """
        now = self._situation(t)
        camera = now.camera
        if camera.covered >= 1:
            return sensed(through_lens(np.zeros((self.height, self.width, 3), np.uint8), camera), camera, t)
        picture, mask = self._figure_before_wall(now, t)
        picture = lit(picture, mask, camera.light)
        return sensed(through_lens(picture, camera), camera, t)

    def truth(self, t: float) -> Truth:
        """Of the middle of the exposure that began at ``t``."""
        now = self._situation(t)
        camera, pose = now.camera, self._motion.pose(t + now.camera.shutter / 2)
        there = now.gone < 1
        figure = self._figure(now)
        arms = figure.hands(pose)
        behind = figure.obstacle(now.obstacle, arms)
        hands = tuple(self._hand_truth(arm, now, behind, t, is_right=i == 0) for i, arm in enumerate(arms))
        light = camera.light
        return Truth(
            hands=hands if there else (),
            face=self._face_truth(figure, now, pose, t) if there else None,
            signing=pose.signing and there,
            skin=self._person.skin,
            palm=palm_colour(self._person.skin),
            clothes=self._person.clothes,
            light=light.level * light.person,
            wall_light=light.level,
            glare=light.glare,
            defocus_sigma=camera.defocus,
            dirt=camera.dirt,
            shutter=camera.shutter,
            noise_sigma=camera.noise,
            covered=camera.covered > 0.5,
        )

    def _figure(self, now: Situation) -> Figure:
        framing = now.camera.framing
        projection = Projection(framing, self.width, self.height, now.gone * 1.1)
        return Figure(self._person, projection, framing.roll)

    def _figure_before_wall(self, now: Situation, t: float) -> tuple[Picture, Picture | None]:
        light = now.camera.light
        pose = self._motion.pose(t)
        figure = self._figure(now)
        still, person = self._still(now, figure, pose.sway)
        picture = still.copy()
        if self._scenery.moving and now.camera.framing.roll == 0:
            draw_movement(picture, self._scenery, t)
        if now.gone >= 1:
            return picture, None
        mask = person.copy() if light.person != 1.0 else None
        head = figure.head(pose, now.mouth)
        figure.draw_head(picture, mask, head)
        if now.mouth:
            x, y = head.points()[heads.MOUTH]
            figure.draw_before_mouth(picture, mask, now.mouth, (float(x), float(y)))
        self._draw_arms(picture, mask, figure, now, t)
        return picture, mask

    def _still(self, now: Situation, figure: Figure, sway: float) -> tuple[Picture, Picture]:
        """Wall and torso, which seldom change, and the mask of the torso."""
        framing = now.camera.framing
        step = round(sway * self.height * framing.scale)
        key = (framing, now.gone, now.camera.light.glare, step)
        if key not in self._kept:
            picture, mask = self._wall(now), np.zeros((self.height, self.width), np.uint8)
            if now.gone < 1:
                figure.draw_torso(picture, mask, step / (self.height * framing.scale))
            self._kept[key] = picture, mask
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _wall(self, now: Situation) -> Picture:
        roll, glare = now.camera.framing.roll, round(now.camera.light.glare, 2)
        if roll == 0:
            return wall(self.width, self.height, self._scenery, glare).copy()
        side = math.ceil(math.hypot(self.width, self.height))
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), -roll, 1.0)
        turn = np.column_stack([turn[:, :2], turn[:, 2] + np.array([self.width - side, self.height - side]) / 2])
        square = wall(side, side, self._scenery, glare)
        return np.asarray(cv2.warpAffine(square, turn, (self.width, self.height)), dtype=np.uint8)

    def _draw_arms(self, picture: Picture, mask: Picture | None, figure: Figure, now: Situation, t: float) -> None:
        """As they are through the time the shutter is open."""
        shutter = now.camera.shutter
        first, last = (figure.hands(self._motion.pose(time)) for time in (t, t + shutter))
        if shutter <= 0 or (instants := _instants(first, last)) == 1:
            self._draw_one(picture, mask, figure, now, first)
            return
        times = [t + shutter * k / (instants - 1) for k in range(instants)]
        arms = [figure.hands(self._motion.pose(time)) for time in times]
        rows, columns = _box(arms, picture, figure.reach())
        behind = picture[rows, columns].copy()
        if behind.size == 0:  # all of it outside the picture
            self._draw_one(picture, mask, figure, now, first)
            return
        total = np.zeros(behind.shape, np.float32)
        for both in arms:
            picture[rows, columns] = behind
            self._draw_one(picture, mask, figure, now, both)
            cv2.accumulate(picture[rows, columns], total)
        picture[rows, columns] = (total / instants + 0.5).astype(np.uint8)

    def _draw_one(
        self,
        picture: Picture,
        mask: Picture | None,
        figure: Figure,
        now: Situation,
        arms: tuple[PlacedHand, PlacedHand],
    ) -> None:
        for arm in arms:
            figure.draw_arm(picture, mask, arm, long_sleeves=now.obstacle == "sleeves")
        corners = figure.obstacle(now.obstacle, arms)
        if corners is not None:
            draw_obstacle(picture, mask, now.obstacle, corners)

    def _share(self, points: Plane, now: Situation, t: float) -> Plane:
        """Pixels to shares of the picture, the camera's shake taken in."""
        shift = shake_at(now.camera.shake, t)
        return plane((points + np.array(shift)) / (self.width, self.height))

    def _hand_truth(
        self, arm: PlacedHand, now: Situation, behind: Plane | None, t: float, *, is_right: bool
    ) -> HandTruth:
        landmarks = arm.landmarks()
        hidden = now.obstacle == "sleeves"
        if behind is not None:
            corners = behind.reshape(-1, 1, 2)
            covered = [cv2.pointPolygonTest(corners, (float(x), float(y)), False) >= 0 for x, y in landmarks]
            hidden = sum(covered) >= HIDDEN_SHARE * len(covered)
        palm = self._share(plane([arm.placing.at]), now, t)[0]
        return HandTruth(self._share(landmarks, now, t), palm, is_right, not arm.pose.away, hidden)

    def _face_truth(self, figure: Figure, now: Situation, pose: Pose, t: float) -> FaceTruth:
        head = figure.head(pose, now.mouth)
        points, corners = (self._share(pixels, now, t) for pixels in (head.points(), head.box()))
        low, high = corners.min(axis=0), corners.max(axis=0)
        box = float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
        return FaceTruth(box, points[:6], points[heads.CROWN], head.placing.angle, pose.yaw, bool(now.mouth))


def _instants(first: tuple[PlacedHand, PlacedHand], last: tuple[PlacedHand, PlacedHand]) -> int:
    """:returns: of how many instants a blurred picture is made: one for every few pixels a hand goes."""
    far = max(math.dist(a.placing.at, b.placing.at) for a, b in zip(first, last, strict=True))
    return max(1, min(MAX_INSTANTS, math.ceil(far / BLUR_STEP)))


def _box(arms: list[tuple[PlacedHand, PlacedHand]], picture: Picture, reach: float) -> tuple[slice, slice]:
    """:returns: rows and columns in which the arms are drawn."""
    points = np.array([p for both in arms for arm in both for p in (arm.shoulder, arm.elbow, arm.placing.at)])
    left, top = (max(0, math.floor(value - reach)) for value in points.min(axis=0))
    right, bottom = (max(0, math.ceil(value + reach)) for value in points.max(axis=0))
    return slice(top, min(bottom, picture.shape[0])), slice(left, min(right, picture.shape[1]))
