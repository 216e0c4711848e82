"""
The sound codecs of a phone leg: one object per leg, as most keep a state; each direction has its own in it.

Left to others: which one is used (``relay.phone.sdp``), packets (``relay.phone.rtp``), what becomes of the sound
(``relay.phone.call_sound``).
"""

from collections.abc import Callable
from typing import Protocol

import av
import numpy as np
from av.error import FFmpegError

from relay.audio import PCM, PHONE_RATE, WEB_RATE, a_law_decode, a_law_encode, mu_law_decode, mu_law_encode, silence
from relay.phone.concealment import Concealer
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.sdp import CLOCK_RATES, CodecName

WIDEBAND_RATE = 16_000  # Hz, G.722
PACKETS_A_SECOND = 50


class SoundCodec(Protocol):
    """
    :param rate: Hz of the PCM taken and given. :param clock_rate: Hz of its RTP timestamps (G.722: 8000, RFC 3551).
    """

    name: CodecName
    rate: int
    clock_rate: int

    def encode(self, frame: PCM) -> bytes:
        """:param frame: 20 ms at ``rate``. :returns: one packet's payload."""

    def decode(self, payload: bytes) -> PCM:
        """:returns: as long as the packet, at ``rate``; nothing for a broken one."""

    def conceal(self) -> PCM:
        """:returns: what stands for one lost packet, 20 ms or as long as the last one; quieter with each in a row."""


class G711:
    rate = clock_rate = PHONE_RATE

    def __init__(self, name: CodecName, encode: Callable[[PCM], bytes], decode: Callable[[bytes], PCM]) -> None:
        self.name = name
        self._encode, self._decode = encode, decode
        self._concealer = Concealer(self.rate)

    def encode(self, frame: PCM) -> bytes:
        return self._encode(frame)

    def decode(self, payload: bytes) -> PCM:
        return self._concealer.heard(self._decode(payload))

    def conceal(self) -> PCM:
        return self._concealer.conceal(self.rate // PACKETS_A_SECOND)


class G722:
    """64 kbit/s by FFmpeg: 160 bytes at once for each 20 ms, 1.4 ms of delay in its filters."""

    name: CodecName = "G722"
    rate = WIDEBAND_RATE
    clock_rate = CLOCK_RATES["G722"]

    def __init__(self) -> None:
        self._encoder = av.CodecContext.create("g722", "w")
        self._decoder = av.CodecContext.create("g722", "r")
        for codec in (self._encoder, self._decoder):
            codec.sample_rate = self.rate
            codec.layout = "mono"
        self._encoder.format = "s16"
        self._concealer = Concealer(self.rate)
        self._pts = 0

    def encode(self, frame: PCM) -> bytes:
        audio = av.AudioFrame.from_ndarray(frame.reshape(1, -1), format="s16", layout="mono")
        audio.sample_rate = self.rate
        audio.pts = self._pts
        self._pts += len(frame)
        return b"".join(bytes(packet) for packet in self._encoder.encode(audio))

    def decode(self, payload: bytes) -> PCM:
        if not payload:
            return silence(0)
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except FFmpegError:
            return silence(0)
        sound = [frame.to_ndarray().reshape(-1) for frame in frames]
        return self._concealer.heard(np.concatenate(sound) if sound else silence(0))

    def conceal(self) -> PCM:
        return self._concealer.conceal(self.rate // PACKETS_A_SECOND)


class Opus:
    name: CodecName = "opus"
    rate = clock_rate = WEB_RATE

    def __init__(self) -> None:
        self._encoder, self._decoder = OpusEncoder(), OpusDecoder()

    def encode(self, frame: PCM) -> bytes:
        return self._encoder.encode(frame)

    def decode(self, payload: bytes) -> PCM:
        return self._decoder.decode(payload)

    def conceal(self) -> PCM:
        return self._decoder.conceal()


def sound_codec(name: CodecName) -> SoundCodec:
    match name:
        case "PCMA":
            return G711(name, a_law_encode, a_law_decode)
        case "PCMU":
            return G711(name, mu_law_encode, mu_law_decode)
        case "opus":
            return Opus()
        case "G722":
            return G722()
