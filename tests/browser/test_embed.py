"""The button on a business's site, in Chromium: framed by the brand's own sites alone, and no rule of ours broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from signaling import http_api
from signaling.config import SignalingConfig
from signaling.records import Records
from signaling.records.model import Brand

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[int]:
    """:returns: the port, on every name of this machine's loopback."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def business_and_service(directory: Path) -> AsyncIterator[tuple[int, int]]:
    """
    The service, and a business's page that shows its button. The business is in the brand's list by the name
    ``localhost``, and not by ``127.0.0.1``.

    :returns: the ports of the service and of the business.
    """
    service, business, service_port = web.Application(), web.Application(), [0]
    async with (
        Records(f"sqlite+aiosqlite:///{directory}/records.sqlite3") as records,
        listening(business_site(service_port, business)) as business_port,
    ):
        origin = f"http://localhost:{business_port}"
        await records.brands.add(Brand(id="", slug="mairie", name="Mairie de X", allowed_origins=(origin,)))
        http_api.setup(service, records, SignalingConfig(data_dir=directory))
        async with listening(service) as service_port[0]:
            yield service_port[0], business_port


def business_site(service_port: list[int], app: web.Application) -> web.Application:
    """With the headers that ``docs/integration.md`` asks for."""

    async def page(_: web.Request) -> web.Response:
        relais = f"http://localhost:{service_port[0]}"
        text = (
            f'<!doctype html><html lang="fr"><title>Mairie</title><script src="{relais}/embed/v1.js" defer></script>'
            f'<lsf-call brand="mairie"><a href="{relais}/b/mairie">Nous appeler en LSF</a></lsf-call>'
        )
        policy = f"default-src 'self'; script-src {relais}; frame-src {relais}; style-src 'self'"
        devices = f'camera=(self "{relais}"), microphone=(self "{relais}")'
        headers = {"Content-Security-Policy": policy, "Permissions-Policy": devices}
        return web.Response(text=text, content_type="text/html", headers=headers)

    app.router.add_get("/", page)
    return app


def violations(page: Page) -> list[str]:
    """Filled while the page lives."""
    found: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions policy" in message.text:
            found.append(message.text)

    page.on("console", heard)
    return found


async def test_the_button_opens_the_call_on_the_brands_own_site(tmp_path: Path) -> None:
    async with business_and_service(tmp_path) as (_, business_port), chromium() as browser:
        page = await browser.new_page()
        broken = violations(page)
        await page.goto(f"http://localhost:{business_port}/")
        await page.get_by_role("button", name="Nous appeler en LSF").click()
        await page.frame_locator("iframe").get_by_text("Mairie de X").first.wait_for()
        assert broken == []


async def test_another_site_that_copies_the_button_shows_nothing(tmp_path: Path) -> None:
    async with business_and_service(tmp_path) as (_, business_port), chromium() as browser:
        page = await browser.new_page()
        refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def heard(message: ConsoleMessage) -> None:
            if "frame-ancestors" in message.text and not refused.done():
                refused.set_result(message.text)

        page.on("console", heard)
        await page.goto(f"http://127.0.0.1:{business_port}/")
        await page.get_by_role("button", name="Nous appeler en LSF").click()
        async with asyncio.timeout(30):
            assert "violates" in await refused
        assert not any("/embed/" in frame.url for frame in page.frames)


@pytest.mark.parametrize("path", ["/", "/workstation", "/b/mairie"])
async def test_our_own_pages_keep_to_our_own_policy(tmp_path: Path, path: str) -> None:
    async with business_and_service(tmp_path) as (service_port, _), chromium() as browser:
        page = await browser.new_page()
        broken = violations(page)
        await page.goto(f"http://localhost:{service_port}{path}")
        await page.locator("#app :is(h1, h2)").first.wait_for()
        assert broken == []
