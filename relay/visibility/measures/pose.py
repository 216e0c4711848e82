"""
The body, where hands and face are not found: hands and head in the picture or beyond its edges. Pure.

MediaPipe places joints outside the picture too. Where it places the knuckles tells where the hand is: of 215 hands of
drawn signers that were outside, 0.93 were placed outside (with a margin of 0.05 of the picture); of 305 inside 0.91
inside. Of the clips' hands, 149 of 152 that a crop put outside were placed outside, 51 of 71 inside clearly inside. The
wrist alone, which stays in the picture when the hand hangs out below, told 0.39 of the drawn ones outside.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.face import people
from relay.visibility.model import Detection, Edge, Hand, Pose

HEAD = slice(0, 11)  # nose, eyes, ears, corners of the mouth
SHOULDERS, WRISTS = (11, 12), (15, 16)  # left, right
KNUCKLES = {15: (17, 19), 16: (18, 20)}  # of little finger and index, by wrist
PRESENT = 0.5  # presence of a joint that can be seen
MARGIN = 0.05  # share of the picture: knuckles as near to an edge are half outside, with the fingers
SIDES = np.array([0.05, 0.0])  # share of the picture's width and height
CLEAR_OF_FACE = 0.5  # of the face's height, below the chin: a hand higher up is at the face, where no hand is found
NEAR = 0.45  # of the shoulders' width, from a wrist to the wrist of a hand that was found: the same one


def wrists_in_frame(pose: Pose) -> int:
    """:returns: 0, 1 or 2 wrists with a hand that must be in the picture."""
    return sum(_is_inside(pose, wrist) for wrist in WRISTS)


def wrists_cut(pose: Pose) -> tuple[Edge, ...]:
    """:returns: the edges at or beyond which a hand must be, each once; below the picture is also where hands rest."""
    points = np.stack([_knuckles(pose, wrist) for wrist in WRISTS])
    beyond: dict[Edge, bool] = {
        "bottom": bool((points[:, 1] > 1 - MARGIN).any()),
        "left": bool((points[:, 0] < MARGIN).any()),
        "right": bool((points[:, 0] > 1 - MARGIN).any()),
        "top": bool((points[:, 1] < MARGIN).any()),
    }
    return tuple(edge for edge, is_beyond in beyond.items() if is_beyond)


def hands_hidden(pose: Pose, hands: Sequence[Hand], aspect: float) -> int:
    """
    Wrists in the picture without a hand: behind something, blurred, or turned so that no hand is made out.

    :param aspect: width of the picture by its height. :returns: 0, 1 or 2.
    """
    scale = np.array([aspect, 1.0])
    points = pose.landmarks * scale
    reach = NEAR * float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    hidden = 0
    for wrist in WRISTS:
        if not _is_inside(pose, wrist):
            continue
        gaps = [float(np.linalg.norm(hand.landmarks * scale - points[wrist], axis=1).min()) for hand in hands]
        hidden += min(gaps, default=float("inf")) > reach
    return hidden


def hands_lost(found: Detection) -> bool | None:
    """
    A face is found and nothing of the hands that belong to it: no hand, and no body, or one of which MediaPipe vouches
    for no wrist, places none beyond an edge and none at the face or above. So it is when something large stands before
    them: of looks without a hand 161 of 180 at drawn boxes, 11 of 11 at a board in a real clip, but 10 of 124 at good
    signing, drawn and real, where hands are only not made out.

    :returns: None when hands or body were not looked for.
    """
    if found.hands or ("faces" in found.parts and found.face is None):
        return False
    if not {"hands", "faces", "pose"} <= found.parts or found.face is None:
        return None
    if found.pose is None:  # one body is looked for: between two people none may be found
        return None if people(found.faces) > 1 else True
    chin = found.face.box.y + found.face.box.height
    below = all(_knuckles(found.pose, wrist)[1] > chin + CLEAR_OF_FACE * found.face.box.height for wrist in WRISTS)
    return below and wrists_in_frame(found.pose) == 0 and not wrists_cut(found.pose)


def head_in_frame(pose: Pose) -> float:
    """
    Of half a head at a side of the picture, MediaPipe places the other half into the picture, at the edge.

    :returns: share of the head's points (eyes, ears, nose, mouth) inside the picture and off its sides, 0..1.
    """
    points = pose.landmarks[HEAD]
    return float(((points >= SIDES) & (points <= 1 - SIDES)).all(axis=1).mean())


def _is_inside(pose: Pose, wrist: int) -> bool:
    point = _knuckles(pose, wrist)
    return bool(((point >= MARGIN) & (point <= 1 - MARGIN)).all() and pose.visibility[wrist] >= PRESENT)


def _knuckles(pose: Pose, wrist: int) -> NDArray[np.float32]:
    return np.asarray(pose.landmarks[list(KNUCKLES[wrist])].mean(axis=0), dtype=np.float32)
