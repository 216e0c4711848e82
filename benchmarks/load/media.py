"""
What the people of a load call send: a loop of coded pictures and sound, made anew for each run.

720p25 VP8 at 1.5 Mbit/s in three temporal layers (L1T3), as the pages ask their browsers for, and Opus: 466 packets/s
per call of two legs. Real pictures, because the plain way decodes them and the tap's reader too.
"""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 1280, 720, 25
VIDEO_BPS = 1_600_000  # asked of the encoder, which stays a little below
FRAMES = 200  # one key frame each 8 s
PAYLOAD_LIMIT = 1100  # bytes of coded picture a packet, as browsers
LAYERS = (0, 2, 1, 2)  # temporal layer of each frame, in turn
SAMPLE_RATE, FRAME_SAMPLES = 48_000, 960
_L1T3 = (
    "ts_number_layers=3:ts_target_bitrate=750,1090,1600:ts_rate_decimator=4,2,1:ts_periodicity=4"
    ":ts_layer_id=0,2,1,2:ts_layering_mode=3"
)


@dataclass(frozen=True)
class Media:
    """:param video: coded pictures, each in packets without payload descriptor. :param audio: Opus frames of 20 ms."""

    video: tuple[tuple[bytes, ...], ...]
    audio: tuple[bytes, ...]

    @property
    def video_bps(self) -> float:
        return sum(len(packet) for frame in self.video for packet in frame) * 8 * FPS / len(self.video)

    @property
    def packets_per_s(self) -> float:
        """Per leg, audio and video."""
        return sum(map(len, self.video)) * FPS / len(self.video) + SAMPLE_RATE / FRAME_SAMPLES


def make_media() -> Media:
    """Takes one or two seconds."""
    return Media(tuple(packetize(frame) for frame in coded_pictures()), coded_sound())


def packetize(frame: bytes) -> tuple[bytes, ...]:
    """In equal parts, as libwebrtc."""
    count = -(-len(frame) // PAYLOAD_LIMIT)
    size = -(-len(frame) // count)
    return tuple(frame[at : at + size] for at in range(0, len(frame), size))


def coded_pictures() -> list[bytes]:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.bit_rate, context.gop_size, context.thread_count = VIDEO_BPS, 3000, 1
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    rate = str(VIDEO_BPS)
    context.options = {
        "bufsize": rate,
        "minrate": rate,
        "maxrate": rate,
        "cpu-used": "-6",
        "deadline": "realtime",
        "lag-in-frames": "0",
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "error-resilient": "default",  # the base layer alone can be decoded
        "ts-parameters": _L1T3,
    }
    coded = []
    for number, luma in enumerate(_pictures()):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        frame.planes[0].update(luma.tobytes())
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        coded.append(b"".join(bytes(packet) for packet in context.encode(frame)))
    return coded


def _pictures() -> list[NDArray[np.uint8]]:
    """A head and two hands with texture before a wall, with a little noise of the camera."""
    random = np.random.default_rng(1)
    texture = random.normal(128, 40, (2 * HEIGHT, 2 * WIDTH))
    for axis in (0, 1):
        texture = (texture + np.roll(texture, 1, axis) + np.roll(texture, 2, axis)) / 3
    cloth = texture.clip(16, 235).astype(np.uint8)
    wall = np.linspace(60, 190, HEIGHT)[:, None] + (texture[:HEIGHT, :WIDTH] - 128) / 2
    noise = random.normal(0, 2.0, (2 * HEIGHT, 2 * WIDTH)).astype(np.int8)
    pictures = []
    for number in range(FRAMES):
        down, right = random.integers(0, (HEIGHT, WIDTH))
        picture = wall + noise[down : down + HEIGHT, right : right + WIDTH]
        luma = picture.clip(16, 235).astype(np.uint8)
        for part, (x, y, size) in enumerate(_places(number)):
            from_x, from_y = part * 300 + int(3 * np.sin(number / 3)), part * 150
            luma[y : y + size, x : x + size] = cloth[from_y : from_y + size, from_x + 10 : from_x + 10 + size]
        pictures.append(luma)
    return pictures


def _places(number: int) -> tuple[tuple[int, int, int], ...]:
    """Left, top and side of what moves, pixels."""
    sway = int(10 * np.sin(number / 9))
    left = (int(340 + 130 * np.sin(number / 5)), int(400 + 90 * np.cos(number / 6)), 140)
    right = (int(780 + 130 * np.cos(number / 4.5)), int(400 + 90 * np.sin(number / 7)), 140)
    return (540 + sway, 120, 220), left, right


def coded_sound() -> tuple[bytes, ...]:
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format = SAMPLE_RATE, "stereo", "s16"
    context.bit_rate, context.options = 32_000, {"application": "voip"}
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = (8000 * np.sin(440 * np.pi * time) * (1 + 0.5 * np.sin(6 * np.pi * time))).astype(np.int16)
    packets = []
    for start in range(0, SAMPLE_RATE, FRAME_SAMPLES):
        samples = np.repeat(wave[start : start + FRAME_SAMPLES], 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        packets += [bytes(packet) for packet in context.encode(frame)]
    return tuple(packets)
