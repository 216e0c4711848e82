"""Several processes count for one payer in a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from signaling.phone_caps import CapsConfig, Dialled, Payer, Tally, begun, limits_of, refusal, with_caps
from signaling.phone_tallies import Tallies
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.integration
PAYER, NOW = Payer("brand", "mairie"), 1_795_345_200.0
DIALLED = Dialled("n", "b", is_costly=False)


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as running:
        yield running


def tallies(redis: Redis) -> Tallies:
    return Tallies(redis, 600.0, clock=lambda: NOW)


async def dial(of: Tallies, attempt: str, cap: int) -> bool:
    limits = with_caps(limits_of(PAYER, CapsConfig()), cap, None, None)

    def step(tally: Tally) -> tuple[Tally, bool]:
        if refusal(tally, limits, NOW) is not None:
            return tally, False
        return begun(tally, attempt, DIALLED, NOW), True

    return await of.change(PAYER, step)


async def test_processes_that_dial_at_once_share_one_cap(server: RedisServer) -> None:
    async with server.client() as redis:
        processes = [tallies(redis) for _ in range(3)]
        given = await asyncio.gather(*(dial(processes[number % 3], f"c-{number}", 5) for number in range(12)))
        assert sum(given) == 5


async def test_without_redis_a_process_goes_on_from_what_it_saw_and_after_it_from_what_was_kept(
    server: RedisServer,
) -> None:
    async with server.client() as redis:
        here, there = tallies(redis), tallies(redis)
        assert await dial(here, "c-1", 3)
        assert await dial(there, "c-2", 3)
        assert await dial(here, "c-3", 3)
        await server.kill()
        assert not await dial(here, "c-4", 3), "it knew of all three"
        assert await dial(there, "c-5", 3), "it had seen two: bounded, by itself"
        assert not await dial(there, "c-6", 3)
