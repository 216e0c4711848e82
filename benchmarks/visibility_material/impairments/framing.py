"""Where the camera looks, and what of its picture is seen."""

import math
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.visibility_material.impairments.base import Impairment, as_bytes, each
from benchmarks.visibility_material.moments import Moment, Picture
from relay.visibility.model import Box


def view(scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> Impairment:
    """
    The camera nearer (``scale`` > 1), farther, or turned aside: the picture scaled about its centre and then moved.

    :param x, y: to the right and down, shares of the picture. What comes into the picture continues its border.
    """

    def moved(box: Box) -> Box:
        left, top = (box.x - 0.5) * scale + 0.5 + x, (box.y - 0.5) * scale + 0.5 + y
        return Box(left, top, box.width * scale, box.height * scale)

    def change(moment: Moment) -> Moment:
        picture = _seen_from(moment.picture, scale, x, y)
        face = moved(moment.face) if moment.face else None
        return replace(moment, picture=picture, face=face, hands=tuple(moved(hand) for hand in moment.hands))

    return each(change)


def _seen_from(picture: Picture, scale: float, x: float, y: float) -> Picture:
    """What was never filmed continues the border, blurred: more of the same wall, and of the clothes below."""
    height, width = picture.shape[:2]
    matrix = np.array(
        [[scale, 0, width * (0.5 - scale / 2 + x)], [0, scale, height * (0.5 - scale / 2 + y)]], np.float32
    )
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if scale < 1:
        picture = as_bytes(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale))
    seen = cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    if inside.min() > 0:
        return as_bytes(seen)
    soft = cv2.GaussianBlur(cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA), (0, 0), 5)
    soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    around = cv2.warpAffine(soft, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(inside[..., None] > 0, as_bytes(seen), as_bytes(around))


def rotated(degrees: int) -> Impairment:
    """The telephone held wrong: turned clockwise by 90, 180 or 270 degrees; what does not fit is cut off evenly."""
    code = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}[degrees]

    def change(moment: Moment) -> Moment:
        height, width = moment.picture.shape[:2]
        turned = cv2.rotate(moment.picture, code)
        scale = max(width / turned.shape[1], height / turned.shape[0])
        turned = cv2.resize(turned, (math.ceil(turned.shape[1] * scale), math.ceil(turned.shape[0] * scale)))
        top, left = (turned.shape[0] - height) // 2, (turned.shape[1] - width) // 2
        part = np.ascontiguousarray(turned[top : top + height, left : left + width])
        return replace(moment, picture=as_bytes(part), face=None, hands=())

    return each(change)


def mirrored(moment: Moment) -> Moment:
    def flipped(box: Box) -> Box:
        return Box(1 - box.x - box.width, box.y, box.width, box.height)

    return replace(
        moment,
        picture=np.ascontiguousarray(moment.picture[:, ::-1]),
        face=flipped(moment.face) if moment.face else None,
        hands=tuple(flipped(hand) for hand in moment.hands),
    )


def in_bars(share: float) -> Impairment:
    """The whole picture smaller, in a black frame: ``share`` of its sides."""

    def change(moment: Moment) -> Moment:
        height, width = moment.picture.shape[:2]
        inner = (round(width * share), round(height * share))
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        picture = np.zeros_like(moment.picture)
        picture[top : top + inner[1], left : left + inner[0]] = cv2.resize(moment.picture, inner)
        return replace(moment, picture=picture)

    return each(change)
