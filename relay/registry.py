"""
Where workers make themselves known: one Redis key per worker, gone by itself when the worker is.

Key ``passerelle:worker:<kind>:<worker_id>`` -> JSON :class:`Registration`, expiring after ``LIFETIME_S``.
Without Redis a worker works on: signaling keeps the connections it has.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.control_messages import WorkerKind
from relay.model import Frozen

LIFETIME_S = 6
BEAT_S = 2.0
_PREFIX = "passerelle:worker"
log = logging.getLogger(__name__)


class Registration(Frozen):
    """:param address: path of the control socket. :param load: 0..1."""

    worker_id: str
    kind: WorkerKind
    address: str
    capacity: int
    load: float
    draining: bool = False


async def keep_registered(redis: "Redis", current: Callable[[], Registration]) -> None:
    """Register every ``BEAT_S`` until cancelled, then take the entry away."""
    task = asyncio.current_task()
    try:
        # redis-py may swallow one cancellation on Python 3.11 (asyncio.wait_for); the count remembers it
        while task is not None and not task.cancelling():
            entry = current()
            with contextlib.suppress(RedisError, OSError):
                await redis.set(_key(entry), entry.model_dump_json(), ex=LIFETIME_S)
            await asyncio.sleep(BEAT_S)
    finally:
        with contextlib.suppress(RedisError, OSError):
            await redis.delete(_key(current()))


async def registered(redis: "Redis", kind: WorkerKind) -> list[Registration]:
    """:raises RedisError: Redis cannot be asked."""
    keys = [key async for key in redis.scan_iter(f"{_PREFIX}:{kind}:*")]
    values = await redis.mget(keys) if keys else []
    return [Registration.model_validate_json(value) for value in values if value]


def _key(entry: Registration) -> str:
    return f"{_PREFIX}:{entry.kind}:{entry.worker_id}"
