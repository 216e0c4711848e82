"""
Two Chromium pages through a real media worker: the recipe of ``tests/data/media_page.html`` is what our pages must do.
"""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import AnswerLeg, AnyEvent, LegState, LegStatsEvent, OpenLeg, UpdateCall
from relay.media_code import PictureCode, read_code
from relay.model import CallPlan, LegConnection, WebLeg
from relay.worker import run
from tests.helpers.peers import CodedPeer, until

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

    async def join_peer(self, peer: CodedPeer, leg: WebLeg) -> None:
        opened = await self.client.request(OpenLeg(call_id="c", epoch=1, leg=leg, generation=1))
        sdp = await peer.media.answer(opened["sdp"])
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
    await asyncio.wait_for(worker, 45)
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


async def shows(page: Page, video: str, participant: int | None) -> bool:
    """:param participant: None: whatever it shows is no longer live."""
    first = await picture_code(page, video)
    if participant is not None:
        return first is not None and first.participant == participant
    await asyncio.sleep(1.0)
    return first == await picture_code(page, video)


async def picture_code(page: Page, video: str) -> PictureCode | None:
    found = await page.evaluate("(id) => snapshot(id)", video)
    if found is None:
        return None
    pixels = np.frombuffer(base64.b64decode(found["rgba"]), np.uint8)
    return read_code(pixels.reshape(found["height"], found["width"], 4)[:, :, :3])


async def until_shown(page: Page, first: int, second: int | None) -> None:
    for _ in range(120):
        if await shows(page, "other", first) and await shows(page, "second", second):
            return
        await asyncio.sleep(0.25)
    raise AssertionError(f"never shown: {first} and {second}")


async def test_page_gets_two_pictures_each_where_the_plan_puts_it(service: Service) -> None:
    agent, second = CodedPeer(2, 880.0), CodedPeer(3, 1760.0)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        try:
            signer = await browser.new_page()
            await service.join(signer, "signer")
            await service.join_peer(agent, "agent")
            await service.join_peer(second, "second")
            plan = CallPlan(bridged=True, second="team")
            for active, swapping, shown in (
                ("agent", False, (2, None)),
                ("agent", True, (2, 3)),
                ("second", True, (3, 2)),
                ("second", False, (3, None)),
            ):
                wanted = plan.model_copy(update={"active": active, "swapping": swapping})
                await service.client.request(UpdateCall(call_id="c", epoch=1, plan=wanted))
                await until_shown(signer, *shown)
        finally:
            await agent.media.close()
            await second.media.close()
            await browser.close()
