"""
The queue in Redis: keys, scripts, and the two ways to read (one bond, everything) and the one way to write.

Redis 6.2 commands only. All keys share the domain's hash tag, so that a queue lives in one slot of a cluster:

``{domain}:queue:agents``, ``…:requests``             hash, id -> "<version> <record as JSON>"
``{domain}:queue:agent_leases``, ``…:call_leases``    sorted set, id -> Redis time of the end
``{domain}:queue:changes``                            stream of committed changes, bounded
``{domain}:queue:counter``                            number of the last change
``{domain}:queue:handles``                            list of recent handle times, bounded, newest first

Decisions are taken in Python (``operations``) and committed in Lua: the script writes only if both records still
have the version they were read at. Driver errors pass through; ``dispatcher`` translates them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter
from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.index import FeedEntry, Index, Loaded
from interpreter_queue.model import AgentRecord, Event, HandleTime, RequestRecord
from interpreter_queue.operations import Change, View

EVENTS: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])
_LUA = Path(__file__).parent / "lua"
_AGENTS, _REQUESTS, _AGENT_LEASES, _CALL_LEASES = 1, 2, 3, 4  # places in the KEYS of commit.lua
R = TypeVar("R", AgentRecord, RequestRecord)


@dataclass(frozen=True)
class Guard:
    """A commit that counts only while this lease has still ended before ``at`` (Redis time)."""

    leases: Literal["agents", "calls"]
    member: str
    at: float


@dataclass(frozen=True)
class Batch:
    """What the stream gave: ``now`` is Redis time after the wait."""

    now: float
    entries: tuple[FeedEntry, ...]
    last_id: str


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
        self._load = self._script("load")
        self._load_all = self._script("load_all")
        self._commit = self._script("commit")
        self._renew = self._script("renew")

    def _script(self, name: str) -> Any:
        return self._redis.register_script((_LUA / f"{name}.lua").read_text(encoding="utf-8"))

    async def load(self, agent_id: str | None, call_id: str | None) -> Loaded:
        """One agent and one request; given only one, the other side of its assignment comes along."""
        keys, args = [self._agents, self._requests], [agent_id or "", call_id or ""]
        answer = [_text(part) for part in await self._load(keys=keys, args=args)]
        agent_version, agent = _versioned(answer[3], AgentRecord)
        request_version, request = _versioned(answer[5], RequestRecord)
        view = View(now=_time(answer[0], answer[1]), agent=agent, request=request)
        return Loaded(view, answer[2] or None, agent_version, answer[4] or None, request_version)

    async def commit(self, loaded: Loaded, change: Change, guard: Guard | None = None) -> FeedEntry | None:
        """
        Write ``change`` if what it was decided from is still so.

        :returns: the change as the stream will give it; None: lost, read and decide again.
        """
        records = [*_rows(_AGENTS, change.agents), *_rows(_REQUESTS, change.requests)]
        leases = [[_AGENT_LEASES, key, seconds] for key, seconds in change.agent_leases.items()]
        leases += [[_CALL_LEASES, key, seconds] for key, seconds in change.call_leases.items()]
        args = [
            json.dumps(_expected(loaded)),
            json.dumps(_guard(guard)),
            json.dumps(records),
            json.dumps(leases),
            EVENTS.dump_json(change.events),
            change.handle.model_dump_json() if change.handle else "",
            self._config.feed_length,
            self._config.handle_samples,
        ]
        keys = [self._agents, self._requests, self._agent_leases, self._call_leases]
        keys += [self._changes, self._counter, self._handles]
        number = int(await self._commit(keys=keys, args=args))
        return FeedEntry(number, change.agents, change.requests, change.events, change.handle) if number else None

    async def load_all(self) -> Whole:
        """Everything at one moment, and the place in the stream from which to read on."""
        keys = [self._agents, self._requests, self._changes, self._counter, self._handles]
        seconds, micros, number, last_id, agents, requests, handles = await self._load_all(keys=keys)
        index = Index.of(
            int(number),
            _hash(agents, AgentRecord),
            _hash(requests, RequestRecord),
            [HandleTime.model_validate_json(handle) for handle in handles],
            self._config.handle_samples,
        )
        return Whole(_time(_text(seconds), _text(micros)), _text(last_id), index)

    async def read_feed(self, last_id: str, block_s: float) -> Batch:
        """Changes after ``last_id``; waits up to ``block_s`` for the first one."""
        block_ms = max(1, int(block_s * 1000))
        answer = await self._redis.xread({self._changes: last_id}, count=500, block=block_ms)
        rows = _stream_rows(answer)
        now = await self._redis.time()
        entries = tuple(_feed_entry({_text(k): _text(v) for k, v in fields.items()}) for _, fields in rows)
        return Batch(_time(*now), entries, _text(rows[-1][0]) if rows else last_id)

    async def counter(self) -> int:
        return int(await self._redis.get(self._counter) or 0)

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


def _text(value: bytes | str | int) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _time(seconds: str | int, micros: str | int) -> float:
    return int(seconds) + int(micros) / 1e6


def _versioned(value: str, kind: type[R]) -> tuple[int, R | None]:
    version, _, record = value.partition(" ")
    return (int(version), kind.model_validate_json(record)) if record else (0, None)


def _hash(flat: "list[Any] | dict[Any, Any]", kind: type[R]) -> dict[str, tuple[int, R]]:
    pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    found = {_text(key): _versioned(_text(value), kind) for key, value in pairs}
    return {key: (version, record) for key, (version, record) in found.items() if record}


def _rows(table: int, records: Mapping[str, R | None]) -> list[list[Any]]:
    return [[table, key, record.model_dump_json() if record else None] for key, record in records.items()]


def _expected(loaded: Loaded) -> list[list[Any]]:
    sides = ((_AGENTS, loaded.agent_id, loaded.agent_version), (_REQUESTS, loaded.call_id, loaded.request_version))
    return [[table, key, version] for table, key, version in sides if key]


def _guard(guard: Guard | None) -> list[Any]:
    if guard is None:
        return []
    return [_AGENT_LEASES if guard.leases == "agents" else _CALL_LEASES, guard.member, guard.at]


def _stream_rows(answer: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """RESP2 gives [[key, rows]], RESP3 {key: [rows]}, an empty wait None or nothing."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (rows,) = answer.values()
        return rows[0] if rows and isinstance(rows[0], list) else list(rows)
    return list(answer[0][1])


def _feed_entry(fields: dict[str, str]) -> FeedEntry:
    agents: dict[str, AgentRecord | None] = {}
    requests: dict[str, RequestRecord | None] = {}
    for table, key, record in json.loads(fields["records"]):
        if table == _AGENTS:
            agents[key] = AgentRecord.model_validate_json(record) if record else None
        else:
            requests[key] = RequestRecord.model_validate_json(record) if record else None
    events = EVENTS.validate_json(fields["events"])
    handle = HandleTime.model_validate_json(fields["handle"]) if fields["handle"] else None
    return FeedEntry(int(fields["number"]), agents, requests, events, handle)
