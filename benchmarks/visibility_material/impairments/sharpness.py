"""Smeared, out of focus or dirty."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.visibility_material.impairments.base import Floats, Impairment, as_bytes, each, pictures
from benchmarks.visibility_material.moments import Moment, Picture
from relay.visibility.model import Box

SMEARED = 12.0  # of 255: mean change of a hand's box by the shutter, from which on its fingers cannot be told apart


def slow_shutter(frames: int) -> Impairment:
    """
    A shutter open for so many pictures: what moves is a smear, what stands still is sharp. Hands that hold still are
    no longer told of (``hands``), since they are not blurred.
    """

    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        recent: deque[Floats] = deque(maxlen=frames)
        for moment in moments:
            recent.append(moment.picture.astype(np.float32))
            smeared: Floats = np.stack(recent).mean(axis=0, dtype=np.float32)
            hands = tuple(hand for hand in moment.hands if _change(smeared, recent[-1], hand) > SMEARED)
            yield replace(moment, picture=as_bytes(smeared), hands=hands)

    return impair


def _change(one: Floats, other: Floats, box: Box) -> float:
    """Mean absolute difference of two pictures in the box, 0..255."""
    height, width = one.shape[:2]
    top, bottom = (int(np.clip(y * height, 0, height)) for y in (box.y, box.y + box.height))
    left, right = (int(np.clip(x * width, 0, width)) for x in (box.x, box.x + box.width))
    part = np.abs(one[top:bottom, left:right] - other[top:bottom, left:right])
    return float(part.mean()) if part.size else 0.0


def shaken(length: int) -> Impairment:
    """The telephone in a moving hand: everything smeared over ``length`` pixels, in a direction that wanders."""

    def change(moment: Moment) -> Moment:
        kernel = np.zeros((length, length), np.float32)
        angle = 0.6 * math.sin(moment.t * 1.7)
        centre, reach = length // 2, length / 2
        ends = [
            (round(centre + sign * reach * math.cos(angle)), round(centre + sign * reach * math.sin(angle)))
            for sign in (-1, 1)
        ]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1)
        return replace(moment, picture=as_bytes(cv2.filter2D(moment.picture, -1, kernel / kernel.sum())))

    return each(change)


def defocused(radius: int) -> Impairment:
    """Out of focus: each point becomes a disc of ``radius`` pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    kernel /= kernel.sum()
    return pictures(lambda picture: as_bytes(cv2.filter2D(picture, -1, kernel)))


def dirty_lens(picture: Picture) -> Picture:
    """Grease on the lens: soft, with a bright veil over everything."""
    soft = cv2.GaussianBlur(picture, (0, 0), 6).astype(np.float32)
    glow = cv2.GaussianBlur(picture, (0, 0), 40).astype(np.float32)
    return as_bytes(0.55 * soft + 0.25 * glow + 45)
