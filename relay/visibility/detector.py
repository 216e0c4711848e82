"""
MediaPipe: hands, faces and the body in a picture.

The only module that knows MediaPipe and OpenCV. The models keep nothing from picture to picture (IMAGE mode), so one
set of them per process serves all legs; one :class:`Analyzer` per leg remembers where the face is and which way up.
Which models, modes and thresholds, and why: docs/decisions/visibility-models.md.
"""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from relay.visibility.measures.face import roll
from relay.visibility.measures.glance import Glancer
from relay.visibility.measures.hands import cut_edges, without_doubles
from relay.visibility.measures.look import measure_look
from relay.visibility.measures.room import RoomMemory
from relay.visibility.measures.space import WHOLE, in_whole, own_region, search_region, turned_back
from relay.visibility.model import Box, Detection, Face, Glance, Gray, Hand, Look, Part, Pose
from relay.visibility.model_files import ModelFiles

ALL_PARTS: frozenset[Part] = frozenset(("hands", "faces", "pose"))
MAX_HANDS = 2
MAX_SIDE = 640  # pixels: the palm detector looks at 192 x 192, hands are cut out at 224 x 224
HAND_CONFIDENCE = 0.3  # 91 hands of the clips' impaired pictures instead of 76 at 0.5, 6 instead of 1 far from a wrist
FACE_CONFIDENCE = 0.5
POSE_CONFIDENCE = 0.5
#: Upright faces, and those tilted by up to 45 degrees, score more; those lying on their side less or nothing.
UPRIGHT_SCORE = 0.72
UPRIGHT_DEGREES = 45.0  # a face found lying on its side has its points anywhere
BETTER_BY = 0.1  # of a turned picture's face over the upright one's, to be believed
LEAST_SCORE = 0.55  # real faces too close to the lens or cut score little more
CLOSER_SCORE = 0.70  # in a part of the picture: what is no face scores up to 0.67 there
QUARTER_TURNS = (1, 3, 2)  # counter-clockwise
#: Share of an upright face's area, below which a face that seems to lie in it is a part of it, in dim light: who turns
#: the phone on its side moves the face, and it keeps its size.
PART_OF_FACE = 0.7
REMEMBERED_MS = 5000  # so long the upright face counts
TURN_PERIOD_MS = 1500  # a picture without an upright face is turned no more often: it costs three faces more
POSE_PERIOD_MS = 450  # it costs twice what the rest of a look does; the body moves no faster
MIN_REGION = 64  # pixels; for less the whole picture is searched

Picture = NDArray[np.uint8]


class Landmark(Protocol):
    @property
    def x(self) -> float: ...

    @property
    def y(self) -> float: ...


class Detector:
    """
    The three models. :meth:`hands`, :meth:`faces` and :meth:`pose` each take CPU time of their own (10, 3 and 18 ms).

    :raises RuntimeError, ValueError: from the constructor, when MediaPipe cannot load the models.
    """

    def __init__(self, models: ModelFiles) -> None:
        self._hands = vision.HandLandmarker.create_from_options(
            vision.HandLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(models.hand_landmarker)),
                running_mode=vision.RunningMode.IMAGE,
                num_hands=MAX_HANDS,
                min_hand_detection_confidence=HAND_CONFIDENCE,
                min_hand_presence_confidence=HAND_CONFIDENCE,
            )
        )
        self._face = vision.FaceDetector.create_from_options(
            vision.FaceDetectorOptions(
                base_options=BaseOptions(model_asset_path=str(models.face_detector)),
                running_mode=vision.RunningMode.IMAGE,
                min_detection_confidence=FACE_CONFIDENCE,
            )
        )
        self._pose = vision.PoseLandmarker.create_from_options(
            vision.PoseLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(models.pose_landmarker)),
                running_mode=vision.RunningMode.IMAGE,
                min_pose_detection_confidence=POSE_CONFIDENCE,
                min_pose_presence_confidence=POSE_CONFIDENCE,
            )
        )

    def hands(self, rgb: Picture, region: Box = WHOLE) -> tuple[Hand, ...]:
        """
        :param rgb: shape (height, width, 3).
        :param region: the part of the picture to search: small hands are found only in a small region.
        """
        part, region = _part(rgb, region)
        result = self._hands.detect(_image(part))
        scale, offset = np.array([region.width, region.height]), np.array([region.x, region.y])
        found = [
            Hand(
                (_points(points) * scale + offset).astype(np.float32),
                float(sides[0].score or 0.0),
                sides[0].category_name == "Right",
            )
            for points, sides in zip(result.hand_landmarks, result.handedness, strict=True)
        ]
        return without_doubles(found)

    def faces(self, rgb: Picture, turns: int = 0, region: Box = WHOLE) -> tuple[Face, ...]:
        """
        :param turns: quarter turns counter-clockwise by which the picture is turned before it is searched.
        :param region: the part of the picture to search: small faces are found only in a small region.
        :returns: the largest first, where they are in the picture as it was given.
        """
        part, region = _part(rgb, region)
        picture = np.rot90(part, turns) if turns else part
        height, width = picture.shape[:2]
        faces = []
        for found in self._face.detect(_image(picture)).detections:
            box = found.bounding_box
            face = Face(
                Box(box.origin_x / width, box.origin_y / height, box.width / width, box.height / height),
                float(found.categories[0].score or 0.0),
                _points(found.keypoints),
            )
            faces.append(in_whole(turned_back(face, turns), region))
        return tuple(sorted(faces, key=lambda face: -face.box.width * face.box.height))

    def pose(self, rgb: Picture, region: Box = WHOLE) -> Pose | None:
        """:param region: the part of the picture with one body only: of several, any may be found, or none."""
        part, region = _part(rgb, region)
        result = self._pose.detect(_image(part))
        if not result.pose_landmarks:
            return None
        points = result.pose_landmarks[0]
        presence = np.array([min(point.visibility or 0.0, point.presence or 0.0) for point in points], np.float32)
        scale, offset = np.array([region.width, region.height]), np.array([region.x, region.y])
        return Pose((_points(points) * scale + offset).astype(np.float32), presence)

    def close(self) -> None:
        self._hands.close()
        self._face.close()
        self._pose.close()


@functools.cache
def shared_detector(models: ModelFiles) -> Detector:
    """:returns: this process's one set of models, loaded at the first call and kept."""
    return Detector(models)


class Analyzer:
    """Pictures of one leg in, glances and looks out."""

    def __init__(self, models: ModelFiles) -> None:
        self._detector = shared_detector(models)
        self._glancer = Glancer()
        self._room = RoomMemory()
        self._face: Box | None = None
        self._upright: tuple[int, Box] | None = None  # the face found the right way up last, and when, ms
        self._turns = 0
        self._turned_at_ms: int | None = None
        self._posed_at_ms: int | None = None

    def glance(self, gray: Gray, at_s: float) -> Glance:
        """
        Cheap: several times a second.

        :param gray: shape (height, width), any size and memory layout: the Y plane as the decoder gives it.
        :param at_s: when the picture was taken, any clock.
        """
        return self._glancer.glance(gray, at_s, self._face)

    def look(self, rgb: Picture, timestamp_ms: int, parts: frozenset[Part] = ALL_PARTS) -> Look:
        """
        With MediaPipe: now and then.

        :param rgb: shape (height, width, 3), sides at most ``MAX_SIDE`` for speed (larger is scaled down).
        :param timestamp_ms: of the picture.
        :param parts: what to look for; measures of the others are None. The pose, the dearest, is looked for only when
            hands or face leave a question open, and twice a second at most.
        """
        picture = scaled_down(rgb)
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        found = self.detect(picture, timestamp_ms, parts)
        look = measure_look(gray, found, picture)
        if "faces" not in parts:
            return look
        kept = self._room.kept(picture, timestamp_ms / 1000, is_somebody=bool(found.faces))
        return look if kept is None else replace(look, room_kept=kept.share, room_shape=kept.shape)

    def detect(self, picture: Picture, timestamp_ms: int, parts: frozenset[Part] = ALL_PARTS) -> Detection:
        """What :meth:`look` measures. For tests and benchmarks; parameters are the same."""
        faces = (self._find_faces(picture, timestamp_ms) or self._look_closer(picture)) if "faces" in parts else ()
        if "faces" in parts:
            self._face = faces[0].box if faces else None
            if self._face and not self._turns:
                self._upright = timestamp_ms, self._face
        hands = self._find_hands(picture) if "hands" in parts else ()
        found = Detection(hands, faces, None, parts)
        is_due = _is_due(self._posed_at_ms, timestamp_ms, POSE_PERIOD_MS)
        if not is_due or "pose" not in parts or not leaves_questions(found):
            return replace(found, parts=parts - {"pose"})
        self._posed_at_ms = timestamp_ms
        region = own_region(faces) if faces and not self._turns else WHOLE
        return replace(found, pose=self._detector.pose(picture, region))

    def close(self) -> None:
        """The models stay: other legs use them."""

    def _find_hands(self, picture: Picture) -> tuple[Hand, ...]:
        if self._face is None or self._turns:
            return self._detector.hands(picture)
        height, width = picture.shape[:2]
        return self._detector.hands(picture, search_region(self._face, width / height))

    def _find_faces(self, picture: Picture, timestamp_ms: int) -> tuple[Face, ...]:
        faces = self._detector.faces(picture, self._turns)
        aspect = picture.shape[1] / picture.shape[0]
        if not _is_doubtful(faces, self._turns, aspect) or not _is_due(
            self._turned_at_ms, timestamp_ms, TURN_PERIOD_MS
        ):
            return _likely(faces)
        self._turned_at_ms = timestamp_ms
        best = self._turns
        for turns in (0, *QUARTER_TURNS):
            if turns == self._turns:
                continue
            found = self._detector.faces(picture, turns)
            others = tuple(face for face in found if not self._is_part(face, timestamp_ms))
            if _score(others) > max(_score(faces) + BETTER_BY, UPRIGHT_SCORE):
                faces, best = others, turns
        self._turns = best if faces else 0
        return _likely(faces)

    def _is_part(self, face: Face, timestamp_ms: int) -> bool:
        """:returns: whether it is a part of the face that was found the right way up a moment ago."""
        if self._upright is None or timestamp_ms - self._upright[0] > REMEMBERED_MS:
            return False
        return is_part(face.box, self._upright[1])

    def _look_closer(self, picture: Picture) -> tuple[Face, ...]:
        """Faces that are too small to be found in the whole picture, where something moves."""
        closer = self._glancer.closer
        for part in closer.parts():
            faces = tuple(face for face in self._detector.faces(picture, region=part) if face.score >= CLOSER_SCORE)
            if faces:
                closer.found(faces[0].box)
                return faces
        closer.found(None)
        return ()


def leaves_questions(found: Detection) -> bool:
    """:returns: whether the body may tell more: of hands not found or cut, of a face not found."""
    hands_open = "hands" in found.parts and (len(found.hands) < MAX_HANDS or bool(cut_edges(found.hands)))
    return hands_open or ("faces" in found.parts and not found.faces)


def is_part(face: Box, whole: Box) -> bool:
    """:returns: whether what seems to be a face lies in a clearly larger one."""
    (x, y), (middle_x, middle_y) = face.centre, whole.centre
    is_inside = abs(x - middle_x) < whole.width / 2 and abs(y - middle_y) < whole.height / 2
    return is_inside and face.width * face.height < PART_OF_FACE * whole.width * whole.height


def scaled_down(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """:returns: the picture with its longer side at most ``MAX_SIDE``; itself when it is small enough."""
    longer = max(rgb.shape[:2])
    if longer <= MAX_SIDE:
        return rgb
    factor = MAX_SIDE / longer
    size = (round(rgb.shape[1] * factor), round(rgb.shape[0] * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _image(rgb: NDArray[np.uint8]) -> mp.Image:
    # mp.Image reads the memory as if rows followed each other; a view or a padded plane gives garbage without a word
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))


def _is_due(last_ms: int | None, now_ms: int, period_ms: int) -> bool:
    return last_ms is None or now_ms >= last_ms + period_ms


def _part(rgb: Picture, region: Box) -> tuple[Picture, Box]:
    """:returns: the part of the picture, and where exactly it is; all of it when the part is tiny."""
    height, width = rgb.shape[:2]
    top, bottom = (round(min(1.0, max(0.0, y)) * height) for y in (region.y, region.y + region.height))
    left, right = (round(min(1.0, max(0.0, x)) * width) for x in (region.x, region.x + region.width))
    if bottom - top < MIN_REGION or right - left < MIN_REGION:
        return rgb, WHOLE
    box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return rgb[top:bottom, left:right], box


def _points(landmarks: Sequence[Landmark]) -> NDArray[np.float32]:
    return np.array([(point.x, point.y) for point in landmarks], dtype=np.float32)


def _score(faces: tuple[Face, ...]) -> float:
    return max((face.score for face in faces), default=0.0)


def _is_doubtful(faces: tuple[Face, ...], turns: int, aspect: float) -> bool:
    """Whether another way up may suit the picture better: no face, a weak one, or one that seems to lie on its side."""
    if _score(faces) < UPRIGHT_SCORE:
        return True
    rolled = roll(max(faces, key=lambda face: face.score), aspect) - 90 * turns
    return abs((rolled + 180) % 360 - 180) > UPRIGHT_DEGREES


def _likely(faces: tuple[Face, ...]) -> tuple[Face, ...]:
    return tuple(face for face in faces if face.score >= LEAST_SCORE)
