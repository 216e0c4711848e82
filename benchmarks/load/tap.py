"""What the tap costs: the media worker with and without it, and the decoding as the visibility worker does it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.load.bench import Bench, Rounds, Window, in_turn, medians, paired_ratio
from benchmarks.load.media import FPS, LAYERS, coded_pictures
from benchmarks.load.systems import Relay
from relay.visibility.decoder import Decoder, to_rgb
from relay.visibility.depacketize import CodedFrame

SOCKET = "tap.sock"
BASE_LAYER_FPS = FPS / len(LAYERS)
RECEIVE_LIMIT = 65_536  # bytes


async def compare_tap(run: Bench, worker: Relay, plan: Rounds) -> Window:
    """Every call's signer watched, in turn with nobody watched."""
    with _reader(run.folder / SOCKET) as counts:

        async def tapped() -> Window:
            await run.tap(worker, run.folder / SOCKET)
            before = counts[0]
            window = await run.window(worker, plan.warm_s, plan.window_s)
            return window | {"datagrams": counts[0] - before}

        async def untapped() -> Window:
            await run.tap(worker, None)
            return await run.window(worker, plan.warm_s, plan.window_s)

        windows = await in_turn({"with": tapped, "without": untapped}, plan)
        await run.tap(worker, None)
    above, below = (medians(windows[name]) for name in ("with", "without"))
    return {
        "tap_cpu_share_per_call": round(above["cpu_share_per_call"] - below["cpu_share_per_call"], 5),
        "tap_delay_ratio": paired_ratio(windows["with"], windows["without"], "delay_p50_ms"),
        "tap_delay_p99_ratio": paired_ratio(windows["with"], windows["without"], "delay_p99_ms"),
        "tap_datagrams_per_s_per_call": round(above["datagrams"] / (plan.warm_s + plan.window_s) / above["calls"], 1),
        "tap_decode_cpu_share_per_call": await asyncio.to_thread(decode_share),
    }


def decode_share() -> float:
    """Share of a core that decoding and scaling one watched leg's base layer takes, without any analysis."""
    frames = [CodedFrame(data, 0, number == 0) for number, data in enumerate(coded_pictures()[:: len(LAYERS)])]
    decoder = Decoder("vp8")
    began = time.thread_time()
    for frame in frames:
        (picture,) = decoder.decode(frame)
        to_rgb(picture)
    return round((time.thread_time() - began) / len(frames) * BASE_LAYER_FPS, 5)


@contextlib.contextmanager
def _reader(path: Path) -> Iterator[list[int]]:
    """In place of a visibility worker: takes what comes and counts it."""
    counts = [0]
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(str(path))

        def readable() -> None:
            with contextlib.suppress(BlockingIOError):
                while listening.recv(RECEIVE_LIMIT):
                    counts[0] += 1

        loop.add_reader(listening.fileno(), readable)
        try:
            yield counts
        finally:
            loop.remove_reader(listening.fileno())
