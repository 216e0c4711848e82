"""Sealed voice messages in Redis, for the hour until signaling has taken them or an agent has relayed them."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.phone.recordings import open_, pack, seal, unpack

LIFETIME_S = 3600
SIZE_LIMIT = 4 * 1024 * 1024  # bytes: ten minutes at 48 kbit/s
PREFIX = "passerelle:recording:"
log = logging.getLogger(__name__)


class RecordingStore:
    """
    :param redis: None: no message can be left.
    :param secret: the same for all phone workers of the service; empty: no message can be left.
    """

    def __init__(self, redis: "Redis | None", secret: str) -> None:
        self._redis, self._secret = redis, secret
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def keeps(self) -> bool:
        """Whether a message can be left at all."""
        return self._redis is not None and bool(self._secret)

    def keep_soon(
        self, call_id: str, packets: Sequence[bytes], receiver: str, told: Callable[[str | None], None]
    ) -> None:
        """:param packets: Opus. :param told: the key, None when it could not be kept."""
        task = asyncio.create_task(self._keep(call_id, packets, receiver, told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def fetch(self, key: str, receiver: str) -> tuple[bytes, ...]:
        """
        :returns: Opus packets.
        :raises ValueError: gone, not this receiver's, or Redis is away.
        """
        if self._redis is None or not key.startswith(PREFIX):
            raise ValueError("no such message")
        try:
            sealed = await self._redis.getrange(key, 0, SIZE_LIMIT)
        except (RedisError, OSError) as error:
            raise ValueError("Redis is away") from error
        return unpack(open_(sealed if isinstance(sealed, bytes) else sealed.encode(), self._secret, receiver))

    async def settle(self) -> None:
        """Wait for what is being kept."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(
        self, call_id: str, packets: Sequence[bytes], receiver: str, told: Callable[[str | None], None]
    ) -> None:
        key = f"{PREFIX}{{{call_id}}}:{secrets.token_hex(8)}"
        try:
            assert self._redis is not None
            await self._redis.set(key, seal(pack(packets), self._secret, receiver), ex=LIFETIME_S)
        except (RedisError, OSError, ValueError) as error:
            log.warning("a voice message could not be kept call_id=%s: %s", call_id, type(error).__name__)
            told(None)
        else:
            told(key)
