"""
The queue in Redis: keys, scripts, and the two ways to read (one bond, everything) and the one way to write.

Redis 6.2 commands only. All keys share the domain's hash tag, so that a queue lives in one slot of a cluster:

``{domain}:queue:agents``, ``…:requests``             hash, id -> "<version> <record as JSON>"
``{domain}:queue:agent_leases``, ``…:call_leases``    sorted set, id -> Redis time of the end
``{domain}:queue:changes``                            stream of committed changes, bounded
``{domain}:queue:counter``                            number of the last change
``{domain}:queue:handles``                            list of recent handle times, bounded, newest first
``{domain}:queue:leader``                             name of the dispatcher that decides at once, expiring

Decisions are taken in Python (``operations``) and committed in Lua: the script writes only if both records still
have the version they were read at. Driver errors pass through; ``dispatcher`` translates them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from interpreter_queue.batches import Batches
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.encoding import Guard, R, decode, encode, read_head, versioned
from interpreter_queue.group_commit import GroupCommit
from interpreter_queue.index import FeedEntry, Index, Loaded
from interpreter_queue.model import AgentRecord, HandleTime, RequestRecord

__all__ = ["Batch", "Beat", "Guard", "RedisStore", "Whole"]

_LUA = Path(__file__).parent / "lua"
BATCH = 100  # changes, or bonds read, in one script
SCAN_COUNT = 500  # records in one answer: some ms to read, then others have their turn
FEED_COUNT = 500  # stream entries in one answer


@dataclass(frozen=True)
class Batch:
    """What the stream gave."""

    entries: tuple[FeedEntry, ...]
    last_id: str


@dataclass(frozen=True)
class Beat:
    """
    :param now: Redis time. :param leads: this dispatcher decides at once.
    :param number: of the last change. :param is_there: Redis still holds the last entry that was read.
    """

    now: float
    leads: bool
    number: int
    is_there: bool


@dataclass(frozen=True)
class Whole:
    now: float
    last_id: str
    index: Index


class RedisStore:
    """:param redis: owned by the caller; answers as bytes or as str, RESP2 or RESP3."""

    def __init__(self, redis: Redis, config: QueueConfig) -> None:
        self._redis: Any = redis  # redis-py types commands as sync or async: the union is of no use
        self._config = config
        prefix = f"{{{config.domain}}}:queue:"
        self._agents, self._requests = prefix + "agents", prefix + "requests"
        self._agent_leases, self._call_leases = prefix + "agent_leases", prefix + "call_leases"
        self._changes, self._counter, self._handles = prefix + "changes", prefix + "counter", prefix + "handles"
        self._leader = prefix + "leader"
        self._load = self._script("load")
        self._begin = self._script("begin_reading")
        self._beat = self._script("beat")
        self._renew = self._script("renew")
        self._own: dict[tuple[str, int], FeedEntry] = {}  # by batch and number: not yet come by the stream
        keys = [self._agents, self._requests, self._agent_leases, self._call_leases]
        keys += [self._changes, self._counter, self._handles]
        first: list[str | int] = [config.feed_length, config.handle_samples]
        self._commits = GroupCommit(self._redis, _text_of("commit"), keys, first, BATCH)
        self._loads: Batches[tuple[str, str], Loaded] = Batches(self._load_pairs, BATCH)

    def _script(self, name: str) -> Any:
        return self._redis.register_script(_text_of(name))

    async def close(self) -> None:
        await self._commits.close()
        await self._loads.close()

    # One bond

    async def load(self, agent_id: str | None, call_id: str | None) -> Loaded:
        """One agent and one request; given only one, the other side of its assignment comes along."""
        return (await self._loads.put([(agent_id or "", call_id or "")]))[0]

    async def _load_pairs(self, pairs: list[tuple[str, str]]) -> list[Loaded]:
        args = [word for pair in pairs for word in pair]
        seconds, micros, *rows = await self._load(keys=[self._agents, self._requests], args=args)
        return [_loaded(_time(_text(seconds), _text(micros)), *map(_text, row)) for row in rows]

    async def commit(self, loaded: Loaded, change: Change, guard: Guard | None = None) -> FeedEntry | None:
        """
        Write ``change`` if what it was decided from is still so.

        :returns: the change as the stream will give it; None: lost, read and decide again.
        """
        return (await self.commit_all([(loaded, change, guard)]))[0]

    async def commit_all(self, decided: list[tuple[Loaded, Change, Guard | None]]) -> list[FeedEntry | None]:
        """As :meth:`commit`, many at once; each is written or lost for itself."""
        committed = await self._commits.put([encode(*one) for one in decided])
        return [
            self._mine(number, batch, change) if number else None
            for (number, batch), (_, change, _) in zip(committed, decided, strict=True)
        ]

    def _mine(self, number: int, batch: str, change: Change) -> FeedEntry:
        entry = FeedEntry(number, change.agents, change.requests, change.events, change.handle)
        self._own[batch, number] = entry
        if len(self._own) > self._config.feed_length:  # nobody reads the stream here
            self._own.pop(next(iter(self._own)))
        return entry

    # Everything

    async def load_all(self) -> Whole:
        """
        Everything as it was after one certain change, and the place in the stream from which to read on.

        Read in parts: what changes meanwhile comes by the stream and is applied on top; records know their version.
        """
        keys = [self._changes, self._counter, self._handles]
        seconds, micros, number, last_id, handles = await self._begin(keys=keys)
        agents = await self._records(self._agents, AgentRecord)
        requests = await self._records(self._requests, RequestRecord)
        recent = [HandleTime.model_validate_json(handle) for handle in handles]
        index = Index.of(int(number), agents, requests, recent, self._config.handle_samples)
        now, last_id = _time(_text(seconds), _text(micros)), _text(last_id)
        async for batch in self._since(last_id):
            for entry in batch.entries:
                index.apply(entry)
            last_id = batch.last_id
        return Whole(now, last_id, index)

    async def _records(self, key: str, kind: type[R]) -> dict[str, tuple[int, R]]:
        found: dict[str, tuple[int, R]] = {}
        cursor = -1
        while cursor:
            cursor, rows = await self._redis.hscan(key, cursor=max(0, cursor), count=SCAN_COUNT)
            cursor = int(cursor)
            for place, (name, value) in enumerate(rows.items()):
                version, record = versioned(_text(value), kind)
                if record is not None:
                    found[_text(name)] = version, record
                if place % SCAN_COUNT == SCAN_COUNT - 1:  # a small hash comes whole, however small COUNT is
                    await asyncio.sleep(0)
        return found

    async def _since(self, last_id: str) -> AsyncIterator[Batch]:
        """Every change that is in the stream by now, without waiting for more."""
        while (batch := await self._read(last_id)).entries:
            yield batch
            last_id = batch.last_id

    async def read_feed(self, last_id: str, block_s: float) -> Batch:
        """Changes after ``last_id``; waits up to ``block_s`` for the first one."""
        return await self._read(last_id, max(1, int(block_s * 1000)))

    async def _read(self, last_id: str, block_ms: int | None = None) -> Batch:
        answer = await self._redis.xread({self._changes: last_id}, count=FEED_COUNT, block=block_ms)
        rows = _stream_rows(answer)
        entries: list[FeedEntry] = []
        for _, fields in rows:
            texts = {_text(key): value for key, value in fields.items()}
            entries += self._known(_text(texts["head"])) or decode(_text(texts["head"]), _text(texts["changes"]))
        return Batch(tuple(entries), _text(rows[-1][0]) if rows else last_id)

    def _known(self, head: str) -> list[FeedEntry] | None:
        """Committed by this process: not read again. None: by another one, or its answer never came."""
        first, count, batch = read_head(head)
        keys = [(batch, number) for number in range(first, first + count)]
        return [self._own.pop(key) for key in keys] if all(key in self._own for key in keys) else None

    # Leases

    async def beat(self, name: str, lead_s: float, last_id: str) -> Beat:
        """:param lead_s: how long this dispatcher would lead; 0 gives the lead up."""
        keys, args = [self._leader, self._changes, self._counter], [name, int(lead_s * 1000), last_id or "0-0"]
        seconds, micros, leads, number, is_there = await self._beat(keys=keys, args=args)
        return Beat(_time(_text(seconds), _text(micros)), bool(leads), int(number), bool(is_there))

    async def count_replicas(self) -> None:
        """Commits are confirmed by a replica as long as there is one; not in a cluster, nor where none may ask."""
        if isinstance(self._redis, RedisCluster):
            return
        with contextlib.suppress(ResponseError):
            role = await self._redis.role()
            self._commits.replicas = len(role[2]) if _text(role[0]) == "master" else 0

    async def renew_agents(self, agent_ids: Iterable[str]) -> frozenset[str]:
        """:returns: those who are not signed in."""
        return await self._renewed(self._agent_leases, self._agents, self._config.agent_lease_s, agent_ids)

    async def renew_calls(self, call_ids: Iterable[str]) -> frozenset[str]:
        """:returns: those without a request here."""
        return await self._renewed(self._call_leases, self._requests, self._config.owner_lease_s, call_ids)

    async def _renewed(self, leases: str, records: str, seconds: float, ids: Iterable[str]) -> frozenset[str]:
        members = list(ids)
        if not members:
            return frozenset()
        return frozenset(map(_text, await self._renew(keys=[leases, records], args=[seconds, *members])))

    async def ended_leases(self, now: float) -> tuple[dict[str, float], dict[str, float]]:
        """Agents and calls whose lease ended at or before ``now``, with its end."""
        found = []
        for key in (self._agent_leases, self._call_leases):
            rows = await self._redis.zrangebyscore(key, "-inf", now, start=0, num=500, withscores=True)
            found.append({_text(member): float(end) for member, end in rows})
        return found[0], found[1]


def _loaded(now: float, agent_id: str, agent_value: str, call_id: str, request_value: str) -> Loaded:
    agent_version, agent = versioned(agent_value, AgentRecord)
    request_version, request = versioned(request_value, RequestRecord)
    view = View(now=now, agent=agent, request=request)
    return Loaded(view, agent_id or None, agent_version, call_id or None, request_version)


def _text_of(script: str) -> str:
    return (_LUA / f"{script}.lua").read_text(encoding="utf-8")


def _text(value: bytes | str | int) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _time(seconds: str | int, micros: str | int) -> float:
    return int(seconds) + int(micros) / 1e6


def _stream_rows(answer: Any) -> list[tuple[Any, Mapping[Any, Any]]]:
    """RESP2 gives [[key, rows]], RESP3 {key: [rows]}, an empty wait None or nothing."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (rows,) = answer.values()
        return rows[0] if rows and isinstance(rows[0], list) else list(rows)
    return list(answer[0][1])
