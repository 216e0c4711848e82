"""
The sound codecs of a phone leg: one object per direction and leg, as some keep a state.

Left to others: which one is used (``relay.phone.sdp``), packets (``relay.phone.rtp``), what becomes of the sound
(``relay.phone.call_sound``).
"""

from collections.abc import Callable
from typing import Protocol

from relay.audio import PCM, PHONE_RATE, WEB_RATE, a_law_decode, a_law_encode, mu_law_decode, mu_law_encode
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.sdp import CodecName


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


class G711:
    rate = clock_rate = PHONE_RATE

    def __init__(self, name: CodecName, encode: Callable[[PCM], bytes], decode: Callable[[bytes], PCM]) -> None:
        self.name = name
        self._encode, self._decode = encode, decode

    def encode(self, frame: PCM) -> bytes:
        return self._encode(frame)

    def decode(self, payload: bytes) -> PCM:
        return self._decode(payload)


class Opus:
    name: CodecName = "opus"
    rate = clock_rate = WEB_RATE

    def __init__(self) -> None:
        self._encoder, self._decoder = OpusEncoder(), OpusDecoder()

    def encode(self, frame: PCM) -> bytes:
        return self._encoder.encode(frame)

    def decode(self, payload: bytes) -> PCM:
        return self._decoder.decode(payload)


def sound_codec(name: CodecName) -> SoundCodec:
    match name:
        case "PCMA":
            return G711(name, a_law_encode, a_law_decode)
        case "PCMU":
            return G711(name, mu_law_encode, mu_law_decode)
        case "opus":
            return Opus()
        case "G722":
            raise NotImplementedError
