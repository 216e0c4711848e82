"""
The peers of bridged calls for ``benchmarks.phone_bridge``: what they say, what of it is lost, what they hear.

Everything is kept as it went out and came in, and decoded when somebody asks for the delays.
"""

import asyncio
import contextlib
import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.load.phone_bridge_process import HOST, PAYLOAD_TYPES, Kind
from benchmarks.load.phone_sound import Delay, Packet, delays
from benchmarks.load.usage import cpu_s
from relay import datagram
from relay.audio import PHONE_FRAME, PHONE_RATE, PTIME_S, WEB_RATE, resampler, silence
from relay.model import Leg, WebLeg
from relay.phone.codecs import sound_codec
from relay.phone.demo_sound import greeting
from relay.phone.opus import OpusEncoder
from relay.phone.rtp_packets import RtpPacket, build_rtp, parse_rtp
from relay.phone.sdp import CLOCK_RATES, CodecName

DEADLINE_S = 30.0
FILTER_S = 0.00074  # of relay.audio.Downsampler from 48 to 8 kHz, which is none of the bridge's
TURN_PACKETS = 100  # 2 s, where more than two speak


class Way(NamedTuple):
    speaker: Leg
    ear: Leg


RELAYED = (Way("agent", "phone"), Way("phone", "agent"))
WAYS: dict[Kind, tuple[Way, ...]] = {
    "ours": RELAYED,
    "plain": RELAYED,
    "vco": (*RELAYED, Way("signer", "phone"), Way("signer", "agent")),
}


class Timed(NamedTuple):
    """:param at: when it was sent or received, s."""

    at: float
    payload: bytes


class Call:
    """
    The peers of one call, each saying the same sentence from another place on.

    :param in_turns: one at a time, the others silent: in a mix of all a single voice is not found again.
    """

    def __init__(self, index: int, kind: Kind, codec: CodecName, *, in_turns: bool) -> None:
        self.key = datagram.call_key(f"call-{index}")
        self.ways, self.codec = WAYS[kind], codec
        self.speakers = list(dict.fromkeys(way.speaker for way in self.ways))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((HOST, 0))
        self.udp.setblocking(False)
        self.port = 0
        self.said: dict[Leg, list[Timed]] = {speaker: [] for speaker in self.speakers}
        self.heard: dict[Leg, list[Timed]] = {way.ear: [] for way in self.ways}
        self._in_turns = in_turns

    def codec_of(self, leg: Leg) -> CodecName:
        return self.codec if leg == "phone" else "opus"

    def next(self, speaker: Leg) -> bytes:
        """:returns: the RTP packet of the next 20 ms."""
        codec, index = self.codec_of(speaker), self.speakers.index(speaker)
        voice, quiet = spoken(codec)
        at = len(self.said[speaker])
        speaks = not self._in_turns or at // TURN_PACKETS % len(self.speakers) == index
        payload = voice[(at + len(voice) * index // len(self.speakers)) % len(voice)] if speaks else quiet
        self.said[speaker].append(Timed(time.monotonic(), payload))
        ticks = round(CLOCK_RATES[codec] * PTIME_S)
        number = PAYLOAD_TYPES[codec] if speaker == "phone" else 111
        return build_rtp(RtpPacket(number, at, at * ticks, 7 + index, payload))

    def hear(self, ear: Leg, data: bytes) -> None:
        packet = parse_rtp(data)
        if packet is not None and ear in self.heard:
            self.heard[ear].append(Timed(time.monotonic(), packet.payload))

    def delays(self, since: float, until: float) -> list[list[Delay]]:
        """:returns: one list for each way, of what was heard between these moments, s."""
        return [self._delays(way, since, until) for way in self.ways]

    def _delays(self, way: Way, since: float, until: float) -> list[Delay]:
        said = decoded(self.said[way.speaker], self.codec_of(way.speaker))
        heard = [each for each in self.heard[way.ear] if since <= each.at < until]
        found = delays(said, decoded(heard, self.codec_of(way.ear)))
        own = filter_s(self.codec_of(way.speaker)) - filter_s(self.codec_of(way.ear))
        return [Delay(delay.at, delay.seconds + own) for delay in found]


def decoded(track: list[Timed], name: CodecName) -> list[Packet]:
    codec = sound_codec(name)
    down = resampler(codec.rate, PHONE_RATE)
    sounds = [(each.at, down(codec.decode(each.payload))) for each in track]
    return [Packet(at, sound if len(sound) == PHONE_FRAME else silence(PHONE_FRAME)) for at, sound in sounds]


def filter_s(codec: CodecName) -> float:
    return 0.0 if CLOCK_RATES[codec] == PHONE_RATE else FILTER_S


_SPOKEN: dict[CodecName, tuple[list[bytes], bytes]] = {}


def spoken(name: CodecName) -> tuple[list[bytes], bytes]:
    """:returns: the greeting of the demonstration phone, encoded once, and 20 ms of silence."""
    if name not in _SPOKEN:
        voice = greeting()
        voice = voice[: len(voice) // PHONE_FRAME * PHONE_FRAME]
        encoder = OpusEncoder(WEB_RATE) if name == "opus" else sound_codec(name)
        at_rate, step = resampler(PHONE_RATE, encoder.rate)(voice), round(encoder.rate * PTIME_S)
        starts = range(0, len(at_rate), step)
        _SPOKEN[name] = [encoder.encode(at_rate[at : at + step]) for at in starts], encoder.encode(silence(step))
    return _SPOKEN[name]


class Bridge:
    """The process under test and the peers of its calls."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, calls: list[Call]) -> None:
        self._process, self._calls = process, calls
        self._address = str(folder / "audio.sock")
        self._by_key = {call.key: call for call in calls}
        self._media = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._media.bind(str(folder / "media.sock"))
        loop = asyncio.get_running_loop()
        loop.add_reader(self._media, self._from_bridge)
        for call in calls:
            loop.add_reader(call.udp, self._from_line, call)
        self._held: list[tuple[Call, Leg, bytes]] | None = None
        self._is_lost: Callable[[], bool] = lambda: False

    def cpu_s(self) -> float:
        return cpu_s([self._process.pid])

    def delays(self, since: float = 0.0, until: float = float("inf")) -> list[list[Delay]]:
        """:returns: those of the first call, one list for each way."""
        return self._calls[0].delays(since, until)

    async def talk(self, seconds: float) -> None:
        due = time.monotonic()
        apart = PTIME_S / len(self._calls[0].speakers)
        for _ in range(round(seconds / PTIME_S)):
            for speaker in self._calls[0].speakers:
                for call in self._calls:
                    self._say(call, speaker)
                due += apart
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def stand_still(self, seconds: float) -> None:
        """Lines that then bring everything at once."""
        self._held = []
        await self.talk(seconds)
        held, self._held = self._held, None
        for each in held:
            self._send(*each)

    async def lose(self, seconds: float, is_lost: Callable[[], bool]) -> None:
        """:param is_lost: asked for each packet of each direction."""
        self._is_lost = is_lost
        await self.talk(seconds)
        self._is_lost = lambda: False

    def _say(self, call: Call, speaker: Leg) -> None:
        packet = call.next(speaker)
        if self._held is not None:
            self._held.append((call, speaker, packet))
        elif not self._is_lost():
            self._send(call, speaker, packet)

    def _send(self, call: Call, speaker: Leg, packet: bytes) -> None:
        if speaker == "phone":
            call.udp.sendto(packet, (HOST, call.port))
            return
        leg: WebLeg = speaker
        with contextlib.suppress(BlockingIOError):
            self._media.sendto(datagram.pack(datagram.Kind.AUDIO, call.key, leg, packet), self._address)

    def _from_bridge(self) -> None:
        message = datagram.unpack(self._media.recv(4096))
        if message is not None:
            self._by_key[message.call_key].hear(message.leg, message.payload)

    def _from_line(self, call: Call) -> None:
        call.hear("phone", call.udp.recv(4096))

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        for each in (self._media, *(call.udp for call in self._calls)):
            loop.remove_reader(each)
            each.close()
        self._process.terminate()
        async with asyncio.timeout(DEADLINE_S):
            await self._process.wait()


@contextlib.asynccontextmanager
async def bridged(kind: Kind, codec: CodecName, count: int = 1, *, in_turns: bool = False) -> AsyncIterator[Bridge]:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    calls = [Call(index, kind, codec, in_turns=in_turns) for index in range(count)]
    arguments = [kind, codec, str(folder), *(str(call.udp.getsockname()[1]) for call in calls)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load.phone_bridge_process", *arguments, stdout=asyncio.subprocess.PIPE
    )
    bridge = Bridge(process, folder, calls)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            ports = json.loads(await process.stdout.readline())
        for call, port in zip(calls, ports, strict=True):
            call.port = port
        yield bridge
    finally:
        await bridge.close()
        shutil.rmtree(folder, ignore_errors=True)
