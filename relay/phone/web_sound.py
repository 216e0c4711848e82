"""The Opus RTP streams between a media worker and us: one speaker and one listener per web leg."""

import secrets
import time
from collections.abc import Callable

from relay.audio import WEB_RATE
from relay.phone import rtp_packets as packets
from relay.phone.codecs import Opus
from relay.phone.opus import OpusEncoder
from relay.phone.rtp_packets import Payload, RtpPacket
from relay.phone.rtp_reception import Reception
from relay.phone.rtp_sending import SendClock
from relay.phone.sound_listener import Encoder, Listener
from relay.phone.sound_source import PacketSource

OPUS_PAYLOAD_TYPE = 111  # the media worker writes its own


class WebSpeaker:
    """What a web leg says. Late and repeated packets are dropped."""

    def __init__(self, leg: str) -> None:
        self.source = PacketSource(leg, Opus())
        self._reception: Reception | None = None

    def read(self, data: bytes, now: float) -> Payload | None:
        """:param data: an RTP packet. :param now: s. :returns: None for what is of no use."""
        packet = packets.parse_rtp(data)
        if packet is None:
            return None
        if self._reception is None or packet.ssrc != self._reception.ssrc:
            self._reception = Reception(packet, WEB_RATE, now)
            lost: int | None = 0
        else:
            lost = self._reception.take(packet, now)
        return None if lost is None else Payload(packet.payload, packet.timestamp, lost, packet.marker)


class WebStream:
    """One stream to a web leg. :param send: an RTP packet. :param clock: s."""

    def __init__(self, send: Callable[[bytes], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send_packet, self._clock = send, clock
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._time = SendClock(secrets.randbits(31))

    def send(self, payload: bytes, samples: int, *, lost: int = 0, gap: int | None = None) -> None:
        """See :meth:`relay.phone.rtp.RtpEndpoint.send`."""
        timestamp, begins = self._time.take(self._clock(), samples, WEB_RATE, gap)
        self._sequence += 1 + lost
        packet = RtpPacket(OPUS_PAYLOAD_TYPE, self._sequence, timestamp, self._ssrc, payload, begins)
        self._send_packet(packets.build_rtp(packet))


def web_listener(send: Callable[[bytes], None], clock: Callable[[], float] = time.monotonic) -> Listener:
    """:param send: an RTP packet to the leg. :param clock: s."""
    return Listener("opus", _opus_encoder, WebStream(send, clock).send)


def _opus_encoder(rate: int, current: Encoder | None) -> Encoder:
    """A telephone's 8 or 16 kHz need neither resampling nor the effort of 48."""
    return current if current is not None and current.rate >= rate else OpusEncoder(rate)
