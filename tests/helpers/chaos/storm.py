"""The processes of a centre, and what happens to them: SIGKILL, SIGSTOP, pages that lose their network."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interpreter_queue.config import QueueConfig
from signaling.config import SignalingConfig
from signaling.records import Records
from signaling.records.model import Qualification, Role
from tests.helpers.chaos.pages import Page
from tests.helpers.control_plane import KillableProcess
from tests.helpers.ports import free_port
from tests.helpers.redis_server import RedisServer, redis_server

QUEUE = QueueConfig(alert_s=3.0, wrap_up_s=2.0, agent_lease_s=10.0, owner_lease_s=30.0)
#: With their shares.
FAULTS = {
    "process_killed": 0.35,
    "process_stopped": 0.2,
    "redis_killed": 0.12,
    "redis_stopped": 0.08,
    "page_cut": 0.25,
}
PROCESS_DOWN_S, PROCESS_STOPPED_S = (0.2, 4.0), (0.5, 6.0)
STARTS = 20
REDIS_DOWN_S, REDIS_STOPPED_S = (0.1, 2.0), (0.3, 3.0)


class CentreProcess(KillableProcess):
    """Times short enough for a storm: what takes over, and what is lost, is known within seconds."""

    @property
    def settings(self) -> dict[str, object]:
        queue = {
            f"QUEUE_{name.upper()}": getattr(QUEUE, name) for name in ("wrap_up_s", "agent_lease_s", "owner_lease_s")
        }
        return {
            **super().settings,
            **queue,
            "HEARTBEAT_S": 1.0,
            "HEARTBEAT_TIMEOUT_S": 4.0,
            "CALL_REQUESTS_BURST": 1_000_000,
            "CONNECTIONS_PER_ADDRESS": 1_000,
        }

    @property
    def http_port(self) -> int:
        return self.config.http_port

    async def start_again(self) -> None:
        """As a supervisor does: until it runs, also when Redis is away at first."""
        for _ in range(STARTS):
            with contextlib.suppress(AssertionError):  # it has ended by itself
                await self.start_signaling()
                return
        raise RuntimeError("the process does not start")


@dataclass
class Centre:
    redis: RedisServer
    processes: list[CentreProcess]
    tokens: dict[str, list[str]]  # by role
    database_url: str

    @property
    def urls(self) -> list[str]:
        return [process.url for process in self.processes]


@contextlib.asynccontextmanager
async def centre(processes: int, signers: int, agents: int) -> AsyncIterator[Centre]:
    directory = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    try:
        async with redis_server() as redis:
            first = _config(directory, redis)
            tokens = await _people(first.database_url, {"signer": signers, "agent": agents})
            started = [CentreProcess(redis, first)]
            started += [CentreProcess(redis, _config(directory, redis)) for _ in range(processes - 1)]
            try:
                for process in started:  # the first one makes the secrets
                    await process.start_signaling()
                yield Centre(redis, started, tokens, first.database_url)
            finally:
                await asyncio.gather(*(process.kill() for process in started))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _config(directory: Path, redis: RedisServer) -> SignalingConfig:
    port = free_port()
    return SignalingConfig(
        data_dir=directory,
        redis_url=redis.url,
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        operator_token="chaos",
        secret_key="chaos-chaos-chaos-chaos-chaos-chaos",
        queue=QUEUE,
        call_lease_s=2.0,
        signer_grace_s=20.0,
        line_grace_s=20.0,
        agent_grace_s=6.0,
    )


async def _people(database_url: str, wanted: dict[Role, int]) -> dict[str, list[str]]:
    """:returns: session tokens by role."""
    tokens: dict[str, list[str]] = {}
    async with Records(database_url) as records:
        for role, count in wanted.items():
            more: dict[str, Any] = {"qualifications": [Qualification("interpreter", "LSF")]} if role == "agent" else {}
            for number in range(count):
                login = f"{role}{number}"
                person = await records.people.add(login=login, name=login, password_hash="-", role=role, **more)
                await records.sessions.add(f"{login}-token", person.id, 7200)
                tokens.setdefault(role, []).append(f"{login}-token")
    return tokens


@dataclass
class Storm:
    """
    :param pages: whose sockets are cut now and then. :param every_s: mean time between two faults.
    :param faults: how many of each kind.
    """

    centre: Centre
    pages: Sequence[Page]
    chance: random.Random
    every_s: float
    faults: Counter[str] = field(default_factory=Counter)
    _mending: "set[asyncio.Task[None]]" = field(default_factory=set)
    _hurt: set[int] = field(default_factory=set)  # processes down or stopped
    _redis_is_hurt: bool = False

    async def rage(self, seconds: float) -> None:
        """One fault after the other; several may stand at once. Everything runs again when this returns."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "process_killed": self._kill_process,
            "process_stopped": self._stop_process,
            "redis_killed": self._kill_redis,
            "redis_stopped": self._stop_redis,
            "page_cut": self._cut_page,
        }
        while loop.time() < ends:
            pause = min(self.chance.expovariate(1 / self.every_s), 4 * self.every_s, ends - loop.time())
            await asyncio.sleep(pause)
            (name,) = self.chance.choices(list(FAULTS), list(FAULTS.values()))
            task = asyncio.create_task(self._fault(name, acts[name]))
            self._mending.add(task)
            task.add_done_callback(self._mending.discard)
        await asyncio.gather(*self._mending)

    async def _fault(self, name: str, act: Callable[[], Awaitable[None]]) -> None:
        self.faults[name] += 1
        await act()

    @contextlib.asynccontextmanager
    async def _process(self) -> AsyncIterator[CentreProcess | None]:
        """One to which nothing else happens meanwhile; None: there is none."""
        whole = [process for process in self.centre.processes if process.http_port not in self._hurt]
        process = self.chance.choice(whole) if whole else None
        if process is not None:
            self._hurt.add(process.http_port)
        try:
            yield process
        finally:
            if process is not None:
                self._hurt.discard(process.http_port)

    async def _kill_process(self) -> None:
        async with self._process() as process:
            if process is not None:
                await process.kill()
                await asyncio.sleep(self.chance.uniform(*PROCESS_DOWN_S))
                await process.start_again()

    async def _stop_process(self) -> None:
        async with self._process() as process:
            if process is not None:
                process.hang(True)
                await asyncio.sleep(self.chance.uniform(*PROCESS_STOPPED_S))
                process.hang(False)

    async def _kill_redis(self) -> None:
        if not self._redis_is_hurt:
            self._redis_is_hurt = True
            await self.centre.redis.kill()
            await asyncio.sleep(self.chance.uniform(*REDIS_DOWN_S))
            await self.centre.redis.start()
            self._redis_is_hurt = False

    async def _stop_redis(self) -> None:
        pid = self.centre.redis.pid
        if not self._redis_is_hurt and pid is not None:
            self._redis_is_hurt = True
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(self.chance.uniform(*REDIS_STOPPED_S))
            os.kill(pid, signal.SIGCONT)
            self._redis_is_hurt = False

    async def _cut_page(self) -> None:
        self.chance.choice(self.pages).drop()
