"""One call's sound without a network: telephones and pages that say tones, a clock that is told, what each hears."""

from collections.abc import Callable, Mapping

import numpy as np

from relay import datagram
from relay.audio import PCM, WEB_FRAME, WEB_RATE, sine, tones
from relay.control_messages import AnyEvent
from relay.model import WEB_LEGS, Leg, WebLeg
from relay.phone import rtp_packets as packets
from relay.phone.call_sound import CallSound, PhoneLine
from relay.phone.codecs import sound_codec
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.rtp import RtpEndpoint
from relay.phone.rtp_packets import RtpPacket
from relay.phone.sdp import CLOCK_RATES, COMFORT_NOISE, CodecName, Negotiated
from relay.phone_messages import SetPhoneAudio

PEER = ("127.0.0.1", 4000)
CALL = "call-1"
STEP = 0.02
PAYLOAD_TYPES: dict[CodecName, int] = {"PCMA": 8, "PCMU": 0, "G722": 9, "opus": 96}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ear:
    """Decodes what it is sent and keeps it, with the time of each packet."""

    def __init__(self, decode: Callable[[bytes], PCM], rate: int) -> None:
        self.packets: list[RtpPacket] = []
        self.at: list[float] = []
        self.sound: PCM = np.zeros(0, np.int16)
        self.rate = rate
        self._decode = decode

    def hear(self, packet: RtpPacket, now: float) -> None:
        self.packets.append(packet)
        self.at.append(now)
        self.sound = np.concatenate([self.sound, self._decode(packet.payload)])

    def tones(self, seconds: float = 0.5) -> set[int]:
        """:returns: what sounded last, Hz rounded to 10; down to 30 dB under the strongest."""
        found = tones(self.sound[-round(seconds * self.rate) :], self.rate)
        return {round(tone.hz / 10) * 10 for tone in found if tone.dbfs > found[0].dbfs - 30}

    def forget(self) -> None:
        self.packets, self.at, self.sound = [], [], np.zeros(0, np.int16)


class Telephone:
    """A phone line with its peer: says ``hz`` when asked, hears with the same codec."""

    def __init__(self, clock: Clock, codec: CodecName, hz: float = 0) -> None:
        self.hz, self.codec, self._clock = hz, sound_codec(codec), clock
        self.rtp = RtpEndpoint("127.0.0.1", 5000, clock)
        self.rtp.attach(_Wire(self._heard), _Wire(lambda _: None))  # type: ignore[arg-type]
        self.line = PhoneLine(self.rtp, is_heard=True, hears=True)
        self.ear = Ear(sound_codec(codec).decode, self.codec.rate)
        self.sequence, self.timestamp, self._at = 100, 7000, 0
        self.connect(codec)

    def connect(self, codec: CodecName) -> None:
        self.rtp.connect(Negotiated(*PEER, codec, PAYLOAD_TYPES[codec], 101))

    def change_codec(self, codec: CodecName) -> None:
        """As a re-INVITE does."""
        self.codec = sound_codec(codec)
        self.ear = Ear(sound_codec(codec).decode, self.codec.rate)
        self.connect(codec)

    def say(self, amplitude: int = 8000) -> bytes:
        """20 ms of its tone arrive. :returns: the payload."""
        samples = round(self.codec.rate * STEP)
        payload = self.codec.encode(sine(self.hz, samples, self._at, self.codec.rate, amplitude))
        self._at += samples
        self.arrive(payload)
        return payload

    def arrive(self, payload: bytes) -> None:
        ticks = round(CLOCK_RATES[self.codec.name] * STEP)
        self.sequence, self.timestamp = self.sequence + 1, self.timestamp + ticks
        packet = RtpPacket(PAYLOAD_TYPES[self.codec.name], self.sequence, self.timestamp, 5, payload)
        self.rtp.rtp_received(packets.build_rtp(packet), PEER)

    def falls_silent(self, dbov: int) -> None:
        """Comfort noise, of so many dBov below the loudest; nothing else is sent until it says something."""
        self.sequence += 1
        packet = RtpPacket(COMFORT_NOISE, self.sequence, self.timestamp, 5, bytes([dbov]))
        self.rtp.rtp_received(packets.build_rtp(packet), PEER)

    def waits(self, frames: int) -> None:
        """Its clock runs on."""
        self.timestamp += frames * round(CLOCK_RATES[self.codec.name] * STEP)

    def lose(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.sequence += 1
            self.timestamp += round(CLOCK_RATES[self.codec.name] * STEP)
            self._at += round(self.codec.rate * STEP)

    def _heard(self, data: bytes) -> None:
        packet = packets.parse_rtp(data)
        assert packet is not None
        self.ear.hear(packet, self._clock())


class _Wire:
    def __init__(self, sent: Callable[[bytes], None]) -> None:
        self._sent = sent

    def sendto(self, data: bytes, address: object) -> None:
        self._sent(data)

    def close(self) -> None:
        """Nothing is open."""


class SoundRig:
    """A call: ``signer`` and ``agent`` say ``hz`` of theirs, telephones theirs."""

    def __init__(self, hears: Mapping[Leg, tuple[Leg, ...]], *telephones: tuple[CodecName, float]) -> None:
        self.clock = Clock()
        self.events: list[AnyEvent] = []
        self.sound = CallSound(CALL, self._to_web, self.events.append, self.clock)
        self.hz: dict[WebLeg, float] = {"signer": 700, "agent": 1000, "second": 1500}
        self.ears: dict[WebLeg, Ear] = {leg: Ear(OpusDecoder().decode, WEB_RATE) for leg in WEB_LEGS}
        self.telephones = [Telephone(self.clock, codec, hz) for codec, hz in telephones]
        self._encoders = {leg: OpusEncoder() for leg in WEB_LEGS}
        self._sequence: dict[WebLeg, int] = dict.fromkeys(WEB_LEGS, 0)
        self.hears(hears)
        for telephone in self.telephones:
            self.sound.add_line(telephone.line)

    def hears(self, hears: Mapping[Leg, tuple[Leg, ...]]) -> None:
        self.sound.set_audio(SetPhoneAudio(call_id=CALL, epoch=1, worker_socket="media", hears=dict(hears)))

    def say(self, leg: WebLeg, amplitude: int = 8000) -> bytes:
        """20 ms of a page's tone arrive. :returns: the Opus payload."""
        at = self._sequence[leg] * WEB_FRAME
        payload = self._encoders[leg].encode(sine(self.hz[leg], WEB_FRAME, at, WEB_RATE, amplitude))
        self.arrive(leg, payload)
        return payload

    def arrive(self, leg: WebLeg, payload: bytes) -> None:
        """20 ms of Opus."""
        self._sequence[leg] += 1
        at = self._sequence[leg] * WEB_FRAME
        packet = RtpPacket(111, self._sequence[leg], at, WEB_LEGS.index(leg) + 1, payload)
        self.sound.web_sound(leg, packets.build_rtp(packet))

    def lose(self, leg: WebLeg, frames: int = 1) -> None:
        self._sequence[leg] += frames

    def run(self, seconds: float, *speaking: WebLeg | Telephone, amplitude: int = 8000) -> None:
        """Everybody in ``speaking`` says 20 ms after 20 ms, a few ms apart, and the tick comes in between."""
        for _ in range(round(seconds / STEP)):
            for speaker in speaking:
                self.clock.now += 0.003
                if isinstance(speaker, Telephone):
                    speaker.say(amplitude)
                else:
                    self.say(speaker, amplitude)
            self.clock.now += STEP - 0.003 * len(speaking)
            self.sound.tick()

    def _to_web(self, address: str, data: bytes) -> None:
        message = datagram.unpack(data)
        assert message is not None
        assert message.call_key == datagram.call_key(CALL)
        packet = packets.parse_rtp(message.payload)
        assert packet is not None
        self.ears[message.leg].hear(packet, self.clock())
