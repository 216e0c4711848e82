"""What the tests of the pages do again and again: from the first page to a call, on either side."""

import time
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

import signaling
from signaling.call_terms import Action, CallKind, CallState
from signaling.messages.call import CallRequest
from signaling.messages.serving import Alert
from signaling.messages.session import Hello
from tests.browser.conftest import CHROMIUM
from tests.browser.fake_service import FakeService, agent_view, call_state

#: marks of a file whose pages talk with the scripted service
PAGES = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]
BACKGROUND = (70, 110, 120)
AXE = Path(signaling.__file__).parent.parent / "web_client" / "node_modules" / "axe-core" / "axe.min.js"
AGENT_ACTIONS: tuple[Action, ...] = ("dial", "mute", "hide_picture", "end_and_report_abuse")


async def opened(page: Page, service: FakeService, path: str = "") -> Hello:
    """:returns: what the page said first."""
    await page.goto(f"{service.url}{path}")
    hello: Hello = await service.party.said(Hello)
    return hello


async def pictures_come(page: Page, service: FakeService) -> None:
    """Both ways."""
    await service.party.offer("call-1", 1, BACKGROUND)
    await service.party.seen()
    await picture_moves(page)


async def picture_moves(page: Page) -> None:
    await expect(page.locator("video.remote")).not_to_have_js_property("videoWidth", 0)


def line_of_text(page: Page, words: str) -> Locator:
    """As it is seen; assistive technology hears the same words from a live region."""
    return page.locator(".text-line", has_text=words)


async def ask(page: Page, service: FakeService, number: str = "0199000001") -> CallRequest:
    await page.goto(service.url)
    await page.get_by_label("Numéro de téléphone").press_sequentially(number)
    await page.get_by_role("button", name="Appeler", exact=True).click()
    request: CallRequest = await service.party.said(CallRequest)
    return request


async def signer_in_call(page: Page, service: FakeService) -> None:
    """From the number to the picture of the interpreter."""
    await ask(page, service)
    await service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await pictures_come(page, service)


def ringing(kind: CallKind = "relay") -> Alert:
    now = time.time()
    return Alert(
        assignment_id="alert-1",
        call_id="call-1",
        kind=kind,
        mode="LSF",
        trade="interpreter" if kind == "relay" else "adviser",
        brand_name="Mairie de Démonstration" if kind == "direct" else None,
        queued_at=now - 75,
        expires_at=now + 20,
    )


async def agent_in_call(page: Page, service: FakeService, kind: CallKind = "relay") -> None:
    service.greeting = [agent_view("idle")]
    await opened(page, service, "/workstation")
    await enter_call(page, service, kind)


async def enter_call(page: Page, service: FakeService, kind: CallKind = "relay") -> None:
    await service.party.send(agent_view("engaged"))
    state = CallState.BRIEFING if kind == "relay" else CallState.TALKING
    actions: tuple[Action, ...] = AGENT_ACTIONS if kind == "relay" else ("hang_up", *AGENT_ACTIONS)
    await service.party.send(call_state(state, *actions, kind=kind))
    await pictures_come(page, service)


async def axe_finds_nothing(page: Page) -> None:
    """WCAG 2.2 A and AA rules that a program can judge."""
    assert AXE.exists(), "run web_client/check first: it installs axe-core"
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    run = "tags => axe.run({runOnly: {type: 'tag', values: tags}})"
    found = await page.evaluate(run, tags)
    faults = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found["violations"]]
    assert faults == []


async def fits_without_sideways_scrolling(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
