"""
One call's sound in the phone worker: voices of the web legs, of its telephones, and what is played to them.

Decides whose sound may reach whom. Sound goes on as soon as it arrives; only what nobody paces waits for the tick.
Left to others: RTP (``relay.phone.rtp``), when a listener is due something (``relay.phone.mixing``), what it is made
of (``relay.phone.sound_listener``), one telephone (``relay.phone.line_sound``), its state (``relay.phone.call``).
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from relay import datagram
from relay.control_messages import AnyEvent
from relay.model import WEB_LEGS, Leg, PhoneSound, WebLeg
from relay.phone.echo import Echo
from relay.phone.line_sound import LineSound, PhoneLine, Player, Sink
from relay.phone.rtp_packets import Payload
from relay.phone.sound_listener import Listener
from relay.phone.sound_source import Frame, SoundSource
from relay.phone.web_sound import WebSpeaker, web_listener
from relay.phone_messages import PhoneSoundChanged, PhoneSpeaking, SetPhoneAudio

__all__ = ["CallSound", "PhoneLine", "Player", "Sink"]

SOUNDS: tuple[PhoneSound, ...] = ("speech", "music", "silence")  # of two telephones the first of these counts
Send = Callable[[str, bytes], object]


class Measured(NamedTuple):
    """
    Of one telephone's sound, for :class:`relay.model.PhoneStats`.

    :param delay_s: what our buffering adds to its sound, median of 2 s; None: nobody hears it.
    """

    delay_s: float | None
    echo: Echo | None


class CallSound:
    """
    :param send: a datagram to the media worker at this address; never blocks. :param emit: tells signaling.
    :param clock: s.
    """

    def __init__(
        self,
        call_id: str,
        send: Send,
        emit: Callable[[AnyEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call_id, self._key = call_id, datagram.call_key(call_id)
        self._send, self._emit, self._clock = send, emit, clock
        self._worker_socket: str | None = None
        self._hears: dict[Leg, tuple[Leg, ...]] = {}
        self._web: dict[WebLeg, Listener] = {leg: web_listener(self._sender(leg), clock) for leg in WEB_LEGS}
        self._speakers: dict[WebLeg, WebSpeaker] = {leg: WebSpeaker(leg) for leg in WEB_LEGS}
        self._lines: list[LineSound] = []
        self._lines_so_far = 0
        self._listeners: dict[str, list[Listener]] = {}
        self._recording: tuple[Player, SoundSource] | None = None
        self._speaking = False
        self._watches_hold = False
        self._sound: PhoneSound | None = None

    # --- who is there ---------------------------------------------------------------------------------------

    def set_audio(self, command: SetPhoneAudio) -> None:
        self._worker_socket = command.worker_socket
        self._hears = dict(command.hears)
        self._reroute()

    def add_line(self, line: PhoneLine) -> None:
        self._lines_so_far += 1
        sound = LineSound(line, f"phone {self._lines_so_far}")
        sound.watch_hold(self._watches_hold)
        line.rtp.on_payload = lambda packet: self._phone_sound(sound, packet)
        line.rtp.on_noise = sound.noise.told
        self._lines.append(sound)
        self._reroute()

    def line_changed(self) -> None:
        """``is_heard`` or ``hears`` of a line is another one now."""
        self._reroute()

    def remove_line(self, line: PhoneLine) -> None:
        self._lines = [each for each in self._lines if each.line is not line]
        self._reroute()

    # --- what is played and kept ----------------------------------------------------------------------------

    def announce(self, line: PhoneLine, player: Player | None) -> None:
        """To this telephone alone, in place of all it would hear, until it is over. :param player: None: stop."""
        self._line(line).announce(player)
        self._reroute()

    def play(self, player: Player | None) -> None:
        """To the web legs that hear the phone, beside it, until it is over. :param player: None: stop."""
        self._recording = None if player is None else (player, SoundSource("recording", player.rate))
        self._reroute()

    def listen(self, line: PhoneLine, sink: Sink | None) -> None:
        """:param sink: is given what this telephone says, lost packets concealed, and its rate in Hz; None: stop."""
        self._line(line).sink = sink

    def watch_hold(self, enabled: bool) -> None:
        """Tell speech from music and silence, as :class:`PhoneSoundChanged`, until it is disabled."""
        if enabled != self._watches_hold:
            self._watches_hold, self._sound = enabled, None
            for line in self._lines:
                line.watch_hold(enabled)
            self._tell_sound()

    def measured(self, line: PhoneLine) -> Measured:
        """:raises KeyError: it has gone."""
        found = self._line(line)
        return Measured(found.source.delay_s, found.echo.echo)

    # --- sound ----------------------------------------------------------------------------------------------

    def web_sound(self, leg: WebLeg, packet: bytes) -> None:
        """An Opus RTP packet from the media worker; not opened unless somebody needs more than its bytes."""
        listeners, speaker, now = self._listeners.get(leg), self._speakers[leg], self._clock()
        payload = speaker.read(packet, now)
        if not listeners or payload is None:
            return
        decode = any(each.needs_sound(speaker.source) for each in listeners)
        decode = decode or any(line.echo.wants(now) for line in self._lines if leg in line.listener.sources)
        self._pass_on(speaker.source.take(payload, now, decode=decode), now)

    def tick(self) -> None:
        """Every 20 ms: what nobody paces."""
        now = self._clock()
        self._play_recording(now)
        for line in list(self._lines):
            was_announced_to = line.is_announced_to
            line.tick(now)
            self._pass_on(line.background(now), now)
            if was_announced_to != line.is_announced_to:
                self._reroute()
        self._tell_speaking()
        self._tell_sound()

    def _phone_sound(self, line: LineSound, packet: Payload) -> None:
        now = self._clock()
        source = line.source
        listeners = self._listeners.get(source.name, ())
        frames = line.take(packet, now, decode=any(each.needs_sound(source) for each in listeners))
        if line.source is not source:
            self._reroute()
        self._pass_on(frames, now)
        self._tell_speaking()
        self._tell_sound()

    def _pass_on(self, frames: list[Frame], now: float) -> None:
        for frame in frames:
            for listener in self._listeners.get(frame.source.name, ()):
                listener.hear(frame, now)

    def _play_recording(self, now: float) -> None:
        if self._recording is None:
            return
        player, source = self._recording
        sound = player.next()
        if sound is not None:
            self._pass_on([source.frame(sound, now)], now)
        elif self._recording == (player, source):  # next() may have begun another one
            self.play(None)

    def _tell_speaking(self) -> None:
        speaking = any(line.is_speaking for line in self._lines)
        if speaking != self._speaking:
            self._speaking = speaking
            self._emit(PhoneSpeaking(call_id=self._call_id, speaking=speaking))

    def _tell_sound(self) -> None:
        if not self._watches_hold:
            return
        found = {line.watcher.sound for line in self._lines if line.watcher is not None}
        sound: PhoneSound = next((sound for sound in SOUNDS if sound in found), "silence")
        if sound != self._sound:
            self._sound = sound
            self._emit(PhoneSoundChanged(call_id=self._call_id, sound=sound))

    # --- who hears whom -------------------------------------------------------------------------------------

    def _reroute(self) -> None:
        """Ring-back and announcements are heard before the answer; nobody speaks to the phone before it, or on hold."""
        for leg, listener in self._web.items():
            listener.sources = self._heard_by_web(leg)
        for line in self._lines:
            line.listener.sources = self._heard_by_phone(line)
        self._listeners = {}
        for listener in (*self._web.values(), *(line.listener for line in self._lines)):
            for name in listener.sources:
                self._listeners.setdefault(name, []).append(listener)
        self._tell_speaking()
        self._tell_sound()

    def _heard_by_web(self, leg: WebLeg) -> dict[str, SoundSource]:
        names = self._hears.get(leg, ())
        sources: list[SoundSource] = [self._speakers[each].source for each in WEB_LEGS if each in names and each != leg]
        if "phone" in names:
            sources += [line.source for line in self._lines if line.line.is_heard]
            if self._recording is not None:
                sources.append(self._recording[1])
        return {source.name: source for source in sources}

    def _heard_by_phone(self, line: LineSound) -> dict[str, SoundSource]:
        """Another telephone is heard once it has answered: its ring-back tone is for those who called it."""
        if not line.line.hears or line.is_announced_to:
            return {}
        names = self._hears.get("phone", ())
        sources: list[SoundSource] = [self._speakers[each].source for each in WEB_LEGS if each in names]
        sources += [each.source for each in self._lines if each is not line and each.line.is_heard and each.line.hears]
        return {source.name: source for source in sources}

    def _line(self, line: PhoneLine) -> LineSound:
        """:raises KeyError: it has gone."""
        for each in self._lines:
            if each.line is line:
                return each
        raise KeyError("no such line")

    def _sender(self, leg: WebLeg) -> Callable[[bytes], None]:
        def send(packet: bytes) -> None:
            if self._worker_socket is not None:
                self._send(self._worker_socket, datagram.pack(datagram.Kind.AUDIO, self._key, leg, packet))

        return send
