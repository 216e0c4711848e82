"""
What must still be said to peers when this process dies: one ready CANCEL or BYE per leg, kept in Redis.

Hash ``passerelle:phone:farewell:<worker_id>``. An entry holds the dialog's addresses, hence a number, and is deleted
when its leg ends. Without Redis nothing is kept and nothing else changes.
"""

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.phone.leg import StoredRequest

LIFETIME_S = 12 * 3600  # no call lasts longer; a worker that never comes back leaves nothing for ever
_PREFIX = "passerelle:phone:farewell"
log = logging.getLogger(__name__)


class Farewells:
    def __init__(self, redis: "Redis | None", worker_id: str) -> None:
        self._redis = redis
        self._key = f"{_PREFIX}:{worker_id}"
        self._order = asyncio.Lock()  # FIFO: a deletion never overtakes the write before it
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, leg_key: str, request: StoredRequest) -> None:
        self._later(self._write(leg_key, json.dumps(asdict(request))))

    def drop(self, leg_key: str) -> None:
        self._later(self._write(leg_key, None))

    async def take_all(self) -> list[StoredRequest]:
        """:returns: what the predecessor left; it is gone from Redis afterwards."""
        if self._redis is None:
            return []
        try:
            entries = await self._redis.hgetall(self._key)
            await self._redis.delete(self._key)
        except (RedisError, OSError):
            log.warning("farewells of a predecessor cannot be read")
            return []
        return [StoredRequest(**json.loads(value)) for value in entries.values()]

    async def settle(self) -> None:
        """Wait for writes under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self, leg_key: str, value: str | None) -> None:
        assert self._redis is not None
        async with self._order:
            try:
                if value is None:
                    await self._redis.hdel(self._key, leg_key)
                else:
                    await self._redis.hset(self._key, leg_key, value)
                    await self._redis.expire(self._key, LIFETIME_S)
            except (RedisError, OSError):
                log.warning("farewell not kept: Redis is away")

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if self._redis is None:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
