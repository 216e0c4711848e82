"""Where a call's media goes when there is little room: nobody is left without pictures for good."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.config import MediaWorkerConfig
from relay.worker import run
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane

pytestmark = pytest.mark.integration


@asynccontextmanager
async def media_worker(plane: ControlPlane, capacity: int) -> AsyncIterator[None]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    stop = asyncio.Event()
    config = MediaWorkerConfig(
        "only", directory / "c", directory / "a", redis_url=plane.redis.url, capacity=capacity, drain_s=0.0
    )
    worker = asyncio.create_task(run(config, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(worker, 20)
        shutil.rmtree(directory)


async def call(pages: Browser) -> tuple[RawPage, RawPage]:
    agent, signer = await pages.rehearsal("agent"), await pages.rehearsal("signer")
    await agent.ask("presence.set", presence="available")
    await signer.ask("call.request", kind="relay", number="01 99 00 00 01")
    alert = await agent.of_type("assignment.alert")
    await agent.ask("assignment.accept", assignment_id=alert["assignment_id"])
    await signer.state("briefing")
    return signer, agent


async def test_a_call_beyond_the_media_workers_room_gets_its_pictures_as_soon_as_there_is_some() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=1):
        first, _ = await call(pages)
        assert (await first.of_type("media.offer"))["sdp"].startswith("v=0")
        second, second_agent = await call(pages)
        assert second.newest("media.offer") is None
        await first.ask("call.act", call_id=first.call["call_id"], action="hang_up")
        for page in (second, second_agent):
            assert (await page.of_type("media.offer"))["call_id"] == second.call["call_id"]


async def test_a_page_that_asks_for_a_new_connection_again_and_again_gets_few() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=5):
        signer, _ = await call(pages)
        await signer.of_type("media.offer")
        for _ in range(40):
            await signer.ask("media.renew", call_id=signer.call["call_id"])
        await asyncio.sleep(1.0)
        offers = [message for message in signer.messages if message["type"] == "media.offer"]
        assert 2 <= len(offers) < 12
