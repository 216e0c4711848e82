"""The face: inside the picture or cut, where it turns, what is before the mouth. Pure."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.picture import crop
from relay.visibility.model import Box, Edge, Face, Gray, Hand

RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR = range(6)
UPRIGHT = 45.0  # degrees of roll; what lies further over is not measured as if it stood
AT_EDGE = 1e-3  # of the picture, less than a pixel
OTHERS = 0.35  # of the largest face's width
#: How far the nose tip stands before the axis of the ears, in half distances between them (head 15 cm wide, 11 deep).
NOSE_DEPTH = 1.5
#: A face box is about 17 cm wide; lenses of telephones and webcams see about 65 degrees along the longer side.
FACE_M, LENS_DEGREES = 0.17, 65.0
#: Lines of MediaPipe's hand: fingers, and the palm's outline.
BONES = (
    *((0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (5, 9), (9, 10), (10, 11), (11, 12)),
    *((9, 13), (13, 14), (14, 15), (15, 16), (13, 17), (0, 17), (17, 18), (18, 19), (19, 20)),
)
COVERED, CLEAR = 0.15, 0.32  # of the face's width, from the mouth to the nearest line of a hand
#: The mouth's dark line as a share of what the eyes' rows and pixels differ by. Of good faces 0.35 to 0.8, real and
#: drawn; 19 in 20 above 0.38, blurred (3 and 5 pixels) above 0.29 and 0.21, a quarter as large above 0.24. Behind cloth
#: of the skin's colour 0 to 0.05, with folds 0.1 to 0.35, behind black cloth 0.05 to 0.1.
MOUTH_GONE, MOUTH_THERE = 0.10, 0.22
#: Share of red less blue, of the mouth less that between the eyes and above: a mouth is never bluer than its face (0.00
#: to 0.06 in clips and drawn people of all skins, bearded, in tinted light), a mask, scarf or mug mostly is by 0.08.
AS_RED, BLUER = 0.03, 0.06
LEAST_LIGHT = 25.0  # of 255, mean of the face's colours: below, colours are noise
LEAST_TURNED = 36  # pixels; the roll of smaller faces is wrong by up to 74 degrees, of larger ones by 20 at most
LEAST_FACE = 40  # pixels; a mouth in a smaller face has too few of them

Points = NDArray[np.float32]
Rgb = NDArray[np.uint8]


def people(faces: Sequence[Face]) -> int:
    """
    People in front of the camera: others far behind, and pictures of people on a wall, are smaller.

    :param faces: the largest first. :returns: faces at least a third as wide as the largest.
    """
    return sum(face.box.width >= OTHERS * faces[0].box.width for face in faces)


def box_in_frame(box: Box) -> float:
    """:returns: share of the box's area inside the picture, in [0, 1]."""
    width = min(1.0, box.x + box.width) - max(0.0, box.x)
    height = min(1.0, box.y + box.height) - max(0.0, box.y)
    area = box.width * box.height
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def cut_edges(face: Face) -> tuple[Edge, ...]:
    """
    MediaPipe ends a face's box at the edge of the picture and leaves eyes, nose and mouth where they are, outside too.

    :returns: the edges that the box reaches (brow to chin, cheek to cheek) or beyond which one of those points is.
    """
    box, points = face.box, face.keypoints[[RIGHT_EYE, LEFT_EYE, NOSE, MOUTH]]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    reaches: dict[Edge, bool] = {
        "top": min(box.y, top) <= AT_EDGE,
        "left": min(box.x, left) <= AT_EDGE,
        "right": max(box.x + box.width, right) >= 1 - AT_EDGE,
        "bottom": max(box.y + box.height, bottom) >= 1 - AT_EDGE,
    }
    return tuple(edge for edge, is_reached in reaches.items() if is_reached)


def roll(face: Face, aspect: float) -> float:
    """
    How the head is tilted in the picture, from the line of the eyes.

    ±90: the camera is held on its side; 180: upside down. Whether the picture is mirrored no face tells.

    :param aspect: width of the picture by its height.
    :returns: degrees, -180..180, 0 upright, positive clockwise.
    """
    across, down = face.keypoints[LEFT_EYE] - face.keypoints[RIGHT_EYE]
    return math.degrees(math.atan2(float(down), float(across) * aspect))


def turn(face: Face, aspect: float) -> float:
    """
    Where the head turns (yaw), from how far the nose is from the middle between the ears. Rough: within 10 degrees up
    to 30, and beyond 45 only "away".

    :param aspect: width of the picture by its height.
    :returns: degrees, -90..90, 0 towards the camera, positive to the person's left.
    """
    points = face.keypoints * np.array([aspect, 1.0])
    axis = points[LEFT_EAR] - points[RIGHT_EAR]
    length = float(np.hypot(*axis))
    if length == 0.0:
        return 90.0
    middle = (points[LEFT_EAR] + points[RIGHT_EAR]) / 2
    offset = float((points[NOSE] - middle) @ axis) / length
    return math.degrees(math.atan2(offset, NOSE_DEPTH * length / 2))


def distance(face: Face, aspect: float) -> float:
    """
    From the camera to the face, if it has a usual lens. :param aspect: width of the picture by its height.

    :returns: m.
    """
    longer = face.box.width if aspect >= 1 else face.box.height
    return FACE_M / max(longer, 1e-3) / (2 * math.tan(math.radians(LENS_DEGREES / 2)))


def mouth_hidden(gray: Gray, face: Face, hands: Sequence[Hand], rgb: Rgb | None = None) -> float:
    """
    How surely something is before the mouth: a hand that was found, something without a mouth's lines, or something
    of another colour than a face. A hand that is not found and mostly a mask with folds in the colour of skin stay
    unseen.

    :param gray: the picture. :param rgb: the same in colour, shape (height, width, 3).
    :returns: 0..1; the looks of a second must agree, since signs pass the mouth.
    """
    colour = strange_colour(rgb, face) if rgb is not None else 0.0
    return max(by_hand(face, hands, gray.shape[1] / gray.shape[0]), plain_mouth(gray, face), colour)


def by_hand(face: Face, hands: Sequence[Hand], aspect: float) -> float:
    """:returns: 1 when a finger or palm is at the mouth, 0 from a third of the face's width on."""
    scale = np.array([aspect, 1.0])
    mouth = face.keypoints[MOUTH] * scale
    nearest = min((_to_bones(mouth, hand.landmarks * scale) for hand in hands), default=math.inf)
    share = nearest / max(face.box.width * aspect, 1e-6)
    return float(np.clip((CLEAR - share) / (CLEAR - COVERED), 0.0, 1.0))


def plain_mouth(gray: Gray, face: Face) -> float:
    """
    A mouth, open or closed, moustache or not, is a dark line across: rows of pixels darker than those above and below.
    Means of rows keep it in noise and blocks, and in blur as long as the eyes keep theirs.

    :returns: 1 when there is hardly such a line where the mouth is, next to those at the eyes, 0 from a fifth on.
    """
    height, width = gray.shape
    if face.box.width * width < LEAST_FACE or abs(roll(face, width / height)) > UPRIGHT:
        return 0.0
    across, down = face.box.width, face.box.height
    eyes = face.keypoints[[RIGHT_EYE, LEFT_EYE]].mean(axis=0)
    mouth = _rows(crop(gray, _centred(face.keypoints[MOUTH], 0.36 * across, 0.30 * down)))
    beside = crop(gray, _centred(eyes, 0.75 * across, 0.30 * down))
    at_eyes = _rows(beside)
    if mouth is None or at_eyes is None:
        return 0.0
    inner = mouth[len(mouth) // 4 : len(mouth) - len(mouth) // 4]
    line = float(np.percentile(mouth, 80) - inner.min())
    low, high = np.percentile(beside, (5, 95))
    share = line / max(1.0, 0.5 * float(np.ptp(at_eyes)) + 0.25 * float(high - low))
    return float(np.clip((MOUTH_THERE - share) / (MOUTH_THERE - MOUTH_GONE), 0.0, 1.0))


def strange_colour(rgb: Rgb, face: Face) -> float:
    """:returns: 1 when the mouth is clearly bluer than the skin between the eyes and above, 0 when it is as red."""
    height, width = rgb.shape[:2]
    across, down = face.box.width, face.box.height
    if across * width < LEAST_FACE or abs(roll(face, width / height)) > UPRIGHT:
        return 0.0
    eyes, nose = face.keypoints[[RIGHT_EYE, LEFT_EYE]].mean(axis=0), face.keypoints[NOSE]
    mouth = _redness(crop(rgb, _centred(face.keypoints[MOUTH], 0.36 * across, 0.18 * down)))
    places = [(0.0, 0.16, 0.10), (0.4, 0.20, 0.10), (0.75, 0.30, 0.12)]  # a mask reaches up to the bridge of the nose
    above = [
        _redness(crop(rgb, _centred(eyes - up * (nose - eyes), wide * across, high * down)))
        for up, wide, high in places
    ]
    skin = [value for value in above if value is not None]
    if mouth is None or not skin:
        return 0.0
    return float(np.clip((min(skin) - mouth - AS_RED) / (BLUER - AS_RED), 0.0, 1.0))


def _centred(point: Points, width: float, height: float) -> Box:
    return Box(float(point[0]) - width / 2, float(point[1]) - height / 2, width, height)


def _redness(part: Rgb) -> float | None:
    """:returns: share of red less that of blue, -1..1; None where it is dark or (nearly) outside the picture."""
    if min(part.shape[:2]) < 4:
        return None
    red, green, blue = part.reshape(-1, 3).mean(axis=0)
    total = float(red + green + blue)
    return float(red - blue) / total if total >= 3 * LEAST_LIGHT else None


def _rows(part: Gray) -> NDArray[np.float64] | None:
    """:returns: mean brightness of each row, 0..255; None where the part is (nearly) outside the picture."""
    return part.mean(axis=1) if min(part.shape) >= 4 else None


def _to_bones(point: Points, landmarks: Points) -> float:
    """:returns: the distance to the nearest of the hand's lines, in the points' unit."""
    starts, ends = landmarks[[a for a, _ in BONES]], landmarks[[b for _, b in BONES]]
    along = ends - starts
    squares = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((point - starts) * along).sum(axis=1) / squares, 0.0, 1.0)
    return float(np.linalg.norm(starts + share[:, np.newaxis] * along - point, axis=1).min())
