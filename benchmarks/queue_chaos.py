"""
Processes of the queue, and its Redis, killed at random: is a request lost, is anybody served twice, is anybody stuck?

``python -m benchmarks.queue_chaos [--json] [--quick] [--minutes 10] [--seed N]``  (``make chaos-queue``)

Three processes, each with its dispatcher, its callers and its interpreters, over one Redis with an append-only file.
Every second or so one of the three is killed with SIGKILL and started again, every tenth time Redis. This process is
never killed: it takes over the calls of the dead as signaling does, hears every event, and waits until nobody else
waits. Exit status 1 when a promise was broken.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import QueueError
from interpreter_queue.model import (
    IN_CALL,
    Agent,
    AlertEnded,
    Alerting,
    Assigned,
    Assignment,
    Event,
    Queued,
    Released,
    Request,
    Resynced,
    Target,
)
from relay.redis_client import connect
from tests.helpers.redis_server import RedisServer, redis_server

WORKERS, AGENTS = 3, 4
CALL_EVERY_S, CALL_S = 0.05, 0.1
BEAT_S = 0.5
DRAIN_S = 90.0
CONFIG = QueueConfig(agent_lease_s=4.0, owner_lease_s=20.0, alert_s=8.0, command_deadline_s=3.0, max_waiting=10**6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", nargs=2, metavar=("URL", "NAME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        url, name = options.worker
        asyncio.run(work(url, name, random.Random(options.seed)))
        return
    told = asyncio.run(chaos(60 * (1.0 if options.quick else options.minutes), random.Random(options.seed)))
    print(json.dumps(told) if options.json else "\n".join(f"{name:24} {value}" for name, value in told.items()))
    sys.exit(1 if told["lost"] or told["broken"] or told["stuck"] else 0)


async def chaos(seconds: float, chance: random.Random) -> dict[str, object]:
    """:returns: figures; ``lost``, ``broken`` and ``stuck`` are to be 0."""
    async with redis_server() as server, connect(server.url) as redis:
        watcher = Watcher(InterpreterQueue(redis, CONFIG, "watcher"))
        await watcher.start()
        workers = [Worker(server, f"w{number}", watcher) for number in range(WORKERS)]
        for worker in workers:
            await worker.start(chance.random())
        kills = await kill_at_random(server, workers, watcher, seconds, chance)
        for worker in workers:
            await worker.stop_calling()
        stuck = await watcher.drained()
        for worker in workers:
            await worker.kill()
        await watcher.close()
    lost = watcher.acknowledged - watcher.served
    return {
        "seconds": round(seconds),
        **{f"{name}_killed": count for name, count in sorted(kills.items())},
        "requests_acknowledged": len(watcher.acknowledged),
        "alerts": watcher.alerts,
        "resumed_by_take_over": watcher.resumed,
        "resynced": watcher.resynced,
        "lost": len(lost),
        "broken": len(watcher.broken),
        "stuck": len(stuck),
        "first_broken": watcher.broken[:3] + stuck[:3],
    }


async def kill_at_random(
    server: RedisServer, workers: "list[Worker]", watcher: "Watcher", seconds: float, chance: random.Random
) -> "Counter[str]":
    kills: Counter[str] = Counter(process=0, redis=0)
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while loop.time() < ends:
        await asyncio.sleep(chance.uniform(0.2, 1.8))
        if sum(kills.values()) % 10 == 5:
            kills["redis"] += 1
            await server.kill()
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            await server.start()
        else:
            kills["process"] += 1
            worker = chance.choice(workers)
            await worker.kill()
            await watcher.take_over(worker.name)
            await worker.start(chance.random())
    return kills


# A process


async def work(url: str, name: str, chance: random.Random) -> None:
    """
    Until killed. Standard output: a line for each request that was acknowledged, one with ``-`` for each that was
    served; a line in ends the calling.
    """
    queue = InterpreterQueue(connect(url), CONFIG, name)
    events = queue.events()
    await queue.start()
    agents = [f"{name}-a{number}" for number in range(AGENTS)]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(keep(queue, agents))
        group.create_task(call(queue, f"{name}-{chance.getrandbits(48):x}", over))
        group.create_task(until_told(over))
        async for event in events:
            if isinstance(event, Alerting) and event.assignment.agent_id in agents:
                group.create_task(serve(queue, event.assignment, chance.uniform(0, CALL_S)))


async def until_told(over: asyncio.Event) -> None:
    await asyncio.to_thread(sys.stdin.readline)
    over.set()


async def keep(queue: InterpreterQueue, agents: list[str]) -> None:
    """Signed in and available, also after Redis or a lease was lost; pages do the same."""
    while True:
        with contextlib.suppress(QueueError):
            for agent_id in await queue.keep_alive(agents):
                await queue.sign_in(Agent(agent_id=agent_id, trades=frozenset({"interpreter"})))
            for agent_id in agents:
                record = await queue.agent(agent_id)
                if record is not None and record.state in ("paused", "not_responding"):
                    await queue.set_presence(agent_id, "available")
                if record is not None and record.state in (*IN_CALL, "alerting") and record.assignment is not None:
                    await serve(queue, record.assignment, CALL_S)  # accepted before this process was started anew
        await asyncio.sleep(BEAT_S)


async def call(queue: InterpreterQueue, prefix: str, over: asyncio.Event) -> None:
    number = 0
    while not over.is_set():
        call_id = f"{prefix}-{number}"
        with contextlib.suppress(QueueError):  # given again: done twice is done once
            await queue.enqueue(Request(call_id=call_id, targets=(Target(trades=("interpreter",)),)))
            tell(call_id)
            number += 1
        await asyncio.sleep(CALL_EVERY_S)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def serve(queue: InterpreterQueue, assignment: Assignment, seconds: float) -> None:
    for _ in range(20):
        with contextlib.suppress(QueueError):
            if await queue.accept(assignment.agent_id, assignment.assignment_id):
                await asyncio.sleep(seconds)
                await queue.release(assignment.agent_id, assignment.call_id, wrap_up=False)
                tell(f"-{assignment.call_id}")
            return


# This process


@dataclass
class Worker:
    server: RedisServer
    name: str
    watcher: "Watcher"
    process: "asyncio.subprocess.Process | None" = None
    reading: "asyncio.Task[None] | None" = None

    async def start(self, seed: float) -> None:
        words = ("-m", "benchmarks.queue_chaos", "--worker", self.server.url, self.name, "--seed", str(int(seed * 1e9)))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self.reading = asyncio.create_task(self._read(self.process.stdout))

    async def _read(self, lines: "asyncio.StreamReader | None") -> None:
        while lines is not None and (line := await lines.readline()):
            if line.endswith(b"\n"):  # else its last one, cut off by the kill: nobody was told
                call_id = line.decode().strip()
                told = self.watcher.served if call_id.startswith("-") else self.watcher.acknowledged
                told.add(call_id.removeprefix("-"))

    async def stop_calling(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.write(b"\n")
            await self.process.stdin.drain()

    async def kill(self) -> None:
        if self.process is not None and self.reading is not None:
            self.process.kill()
            await self.process.wait()
            await self.reading


@dataclass
class Watcher:
    """Hears everything, keeps all calls (as whoever takes them over does), and says what should not be."""

    queue: InterpreterQueue
    acknowledged: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    alerts: int = 0
    resumed: int = 0
    resynced: int = 0
    _agents: dict[str, str] = field(default_factory=dict)  # busy with which call
    _calls: set[str] = field(default_factory=set)  # alerting or assigned
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self) -> None:
        events = self.queue.events()
        await self.queue.start()

        async def listen() -> None:
            async for event in events:
                self._hear(event)

        self._tasks = [asyncio.create_task(listen()), asyncio.create_task(self._keep())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.queue.close()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Alerting):
            self.alerts += 1
            agent_id = event.assignment.agent_id
            if agent_id in self._agents or event.call_id in self._calls:
                self.broken.append(f"{event.call_id} to {agent_id}, busy with {self._agents.get(agent_id)}")
            self._agents[agent_id] = event.call_id
            self._calls.add(event.call_id)
        elif isinstance(event, AlertEnded | Released) and self._agents.get(event.agent_id) == event.call_id:
            del self._agents[event.agent_id]
            self._calls.discard(event.call_id)
        elif isinstance(event, Queued):
            self._calls.discard(event.call_id)  # also: resumed
        elif isinstance(event, Assigned):
            self.served.add(event.call_id)
        elif isinstance(event, Resynced):
            self.resynced += 1
            self._agents.clear()  # what happened meanwhile is not known
            self._calls.clear()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(QueueError):
                await self.queue.keep_calls(self.acknowledged - self.served)
            await asyncio.sleep(BEAT_S)

    async def take_over(self, name: str) -> None:
        """The interpreters of a dead process are in calls: these are resumed, and the interpreters released."""
        for number in range(AGENTS):
            with contextlib.suppress(QueueError):
                agent = await self.queue.agent(f"{name}-a{number}")
                if agent is None or agent.state not in IN_CALL or agent.call_id is None:
                    continue
                record = await self.queue.request(agent.call_id)
                if record is not None:
                    resumed = record.request.model_copy(update={"priority": 50, "queued_at": record.queued_at})
                    await self.queue.enqueue(resumed)
                    self.resumed += 1
                await self.queue.release(agent.agent_id, agent.call_id, wrap_up=False)

    async def drained(self) -> list[str]:
        """:returns: who is still not done with after ``DRAIN_S``."""
        left: list[str] = ["everybody"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while left:
                    await asyncio.sleep(0.2)
                    with contextlib.suppress(QueueError):
                        snapshot = await self.queue.snapshot()
                        left = [line.record.call_id for line in snapshot.waiting]
                        left += [record.call_id for record in snapshot.assigned]
                        left += [agent.agent_id for agent in snapshot.agents if agent.state in (*IN_CALL, "alerting")]
        return left


if __name__ == "__main__":
    main()
