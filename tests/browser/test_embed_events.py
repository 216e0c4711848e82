"""What the button tells the business's page, and what it loads before anybody clicks: nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.call_state import QueueView
from tests.browser.fake_service import FakeService, call_state
from tests.browser.steps import PAGES

pytestmark = PAGES
EVENTS = ("ready", "opened", "queued", "connected", "ended", "error", "closed")


def host_page(service_url: str, attributes: str = "") -> str:
    return (
        f'<!doctype html><html lang="fr"><title>Mairie</title><script src="{service_url}/embed/v1.js" defer></script>'
        f'<lsf-call brand="demo" {attributes}><a href="{service_url}/b/demo">Nous appeler en LSF</a></lsf-call>'
    )


class Host:
    """A business's site on another origin than the service."""

    def __init__(self, url: str, service: FakeService) -> None:
        self.url, self.service = url, service

    async def open(self, page: Page, query: str = "") -> None:
        """``window.told`` collects the button's events."""
        await page.goto(f"{self.url}/{query}")
        await page.evaluate(
            """names => {
                window.told = [];
                for (const name of names)
                    document.addEventListener(`lsf-call:${name}`, event => window.told.push([name, event.detail]));
            }""",
            list(EVENTS),
        )

    async def told(self, page: Page, name: str) -> Any:
        """Details of the first event of this name, waiting for it."""
        await page.wait_for_function("name => window.told.some(one => one[0] === name)", arg=name)
        return await page.evaluate("name => window.told.find(one => one[0] === name)[1]", name)


@pytest_asyncio.fixture(loop_scope="module")
async def host(signer_service: FakeService) -> AsyncIterator[Host]:
    signer_service.account = None

    async def page(request: web.Request) -> web.Response:
        text = host_page(signer_service.url, request.query.get("attributes", ""))
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Host(f"http://127.0.0.1:{runner.addresses[0][1]}", signer_service)
    await runner.cleanup()


async def test_nothing_but_the_script_is_loaded_before_the_click(page: Page, host: Host) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await host.open(page)
    await expect(page.get_by_role("button", name="Nous appeler en LSF")).to_be_visible()
    assert [url for url in asked if host.service.url in url] == [f"{host.service.url}/embed/v1.js"]
    assert await page.context.cookies() == []


async def test_the_business_hears_the_course_of_the_call_and_closing_hangs_up(page: Page, host: Host) -> None:
    party = host.service.party
    await host.open(page)
    await page.get_by_role("button", name="Nous appeler en LSF").click()
    await host.told(page, "ready")
    frame = page.frame_locator("lsf-call iframe")
    await frame.get_by_role("button", name="Appeler", exact=True).click()
    assert (await party.said(CallRequest)).brand == "demo"
    queue = QueueView(position=3, wait_low_s=60, wait_high_s=120)
    await party.send(call_state(CallState.QUEUED, "hang_up", kind="direct", queue=queue))
    assert await host.told(page, "queued") == {"position": 3, "eta": 120}
    await party.send(call_state(CallState.TALKING, "hang_up", kind="direct"))
    await host.told(page, "connected")
    await page.get_by_role("button", name="Fermer la fenêtre d’appel").click()
    assert (await party.said(CallAct)).action == "hang_up"
    await host.told(page, "closed")
    await expect(page.locator("lsf-call iframe")).to_have_count(0)


async def test_call_that_was_over_before_is_not_told_and_a_refused_one_is_an_error(page: Page, host: Host) -> None:
    party = host.service.party
    host.service.greeting = [call_state(CallState.ENDED, kind="direct", end_reason="completed")]
    party.refuses = "brand_closed"
    await host.open(page)
    await page.get_by_role("button", name="Nous appeler en LSF").click()
    frame = page.frame_locator("lsf-call iframe")
    await frame.get_by_role("button", name="Rappeler", exact=True).click()
    assert await host.told(page, "error") == {"code": "brand_closed"}
    assert "ended" not in [name for name, _ in await page.evaluate("window.told")]


async def test_what_others_post_to_the_page_is_no_event_of_the_call(page: Page, host: Host) -> None:
    await host.open(page)
    await page.get_by_role("button", name="Nous appeler en LSF").click()
    await host.told(page, "ready")
    await page.evaluate("postMessage({source: 'passerelle', v: 1, type: 'ended', payload: {reason: 'forged'}}, '*')")
    await page.evaluate("new Promise(resolve => setTimeout(resolve))")
    assert "ended" not in [name for name, _ in await page.evaluate("window.told")]


async def test_the_call_opens_in_a_tab_when_the_business_wants_it_so(page: Page, host: Host) -> None:
    await host.open(page, "?attributes=target=tab")
    async with page.context.expect_page() as opened:
        await page.get_by_role("button", name="Nous appeler en LSF").click()
    tab = await opened.value
    await expect(tab.get_by_role("heading", name="Appeler Mairie de Démonstration")).to_be_visible()
    assert tab.url.startswith(f"{host.service.url}/b/demo")
