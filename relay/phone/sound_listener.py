"""
What one listener of a call gets: the packets of the only one who speaks as they are, else a mix encoded anew.

Left to others: when something is due (``relay.phone.mixing``), who is heard (``relay.phone.call_sound``), RTP.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from relay.audio import PCM, PTIME_S, mix, silence
from relay.phone.mixing import Mixture
from relay.phone.sdp import CLOCK_RATES, CodecName
from relay.phone.sound_source import Frame, PacketSource, SoundSource

CALM_DBFS = -45.0  # between two words the change from a mix to a single voice is not heard


class Encoder(Protocol):
    """:param rate: Hz of the sound it takes."""

    rate: int

    def encode(self, frame: PCM) -> bytes:
        """:param frame: 20 ms at ``rate``. :returns: one packet's payload."""


class SendPayload(Protocol):
    def __call__(self, payload: bytes, samples: int, *, lost: int = 0, gap: int | None = None) -> None:
        """See :meth:`relay.phone.rtp.RtpEndpoint.send`."""


class Listener:
    """
    :param codec: that it hears. :param encoder: chooses one for sound of a rate in Hz, given the one used so far.
    :param sent: is given the sound of each packet, its rate and the time, unless nobody opened that packet.
    """

    def __init__(
        self,
        codec: CodecName,
        encoder: Callable[[int, Encoder | None], Encoder],
        send: SendPayload,
        sent: Callable[[PCM, int, float], None] = lambda sound, rate, now: None,
    ) -> None:
        self.codec = codec
        self.sent_at: float | None = None
        self._choose, self._send, self._sent = encoder, send, sent
        self._encoder: Encoder | None = None
        self._samples = round(CLOCK_RATES[codec] * PTIME_S)
        self._mixture = Mixture[Frame]()
        self._sources: Mapping[str, SoundSource] = {}
        self._leader: SoundSource | None = None
        self._passed: Frame | None = None
        self._mixing = False
        self._skipped = 0

    @property
    def sources(self) -> Mapping[str, SoundSource]:
        """Who is heard, by name."""
        return self._sources

    @sources.setter
    def sources(self, sources: Mapping[str, SoundSource]) -> None:
        self._sources = sources
        self._mixture.hears = frozenset(sources)

    def needs_sound(self, source: PacketSource) -> bool:
        """Whether its packets have to be opened for this listener."""
        return source.name in self._sources and (source.codec.name != self.codec or len(self._sources) > 1)

    def hear(self, frame: Frame, now: float) -> None:
        """:param now: s. Whatever is due goes out before this returns."""
        for frames in self._mixture.arrived(frame.source.name, frame, now):
            leader = frames[0]
            gap = leader.gap if leader.source is self._leader else None
            self._leader = leader.source
            self._turn(frames, gap, now)

    def play(self, frame: Frame | None, now: float) -> None:
        """20 ms that no source paces. :param frame: None: silence."""
        self._leader, self._mixing = None, False
        self._encoder = encoder = self._choose(frame.source.rate if frame is not None else 0, self._encoder)
        sound = silence(round(encoder.rate * PTIME_S)) if frame is None else frame.at(encoder.rate)
        self._send_mixed(sound, encoder, None, now)

    def _turn(self, frames: list[Frame], gap: int | None, now: float) -> None:
        for frame in frames:
            frame.source.waited(now - frame.arrived)
        single = self._single(frames, now)
        if single is None:
            self._mixing = True
            self._encoder = encoder = self._choose(max(frame.source.rate for frame in frames), self._encoder)
            sound = mix([frame.at(encoder.rate) for frame in frames], round(encoder.rate * PTIME_S))
            self._send_mixed(sound, encoder, gap, now)
        elif single.payload is None:
            self._skipped += 1 + (gap or 0)
        else:
            self._pass_on(single, gap, now)

    def _single(self, frames: list[Frame], now: float) -> Frame | None:
        """:returns: what stands for the whole turn, with the codec that is wanted; None: they have to be mixed."""
        loud = [source for source in self._sources.values() if source.is_loud(now)]
        source = frames[0].source if not loud else loud[0]
        if len(loud) > 1 or not isinstance(source, PacketSource) or source.codec.name != self.codec:
            return None
        frame = next((frame for frame in frames if frame.source is source), None) or Frame(source, now, None)
        if self._mixing:
            return frame if frame.payload is not None and frame.level_dbfs <= CALM_DBFS else None
        return frame if frame.payload is not None or self._passed is not None else None

    def _pass_on(self, frame: Frame, gap: int | None, now: float) -> None:
        assert frame.payload is not None
        skipped, self._skipped = self._skipped, 0
        if gap is not None:
            gap = (gap + skipped) * self._samples
        self._passed, self._mixing, self.sent_at = frame, False, now
        self._send(frame.payload, self._samples, lost=frame.lost + skipped, gap=gap)
        if frame.sound is not None:
            self._sent(frame.sound, frame.source.rate, now)

    def _send_mixed(self, sound: PCM, encoder: Encoder, gap: int | None, now: float) -> None:
        if self._passed is not None:  # what an encoder says at first depends on what it heard before
            encoder.encode(self._passed.at(encoder.rate))
        skipped, self._passed, self._skipped = self._skipped, None, 0
        if gap is not None:
            gap = (gap + skipped) * self._samples
        self.sent_at = now
        self._send(encoder.encode(sound), self._samples, gap=gap)
        self._sent(sound, encoder.rate, now)
