"""
A supervisor's words to an agent, kept until they are read: a reload, or a page at another process, shows them again.

Redis, one list for each agent, newest first: ``passerelle:staff-words:<agent id>``, each entry sealed. The list is
gone :data:`KEPT_S` after its last entry, and an entry of that age is shown no more. No record keeps them.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling.messages.serving import StaffNotice, StaffRead
from signaling.sealing import Sealer
from signaling.sessions import Hub, Page

KEPT = 3  # for one agent: as many as a page shows at once
KEPT_S = 4 * 3600  # a shift's half: what nobody has read by then is no news
DEADLINE_S = 2.0  # of Redis; without it a page that is there is told all the same
log = logging.getLogger(__name__)


class StaffWords:
    """:param secret: of the installation. :param clock: Unix seconds."""

    def __init__(self, redis: Redis, hub: Hub, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._hub, self._clock = redis, hub, clock
        self._sealer = Sealer(secret, "passerelle.staff-words")

    async def tell(self, agent_id: str, text: str) -> None:
        notice = StaffNotice(text=text, at=self._clock())
        try:
            async with asyncio.timeout(DEADLINE_S), self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(_key(agent_id), self._sealer.seal(notice.model_dump_json()))
                pipe.ltrim(_key(agent_id), 0, KEPT - 1)
                pipe.expire(_key(agent_id), KEPT_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("words not kept: %s", type(error).__name__)
        self._hub.send("agent", agent_id, notice)

    async def came(self, page: Page) -> None:
        """What this agent has not read yet, the oldest first."""
        try:
            kept = await self._kept(page.identity.key)
        except (RedisError, OSError) as error:
            log.warning("words not shown: %s", type(error).__name__)
            return
        for _, notice in reversed(kept):
            page.send(notice)

    async def read(self, page: Page, message: StaffRead) -> None:
        """Once Redis is back the words may be shown again."""
        agent_id = page.identity.key
        try:
            for sealed, notice in await self._kept(agent_id):
                if notice.at == message.at:
                    async with asyncio.timeout(DEADLINE_S):
                        await self._redis.lrem(_key(agent_id), 1, sealed)  # type: ignore[arg-type]  # bytes are fine
        except (RedisError, OSError) as error:
            log.warning("words not forgotten: %s", type(error).__name__)

    async def _kept(self, agent_id: str) -> list[tuple[bytes | str, StaffNotice]]:
        """As they are kept, and what they say. :raises RedisError: :raises OSError: not now."""
        async with asyncio.timeout(DEADLINE_S):
            sealed: list[bytes | str] = await self._redis.lrange(_key(agent_id), 0, KEPT - 1)
        found = [(each, self._open(each)) for each in sealed]
        since = self._clock() - KEPT_S
        return [(each, notice) for each, notice in found if notice is not None and notice.at >= since]

    def _open(self, sealed: bytes | str) -> StaffNotice | None:
        try:
            return StaffNotice.model_validate_json(self._sealer.open(sealed) or "")
        except ValidationError:
            return None  # of another installation


def _key(agent_id: str) -> str:
    return f"passerelle:staff-words:{agent_id}"
