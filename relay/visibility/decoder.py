"""PyAV: coded frames to pictures. The only module here that knows PyAV; used by one thread at a time."""

from typing import Literal

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from relay.visibility.depacketize import CodedFrame

Codec = Literal["vp8", "h264"]
MAX_PIXELS = 3840 * 2160  # a header that claims more, up to 16383 x 16383, would cost gigabytes
MAX_SIDE = 640  # pixels of the longer side of what is looked at
GLANCE_SIDE = 320  # of what is glanced at: means of cells and levels of samples stay the same
#: Video's brightness of 16..235 (ITU-T H.273, VideoFullRangeFlag 0) to 0..255
FULL_RANGE = np.clip((np.arange(256) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)


class Decoder:
    def __init__(self, codec: Codec) -> None:
        context = av.CodecContext.create(codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1  # cores are shared out between legs, not within one
        #: Without the loop filter: a third of the time; the picture stays within 45 dB (measured)
        #: And without pictures that no other needs: of H.264 in temporal layers, which its packets do not tell, half.
        context.options = {"skip_loop_filter": "all", "skip_frame": "noref", "max_pixels": str(MAX_PIXELS)}
        self._context = context

    def decode(self, frame: CodedFrame) -> list[VideoFrame]:
        """:returns: the picture that came out; none of one that is damaged or that no other needs."""
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
    """
    For glances: every n-th pixel, so that the longer side has about ``GLANCE_SIDE``. Without a copy of the whole
    picture where brightness lies apart from colour, as decoders of calls give it.

    :returns: shape (height, width), brightness 0..255 in full range.
    """
    is_planar = frame.format.name in ("yuv420p", "yuvj420p")
    source = frame if is_planar else frame.reformat(format="gray8")
    plane = source.planes[0]
    step = max(1, round(max(frame.width, frame.height) / GLANCE_SIDE))
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    gray = rows[: frame.height : step, : frame.width : step]
    if not is_planar or frame.format.name == "yuvj420p" or frame.color_range == ColorRange.JPEG:
        return np.ascontiguousarray(gray)
    return np.take(FULL_RANGE, gray, mode="wrap")  # no index is out of range; to look for one takes half of the time
