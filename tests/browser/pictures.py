"""What the fake service sends to pages: a picture that moves, and silence."""

import asyncio
import fractions

import av
import numpy as np
from aiortc import MediaStreamTrack, VideoStreamTrack


class MovingPicture(VideoStreamTrack):
    """A person-like figure whose hands move, 640x360 at 30 fps."""

    def __init__(self, background: tuple[int, int, int]) -> None:
        super().__init__()
        self._background, self._count = background, 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        image = np.full((360, 640, 3), self._background, np.uint8)
        self._count += 1
        offset = int(40 * np.sin(self._count / 8))
        for x, y, radius, colour in (
            (320, 330, 130, (36, 54, 78)),
            (320, 120, 62, (226, 180, 150)),
            (230, 230 + offset, 30, (226, 180, 150)),
            (410, 230 - offset, 30, (226, 180, 150)),
        ):
            rows, columns = np.ogrid[:360, :640]
            image[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = colour
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Silence(MediaStreamTrack):
    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._samples = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(0.02)
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._samples, fractions.Fraction(1, 48_000)
        self._samples += 960
        return frame
