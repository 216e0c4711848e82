"""
Writes that SQL cannot take now: disk full, locked, server gone. They wait in Redis, in order, and are retried.

SQL is tried first. Once something waits, everything new lines up behind it, so that a rating never overtakes its
call. Without Redis as well, writes wait in this process's memory. A write that SQL refuses for good is put aside in
``passerelle:outbox:refused`` and logged by its call_id: nothing is dropped. What waits may hold the note of a direct
call in clear, as SQL would (docs/reports.md); about relay calls there is nothing to write.
"""

import asyncio
import json
import logging
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter
from redis.exceptions import RedisError

from signaling.audit import Acted
from signaling.records.call_records import AbuseReported, CallRecord, MissedCall, RatingGiven, WrapUp, Write
from signaling.records.database import is_temporary
from signaling.records.errors import OutboxFullError, UnknownRecordError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from signaling.records import Records

logger = logging.getLogger(__name__)
LIST, REFUSED, DRAINER = "passerelle:outbox", "passerelle:outbox:refused", "passerelle:outbox:drainer"
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "call": TypeAdapter(CallRecord),
    "rating": TypeAdapter(RatingGiven),
    "wrap_up": TypeAdapter(WrapUp),
    "abuse": TypeAdapter(AbuseReported),
    "missed": TypeAdapter(MissedCall),
    "acted": TypeAdapter(Acted),
}
KINDS: dict[type, str] = {
    CallRecord: "call",
    RatingGiven: "rating",
    WrapUp: "wrap_up",
    AbuseReported: "abuse",
    MissedCall: "missed",
    Acted: "acted",
}


@dataclass(frozen=True)
class OutboxConfig:
    """:param redis_limit: writes, some hours of a busy centre. :param memory_limit: writes, minutes of it."""

    first_retry_s: float = 1.0
    longest_retry_s: float = 30.0
    redis_limit: int = 50_000
    memory_limit: int = 5_000
    redis_deadline_s: float = 2.0
    sql_deadline_s: float = 15.0  # above SQLite's busy timeout
    drainer_lease_s: float = 30.0  # one process empties the list at a time; above sql_deadline_s


class Outbox:
    """``put`` from anywhere; one task runs ``run`` until it is cancelled."""

    def __init__(self, redis: "Redis", records: "Records", config: OutboxConfig | None = None) -> None:
        self._redis: Any = redis  # redis-py types its commands for both of its clients at once
        self._records, self._config = records, config or OutboxConfig()
        self._memory: deque[str] = deque()
        self._kept = asyncio.Event()
        self._name = uuid.uuid4().hex

    async def put(self, write: Write) -> None:
        """
        Written to SQL, or kept until it can be.

        :raises RecordsError: the write breaks a rule (``not_in_relay``, ``unknown_call``), or too many wait.
        """
        if await self._nothing_waits():
            try:
                await self._apply(write)
                return
            except Exception as error:
                if not _may_succeed_later(error):
                    raise
                logger.warning("records unavailable, write kept: call_id=%s", write.call_id)
        await self._keep(encode(write))
        self._kept.set()

    async def waiting(self) -> int:
        """How many writes wait, as far as can be known now."""
        return len(self._memory) + (await self._redis_length() or 0)

    async def run(self) -> None:
        """Retries until cancelled, with growing pauses while SQL stays away. Begins with what an earlier run left."""
        pause_s = self._config.first_retry_s
        while True:
            try:
                is_empty = await self.drain()
            except Exception:  # whatever it is, the writes still wait
                logger.exception("outbox could not be emptied")
                is_empty = False
            _raise_if_cancelled()
            pause_s = self._config.first_retry_s if is_empty else min(pause_s * 2, self._config.longest_retry_s)
            self._kept.clear()
            try:
                async with asyncio.timeout(self._config.longest_retry_s if is_empty else pause_s):
                    await (self._kept.wait() if is_empty else asyncio.Event().wait())
            except TimeoutError:
                continue

    async def drain(self) -> bool:
        """Write what waits, oldest first, as far as it goes. :returns: whether nothing is left that we know of."""
        try:
            await self._move_memory_to_redis()
            return await self._drain_redis()
        except (RedisError, OSError, TimeoutError):
            return await self._drain_memory()

    async def _nothing_waits(self) -> bool:
        return not self._memory and not await self._redis_length()

    async def _redis_length(self) -> int | None:
        try:
            async with asyncio.timeout(self._config.redis_deadline_s):
                return cast(int, await self._redis.llen(LIST))
        except (RedisError, OSError, TimeoutError):
            return None

    async def _keep(self, item: str) -> None:
        """Behind what waits in memory, so that the order holds."""
        length = await self._redis_length() if not self._memory else None
        if length is not None:
            if length >= self._config.redis_limit:
                raise OutboxFullError(self._config.redis_limit)
            try:
                async with asyncio.timeout(self._config.redis_deadline_s):
                    await self._redis.rpush(LIST, item)
                return
            except (RedisError, OSError, TimeoutError):
                logger.warning("redis unavailable too, write kept in memory")
        if len(self._memory) >= self._config.memory_limit:
            raise OutboxFullError(self._config.memory_limit)
        self._memory.append(item)

    async def _move_memory_to_redis(self) -> None:
        while self._memory:
            async with asyncio.timeout(self._config.redis_deadline_s):
                await self._redis.rpush(LIST, self._memory[0])
            self._memory.popleft()

    async def _drain_redis(self) -> bool:
        while await self._holds_lease():
            async with asyncio.timeout(self._config.redis_deadline_s):
                item = await self._redis.lindex(LIST, 0)
            if item is None:
                await self._redis.delete(DRAINER)
                return True
            if not await self._apply_item(item):
                await self._redis.delete(DRAINER)
                return False
            async with asyncio.timeout(self._config.redis_deadline_s):
                await self._redis.lrem(LIST, 1, item)
        return not await self._redis_length()  # another process is at it

    async def _holds_lease(self) -> bool:
        lease_ms = int(self._config.drainer_lease_s * 1000)
        async with asyncio.timeout(self._config.redis_deadline_s):
            if await self._redis.set(DRAINER, self._name, nx=True, px=lease_ms):
                return True
            holder = await self._redis.get(DRAINER)
            if holder not in (self._name, self._name.encode()):
                return False
            return bool(await self._redis.set(DRAINER, self._name, xx=True, px=lease_ms))

    async def _apply_item(self, item: str | bytes) -> bool:
        """:returns: False when SQL still cannot; True when written or put aside."""
        try:
            await self._apply(decode(item))
        except Exception as error:
            if _may_succeed_later(error):
                return False
            logger.error("write refused for good, put aside: call_id=%s error=%s", call_of(item), type(error).__name__)
            await self._redis.rpush(REFUSED, item)
        return True

    async def _drain_memory(self) -> bool:
        """Redis is away. A write about a call that SQL does not know waits: its call may lie in Redis."""
        while self._memory:
            try:
                await self._apply(decode(self._memory[0]))
            except Exception as error:
                if _may_succeed_later(error) or isinstance(error, UnknownRecordError):
                    return False
                logger.error("write refused for good: error=%s", type(error).__name__)
                return False
            self._memory.popleft()
        return False  # what Redis holds is unknown

    async def _apply(self, write: Write) -> None:
        calls = self._records.calls
        async with asyncio.timeout(self._config.sql_deadline_s):
            match write:
                case CallRecord():
                    await calls.record(write)
                case RatingGiven():
                    await calls.rate(write)
                case WrapUp():
                    await calls.wrap_up(write)
                case AbuseReported():
                    await calls.report_abuse(write)
                case MissedCall():
                    await self._records.inbox.add(write)
                case Acted():
                    await self._records.audit.add(write)


def _may_succeed_later(error: Exception) -> bool:
    """Also when SQL did not answer within ``sql_deadline_s``."""
    return is_temporary(error) or isinstance(error, TimeoutError)


def _raise_if_cancelled() -> None:
    """
    Python 3.11's ``asyncio.wait_for``, with which redis-py connects, loses a cancellation that arrives just as the
    connection is made (python/cpython#86296, repaired in 3.12): without this, stopping could wait for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def encode(write: Write) -> str:
    """One JSON line, unique even when the same is written twice."""
    kind = KINDS[type(write)]
    return json.dumps({"id": uuid.uuid4().hex, "kind": kind, "write": ADAPTERS[kind].dump_python(write, mode="json")})


def call_of(item: str | bytes) -> str:
    """The call a kept write is about; ``-`` when it cannot be read."""
    try:
        return str(json.loads(item)["write"]["call_id"])
    except (ValueError, KeyError, TypeError):
        return "-"


def decode(item: str | bytes) -> Write:
    """:raises ValueError: not one of ours."""
    entry = json.loads(item)
    return cast(Write, ADAPTERS[entry["kind"]].validate_python(entry["write"]))
