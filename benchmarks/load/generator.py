"""
The load generator's process: ``python -m benchmarks.load.generator``, told what to do in JSON lines.

``{"do": "open", "relay": name, "kind": …, "endpoints": […], "calls": n}`` adds calls to what a relay already has;
``window`` lets all calls of one relay send for a while and answers what came through and what it cost; ``tap`` and
``forget`` as they say. One line is answered by one line, ``{"error": text}`` when it failed. Ends with its input.
"""

import asyncio
import gc
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load.media import make_media
from benchmarks.load.native import Reading, Traffic, build
from benchmarks.load.peers import LoadPeer, prepare_aiortc
from benchmarks.load.pictures import picture_delays_ms
from benchmarks.load.signalling import Signalling, signalling
from benchmarks.load.usage import cpu_s, machine_busy_s, memory_mb

GRACE_S = 0.3  # after the window, for what is still on its way
PERCENTILES = (50, 95, 99)


class Generator:
    def __init__(self, library: Path) -> None:
        ours, natives = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        self._slow, self._natives = ours, natives
        self.media = make_media()
        self._traffic = Traffic(library, natives.fileno(), self.media)
        self._relays: dict[str, Signalling] = {}
        self._groups: dict[str, int] = {}
        self._peers: list[LoadPeer] = []
        self._calls: dict[str, int] = {}
        asyncio.get_running_loop().add_reader(ours.fileno(), self._receive_slow)

    async def open(self, relay: str, kind: str, endpoints: list[str], calls: int) -> dict[str, Any]:
        if relay not in self._relays:
            self._relays[relay], self._groups[relay], self._calls[relay] = (
                signalling(kind, endpoints),
                len(self._groups),
                0,
            )
        began = time.monotonic()
        for _ in range(calls):
            for peer in await self._relays[relay].call(self._calls[relay]):
                number = self._traffic.add(peer.hand_over(self._groups[relay], stamped=kind != "plain"))
                assert number == len(self._peers)
                self._peers.append(peer)
            self._calls[relay] += 1
        gc.collect()
        gc.freeze()  # so that our own collector does not stop what answers STUN
        return {
            "calls": self._calls[relay],
            "setup_s": round(time.monotonic() - began, 2),
            "srtp_profile": self._peers[-1].srtp_profile,
        }

    async def window(
        self, relay: str, pids: list[int], warm_s: float, window_s: float, keep_on: bool
    ) -> dict[str, Any]:
        group = self._groups[relay]
        self._traffic.send(group, on=True)
        await asyncio.sleep(warm_s)
        length_ns = int(window_s * 1e9)
        begin_ns = self._traffic.window(length_ns)
        before = _usage(pids)
        await asyncio.sleep(window_s)
        after = _usage(pids)
        await asyncio.sleep(GRACE_S)
        reading = self._traffic.read()
        if not keep_on:
            self._traffic.send(group, on=False)
        elapsed, used, own, machine = (late - early for late, early in zip(after, before, strict=True))
        calls = self._calls[relay]
        result: dict[str, Any] = {
            "relay": relay,
            "calls": calls,
            "cpu_share": round(used / elapsed, 4),
            "cpu_share_per_call": round(used / elapsed / calls, 5),
            "generator_cpu_share": round(own / elapsed, 3),
            "other_cpu_share": round(max(0.0, machine - used - own) / elapsed, 3),
            "memory_mb": round(memory_mb(pids), 1),
            "sent_share": round(reading.counters["sent"] / (window_s * calls * 2 * self.media.packets_per_s), 3),
            "lost_packets": reading.counters["sent"] - reading.counters["received"],
            "us_per_packet": _us_per_packet(used, reading.counters["received"]),
        }
        return result | _delays(reading, begin_ns, begin_ns + length_ns) | {"counters": reading.counters}

    async def tap(self, relay: str, path: str | None) -> dict[str, Any]:
        await self._relays[relay].tap(path)
        return {}

    async def forget(self, relay: str) -> dict[str, Any]:
        """Its relay is about to end."""
        self._traffic.forget(self._groups[relay])
        await self._relays[relay].close()
        return {}

    def close(self) -> None:
        self._traffic.stop()

    def _receive_slow(self) -> None:
        for _ in range(64):
            try:
                message = self._slow.recv(4096)
            except BlockingIOError:
                return
            self._peers[int.from_bytes(message[:4], sys.byteorder)].receive(message[4:])


def _us_per_packet(used_s: float, packets: int) -> float | None:
    return round(used_s * 1e6 / packets, 1) if packets else None


def _usage(pids: list[int]) -> tuple[float, float, float, float]:
    """Seconds: now, used by ``pids``, by this process, by the machine."""
    return time.monotonic(), cpu_s(pids), cpu_s([os.getpid()]), machine_busy_s()


def _delays(reading: Reading, begin_ns: int, end_ns: int) -> dict[str, Any]:
    """Of packets, or of whole pictures where they are re-encoded."""
    delays = reading.delays_ms if len(reading.delays_ms) else picture_delays_ms(reading.pictures, begin_ns, end_ns)
    if not len(delays):
        return {f"delay_p{each}_ms": None for each in PERCENTILES}
    return {f"delay_p{each}_ms": round(float(np.percentile(delays, each)), 3) for each in PERCENTILES}


async def main() -> None:
    prepare_aiortc()
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with tempfile.TemporaryDirectory(prefix="psr-") as folder:
        try:
            generator = Generator(build(Path(folder)))
        except RuntimeError as error:
            print(json.dumps({"error": str(error)}), flush=True)
            return
    media = generator.media
    print(json.dumps({"video_bps": round(media.video_bps), "packets_per_s_per_call": round(2 * media.packets_per_s)}))
    sys.stdout.flush()
    actions = {each.__name__: each for each in (generator.open, generator.window, generator.tap, generator.forget)}
    while line := await lines.readline():
        command = json.loads(line)
        try:
            answer = await actions[command.pop("do")](**command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    generator.close()


if __name__ == "__main__":
    asyncio.run(main())
    os._exit(0)  # the peers' farewells would take a second each
