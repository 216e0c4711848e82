"""
What watching costs and how soon advice comes: ``python -m benchmarks.visibility [--json] [--quick] [--media-delay]``.

A visibility worker as in service watches both pictures of some calls: real datagrams of 640×480 VP8 at 7.5 pictures a
second (``load.watched``), real decoding, real MediaPipe. A day's mix: in 30 % of the calls the signer signs, in the
others both are well framed and still; the same at 1280×720, and as H.264 without layers, of which all 30 pictures a
second come. Then all signers sign. Then pictures become
bad, each in its own way, and the time until the signer is told is taken. In the same run the plain way: every picture
of the base layer looked at, with a set of models for each leg. Shares are of one core, CPU time of the worker and its
analysis processes from ``/proc``. ``--media-delay`` instead: a media worker's calls with and without their analysis.
The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.load.bench import QUICK, Rounds, Window, bench, in_turn, medians, paired_ratio
from benchmarks.load.systems import NICE, start_workers
from benchmarks.load.usage import cpu_s, memory_mb
from benchmarks.load.watched import (
    BASE_LAYER_FPS,
    HD,
    IMPAIRED,
    VGA,
    Clip,
    Size,
    TappedCamera,
    becoming,
    well_framed,
    well_framed_h264,
)
from relay.control import ControlClient
from relay.control_messages import AnyEvent, CloseCall, VisibilityFigures, VisibilityReading, Watch
from relay.drawn.signing import Style
from relay.model import WebLeg
from relay.visibility.model_files import find_models
from signaling.rehearsal.checks import percentile

MODELS = Path(__file__).parents[1] / "var" / "models"
WORKER = """
import asyncio, sys
from pathlib import Path
from relay.visibility.config import VisibilityWorkerConfig
from relay.visibility.worker import run
folder, models = map(Path, sys.argv[1:])
asyncio.run(run(VisibilityWorkerConfig("benchmark", folder / "control", folder / "tap", models), asyncio.Event()))
"""
SIGNING: Style = "two_handed"
LISTENING: Style = "listening"
CALLS = 10  # 3 signers sign, 3 agents, and in 4 calls nobody does
READY_S = 120.0  # deadline
SETTLE_S = 12.0  # after a call begins: the first looks, and the first advice
PLAIN_PICTURES = 45
DELAY_CALLS = 6


@dataclass(frozen=True)
class Lengths:
    """:param mix_s, signing_s: of the windows. :param changes: of each impairment."""

    mix_s: float = 60.0
    signing_s: float = 30.0
    changes: int = 3


SHORT = Lengths(mix_s=20.0, signing_s=10.0, changes=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="shorter windows: some 2 minutes")
    parser.add_argument("--media-delay", action="store_true", help="instead: the delay of media, watched and not")
    options = parser.parse_args()
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # the taps' side: other work on the machine shows less, as for the worker
    if find_models(MODELS) is None:
        sys.exit("Modèles absents : ./run passerelle models / models missing: passerelle models")
    if options.media_delay:
        result = asyncio.run(media_delay(QUICK if options.quick else Rounds()))
    else:
        result = asyncio.run(measure(SHORT if options.quick else Lengths()))
    for name, value in result.items():
        print(f"{name:36} {value}")
    if options.json:
        print(json.dumps(result))


async def measure(lengths: Lengths) -> dict[str, Any]:
    signing, listening = await asyncio.to_thread(well_framed_people, VGA)
    large = await asyncio.to_thread(well_framed_people, HD)
    h264 = await asyncio.to_thread(lambda: [[well_framed_h264(*who, VGA)] for who in ((3, SIGNING), (4, LISTENING))])
    plain = await asyncio.to_thread(plain_way, signing[0], listening[0])
    async with watching() as worker:
        mix = await worker.window(mixed_calls(signing, listening), lengths.mix_s)
        mix_720p = await worker.window(mixed_calls(*large), lengths.mix_s)
        mix_h264 = await worker.window(mixed_calls(*h264), lengths.mix_s)
        busy = await worker.window(list(zip(signing * 2, listening * 2, strict=True)), lengths.signing_s)
        delays = await worker.delays(lengths.changes)
    return {
        "core_share_per_call": mix["core_share_per_call"],
        "core_share_per_call_720p": mix_720p["core_share_per_call"],
        "core_share_per_call_h264": mix_h264["core_share_per_call"],
        "core_share_while_signing": busy["core_share_per_call"],
        "plain_core_share_per_call": plain,
        "ratio_to_plain": round(mix["core_share_per_call"] / plain, 4),
        "calls_per_core": round(1 / mix["core_share_per_call"], 1),
        "advice_after_p50_s": percentile(delays, 0.5),
        "advice_after_p95_s": percentile(delays, 0.95),
        "changes": len(delays),
        "mix": mix,
        "mix_720p": mix_720p,
        "mix_h264": mix_h264,
        "signing": busy,
        "picture": f"640x480 VP8, {BASE_LAYER_FPS} pictures/s, {round(signing[0].bits_per_s / 1000)} kbit/s",
    }


def well_framed_people(size: Size) -> tuple[list[Clip], list[Clip]]:
    """:returns: of those who sign, and of those who listen."""
    signing = [well_framed(seed, SIGNING, size) for seed in (3, 5)]
    return signing, [well_framed(seed, LISTENING, size) for seed in (4, 6)]


# --- the worker


class Watched:
    """A visibility worker and what it is told and tells."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.tap = folder / "tap"
        self.pid = process.pid
        self.advice: dict[str, tuple[float, str]] = {}  # of signers by call: since when, what
        self.figures: VisibilityFigures | None = None
        self.readings = 0
        self.client = ControlClient(self._on_event, lambda: None)

    def _on_event(self, event: AnyEvent) -> None:
        if isinstance(event, VisibilityFigures):
            self.figures = event
        elif isinstance(event, VisibilityReading):
            self.readings += 1
            if event.leg == "signer" and self.advice.get(event.call_id, (0.0, ""))[1] != event.advice:
                self.advice[event.call_id] = time.monotonic(), event.advice

    @property
    def pids(self) -> list[int]:
        return [self.pid, *children(self.pid)]

    @contextlib.asynccontextmanager
    async def calls(self, pictures: list[tuple[Clip, Clip | None]]) -> AsyncIterator[list[TappedCamera]]:
        """:param pictures: of each call: the signer's, and the agent's if it is watched."""
        cameras: list[TappedCamera] = []
        names = [f"call-{random.getrandbits(40):x}" for _ in pictures]
        for name, clips in zip(names, pictures, strict=True):
            legs: tuple[WebLeg, ...] = ("signer", "agent")
            for leg, clip in zip(legs, clips, strict=True):
                if clip is not None:
                    await self.client.request(Watch(call_id=name, epoch=1, leg=leg))
                    cameras.append(TappedCamera(self.tap, name, leg, clip))
        phases = [index / len(cameras) / each.clip.fps for index, each in enumerate(cameras)]
        filming = [asyncio.create_task(each.film(phase)) for each, phase in zip(cameras, phases, strict=True)]
        try:
            yield cameras
        finally:
            for task in filming:
                task.cancel()
            await asyncio.gather(*filming, return_exceptions=True)
            for camera in cameras:
                camera.close()
            for name in names:
                await self.client.request(CloseCall(call_id=name, epoch=1))

    async def window(self, pictures: list[tuple[Clip, Clip | None]], window_s: float) -> Window:
        async with self.calls(pictures) as cameras:
            await self.until(lambda: {each.call_id for each in cameras} <= self.advice.keys())
            await asyncio.sleep(SETTLE_S)
            first = await self.next_figures()
            before, readings, began = cpu_s(self.pids), self.readings, time.monotonic()
            await asyncio.sleep(window_s)
            last = await self.next_figures()
            elapsed, used = time.monotonic() - began, cpu_s(self.pids) - before
            looks, lost = last.looks - first.looks, last.dropped - first.dropped
            sent = sum(each.clip.fps for each in cameras) * elapsed
            skipped = lost / sent  # a machine that is busy otherwise: as if nothing had been
            return {
                "core_share_per_call": round(used / elapsed / len(pictures) / (1 - skipped), 4),
                "calls": len(pictures),
                "pictures_watched": len(cameras),
                "looks_per_s_per_call": round(looks / elapsed / len(pictures), 2),
                "readings_per_s": round((self.readings - readings) / elapsed, 1),
                "signers_told_good": sum(
                    self.advice[each.call_id][1] == "good" for each in cameras if each.leg == "signer"
                ),
                "skipped_share": round(skipped, 4),
                "stretch": last.stretch,
                "memory_mb": round(memory_mb(self.pids)),
            }

    async def next_figures(self) -> VisibilityFigures:
        """As soon as the worker tells its next ones."""
        self.figures = None
        await self.until(lambda: self.figures is not None)
        assert self.figures is not None
        return self.figures

    async def delays(self, changes: int) -> list[float]:
        """:returns: s from the first bad picture to the first advice about it, of each change that was seen well."""
        clips = await asyncio.to_thread(
            lambda: [becoming(name, 10 + number) for number in range(changes) for name in IMPAIRED]
        )
        found = []
        async with self.calls([(clip, None) for clip in clips]) as cameras:
            waiting = list(cameras)
            deadline = time.monotonic() + READY_S
            while waiting and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
                for camera in list(waiting):
                    since, advice = self.advice.get(camera.call_id, (0.0, ""))
                    if (
                        camera.changed_at is not None
                        and since > camera.changed_at
                        and advice not in ("good", "not_measured")
                    ):
                        found.append(round(since - camera.changed_at, 2))
                        waiting.remove(camera)
        return sorted(found)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(READY_S):
            while not condition():  # noqa: ASYNC110 -- of several kinds
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    """A worker with models loaded."""
    with tempfile.TemporaryDirectory(prefix="psr-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(*NICE, sys.executable, "-c", WORKER, folder, str(MODELS)), stderr=asyncio.subprocess.DEVNULL
        )
        worker = Watched(Path(folder), process)
        try:
            await worker.until((Path(folder) / "control").exists)
            await worker.client.connect(Path(folder) / "control")
            yield worker
            await worker.client.close()
        finally:
            process.terminate()
            await process.wait()


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def mixed_calls(signing: list[Clip], listening: list[Clip]) -> list[tuple[Clip, Clip | None]]:
    """In 3 of 10 calls the signer signs, in the others both are well framed and still."""
    moving, still = cycle(signing), cycle(listening)
    signers = [(next(moving), next(still)) for _ in range(3)]
    return [*signers, *[(next(still), next(still)) for _ in range(CALLS - 3)]]


# --- the plain way


def plain_way(*clips: Clip) -> float:
    """Share of a core for both pictures of a call: every picture decoded in full and looked at, models of its own."""
    from relay.visibility.decoder import Decoder, to_rgb  # MediaPipe loads here alone
    from relay.visibility.depacketize import CodedFrame
    from relay.visibility.detector import Analyzer

    models = find_models(MODELS)
    assert models is not None
    share = 0.0
    for clip in clips:
        decoder, analyzer = Decoder("vp8"), Analyzer(models)
        pictures = [CodedFrame(data, 0, number == 0) for number, data in enumerate(clip.pictures[:PLAIN_PICTURES])]
        (first,) = decoder.decode(pictures[0])
        analyzer.look(to_rgb(first), 0)  # loads
        began = time.process_time()
        for number, coded in enumerate(pictures[1:], 1):
            (picture,) = decoder.decode(coded)
            analyzer.look(to_rgb(picture), round(number * 1000 / BASE_LAYER_FPS))
        share += (time.process_time() - began) / (len(pictures) - 1) * BASE_LAYER_FPS
    return round(share, 4)


# --- the media's delay


async def media_delay(plan: Rounds) -> dict[str, Any]:
    """Calls of two legs through one media worker, their signers' pictures analysed and not, in turn."""
    async with bench() as run, watching() as watcher:
        relay = run.add(await start_workers(run.folder))
        await run.open(relay, DELAY_CALLS)
        for number in range(DELAY_CALLS):
            await watcher.client.request(Watch(call_id=f"load-{number}", epoch=1))

        async def with_analysis() -> Window:
            await run.tap(relay, watcher.tap)
            return await run.window(relay, plan.warm_s, plan.window_s)

        async def without() -> Window:
            await run.tap(relay, None)
            return await run.window(relay, plan.warm_s, plan.window_s)

        windows = await in_turn({"on": with_analysis, "off": without}, plan)
        readings, figures = watcher.readings, await watcher.next_figures()
    on, off = medians(windows["on"]), medians(windows["off"])
    return {
        "media_delay_p50_ms_with_analysis": on["delay_p50_ms"],
        "media_delay_p50_ms_without": off["delay_p50_ms"],
        "media_delay_p50_ratio": paired_ratio(windows["on"], windows["off"], "delay_p50_ms"),
        "media_delay_p99_ms_with_analysis": on["delay_p99_ms"],
        "media_delay_p99_ms_without": off["delay_p99_ms"],
        "lost_packets_with_analysis": on["lost_packets"],
        "lost_packets_without": off["lost_packets"],
        "calls": DELAY_CALLS,
        "looks": figures.looks,
        "readings": readings,
    }


if __name__ == "__main__":
    main()
