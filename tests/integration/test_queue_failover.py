"""The queue on several Redis servers: a master killed behind Sentinel, a cluster, a server that stands still."""

import asyncio
import contextlib
import os
import signal

import pytest

from interpreter_queue.errors import QueueUnavailableError
from interpreter_queue.model import Alerting, Assigned
from tests.helpers.redis_server import redis_server
from tests.helpers.redis_sites import cluster_site, sentinel_site
from tests.interpreter_queue.queue_site import eventually, relay, short, site

pytestmark = pytest.mark.integration


async def test_nothing_acknowledged_is_lost_when_the_master_is_killed_in_the_middle_of_traffic() -> None:
    config = short(command_deadline_s=2.0)
    async with sentinel_site() as redis, site(redis, config) as here, site(redis, config, "two") as there:
        await here.available("ines")
        acknowledged: list[str] = []
        is_over = asyncio.Event()

        async def enqueue(place: int) -> None:
            queue, number = (here, there)[place % 2].queue, 0
            while not is_over.is_set():
                call_id = f"c{place}-{number}"
                with contextlib.suppress(QueueUnavailableError):  # tried again: done twice is done once
                    await queue.enqueue(relay(call_id))
                    acknowledged.append(call_id)
                    number += 1
                await asyncio.sleep(0.02)

        traffic = [asyncio.create_task(enqueue(place)) for place in range(4)]
        await eventually(lambda: len(acknowledged) > 40)
        alert = (await here.alert(acknowledged[0])).assignment if here.all(Alerting) else None
        old = await redis.master()
        await old.kill()
        before = len(acknowledged)
        await eventually(lambda: len(acknowledged) > before + 40 and here.queue.is_synced and there.queue.is_synced)
        is_over.set()
        await asyncio.gather(*traffic)
        assert (await redis.master()) is not old

        snapshot = await here.queue.snapshot()
        waiting = {line.record.call_id for line in snapshot.waiting}
        assert waiting >= set(acknowledged)
        record = next(line.record for line in snapshot.waiting if line.record.state == "alerting")
        assert record.assignment is not None
        assert alert is None or alert == record.assignment, "who was alerted before is alerted still"
        assert await there.queue.accept("ines", record.assignment.assignment_id) == record.assignment
        await here.hears(Assigned)


async def test_the_queue_works_on_a_cluster_of_three_nodes() -> None:
    async with cluster_site() as redis, site(redis) as here, site(redis, name="two") as there:
        await here.available("ines")
        for number in range(5):
            await there.queue.enqueue(relay(f"c{number}"))
        alert = (await there.alert("c0")).assignment
        assert await here.queue.accept("ines", alert.assignment_id) == alert
        await here.queue.release("ines", "c0", wrap_up=True)
        await here.state("ines", "wrap_up")
        await here.queue.finish_wrap_up("ines")
        await there.alert("c1", "ines")
        assert await here.queue.keep_alive(["ines", "nobody"]) == {"nobody"}
        assert await here.queue.keep_calls(["c1", "none"]) == {"none"}
        assert len((await there.queue.snapshot()).waiting) == 4


async def test_a_redis_that_stands_still_for_seconds_costs_nobody_their_place() -> None:
    config = short(agent_lease_s=1.5, outage_gap_s=0.5, command_deadline_s=0.5, sweep_s=0.05, poll_s=0.05)
    async with redis_server() as server, site(server, config) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.queue.enqueue(relay("c2"))
        alert = (await here.alert("c1")).assignment
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(QueueUnavailableError):
                await here.queue.enqueue(relay("late"))
            await asyncio.sleep(2.0)  # longer than the lease, which nobody could renew
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await eventually(lambda: here.queue.is_synced)
        await asyncio.sleep(0.4)  # several sweeps, and well within the period that the lease has again
        assert await here.queue.keep_alive(["ines"]) == set(), "the lease did not run out meanwhile"
        assert await here.queue.accept("ines", alert.assignment_id) == alert
        waiting = {line.record.call_id for line in (await here.queue.snapshot()).waiting}
        assert waiting >= {"c2"}
