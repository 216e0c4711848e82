"""Hands in the picture, cut at its edges, over one another and at the face. Pure."""

from collections.abc import Sequence

import numpy as np

from relay.visibility.model import Box, Edge, Hand

CUT_SHARE = 0.93  # a hand with fewer of its 21 landmarks inside is cut: the wrist alone may be outside
DOUBLE_DISTANCE = 0.15  # share of the hand's size
MARGIN = 0.005  # share of the picture: MediaPipe clamps a little at the border


def hands_in_frame(hands: Sequence[Hand], margin: float = MARGIN) -> float:
    """
    Share of hand landmarks inside the picture.

    :param margin: width of the border that counts as outside, share of the picture.
    :returns: in [0, 1]; 0 when no hand was found.
    """
    if not hands:
        return 0.0
    landmarks = np.stack([hand.landmarks for hand in hands])
    inside = (landmarks >= margin) & (landmarks <= 1 - margin)
    return float(inside.all(axis=-1).mean())


def whole(hands: Sequence[Hand], margin: float = MARGIN) -> int:
    """:returns: how many of the hands are whole in the picture, but for the wrist."""
    return sum(hands_in_frame([hand], margin) >= CUT_SHARE for hand in hands)


def hand_size(hands: Sequence[Hand]) -> float:
    """:returns: the larger side of the larger hand's box, as a share of the picture; 0 without hands."""
    return max((float(np.ptp(hand.landmarks, axis=0).max()) for hand in hands), default=0.0)


def cut_edges(hands: Sequence[Hand], margin: float = MARGIN) -> tuple[Edge, ...]:
    """:returns: the edges beyond which a hand that is cut has landmarks, each once."""
    cut = [hand.landmarks for hand in hands if hands_in_frame([hand], margin) < CUT_SHARE]
    beyond: dict[Edge, bool] = {
        "bottom": any((points[:, 1] > 1 - margin).any() for points in cut),
        "left": any((points[:, 0] < margin).any() for points in cut),
        "right": any((points[:, 0] > 1 - margin).any() for points in cut),
        "top": any((points[:, 1] < margin).any() for points in cut),
    }
    return tuple(edge for edge, is_beyond in beyond.items() if is_beyond)


def hand_box(hand: Hand) -> Box:
    """:returns: the smallest box around the landmarks."""
    (left, top), (right, bottom) = hand.landmarks.min(axis=0), hand.landmarks.max(axis=0)
    return Box(float(left), float(top), float(right - left), float(bottom - top))


def without_doubles(hands: Sequence[Hand]) -> tuple[Hand, ...]:
    """
    The same hand found twice is one hand.

    :returns: the hands, less those whose landmarks lie, in the mean, nearer than 0.15 of the hand's size to the same
        landmarks of a hand that scores more.
    """
    kept: list[Hand] = []
    for hand in sorted(hands, key=lambda each: -each.score):
        size = float(np.ptp(hand.landmarks, axis=0).max())
        if all(_distance(hand, other) > DOUBLE_DISTANCE * size for other in kept):
            kept.append(hand)
    return tuple(kept)


def _distance(one: Hand, other: Hand) -> float:
    """:returns: mean distance of the same landmarks, shares of the picture."""
    return float(np.linalg.norm(one.landmarks - other.landmarks, axis=1).mean())


def overlap(hands: Sequence[Hand]) -> float | None:
    """
    How much of the smaller hand lies where the other is: one hides the other, wholly or in part.

    :returns: share of the smaller hand's box, 0..1; None unless two are found.
    """
    if len(hands) != 2:
        return None
    one, other = (hand_box(hand) for hand in hands)
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0


def at_face(hands: Sequence[Hand], face: Box) -> bool:
    """:returns: whether a point of a hand lies in the box of the face: a sign made there, not something hidden."""
    low, high = np.array([face.x, face.y]), np.array([face.x + face.width, face.y + face.height])
    return any(bool(((hand.landmarks >= low) & (hand.landmarks <= high)).all(axis=1).any()) for hand in hands)
