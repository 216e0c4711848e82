"""Something before the lens or before the person, or nobody there."""

import math
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.visibility_material.impairments.base import Impairment, as_bytes, each, noise_of
from benchmarks.visibility_material.moments import Moment, Picture
from relay.visibility.model import Box

HIDDEN_SHARE = 0.7  # of a hand's box


def covered(colour: tuple[int, int, int], noise: float = 3.0) -> Impairment:
    """A finger, a cap or the table before the lens: one colour, lighter at one side, and noise."""

    def change(moment: Moment) -> Moment:
        height, width = moment.picture.shape[:2]
        slope = np.linspace(0.75, 1.25, width, dtype=np.float32)[None, :, None]
        wobble = 1 + 0.05 * math.sin(moment.t * 2)
        plain = np.ones((height, width, 1), np.float32) * slope * np.array(colour, np.float32) * wobble
        return replace(moment, picture=as_bytes(plain + noise_of(moment, noise)), face=None, hands=())

    return each(change)


def masked(moment: Moment) -> Moment:
    """A cloth mask over mouth and nose."""
    if moment.face is None:
        return moment
    picture = moment.picture.copy()
    height, width = picture.shape[:2]
    face = moment.face
    outline = [(0.02, 0.5), (0.5, 0.38), (0.98, 0.5), (0.93, 0.82), (0.5, 1.08), (0.07, 0.82)]
    points = np.array([[(face.x + x * face.width) * width, (face.y + y * face.height) * height] for x, y in outline])
    cv2.fillPoly(picture, [points.astype(np.int32)], (178, 205, 214), cv2.LINE_AA)
    for y in (0.62, 0.75, 0.88):
        row = round((face.y + y * face.height) * height)
        left, right = (round((face.x + x * face.width) * width) for x in (0.15, 0.85))
        cv2.line(picture, (left, row), (right, row), (150, 180, 190), 1, cv2.LINE_AA)
    return replace(moment, picture=picture)


def object_before(box: Box, colour: tuple[int, int, int] = (96, 78, 66)) -> Impairment:
    """
    A box or a screen between camera and person, with a lighter edge; it stands still. The hands that are told of are
    those behind it; none as long as one is beside it.
    """

    def is_behind(hand: Box) -> bool:
        width = min(hand.x + hand.width, box.x + box.width) - max(hand.x, box.x)
        height = min(hand.y + hand.height, box.y + box.height) - max(hand.y, box.y)
        return max(0.0, width) * max(0.0, height) >= HIDDEN_SHARE * hand.width * hand.height

    def change(moment: Moment) -> Moment:
        picture = moment.picture.copy()
        height, width = picture.shape[:2]
        left, right = (round(x * width) for x in (box.x, box.x + box.width))
        top, bottom = (round(y * height) for y in (box.y, box.y + box.height))
        cv2.rectangle(picture, (left, top), (right, bottom), colour, -1)
        cv2.rectangle(picture, (left, top), (right, top + 6), tuple(c + 40 for c in colour), -1)
        return replace(moment, picture=picture, hands=moment.hands if all(map(is_behind, moment.hands)) else ())

    return each(change)


def empty_room(picture: Picture, left: float, right: float) -> Impairment:
    """
    The room without the person: the wider of the two strips beside the person, mirrored over the picture.

    :param left, right: where the person and the movements end, shares of the width.
    """
    width = picture.shape[1]
    strip_width = max(16, round(max(left, 1 - right) * width))
    strip = picture[:, :strip_width] if left >= 1 - right else picture[:, -strip_width:]
    wall = np.concatenate([strip, strip[:, ::-1]] * (width // (2 * strip_width) + 1), axis=1)[:, :width]

    def change(moment: Moment) -> Moment:
        still = wall.astype(np.float32) + noise_of(moment, 2.0)
        return replace(moment, picture=as_bytes(still), face=None, hands=())

    return each(change)
