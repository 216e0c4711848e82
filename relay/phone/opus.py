"""Opus by libopus (PyAV), one decoder per speaking leg and one encoder per listening leg."""

import av
import numpy as np
from av.error import FFmpegError

from relay.audio import PCM, WEB_FRAME, WEB_RATE

BIT_RATE = 32_000  # bit/s: transparent for telephone speech and good for a nearby voice
COMPLEXITY = 5  # of 10: half the CPU for a difference nobody hears at this rate
PACKET_LIMIT = 1276  # bytes, RFC 6716 §3.2.1


class OpusDecoder:
    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate = WEB_RATE
        self._codec.layout = "stereo"

    def decode(self, payload: bytes) -> PCM:
        """:returns: 48 kHz, both channels averaged, as long as the packet; nothing for a broken one."""
        if not 0 < len(payload) <= PACKET_LIMIT:
            return np.zeros(0, np.int16)
        try:
            frames = self._codec.decode(av.Packet(payload))
        except FFmpegError:
            return np.zeros(0, np.int16)
        pairs = [frame.to_ndarray().reshape(-1, 2).astype(np.int32).sum(axis=1) // 2 for frame in frames]
        return np.concatenate(pairs).astype(np.int16) if pairs else np.zeros(0, np.int16)


class OpusEncoder:
    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = WEB_RATE
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = BIT_RATE
        self._codec.options = {"application": "voip", "frame_duration": "20", "compression_level": str(COMPLEXITY)}
        self._pts = 0

    def encode(self, frame: PCM) -> bytes:
        """:param frame: 960 samples at 48 kHz. :returns: one packet."""
        audio = av.AudioFrame.from_ndarray(frame.reshape(1, -1), format="s16", layout="mono")
        audio.sample_rate = WEB_RATE
        audio.pts = self._pts
        self._pts += WEB_FRAME
        return b"".join(bytes(packet) for packet in self._codec.encode(audio))
