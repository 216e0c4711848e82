"""
Where workers make themselves known: one Redis key per worker, gone by itself when the worker is.

Key ``passerelle:worker:<kind>:<worker_id>`` -> JSON :class:`Registration`, expiring after ``LIFETIME_S``.
Without Redis a worker works on: signaling keeps the connections it has.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.addresses import reach
from relay.control_messages import WorkerKind
from relay.model import Frozen

LIFETIME_S = 6
BEAT_S = 2.0
_PREFIX = "passerelle:worker"
log = logging.getLogger(__name__)


class Registration(Frozen):
    """
    :param address: path of the control socket, for whoever is at the same ``place``.
    :param network_address: ``tls://`` for other machines; None: there are none.
    :param load: 0..1.
    """

    worker_id: str
    kind: WorkerKind
    address: str
    capacity: int
    load: float
    draining: bool = False
    network_address: str | None = None
    place: str = ""

    def address_from(self, place: str) -> str:
        return reach(self.address, self.network_address, is_same_place=place == self.place)


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
    values = [await redis.get(key) for key in keys]  # one by one: in a cluster they lie in several places
    return [entry for value in values if value and (entry := _read(value)) is not None]


def _read(value: str | bytes) -> Registration | None:
    """:returns: None for what another version wrote: it must not cost the others."""
    try:
        return Registration.model_validate_json(value)
    except ValidationError:
        log.debug("an entry of the registry is not understood")
        return None


def _key(entry: Registration) -> str:
    return f"{_PREFIX}:{entry.kind}:{entry.worker_id}"
