"""A run's relays and its load generator, started and ended together; windows in turn, medians at the end."""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load.systems import NICE, Relay, kept_on

ANSWER_DEADLINE_S = 180.0
Window = dict[str, Any]


@dataclass(frozen=True)
class Rounds:
    """
    :param warm_s: sending before a window begins. :param spare: rounds more, at most, when others were noisy.
    :param quiet_below: of a core, used by what is neither relay nor generator.
    """

    rounds: int = 5
    spare: int = 5
    warm_s: float = 2.0
    window_s: float = 6.0
    quiet_below: float = 0.3


QUICK = Rounds(rounds=3, spare=1, warm_s=1.0, window_s=4.0)


class Bench:
    """:param folder: the run's own; goes with it. :param media: what one leg sends, as the generator made it."""

    def __init__(self, folder: Path, generator: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.media: dict[str, int] = {}
        self.generator_pid = generator.pid
        self._generator = generator
        self._relays: list[Relay] = []

    def add(self, relay: Relay) -> Relay:
        self._relays.append(relay)
        return relay

    async def open(self, relay: Relay, calls: int) -> Window:
        """Add calls to a relay."""
        return await self._ask(
            do="open", relay=relay.name, kind=relay.kind, endpoints=list(relay.endpoints), calls=calls
        )

    async def window(self, relay: Relay, warm_s: float, window_s: float, *, keep_on: bool = False) -> Window:
        """All calls of the relay send, and go on if told; what it cost and what came through."""
        times = {"warm_s": warm_s, "window_s": window_s, "keep_on": keep_on}
        return await self._ask(do="window", relay=relay.name, pids=relay.pids, **times)

    def taking(self, relay: Relay, plan: Rounds) -> Callable[[], Awaitable[Window]]:
        """For :func:`in_turn`."""
        return lambda: self.window(relay, plan.warm_s, plan.window_s)

    async def tap(self, relay: Relay, path: Path | None) -> None:
        await self._ask(do="tap", relay=relay.name, path=str(path) if path is not None else None)

    async def end(self, relay: Relay) -> None:
        await self._ask(do="forget", relay=relay.name)
        await relay.stop()
        self._relays.remove(relay)

    async def close(self) -> None:
        if self._generator.stdin is not None:
            self._generator.stdin.close()
        for relay in self._relays:
            await relay.stop()
        try:
            async with asyncio.timeout(10):
                await self._generator.wait()
        except TimeoutError:
            self._generator.kill()
            await self._generator.wait()

    async def read(self) -> Window:
        """:raises RuntimeError: the generator says so, or is gone."""
        assert self._generator.stdout is not None
        async with asyncio.timeout(ANSWER_DEADLINE_S):
            line = await self._generator.stdout.readline()
        answer: Window = json.loads(line) if line else {"error": "the load generator ended"}
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    async def _ask(self, **command: Any) -> Window:
        assert self._generator.stdin is not None
        self._generator.stdin.write(json.dumps(command).encode() + b"\n")
        return await self.read()


@contextlib.asynccontextmanager
async def bench(cpus: Sequence[int] = ()) -> AsyncIterator[Bench]:
    """:param cpus: where the generator may run. :raises RuntimeError: the generator cannot be built."""
    with tempfile.TemporaryDirectory(prefix="psr-") as folder:
        generator = await asyncio.create_subprocess_exec(
            *(*NICE, *kept_on(cpus), sys.executable, "-m", "benchmarks.load.generator"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        run = Bench(Path(folder), generator)
        try:
            run.media = await run.read()
            yield run
        finally:
            await run.close()


async def in_turn(cases: Mapping[str, Callable[[], Awaitable[Window]]], plan: Rounds) -> dict[str, list[Window]]:
    """
    A window of each case, again and again; rounds in which the machine was busy with other things are replaced.

    :returns: each case's windows of the quietest ``plan.rounds`` rounds, in the same order.
    """
    rounds: list[dict[str, Window]] = []
    while len(rounds) < plan.rounds + plan.spare:
        rounds.append({name: await take() for name, take in cases.items()})
        if sum(_noise(each) < plan.quiet_below for each in rounds) >= plan.rounds:
            break
    quietest = sorted(rounds, key=_noise)[: plan.rounds]
    return {name: [each[name] for each in quietest] for name in cases}


def _noise(windows: Mapping[str, Window]) -> float:
    return max(float(each["other_cpu_share"]) for each in windows.values())


def paired_ratio(above: Sequence[Window], below: Sequence[Window], key: str) -> float | None:
    """The median of the ratios within each round, which had the same noise above and below; None without values."""
    pairs = [(one[key], other[key]) for one, other in zip(above, below, strict=True)]
    ratios = [one / other for one, other in pairs if one is not None and other]
    return round(median(ratios), 3) if ratios else None


def medians(windows: Sequence[Window]) -> Window:
    """Of each number; losses are summed up."""
    keys = [key for key, value in windows[0].items() if isinstance(value, int | float) or value is None]
    out: Window = {}
    for key in keys:
        values = [each[key] for each in windows if each[key] is not None]
        out[key] = None if not values else sum(values) if key == "lost_packets" else round(median(values), 5)
    return out
