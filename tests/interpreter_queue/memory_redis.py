"""
The Redis of many histories: what the queue's scripts and commands do, in memory, each at one moment of virtual time.

``MemoryServer`` is the server, ``MemoryClient`` what one process holds of it: each command takes some time there and
back, and the process can be killed before it is sent or before its answer comes. That the scripts do here what they do
in Lua is compared by ``tests/integration/test_memory_redis.py``.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

LATENCY_S = (0.0002, 0.004)
EPOCH = 1_000_000.0  # Redis time when the loop's clock shows 0
Answer = Any


class ProcessKilled(BaseException):
    """Nothing of the process runs after this."""


class MemoryServer:
    """:param clock: seconds. :param told: called with each entry of the stream: its head and its changes."""

    def __init__(
        self, clock: Callable[[], float], told: Callable[[str, str], None] = lambda head, changes: None
    ) -> None:
        self.clock, self._told = clock, told
        self.hashes: dict[str, dict[str, str]] = {}
        self.sorted_sets: dict[str, dict[str, float]] = {}
        self.stream: list[tuple[int, dict[str, str]]] = []
        self.counter = 0
        self.handles: list[str] = []
        self.leader: tuple[str, float] | None = None
        self.is_away = False
        self.news = asyncio.Event()
        self.serves: MemoryClient | None = None  # whose command is done now

    def now(self) -> float:
        return EPOCH + self.clock()

    def time(self) -> tuple[str, str]:
        micros = round(self.now() * 1e6)
        return str(micros // 1_000_000), str(micros % 1_000_000)

    def run(self, script: str, keys: list[str], args: list[Any]) -> Answer:
        """:param script: name of the file, without its end."""
        words = [word.decode() if isinstance(word, bytes) else word for word in args]
        scripts = {
            "load": self._load,
            "commit": self._commit,
            "begin_reading": self._begin_reading,
            "beat": self._beat,
            "renew": self._renew,
        }
        return scripts[script](keys, words)

    # The scripts, each as its Lua

    def _load(self, keys: list[str], args: list[Any]) -> Answer:
        agents, requests = (self.hashes.get(key, {}) for key in keys)
        rows: list[Answer] = [*self.time()]
        for agent_id, call_id in zip(args[::2], args[1::2], strict=True):
            who = agent_id or _bound(requests.get(call_id, ""), "agent_id")
            call = call_id or _bound(agents.get(agent_id, ""), "call_id")
            rows.append([who, agents.get(who, ""), call, requests.get(call, "")])
        return rows

    def _commit(self, keys: list[str], args: list[Any]) -> list[int]:
        who, _, handles_kept, *rest = args
        numbers, told, first = [], [], 0
        for head_text, records, events in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            head, number = json.loads(head_text), 0
            if self._stands(keys, head):
                self.counter = number = self.counter + 1
                first = first or number
                self._write(keys, head, json.loads(records), int(handles_kept))
                told.append(f"[{records},{events}]")
            numbers.append(number)
        if first:
            fields = {"head": f"{first} {len(told)} {who}", "changes": f"[{','.join(told)}]"}
            self.stream.append((len(self.stream) + 1, fields))
            self.news.set()
            self.news = asyncio.Event()
            self._told(fields["head"], fields["changes"])
        return numbers

    def _stands(self, keys: list[str], head: list[Any]) -> bool:
        for table, key, version in head[0]:
            value = self.hashes.get(keys[table - 1], {}).get(key)
            if (int(value.split(" ", 1)[0]) if value else 0) != version:
                return False
        if head[1]:
            leases, member, at = head[1]
            ends = self.sorted_sets.get(keys[leases - 1], {}).get(member)
            return ends is not None and ends <= at
        return True

    def _write(self, keys: list[str], head: list[Any], records: list[Any], handles_kept: int) -> None:
        for table, key, record in records:
            rows = self.hashes.setdefault(keys[table - 1], {})
            if record is None:
                rows.pop(key, None)
            else:
                rows[key] = f"{self.counter} {record}"
        for leases, member, seconds in head[2]:
            ends = self.sorted_sets.setdefault(keys[leases - 1], {})
            if seconds > 0:
                ends[member] = self.now() + seconds
            else:
                ends.pop(member, None)
        if head[3]:
            self.handles = [head[3], *self.handles][:handles_kept]

    def _begin_reading(self, keys: list[str], args: list[Any]) -> Answer:
        last = f"{len(self.stream)}-0"
        if self.serves is not None:
            self.serves.has_read = len(self.stream)
        return [*self.time(), self.counter, last, list(self.handles)]

    def _beat(self, keys: list[str], args: list[Any]) -> Answer:
        name, lead_ms, last_id = args
        leader = self.leader[0] if self.leader and self.leader[1] > self.now() else None
        leads = 0
        if int(lead_ms) == 0:
            self.leader = None if leader == name else self.leader
        elif leader in (None, name):
            self.leader, leads = (name, self.now() + int(lead_ms) / 1000), 1
        is_there = last_id == "0-0" or _place(last_id) <= len(self.stream)
        return [*self.time(), leads, self.counter, int(is_there)]

    def _renew(self, keys: list[str], args: list[Any]) -> list[str]:
        leases, records = keys
        seconds, *members = args
        ends, unknown = self.sorted_sets.setdefault(leases, {}), []
        for member in members:
            is_known = member in self.hashes.get(records, {})
            if not is_known:
                unknown.append(member)
            if is_known or member in ends:
                ends[member] = self.now() + float(seconds)
        return unknown

    # The commands

    def hscan(self, key: str) -> tuple[int, dict[str, str]]:
        return 0, dict(self.hashes.get(key, {}))

    async def read(self, client: "MemoryClient", place: int, count: int, wait_s: float) -> Answer:
        """Waits so long for the first entry after this place."""
        until = self.clock() + wait_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - self.clock())):
                while len(self.stream) == place:
                    await self.news.wait()
        rows = self.stream[place : place + count]
        client.has_read = place + len(rows)
        return [["changes", [(f"{number}-0", fields) for number, fields in rows]]] if rows else []

    def ended(self, key: str, at: float, count: int) -> list[tuple[str, float]]:
        rows = sorted((ends, member) for member, ends in self.sorted_sets.get(key, {}).items() if ends <= at)
        return [(member, ends) for ends, member in rows[:count]]


def _bound(value: str, side: str) -> str:
    assignment = json.loads(value.split(" ", 1)[1]).get("assignment") if value else None
    return str(assignment[side]) if assignment else ""


def _place(last_id: str) -> int:
    return int(last_id.split("-", 1)[0])


class MemoryClient:
    """
    As ``redis.asyncio.Redis``, of what the queue uses of it.

    :param crash_at: which command from now on the process dies at, from 1; 0: none.
    """

    def __init__(self, server: MemoryServer, chance: random.Random) -> None:
        self.server, self._chance = server, chance
        self.is_dead = False
        self.killed = asyncio.Event()
        self.crash_at, self.crash_after = 0, False
        self.stands_still_until = self.stood_still_s = 0.0
        self.has_read = 0  # entries of the stream
        self.sent_at = 0.0  # Redis time, of the last command

    def register_script(self, text: str) -> "_Script":
        return _Script(self, text)

    async def role(self) -> list[Any]:
        return ["master", 0, []]

    async def hscan(self, key: str, cursor: int, count: int) -> Answer:
        return await self.command(lambda: self.server.hscan(key))

    async def zrangebyscore(self, key: str, low: str, high: float, **more: Any) -> Answer:
        return await self.command(lambda: self.server.ended(key, high, more["num"]))

    async def xread(self, streams: dict[str, str], count: int, block: int | None) -> Answer:
        ((_, last_id),) = streams.items()
        return await self.command(lambda: self.server.read(self, _place(last_id), count, (block or 0) / 1000))

    async def command(self, run: Callable[[], Any]) -> Answer:
        """There, done at one moment, and back."""
        self._may_go_on()
        self.sent_at = self.server.now()
        is_last = self.crash_at == 1
        self.crash_at = max(0, self.crash_at - 1)
        if is_last and not self.crash_after:
            self._die()
        await self._travel()
        if self.server.is_away:
            raise RedisConnectionError("away")
        self.server.serves = self
        answer = run()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if is_last:
            self._die()
        await self._travel()
        self._may_go_on()
        return answer

    async def _travel(self) -> None:
        still = max(0.0, self.stands_still_until - self.server.clock())
        await asyncio.sleep(still + self._chance.uniform(*LATENCY_S))

    def _may_go_on(self) -> None:
        if self.is_dead:
            raise ProcessKilled

    def _die(self) -> None:
        self.is_dead = True
        self.killed.set()
        raise ProcessKilled


class _Script:
    def __init__(self, client: MemoryClient, text: str) -> None:
        self.script, self.sha = text, ""
        self._client = client

    async def __call__(self, keys: list[str], args: list[Any] | None = None) -> Answer:
        name = script_names()[self.script]
        return await self._client.command(lambda: self._client.server.run(name, keys, args or []))


def script_names() -> dict[str, str]:
    """By the text of each script."""
    if not _NAMES:
        from interpreter_queue import redis_store

        _NAMES.update({path.read_text(encoding="utf-8"): path.stem for path in redis_store._LUA.glob("*.lua")})
    return _NAMES


_NAMES: dict[str, str] = {}
