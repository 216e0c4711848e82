"""Opus by libopus (PyAV), one decoder per speaking leg and one encoder per listening leg."""

from typing import Any, cast

import av
import numpy as np
from av.error import FFmpegError

from relay.audio import PCM, WEB_FRAME, WEB_RATE, silence
from relay.phone.concealment import GONE_S, fade

BIT_RATES = {8_000: 32_000, 16_000: 40_000, 48_000: 48_000}  # bit/s by rate: what CELT alone needs for a clean voice
APPLICATION = "lowdelay"  # looks 2.5 ms ahead instead of 6.5: a call is relayed, each millisecond is spent twice
COMPLEXITY = 5  # of 10: half the CPU for a difference nobody hears at this rate
FRAME_COUNT = 0x03  # the code in the table of contents that tells how many frames follow
PACKET_LIMIT = 1276  # bytes, RFC 6716 §3.2.1


class OpusDecoder:
    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate = WEB_RATE
        self._codec.layout = "mono"  # both channels averaged by libopus itself
        self._last = b""
        self._made = 0

    def decode(self, payload: bytes) -> PCM:
        """:returns: 48 kHz, as long as the packet; nothing for a broken one."""
        if not 0 < len(payload) <= PACKET_LIMIT:
            return silence(0)
        sound = self._decoded(payload)
        if len(sound):
            self._last, self._made = payload[:2], 0
        return sound

    def conceal(self) -> PCM:
        """
        libopus' own packet loss concealment, as long as the last packet: a frame without a byte counts as lost
        (RFC 6716 §4.4), so a table of contents alone asks for it. libopus ends in what it takes for background noise,
        however loud; so it fades away.
        """
        if not self._last:
            return silence(WEB_FRAME)
        single = bytes([self._last[0] & ~FRAME_COUNT])
        sound = np.concatenate([self._decoded(single) for _ in range(_frames_in(self._last))])
        since, self._made = self._made, self._made + len(sound)
        if since >= GONE_S * WEB_RATE:
            return silence(len(sound))
        return (sound * fade(np.arange(since, self._made) / WEB_RATE)).astype(np.int16)

    def _decoded(self, payload: bytes) -> PCM:
        try:
            frames = self._codec.decode(av.Packet(payload))
        except FFmpegError:
            return silence(0)
        sound: list[PCM] = [np.frombuffer(cast(Any, frame.planes[0]), np.int16, frame.samples) for frame in frames]
        if len(sound) == 1:
            return sound[0]
        return np.concatenate(sound) if sound else silence(0)


def _frames_in(start: bytes) -> int:
    """:param start: of a packet. :returns: frames in it (RFC 6716 §3.2), as many as 120 ms can have at most."""
    code = start[0] & FRAME_COUNT
    if code < 3:
        return 1 if code == 0 else 2
    return max(1, min(start[1] & 0x3F, 48)) if len(start) > 1 else 1


class OpusEncoder:
    """:param rate: Hz of what it is given, 8000, 16000 or 48000; a telephone's sound needs no more than its own."""

    def __init__(self, rate: int = WEB_RATE) -> None:
        self.rate = rate
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = rate
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = BIT_RATES[rate]
        self._codec.options = {"application": APPLICATION, "frame_duration": "20", "compression_level": str(COMPLEXITY)}
        self._pts = 0

    def encode(self, frame: PCM) -> bytes:
        """:param frame: 20 ms at ``rate``. :returns: one packet."""
        audio = av.AudioFrame.from_ndarray(frame.reshape(1, -1), format="s16", layout="mono")
        audio.sample_rate = self.rate
        audio.pts = self._pts
        self._pts += len(frame)
        return b"".join(bytes(packet) for packet in self._codec.encode(audio))
