"""
What signaling calls: the commands of the queue, its events, its snapshot.

A command reads, decides (``operations``) and commits; losing a race means reading and deciding again. Every
command raises :class:`QueueUnavailableError` when Redis does not answer within ``command_deadline_s``, and may then
be repeated: done twice is done once (only ``extend_wrap_up`` counts each time).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from interpreter_queue import operations
from interpreter_queue.broadcast import Broadcast
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.errors import ContentionError, QueueFullError, QueueUnavailableError, UnknownAgentError
from interpreter_queue.estimate import standings
from interpreter_queue.model import (
    IN_CALL,
    Agent,
    AgentRecord,
    Assignment,
    Event,
    PauseReason,
    Presence,
    QueueSnapshot,
    Request,
    RequestRecord,
    WaitingRequest,
)
from interpreter_queue.redis_store import RedisStore, Whole
from interpreter_queue.rounds import Decide, Dispatcher

#: Redis is away or starting: worth another try within the deadline.
PASSING = (RedisConnectionError, RedisTimeoutError, OSError)
#: A server that is no longer (or not yet) the master, has lost its replicas, or a cluster that elects; 6.2 says so
#: in the middle of a script's error.
PASSING_ANSWERS = ("READONLY", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "LOADING")
T = TypeVar("T")


class InterpreterQueue:
    """
    One per process. Several processes may run theirs on the same Redis and domain at once.

    :param redis: owned by the caller, who closes it after :meth:`close`.
    :param instance_id: of this process, for the log.
    """

    def __init__(self, redis: Redis, config: QueueConfig, instance_id: str) -> None:
        self._config = config
        self._store = RedisStore(redis, config)
        self._broadcast = Broadcast(config.events_bound)
        self._dispatcher = Dispatcher(self._store, config, self._broadcast, instance_id)
        self._task: asyncio.Task[None] | None = None

    @property
    def is_synced(self) -> bool:
        """The dispatcher is connected and up to date (for ``/readyz``)."""
        return self._dispatcher.synced.is_set()

    async def start(self) -> None:
        """Start the dispatcher task. Returns once it is in sync, or after the deadline: it keeps trying."""
        self._task = asyncio.create_task(self._dispatcher.run(), name="queue-dispatcher")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.command_deadline_s):
                await self._dispatcher.synced.wait()

    async def close(self) -> None:
        """Stop dispatching here and end every ``events()``. Leases are left to run out or to be taken over."""
        if self._task:
            self._dispatcher.stop(self._task)
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._dispatcher.synced.is_set():
            self._dispatcher.synced.clear()
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(min(1.0, self._config.command_deadline_s)):
                    await self._dispatcher.give_up_the_lead()
        await self._store.close()
        self._broadcast.close()

    # Requests

    async def enqueue(self, request: Request) -> None:
        """
        Into the line; again for the same call while it waits: the newer wording counts, the place stays; after
        ``Assigned``: the call is resumed (interpreter lost, hand-over) and keeps its ``queued_at``.

        :raises QueueFullError: never for emergencies and resumed calls.
        """
        if request.priority < self._config.emergency_priority and request.queued_at is None:
            self._check_room(request)
        await self._run("enqueue", lambda view: operations.enqueue(view, request, self._config), None, request.call_id)
        self.watch(request.call_id)

    def watch(self, call_id: str) -> None:
        """Tell ``Position`` of this request here; so it is for what was enqueued or is kept here, until it is over."""
        self._dispatcher.positions.watch(call_id)

    def unwatch(self, call_id: str) -> None:
        self._dispatcher.positions.unwatch(call_id)

    def _check_room(self, request: Request) -> None:
        index = self._dispatcher.index
        if request.call_id not in index.requests:
            limit = index.matching.room_limit(request, self._config)
            if limit is not None:
                raise QueueFullError(limit)

    async def reroute(self, request: Request) -> bool:
        """Others are meant to serve a waiting call, which keeps its place. :returns: False: it does not wait here."""
        view, _ = await self._run(
            "reroute", lambda view: operations.reroute(view, request, self._config), None, request.call_id
        )
        return view.request is not None and view.request.state != "assigned"

    async def cancel(self, call_id: str, reason: str) -> None:
        """Abandoned, or call over: an alert is withdrawn, an engaged agent goes to wrap-up. Unknown: nothing."""
        await self._run("cancel", lambda view: operations.cancel(view, reason, self._config), None, call_id)

    async def keep_calls(self, call_ids: Iterable[str]) -> frozenset[str]:
        """
        Renew the owner's lease on calls that wait or are served; beat every few seconds.

        :returns: those without a request here (over, or freed because nobody kept them).
        """
        ids = list(call_ids)
        unknown = await self._with_deadline("keep_calls", lambda: self._store.renew_calls(ids))
        for call_id in set(ids) - unknown:
            self.watch(call_id)
        return unknown

    # Agents

    async def sign_in(self, agent: Agent) -> None:
        """Known from now on, presence ``paused`` until declared available. Again: profile and lease only."""
        earlier = self._dispatcher.index.departed.get(agent.agent_id)
        await self._run("sign_in", lambda view: operations.sign_in(view, agent, self._config, earlier), agent.agent_id)

    async def sign_out(self, agent_id: str) -> None:
        """An alert goes back to its place; a call is kept until ``release``."""
        await self._run("sign_out", operations.leave, agent_id)

    async def set_presence(self, agent_id: str, presence: Presence, reason: PauseReason | None = None) -> None:
        """
        In a call or wrap-up it counts from its end on; ``offline`` is ``sign_out``.

        :raises UnknownAgentError:
        """
        view, _ = await self._run(
            "set_presence", lambda view: operations.set_presence(view, presence, reason, self._config), agent_id
        )
        if view.agent is None and presence != "offline":
            raise UnknownAgentError(agent_id)

    async def set_pause_after_call(self, agent_id: str, wanted: bool, reason: PauseReason | None = None) -> None:
        """
        Paused after this call and its wrap-up; when idle, at once.

        :raises UnknownAgentError:
        """
        view, _ = await self._run(
            "set_pause_after_call",
            lambda view: operations.set_pause_after_call(view, wanted, reason, self._config),
            agent_id,
        )
        if view.agent is None:
            raise UnknownAgentError(agent_id)

    async def keep_alive(self, agent_ids: Iterable[str]) -> frozenset[str]:
        """
        Renew the leases of the agents connected to this process; beat every third of ``agent_lease_s``.

        :returns: those no longer signed in: sign them in again.
        """
        ids = list(agent_ids)
        return await self._with_deadline("keep_alive", lambda: self._store.renew_agents(ids))

    async def accept(self, agent_id: str, assignment_id: str) -> Assignment | None:
        """:returns: None: lost (not answered in time, cancelled, another assignment). Again: the same answer."""
        view, change = await self._run("accept", lambda view: operations.accept(view, assignment_id), agent_id)
        agent = view.agent if change is None else change.agents[agent_id]
        ours = agent is not None and agent.state in IN_CALL and agent.assignment is not None
        if not ours or agent is None or agent.assignment is None or agent.assignment.assignment_id != assignment_id:
            return None
        return agent.assignment

    async def decline(self, agent_id: str, assignment_id: str, reason: str) -> bool:
        """:param reason: a code, told in ``AlertEnded``, stored nowhere. :returns: False: nothing to decline."""
        _, change = await self._run("decline", lambda view: operations.decline(view, assignment_id, reason), agent_id)
        return change is not None

    async def hold(self, agent_id: str, held: bool) -> None:
        """The agent has put everybody on hold, or taken them back; without a call: nothing."""
        await self._run("hold", lambda view: operations.hold(view, held), agent_id)

    async def release(self, agent_id: str, call_id: str, *, wrap_up: bool) -> None:
        """The call is over for this agent. ``wrap_up=False`` also ends a wrap-up of that call."""
        await self._run(
            "release", lambda view: operations.release(view, call_id, self._config, wrap_up=wrap_up), agent_id, call_id
        )

    async def extend_wrap_up(self, agent_id: str) -> float | None:
        """:returns: the new end, Redis time; None: not in wrap-up, or no extension left."""
        _, change = await self._run(
            "extend_wrap_up", lambda view: operations.extend_wrap_up(view, self._config), agent_id
        )
        agent = change.agents[agent_id] if change else None
        return agent.until if agent else None

    async def finish_wrap_up(self, agent_id: str) -> None:
        await self._run("finish_wrap_up", operations.finish_wrap_up, agent_id)

    # What is known

    def events(self) -> AsyncIterator[Event]:
        """Everything of every process from this call on (not from the first iteration), until :meth:`close`."""
        return self._broadcast.subscribe()

    def board(self) -> QueueSnapshot:
        """Everything as this process knows it, without asking Redis: some ms old, older while Redis is away."""
        return _snapshot(Whole(self._dispatcher.now, "", self._dispatcher.index), self._config)

    def waiting_for(self, agent_id: str) -> int:
        """How many wait whom this agent could serve, as this process knows it."""
        return self._dispatcher.index.matching.waiting_for(agent_id)

    def known_agent(self, agent_id: str) -> AgentRecord | None:
        """As this process knows the agent, without asking Redis. :returns: None: not signed in."""
        return self._dispatcher.index.agents.get(agent_id)

    async def snapshot(self) -> QueueSnapshot:
        """Straight from Redis, at one moment."""
        return _snapshot(await self._with_deadline("snapshot", self._store.load_all), self._config)

    async def agent(self, agent_id: str) -> AgentRecord | None:
        """:returns: None: not signed in."""
        loaded = await self._with_deadline("agent", lambda: self._store.load(agent_id, None))
        return loaded.view.agent

    async def request(self, call_id: str) -> RequestRecord | None:
        """Queued, alerting or assigned; None when the queue does not know the call."""
        loaded = await self._with_deadline("request", lambda: self._store.load(None, call_id))
        return loaded.view.request

    async def assignment_of(self, call_id: str) -> Assignment | None:
        """The standing assignment, alerting or accepted (``request`` tells which)."""
        record = await self.request(call_id)
        return record.assignment if record else None

    # Running a command

    async def _run(
        self, command: str, decide: Decide, agent_id: str | None, call_id: str | None = None
    ) -> tuple[View, Change | None]:
        """:returns: what it was decided from, and the change that was committed, if any."""
        return await self._with_deadline(command, lambda: self._attempts(command, decide, agent_id, call_id))

    async def _attempts(
        self, command: str, decide: Decide, agent_id: str | None, call_id: str | None
    ) -> tuple[View, Change | None]:
        loaded = self._dispatcher.known(agent_id, call_id)
        for _ in range(self._config.commit_attempts):
            if loaded is None:
                loaded = await self._store.load(agent_id, call_id)
                change = decide(loaded.view)
                if change is None:
                    return loaded.view, None
            else:
                change = decide(loaded.view)
            if change is not None and (entry := await self._store.commit(loaded, change)):
                self._dispatcher.index.apply_early(entry)
                return loaded.view, change
            loaded = None  # too old, perhaps: Redis knows
        raise ContentionError(command, self._config.commit_attempts)

    async def _with_deadline(self, command: str, work: Callable[[], Awaitable[T]]) -> T:
        pause = self._config.backoff_s[0]
        try:
            async with asyncio.timeout(self._config.command_deadline_s):
                while True:
                    try:
                        return await work()
                    except RedisError as error:
                        if not is_passing(error):
                            raise
                    except OSError:
                        pass
                    await asyncio.sleep(pause)
        except TimeoutError:
            raise QueueUnavailableError(command) from None


def is_passing(error: RedisError) -> bool:
    """Worth another try within the deadline: nothing was written."""
    return isinstance(error, PASSING) or any(word in str(error).upper() for word in PASSING_ANSWERS)


def _snapshot(whole: Whole, config: QueueConfig) -> QueueSnapshot:
    index, waiting = whole.index, whole.index.waiting(whole.now)
    found = standings(waiting, index.agents.values(), index.handles, now=whole.now, config=config)
    lines = []
    for record in waiting:
        at = found[record.call_id]
        lines.append(
            WaitingRequest(
                record=record,
                position=at.position,
                wait_low_s=at.low_s,
                wait_high_s=at.high_s,
                serving=at.working,
            )
        )
    return QueueSnapshot(
        at=whole.now,
        waiting=tuple(lines),
        assigned=tuple(record for record in index.requests.values() if record.state == "assigned"),
        agents=tuple(sorted(index.agents.values(), key=lambda agent: agent.agent_id)),
        handles=tuple(index.handles),
    )
