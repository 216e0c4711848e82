"""
The bridge between a page's sound and a telephone: ``python -m benchmarks.phone_bridge [--json] [--quick]``.

Ours as the phone worker has it, against the plain way (aiortc's jitter buffer as a receiver sets it,
``av.AudioResampler``, aiortc's codecs), over the same sockets in one run. The peers run in this process and are not
counted. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.load.phone_bridge_process import HOST, PAYLOAD_TYPES
from benchmarks.load.phone_sound import Delay, Packet, delays, recovery_s
from benchmarks.load.usage import cpu_s
from relay import datagram
from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, PTIME_S, WEB_FRAME, WEB_RATE, resampler, silence
from relay.phone.codecs import SoundCodec, sound_codec
from relay.phone.demo_sound import greeting
from relay.phone.opus import OpusEncoder
from relay.phone.rtp_packets import RtpPacket, build_rtp, parse_rtp
from relay.phone.sdp import CLOCK_RATES, CodecName

WAYS: tuple[tuple[str, str, CodecName], ...] = (
    ("", "ours", "PCMA"),
    ("plain_", "plain", "PCMA"),
    ("opus_passthrough_", "ours", "opus"),
)
CPU_CALLS = 8
BURST_PACKETS = 10  # 200 ms
DEADLINE_S = 30.0
FILTER_S = 0.00074  # of relay.audio.Downsampler from 48 to 8 kHz


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="one short round instead of three long ones")
    options = parser.parse_args()
    rounds, seconds = (1, 10.0) if options.quick else (3, 30.0)
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # bridge and peers alike: a busy machine's scheduling is not what is measured
    result = asyncio.run(measure(rounds, seconds))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:44} {value}")


async def measure(rounds: int, seconds: float) -> dict[str, object]:
    result: dict[str, object] = {"rounds": rounds, "seconds": seconds, "calls": CPU_CALLS}
    for prefix, kind, codec in WAYS:
        runs = [await one_round(kind, codec, seconds) for _ in range(rounds)]
        for name in runs[0]:
            values = [run[name] for run in runs]
            known = [value for value in values if value is not None]
            result[prefix + name] = round(median(known), 4) if len(known) == len(values) else None
    return result


async def one_round(kind: str, codec: CodecName, seconds: float) -> dict[str, float | None]:
    async with bridged(kind, codec, 1) as bridge:
        await bridge.talk(seconds)
        quiet = bridge.delays()
    async with bridged(kind, codec, 1) as bridge:
        await bridge.talk(4.0)
        burst_at = await bridge.burst()
        await bridge.talk(6.0)
        disturbed = bridge.delays()
    async with bridged(kind, codec, CPU_CALLS) as bridge:
        await bridge.talk(1.0)
        before, began = bridge.cpu_s(), time.monotonic()
        await bridge.talk(seconds / 2)
        share = (bridge.cpu_s() - before) / (time.monotonic() - began) / CPU_CALLS
    both = [milliseconds(found) for found in quiet]
    recovered = [recovery_s(found, burst_at) for found in disturbed]
    return {
        "added_delay_p50_ms": max(median(found) for found in both),
        "added_delay_p99_ms": max(float(np.percentile(found, 99)) for found in both),
        "added_delay_to_phone_p50_ms": median(both[0]),
        "added_delay_from_phone_p50_ms": median(both[1]),
        "delay_growth_ms": max(growth_ms(found) for found in both),
        "recovery_after_burst_s": max((each for each in recovered if each is not None), default=None)
        if None not in recovered
        else None,
        "cpu_share_per_call": share,
    }


def milliseconds(found: list[Delay]) -> list[float]:
    return [delay.seconds * 1000 for delay in found[len(found) // 10 :]]


def growth_ms(found: list[float]) -> float:
    fifth = max(1, len(found) // 5)
    return median(found[-fifth:]) - median(found[:fifth])


@dataclass
class Way:
    """One direction of one call: what went in and what came out."""

    decode_sent: "Narrow"
    decode_received: "Narrow"
    sent: list[Packet] = field(default_factory=list)
    received: list[tuple[float, bytes]] = field(default_factory=list)

    def delays(self) -> list[Delay]:
        received = [Packet(at, self.decode_received(payload)) for at, payload in self.received]
        own = self.decode_sent.delay_s - self.decode_received.delay_s
        return [Delay(delay.at, delay.seconds + own) for delay in delays(self.sent, received)]


class Narrow:
    """Decodes to 8 kHz. ``delay_s`` is of its filter, which is none of the bridge's."""

    def __init__(self, codec: SoundCodec) -> None:
        self._codec = codec
        self._down = resampler(codec.rate, PHONE_RATE)
        self.delay_s = 0.0 if codec.rate == PHONE_RATE else FILTER_S

    def __call__(self, payload: bytes) -> PCM:
        sound = self._down(self._codec.decode(payload))
        return sound if len(sound) == PHONE_FRAME else silence(PHONE_FRAME)


class Call:
    """The two peers of one call, saying the same sentence, half of it apart."""

    def __init__(self, index: int, codec: CodecName) -> None:
        self.key = datagram.call_key(f"call-{index}")
        self.codec, self.phone_codec = codec, sound_codec(codec)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((HOST, 0))
        self.udp.setblocking(False)
        self.port = 0
        self.at = 0
        self.to_phone = Way(Narrow(sound_codec("opus")), Narrow(sound_codec(codec)))
        self.from_phone = Way(Narrow(sound_codec(codec)), Narrow(sound_codec("opus")))
        self._spoken = spoken(codec)

    def payloads(self) -> tuple[bytes, bytes]:
        """:returns: the next 20 ms of the page and of the telephone."""
        web, phone = self._spoken
        self.at += 1
        return web[self.at % len(web)], phone[(self.at + len(phone) // 2) % len(phone)]


_SPOKEN: dict[CodecName, tuple[list[bytes], list[bytes]]] = {}


def spoken(codec: CodecName) -> tuple[list[bytes], list[bytes]]:
    """The greeting of the demonstration phone, encoded once."""
    if codec not in _SPOKEN:
        voice = greeting()
        voice = voice[: len(voice) // PHONE_FRAME * PHONE_FRAME]
        wide, encoder, phone = resampler(PHONE_RATE, WEB_RATE)(voice), OpusEncoder(), sound_codec(codec)
        at_rate = resampler(PHONE_RATE, phone.rate)(voice)
        step = round(phone.rate * PTIME_S)
        _SPOKEN[codec] = (
            [encoder.encode(wide[start : start + WEB_FRAME]) for start in range(0, len(wide), WEB_FRAME)],
            [phone.encode(at_rate[start : start + step]) for start in range(0, len(at_rate), step)],
        )
    return _SPOKEN[codec]


class Bridge:
    """The process under test and the peers of its calls."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, calls: list[Call]) -> None:
        self._process, self._calls = process, calls
        self._address = str(folder / "audio.sock")
        self._by_key = {call.key: call for call in calls}
        self.media = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.media.bind(str(folder / "media.sock"))
        loop = asyncio.get_running_loop()
        loop.add_reader(self.media, self._from_bridge)
        for call in calls:
            loop.add_reader(call.udp, self._from_line, call)
        self._held: list[tuple[Call, bytes, bytes]] | None = None

    def cpu_s(self) -> float:
        return cpu_s([self._process.pid])

    async def talk(self, seconds: float) -> None:
        due = time.monotonic()
        for _ in range(round(seconds / PTIME_S)):
            self.say()
            due += PTIME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def delays(self) -> tuple[list[Delay], list[Delay]]:
        """:returns: those of the first call since the beginning, to the phone and from it. To be asked once."""
        first = self._calls[0]
        return first.to_phone.delays(), first.from_phone.delays()

    async def burst(self) -> float:
        """Lines that stand still for 200 ms and then bring everything at once. :returns: when that was, s."""
        self._held = []
        for _ in range(BURST_PACKETS):
            self.say()
            await asyncio.sleep(PTIME_S)
        held, self._held = self._held, None
        for call, web, phone in held:
            self._send(call, web, phone)
        return time.monotonic()

    def say(self) -> None:
        for call in self._calls:
            web, phone = call.payloads()
            web_packet = build_rtp(RtpPacket(111, call.at, call.at * WEB_FRAME, 7, web))
            ticks = round(CLOCK_RATES[call.codec] * PTIME_S)
            phone_packet = build_rtp(RtpPacket(PAYLOAD_TYPES[call.codec], call.at, call.at * ticks, 8, phone))
            now = time.monotonic()
            if call is self._calls[0]:
                call.to_phone.sent.append(Packet(now, call.to_phone.decode_sent(web)))
                call.from_phone.sent.append(Packet(now, call.from_phone.decode_sent(phone)))
            if self._held is not None:
                self._held.append((call, web_packet, phone_packet))
            else:
                self._send(call, web_packet, phone_packet)

    def _send(self, call: Call, web: bytes, phone: bytes) -> None:
        message = datagram.pack(datagram.Kind.AUDIO, call.key, "agent", web)
        with contextlib.suppress(BlockingIOError):
            self.media.sendto(message, self._address)
        call.udp.sendto(phone, (HOST, call.port))

    def _from_bridge(self) -> None:
        message = datagram.unpack(self.media.recv(4096))
        if message is not None:
            self._keep(self._by_key[message.call_key].from_phone, message.payload)

    def _from_line(self, call: Call) -> None:
        self._keep(call.to_phone, call.udp.recv(4096))

    @staticmethod
    def _keep(way: Way, data: bytes) -> None:
        packet = parse_rtp(data)
        if packet is not None:
            way.received.append((time.monotonic(), packet.payload))

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        for each in (self.media, *(call.udp for call in self._calls)):
            loop.remove_reader(each)
            each.close()
        self._process.terminate()
        async with asyncio.timeout(DEADLINE_S):
            await self._process.wait()


@contextlib.asynccontextmanager
async def bridged(kind: str, codec: CodecName, count: int) -> AsyncIterator[Bridge]:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    calls = [Call(index, codec) for index in range(count)]
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


if __name__ == "__main__":
    main()
