"""The queue on a real Redis when something goes: pages, processes, Redis itself; and several at once."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from interpreter_queue import operations
from interpreter_queue.errors import QueueUnavailableError, UnknownAgentError
from interpreter_queue.model import (
    Agent,
    AlertEnded,
    Alerting,
    Assigned,
    Cancelled,
    Event,
    Position,
    Released,
    Resynced,
)
from interpreter_queue.redis_store import Guard, RedisStore
from tests.helpers.redis_server import RedisServer, redis_server
from tests.interpreter_queue.queue_site import CALM, DEADLINE_S, Site, eventually, relay, short, site

pytestmark = pytest.mark.integration


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as started:
        yield started


async def test_agent_whose_page_is_gone_frees_the_alert(server: RedisServer) -> None:
    async with site(server, short(agent_lease_s=0.5)) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.alert("c1", "ines")
        ended = await here.hears(AlertEnded)
        assert (ended.agent_id, ended.reason) == ("ines", "agent_gone")
        await here.state("ines", "offline")
        assert await here.queue.agent("ines") is None
        assert await here.queue.keep_alive(["ines"]) == {"ines"}, "told to sign in again"
        with pytest.raises(UnknownAgentError):
            await here.queue.set_presence("ines", "available")
        record = await here.queue.request("c1")
        assert record is not None
        assert record.state == "queued"


async def test_agent_who_keeps_alive_stays(server: RedisServer) -> None:
    async with site(server, short(agent_lease_s=0.6)) as here:
        await here.available("ines", "karim")

        async def beat() -> None:
            while True:
                await here.queue.keep_alive(["ines"])
                await asyncio.sleep(0.1)

        beating = asyncio.create_task(beat())
        await here.state("karim", "offline")
        agent = await here.queue.agent("ines")
        beating.cancel()
        assert agent is not None
        assert agent.state == "idle"


async def test_engaged_agent_whose_page_is_gone_keeps_the_call(server: RedisServer) -> None:
    async with site(server, short(agent_lease_s=0.5)) as here:
        await here.available("ines", "karim")
        await here.queue.enqueue(relay("c1"))
        await here.queue.accept("ines", (await here.alert("c1", "ines")).assignment.assignment_id)
        await here.state("karim", "offline")  # whose lease ended at the same time
        agent = await here.queue.agent("ines")
        assert agent is not None
        assert agent.state == "engaged"
        await here.queue.release("ines", "c1", wrap_up=True)
        await here.state("ines", "offline")


async def test_calls_that_nobody_keeps_are_freed_after_the_grace(server: RedisServer) -> None:
    async with site(server, short(owner_lease_s=1.0)) as here:
        await here.available("ines", "karim")
        for call_id in ("served", "alerted", "waiting", "kept"):
            await here.queue.enqueue(relay(call_id))
        await here.queue.accept("ines", (await here.alert("served", "ines")).assignment.assignment_id)

        async def keep() -> None:
            while True:
                await here.queue.keep_calls(["kept"])
                await asyncio.sleep(0.1)

        keeping = asyncio.create_task(keep())
        for call_id in ("served", "alerted", "waiting"):
            gone = await here.hears(Cancelled, lambda e, c=call_id: e.call_id == c)  # type: ignore[misc]
            assert gone.reason == "owner_lost"
        await here.state("ines", "wrap_up")
        assert (await here.hears(Released)).reason == "owner_lost"
        assert await here.queue.keep_calls(["served", "kept"]) == {"served"}
        keeping.cancel()
        await here.alert("kept", "karim")


async def test_two_dispatchers_never_assign_twice(server: RedisServer) -> None:
    calls = [f"c{number}" for number in range(100)]
    agents = [f"a{number}" for number in range(20)]
    async with site(server) as here, site(server, name="two") as there:
        served: list[tuple[str, str]] = []

        async def serve(place: Site, agent_id: str) -> None:
            seen = 0
            while True:
                alert = (await place.hears(Alerting, lambda e: e.assignment.agent_id == agent_id, seen)).assignment
                seen = (
                    next(i for i, e in enumerate(place.heard) if isinstance(e, Alerting) and e.assignment == alert) + 1
                )
                if await place.queue.accept(agent_id, alert.assignment_id):
                    await place.queue.release(agent_id, alert.call_id, wrap_up=False)
                    served.append((alert.call_id, agent_id))

        working = [asyncio.create_task(serve(place, a)) for place, a in zip([here, there] * 10, agents, strict=True)]
        await asyncio.gather(here.available(*agents[:10]), there.available(*agents[10:]))
        await asyncio.gather(
            *(place.queue.enqueue(relay(c)) for place, c in zip([here, there] * 50, calls, strict=True))
        )
        await eventually(lambda: len(served) == len(calls))
        for task in working:
            task.cancel()
        assert sorted(call_id for call_id, _ in served) == sorted(calls)
        await eventually(lambda: len(here.all(Released)) == len(there.all(Released)) == len(calls))
        for place in (here, there):
            assert len(place.all(Alerting)) == len(place.all(Assigned)) == len(calls)
            one_at_a_time(place.heard)


def one_at_a_time(heard: list[Event]) -> None:
    """No agent is alerted while alerted or engaged; no call is alerted twice at once."""
    busy_agents: dict[str, str] = {}
    busy_calls: set[str] = set()
    for event in heard:
        if isinstance(event, Alerting):
            agent_id = event.assignment.agent_id
            assert agent_id not in busy_agents
            assert event.call_id not in busy_calls
            busy_agents[agent_id] = event.call_id
            busy_calls.add(event.call_id)
        elif isinstance(event, AlertEnded | Released):
            assert busy_agents.pop(event.agent_id) == event.call_id
            busy_calls.discard(event.call_id)


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
async def test_redis_stopped_and_started_loses_nothing(server: RedisServer, crash: bool) -> None:
    config = short(agent_lease_s=2.0, outage_gap_s=0.5, command_deadline_s=0.5, sweep_s=0.05, poll_s=0.05)
    async with site(server, config) as here:
        await here.available("ines")
        for number in range(5):
            await here.queue.enqueue(relay(f"c{number}"))
        alert = (await here.alert("c0")).assignment
        await (server.kill() if crash else server.stop())
        await eventually(lambda: not here.queue.is_synced)
        with pytest.raises(QueueUnavailableError):
            await here.queue.enqueue(relay("late"))
        await asyncio.sleep(2.0)  # longer than the lease: it could not be renewed
        mark = len(here.heard)
        await server.start()
        await eventually(lambda: here.queue.is_synced)
        await asyncio.sleep(0.4)  # several sweeps, and well within the period that the lease has again

        assert await here.queue.keep_alive(["ines"]) == set(), "the lease did not run out while Redis was away"
        assert await here.queue.accept("ines", alert.assignment_id) == alert
        await here.hears(Assigned, since=mark)
        snapshot = await here.queue.snapshot()
        assert [line.record.call_id for line in snapshot.waiting] == ["c1", "c2", "c3", "c4"]
        await here.queue.release("ines", "c0", wrap_up=False)
        await here.alert("c1", "ines", since=mark)
        assert not here.all(Resynced)


async def test_redis_that_comes_back_empty_is_noticed(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.alert("c1")
        await here.redis.flushall()
        await here.available("karim")
        await here.hears(Resynced)
        await here.queue.enqueue(relay("c1"))
        await here.alert("c1", "karim")


async def test_requests_wait_out_a_dispatcher_that_starts_later(server: RedisServer) -> None:
    async with site(server) as here:
        await here.queue.enqueue(relay("c1"))
    async with site(server, name="next") as there:
        there.queue.watch("c1")
        assert (await there.hears(Position)).call_id == "c1"
        await there.available("ines")
        await there.alert("c1", "ines")


KILLED = """
import asyncio, sys
from redis.asyncio import Redis
from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import Agent, Request, Target

async def main():
    redis = Redis(unix_socket_path=sys.argv[1])
    queue = InterpreterQueue(redis, QueueConfig(agent_lease_s=1.0, owner_lease_s=1.0, sweep_s=0.1, poll_s=0.2), "dead")
    await queue.start()
    await queue.sign_in(Agent(agent_id="ines", trades=frozenset({"interpreter"})))
    await queue.set_presence("ines", "available")
    await queue.enqueue(Request(call_id="theirs", targets=(Target(trades=("interpreter",)),)))
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_killed_process_frees_what_it_held(server: RedisServer) -> None:
    async with site(server, short(agent_lease_s=1.0, owner_lease_s=1.0)) as here:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(server.socket))
        try:
            await here.alert("theirs", "ines")
        finally:
            process.kill()
            await process.wait()
        await here.state("ines", "offline")
        assert (await here.hears(Cancelled)).reason == "owner_lost"
        snapshot = await here.queue.snapshot()
        assert (snapshot.waiting, snapshot.agents) == ((), ())


LEADER = """
import asyncio, sys
from redis.asyncio import Redis
from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue

async def main():
    queue = InterpreterQueue(Redis(unix_socket_path=sys.argv[1]), QueueConfig(lead_s=600), "leader")
    await queue.start()
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_alerting_goes_on_when_the_leading_process_is_killed(server: RedisServer) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LEADER, str(server.socket))
    async with server.client() as redis, asyncio.timeout(DEADLINE_S):
        while await redis.get("{passerelle}:queue:leader") != b"leader":
            await asyncio.sleep(0.02)
    async with site(server) as here, site(server, name="two") as there:
        try:
            await here.available("ines", "karim")
            await here.queue.enqueue(relay("c1"))
            await here.alert("c1")
        finally:
            process.kill()
            await process.wait()
        for number in range(2, 6):
            await there.queue.enqueue(relay(f"c{number}"))
        first = await there.alert("c2")
        await here.queue.accept(first.assignment.agent_id, first.assignment.assignment_id)
        await here.queue.release(first.assignment.agent_id, "c2", wrap_up=False)
        await here.alert("c3", first.assignment.agent_id)
        assert await here.redis.get("{passerelle}:queue:leader") == b"leader", "nobody else leads yet"
        one_at_a_time(here.heard)
        waiting = {line.record.call_id for line in (await here.queue.snapshot()).waiting}
        assert waiting == {"c1", "c3", "c4", "c5"}


async def test_who_stops_leaves_the_lead_to_another_at_once(server: RedisServer) -> None:
    config = short(lead_s=600, poll_s=0.05)
    async with site(server, config) as here:
        async with site(server, config, "two") as there:
            assert await there.redis.get("{passerelle}:queue:leader") == b"one"
        await here.queue.close()
        async with site(server, config, "three") as there, asyncio.timeout(DEADLINE_S):
            while await there.redis.get("{passerelle}:queue:leader") != b"three":
                await asyncio.sleep(0.02)


async def test_lease_renewed_at_the_last_moment_is_not_taken_away(server: RedisServer) -> None:
    async with server.client() as redis:
        store = RedisStore(redis, short(agent_lease_s=0.05))
        profile = Agent(agent_id="ines", trades=frozenset({"interpreter"}))
        nobody = await store.load("ines", None)
        signed_in = operations.sign_in(nobody.view, profile, short(agent_lease_s=0.05))
        assert signed_in is not None
        await store.commit(nobody, signed_in)
        assert await store.commit(nobody, signed_in) is None, "decided from what is no longer so"

        ended: dict[str, float] = {}
        async with asyncio.timeout(DEADLINE_S):
            while not ended:
                ines = await store.load("ines", None)
                ended, _ = await store.ended_leases(ines.view.now)
        leaving = operations.leave(ines.view)
        assert leaving is not None
        late = RedisStore(redis, CALM)
        await late.renew_agents(["ines"])
        assert await store.commit(ines, leaving, Guard("agents", "ines", ines.view.now)) is None
        assert (await store.load("ines", None)).view.agent is not None
        await store.renew_agents(["ines"])
        async with asyncio.timeout(DEADLINE_S):
            while (now := (await store.load("ines", None)).view.now) and not (await store.ended_leases(now))[0]:
                await asyncio.sleep(0.01)
        assert await store.commit(ines, leaving, Guard("agents", "ines", now)) is not None
        assert (await store.load("ines", None)).view.agent is None
