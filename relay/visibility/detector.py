"""
MediaPipe: hands and the largest face in a picture.

The only module that knows MediaPipe and OpenCV. One :class:`Analyzer` per leg (VIDEO mode follows hands from picture
to picture), used by one thread at a time. Nothing found here outlives the call of :meth:`Analyzer.analyse`.
"""

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from relay.visibility.measures import Grid, measure_frame
from relay.visibility.model import Box, Detection, FrameMeasures
from relay.visibility.model_files import ModelFiles

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

    def detect(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> Detection:
        """
        :param rgb: shape (height, width, 3).
        :param timestamp_ms: must grow from call to call.
        """
        picture = _image(rgb)
        result = self._hands.detect_for_video(picture, timestamp_ms)
        hands = [[(point.x, point.y) for point in hand] for hand in result.hand_landmarks]
        landmarks = np.array(hands, dtype=np.float32).reshape(len(hands), 21, 2)
        return Detection(landmarks, self._largest_face(rgb, picture))

    def close(self) -> None:
        self._hands.close()
        self._face.close()

    def _largest_face(self, rgb: NDArray[np.uint8], picture: mp.Image) -> Box | None:
        if face := _largest(self._face.detect(picture), rgb.shape[:2], Box(0.0, 0.0, 1.0, 1.0)):
            return face
        if self._tile and (face := self._face_in(rgb, self._tile)):
            return face
        self._turn = (self._turn + 1) % len(TILES)
        for tile in TILES[self._turn]:
            if face := self._face_in(rgb, tile):
                self._tile = tile
                return face
        return None

    def _face_in(self, rgb: NDArray[np.uint8], tile: Box) -> Box | None:
        height, width = rgb.shape[:2]
        top, left = round(tile.y * height), round(tile.x * width)
        part = rgb[top : top + round(tile.height * height), left : left + round(tile.width * width)]
        return _largest(self._face.detect(_image(part)), (height, width), tile)


class Analyzer:
    """Pictures of one leg in, measures out."""

    def __init__(self, models: ModelFiles) -> None:
        self._detector = Detector(models)
        self._grid: Grid | None = None
        self._last_ms = -1

    def analyse(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> FrameMeasures:
        """
        :param rgb: shape (height, width, 3), sides at most ``MAX_SIDE`` for speed (larger is scaled down).
        :param timestamp_ms: of the picture; one that does not grow is moved on by 1 ms, as MediaPipe requires.
        """
        self._last_ms = max(timestamp_ms, self._last_ms + 1)
        picture = scaled_down(rgb)
        found = self._detector.detect(picture, self._last_ms)
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        measures, self._grid = measure_frame(gray, found, self._grid)
        return measures

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


def _largest(result: vision.FaceDetectorResult, size: tuple[int, int], tile: Box) -> Box | None:
    """:param size: height and width of the whole picture, pixels; boxes come in pixels of the tile."""
    boxes = [detection.bounding_box for detection in result.detections]
    if not boxes:
        return None
    height, width = size
    box = max(boxes, key=lambda found: found.width * found.height)
    return Box(tile.x + box.origin_x / width, tile.y + box.origin_y / height, box.width / width, box.height / height)
