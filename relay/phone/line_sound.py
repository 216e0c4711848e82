"""One telephone's sound in a call: what it says, what it hears, what is played to it, who speaks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from relay.audio import PCM, PTIME_S, SILENCE_DBFS, VoiceActivity
from relay.phone.codecs import SoundCodec, sound_codec
from relay.phone.comfort_noise import ComfortNoise
from relay.phone.echo import EchoMeter
from relay.phone.hold_watcher import HoldWatcher
from relay.phone.rtp import RtpEndpoint
from relay.phone.rtp_packets import Payload
from relay.phone.sound_listener import Encoder, Listener
from relay.phone.sound_source import Frame, PacketSource, SoundSource

SILENCE_AFTER_S = 0.05  # nobody spoke to the telephone for so long: it gets silence, so that NAT and timers stay open
log = logging.getLogger(__name__)


class Player(Protocol):
    """Sound of ours that is played to somebody. :param rate: 8000, 16000 or 48000 Hz."""

    rate: int

    def next(self) -> PCM | None:
        """:returns: the next 20 ms at ``rate``, whole; None: it is over, and not asked again."""


Sink = Callable[[PCM, int], None]


@dataclass(eq=False)
class PhoneLine:
    """
    One telephone as the mix knows it.

    :param is_heard: ring-back tones, announcements and, once answered, the person. :param hears: answered, not held.
    """

    rtp: RtpEndpoint
    is_heard: bool = False
    hears: bool = False


class LineSound:
    """:param name: unique in the call."""

    def __init__(self, line: PhoneLine, name: str) -> None:
        self.line, self.name = line, name
        self.codec: SoundCodec = sound_codec(line.rtp.codec or "PCMA")
        self.source = PacketSource(name, self.codec)
        self.echo = EchoMeter()
        self.listener = self._new_listener()
        self.voice = VoiceActivity()
        self.sink: Sink | None = None
        self.watcher: HoldWatcher | None = None
        self.noise = ComfortNoise()
        self._level_dbfs, self._is_level_due = SILENCE_DBFS, True
        self._player: tuple[Player, SoundSource] | None = None
        self._silent_at: float | None = None

    @property
    def is_speaking(self) -> bool:
        return self.line.hears and self.voice.speaking

    def take(self, packet: Payload, now: float, *, decode: bool) -> list[Frame]:
        """
        :param now: s. :param decode: a listener needs the sound itself; else every other Opus packet is opened, which
            tells whether somebody speaks. :returns: the frames for those who hear this telephone.
        """
        self.follow_codec()
        self.noise.over()
        self._is_level_due = not self._is_level_due
        decode = decode or self._is_level_due or self.watcher is not None or self.sink is not None
        frames = self.source.take(packet, now, decode=decode or self.echo.wants(now))
        for frame in frames:
            self._heard(frame, now)
        return frames

    def background(self, now: float) -> list[Frame]:
        """:returns: each 20 ms, while the telephone is silent and told how its silence sounds: that."""
        if not (self.noise.is_on and self.line.rtp.goes_both_ways):
            return []
        frame = self.source.fill(self.noise.next(round(self.source.rate * PTIME_S)), now)
        self._heard(frame, now)
        return [frame]

    def follow_codec(self) -> None:
        """A re-INVITE may have brought another one."""
        if self.line.rtp.codec in (None, self.codec.name):
            return
        self.codec = sound_codec(self.line.rtp.codec or self.codec.name)
        self.source = PacketSource(self.name, self.codec)
        self.watch_hold(self.watcher is not None)
        sources, self.listener = self.listener.sources, self._new_listener()
        self.listener.sources = sources

    def watch_hold(self, enabled: bool) -> None:
        self.watcher = HoldWatcher(self.source.rate) if enabled else None

    def announce(self, player: Player | None, name: str = "announcement") -> None:
        self._player = None if player is None else (player, SoundSource(name, player.rate))

    @property
    def is_announced_to(self) -> bool:
        """The telephone hears an announcement, and nobody else meanwhile."""
        return self._player is not None

    def tick(self, now: float) -> None:
        """Every 20 ms: what is played to this telephone, or silence when nobody speaks to it."""
        self.line.rtp.tick()
        if not self.line.rtp.active:
            return
        self.follow_codec()
        sound = self._next_of_player(now)
        if sound is not None:
            self.listener.play(sound, now)
        elif self._nobody_speaks_to_it(now):
            self.listener.play(None, now)
            self._silent_at = now

    def _nobody_speaks_to_it(self, now: float) -> bool:
        last = self.listener.sent_at
        return last is None or last == self._silent_at or now - last > SILENCE_AFTER_S

    def _next_of_player(self, now: float) -> Frame | None:
        if self._player is None:
            return None
        player, source = self._player
        sound = player.next()
        if sound is None:
            if self._player == (player, source):  # next() may have begun another one
                self._player = None
            return None
        return source.frame(sound, now)

    def _heard(self, frame: Frame, now: float) -> None:
        sound = frame.sound
        if sound is not None:
            self._level_dbfs = frame.level_dbfs
            self.echo.heard(sound, self.source.rate, now)
            if self.watcher is not None:
                self.watcher.hear(sound)
            if self.sink is not None:
                self.sink(sound, self.source.rate)
        if self.line.hears:
            self.voice.hear_level(self._level_dbfs)

    def _new_listener(self) -> Listener:
        return Listener(self.codec.name, self._encoder, self.line.rtp.send, self.echo.sent)

    def _encoder(self, rate: int, current: Encoder | None) -> Encoder:
        return self.codec
