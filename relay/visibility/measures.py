"""
From a picture and what was found in it to numbers, and from the pictures of a second to one set of measures.

Pure: numpy and plain numbers. What a number means for the signer is decided in ``relay.visibility.advice``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relay.visibility.model import Box, Detection, FrameMeasures

Gray = NDArray[np.uint8]
Grid = NDArray[np.float32]

GRID_ROWS, GRID_COLUMNS = 24, 32
MOVED = 0.06  # change of a cell's mean brightness (0..1) that counts: above camera noise averaged over a cell
SIGNING_MOTION = 0.015  # share of cells: a hand moves over 2 % to 15 %, a breathing chest over less than 1 %
BORDER_ROWS = 4  # lowest sixth of the picture, where hands leave it
BORDER_COLUMNS = 2  # at each side
BORDER_MOTION = 0.04  # share of the border cells
BORDER_SHARE = 0.5  # of all motion; hands on their way into the picture move arms and elbows as well
BURNT = 250  # of 255
CUT_SHARE = 0.93  # a hand with fewer of its 21 landmarks inside is cut: the wrist alone may be outside
MARGIN = 0.005  # share of the picture: MediaPipe clamps a little at the border
BLUR_TAPS = 9  # pixels, Crete et al. 2007
MIN_SIGNING_FRAMES = 2  # below, a second tells nothing about the hands


def hands_in_frame(landmarks: NDArray[np.float32], margin: float = MARGIN) -> float:
    """
    Share of hand landmarks inside the picture.

    :param landmarks: shape (hands, 21, 2), x and y normalized to the picture as MediaPipe returns them: outside
        [0, 1] means out of frame.
    :param margin: width of the border that counts as outside, same unit.
    :returns: in [0, 1]; 0 when no hand was found.
    """
    if landmarks.size == 0:
        return 0.0
    inside = (landmarks >= margin) & (landmarks <= 1 - margin)
    return float(inside.all(axis=-1).mean())


def hand_size(landmarks: NDArray[np.float32]) -> float:
    """:returns: the larger side of the larger hand's box, as a share of the picture; 0 without hands."""
    if landmarks.size == 0:
        return 0.0
    return float((landmarks.max(axis=1) - landmarks.min(axis=1)).max())


def box_in_frame(box: Box) -> float:
    """:returns: share of the box's area inside the picture, in [0, 1]."""
    width = min(1.0, box.x + box.width) - max(0.0, box.x)
    height = min(1.0, box.y + box.height) - max(0.0, box.y)
    area = box.width * box.height
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def sharpness(gray: Gray) -> float:
    """
    How sharp a picture is, whatever it shows: what a blur would take away from it.

    One minus the no-reference blur measure of Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and
    estimation with a new no-reference perceptual blur metric", SPIE 2007: differences between neighbours are compared
    before and after a 9-pixel mean; a picture that is blurred already loses little.

    :param gray: shape (height, width), at least 2 x 2.
    :returns: in [0, 1]; a flat picture gives 0.
    """
    picture = gray.astype(np.float32)
    return float(min(_kept_detail(picture), _kept_detail(picture.T)))


def grid(gray: Gray) -> Grid:
    """:returns: mean brightness, 0..1, in 24 rows of 32 cells; shape (24, 32)."""
    height, width = gray.shape
    rows = np.linspace(0, height, GRID_ROWS, endpoint=False).astype(np.intp)
    columns = np.linspace(0, width, GRID_COLUMNS, endpoint=False).astype(np.intp)
    sums = np.add.reduceat(np.add.reduceat(gray, rows, axis=0, dtype=np.uint32), columns, axis=1, dtype=np.uint32)
    heights = np.diff(np.append(rows, height))
    widths = np.diff(np.append(columns, width))
    return np.asarray(sums / np.outer(heights, widths) / 255, dtype=np.float32)


def moved(before: Grid | None, now: Grid, face: Box | None) -> NDArray[np.bool_]:
    """
    Which cells changed, outside the face: a shaken head is not a sign of the hands.

    A change of the whole picture (exposure, a lamp) is taken off first.
    """
    if before is None:
        return np.zeros(now.shape, dtype=np.bool_)
    change = now - before
    cells = np.asarray(np.abs(change - np.median(change)) > MOVED)
    if face is not None:
        cells[_cells(_grown(face, 1.5))] = False
    return cells


def moves_at_border(cells: NDArray[np.bool_]) -> bool:
    """Whether what moves is at the lower and side borders and nearly nowhere else: hands below the picture."""
    border = np.zeros_like(cells)
    border[-BORDER_ROWS:, :] = True
    border[GRID_ROWS // 3 :, :BORDER_COLUMNS] = True
    border[GRID_ROWS // 3 :, -BORDER_COLUMNS:] = True
    at_border = int(cells[border].sum())
    return at_border > BORDER_MOTION * int(border.sum()) and at_border >= BORDER_SHARE * int(cells.sum())


def cut_at_border(landmarks: NDArray[np.float32]) -> bool:
    """:param landmarks: shape (hands, 21, 2). :returns: whether one of the hands found is partly outside."""
    return any(hands_in_frame(hand[np.newaxis]) < CUT_SHARE for hand in landmarks)


def measure_frame(gray: Gray, found: Detection, before: Grid | None) -> tuple[FrameMeasures, Grid]:
    """
    :param gray: shape (height, width), the picture that was analysed.
    :param before: the grid returned for the picture before, None for the first.
    :returns: the measures, and the grid to give back next time.
    """
    cells = grid(gray)
    changes = moved(before, cells, found.face)
    hands = len(found.hands)
    luma = _luma_of_face(gray, found.face) if found.face else None
    measures = FrameMeasures(
        hands_found=hands,
        hands_in_frame=hands_in_frame(found.hands) if hands else None,
        hand_size=hand_size(found.hands) if hands else None,
        hands_at_border=cut_at_border(found.hands) if hands else moves_at_border(changes),
        face_found=found.face is not None,
        face_in_frame=box_in_frame(found.face) if found.face else None,
        face_width=found.face.width if found.face else None,
        face_height=found.face.height if found.face else None,
        luma=float(cells.mean()),
        contrast=float(gray[::2, ::2].std() / 255),
        overexposed=float((gray[::2, ::2] >= BURNT).mean()),
        face_luma=luma,
        backlight=_surroundings(cells, found.face) - luma if found.face and luma is not None else None,
        sharpness=_sharpness_of_face(gray, found.face) if found.face else None,
        motion=float(changes.mean()),
    )
    return measures, cells


def summarize(
    frames: Sequence[FrameMeasures], received_fps: float | None = None, *, receiving: bool = True
) -> dict[str, float | None]:
    """
    The measures of one second, as they go to the pages.

    Means over the pictures that had something to measure, None when there were none. Besides the names of
    :class:`FrameMeasures` (``face_found`` and ``hands_found`` as means, ``hands_found`` in 0..2):

    - ``analysed``: pictures analysed in this second;
    - ``receiving``: 1 when video arrived at all, 0 otherwise;
    - ``received_fps``: frames per second received from the leg, all temporal layers;
    - ``signing``: share of pictures in which something moved, 0..1;
    - ``hands_cut``: share of those with ``hands_at_border``, None while nobody signs;
    - ``hands_seen``: share of those with a hand found, None while nobody signs.
    """
    signing = [frame for frame in frames if frame.motion >= SIGNING_MOTION]
    enough = len(signing) >= MIN_SIGNING_FRAMES
    return {
        "analysed": float(len(frames)),
        "receiving": float(receiving or bool(frames)),
        "received_fps": received_fps,
        "signing": _mean([float(frame.motion >= SIGNING_MOTION) for frame in frames]),
        "hands_found": _mean([float(frame.hands_found) for frame in frames]),
        "hands_in_frame": _mean([frame.hands_in_frame for frame in frames]),
        "hands_cut": _mean([float(frame.hands_at_border) for frame in signing]) if enough else None,
        "hands_seen": _mean([float(frame.hands_found > 0) for frame in signing]) if enough else None,
        "hand_size": _mean([frame.hand_size for frame in frames]),
        "face_found": _mean([float(frame.face_found) for frame in frames]),
        "face_in_frame": _mean([frame.face_in_frame for frame in frames]),
        "face_width": _mean([frame.face_width for frame in frames]),
        "face_height": _mean([frame.face_height for frame in frames]),
        "luma": _mean([frame.luma for frame in frames]),
        "contrast": _mean([frame.contrast for frame in frames]),
        "overexposed": _mean([frame.overexposed for frame in frames]),
        "face_luma": _mean([frame.face_luma for frame in frames]),
        "backlight": _mean([frame.backlight for frame in frames]),
        "sharpness": _mean([frame.sharpness for frame in frames]),
        "motion": _mean([frame.motion for frame in frames]),
    }


def crop(gray: Gray, box: Box) -> Gray:
    """:returns: the part of the picture in the box, cut at the picture's borders; possibly empty."""
    height, width = gray.shape
    top, bottom = (round(max(0.0, y) * height) for y in (box.y, box.y + box.height))
    left, right = (round(max(0.0, x) * width) for x in (box.x, box.x + box.width))
    return gray[top:bottom, left:right]


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return round(sum(present) / len(present), 4) if present else None


def _kept_detail(picture: NDArray[np.float32]) -> float:
    """Share of the differences down the columns that a 9-pixel mean takes away, in [0, 1]."""
    differences = np.abs(np.diff(picture, axis=0))
    total = float(differences.sum())
    if total == 0.0:
        return 0.0
    half = BLUR_TAPS // 2
    padded = np.pad(picture, ((half + 1, half), (0, 0)), mode="edge").cumsum(axis=0, dtype=np.float64)
    smoothed = (padded[BLUR_TAPS:] - padded[:-BLUR_TAPS]) / BLUR_TAPS
    left = np.abs(np.diff(smoothed, axis=0))
    return float(np.maximum(differences - left, 0).sum()) / total


def _grown(box: Box, factor: float) -> Box:
    extra_x, extra_y = box.width * (factor - 1) / 2, box.height * (factor - 1) / 2
    return Box(box.x - extra_x, box.y - extra_y, box.width * factor, box.height * factor)


def _cells(box: Box) -> tuple[slice, slice]:
    top, bottom = (max(0, round(y * GRID_ROWS)) for y in (box.y, box.y + box.height))
    left, right = (max(0, round(x * GRID_COLUMNS)) for x in (box.x, box.x + box.width))
    return slice(top, bottom), slice(left, right)


def _luma_of_face(gray: Gray, face: Box) -> float | None:
    """Of the middle of the box alone: its corners show the wall."""
    middle = Box(face.x + 0.2 * face.width, face.y + 0.2 * face.height, 0.6 * face.width, 0.65 * face.height)
    part = crop(gray, middle)
    return float(np.percentile(part, 95) / 255) if part.size else None


def _sharpness_of_face(gray: Gray, face: Box) -> float | None:
    part = crop(gray, face)
    return sharpness(part) if min(part.shape) > BLUR_TAPS else None


def _surroundings(cells: Grid, face: Box) -> float:
    """Mean brightness of the upper half of the picture outside the face and its hair: windows and lamps."""
    outside = np.ones(cells.shape, dtype=np.bool_)
    outside[GRID_ROWS // 2 :, :] = False
    outside[_cells(_grown(face, 1.8))] = False
    return float(cells[outside].mean()) if outside.any() else 0.0
