"""
Chromium with a fake camera: one for each module, one fresh context for each test.

Everything here lives in the module's event loop: tests say ``pytest.mark.asyncio(loop_scope="module")``.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.fake_service import FakeService

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
]
STEP_MS = 45_000  # deadline of every step and of what is expected to be seen: a busy machine, never the usual time

expect.set_options(timeout=STEP_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that fails its test when a script throws or the content policy refuses something."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(STEP_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda entry: faults.append(entry.text) if "Content Security Policy" in entry.text else None)
    yield page
    await context.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="module")
async def signer_service() -> AsyncIterator[FakeService]:
    """A signer already signed in."""
    service = FakeService("signer", account={"role": "signer", "name": "Léa", "trades": []})
    await service.start()
    yield service
    await service.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def agent_service() -> AsyncIterator[FakeService]:
    account: dict[str, Any] = {"role": "agent", "name": "Nour", "trades": ["interpreter", "adviser"]}
    service = FakeService("agent", account=account)
    await service.start()
    yield service
    await service.stop()
