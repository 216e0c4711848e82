"""What the store promises, on every server program that is installed: Redis 6.2, Redis 7, Valkey."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from interpreter_queue import operations
from interpreter_queue.changes import Change
from interpreter_queue.index import FeedEntry, Loaded
from interpreter_queue.model import Agent, AgentRecord, Queued, RequestRecord
from interpreter_queue.redis_store import Guard, RedisStore
from tests.helpers.redis_binaries import KINDS, server_binary
from tests.helpers.redis_server import RedisServer, redis_server
from tests.interpreter_queue.queue_site import CALM, relay, short, site

pytestmark = pytest.mark.integration


@pytest.fixture(params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[RedisServer]:
    async with redis_server(server_binary(request.param)) as started:
        yield started


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator["Redis"]:
    async with server.client() as client:
        yield client


async def signed_in(store: RedisStore, agent_id: str) -> AgentRecord:
    nobody = await store.load(agent_id, None)
    change = operations.sign_in(nobody.view, Agent(agent_id=agent_id, trades=frozenset({"interpreter"})), CALM)
    assert change is not None
    assert await store.commit(nobody, change)
    record = (await store.load(agent_id, None)).view.agent
    assert record is not None
    return record


async def enqueued(store: RedisStore, call_id: str) -> tuple[Loaded, Change]:
    nothing = await store.load(None, call_id)
    change = operations.enqueue(nothing.view, relay(call_id), CALM)
    assert change is not None
    assert await store.commit(nothing, change)
    return nothing, change


async def test_of_two_decisions_from_the_same_view_one_is_lost(redis: "Redis") -> None:
    store = RedisStore(redis, CALM)
    nothing, change = await enqueued(store, "c1")
    assert await store.commit(nothing, change) is None
    loaded = await store.load(None, "c1")
    over = operations.cancel(loaded.view, "left", CALM)
    assert over is not None
    both = await store.commit_all([(loaded, over, None), (loaded, over, None)])
    assert [entry is not None for entry in both] == [True, False], "also within one batch"
    assert (await store.load(None, "c1")).view.request is None
    await store.close()


async def test_changes_come_by_the_stream_whole_in_order_and_to_everybody(redis: "Redis") -> None:
    store, other = RedisStore(redis, CALM), RedisStore(redis, CALM)
    start = await other.load_all()
    await asyncio.gather(*(enqueued(store, f"c{number}") for number in range(50)))
    await signed_in(store, "ines")
    for reader in (store, other):  # who wrote them, and who reads them from Redis
        entries: list[FeedEntry] = []
        last_id = start.last_id
        while (batch := await reader.read_feed(last_id, 0.05)).entries:
            entries += batch.entries
            last_id = batch.last_id
        assert [entry.number for entry in entries] == list(range(1, 52))
        assert {event.call_id for entry in entries for event in entry.events if isinstance(event, Queued)} == {
            f"c{number}" for number in range(50)
        }
        assert entries[-1].agents["ines"] == (await store.load("ines", None)).view.agent
        await reader.close()


async def test_everything_is_read_as_it_was_after_one_change_while_others_write(redis: "Redis") -> None:
    store, writer = RedisStore(redis, CALM), RedisStore(redis, CALM)
    for number in range(700):  # more than one answer holds
        await enqueued(writer, f"c{number}")
    await signed_in(writer, "ines")

    async def write() -> None:
        for number in range(100):
            loaded = await writer.load(None, f"c{number}")
            gone = operations.cancel(loaded.view, "left", CALM)
            assert gone is not None
            await writer.commit(loaded, gone)
            await enqueued(writer, f"d{number}")

    writing = asyncio.create_task(write())
    seen = [await store.load_all() for _ in range(5)]
    await writing
    seen.append(await store.load_all())
    for whole in seen:
        gone = sum(f"c{number}" not in whole.index.requests for number in range(700))
        come = sum(f"d{number}" in whole.index.requests for number in range(100))
        assert whole.index.number == 701 + gone + come
        assert gone - come in (0, 1), "one after the other, as they were written"
    assert set(seen[-1].index.agents) == {"ines"}
    assert len(seen[-1].index.requests) == 700
    await asyncio.gather(store.close(), writer.close())


async def test_a_lease_is_renewed_ends_and_guards_a_commit(redis: "Redis") -> None:
    config = short(agent_lease_s=0.05)
    store = RedisStore(redis, config)
    record = await signed_in(RedisStore(redis, config), "ines")
    assert await store.renew_agents(["ines", "nobody"]) == {"nobody"}
    async with asyncio.timeout(45):
        while not (await store.ended_leases((loaded := await store.load("ines", None)).view.now))[0]:
            await asyncio.sleep(0.01)
    leaving = operations.leave(loaded.view)
    assert leaving is not None
    assert await store.commit(loaded, leaving, Guard("agents", "ines", record.since - 10)) is None
    assert await store.commit(loaded, leaving, Guard("agents", "ines", loaded.view.now)) is not None
    assert (await store.load("ines", None)).view.agent is None
    assert (await store.ended_leases(loaded.view.now + 100))[0] == {}
    await store.close()


async def test_one_leads_until_it_gives_up_or_its_lease_ends(redis: "Redis") -> None:
    store = RedisStore(redis, CALM)
    assert (await store.beat("one", 60, "")).leads
    assert not (await store.beat("two", 60, "")).leads
    assert (await store.beat("one", 60, "")).leads
    assert not (await store.beat("one", 0, "")).leads
    assert (await store.beat("two", 0.05, "")).leads
    async with asyncio.timeout(45):
        while not (await store.beat("one", 60, "")).leads:
            await asyncio.sleep(0.01)
    await store.close()


async def test_a_server_that_no_longer_holds_what_was_read_is_noticed(redis: "Redis") -> None:
    store = RedisStore(redis, CALM)
    await enqueued(store, "c1")
    whole = await store.load_all()
    beat = await store.beat("one", 60, whole.last_id)
    assert (beat.number, beat.is_there) == (1, True)
    await redis.flushall()
    for call_id in ("d1", "d2"):  # as many changes as before, and others
        await enqueued(store, call_id)
    beat = await store.beat("one", 60, whole.last_id)
    assert (beat.number, beat.is_there) == (2, False)
    await store.close()


async def test_a_call_is_served_after_the_server_was_killed_and_started_again(server: RedisServer) -> None:
    async with site(server, short(outage_gap_s=0.5, poll_s=0.1)) as here:
        await here.available("ines")
        for number in range(3):
            await here.queue.enqueue(relay(f"c{number}"))
        alert = (await here.alert("c0")).assignment
        await asyncio.sleep(1.1)  # the append-only file is synced every second
        await server.kill()
        await server.start()
        assert await here.queue.accept("ines", alert.assignment_id) == alert
        mark = len(here.heard)
        await here.queue.release("ines", "c0", wrap_up=False)
        await here.alert("c1", "ines", since=mark)
        assert {line.record.call_id for line in (await here.queue.snapshot()).waiting} == {"c1", "c2"}


async def test_own_changes_that_redis_lost_are_not_taken_for_those_that_came_instead(redis: "Redis") -> None:
    store, other = RedisStore(redis, CALM), RedisStore(redis, CALM)
    await enqueued(store, "c1")
    await redis.flushall()
    await enqueued(other, "d1")
    batch = await store.read_feed("0-0", 0.05)
    assert [set(entry.requests) for entry in batch.entries] == [{"d1"}]
    await asyncio.gather(store.close(), other.close())


async def test_what_another_version_left_hinders_nobody(redis: "Redis") -> None:
    await redis.hset("{passerelle}:queue:requests", "c1", '7 {"of": "another version"}')
    await redis.hset("{passerelle}:queue:agents", "ines", '8 {"of": "another version"}')
    await redis.set("{passerelle}:queue:counter", 8)
    await redis.xadd("{passerelle}:queue:changes", {"number": "8", "records": "[]", "events": "[]", "handle": ""})
    store = RedisStore(redis, CALM)
    whole = await store.load_all()
    assert (whole.index.requests, whole.index.agents) == ({}, {})
    await enqueued(store, "c1")
    await signed_in(store, "ines")
    whole = await store.load_all()
    assert (set(whole.index.requests), set(whole.index.agents)) == ({"c1"}, {"ines"})
    await store.close()


async def test_records_are_read_back_as_they_were_written(redis: "Redis") -> None:
    store = RedisStore(redis, CALM)
    await signed_in(store, "ines")
    request = relay("c1", preferred={"gender:f": 3}, head_start_s=12.5, weight=2.0, refused_agents=("karim",))
    nothing = await store.load(None, "c1")
    change = operations.enqueue(nothing.view, request, CALM)
    assert change is not None
    await store.commit(nothing, change)
    written = change.requests["c1"]
    whole = await RedisStore(redis, CALM).load_all()
    assert isinstance(written, RequestRecord)
    assert whole.index.requests["c1"] == written == (await store.load(None, "c1")).view.request
    await store.close()
