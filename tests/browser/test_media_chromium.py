"""
Two Chromium pages through a real media worker: the recipe of ``tests/data/media_page.html`` is what our pages must do.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import AnswerLeg, AnyEvent, LegState, LegStatsEvent, OpenLeg, UpdateCall
from relay.model import CallPlan, LegConnection, WebLeg
from relay.worker import run
from tests.helpers.peers import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

PAGE = Path(__file__).parent.parent / "data" / "media_page.html"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30",
]


class Service:
    def __init__(self, client: ControlClient, events: list[AnyEvent], url: str) -> None:
        self.client, self.events, self.url = client, events, url

    async def join(self, page: Page, leg: WebLeg, **options: Any) -> None:
        await page.goto(self.url)
        opened = await self.client.request(OpenLeg(call_id="c", epoch=1, leg=leg, generation=1))
        sdp = await page.evaluate("([offer, options]) => answer(offer, options)", [opened["sdp"], options])
        await self.client.request(AnswerLeg(call_id="c", epoch=1, leg=leg, generation=1, sdp=sdp))
        await self.told(leg, "connected")

    async def told(self, leg: WebLeg, state: LegConnection) -> None:
        def is_told() -> bool:
            return any(isinstance(each, LegState) and (each.leg, each.state) == (leg, state) for each in self.events)

        await until(is_told, f"{leg} {state}")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    config = MediaWorkerConfig("test", directory / "control", directory / "audio", stats_period_s=0.5, drain_s=0.0)
    stop, events = asyncio.Event(), list[AnyEvent]()
    worker = asyncio.create_task(run(config, stop))
    await until(config.control_socket.exists, "the worker")
    client = ControlClient(events.append, lambda: None)
    await client.connect(config.control_socket)
    application = web.Application()
    application.router.add_get("/", _page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Service(client, events, f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await client.close()
    await runner.cleanup()
    stop.set()
    await asyncio.wait_for(worker, 10)
    shutil.rmtree(directory)


async def _page(_: web.Request) -> web.Response:
    return web.Response(text=PAGE.read_text(), content_type="text/html")


def is_fluid(found: dict[str, Any]) -> bool:
    received, audio = found.get("received", {}), found.get("audio", {})
    return bool((received.get("fps") or 0) >= 20 and received["frames"] > 60 and audio.get("packets", 0) > 20)


def sends_fluidly(service: Service, leg: WebLeg) -> bool:
    stats = [event.stats for event in service.events if isinstance(event, LegStatsEvent) and event.leg == leg]
    return any(each.frames_per_second > 20 for each in stats)


async def measured(page: Page, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The page's measures, as soon as they are as wanted."""
    found: dict[str, Any] = {}
    for _ in range(120):
        found = await page.evaluate("measure()")
        if wanted(found):
            return found
        await asyncio.sleep(0.25)
    raise AssertionError(f"never measured: {found}")


async def test_two_pages_see_hear_and_read_each_other_with_temporal_layers(service: Service) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        signer, agent = await browser.new_page(), await browser.new_page()
        await service.join(signer, "signer", layers="L1T3")
        await service.join(agent, "agent")
        plan = CallPlan(bridged=True, signer_voice=True, signer_hearing=True)
        await service.client.request(UpdateCall(call_id="c", epoch=1, plan=plan))
        at_signer = await measured(signer, is_fluid)
        at_agent = await measured(agent, is_fluid)
        assert at_signer["sent"]["layers"] == "L1T3"
        assert at_signer["received"]["width"] >= 320 and at_agent["received"]["width"] >= 320
        for profile in (at_signer["srtp"], at_agent["srtp"]):
            assert profile.removeprefix("SRTP_") == "AEAD_AES_256_GCM"
        await signer.evaluate("channel.send('bonjour')")
        await agent.wait_for_function("texts.length > 0")
        assert await agent.evaluate("texts") == [["signer", "t140", "bonjour"]]

        await until(
            lambda: sends_fluidly(service, "signer") and sends_fluidly(service, "agent"),
            "every frame counted, not only those of the base layer",
        )
        await agent.evaluate("connection.close()")
        await service.told("agent", "closed")
        await browser.close()
