"""
What tests of signing visibility look at: the real clips beside the repository, drawn scenes coded as files and packets,
and the MediaPipe models, fetched once into ``var/models``. What is absent is said, and its tests are skipped.
"""

import functools
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

from relay.drawn_signer import DrawnSigner, Scene
from relay.visibility.model_files import ModelFiles, ModelsUnavailableError, ensure_models

REPOSITORY = Path(__file__).resolve().parents[2]
MODELS = REPOSITORY / "var" / "models"
Picture = NDArray[np.uint8]
PAYLOAD_SIZE = 1100  # bytes of video in a packet


def clip(name: str) -> Path:
    """A real signing clip, from ``$PASSERELLE_CLIPS`` or ``../shared/clips``; the test is skipped when it is absent."""
    folder = Path(os.environ.get("PASSERELLE_CLIPS") or REPOSITORY.parent / "shared" / "clips")
    if not (folder / name).is_file():
        pytest.skip(f"no {name} in {folder} (set PASSERELLE_CLIPS)")
    return folder / name


@functools.cache
def _models_or_reason() -> ModelFiles | str:
    try:
        return ensure_models(MODELS)
    except ModelsUnavailableError as error:
        return error.message_en


def models() -> ModelFiles:
    found = _models_or_reason()
    if isinstance(found, str):
        pytest.skip(found)
    return found


def write_video(path: Path, pictures: Iterable[Picture], fps: int = 25) -> Path:
    """Code the pictures as H.264 into a file whose suffix names the container."""
    with av.open(str(path), "w") as container:
        stream: VideoStream | None = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "20"})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
    return path


def drawn_video(folder: Path, scene: Scene, seconds: float, fps: int = 25) -> Path:
    signer = DrawnSigner(320, 240, fps, scene=scene)
    return write_video(folder / f"{scene}.mp4", signer.frames(seconds), fps)


def coded_frames(pictures: Iterable[Picture], codec: str = "libvpx", fps: int = 25) -> Iterator[bytes]:
    """
    Code pictures as a browser would: one frame each, the first a key frame, then none.

    :param codec: ``libvpx`` (VP8) or ``libx264`` (Annex B).
    """
    encoder: av.VideoCodecContext | None = None
    for index, picture in enumerate(pictures):
        if encoder is None:
            encoder = _encoder(codec, picture, fps)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = index
        for packet in encoder.encode(frame):
            yield bytes(packet)


def _encoder(codec: str, picture: Picture, fps: int) -> "av.VideoCodecContext":
    from fractions import Fraction

    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = picture.shape[:2]
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, fps)
    context.bit_rate = 1_500_000
    context.gop_size = 10_000
    realtime = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    context.options = realtime if codec == "libvpx" else {"preset": "ultrafast", "tune": "zerolatency"}
    return context


def rtp(payload: bytes, sequence: int, timestamp: int, *, marker: bool) -> bytes:
    return struct.pack("!BBHII", 0x80, 96 | marker << 7, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 0x5157) + payload


def vp8_packets(
    frame: bytes, index: int, sequence: int, *, layered: bool = True, size: int = PAYLOAD_SIZE, fps: float = 25.0
) -> list[bytes]:
    """
    RTP packets of one VP8 frame (RFC 7741), as the base layer of L1T3 when ``layered``.

    :param index: counts the frames; TL0PICIDX follows it. :param size: bytes of video in each.
    """
    packets = []
    chunks = [frame[i : i + size] for i in range(0, len(frame), size)]
    for i, chunk in enumerate(chunks):
        picture_id = (index * 4 if layered else index) & 0x7FFF
        extension = struct.pack("!BH", 0xE0 if layered else 0x80, 0x8000 | picture_id)
        layer = struct.pack("!BB", index & 0xFF, 0) if layered else b""
        descriptor = bytes([0x80 | (0x10 if i == 0 else 0)]) + extension + layer
        packets.append(rtp(descriptor + chunk, sequence + i, _timestamp(index, fps), marker=i == len(chunks) - 1))
    return packets


def h264_packets(frame: bytes, index: int, sequence: int, *, fps: float = 25.0) -> list[bytes]:
    """RTP packets of one H.264 frame given as Annex B (RFC 6184): single units, FU-A for what is too large."""
    units = [unit for unit in frame.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if unit]
    payloads: list[bytes] = []
    for unit in units:
        if len(unit) <= PAYLOAD_SIZE:
            payloads.append(unit)
            continue
        body = [unit[i : i + PAYLOAD_SIZE] for i in range(1, len(unit), PAYLOAD_SIZE)]
        for i, part in enumerate(body):
            flags = (0x80 if i == 0 else 0) | (0x40 if i == len(body) - 1 else 0)
            payloads.append(bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F]) + part)
    last = len(payloads) - 1
    return [rtp(part, sequence + i, _timestamp(index, fps), marker=i == last) for i, part in enumerate(payloads)]


def _timestamp(index: int, fps: float) -> int:
    """Of RTP's 90 kHz."""
    return round(index * 90_000 / fps)
