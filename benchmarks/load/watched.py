"""
Pictures for a visibility worker to watch: coded drawn signers, sent as a media worker's tap sends them.

1280×720 VP8, what pages send by default, of which the tap carries the base temporal layer: every fourth picture of 30 a
second, at the base layer's share of 1.5 Mbit/s (``media.py``). The encoder sees these pictures alone, as the base layer
depends on nothing else. Of H.264, whose packets tell no layers, the tap carries all pictures. Camera noise is in all
of them: without it a still picture costs a decoder nothing.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
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
from tests.helpers.clips import h264_packets

Size = tuple[int, int]
HD: Size = (1280, 720)
VGA: Size = (640, 480)  # what EN 301 549 asks for
BASE_LAYER_FPS = 7.5
BASE_LAYER_BPS: dict[Size, int] = {HD: 750_000, VGA: 350_000}
FULL_FPS = 30.0
FULL_BPS: dict[Size, int] = {HD: 1_500_000, VGA: 700_000}
LOOP_S = 12.0
FULL_LOOP_S = 5.0  # each picture takes time to draw
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
    """Coded pictures, the first one a key frame. :param kind: of the tap's datagrams. :param fps: pictures a second."""

    pictures: tuple[bytes, ...]
    size: Size = HD
    kind: Kind = Kind.VP8
    fps: float = BASE_LAYER_FPS

    @property
    def bits_per_s(self) -> float:
        return sum(map(len, self.pictures)) * 8 * self.fps / len(self.pictures)


def well_framed(seed: int, style: Style, size: Size = HD) -> Clip:
    return _coded(seed, style, lambda _: Situation(camera=CAMERA), LOOP_S, size)


def well_framed_h264(seed: int, style: Style, size: Size = HD) -> Clip:
    stage = _stage(seed, style, lambda _: Situation(camera=CAMERA), size)
    pictures = _encoded(stage, FULL_LOOP_S, FULL_FPS, _h264_encoder(size))
    return Clip(pictures, size, Kind.H264, FULL_FPS)


def becoming(impairment: str, seed: int) -> Clip:
    """Well framed signing until ``CHANGE_AT_S``, then impaired."""
    good, bad = Situation(camera=CAMERA), IMPAIRED[impairment]
    return _coded(seed, "two_handed", lambda t: bad if t >= CHANGE_AT_S else good, CHANGING_S)


def _coded(seed: int, style: Style, situation: Callable[[float], Situation], seconds: float, size: Size = HD) -> Clip:
    stage = _stage(seed, style, situation, size)
    return Clip(_encoded(stage, seconds, BASE_LAYER_FPS, _vp8_encoder(size)), size)


def _stage(seed: int, style: Style, situation: Callable[[float], Situation], size: Size) -> Stage:
    person, scenery = random_person(np.random.default_rng(seed)), Scenery(seed=seed)
    return Stage(person, scenery, Script(seed, style), situation, width=size[0], height=size[1])


def _encoded(stage: Stage, seconds: float, fps: float, encoder: VideoCodecContext) -> tuple[bytes, ...]:
    coded: list[bytes] = []
    for number in range(round(seconds * fps)):
        frame = av.VideoFrame.from_ndarray(stage.frame(number / fps), format="rgb24")
        frame.pts = number
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(coded)


def _h264_encoder(size: Size) -> VideoCodecContext:
    """As a browser's: each picture from the one before."""
    context = _context("libx264", size, FULL_BPS[size], Fraction(30))
    context.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}
    return context


def _context(codec: str, size: Size, bit_rate: int, fps: Fraction) -> VideoCodecContext:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.bit_rate, context.gop_size, context.thread_count = bit_rate, 3000, 1
    context.time_base, context.framerate = 1 / fps, fps
    return context


def _vp8_encoder(size: Size) -> VideoCodecContext:
    context = _context("libvpx", size, BASE_LAYER_BPS[size], Fraction(15, 2))
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
            due += 1 / self.clip.fps
            if self._is_key_frame_asked() or number >= len(self.clip.pictures):
                number = 0
            if number == round(CHANGE_AT_S * self.clip.fps):
                self.changed_at = time.monotonic()
            await self._send(self.clip.kind, batch(self._packets(self.clip.pictures[number])))
            if self._sent % round(self.clip.fps) == 0:
                stats = TapStats(
                    frames_per_second=30.0,
                    frame_width=self.clip.size[0],
                    frame_height=self.clip.size[1],
                    codec=self.clip.kind.name,
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

    def _packets(self, picture: bytes) -> Iterable[bytes]:
        if self.clip.kind is Kind.VP8:
            return self._vp8_packets(picture)
        packets = h264_packets(picture, self._sent, self._sequence, fps=self.clip.fps)
        self._sequence, self._sent = self._sequence + len(packets), self._sent + 1
        return packets

    def _vp8_packets(self, picture: bytes) -> Iterator[bytes]:
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
