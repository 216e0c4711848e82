"""
Where a person's hands can be, from the face: the signing space, and the part of the picture to search. Pure.

The signing space goes from above the head to below the waist, an elbow's width to each side (universaldesign.ie). In
widths of the face box (brow to chin, cheek to cheek: about 17 cm at any distance) the crown is 0.8 above the centre of
the box, the waist 3.0 below it, an elbow held out 2.0 to the side. In front of a camera signers compress it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box, Face

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
SPACE_ABOVE, SPACE_BELOW, SPACE_ASIDE = 1.3, 3.6, 2.0  # face widths from the centre of the face
#: Share of the signing space from which on hands that sign are in the picture: real clips 0.78 to 0.86, drawn ones 0.88
#: and more; with the hands below the picture 0.35 to 0.56.
ROOMY = 0.72
#: Searched for hands: more than the signing space, arms stretched out. Below three quarters of the picture it is worth
#: a crop: a hand of 1/3 the size is found in it as if it were near.
SEARCH_ABOVE, SEARCH_BELOW, SEARCH_ASIDE = 1.8, 4.6, 3.2
SEARCH_WORTH = 0.75
OWN_SIDE = 1.5  # widths of the face, from its centre: shoulders and arms
OTHER_HEAD = 0.8  # of somebody else's face: with ears and hair


def around(face: Box, aspect: float, above: float, below: float, aside: float) -> Box:
    """
    :param aspect: width of the picture by its height.
    :param above, below, aside: in widths of the face, from its centre.
    :returns: a box that may reach beyond the picture.
    """
    x, y = face.centre
    across = max(face.width, face.height / aspect)  # of the picture's width
    down = across * aspect
    return Box(x - aside * across, y - above * down, 2 * aside * across, (above + below) * down)


def signing_space(face: Box, aspect: float) -> float:
    """:returns: share of the signing space of an upright person inside the picture, 0..1. :param aspect: w / h."""
    space = around(face, aspect, SPACE_ABOVE, SPACE_BELOW, SPACE_ASIDE)
    inside = clipped(space)
    return inside.width * inside.height / (space.width * space.height) if space.width > 0 else 0.0


def search_region(face: Box, aspect: float) -> Box:
    """:returns: the part of the picture in which hands are looked for; all of it where a crop is not worth it."""
    region = clipped(around(face, aspect, SEARCH_ABOVE, SEARCH_BELOW, SEARCH_ASIDE))
    return region if region.width * region.height < SEARCH_WORTH else WHOLE


def own_region(faces: Sequence[Face]) -> Box:
    """
    Where the body of the largest face is looked for: MediaPipe finds one body, and beside somebody else it finds none,
    or the other one. Of 18 drawn looks that found none, 15 find hers so.

    :param faces: the largest first.
    :returns: the picture without the heads at her sides and what is beyond them; of its whole height.
    """
    own, left, right = faces[0].box, 0.0, 1.0
    for other in (face.box for face in faces[1:]):
        beside = other.centre[0] - own.centre[0]
        to_edge = abs(beside) - OTHER_HEAD * other.width
        if to_edge < OWN_SIDE * own.width:  # behind her: her own shoulders would be cut
            continue
        if beside < 0:
            left = max(left, own.centre[0] - to_edge)
        else:
            right = min(right, own.centre[0] + to_edge)
    return Box(left, 0.0, right - left, 1.0)


def clipped(box: Box) -> Box:
    """:returns: what of the box is inside the picture; of no size when nothing is."""
    left, top = min(1.0, max(0.0, box.x)), min(1.0, max(0.0, box.y))
    right, bottom = min(1.0, max(0.0, box.x + box.width)), min(1.0, max(0.0, box.y + box.height))
    return Box(left, top, right - left, bottom - top)


def turned_back(face: Face, turns: int) -> Face:
    """
    :param face: found in a picture that was turned counter-clockwise by quarter ``turns``.
    :returns: the face where it is in the picture before it was turned.
    """
    corners = np.array([(face.box.x, face.box.y), (face.box.x + face.box.width, face.box.y + face.box.height)])
    points: NDArray[np.float32] = face.keypoints
    for _ in range(turns % 4):
        corners, points = _clockwise(corners), _clockwise(points)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = Box(float(left), float(top), float(right - left), float(bottom - top))
    return Face(box, face.score, points.astype(np.float32))


def in_whole(face: Face, part: Box) -> Face:
    """:param face: found in this part of a picture. :returns: where it is in the whole one."""
    size, corner = np.array([part.width, part.height]), np.array([part.x, part.y])
    box = face.box
    whole = Box(
        part.x + box.x * part.width, part.y + box.y * part.height, box.width * part.width, box.height * part.height
    )
    return Face(whole, face.score, (face.keypoints * size + corner).astype(np.float32))


def _clockwise(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """A quarter turn of the picture moves its upper left corner to the upper right one."""
    return np.stack([1 - points[:, 1], points[:, 0]], axis=1)
