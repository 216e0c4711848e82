"""Sources of sound in a call: packets become frames of 20 ms, decoded and resampled once for all who listen."""

from collections import deque
from collections.abc import Callable
from statistics import median

import numpy as np

from relay.audio import PCM, PTIME_S, SILENCE_DBFS, level_dbfs, resampler, silence
from relay.phone.codecs import SoundCodec
from relay.phone.rtp_packets import Payload

CONCEALED_FRAMES = 3  # 60 ms: a longer loss leaves a gap
GAP_LIMIT_S = 60.0  # a longer one, or one backwards, is a peer that has begun anew
LOUD_DBFS = -50.0  # below is background that nobody misses in a mix
LOUD_HANG_S = 1.0
DELAYS_KEPT = 100  # 2 s
_OPUS_FRAME_MS = ((10, 20, 40, 60),) * 3 + ((10, 20, 10, 20),) + ((2.5, 5, 10, 20),) * 4


class Frame:
    """
    20 ms of one source.

    :param sound: at the source's rate, None when nobody asked for it.
    :param payload: as it came, of the source's codec, None when no single packet is these 20 ms.
    :param gap: frames missing before this one by the source's own timestamps, None: unknown. :param lost: of these.
    :param arrived: s. ``level_dbfs`` is that of silence when nobody asked for the sound.
    """

    __slots__ = ("_resampled", "arrived", "gap", "level_dbfs", "lost", "payload", "sound", "source")

    def __init__(
        self,
        source: "SoundSource",
        arrived: float,
        sound: PCM | None,
        payload: bytes | None = None,
        *,
        gap: int | None = 0,
        lost: int = 0,
    ) -> None:
        self.source, self.arrived, self.sound, self.payload = source, arrived, sound, payload
        self.gap, self.lost = gap, lost
        self.level_dbfs = SILENCE_DBFS if sound is None else level_dbfs(sound)
        self._resampled: dict[int, PCM] = {}

    def at(self, rate: int) -> PCM:
        """:returns: 20 ms at this rate, silence when it was not decoded."""
        if self.sound is None:
            return silence(round(rate * PTIME_S))
        if rate == self.source.rate:
            return self.sound
        if rate not in self._resampled:
            self._resampled[rate] = self.source.resample(self.sound, rate)
        return self._resampled[rate]


class SoundSource:
    """
    Sound that we have already: what is played to somebody.

    :param name: unique in the call. :param rate: Hz.
    """

    def __init__(self, name: str, rate: int) -> None:
        self.name, self.rate = name, rate
        self._loud_at = -LOUD_HANG_S
        self._resamplers: dict[int, Callable[[PCM], PCM]] = {}
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)

    @property
    def delay_s(self) -> float | None:
        """Between arrival and sending on, median of the last 2 s; None: nobody listened."""
        return median(self._delays) if self._delays else None

    def waited(self, delay_s: float) -> None:
        self._delays.append(delay_s)

    def frame(self, sound: PCM, now: float) -> Frame:
        """:param sound: 20 ms at ``rate``. :param now: s."""
        return self.noticed(Frame(self, now, sound))

    def is_loud(self, now: float) -> bool:
        """Whether it was heard during the last second, as far as it was decoded."""
        return now - self._loud_at < LOUD_HANG_S

    def noticed(self, frame: Frame) -> Frame:
        if frame.level_dbfs > LOUD_DBFS:
            self._loud_at = frame.arrived
        return frame

    def resample(self, sound: PCM, rate: int) -> PCM:
        if rate not in self._resamplers:
            self._resamplers[rate] = resampler(self.rate, rate)
        return self._resamplers[rate](sound)


class PacketSource(SoundSource):
    """:param codec: of its packets, whose length is theirs to choose."""

    def __init__(self, name: str, codec: SoundCodec) -> None:
        super().__init__(name, codec.rate)
        self.codec = codec
        self._samples = round(codec.rate * PTIME_S)
        self._ticks = round(codec.clock_rate * PTIME_S)
        self._expected: int | None = None
        self._rest: PCM = silence(0)

    def take(self, packet: Payload, now: float, *, decode: bool = True) -> list[Frame]:
        """
        :param now: s. :param decode: somebody needs the sound itself; else an Opus packet of 20 ms goes unopened.
        :returns: the frames that are whole now, before them those made up for lost packets.
        """
        gap = self._gap(packet)
        if not decode and self.codec.name == "opus" and not len(self._rest) and _lasts_20_ms(packet.data):
            self._expected = packet.timestamp + self._ticks
            return [Frame(self, now, None, packet.data, gap=gap, lost=packet.lost)]
        concealed = self._conceal(gap, packet.lost, now)
        sound = self.codec.decode(packet.data)
        self._expected = packet.timestamp + len(sound) * self._ticks // self._samples
        frames = self._cut(sound, packet.data, 0 if concealed else gap, now)
        return [*concealed, *map(self.noticed, frames)]

    def fill(self, sound: PCM, now: float) -> Frame:
        """:param sound: 20 ms of ours in the place of what the peer leaves out. :param now: s."""
        if self._expected is not None:
            self._expected += self._ticks
        return self.noticed(Frame(self, now, sound))

    def _gap(self, packet: Payload) -> int | None:
        if self._expected is None:
            return None
        ticks = ((packet.timestamp - self._expected + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if not -self._ticks <= ticks <= GAP_LIMIT_S * self.codec.clock_rate:
            return None
        return max(0, round(ticks / self._ticks))

    def _conceal(self, gap: int | None, lost: int, now: float) -> list[Frame]:
        if not lost or gap is None or not 0 < gap <= CONCEALED_FRAMES:
            return []
        made = (self.codec.conceal()[: self._samples] for _ in range(gap))
        return [Frame(self, now, sound) for sound in made if len(sound) == self._samples]

    def _cut(self, sound: PCM, payload: bytes, gap: int | None, now: float) -> list[Frame]:
        if len(sound) == self._samples and not len(self._rest):
            return [Frame(self, now, sound, payload, gap=gap)]
        sound = np.concatenate([self._rest, sound])
        whole = len(sound) // self._samples * self._samples
        self._rest = sound[whole:]
        pieces = [sound[start : start + self._samples] for start in range(0, whole, self._samples)]
        return [Frame(self, now, piece, gap=0 if index else gap) for index, piece in enumerate(pieces)]


def _lasts_20_ms(packet: bytes) -> bool:
    """:param packet: Opus; its table of contents tells (RFC 6716 §3.1)."""
    if not packet:
        return False
    config, code = packet[0] >> 3, packet[0] & 3
    count = 1 if code == 0 else 2 if code < 3 else packet[1] & 0x3F if len(packet) > 1 else 0
    return _OPUS_FRAME_MS[config // 4][config % 4] * count == PTIME_S * 1000
