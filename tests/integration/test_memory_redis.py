"""The Redis in memory, on which thousands of histories run, does what the scripts do in a real one."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from interpreter_queue import operations
from interpreter_queue.changes import Change
from interpreter_queue.config import QueueConfig
from interpreter_queue.index import Loaded
from interpreter_queue.model import Agent, Request, Target
from interpreter_queue.redis_store import Guard, RedisStore
from tests.helpers.redis_server import RedisServer, redis_server
from tests.interpreter_queue.memory_redis import MemoryClient, MemoryServer

pytestmark = pytest.mark.integration
SEEDS, STEPS = 5, 60
AGENTS, CALLS = ("ines", "karim"), ("c1", "c2", "c3")
TARGETS = (Target(trades=("interpreter",)),)
LATE = 1e12


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as started:
        yield started


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_the_redis_in_memory_answers_and_keeps_what_a_real_one_does(server: RedisServer, seed: int) -> None:
    chance = random.Random(seed)
    config = QueueConfig(agent_lease_s=1000, owner_lease_s=1000, handle_samples=3)
    memory = MemoryClient(MemoryServer(asyncio.get_running_loop().time), chance)
    async with server.client() as redis:
        both = RedisStore(redis, config), RedisStore(memory, config)  # type: ignore[arg-type]
        read = ["", ""]
        for step in range(STEPS):
            await _same_change(both, chance, config, now=1000.0 + step)
            if chance.random() < 0.3:
                await _same_leases(both, chance)
            if chance.random() < 0.2:
                read = await _same_reading(both, read)
        await _same_reading(both, read)
        for store in both:
            await store.close()


async def _same_change(stores: tuple[RedisStore, ...], chance: random.Random, config: QueueConfig, now: float) -> None:
    agent_id = chance.choice((*AGENTS, None))
    call_id = chance.choice((*CALLS, None) if agent_id else CALLS)
    loaded = [await store.load(agent_id, call_id) for store in stores]
    assert _without_now(loaded[0]) == _without_now(loaded[1])
    change = _change(replace(loaded[0], view=replace(loaded[0].view, now=now)), chance, config, call_id)
    if change is None:
        return
    stale = chance.random() < 0.2  # decided from what is no longer so
    if stale:
        loaded = [replace(one, agent_version=10_000, request_version=10_000) for one in loaded]
    guard = chance.choice(
        (None, None, Guard("agents", "ines", LATE), Guard("calls", "c1", LATE), Guard("calls", "c1", 0))
    )
    entries = [await store.commit(one, change, guard) for store, one in zip(stores, loaded, strict=True)]
    assert entries[0] == entries[1]


def _change(loaded: Loaded, chance: random.Random, config: QueueConfig, call_id: str | None) -> Change | None:
    view = loaded.view
    agent_id, bound = loaded.agent_id or "ines", view.agent.assignment if view.agent else None
    name = bound.assignment_id if bound else "none"
    if call_id is None and loaded.call_id is not None:
        call_id = loaded.call_id
    changes: list[Change | None] = [
        operations.sign_in(view, Agent(agent_id=agent_id, trades=frozenset({"interpreter"})), config),
        operations.set_presence(view, "available", None, config),
        operations.enqueue(view, Request(call_id=call_id, targets=TARGETS), config) if call_id else None,
        operations.alert(view, "interpreter", f"{view.now}", config),
        operations.accept(view, name),
        operations.decline(view, name, "other"),
        operations.hold(view, True),
        operations.release(view, call_id, config, wrap_up=chance.random() < 0.5) if call_id else None,
        operations.cancel(view, "left", config),
        operations.leave(view),
        Change(agent_leases={agent_id: 0.0}, call_leases={call_id or "c1": 1000.0}),
    ]
    possible = [change for change in changes if change is not None]
    return chance.choice(possible)


async def _same_leases(stores: tuple[RedisStore, ...], chance: random.Random) -> None:
    assert len({await store.renew_agents(AGENTS) for store in stores}) == 1
    kept = CALLS[: chance.randint(0, 3)]
    assert len({await store.renew_calls(kept) for store in stores}) == 1
    for now in (0.0, LATE):
        ended = [await store.ended_leases(now) for store in stores]
        assert [set(leases) for leases in ended[0]] == [set(leases) for leases in ended[1]]


async def _same_reading(stores: tuple[RedisStore, ...], read: list[str]) -> list[str]:
    """:param read: where each has read its stream up to; empty: nothing yet. :returns: where now."""
    wholes = [await store.load_all() for store in stores]
    seen: list[Any] = [(w.index.number, w.index.agents, w.index.requests, list(w.index.handles)) for w in wholes]
    assert seen[0] == seen[1]
    batches = [await store.read_feed(last or "0-0", 0.01) for store, last in zip(stores, read, strict=True)]
    assert batches[0].entries == batches[1].entries
    ids = [batch.last_id for batch in batches]
    name, lead_s = ("a", 1000.0) if len(batches[0].entries) % 2 else ("b", 0.0)
    beats = [await store.beat(name, lead_s, last) for store, last in zip(stores, ids, strict=True)]
    assert replace(beats[0], now=0) == replace(beats[1], now=0)
    return ids


def _without_now(loaded: Loaded) -> Loaded:
    return replace(loaded, view=replace(loaded.view, now=0.0))
