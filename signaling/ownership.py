"""
One owner per call: a lease with a fencing epoch, and the call's snapshot, in Redis.

Keys of one call share its hash tag: ``passerelle:call:{<id>}:lease`` (owner, expiring), ``:epoch`` (counter) and
``:snapshot`` (JSON of :class:`Snapshot`, encrypted: it holds the numbers dialled, and Redis writes it to disk).
``passerelle:calls`` lists calls that have a snapshot.

Without Redis the owner goes on from memory. After Redis came back, or stood still, nobody takes a call over before one
full lease period has passed, so that owners can renew first (ARCHITECTURE).
"""

import logging
import time
from typing import Protocol, cast

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from relay.model import Frozen, VideoCodec, WebLeg
from signaling.call_model import Call
from signaling.sealing import Sealer

SNAPSHOT_LIFETIME_S = 24 * 3600  # a forgotten snapshot goes by itself
STOOD_STILL = 1 / 2  # of a lease, for one answer: owners could not renew
log = logging.getLogger(__name__)
_INDEX = "passerelle:calls"
_GIVEN_BACK = "passerelle:calls:given-back"  # leases released on purpose: free at once, without a waiting period

_CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  local epoch = redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  return epoch
end
return 0
"""
_RENEW = """
local owner = redis.call('GET', KEYS[1])
local epoch = redis.call('GET', KEYS[2])
if epoch and epoch ~= ARGV[2] then return 0 end
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
if not epoch then redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[4]) end
if #ARGV > 4 then redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[4]) end
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Snapshot(Frozen):
    """What a new owner needs: the call and where its media is."""

    call: Call
    media_worker: str | None = None
    phone_worker: str | None = None
    visibility_worker: str | None = None
    reads: dict[WebLeg, tuple[VideoCodec, ...]] = {}
    removed_at: float | None = None


class Clock(Protocol):
    def __call__(self) -> float: ...


class Ownership:
    """
    :param owner: this process, new at each start.
    :param lease_s: how long a silent owner keeps its calls.
    :param secret: of the installation, the same for all its processes: one cannot take over what it cannot read.
    """

    def __init__(
        self, redis: Redis, owner: str, lease_s: float, clock: Clock = time.monotonic, *, secret: str = ""
    ) -> None:
        self._redis, self._owner, self._lease_s, self._clock = redis, owner, lease_s, clock
        self._sealer = Sealer(secret, "passerelle.snapshot")
        self._unreadable: set[str] = set()
        self._claim = redis.register_script(_CLAIM)
        self._renew = redis.register_script(_RENEW)
        self._release = redis.register_script(_RELEASE)
        self._reachable_since: float | None = None

    async def claim(self, call_id: str) -> int | None:
        """:returns: the new epoch; None when somebody else owns the call. :raises RedisError: not reachable."""
        lease_ms = int(self._lease_s * 1000)
        epoch = await self._run(self._claim, call_id, self._owner, lease_ms, SNAPSHOT_LIFETIME_S)
        if epoch:
            await self._redis.srem(_GIVEN_BACK, call_id)
        return epoch or None

    async def save(self, snapshot: Snapshot, epoch: int) -> bool:
        """:returns: False when the call belongs to somebody else now. :raises RedisError: not reachable."""
        call_id = snapshot.call.call_id
        kept = await self._renewed(call_id, epoch, self._sealer.seal(snapshot.model_dump_json()))
        if kept:
            await self._redis.sadd(_INDEX, call_id)
        return kept

    async def renew(self, call_id: str, epoch: int) -> bool:
        return await self._renewed(call_id, epoch)

    async def release(self, call_id: str) -> None:
        """Give the lease back, so that another process can take the call at once."""
        if await self._run(self._release, call_id, self._owner):
            await self._redis.sadd(_GIVEN_BACK, call_id)

    async def forget(self, call_id: str) -> None:
        lease, epoch, snapshot = _keys(call_id)
        await self._redis.delete(lease, epoch, snapshot)
        await self._redis.srem(_INDEX, call_id)
        await self._redis.srem(_GIVEN_BACK, call_id)

    async def has_snapshot(self, call_id: str) -> bool:
        """Somebody owns this call, or may take it over. :raises RedisError: not reachable."""
        return bool(await self._redis.exists(_keys(call_id)[2]))

    async def watch(self) -> None:
        """Call several times in a lease: notes since when Redis answers, for :meth:`may_take_over`."""
        asked_at = self._clock()
        try:
            await self._redis.ping()
        except (RedisError, OSError):
            self._reachable_since = None
            return
        if self._reachable_since is None:
            self._reachable_since = self._clock()
        self._answered(asked_at)

    def _answered(self, asked_at: float) -> None:
        now = self._clock()
        if self._reachable_since is not None and now - asked_at > STOOD_STILL * self._lease_s:
            self._reachable_since = now

    def may_take_over(self) -> bool:
        since = self._reachable_since
        return since is not None and self._clock() - since >= self._lease_s

    async def orphans(self) -> list[Snapshot]:
        """
        Calls with a snapshot and no live lease that may be taken over now: those given back at once, those whose
        owner fell silent after one full period with Redis (:meth:`may_take_over`).
        """
        found = []
        for call_id in await self._redis.smembers(_INDEX if self.may_take_over() else _GIVEN_BACK):
            name = call_id.decode() if isinstance(call_id, bytes) else call_id
            lease, _, snapshot_key = _keys(name)
            if await self._redis.exists(lease):
                continue
            sealed = await self._redis.get(snapshot_key)
            if sealed is None:
                await self._redis.srem(_INDEX, name)
            elif (snapshot := self._read(name, sealed)) is not None:
                found.append(snapshot)
        return found

    def _read(self, call_id: str, sealed: str | bytes) -> Snapshot | None:
        """None, told once: sealed with another secret, or left by another version."""
        text = self._sealer.open(sealed)
        try:
            return Snapshot.model_validate_json(text or "")
        except ValidationError:
            if call_id not in self._unreadable:
                self._unreadable.add(call_id)
                log.warning("snapshot cannot be read: not taken over", extra={"call_id": call_id})
            return None

    async def _renewed(self, call_id: str, epoch: int, *snapshot: str) -> bool:
        lease_ms = int(self._lease_s * 1000)
        done = await self._run(self._renew, call_id, self._owner, epoch, lease_ms, SNAPSHOT_LIFETIME_S, *snapshot)
        return done == 1

    async def _run(self, script: AsyncScript, call_id: str, *args: str | int | float) -> int:
        asked_at = self._clock()
        done = cast("int", await script(keys=list(_keys(call_id)), args=list(args)))
        self._answered(asked_at)
        return done


def _keys(call_id: str) -> tuple[str, str, str]:
    tag = f"passerelle:call:{{{call_id}}}"
    return f"{tag}:lease", f"{tag}:epoch", f"{tag}:snapshot"
