"""
The dispatcher task: read what changed, alert whom the policy says, end what is due, sweep what nobody keeps.

Any number of dispatchers may run, in any number of processes: each decides from its own index, and the commit
script lets one of them win. One of them leads, by a short lease, and decides at once; the others do what it has left
undone for ``standby_s``. A round that lost something reads on before it decides again.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable

from redis.exceptions import RedisError

from interpreter_queue import operations, policy
from interpreter_queue.broadcast import Broadcast
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.index import Index, Loaded, lapsed
from interpreter_queue.model import IN_CALL, AgentRecord, Event, Resynced
from interpreter_queue.positions import Positions
from interpreter_queue.redis_store import Batch, Guard, RedisStore

ALERTS = 200  # decided in one round: then those alerted are told before more is decided
log = logging.getLogger(__name__)
Decide = Callable[[View], Change | None]


class Dispatcher:
    """
    :param name: of this process, for the log and for leading.

    ``index``, ``now`` and ``synced`` may be read by others, who also apply their own changes early and tell
    ``positions`` whom to watch; everything else happens in :meth:`run`.
    """

    def __init__(self, store: RedisStore, config: QueueConfig, broadcast: Broadcast, name: str) -> None:
        self._store = store
        self._config = config
        self._broadcast = broadcast
        self._name = name
        self.index = Index()
        self.synced = asyncio.Event()
        self.positions = Positions(config)
        self._last_id = ""  # empty: nothing read yet
        self._beat_at = 0.0  # Redis time of the last heartbeat
        self._ahead_s = 0.0  # of Redis' clock to this process's monotonic one
        self._back_at = 0.0  # since when Redis is there without a break
        self._leads = False
        self._seen: dict[str, float] = {}  # not leading: since when a request could be alerted and is not
        self._swept_at = self._shown_at = 0.0
        self._looked_at = 0.0
        self._left = False  # not leading: something may be left undone
        self._lost = self._more = False  # the last round lost a commit; had more to do than one round takes
        self._stopping = False

    @property
    def now(self) -> float:
        """Redis time, as reckoned from the last heartbeat on."""
        return time.monotonic() + self._ahead_s

    def known(self, agent_id: str | None, call_id: str | None) -> Loaded | None:
        """As ``RedisStore.load``, only from memory: perhaps too old. None: not to be relied on at all."""
        return self.index.bond(agent_id or "", call_id or "", self.now) if self.synced.is_set() else None

    async def run(self) -> None:
        """Until stopped. Redis away: retried with growing waits, nothing is decided meanwhile."""
        wait = self._config.backoff_s[0]
        while not self._stopping:
            try:
                await self._connect()
                wait = self._config.backoff_s[0]
                while not self._stopping:
                    await self._round()
            except (RedisError, OSError, TimeoutError) as error:
                if self.synced.is_set():
                    log.warning("queue %s: Redis is away (%s)", self._name, type(error).__name__)
                self.synced.clear()
            except Exception:  # a record that cannot be read, a bug: the queue must not stand still
                log.exception("queue %s: the round failed", self._name)
                self.synced.clear()
                self._last_id = ""
            if not self._stopping:
                await asyncio.sleep(wait)
            wait = min(2 * wait, self._config.backoff_s[1])

    def stop(self, task: "asyncio.Task[None]") -> None:
        """
        End :meth:`run`, which runs in ``task``.

        Cancelling alone is not enough: redis-py sends through ``asyncio.wait_for``, which in Python 3.11 swallows
        a cancellation that arrives together with the result.
        """
        self._stopping = True
        task.cancel()

    async def give_up_the_lead(self) -> None:
        """Another one decides at once from now on."""
        await self._store.beat(self._name, 0, self._last_id)

    # Knowing

    async def _connect(self) -> None:
        """The first time everything is read; later only what changed (:meth:`_heartbeat`)."""
        if not self._last_id:
            await self._read_all()
        await self._heartbeat()
        self.synced.set()

    async def _heartbeat(self) -> None:
        """The clock, the lead, and whether Redis still holds what was read: restarted or failed over it may not."""
        beat = await self._store.beat(self._name, self._config.lead_s, self._last_id)
        self._see(beat.now)
        self._leads = beat.leads
        await self._store.count_replicas()
        if beat.number < self.index.number or not beat.is_there:
            await self._resync("Redis lost changes")

    def _see(self, now: float) -> None:
        """A gap between two heartbeats means that Redis was away, or this process: leases start afresh."""
        self._ahead_s = now - time.monotonic()
        if now - self._beat_at > self._config.outage_gap_s:
            self._back_at = now
        self._beat_at = now

    async def _resync(self, why: str) -> None:
        log.warning("queue %s: reading everything anew: %s", self._name, why)
        await self._read_all()
        self._broadcast.publish([Resynced()])

    async def _read_all(self) -> None:
        whole = await self._store.load_all()
        self.index, self._last_id = whole.index, whole.last_id
        self._ahead_s = whole.now - time.monotonic()
        self._show_positions()

    async def _take_in(self, batch: Batch) -> None:
        events: list[Event] = []
        for entry in batch.entries:
            if not self.index.follows(entry):
                self._broadcast.publish(events)
                await self._resync(f"change {entry.number} after {self.index.number}")
                return
            self.index.apply(entry)
            events += entry.events
        self._last_id = batch.last_id
        self._broadcast.publish(events)
        if not batch.entries and self._lost:
            await self._resync("lost a commit to nobody")

    # Rounds

    async def _round(self) -> None:
        await self._take_in(await self._store.read_feed(self._last_id, self._pause()))
        self._lost = self._more = False
        if self.now >= self._beat_at + self._config.poll_s:
            await self._heartbeat()
        await self._alert()
        await self._end_due()
        if self.now >= self._swept_at + self._config.sweep_s:
            self._swept_at = self.now
            await self._sweep()
        if self.now >= self._shown_at + self._config.positions_s:
            self._show_positions()

    def _pause(self) -> float:
        """Seconds until something is due by itself."""
        if self._more or self._lost:
            return 0.001
        longest = min(self._config.poll_s, self._config.standby_s / 2) if self._left else self._config.poll_s
        deadline = self.index.next_deadline(self._sight)
        return longest if deadline is None else min(longest, max(0.001, deadline - self._sight))

    @property
    def _sight(self) -> float:
        """What ends before this moment is this dispatcher's: the others leave the leader some time to do it."""
        return self.now if self._leads else self.now - self._config.standby_s

    def _show_positions(self) -> None:
        self._shown_at = self.now
        self._broadcast.publish(self.positions.look(self.index, self.now))

    async def _alert(self) -> None:
        now = self.now
        if not self._leads and now < self._looked_at + self._config.standby_s / 2:
            self._left = True  # perhaps
            return
        self._looked_at = now
        matching = self.index.matching
        matches = matching.matches(now, ALERTS)
        undone = matches if self._leads else self._left_undone(matches, now)
        self._left = not self._leads and bool(matches)
        self._more = len(undone) == ALERTS
        is_whole = False
        try:
            is_whole = await self._commit_all(self._alerts(undone, now)) == len(matches)
        finally:
            if not is_whole:  # what was committed is no longer as it was found, and stays out
                for match in matches:
                    matching.put_back(match)

    def _alerts(self, matches: list[policy.Match], now: float) -> list[tuple[Loaded, Change, Guard | None]]:
        decided: list[tuple[Loaded, Change, Guard | None]] = []
        for match in matches:
            loaded = self.index.loaded(match.agent_id, match.call_id, now)
            change = operations.alert(loaded.view, match.trade, uuid.uuid4().hex, self._config)
            if change:
                decided.append((loaded, change, None))
        return decided

    def _left_undone(self, matches: list[policy.Match], now: float) -> list[policy.Match]:
        """What the leader should have done by now."""
        self._seen = {match.call_id: self._seen.get(match.call_id, now) for match in matches}
        return [match for match in matches if self._seen[match.call_id] + self._config.standby_s <= now]

    async def _end_due(self) -> None:
        now = self._sight
        for agent in self.index.due(now):
            if agent.state == "wrap_up":
                await self._decide(agent, lambda view: operations.finish_wrap_up(view, only_if_due=True))
            elif lapsed(agent.until or 0, self._config.alert_s, now, self._back_at):
                await self._decide(agent, lambda view: operations.silence(view, self._config))

    async def _sweep(self) -> None:
        now = self._sight
        agents, calls = await self._store.ended_leases(now)
        for agent_id, ended in agents.items():
            if lapsed(ended, self._config.agent_lease_s, now, self._back_at):
                await self._agent_lost(agent_id)
        for call_id, ended in calls.items():
            if lapsed(ended, self._config.owner_lease_s, now, self._back_at):
                await self._call_lost(call_id)

    async def _agent_lost(self, agent_id: str) -> None:
        """In a call: kept, the call decides; the lease is looked at again after it."""
        agent = self.index.agents.get(agent_id)
        guard = Guard("agents", agent_id, self.now)
        if agent is None:
            await self._commit(self.index.loaded(agent_id, None, self.now), _end_lease(agent_id), guard)
        elif agent.state not in IN_CALL:
            log.info("queue %s: agent lease ended", self._name)
            await self._decide(agent, operations.leave, guard)

    async def _call_lost(self, call_id: str) -> None:
        """Nobody keeps this call: its request goes, who is engaged in it is freed, then the lease ends."""
        guard = Guard("calls", call_id, self.now)
        request = self.index.requests.get(call_id)
        if request:
            agent_id = request.assignment.agent_id if request.assignment else ""
            loaded = self.index.loaded(agent_id, call_id, self.now)
            change = operations.cancel(loaded.view, "owner_lost", self._config)
            if change is None or not await self._commit(loaded, change, guard):
                return
        for agent in [one for one in self.index.agents.values() if one.call_id == call_id]:
            await self._decide(agent, lambda view: self._freed(view, call_id), guard)
        if not self._lost:
            ended = Change(call_leases={call_id: 0.0})
            await self._commit(Loaded(View(self.now)), ended, guard)
            log.info("queue %s: call %s was kept by nobody", self._name, call_id)

    def _freed(self, view: View, call_id: str) -> Change | None:
        return operations.release(view, call_id, self._config, wrap_up=True, reason="owner_lost")

    async def _decide(self, agent: AgentRecord, decide: Decide, guard: Guard | None = None) -> None:
        call_id = agent.assignment.call_id if agent.assignment else None
        loaded = self.index.loaded(agent.agent_id, call_id, self.now)
        change = decide(loaded.view)
        if change:
            await self._commit(loaded, change, guard)

    async def _commit(self, loaded: Loaded, change: Change, guard: Guard | None = None) -> bool:
        """False: lost. Somebody else's change is on its way in the stream."""
        return await self._commit_all([(loaded, change, guard)]) == 1

    async def _commit_all(self, decided: list[tuple[Loaded, Change, Guard | None]]) -> int:
        """:returns: how many were not lost."""
        if not decided:
            return 0
        entries = await self._store.commit_all(decided)
        for entry, (_, _, guard) in zip(entries, decided, strict=True):
            if entry is not None:
                self.index.apply_early(entry)
            elif guard is None:  # a guarded one may be lost to a renewed lease, told by nobody
                self._lost = True
        return sum(entry is not None for entry in entries)


def _end_lease(agent_id: str) -> Change:
    return Change(agent_leases={agent_id: 0.0})
