"""
What passes between the detector, the measures and the advice.

Coordinates are MediaPipe's: shares of the picture, origin top left, x to the right, outside [0, 1] when out of frame.
A :class:`Detection` lives for one analysis. A :class:`Glance` (each picture, cheap) and a :class:`Look` (now and then,
with MediaPipe) last for seconds in the analysis; only scores and codes made of them leave it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]  # shape (height, width): brightness 0..255
Edge = Literal["top", "left", "right", "bottom"]  # of the picture as it is seen by others (not mirrored)
Part = Literal["hands", "faces", "pose"]  # what a look can be asked for
Point = tuple[float, float]  # x, y


@dataclass(frozen=True, slots=True)
class Box:
    """Upper left corner and size, shares of the picture's width (x) and height (y)."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Hand:
    """
    :param landmarks: shape (21, 2), MediaPipe's order: 0 the wrist, 4, 8, 12, 16, 20 the finger tips.
    :param score: of the handedness, 0.5..1. MediaPipe gives no visibility of landmarks (always 0).
    :param is_right: the person's right hand, in a picture that is not mirrored.
    """

    landmarks: NDArray[np.float32]
    score: float = 1.0
    is_right: bool = True


@dataclass(frozen=True, slots=True)
class Face:
    """
    :param box: brow to chin, cheek to cheek; upright in the picture also when the face is not.
    :param score: of the detection, 0..1.
    :param keypoints: shape (6, 2): right eye, left eye (the person's), nose tip, mouth centre, right ear, left ear.
    """

    box: Box
    score: float
    keypoints: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """
    :param landmarks: shape (33, 2), MediaPipe's order: 11, 12 shoulders, 13, 14 elbows, 15, 16 wrists (left, right).
    :param visibility: shape (33,), 0..1: MediaPipe's visibility or presence, whichever is less.
    """

    landmarks: NDArray[np.float32]
    visibility: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detection:
    """
    What was found in one picture.

    :param hands: 0 to 2. :param faces: the largest first. :param pose: of the largest person.
    :param parts: what was looked for; the others are empty because nobody looked. The pose is looked for only where
        hands or face leave a question open.
    """

    hands: tuple[Hand, ...] = ()
    faces: tuple[Face, ...] = ()
    pose: Pose | None = None
    parts: frozenset[Part] = frozenset(("hands", "faces"))

    @property
    def face(self) -> Face | None:
        return self.faces[0] if self.faces else None


@dataclass(frozen=True, slots=True)
class Glance:
    """
    One picture in numbers that need no detection.

    Black bars are left out of the first eight.

    :param luma: mean brightness, 0 black .. 1 white.
    :param contrast: standard deviation of the brightness, 0..0.5.
    :param shadows, highlights: 5th and 95th percentile of the brightness, 0..1.
    :param overexposed: share of pixels burnt out to white, 0..1.
    :param underexposed: share of pixels drowned in black, 0..1.
    :param structure: steps of brightness between cells against the mean brightness, 0..2: what is left when it is
        dark or blurred, and gone when the lens is covered.
    :param flat: share of cells no different from their neighbours, 0..1.
    :param movement: share of the picture's cells that changed in the last three pictures: within the person's reach,
        outside the face seen last, without what the camera and its exposure change.
    :param movement_beside_head: of it, what no nod explains (:func:`relay.visibility.measures.movement.beside_head`).
    :param border_movement: share of the cells at the lower and side borders that changed (where hands leave).
    :param difference: mean absolute change of the cells' brightness since the glance before, 0..1; 0: identical;
        None for the first.
    :param alive: some cell has left the brightness it had when this was last True: a still person does within a second
        or two, a frozen picture does not, even while an encoder refines it.
    :param detail: mean difference between neighbouring samples, 0..1: how busy the picture is.
    :param motion_blur: how much softer than the face is what has just moved, 0 (as sharp) .. 1: a slow shutter smears
        it (:func:`relay.visibility.measures.smear.motion_blur`); None where too little moves or nobody is found.
    """

    luma: float
    contrast: float
    shadows: float
    highlights: float
    overexposed: float
    underexposed: float
    structure: float
    flat: float
    movement: float
    movement_beside_head: float
    border_movement: float
    difference: float | None
    alive: bool
    detail: float
    motion_blur: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """
    One picture in numbers that need to know where hands and faces are.

    None where there is nothing to measure (no hand, no face) or where nobody looked for it.

    :param sharpness: of the whole picture, 0 blurred .. 1 sharp
        (:func:`relay.visibility.measures.sharpness.picture_sharpness`).
    :param blockiness: how much the blocks of a coder stand out, 0 (none) to about 5.
    :param room_kept: share of the picture that is as it was when somebody was seen last, 0..1; None while somebody is,
        or when nobody has been.
    :param room_shape: how much of its large differences in brightness is left, then, about 0..1.

    Hands:

    :param hands_found: 0, 1 or 2; None when not looked for.
    :param hands_in_frame: share of hand landmarks inside the picture, 0..1.
    :param hands_whole: how many of those found are whole, 0..2.
    :param hands_cut: the edges at which a hand found is cut.
    :param hand_size: height or width of the larger hand, whichever is more, as a share of the picture's, 0..1.
    :param hands_overlap: how much of one hand lies behind the other, 0..1; None unless two are found.
    :param hands_at_face: a hand is at the face (that is LSF, not hidden).
    :param hands_hidden: 0, 1 or 2 wrists in the picture at which no hand is found; None without a pose.
    :param hands_lost: no hands below the face, and the pose does not say where they are
        (:func:`relay.visibility.measures.pose.hands_lost`); None: nobody looked.
    :param wrists_in_frame: 0, 1 or 2, from the pose; None without one: nobody is there, or hands and face are found
        and leave no question open.
    :param wrists_cut: the edges beyond which a wrist lies (below is also where hands rest).
    :param hands_contrast: brightness of the hands against that of what is around them, 0 (the same) .. 1.
    :param hands_sharpness: of the sharper hand, 0 blurred .. 1 sharp.

    Face (the largest):

    :param faces_found: people in front of the camera, by their faces; None when not looked for.
    :param face_in_frame: share of the face box inside the picture, 0..1.
    :param face_cut: the edges at which the face is cut.
    :param face_width, face_height: of its box (brow to chin), shares of the picture.
    :param face_centre: shares of the picture.
    :param face_turn: yaw, degrees, 0 towards the camera, ±90 in profile, rough; positive: to the person's left.
    :param face_roll: degrees in the picture, -180..180, 0 upright, positive clockwise; ±90: phone held wrong.
        Turn and roll are None of a tiny face.
    :param mouth_hidden: how surely the mouth is hidden by a hand or an object, 0..1.
    :param face_luma: brightness of the lightest parts of the face (99th percentile), 0..1. The mean would judge
        skin; eyes, teeth and what shines judge the light.
    :param face_contrast: from the face's shadows to what is lightest in it (5th to 99th percentile), 0..1.
    :param face_overexposed: share of the face burnt out, 0..1.
    :param backlight: by how many stops (factors of 2) the surroundings outshine the face, about -3..6
        (:func:`relay.visibility.measures.light.backlight`).
    :param face_sharpness: 0 blurred .. 1 sharp (:func:`relay.visibility.measures.sharpness.face_sharpness`).

    The person:

    :param pose_sought: the body was looked for; without ``wrists_in_frame`` none was found.
    :param signing_space: share of the signing space (above the head to below the waist, an elbow's width each side)
        inside the picture, 0..1; None of a face lying on its side.
    :param distance: from the camera to the face through a usual lens, m.
    :param head_in_frame: share of the head inside the picture, from the pose, 0..1: it knows of a head cut off above.
    """

    sharpness: float | None = None
    blockiness: float | None = None
    room_kept: float | None = None
    room_shape: float | None = None
    hands_found: int | None = None
    hands_in_frame: float | None = None
    hands_whole: int | None = None
    hands_cut: tuple[Edge, ...] = ()
    hand_size: float | None = None
    hands_overlap: float | None = None
    hands_at_face: bool = False
    hands_hidden: int | None = None
    wrists_in_frame: int | None = None
    wrists_cut: tuple[Edge, ...] = ()
    hands_contrast: float | None = None
    hands_sharpness: float | None = None
    pose_sought: bool = False
    faces_found: int | None = None
    face_in_frame: float | None = None
    face_cut: tuple[Edge, ...] = ()
    face_width: float | None = None
    face_height: float | None = None
    face_centre: Point | None = None
    face_turn: float | None = None
    face_roll: float | None = None
    mouth_hidden: float | None = None
    face_luma: float | None = None
    face_contrast: float | None = None
    face_overexposed: float | None = None
    backlight: float | None = None
    face_sharpness: float | None = None
    signing_space: float | None = None
    distance: float | None = None
    head_in_frame: float | None = None
    hands_lost: bool | None = None

    @property
    def face(self) -> Box | None:
        """Where the largest face is."""
        if self.face_centre is None or self.face_width is None or self.face_height is None:
            return None
        (x, y), width, height = self.face_centre, self.face_width, self.face_height
        return Box(x - width / 2, y - height / 2, width, height)
