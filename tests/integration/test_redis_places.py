"""Everything of the service that keeps something in Redis, in a cluster of three nodes; and a cluster that is away."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from relay.phone.farewells import Farewells
from relay.phone.recording_store import RecordingStore
from relay.redis_client import connect, oldest_version, redis_time
from relay.registry import Registration, keep_registered, registered
from signaling.ownership import Ownership, Snapshot
from signaling.phone_caps import Payer
from signaling.phone_tallies import Tallies
from tests.helpers.redis_sites import cluster_site
from tests.signaling.calls import new_call

pytestmark = pytest.mark.integration


@pytest.fixture
async def redis() -> AsyncIterator["Redis"]:
    async with cluster_site() as site, site.client() as client:
        yield client


async def test_all_of_the_service_finds_its_keys_in_a_cluster(redis: "Redis") -> None:
    owner = Ownership(redis, "a", 30.0)
    for number in range(8):  # their keys lie on all nodes
        call = new_call().model_copy(update={"call_id": f"c{number}"})
        epoch = await owner.claim(call.call_id)
        assert epoch == 1
        assert await owner.save(Snapshot(call=call), epoch)
        assert await owner.renew(call.call_id, epoch)
        await owner.release(call.call_id)
    other = Ownership(redis, "b", 30.0)
    assert {snapshot.call.call_id for snapshot in await other.orphans()} == {f"c{number}" for number in range(8)}
    for number in range(8):
        await other.forget(f"c{number}")
    assert await other.orphans() == []

    tallies = Tallies(redis, 600.0)
    await tallies.change(Payer("brand", "mairie"), lambda tally: (tally, None))
    await tallies.raise_alarm(Payer("brand", "mairie"), "numbers", 4e9)
    assert len(await tallies.alarms()) == 1
    await tallies.lift(Payer("brand", "mairie"))
    assert await tallies.alarms() == []

    workers = [
        asyncio.create_task(keep_registered(redis, lambda n=n: worker(n)))  # type: ignore[misc]
        for n in range(5)
    ]
    async with asyncio.timeout(45):
        while len(await registered(redis, "media")) < 5:
            await asyncio.sleep(0.05)
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert await registered(redis, "media") == []

    farewells = Farewells(redis, "phone-1", "secret")
    assert await farewells.take_all() == []
    told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    store = RecordingStore(redis, "secret")
    store.keep_soon("c1", [b"one", b"two"], "signer", told.set_result)
    key = await told
    assert key is not None
    assert await store.fetch(key, "signer") == (b"one", b"two")
    assert (await oldest_version(redis)).split(".")[0] >= "6"
    assert await redis_time(redis) > 1.7e9


async def test_a_cluster_without_any_node_is_away_like_a_server_without_its_network() -> None:
    redis = connect("redis+cluster://127.0.0.1:1,127.0.0.1:2", 0.5)
    with pytest.raises(RedisConnectionError):
        await redis.get("key")
    await redis.aclose()


def worker(number: int) -> Registration:
    return Registration(worker_id=f"m{number}", kind="media", address="/run/m", capacity=10, load=0.0)
