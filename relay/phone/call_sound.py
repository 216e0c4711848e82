"""
One call's sound in the phone worker: voices of the web legs, of its telephones, and what is played to them.

Decides when whose sound may pass. Left to others: RTP (``relay.phone.rtp``), the mix itself (``relay.phone.mixing``),
which telephone is in which state (``relay.phone.call``).
"""

from collections.abc import Callable
from dataclasses import dataclass

from relay import datagram
from relay.audio import PCM, PHONE_FRAME, Downsampler, Upsampler, VoiceActivity, silence
from relay.control_messages import AnyEvent, PhoneSpeaking, SetPhoneAudio
from relay.model import Leg, WebLeg
from relay.phone.codecs import SoundCodec, sound_codec
from relay.phone.mixing import Mixer
from relay.phone.rtp import RtpEndpoint
from relay.phone.rtp_packets import Payload
from relay.phone.web_sound import WebListener, WebSpeaker

Send = Callable[[str, bytes], object]


@dataclass
class PhoneLine:
    """
    One telephone as the mix knows it.

    :param is_heard: ring-back tones, announcements and, once answered, the person. :param hears: answered, not held.
    """

    rtp: RtpEndpoint
    is_heard: bool = False
    hears: bool = False


class CallSound:
    """
    :param send: a datagram to the media worker at this address; never blocks. :param emit: tells signaling.
    """

    def __init__(self, call_id: str, send: Send, emit: Callable[[AnyEvent], None]) -> None:
        self._call_id, self._key = call_id, datagram.call_key(call_id)
        self._send, self._emit = send, emit
        self._worker_socket: str | None = None
        self._hears: dict[Leg, tuple[Leg, ...]] = {}
        self._line: PhoneLine | None = None
        self._mixer = Mixer()
        self._speakers: dict[WebLeg, WebSpeaker] = {}
        self._listeners: dict[WebLeg, WebListener] = {}
        self._codec: SoundCodec = sound_codec("PCMA")
        self._voice = VoiceActivity()
        self._up, self._down = Upsampler(), Downsampler()

    def set_audio(self, command: SetPhoneAudio) -> None:
        self._worker_socket = command.worker_socket
        self._hears = dict(command.hears)
        self._reroute()

    def add_line(self, line: PhoneLine) -> None:
        self._line = line
        line.rtp.on_payload = self._phone_sound

    def line_changed(self) -> None:
        """``is_heard`` or ``hears`` of a line is another one now."""
        self._reroute()

    def remove_line(self, line: PhoneLine) -> None:
        if self._line is line:
            self._line = None
            self._mixer.forget("phone")
            if self._voice.speaking:
                self._emit(PhoneSpeaking(call_id=self._call_id, speaking=False))
            self._voice = VoiceActivity()
            self._reroute()

    def web_sound(self, leg: WebLeg, packet: bytes) -> None:
        """An Opus RTP packet from the media worker; not decoded unless somebody hears that leg."""
        if any(leg in sources for sources in self._mixer.hears.values()):
            self._mixer.push(leg, self._speakers.setdefault(leg, WebSpeaker()).decode(packet))

    def tick(self) -> None:
        """One step of 20 ms: everybody gets what is due."""
        mixed = self._mixer.tick()
        if self._line is not None and self._line.rtp.active:
            to_phone = mixed.get("phone")
            frame = silence(PHONE_FRAME) if to_phone is None else self._down(to_phone)
            self._line.rtp.tick()
            self._line.rtp.send(self._agreed_codec(self._line).encode(frame), PHONE_FRAME)
        for leg in ("signer", "agent"):
            self._send_to(leg, mixed.get(leg))

    def _reroute(self) -> None:
        """Ring-back and announcements are heard before the answer; nobody speaks to the phone before it, or on hold."""
        line = self._line
        is_heard, hears = (line.is_heard, line.hears) if line is not None else (False, False)
        routes: dict[Leg, tuple[Leg, ...]] = {}
        for destination, sources in self._hears.items():
            if destination == "phone":
                routes["phone"] = sources if hears else ()
            else:
                routes[destination] = tuple(source for source in sources if source != "phone" or is_heard)
        self._mixer.hears = routes

    def _agreed_codec(self, line: PhoneLine) -> SoundCodec:
        if line.rtp.codec is not None and line.rtp.codec != self._codec.name:
            self._codec = sound_codec(line.rtp.codec)
        return self._codec

    def _phone_sound(self, packet: Payload) -> None:
        if self._line is None:
            return
        frame = self._agreed_codec(self._line).decode(packet.data)
        self._mixer.push("phone", self._up(frame))
        if self._line.hears and self._voice.hear(frame):
            self._emit(PhoneSpeaking(call_id=self._call_id, speaking=self._voice.speaking))

    def _send_to(self, leg: WebLeg, frame: PCM | None) -> None:
        if frame is None and leg not in self._listeners:
            return
        packet = self._listeners.setdefault(leg, WebListener()).step(frame)
        if packet is not None and self._worker_socket is not None:
            self._send(self._worker_socket, datagram.pack(datagram.Kind.AUDIO, self._key, leg, packet))
