"""The Opus RTP streams between a media worker and us: one speaker and one listener per web leg."""

import secrets

from relay.audio import PCM, WEB_FRAME, silence
from relay.phone import rtp_packets as packets
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.rtp_packets import RtpPacket

OPUS_PAYLOAD_TYPE = 111  # the media worker writes its own


class WebSpeaker:
    """What a web leg says. Late and repeated packets are dropped; loss leaves a gap that the mix fills with silence."""

    def __init__(self) -> None:
        self._decoder = OpusDecoder()
        self._ssrc: int | None = None
        self._sequence = 0

    def decode(self, data: bytes) -> PCM:
        """:param data: an RTP packet. :returns: 48 kHz sound, empty when there is none."""
        packet = packets.parse_rtp(data)
        if packet is None or not self._is_next(packet):
            return silence(0)
        return self._decoder.decode(packet.payload)

    def _is_next(self, packet: RtpPacket) -> bool:
        if packet.ssrc == self._ssrc and not packets.newer(packet.sequence, self._sequence):
            return False
        self._ssrc, self._sequence = packet.ssrc, packet.sequence
        return True


class WebListener:
    """What a web leg hears: one continuous stream, its timestamps running on through silences."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder()
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._resting = True

    def step(self, frame: PCM | None) -> bytes | None:
        """:param frame: 960 samples, None when nobody is heard. :returns: the RTP packet of these 20 ms, if any."""
        self._timestamp = (self._timestamp + WEB_FRAME) & 0xFFFFFFFF
        if frame is None:
            self._resting = True
            return None
        self._sequence = (self._sequence + 1) & 0xFFFF
        payload = self._encoder.encode(frame)
        packet = RtpPacket(OPUS_PAYLOAD_TYPE, self._sequence, self._timestamp, self._ssrc, payload, self._resting)
        self._resting = False
        return packets.build_rtp(packet)
