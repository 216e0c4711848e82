"""
Pictures for a visibility worker to watch: coded drawn signers, sent as a media worker's tap sends them.

1280×720 VP8, what pages send by default, of which the tap carries the base temporal layer: every fourth picture of 30 a
second, at the base layer's share of 1.5 Mbit/s (``media.py``). The encoder sees these pictures alone, as the base layer
depends on nothing else. Camera noise is in all of them: without it a still picture costs a decoder nothing.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from benchmarks.load.media import packetize
from relay.datagram import Kind, batch, call_key, pack, unpack
from relay.drawn.camera import Camera, Framing, Light
from relay.drawn.person import random_person
from relay.drawn.scenery import Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation, Stage
from relay.model import TapStats, WebLeg

Size = tuple[int, int]
HD: Size = (1280, 720)
VGA: Size = (640, 480)  # what EN 301 549 asks for
BASE_LAYER_FPS = 7.5
BASE_LAYER_BPS: dict[Size, int] = {HD: 750_000, VGA: 350_000}
LOOP_S = 12.0
CHANGE_AT_S = 8.0  # of a clip that becomes impaired, for the rest of it
CHANGING_S = 16.0
NOISE = 2.0  # sigma of 255: a laptop's camera by day
CAMERA = Camera(framing=Framing(scale=0.85, y=0.5), shutter=0.015, noise=NOISE)
IMPAIRED: dict[str, Situation] = {
    "dark": Situation(camera=replace(CAMERA, light=Light(level=0.12))),
    "covered": Situation(camera=replace(CAMERA, covered=1.0)),
    "hands_cut": Situation(camera=replace(CAMERA, framing=Framing(scale=0.95, y=0.95))),
    "backlit": Situation(camera=replace(CAMERA, light=Light(person=0.25, glare=0.9))),
    "gone": Situation(camera=CAMERA, gone=1.0),
}


@dataclass(frozen=True)
class Clip:
    """Coded pictures, the first one a key frame."""

    pictures: tuple[bytes, ...]
    size: Size = HD

    @property
    def bits_per_s(self) -> float:
        return sum(map(len, self.pictures)) * 8 * BASE_LAYER_FPS / len(self.pictures)


def well_framed(seed: int, style: Style, size: Size = HD) -> Clip:
    return _coded(seed, style, lambda _: Situation(camera=CAMERA), LOOP_S, size)


def becoming(impairment: str, seed: int) -> Clip:
    """Well framed signing until ``CHANGE_AT_S``, then impaired."""
    good, bad = Situation(camera=CAMERA), IMPAIRED[impairment]
    return _coded(seed, "two_handed", lambda t: bad if t >= CHANGE_AT_S else good, CHANGING_S)


def _coded(seed: int, style: Style, situation: Callable[[float], Situation], seconds: float, size: Size = HD) -> Clip:
    person, scenery = random_person(np.random.default_rng(seed)), Scenery(seed=seed)
    stage = Stage(person, scenery, Script(seed, style), situation, width=size[0], height=size[1])
    encoder = _encoder(size)
    coded: list[bytes] = []
    for number in range(round(seconds * BASE_LAYER_FPS)):
        frame = av.VideoFrame.from_ndarray(stage.frame(number / BASE_LAYER_FPS), format="rgb24")
        frame.pts = number
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    return Clip(tuple(coded), size)


def _encoder(size: Size) -> VideoCodecContext:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.bit_rate, context.gop_size, context.thread_count = BASE_LAYER_BPS[size], 3000, 1
    context.time_base, context.framerate = Fraction(2, 15), Fraction(15, 2)
    context.options = {"cpu-used": "-6", "deadline": "realtime", "lag-in-frames": "0", "error-resilient": "default"}
    return context


class TappedCamera:
    """
    One leg's tap.

    :param path: of the visibility worker's tap socket.
    """

    def __init__(self, path: Path, call_id: str, leg: WebLeg, clip: Clip) -> None:
        self.clip = clip
        self.call_id, self.leg = call_id, leg
        self.changed_at: float | None = None  # when the first impaired picture was sent, monotonic s
        self.waits = 0
        self._path, self._key = str(path), call_key(call_id)
        self._own_path = f"{path}.{call_id}.{leg}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self._own_path)
        self._sent = self._sequence = 0

    async def film(self, phase_s: float) -> None:
        """Until cancelled. A key frame that is asked for comes by beginning the clip again."""
        due, number = asyncio.get_running_loop().time() + phase_s, 0
        while True:
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            due += 1 / BASE_LAYER_FPS
            if self._is_key_frame_asked() or number >= len(self.clip.pictures):
                number = 0
            if number == round(CHANGE_AT_S * BASE_LAYER_FPS):
                self.changed_at = time.monotonic()
            await self._send(Kind.VP8, batch(self._packets(self.clip.pictures[number])))
            if self._sent % 8 == 0:
                stats = TapStats(
                    frames_per_second=30.0,
                    frame_width=self.clip.size[0],
                    frame_height=self.clip.size[1],
                    codec="VP8",
                    ask_at=self._own_path,
                )
                await self._send(Kind.STATS, stats.model_dump_json().encode())
            number += 1

    def close(self) -> None:
        self._socket.close()
        Path(self._own_path).unlink(missing_ok=True)

    async def _send(self, kind: Kind, payload: bytes) -> None:
        """Waits for room, which a media worker does not: the kernel holds ten datagrams, and here the work counts."""
        while True:
            try:
                self._socket.sendto(pack(kind, self._key, self.leg, payload), self._path)
            except BlockingIOError:
                self.waits += 1
                await asyncio.sleep(0.002)
            else:
                return

    def _packets(self, picture: bytes) -> Iterator[bytes]:
        parts = packetize(picture)
        for index, part in enumerate(parts):
            marker = index == len(parts) - 1
            header = struct.pack("!BBHII", 0x80, 96 | marker << 7, self._sequence & 0xFFFF, self._sent * 12_000, 1)
            extension = struct.pack("!BHBB", 0xE0, 0x8000 | self._sent * 4 & 0x7FFF, self._sent & 0xFF, 0)
            yield header + bytes([0x80 | (0x10 if index == 0 else 0)]) + extension + part
            self._sequence += 1
        self._sent += 1

    def _is_key_frame_asked(self) -> bool:
        asked = False
        with contextlib.suppress(BlockingIOError):
            while message := unpack(self._socket.recv(100)):
                asked |= message.kind is Kind.KEY_FRAME
        return asked
