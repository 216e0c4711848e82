"""Too little light, too much, from behind, or of another lamp."""

from dataclasses import replace

import cv2
import numpy as np

from benchmarks.visibility_material.impairments.base import Floats, Impairment, as_bytes, each, noise_of, pictures
from benchmarks.visibility_material.moments import Moment, Picture
from relay.visibility.model import Box


def darkened(gain: float, noise: float) -> Impairment:
    """
    Hardly any light: what a camera makes of it is dark, crushed at the black end, pale, soft (it removes noise) and
    noisy all the same.

    :param gain: share of the brightness that is left. :param noise: standard deviation, of 255.
    """

    def change(moment: Moment) -> Moment:
        soft = cv2.GaussianBlur(moment.picture, (0, 0), 0.8).astype(np.float32)
        gray = soft.mean(axis=2, keepdims=True)
        dark = np.maximum((0.6 * soft + 0.4 * gray) * gain - 3, 0) + noise_of(moment, noise)
        return replace(moment, picture=as_bytes(dark))

    return each(change)


def burnt_out(gain: float) -> Impairment:
    """Too much light: most of the picture is white, and the white runs over into what is beside it."""

    def change(picture: Picture) -> Picture:
        bright = picture.astype(np.float32) * gain
        glow = cv2.GaussianBlur(np.maximum(bright - 235, 0), (0, 0), 12)
        return as_bytes(bright + 0.6 * glow)

    return pictures(change)


def backlit(masks: dict[int, Floats], shadow: float) -> Impairment:
    """
    A window behind the person: white around, in shadow before it, with the veil that a lens adds.

    :param masks: kept from picture to picture of a clip. :param shadow: share of the light left on the person.
    """

    def change(moment: Moment) -> Moment:
        if moment.frame not in masks:
            masks[moment.frame] = person_mask(moment)
        mask = masks[moment.frame][..., None]
        picture = moment.picture.astype(np.float32)
        window = np.minimum(255, 205 + 0.28 * picture)
        return replace(moment, picture=as_bytes(mask * (picture * shadow + 10) + (1 - mask) * window))

    return each(change)


def person_mask(moment: Moment) -> Floats:
    """Where the person is, 0..1, soft at the edge: GrabCut from the face, the body below it and the hands."""
    height, width = moment.picture.shape[:2]
    small = cv2.resize(moment.picture, (160, round(160 * height / width)), interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    labels = np.full((rows, columns), cv2.GC_PR_BGD, np.uint8)
    for box, certain in _body(moment):
        top, bottom = (int(np.clip(y * rows, 0, rows)) for y in (box.y, box.y + box.height))
        left, right = (int(np.clip(x * columns, 0, columns)) for x in (box.x, box.x + box.width))
        labels[top:bottom, left:right] = cv2.GC_FGD if certain else cv2.GC_PR_FGD
    labels[: rows // 40 + 1] = cv2.GC_BGD
    if (labels == cv2.GC_FGD).sum() < 10:
        return np.zeros((height, width), np.float32)
    cv2.setRNGSeed(1)
    cv2.grabCut(small, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    person = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    person = cv2.resize(person, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(person, (0, 0), 3), np.float32)


def _body(moment: Moment) -> list[tuple[Box, bool]]:
    """Boxes in which the person is, widest first, and whether surely."""
    face = moment.face
    if face is None:
        return [(hand, False) for hand in moment.hands]
    w, h = face.width, face.height
    return [
        (Box(face.x - 1.2 * w, face.y + 1.5 * h, 3.4 * w, 2.0), False),
        (Box(face.x - 0.3 * w, face.y - 0.5 * h, 1.6 * w, 2 * h), False),
        *((hand, False) for hand in moment.hands),
        *(
            (Box(hand.x + 0.2 * hand.width, hand.y + 0.2 * hand.height, 0.6 * hand.width, 0.6 * hand.height), True)
            for hand in moment.hands
        ),
        (Box(face.x - 0.5 * w, face.y + 2.0 * h, 2.0 * w, 2.0), True),
        (Box(face.x + 0.15 * w, face.y, 0.7 * w, h), True),
    ]


def graded(gain: tuple[float, float, float], lift: float = 0.0, noise: float = 0.0) -> Impairment:
    """Another lamp or camera: channels scaled and lifted."""

    def change(moment: Moment) -> Moment:
        picture = moment.picture.astype(np.float32) * np.array(gain, np.float32) + lift + noise_of(moment, noise)
        return replace(moment, picture=as_bytes(picture))

    return each(change)
