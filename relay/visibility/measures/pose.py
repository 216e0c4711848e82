"""
The body, where hands and face are not found: wrists and head in the picture or beyond its edges. Pure.

MediaPipe places joints outside the picture too, and is right about it: of the clips' wrists that a crop put outside,
9 in 10 were placed outside, with a presence of 0.3 or less; of those inside 9 in 10, with 0.6 or more.
"""

from collections.abc import Sequence

import numpy as np

from relay.visibility.model import Edge, Hand, Pose

HEAD = slice(0, 11)  # nose, eyes, ears, corners of the mouth
SHOULDERS, ELBOWS, WRISTS = (11, 12), (13, 14), (15, 16)  # left, right
PRESENT = 0.5  # presence of a joint that can be seen
NEAR = 0.45  # of the shoulders' width, from a wrist to the wrist of a hand that was found: the same one


def wrists_in_frame(pose: Pose) -> int:
    """:returns: 0, 1 or 2 wrists that can be seen in the picture."""
    return sum(_is_inside(pose, wrist) and bool(pose.visibility[wrist] >= PRESENT) for wrist in WRISTS)


def wrists_cut(pose: Pose) -> tuple[Edge, ...]:
    """:returns: the edges beyond which a wrist lies, each once; below the picture is also where hands rest."""
    points = pose.landmarks[list(WRISTS)]
    beyond: dict[Edge, bool] = {
        "bottom": bool((points[:, 1] > 1).any()),
        "left": bool((points[:, 0] < 0).any()),
        "right": bool((points[:, 0] > 1).any()),
        "top": bool((points[:, 1] < 0).any()),
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
        if not _is_inside(pose, wrist) or pose.visibility[wrist] < PRESENT:
            continue
        gaps = [float(np.linalg.norm(hand.landmarks * scale - points[wrist], axis=1).min()) for hand in hands]
        hidden += min(gaps, default=float("inf")) > reach
    return hidden


def head_in_frame(pose: Pose) -> float:
    """:returns: share of the head's points (eyes, ears, nose, mouth) inside the picture, 0..1."""
    points = pose.landmarks[HEAD]
    return float(((points >= 0) & (points <= 1)).all(axis=1).mean())


def _is_inside(pose: Pose, joint: int) -> bool:
    return bool(((pose.landmarks[joint] >= 0) & (pose.landmarks[joint] <= 1)).all())
