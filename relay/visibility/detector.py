"""
MediaPipe: hands and faces in a picture.

The only module that knows MediaPipe and OpenCV. One :class:`Analyzer` per leg, used by one thread at a time. Nothing
found here outlives the call of :meth:`Analyzer.look`, but where the largest face is.
"""

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from relay.visibility.measures.glance import Glancer
from relay.visibility.measures.look import measure_look
from relay.visibility.model import Box, Detection, Face, Glance, Gray, Hand, Look, Part
from relay.visibility.model_files import ModelFiles

BOTH: frozenset[Part] = frozenset(("hands", "faces"))
MAX_HANDS = 2
CONFIDENCE = 0.5
MAX_SIDE = 640  # pixels: the palm detector looks at 192 x 192, hands are cut out at 224 x 224
FACE_CONFIDENCE = (
    0.65  # real faces score 0.8 and more; what is smaller than the model can see scores below, wrongly sized
)
#: Where a small face is looked for when the whole picture shows none: the face model sees 128 x 128 pixels, so a
#: signer far away is lost in the whole picture. Sets of tiles, tried in turn from picture to picture.
TILES = (
    tuple(Box(x, y, 0.5, 0.5) for y in (0.0, 0.25) for x in (0.25, 0.0, 0.5)),
    tuple(Box(x, y, 0.36, 0.36) for y in (0.32, 0.06) for x in (0.32, 0.04, 0.6)),
    tuple(Box(x, y, side, side) for y, side in ((0.5, 0.5), (0.58, 0.36)) for x in (0.5 - side / 2, 0.0, 1 - side)),
)


class Detector:
    """
    :raises RuntimeError, ValueError: from the constructor, when MediaPipe cannot load the models.
    """

    def __init__(self, models: ModelFiles) -> None:
        self._hands = vision.HandLandmarker.create_from_options(
            vision.HandLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(models.hand_landmarker)),
                running_mode=vision.RunningMode.VIDEO,
                num_hands=MAX_HANDS,
                min_hand_detection_confidence=CONFIDENCE,
                min_hand_presence_confidence=CONFIDENCE,
                min_tracking_confidence=CONFIDENCE,
            )
        )
        self._face = vision.FaceDetector.create_from_options(
            vision.FaceDetectorOptions(
                base_options=BaseOptions(model_asset_path=str(models.face_detector)),
                running_mode=vision.RunningMode.IMAGE,
                min_detection_confidence=FACE_CONFIDENCE,
            )
        )
        self._tile: Box | None = None  # where the small face was last found
        self._turn = 0

    def detect(self, rgb: NDArray[np.uint8], timestamp_ms: int, parts: frozenset[Part] = BOTH) -> Detection:
        """
        :param rgb: shape (height, width, 3).
        :param timestamp_ms: must grow from call to call.
        :param parts: what to look for; the others cost nothing.
        """
        picture = _image(rgb)
        hands = self._find_hands(picture, timestamp_ms) if "hands" in parts else ()
        faces = self._find_faces(rgb, picture) if "faces" in parts else ()
        return Detection(hands, faces, None, parts)

    def close(self) -> None:
        self._hands.close()
        self._face.close()

    def _find_hands(self, picture: mp.Image, timestamp_ms: int) -> tuple[Hand, ...]:
        result = self._hands.detect_for_video(picture, timestamp_ms)
        return tuple(
            Hand(
                np.array([(point.x, point.y) for point in points], dtype=np.float32),
                float(sides[0].score or 0.0),
                sides[0].category_name == "Right",
            )
            for points, sides in zip(result.hand_landmarks, result.handedness, strict=True)
        )

    def _find_faces(self, rgb: NDArray[np.uint8], picture: mp.Image) -> tuple[Face, ...]:
        if faces := _faces(self._face.detect(picture), rgb.shape[:2], Box(0.0, 0.0, 1.0, 1.0)):
            return faces
        if self._tile and (faces := self._faces_in(rgb, self._tile)):
            return faces
        self._turn = (self._turn + 1) % len(TILES)
        for tile in TILES[self._turn]:
            if faces := self._faces_in(rgb, tile):
                self._tile = tile
                return faces
        return ()

    def _faces_in(self, rgb: NDArray[np.uint8], tile: Box) -> tuple[Face, ...]:
        height, width = rgb.shape[:2]
        top, left = round(tile.y * height), round(tile.x * width)
        part = rgb[top : top + round(tile.height * height), left : left + round(tile.width * width)]
        return _faces(self._face.detect(_image(part)), (height, width), tile)


class Analyzer:
    """Pictures of one leg in, glances and looks out. Owns its detector."""

    def __init__(self, models: ModelFiles) -> None:
        self._detector = Detector(models)
        self._glancer = Glancer()
        self._face: Box | None = None
        self._last_ms = -1

    def glance(self, gray: Gray) -> Glance:
        """
        Cheap: for each picture decoded.

        :param gray: shape (height, width), any size and memory layout: the Y plane as the decoder gives it.
        """
        return self._glancer.glance(gray, self._face)

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int, parts: frozenset[Part] = BOTH) -> Look:
        """
        With MediaPipe: now and then.

        :param rgb: shape (height, width, 3), sides at most ``MAX_SIDE`` for speed (larger is scaled down).
        :param timestamp_ms: of the picture; one that does not grow is moved on by 1 ms, as MediaPipe requires.
        :param parts: what to look for; measures of the others are None.
        """
        self._last_ms = max(timestamp_ms, self._last_ms + 1)
        picture = scaled_down(rgb)
        found = self._detector.detect(picture, self._last_ms, parts)
        if "faces" in parts:
            self._face = found.face.box if found.face else None
        return measure_look(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8), found)

    def close(self) -> None:
        self._detector.close()


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


def _faces(result: vision.FaceDetectorResult, size: tuple[int, int], tile: Box) -> tuple[Face, ...]:
    """:param size: height and width of the whole picture, pixels; boxes come in pixels of the tile."""
    height, width = size
    faces = []
    for found in result.detections:
        box = found.bounding_box
        points = [(tile.x + point.x * tile.width, tile.y + point.y * tile.height) for point in found.keypoints]
        faces.append(
            Face(
                Box(
                    tile.x + box.origin_x / width,
                    tile.y + box.origin_y / height,
                    box.width / width,
                    box.height / height,
                ),
                float(found.categories[0].score or 0.0),
                np.array(points, dtype=np.float32),
            )
        )
    return tuple(sorted(faces, key=lambda face: -face.box.width * face.box.height))
