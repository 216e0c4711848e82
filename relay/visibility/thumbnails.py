"""Small pictures of a film for a report that was asked for with pictures: one a second, JPEG, in memory."""

import io

import av
from av.video.frame import VideoFrame

HEIGHT, WIDEST = 90, 640  # pixels; a film may be a strip
QUALITY = "5"  # of MJPEG, 2 best to 31


class Thumbnails:
    """Call it with each picture; it keeps the first of each second."""

    def __init__(self) -> None:
        self.jpegs: dict[int, bytes] = {}

    def __call__(self, t: float, picture: VideoFrame) -> None:
        """:param t: since the first, s."""
        if int(t) not in self.jpegs:
            self.jpegs[int(t)] = jpeg(picture)


def jpeg(picture: VideoFrame) -> bytes:
    """:returns: the picture at ``HEIGHT``, coded; one that would be wider than ``WIDEST`` is squeezed."""
    width = min(WIDEST, max(2, round(picture.width * HEIGHT / picture.height / 2) * 2))
    small = picture.reformat(width, HEIGHT, format="yuvj420p")
    coded = io.BytesIO()
    with av.open(coded, "w", format="image2pipe") as container:
        stream = container.add_stream("mjpeg", rate=1, options={"qmin": QUALITY, "qmax": QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, HEIGHT, "yuvj420p"
        small.pts = 0
        container.mux([*stream.encode(small), *stream.encode()])
    return coded.getvalue()
