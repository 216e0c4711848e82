"""
Sharpness: of the whole picture, of the face and of the hands, each at its own scale. Pure.

How large steps between neighbours are against steps over several pixels: a sharp edge makes its whole step at once, a
blurred one bit by bit. That is the no-reference blur measure of Crete, Dolmiere, Ladret and Nicolas, "The blur effect:
perception and estimation with a new no-reference perceptual blur metric", SPIE 2007, turned round, taken in four
directions instead of two (a camera that moves blurs along one) and with small steps left out, which are noise or
shading.

Each is measured at a scale that does not depend on the size of the picture: the whole picture at 320 samples along
its longer side, a face and a hand at 48 samples across. A picture scaled up from 320 x 240 has all its detail at these
scales and is not called blurred; what is called blurred has lost what makes a face and a hand readable.
"""

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures.hands import hand_box
from relay.visibility.measures.picture import averaged, crop
from relay.visibility.model import Box, Gray, Hand

PICTURE_SAMPLES = 320  # along the longer side
PART_SAMPLES = 48  # across a face or a hand
SMALLEST = 20  # pixels: of less nothing can be told
TAPS = 8  # samples over which a step is compared
SLANTED_TAPS = 6  # along a diagonal, about as far
NOISE = 3  # of 255: steps of the whole picture that are left out; parts are averaged and keep theirs
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # down, right
#: What the measures give where a picture becomes hard to read, and how much each weighs: the face more, since a sharp
#: wall behind does not help and a blurred one does not harm.
PICTURE_LIMIT, FACE_LIMIT = 0.36, 0.45
FACE_WEIGHT = 2 / 3


def edges(gray: Gray, noise: int = 0) -> float:
    """
    :param gray: at least 10 x 10, at the scale that matters. :param noise: steps (of 255) up to it do not count.
    :returns: 0 blurred .. 1 sharp, in the direction that is the least sharp; 0 for a flat picture.
    """
    if min(gray.shape) < TAPS + 2:
        return 0.0
    return min(_kept(gray, down, right, noise) for down, right in DIRECTIONS)


def picture_sharpness(gray: Gray) -> float:
    """
    Of the whole picture, whatever it shows.

    Measured, over three real clips scaled up and a drawn one: 0.60 to 0.78, with grain, in evening light or pale the
    same; after VP8 at 80 to 500 kbit/s 0.41 to 0.71; a quarter of the resolution 0.20 to 0.40. Blurred: defocus of
    sigma 2 pixels (of 640) 0.19 to 0.41, 3 pixels 0.11 to 0.26, 4 pixels 0.06 to 0.13; the camera's motion over 15
    pixels 0.04 to 0.20, 21 pixels 0.02 to 0.13. Noise alone, before a covered lens, is sharp: 0.8.

    :returns: 0..1.
    """
    return edges(averaged(gray, PICTURE_SAMPLES), NOISE)


def detail(sample: Gray) -> float:
    """:returns: mean absolute difference between neighbours along the rows, 0..1: how busy a picture is."""
    if sample.shape[1] < 2:
        return 0.0
    steps = np.maximum(sample[:, 1:], sample[:, :-1]) - np.minimum(sample[:, 1:], sample[:, :-1])
    return float(steps.mean() / 255)


def face_sharpness(gray: Gray, face: Box) -> float | None:
    """
    Of the face, at the scale of eyes and lips.

    Measured: the same clips 0.50 to 0.63, after VP8 at 80 to 500 kbit/s 0.39 (first key frame) to 0.64. Blurred, for a
    face of 100 pixels: defocus of sigma 2 pixels 0.33 to 0.51, 3 pixels 0.26 to 0.43, 4 pixels 0.20 to 0.34; motion
    over 15 pixels 0.21 to 0.39, 21 pixels 0.19 to 0.34. All ten Monk tones within a tenth of each other.

    :returns: None when too little of it is in the picture.
    """
    return _edges_of(gray, face)


def hands_sharpness(gray: Gray, hands: tuple[Hand, ...]) -> float | None:
    """
    Of the sharper hand. A moving hand is blurred along its way in every camera; that is signing, and what counts is how
    sharp a hand is at its sharpest within some seconds.

    Measured: highest of a clip 0.56 to 0.72, after VP8 at 500 kbit/s 0.46 to 0.60, at 160 x 120 pixels 0.29 to 0.53;
    defocus of 8 pixels' radius 0.19 to 0.43, the camera's motion over 33 pixels 0.20 to 0.43. It does not tell of a
    shutter that is open for a third of a second, since what shows through the smear is sharp:
    :func:`relay.visibility.measures.smear.motion_blur` does.

    :returns: None without a hand in the picture that is large enough.
    """
    found = [measured for hand in hands if (measured := _edges_of(gray, hand_box(hand))) is not None]
    return max(found, default=None)


def readable(picture: float | None, face: float | None) -> float | None:
    """
    Picture's and face's sharpness in one number: 1 where reading becomes hard, more is better.

    Measured: clips 1.1 to 1.6 however graded, after VP8 at 500 kbit/s 1.06 to 1.5 (first key frame 0.95); defocus of
    radius 5 pixels 0.50 to 0.84, 8 pixels 0.25 to 0.69, 14 pixels 0.08 to 0.17, a greasy lens 0.03 to 0.10, the
    camera's motion over 33 pixels 0.09 to 0.59; 240 x 180 pixels at 25 kbit/s 0.73 to 1.2.

    :param picture: :func:`picture_sharpness`. :param face: :func:`face_sharpness`; None when no face was found lately.
    :returns: about 0.3..2; None when nothing was measured.
    """
    if picture is None:
        return None if face is None else face / FACE_LIMIT
    whole = picture / PICTURE_LIMIT
    if face is None:
        return whole
    return float(whole ** (1 - FACE_WEIGHT) * (face / FACE_LIMIT) ** FACE_WEIGHT)


def _edges_of(gray: Gray, box: Box) -> float | None:
    part = crop(gray, box)
    if min(part.shape) < SMALLEST:
        return None
    return edges(_across(part, min(PART_SAMPLES, part.shape[1])))


def _across(part: Gray, columns: int) -> Gray:
    """:returns: the part with that many columns and rows in proportion, each the mean of what it covers."""
    height, width = part.shape
    rows = max(1, round(height * columns / width))
    down = _means(part.astype(np.float32), rows)
    return np.asarray(np.rint(_means(down.T, columns).T), dtype=np.uint8)


def _means(lines: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Mean over equal stretches of the first axis, their ends cut through pixels."""
    size = lines.shape[0]
    if count >= size:
        return lines
    sums = np.zeros((size + 1, lines.shape[1]), dtype=np.float32)
    np.cumsum(lines, axis=0, out=sums[1:])
    at = np.linspace(0, size, count + 1)
    below = np.minimum(at.astype(np.intp), size - 1)
    ends = sums[below] + (at - below).astype(np.float32)[:, None] * lines[below]
    return np.asarray(np.diff(ends, axis=0) * (count / size), dtype=np.float32)


def _kept(gray: Gray, down: int, right: int, noise: int) -> float:
    """Share of the steps to the neighbour in one direction that a mean over the taps would take away, 0..1."""
    taps = SLANTED_TAPS if down and right else TAPS
    far = _steps(gray, down * taps, right * taps)
    middle = taps // 2
    near = _steps(gray, down, right)[middle * down :, middle * abs(right) :][: far.shape[0], : far.shape[1]]
    if noise:
        near = np.maximum(near, noise) - np.uint8(noise)
    near_over_taps = near.astype(np.uint16) * np.uint16(taps)
    total = int(near_over_taps.sum(dtype=np.uint32))
    taken = int((np.maximum(near_over_taps, far) - far).sum(dtype=np.uint32))
    return taken / total if total else 0.0


def _steps(gray: Gray, down: int, right: int) -> Gray:
    """:returns: absolute differences between pixels that far apart; smaller than the picture by that."""
    height, width = gray.shape
    there = gray[down:, max(0, right) : width + min(0, right)]
    here = gray[: height - down, max(0, -right) : width - max(0, right)]
    return np.asarray(np.maximum(there, here) - np.minimum(there, here), dtype=np.uint8)
