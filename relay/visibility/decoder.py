"""PyAV: coded frames to pictures. The only module here that knows PyAV; used by one thread at a time."""

from typing import Literal

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from relay.visibility.depacketize import CodedFrame

Codec = Literal["vp8", "h264"]
MAX_SIDE = 640  # pixels of the longer side of what is analysed


class Decoder:
    def __init__(self, codec: Codec) -> None:
        context = av.CodecContext.create(codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1  # cores are shared out between legs, not within one
        self._context = context

    def decode(self, frame: CodedFrame) -> list[VideoFrame]:
        """:returns: the picture that came out; none of a damaged one. Each needs those before it."""
        try:
            return self._context.decode(av.Packet(frame.data))
        except FFmpegError:
            return []


def to_rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    """:returns: shape (height, width, 3), the longer side at most ``MAX_SIDE``."""
    factor = min(1.0, MAX_SIDE / max(frame.width, frame.height))
    size = (max(2, round(frame.width * factor)), max(2, round(frame.height * factor)))
    return np.ascontiguousarray(frame.reformat(*size, format="rgb24").to_ndarray(), dtype=np.uint8)


def to_gray(frame: VideoFrame) -> NDArray[np.uint8]:
    """:returns: shape (height, width), brightness 0..255 in full range."""
    return np.asarray(frame.reformat(format="gray8").to_ndarray(), dtype=np.uint8)
