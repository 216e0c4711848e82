"""
How fast requests and interpreters are brought together, and what it costs beside simpler queues on the same Redis.

``python -m benchmarks.assignment [--json] [--quick]``

One process with the queue as signaling runs it (``InterpreterQueue`` with its dispatcher); a real Redis with an
append-only file is another process. N interpreters serve eight kinds of requests, of which M wait.

- ``assignments_per_s_…``: all N come free at once (their calls are released), until all N are alerted again; their
  accepting is between two such waves, and not counted. ``cpu_ms_per_assignment_…`` is this process's part of it.
- ``free_to_alerting_…_ms``: interpreters come free one by one, at a tenth of that rate: from giving the command that
  frees one until this process hears of the next alert.
- (a) list and pop: those who wait are a list; an interpreter who is free pops the next one and notes it. No skills, no
  priorities, nothing kept when a process dies: the floor. Up to 80 clients at once, as for ours.
- (b) one sorted set scanned by the caller: an interpreter who is free reads the next 50 of the line, takes the first
  whose language fits by ``ZREM``, else reads on.

The three take turns on one Redis. Rates are medians over the turns; ``ratio_to_…`` is the median of seconds per
assignment of ours to those of the other within a turn.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import Agent, Alerting, Assignment, Request, Target
from signaling import collector
from signaling.rehearsal.checks import percentile
from tests.helpers.redis_server import redis_server

T = TypeVar("T")
CLIENTS = 80  # commands under way at once; a client of redis-py holds 100 connections
ROUNDS = 9
SCANNED = 200  # of the slowest, in one turn
SINGLE = 300  # who come free one by one
DEADLINE_S = 300.0
LANGUAGES = ("lsf", "asl", "bsl", "is")
SIZES = ((10, 1_000), (10, 100_000), (1_000, 10_000), (1_000, 100_000), (10_000, 10_000), (10_000, 100_000))
QUICK = (1_000, 10_000)
CONFIG = QueueConfig(
    command_deadline_s=60,
    alert_s=3_600,
    agent_lease_s=3_600,
    owner_lease_s=7_200,
    max_waiting=10**6,
    events_bound=10**6,
    feed_length=20_000,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="1 000 interpreters and 10 000 requests only")
    options = parser.parse_args()
    result = asyncio.run(measure([QUICK] if options.quick else SIZES))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:44} {value}")


async def measure(sizes: Iterable[tuple[int, int]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for agents, requests in sizes:
        async with redis_server() as server, server.client() as redis:
            rounds, waits_s = await compare(redis, agents, requests)
        found = figures(rounds, waits_s)
        result |= {f"{name}_{agents}x{requests}": value for name, value in found.items()}
        if (agents, requests) == QUICK:
            result |= {name: found[name] for name in ("free_to_alerting_p50_ms", "free_to_alerting_p99_ms")}
            result["ratio_to_list_and_pop"] = found["ratio_to_list_and_pop"]
        print(f"{agents} x {requests}: {found['assignments_per_s']} assignments/s", file=sys.stderr)
    return result | {"load_average_1min": round(os.getloadavg()[0], 1)}


@dataclass(frozen=True)
class Run:
    """:param cpu_s: of this process, while it counted."""

    count: int
    elapsed_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.count / self.elapsed_s


@dataclass(frozen=True)
class Round:
    ours: Run
    popped: Run
    scanned: Run


def figures(rounds: list[Round], waits_s: list[float]) -> dict[str, float | None]:
    return {
        "assignments_per_s": round(median(one.ours.per_s for one in rounds)),
        "cpu_ms_per_assignment": round(median(one.ours.cpu_s / one.ours.count * 1000 for one in rounds), 3),
        "free_to_alerting_p50_ms": _ms(waits_s, 0.5),
        "free_to_alerting_p99_ms": _ms(waits_s, 0.99),
        "list_and_pop_per_s": round(median(one.popped.per_s for one in rounds)),
        "sorted_set_per_s": round(median(one.scanned.per_s for one in rounds)),
        "ratio_to_list_and_pop": round(median(one.popped.per_s / one.ours.per_s for one in rounds), 2),
        "ratio_to_sorted_set": round(median(one.scanned.per_s / one.ours.per_s for one in rounds), 2),
    }


def _ms(values_s: list[float], share: float) -> float | None:
    found = percentile(values_s, share)
    return round(found * 1000, 2) if found is not None else None


async def compare(redis: "Redis", agents: int, requests: int) -> tuple[list[Round], list[float]]:
    """:returns: the turns, and seconds from free to alerting."""
    collector.calm()  # as signaling does
    queue = InterpreterQueue(redis, CONFIG, "benchmark")
    await queue.start()
    floor, peers = Floor(queue), Peers(redis)
    listening = asyncio.create_task(floor.listen())
    await side_by_side(range(agents), lambda number: queue.sign_in(agent(number)))
    await side_by_side(range(agents + requests + SINGLE), lambda number: queue.enqueue(request(number)))
    await peers.fill(requests)
    await side_by_side(range(agents), lambda number: queue.set_presence(f"a{number}", "available"))
    floor.engaged = await floor.all_alerted(agents)
    await side_by_side(floor.engaged, floor.accept)
    rounds: list[Round] = []
    waves, width = max(1, min(500, requests // 20) // agents), min(agents, CLIENTS)
    while not rounds or (len(rounds) < ROUNDS and (len(rounds) + 1) * waves * agents <= requests // 2):
        ours = await floor.waves(waves)
        popped = await timed(ours.count, side_by_side(names(ours.count, agents), peers.pop, width))
        some = min(ours.count, SCANNED)
        rounds.append(Round(ours, popped, await timed(some, side_by_side(names(some, agents), peers.scan, width))))
    waits_s = await floor.one_by_one(10 / median(one.ours.per_s for one in rounds))
    await queue.close()
    await listening
    return rounds, waits_s


async def timed(count: int, work: Awaitable[object]) -> Run:
    began, cpu = time.perf_counter(), time.process_time()
    await work
    return Run(count, time.perf_counter() - began, time.process_time() - cpu)


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[object]], width: int = CLIENTS) -> None:
    waiting = iter(items)

    async def client() -> None:
        for item in waiting:
            await work(item)

    await asyncio.gather(*(client() for _ in range(width)))


# Ours


def request(number: int) -> Request:
    """Of eight kinds: four languages, and half of them would like a woman."""
    target = Target(trades=("interpreter",), skills={LANGUAGES[number % 4]: 3})
    return Request(call_id=f"c{number}", targets=(target,), preferred={"gender:f": 5} if number % 8 < 4 else {})


def agent(number: int) -> Agent:
    """Two languages each."""
    skills = {LANGUAGES[number % 4]: 5, LANGUAGES[(number + 1) % 4]: 4, f"gender:{'fm'[number % 2]}": 5}
    return Agent(agent_id=f"a{number}", trades=frozenset({"interpreter"}), skills=skills)


def names(count: int, agents: int) -> Iterable[str]:
    return (f"a{number % agents}" for number in range(count))


class Floor:
    """Interpreters who are alerted, accept, and come free when they are told to. ``engaged``: who serves."""

    def __init__(self, queue: InterpreterQueue) -> None:
        self._queue = queue
        self._heard = queue.events()
        self._freed_at: dict[str, float] = {}
        self._waits_s: list[float] = []
        self._alerted: asyncio.Queue[Assignment] = asyncio.Queue()
        self.engaged: list[Assignment] = []

    async def listen(self) -> None:
        async for event in self._heard:
            if isinstance(event, Alerting):
                freed_at = self._freed_at.pop(event.assignment.agent_id, None)
                if freed_at is not None:
                    self._waits_s.append(time.perf_counter() - freed_at)
                self._alerted.put_nowait(event.assignment)

    async def all_alerted(self, count: int) -> list[Assignment]:
        async with asyncio.timeout(DEADLINE_S):
            return [await self._alerted.get() for _ in range(count)]

    async def accept(self, assignment: Assignment) -> None:
        assert await self._queue.accept(assignment.agent_id, assignment.assignment_id) == assignment

    async def free(self, assignment: Assignment) -> None:
        self._freed_at[assignment.agent_id] = time.perf_counter()
        await self._queue.release(assignment.agent_id, assignment.call_id, wrap_up=False)

    async def waves(self, count: int) -> Run:
        """All come free at once and are alerted again, so many times."""
        runs = [await self._wave() for _ in range(count)]
        return Run(sum(run.count for run in runs), sum(run.elapsed_s for run in runs), sum(run.cpu_s for run in runs))

    async def _wave(self) -> Run:
        async def from_free_to_alerting() -> None:
            await side_by_side(self.engaged, self.free)
            self.engaged = await self.all_alerted(len(self.engaged))

        run = await timed(len(self.engaged), from_free_to_alerting())
        await side_by_side(self.engaged, self.accept)
        return run

    async def one_by_one(self, gap_s: float) -> list[float]:
        """:returns: seconds from free to alerting, one at a time: nothing but the queue itself is waited for."""
        self._freed_at.clear()
        self._waits_s.clear()
        for number in range(SINGLE):
            place = number % len(self.engaged)
            await self.free(self.engaged[place])
            self.engaged[place] = (await self.all_alerted(1))[0]
            await self.accept(self.engaged[place])
            await asyncio.sleep(gap_s)
        return self._waits_s


# The others


class Peers:
    def __init__(self, redis: "Redis") -> None:
        self._redis: Any = redis

    async def fill(self, requests: int) -> None:
        for start in range(0, requests, 1_000):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for number in range(start, min(requests, start + 1_000)):
                    pipeline.rpush("list", f"c{number}")
                    pipeline.zadd("sorted", {f"{LANGUAGES[number % 4]} c{number}": number})
                await pipeline.execute()

    async def pop(self, agent_id: str) -> None:
        await self._redis.hset("assigned", agent_id, await self._redis.lpop("list") or "")

    async def scan(self, agent_id: str) -> None:
        mine, start = agent(int(agent_id[1:])).skills, 0
        while rows := await self._redis.zrange("sorted", start, start + 49):
            for row in rows:
                if row.decode().split(" ")[0] in mine and await self._redis.zrem("sorted", row):
                    await self._redis.hset("assigned", agent_id, row)
                    return
            start += 50


if __name__ == "__main__":
    main()
