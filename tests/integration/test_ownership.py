"""One owner per call: leases, epochs and snapshots in a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from signaling.ownership import Ownership, Snapshot
from tests.helpers.redis_server import RedisServer, redis_server
from tests.signaling.calls import new_call

pytestmark = pytest.mark.integration
SHORT_S = 0.6


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as server:
        yield server


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    async with server.client() as client:
        yield client


async def until_orphaned(owner: Ownership) -> list[Snapshot]:
    async with asyncio.timeout(30):
        while not (found := await owner.orphans()):
            await owner.watch()
            await asyncio.sleep(0.02)
    return found


async def test_a_call_has_one_owner_and_the_next_one_gets_a_higher_epoch(redis: Redis) -> None:
    first, second = Ownership(redis, "a", SHORT_S), Ownership(redis, "b", SHORT_S)
    await second.watch()
    assert await first.claim("c1") == 1
    assert await second.claim("c1") is None
    assert await first.save(Snapshot(call=new_call()), 1)
    assert await second.orphans() == []
    [snapshot] = await until_orphaned(second)
    assert snapshot.call == new_call()
    assert await second.claim("c1") == 2
    assert not await first.save(Snapshot(call=new_call()), 1), "the old owner is fenced off"
    assert not await first.renew("c1", 1)


async def test_a_lease_given_back_is_free_at_once(redis: Redis) -> None:
    first, second = Ownership(redis, "a", 60.0), Ownership(redis, "b", 60.0)
    await first.claim("c1")
    await second.release("c1")
    assert await second.claim("c1") is None, "only the owner gives a lease back"
    await first.save(Snapshot(call=new_call()), 1)
    await first.release("c1")
    assert [snapshot.call.call_id for snapshot in await second.orphans()] == ["c1"], "no waiting period"
    assert await second.claim("c1") == 2
    assert await second.orphans() == []


async def test_an_owner_whose_lease_ran_out_unnoticed_takes_it_up_again_if_nobody_did(redis: Redis) -> None:
    owner = Ownership(redis, "a", SHORT_S)
    await owner.watch()
    await owner.claim("c1")
    await owner.save(Snapshot(call=new_call()), 1)
    await until_orphaned(owner)
    assert await owner.renew("c1", 1)
    assert await owner.orphans() == []


async def test_a_forgotten_call_leaves_nothing_in_redis(redis: Redis) -> None:
    owner = Ownership(redis, "a", 60.0)
    await owner.claim("c1")
    await owner.save(Snapshot(call=new_call()), 1)
    await owner.forget("c1")
    assert await redis.keys("*") == []


async def test_after_redis_was_away_nobody_takes_over_before_one_full_period(server: RedisServer) -> None:
    now = [100.0]
    async with server.client() as client:
        owner = Ownership(client, "a", 10.0, clock=lambda: now[0])

        async def watches(seconds: int) -> None:
            for _ in range(seconds):
                now[0] += 1
                await owner.watch()

        await owner.watch()
        assert not owner.may_take_over()
        await watches(10)
        assert owner.may_take_over()
        await server.stop()
        await owner.watch()
        assert not owner.may_take_over()
        await server.start()
        await watches(10)
        assert not owner.may_take_over()
        await watches(1)
        assert owner.may_take_over()


@pytest.mark.parametrize("command", ["ping", "evalsha"])
async def test_after_redis_stood_still_nobody_takes_over_before_one_full_period(
    redis: Redis, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error tells of it: an answer takes long, and the leases of everybody may have run out meanwhile."""
    now = [100.0]
    owner = Ownership(redis, "a", 10.0, clock=lambda: now[0])
    assert await owner.claim("c1") == 1
    await owner.watch()
    now[0] += 20
    assert owner.may_take_over(), "that this process itself did nothing for long says nothing about the others"
    answers = getattr(redis, command)

    async def late(*words: object) -> object:
        now[0] += 6
        return await answers(*words)

    with monkeypatch.context() as patch:
        patch.setattr(redis, command, late)
        await (owner.watch() if command == "ping" else owner.renew("c1", 1))
    now[0] += 9
    await owner.watch()
    assert not owner.may_take_over()
    now[0] += 1
    assert owner.may_take_over()


async def test_redis_never_sees_the_number_of_a_call_and_only_the_same_secret_takes_it_over(redis: Redis) -> None:
    number = "+33199000001"
    call = new_call().model_copy(update={"target": number, "display": "01 99 00 00 01", "caller_id": "+33199000042"})
    owner = Ownership(redis, "a", 60.0, secret="one")
    assert await owner.claim("c1") == 1
    assert await owner.save(Snapshot(call=call), 1)
    await owner.release("c1")
    kept = [str(await redis.get(key)) for key in await redis.keys("*") if await redis.type(key) == b"string"]
    assert kept
    for value in kept:
        assert not any(shown in value for shown in ("99000001", "99 00 00 01", "99000042"))
    assert await Ownership(redis, "b", 60.0, secret="other").orphans() == []
    [snapshot] = await Ownership(redis, "b", 60.0, secret="one").orphans()
    assert snapshot.call == call


async def test_a_snapshot_in_clear_of_another_version_is_left_alone_and_hinders_nobody(redis: Redis) -> None:
    owner = Ownership(redis, "a", 60.0)
    for name in ("c1", "c2"):
        assert await owner.claim(name) == 1
        assert await owner.save(Snapshot(call=new_call().model_copy(update={"call_id": name})), 1)
        await owner.release(name)
    await redis.set("passerelle:call:{c1}:snapshot", Snapshot(call=new_call()).model_dump_json())
    assert [snapshot.call.call_id for snapshot in await owner.orphans()] == ["c2"]
