"""
A centre in virtual time: processes that run the queue as it is, and the people at them, as plain as they can be said.

Everything of the queue is real but Redis, which is ``memory_redis``; processes die before or after any of their
commands, stand still, and Redis goes away. ``tests.helpers.chaos.ledger`` looks at every change as it is written.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.encoding import decode
from interpreter_queue.errors import QueueError, QueueFullError, UnknownAgentError
from interpreter_queue.index import FeedEntry
from interpreter_queue.model import (
    Agent,
    AgentChanged,
    AgentRecord,
    AlertEnded,
    Alerting,
    Assigned,
    Cancelled,
    Event,
    Presence,
    Queued,
    Released,
    Request,
    RequestRecord,
    Resynced,
    Trade,
)
from tests.helpers.chaos.ledger import Ledger
from tests.interpreter_queue import plain
from tests.interpreter_queue.memory_redis import LATENCY_S, MemoryClient, MemoryServer, ProcessKilled
from tests.interpreter_queue.virtual_time import VirtualLoop

CONFIG = QueueConfig(
    alert_s=5,
    wrap_up_s=4,
    wrap_up_extension_s=4,
    agent_lease_s=6,
    owner_lease_s=20,
    poll_s=1,
    positions_s=2,
    break_min_s=5,
    break_proposed_s=10,
    break_due_s=20,
    shift_gap_s=60,
)
AGAIN_S = 0.4  # a page whose process is gone, or was told that Redis is away, tries another one
BEAT_S = 2.0
AGREES_S = 8.0  # the longest wait of a dispatcher that tries Redis again, and a heartbeat
Command = Callable[[InterpreterQueue], Awaitable[Any]]
Records = tuple[dict[str, AgentRecord], dict[str, RequestRecord]]


@dataclass
class Mirror:
    """What a listener who knows nothing but the events takes the queue for."""

    agents: dict[str, tuple[str, str | None, bool]] = field(default_factory=dict)
    requests: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, agents: "list[AgentRecord]", requests: "list[RequestRecord]") -> "Mirror":
        shown = {one.agent_id: (one.state, one.call_id, one.pause_after_call) for one in agents}
        waiting = {one.call_id: (one.state, one.assignment.agent_id if one.assignment else None) for one in requests}
        return cls(dict(shown), dict(waiting))

    def hear(self, event: Event) -> None:
        match event:
            case AgentChanged(agent_id=agent_id, state="offline"):
                self.agents.pop(agent_id, None)
            case AgentChanged():
                self.agents[event.agent_id] = (event.state, event.call_id, event.pause_after_call)
            case Queued():
                self.requests[event.call_id] = ("queued", None)
            case Alerting():
                self.requests[event.call_id] = ("alerting", event.assignment.agent_id)
            case AlertEnded():
                self.requests[event.call_id] = ("queued", None)
            case Assigned():
                self.requests[event.call_id] = ("assigned", event.assignment.agent_id)
            case Cancelled():
                self.requests.pop(event.call_id, None)
            case Released():
                if self.requests.get(event.call_id) == ("assigned", event.agent_id):
                    del self.requests[event.call_id]
            case _:
                pass


class Process:
    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.client = MemoryClient(world.server, world.chance)
        self.queue = InterpreterQueue(self.client, world.config, name)  # type: ignore[arg-type]
        self.mirror: Mirror | None = None
        self.tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self.spawn(self._until_killed())
        with contextlib.suppress(ProcessKilled):
            await self.queue.start()
            while not self.queue.is_synced:
                await asyncio.sleep(0.01)
            self.spawn(self._listen())

    async def _listen(self) -> None:
        events = self.queue.events()
        self.mirror = self._board()
        async for event in events:
            if isinstance(event, Resynced):
                self.mirror = self._board()
            else:
                self.mirror.hear(event)

    def _board(self) -> Mirror:
        board = self.queue.board()
        return Mirror.of(list(board.agents), [line.record for line in board.waiting] + list(board.assigned))

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _until_killed(self) -> None:
        await self.client.killed.wait()
        self.world.buried(self)

    async def command(self, run: Command) -> Any:
        """:raises ProcessKilled: the process is gone, and with it the answer."""
        task = self.spawn(run(self.queue))
        dead = self.spawn(self.client.killed.wait())
        await asyncio.wait([task, dead], return_when=asyncio.FIRST_COMPLETED)
        dead.cancel()
        if not task.done() or self.client.is_dead:
            task.cancel()
            raise ProcessKilled
        return task.result()

    def agrees(self, agents: dict[str, AgentRecord], requests: dict[str, RequestRecord]) -> bool:
        """What it shows, and what its events said, is what is written."""
        truth = Mirror.of(list(agents.values()), list(requests.values()))
        return self.queue.is_synced and self._board() == truth and self.mirror == truth


class World:
    """
    :param asked: calls whose enqueue was acknowledged and whose end nobody has asked for: none may be missing.
    """

    def __init__(self, seed: int, config: QueueConfig = CONFIG) -> None:
        self.chance, self.config = random.Random(seed), config
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.server = MemoryServer(self.loop.time, self._written)
        self.ledger = Ledger()
        self.asked: set[str] = set()
        self.kept: set[str] = set()
        self.pages: dict[str, tuple[Agent, Presence]] = {}  # agents whose page is open, and what they declared
        self.processes: dict[str, Process] = {}
        self.graves: list[Process] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._states: list[Records] = [({}, {})]  # by the number of the last change
        self._entries: list[tuple[MemoryClient | None, FeedEntry]] = []
        self.busy: set[str] = set()  # calls and agents with a command under way
        self._first_of: list[int] = [0]  # by place in the stream: the last number up to there
        self.alerts_checked = 0

    # Time and processes

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def pass_time(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    def start(self, name: str) -> None:
        process = self.processes[name] = Process(self, name)
        self.spawn(process.start())

    def buried(self, process: Process) -> None:
        """Killed: nothing of it goes on; the supervisor starts the last one again."""
        if self.processes.get(process.name) is process:
            del self.processes[process.name]
        self.graves.append(process)
        for task in process.tasks:
            task.cancel()
        if not self.processes:
            self.spawn(self._restart(process.name))

    async def _restart(self, name: str) -> None:
        await asyncio.sleep(1.0)
        if not self.processes:
            self.start(name)

    def kill(self, name: str) -> None:
        process = self.processes[name]
        process.client.is_dead = True
        process.client.killed.set()

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ledger.violations.append(f"{task.get_coro()}: {error!r}")

    def close(self) -> None:
        for process in [*self.processes.values(), *self.graves]:
            process.client.is_dead = True
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        with contextlib.suppress(BaseException):
            self.run(asyncio.sleep(0.01))
        self.loop.set_exception_handler(lambda loop, context: None)  # of those who were killed
        self.loop.close()
        asyncio.set_event_loop(None)

    # People

    async def told(self, run: Command, at: str | None = None) -> Any:
        """A command as a page gives it: again, at any process, until somebody answers."""
        while True:
            alive = sorted(self.processes)
            name = at if at in self.processes else self.chance.choice(alive) if alive else None
            try:
                if name is not None:
                    return await self.processes[name].command(run)
            except (QueueFullError, UnknownAgentError) as error:
                return error
            except (ProcessKilled, QueueError):
                pass
            at = None
            await asyncio.sleep(AGAIN_S)

    def page(self, who: str, work: Any) -> None:
        """Somebody does something; one thing after the other."""

        async def alone() -> None:
            while who in self.busy:
                await asyncio.sleep(0.05)
            self.busy.add(who)
            try:
                await work
            finally:
                self.busy.discard(who)

        self.spawn(alone())

    def open_page(self, agent: Agent, presence: Presence) -> None:
        is_new = agent.agent_id not in self.pages
        self.pages[agent.agent_id] = agent, presence
        if is_new:
            self.spawn(self._agent(agent.agent_id))

    async def _agent(self, agent_id: str) -> None:
        """Signed in, as declared, as long as the page is open."""
        while agent_id in self.pages:
            agent, presence = self.pages[agent_id]
            unknown = await self.told(lambda queue: queue.keep_alive([agent_id]))
            if agent_id in unknown and agent_id in self.pages:
                await self.told(_signing_in(agent))
                await self.told(_declaring(agent_id, presence))
            await asyncio.sleep(BEAT_S)

    async def keep_calls(self) -> None:
        """Their owner, or whoever took them over."""
        while True:
            ids = sorted(self.kept)
            if ids:
                await self.told(_keeping(ids))
            await asyncio.sleep(BEAT_S)

    async def ask(self, request: Request) -> None:
        self.kept.add(request.call_id)
        answer = await self.told(lambda queue: queue.enqueue(request))
        if answer is None and request.call_id in self.kept:
            self.asked.add(request.call_id)

    async def end(self, call_id: str, run: Command) -> None:
        self.asked.discard(call_id)
        await self.told(run)
        if call_id not in self.ledger.requests:
            self.kept.discard(call_id)

    # What is written

    def _written(self, head: str, changes: str) -> None:
        client, first = self.server.serves, self.ledger.number + 1
        entries = decode(head, changes)
        alerts = {
            (event.call_id, event.assignment.agent_id, event.assignment.trade)
            for entry in entries
            for event in entry.events
            if isinstance(event, Alerting)
        }
        if alerts and client is not None:
            self._is_as_the_rules_say(client, first, alerts)
        for entry in entries:
            self.ledger.take(entry)
            self._entries.append((client, entry))
            self._states.append((dict(self.ledger.agents), dict(self.ledger.requests)))
        self._first_of.append(self.ledger.number)

    def _is_as_the_rules_say(self, client: MemoryClient, first: int, alerts: set[tuple[str, str, Trade]]) -> None:
        """Whom the plain rules alert, in what this process had read and had written itself."""
        self.alerts_checked += len(alerts)
        known = self._first_of[client.has_read]
        own = [entry for who, entry in self._entries[known : first - 1] if who is client]
        for told in range(len(own), -1, -1):
            agents, requests = dict(self._states[known][0]), dict(self._states[known][1])
            for entry in own[:told]:
                _overlay(agents, entry.agents)
                _overlay(requests, entry.requests)
            for now in self._moments(client, requests):
                found = {(one.call_id, one.agent_id, one.trade) for one in plain.search(requests.values(), agents, now)}
                if alerts <= found:
                    return
        self.ledger.violations.append(f"{sorted(alerts)} is not what the rules say")

    def _moments(self, client: MemoryClient, requests: dict[str, RequestRecord]) -> list[float]:
        """When it may have been decided, by a clock that was set by an answer under way for some time."""
        latest, lag = client.sent_at, 4 * LATENCY_S[1] + client.stood_still_s
        dues = {one.enqueued_at + target.after_s for one in requests.values() for target in one.request.targets}
        near = {due + after for due in dues if latest - lag <= due <= latest for after in (-1e-4, 1e-4)}
        return [latest - LATENCY_S[1], latest, latest - lag, *sorted(near)]

    # What is to be so at the end of any history

    def missing(self) -> set[str]:
        return self.asked - set(self.ledger.requests)

    def agree(self) -> bool:
        """Every process comes to show what is written, and so do its events."""
        for _ in range(round(AGREES_S / 0.05)):
            self.pass_time(0.05)
            processes = list(self.processes.values())
            if processes and all(one.agrees(self.ledger.agents, self.ledger.requests) for one in processes):
                return True
        return False


def _signing_in(agent: Agent) -> Command:
    return lambda queue: queue.sign_in(agent)


def _declaring(agent_id: str, presence: Presence) -> Command:
    return lambda queue: queue.set_presence(agent_id, presence)


def _keeping(ids: list[str]) -> Command:
    return lambda queue: queue.keep_calls(ids)


def _overlay(records: dict[str, Any], changed: Any) -> None:
    for key, record in changed.items():
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record
