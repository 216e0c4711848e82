"""
What goes wrong before a camera or on the way, done to any clip: each takes moments and gives moments.

Strengths are chosen so that a person who looks says at once what is wrong; what is too weak to matter is not here.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.visibility_material.moments import FPS, Moment, Picture
from relay.visibility.model import Box

Impairment = Callable[[Iterable[Moment]], Iterator[Moment]]
Floats = NDArray[np.float32]
HIDDEN_SHARE = 0.7  # of a hand's box
SMEARED = 12.0  # of 255: mean change of a hand's box by the shutter, from which on its fingers cannot be told apart


def each(change: Callable[[Moment], Moment]) -> Impairment:
    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        return map(change, moments)

    return impair


def pictures(change: Callable[[Picture], Picture]) -> Impairment:
    return each(lambda moment: replace(moment, picture=change(moment.picture)))


def chain(*impairments: Impairment) -> Impairment:
    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        stream: Iterable[Moment] = moments
        for one in impairments:
            stream = one(stream)
        return iter(stream)

    return impair


# --- where the camera looks ---------------------------------------------------------------------------------------


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
        picture = _bytes(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale))
    seen = cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    if inside.min() > 0:
        return _bytes(seen)
    soft = cv2.GaussianBlur(cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA), (0, 0), 5)
    soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    around = cv2.warpAffine(soft, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(inside[..., None] > 0, _bytes(seen), _bytes(around))


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
        return replace(moment, picture=_bytes(part), face=None, hands=())

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


# --- light --------------------------------------------------------------------------------------------------------


def darkened(gain: float, noise: float) -> Impairment:
    """
    Hardly any light: what a camera makes of it is dark, crushed at the black end, pale, soft (it removes noise) and
    noisy all the same.

    :param gain: share of the brightness that is left. :param noise: standard deviation, of 255.
    """

    def change(moment: Moment) -> Moment:
        soft = cv2.GaussianBlur(moment.picture, (0, 0), 0.8).astype(np.float32)
        gray = soft.mean(axis=2, keepdims=True)
        dark = np.maximum((0.6 * soft + 0.4 * gray) * gain - 3, 0) + _noise(moment, noise)
        return replace(moment, picture=_bytes(dark))

    return each(change)


def burnt_out(gain: float) -> Impairment:
    """Too much light: most of the picture is white, and the white runs over into what is beside it."""

    def change(picture: Picture) -> Picture:
        bright = picture.astype(np.float32) * gain
        glow = cv2.GaussianBlur(np.maximum(bright - 235, 0), (0, 0), 12)
        return _bytes(bright + 0.6 * glow)

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
        return replace(moment, picture=_bytes(mask * (picture * shadow + 10) + (1 - mask) * window))

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


# --- sharpness ----------------------------------------------------------------------------------------------------


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
            yield replace(moment, picture=_bytes(smeared), hands=hands)

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
        return replace(moment, picture=_bytes(cv2.filter2D(moment.picture, -1, kernel / kernel.sum())))

    return each(change)


def defocused(radius: int) -> Impairment:
    """Out of focus: each point becomes a disc of ``radius`` pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    kernel /= kernel.sum()
    return pictures(lambda picture: _bytes(cv2.filter2D(picture, -1, kernel)))


def dirty_lens(picture: Picture) -> Picture:
    """Grease on the lens: soft, with a bright veil over everything."""
    soft = cv2.GaussianBlur(picture, (0, 0), 6).astype(np.float32)
    glow = cv2.GaussianBlur(picture, (0, 0), 40).astype(np.float32)
    return _bytes(0.55 * soft + 0.25 * glow + 45)


def compressed(bit_rate: int, size: tuple[int, int] | None = None) -> Impairment:
    """
    Coded by VP8 at so few bits per second, as a browser does on a narrow line, and decoded again.

    :param size: width and height it is sent in; None: its own.
    """

    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        coder: av.VideoCodecContext | None = None
        decoder = av.CodecContext.create("vp8", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        waiting: deque[Moment] = deque()
        for index, moment in enumerate(moments):
            height, width = moment.picture.shape[:2]
            sent = size or (width, height)
            coder = coder or _vp8(sent, bit_rate)
            small = _bytes(cv2.resize(moment.picture, sent, interpolation=cv2.INTER_AREA))
            frame = av.VideoFrame.from_ndarray(small, format="rgb24")
            frame.pts = index
            waiting.append(moment)
            for packet in coder.encode(frame):
                for decoded in decoder.decode(packet):
                    picture = np.ascontiguousarray(decoded.to_ndarray(format="rgb24"), np.uint8)
                    large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
                    yield replace(waiting.popleft(), picture=_bytes(large))

    return impair


def _vp8(size: tuple[int, int], bit_rate: int) -> av.VideoCodecContext:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, round(FPS))
    context.bit_rate = bit_rate
    context.gop_size = 10_000
    context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "qmax": "63", "qmin": "4"}
    return context


# --- what arrives -------------------------------------------------------------------------------------------------


def dropped(fps: float) -> Impairment:
    """Only so many pictures a second, at their real times."""

    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        due = -math.inf
        for moment in moments:
            if moment.t + 1e-6 >= due:
                due = max(due, moment.t) + 1 / fps if due > -math.inf else moment.t + 1 / fps
                yield moment

    return impair


def frozen(moments: Iterable[Moment]) -> Iterator[Moment]:
    """The same picture again and again, as fast as before."""
    first: Picture | None = None
    for moment in moments:
        first = moment.picture if first is None else first
        yield replace(moment, picture=first)


def stopped(moments: Iterable[Moment]) -> Iterator[Moment]:
    """One picture, and then none."""
    for index, moment in enumerate(moments):
        if index == 0:
            yield moment


def stuttering(moving_s: float, still_s: float) -> Impairment:
    """Pictures for a while, then none for a while."""

    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        return (moment for moment in moments if moment.t % (moving_s + still_s) < moving_s)

    return impair


# --- something before the lens or before the person ---------------------------------------------------------------


def covered(colour: tuple[int, int, int], noise: float = 3.0) -> Impairment:
    """A finger, a cap or the table before the lens: one colour, lighter at one side, and noise."""

    def change(moment: Moment) -> Moment:
        height, width = moment.picture.shape[:2]
        slope = np.linspace(0.75, 1.25, width, dtype=np.float32)[None, :, None]
        wobble = 1 + 0.05 * math.sin(moment.t * 2)
        plain = np.ones((height, width, 1), np.float32) * slope * np.array(colour, np.float32) * wobble
        return replace(moment, picture=_bytes(plain + _noise(moment, noise)), face=None, hands=())

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
        still = wall.astype(np.float32) + _noise(moment, 2.0)
        return replace(moment, picture=_bytes(still), face=None, hands=())

    return each(change)


# --- what harms nobody --------------------------------------------------------------------------------------------


def graded(gain: tuple[float, float, float], lift: float = 0.0, noise: float = 0.0) -> Impairment:
    """Another lamp or camera: channels scaled and lifted."""

    def change(moment: Moment) -> Moment:
        picture = moment.picture.astype(np.float32) * np.array(gain, np.float32) + lift + _noise(moment, noise)
        return replace(moment, picture=_bytes(picture))

    return each(change)


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


def _noise(moment: Moment, deviation: float) -> Floats:
    """Grey noise of a camera, shape (height, width, 1), another for each moment."""
    height, width = moment.picture.shape[:2]
    if deviation <= 0:
        return np.zeros((height, width, 1), np.float32)
    random = np.random.default_rng(round(moment.t * 1000))
    return (random.standard_normal((height, width, 1), dtype=np.float32) * deviation).astype(np.float32)


def _bytes(picture: object) -> Picture:
    return np.asarray(np.clip(np.asarray(picture), 0, 255), np.uint8)
