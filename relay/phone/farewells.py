"""
What must still be said to peers when this process dies: one ready CANCEL or BYE per leg, kept in Redis.

Hash ``passerelle:phone:farewell:<worker_id>``. An entry holds the dialog's addresses, hence a number, and is deleted
when its leg ends. Redis's append-only file remembers it longer: with a secret an entry is encrypted and authenticated
(Fernet), so that neither that file nor a copy of it tells whom somebody called, and nobody else's entry is ever sent.
Without a secret entries are readable for whoever reads Redis or its files. Without Redis nothing is kept and nothing
else changes.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.phone.leg import StoredRequest

LIFETIME_S = 12 * 3600  # no call lasts longer; a worker that never comes back leaves nothing for ever
_PREFIX = "passerelle:phone:farewell"
log = logging.getLogger(__name__)


class Envelope:
    """What an entry looks like in Redis. :param secret: any text, the same after a restart; empty encrypts nothing."""

    def __init__(self, secret: str) -> None:
        self._cipher = Fernet(_key(secret)) if secret else None

    def close(self, request: StoredRequest) -> bytes:
        text = json.dumps(asdict(request)).encode()
        return self._cipher.encrypt(text) if self._cipher is not None else text

    def open(self, entry: bytes | str) -> StoredRequest | None:
        """:returns: None for what is not ours, of another secret, too old or damaged."""
        try:
            text = self._cipher.decrypt(entry, ttl=LIFETIME_S) if self._cipher is not None else entry
            return StoredRequest(**json.loads(text))
        except (InvalidToken, ValueError, TypeError):
            return None


def _key(secret: str) -> bytes:
    """A key of its own: the same secret also signs other things elsewhere."""
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=_PREFIX.encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)


class Farewells:
    def __init__(self, redis: "Redis | None", worker_id: str, secret: str = "") -> None:
        """:param secret: see :class:`Envelope`."""
        self._redis = redis
        self._envelope = Envelope(secret)
        self._key = f"{_PREFIX}:{worker_id}"
        self._order = asyncio.Lock()  # FIFO: a deletion never overtakes the write before it
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, leg_key: str, request: StoredRequest) -> None:
        self._later(self._write(leg_key, self._envelope.close(request)))

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
        found = [self._envelope.open(value) for value in entries.values()]
        if None in found:
            log.warning("%d farewells of a predecessor cannot be used", found.count(None))
        return [request for request in found if request is not None]

    async def settle(self) -> None:
        """Wait for writes under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self, leg_key: str, value: bytes | None) -> None:
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
