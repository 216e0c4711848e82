"""What the way through the line leaves of the pictures: few bits, few pictures, or none."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np

from benchmarks.visibility_material.impairments.base import Impairment, as_bytes
from benchmarks.visibility_material.moments import FPS, Moment, Picture


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
            small = as_bytes(cv2.resize(moment.picture, sent, interpolation=cv2.INTER_AREA))
            frame = av.VideoFrame.from_ndarray(small, format="rgb24")
            frame.pts = index
            waiting.append(moment)
            for packet in coder.encode(frame):
                for decoded in decoder.decode(packet):
                    picture = np.ascontiguousarray(decoded.to_ndarray(format="rgb24"), np.uint8)
                    large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
                    yield replace(waiting.popleft(), picture=as_bytes(large))

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


def dropped(fps: float) -> Impairment:
    """Only so many pictures a second, at their real times."""

    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        due = -math.inf
        for moment in moments:
            if moment.t + 1e-6 >= due:
                due = (moment.t if due == -math.inf else due) + 1 / fps
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
