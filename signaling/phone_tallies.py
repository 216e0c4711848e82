"""
Where tallies (``signaling.phone_caps``) are kept: in Redis, one value for each payer, changed by comparing and setting,
so that all processes agree. While Redis is away each process goes on from what it saw last: bounded, though by itself.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar, cast

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling.phone_caps import AlarmKind, Payer, PayerKind, Tally

T = TypeVar("T")
#: A tally, and what is wanted of it besides.
Step = Callable[[Tally], tuple[Tally, T]]
LIFETIME_S = 2 * 86_400  # a day's counts, however late its last call ends
TRIES = 20  # several processes at once for one payer; each round one of them gets through
SEEN_LIMIT = 5_000  # payers remembered in memory; the one used longest ago goes first
ALARMS_KEY = "passerelle:phone:alarms"
_SET = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
log = logging.getLogger(__name__)


class Tallies:
    """:param clock: Unix seconds."""

    def __init__(self, redis: Redis, window_s: float, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._window_s, self.clock = redis, window_s, clock
        self._set = redis.register_script(_SET)
        self._seen: OrderedDict[Payer, Tally] = OrderedDict()
        self._is_away = False

    async def change(self, payer: Payer, step: Step[T]) -> T:
        """``step`` may be asked several times; what it returns last holds."""
        try:
            tally, wanted = await self._change(payer, step)
        except (RedisError, OSError) as error:
            self._note(away=True, why=type(error).__name__)
            tally, wanted = step(self._fresh(self._seen.get(payer, Tally())))
        else:
            self._note(away=False)
        self._remember(payer, tally)
        return wanted

    async def _change(self, payer: Payer, step: Step[T]) -> tuple[Tally, T]:
        """:raises RedisError: also when others were always quicker."""
        key = _key(payer)
        for _ in range(TRIES):
            stored = await self._redis.get(key)
            text = stored.decode() if isinstance(stored, bytes) else stored or ""
            tally, wanted = step(self._fresh(_read(text)))
            after = tally.model_dump_json()
            if after == text or await self._set(keys=[key], args=[text, after, LIFETIME_S]):
                return tally, wanted
        raise RedisError("others were quicker")

    def _fresh(self, tally: Tally) -> Tally:
        return tally.at(self.clock(), self._window_s)

    def _remember(self, payer: Payer, tally: Tally) -> None:
        self._seen[payer] = tally
        self._seen.move_to_end(payer)
        while len(self._seen) > SEEN_LIMIT:
            self._seen.popitem(last=False)

    def _note(self, *, away: bool, why: str = "") -> None:
        if away and not self._is_away:
            log.warning("calls are counted by this process alone: %s", why)
        self._is_away = away

    # --- alarms, for operators

    async def raise_alarm(self, payer: Payer, kind: AlarmKind, until: float) -> None:
        """:raises RedisError: :raises OSError:"""
        await self._redis.zadd(ALARMS_KEY, {f"{kind} {payer.name}": until})
        await self._redis.zremrangebyscore(ALARMS_KEY, "-inf", self.clock())

    async def alarms(self) -> list[tuple[AlarmKind, Payer, float]]:
        """:returns: those in force, with the Unix seconds until which. :raises RedisError: :raises OSError:"""
        found = await self._redis.zrangebyscore(ALARMS_KEY, self.clock(), "+inf", withscores=True)
        return [_alarm(member, until) for member, until in cast("list[tuple[bytes | str, float]]", found)]

    async def lift(self, payer: Payer) -> None:
        """Its alarms are over; what it dialled lately is forgotten. :raises RedisError: :raises OSError:"""
        await self._change(payer, lambda tally: (tally.model_copy(update={"alarms": {}, "recent": ()}), None))
        members = [f"{kind} {payer.name}" for kind, whose, _ in await self.alarms() if whose == payer]
        if members:
            await self._redis.zrem(ALARMS_KEY, *members)


def _key(payer: Payer) -> str:
    return f"passerelle:phone:tally:{{{payer.name}}}"


def _alarm(member: bytes | str, until: float) -> tuple[AlarmKind, Payer, float]:
    kind, _, name = (member.decode() if isinstance(member, bytes) else member).partition(" ")
    payer, _, key = name.partition(":")
    return cast("AlarmKind", kind), Payer(cast("PayerKind", payer), key), float(until)


def _read(text: str) -> Tally:
    """Left by another version, it begins anew."""
    try:
        return Tally.model_validate_json(text) if text else Tally()
    except ValidationError:
        return Tally()
