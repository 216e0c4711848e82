"""
A process of the queue stopped between any two of its Redis commands, and commands given up at any of them.

One process runs a scenario in which every command of the queue occurs; for every n it is stopped at its n-th command:
killed before it is sent, which is after the one before took effect, or given up while it is under way.
Another process then keeps the calls (as the one that takes them over does) and has them served. Histories run side by
side on one Redis, each in a domain of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import UnknownAgentError
from interpreter_queue.model import IN_CALL, Agent, AlertEnded, Alerting, Assigned, Cancelled, Event, Queued, Released
from tests.helpers.crashing_redis import CrashingRedis, ProcessKilled, Stop
from tests.helpers.redis_server import RedisServer, redis_server
from tests.interpreter_queue.queue_site import CALM, Site, relay, site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
COMMANDS = 84  # more than the scenario has: the last histories end without a crash
AT_ONCE = 28
SERVED_WITHIN_S = 60.0
CALLS = ("c1", "c2", "c3", "c4")


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as started:
        yield started


@pytest.mark.parametrize("stop", ["killed", "cancelled"])
async def test_a_process_stopped_at_any_command_loses_no_request_and_leaves_nobody_stuck(
    server: RedisServer, stop: Stop
) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(at: int) -> int:
        async with room:
            try:
                return await history(server, at, stop)
            except Exception as error:
                raise AssertionError(f"{stop} at command {at}") from error

    async with asyncio.TaskGroup() as group:
        histories = [group.create_task(one(at)) for at in range(1, COMMANDS + 1)]
    assert any(task.result() < at for at, task in enumerate(histories, 1)), "the scenario was stopped everywhere"


async def history(server: RedisServer, at: int, stop: Stop) -> int:
    """:returns: how many commands the first process sent."""
    config = replace(CALM, domain=f"crash-{at}", agent_lease_s=2.5, poll_s=1.0, lead_s=1.0, command_deadline_s=30)
    steps = Steps()
    redis = CrashingRedis(str(server.socket), at, stop, steps.cancel)
    async with site(server, config, "survivor") as there:
        # on a slow machine the scenario lasts longer than a lease; beats of its own would change what is counted
        async with beating(there, "ines", []):
            with contextlib.suppress(ProcessKilled):
                await first_process(redis, config, steps)
        await served_by_the_other(there)
        await invariants(there)
    redis.killed.clear()
    await redis.aclose()
    return redis.sent


class Steps:
    """Each command in a task of its own; a cancelled one is given again, as its page would."""

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def take(self, step: Callable[[], Awaitable[object]]) -> None:
        while True:
            self._task = asyncio.create_task(_awaited(step))
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()
                return

    async def end(self) -> None:
        self.cancel()
        await asyncio.gather(*filter(None, [self._task]), return_exceptions=True)


async def _awaited(step: Callable[[], Awaitable[object]]) -> object:
    return await step()


async def first_process(redis: CrashingRedis, config: QueueConfig, steps: Steps) -> None:
    """:raises ProcessKilled:"""
    queue = InterpreterQueue(redis, config, "first")
    here = Site(queue, redis)
    listening = asyncio.create_task(here.listen(queue.events()))
    running = asyncio.create_task(scenario(here, steps))
    killed = asyncio.create_task(redis.killed.wait())
    try:
        await asyncio.wait([running, killed], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        redis.killed.set()  # nothing is said goodbye to
        for task in (running, killed, listening):
            task.cancel()
        await asyncio.gather(running, killed, listening, return_exceptions=True)
        await steps.end()
        with contextlib.suppress(ProcessKilled):
            await queue.close()


async def scenario(here: Site, steps: Steps) -> None:
    queue = here.queue
    await queue.start()
    await steps.take(lambda: queue.sign_in(Agent(agent_id="ines", trades=frozenset({"interpreter"}))))
    await steps.take(lambda: queue.set_presence("ines", "available"))
    await steps.take(lambda: queue.enqueue(relay("c1")))
    alert = (await here.alert("c1")).assignment
    await steps.take(lambda: queue.accept("ines", alert.assignment_id))
    await steps.take(lambda: queue.hold("ines", True))
    await steps.take(lambda: queue.release("ines", "c1", wrap_up=True))
    await steps.take(lambda: queue.extend_wrap_up("ines"))
    await steps.take(lambda: queue.finish_wrap_up("ines"))
    await steps.take(lambda: queue.enqueue(relay("c2")))
    await here.alert("c2")
    await steps.take(lambda: queue.decline("ines", (here.all(Alerting)[-1]).assignment.assignment_id, "other"))
    await steps.take(lambda: queue.enqueue(relay("c3")))
    await here.alert("c3")
    await steps.take(lambda: queue.cancel("c3", "left"))
    await steps.take(lambda: queue.enqueue(relay("c4")))
    last = (await here.alert("c4")).assignment
    await steps.take(lambda: queue.accept("ines", last.assignment_id))
    await steps.take(lambda: queue.keep_alive(["ines"]))
    await steps.take(lambda: queue.keep_calls(["c4"]))


async def served_by_the_other(there: Site) -> None:
    """Every call of the scenario that is not over is taken over, served by Karim, and ended."""
    queue = there.queue
    over = {event.call_id for event in there.all(Released)} | {event.call_id for event in there.all(Cancelled)}
    left = [call_id for call_id in CALLS if call_id not in over]
    await there.available("karim")
    async with asyncio.timeout(SERVED_WITHIN_S):
        for call_id in left:
            record = await queue.request(call_id)
            if record is not None and record.state == "assigned" and record.assignment is not None:
                await queue.enqueue(relay(call_id, priority=50, queued_at=record.queued_at))  # the call is resumed
                await queue.release("ines", call_id, wrap_up=False)
            else:
                await queue.enqueue(relay(call_id))  # as its page repeats what was not acknowledged
        async with beating(there, "karim", left):
            while left:
                left = [call_id for call_id in left if not await serve(there, call_id)]
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def beating(there: Site, agent_id: str, call_ids: list[str]) -> AsyncIterator[None]:
    over = asyncio.Event()
    task = asyncio.create_task(beat(there, agent_id, call_ids, over))
    try:
        yield
    finally:
        over.set()  # not cancelled: a Redis client may swallow that (redis-py on Python 3.11)
        await task


async def beat(there: Site, agent_id: str, call_ids: list[str], over: asyncio.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(UnknownAgentError):
            if await there.queue.keep_alive([agent_id]) and agent_id == "karim":
                await there.available("karim")  # as his page does: this machine was too slow for his lease
            await there.queue.keep_calls(call_ids)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.3)


async def serve(there: Site, call_id: str) -> bool:
    """Karim accepts and ends the call once he is alerted for it."""
    assignment = await there.queue.assignment_of(call_id)
    if assignment is None or assignment.agent_id != "karim":
        return False
    assert await there.queue.accept("karim", assignment.assignment_id) == assignment
    await there.queue.release("karim", call_id, wrap_up=False)
    return True


async def invariants(there: Site) -> None:
    """Nobody waits, nobody is stuck, and nobody ever had two calls, nor a call two agents."""
    async with asyncio.timeout(SERVED_WITHIN_S):
        snapshot = await there.queue.snapshot()
        while any(agent.agent_id != "karim" for agent in snapshot.agents):
            await there.queue.keep_alive(["karim"])
            await asyncio.sleep(0.05)  # until the lease of the agent whose process is gone has ended
            snapshot = await there.queue.snapshot()
        assert (snapshot.waiting, snapshot.assigned) == ((), ())
        assert all(agent.state not in IN_CALL for agent in snapshot.agents)
        while still_served(there.heard) or not all_assigned(there):
            await asyncio.sleep(0.02)  # what Redis already knows is heard a moment later


def all_assigned(there: Site) -> bool:
    """But those that were cancelled."""
    cancelled = {event.call_id for event in there.all(Cancelled)}
    return {event.call_id for event in there.all(Assigned)} | cancelled >= set(CALLS)


def still_served(heard: list[Event]) -> dict[str, str]:
    """:returns: agent -> call, of those whose end was not heard. :raises AssertionError: two at once were heard of."""
    agents: dict[str, str] = {}
    calls: set[str] = set()
    for event in heard:
        if isinstance(event, Alerting):
            agent_id = event.assignment.agent_id
            assert agent_id not in agents
            assert event.call_id not in calls
            agents[agent_id] = event.call_id
            calls.add(event.call_id)
        elif isinstance(event, AlertEnded | Released) and agents.get(event.agent_id) == event.call_id:
            del agents[event.agent_id]
            calls.discard(event.call_id)
        elif isinstance(event, Queued):
            calls.discard(event.call_id)  # resumed: its agent is lost, and released by whoever took the call over
    return agents
