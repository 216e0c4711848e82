"""
Two Chromium pages in one call through a media worker, each over a line of its own.

The pages do what ours do (``tests/data/media_page.html``); what the worker asks of a sender is passed on to its page.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from relay.control_messages import AnyEvent, EncodingWanted
from relay.model import WebLeg
from tests.helpers.line import Line
from tests.helpers.media_worker import TALK, MediaWorkerProcess, media_worker

CHROMIUM = "/usr/bin/chromium"
PAGE = Path(__file__).parents[1] / "data" / "media_page.html"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",  # two pages: one of them is never in front
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]
LEGS: tuple[WebLeg, ...] = ("signer", "agent")
CALL = "c"


@dataclass(frozen=True)
class Sample:
    """
    What a page received over the time since the sample before; rates per second.

    :param at_s: wall clock. :param available_bps: what the page's own estimate lets it send.
    :param limited: why it sends less than its camera gives (W3C qualityLimitationReason).
    """

    at_s: float
    fps: float
    kbps: float
    sent_fps: float
    sent_kbps: float
    width: int
    freezes: int
    frozen_s: float
    sent_width: int
    available_bps: float | None
    limited: str


class BrowserCall:
    """Legs join one after the other; :meth:`bridge` then lets them see each other."""

    def __init__(self, worker: MediaWorkerProcess, browser: Browser, url: str) -> None:
        self.worker = worker
        self.pages: dict[WebLeg, Page] = {}
        self.bridged_at = 0.0
        self.encodings: list[tuple[float, EncodingWanted]] = []
        self._browser, self._url = browser, url
        self._passing_on: set[asyncio.Task[Any]] = set()
        worker.listeners.append(self._heard)

    async def join(self, leg: WebLeg, through: Line | None = None, **options: Any) -> None:
        """:param options: of the page's ``answer``: ``width``, ``height``."""
        page = await (await self._browser.new_context()).new_page()
        await page.goto(self._url)
        self.pages[leg] = page
        offer = await self.worker.open(CALL, leg)
        offer = await through.offer(offer) if through is not None else offer
        answer = await page.evaluate("([offer, options]) => answer(offer, options)", [offer, options])
        await self.worker.answer(CALL, leg, through.answer(answer) if through is not None else answer)
        await self.worker.connected(CALL, leg)

    async def bridge(self) -> None:
        self.bridged_at = time.time()
        await self.worker.plan(CALL, TALK)

    async def measure(self, leg: WebLeg) -> dict[str, Any]:
        found: dict[str, Any] = await self.pages[leg].evaluate("measure()")
        return found

    async def pictures(self, leg: WebLeg) -> list[float]:
        """:returns: when each picture was shown, seconds of the wall clock."""
        return [shown / 1000 for shown in await self.pages[leg].evaluate("pictures")]

    async def samples(self, leg: WebLeg, period_s: float = 1.0) -> AsyncIterator[Sample]:
        """Endless; the reader says when it has enough."""
        before = await self.measure(leg)
        while True:
            await asyncio.sleep(period_s)
            after = await self.measure(leg)
            yield compare(before, after)
            before = after

    async def wait(self, leg: WebLeg, wanted: Callable[[dict[str, Any]], bool], timeout_s: float) -> dict[str, Any]:
        """:returns: the page's measures once they are as wanted. :raises AssertionError: they never were."""
        deadline = time.monotonic() + timeout_s
        while not wanted(found := await self.measure(leg)):
            assert time.monotonic() < deadline, f"never measured: {found}"
            await asyncio.sleep(0.25)
        return found

    def _heard(self, event: AnyEvent) -> None:
        if isinstance(event, EncodingWanted) and event.leg in self.pages:
            self.encodings.append((time.time(), event))
            obeying = self.pages[event.leg].evaluate("(wanted) => obey(wanted)", event.encoding.model_dump())
            task = asyncio.ensure_future(obeying)
            self._passing_on.add(task)
            task.add_done_callback(self._passing_on.discard)

    async def close(self) -> None:
        for task in list(self._passing_on):
            task.cancel()
        await asyncio.gather(*self._passing_on, return_exceptions=True)
        for page in self.pages.values():
            await page.context.close()


def compare(before: dict[str, Any], after: dict[str, Any]) -> Sample:
    elapsed_s = max((after["at"] - before["at"]) / 1000, 0.001)
    received, sent = after.get("received", {}), after.get("sent", {})

    def more(side: str, what: str) -> float:
        return float(after.get(side, {}).get(what) or 0) - float(before.get(side, {}).get(what) or 0)

    return Sample(
        at_s=after["at"] / 1000,
        fps=round(more("received", "frames") / elapsed_s, 1),
        kbps=round(more("received", "bytes") * 8 / 1000 / elapsed_s, 1),
        sent_fps=round(more("sent", "frames") / elapsed_s, 1),
        sent_kbps=round(more("sent", "bytes") * 8 / 1000 / elapsed_s, 1),
        width=received.get("width") or 0,
        freezes=round(more("received", "freezes")),
        frozen_s=round(more("received", "frozen_s"), 3),
        sent_width=sent.get("width") or 0,
        available_bps=after.get("available") if sent else None,
        limited=sent.get("limited") or "",
    )


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def page_server() -> AsyncIterator[str]:
    """:returns: where the page is; a camera needs a secure context, which 127.0.0.1 is."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE.read_text(), content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def browser_call(browser: Browser, **settings: Any) -> AsyncIterator[BrowserCall]:
    """:param settings: of ``MediaWorkerConfig``."""
    async with media_worker(**settings) as worker, page_server() as url:
        call = BrowserCall(worker, browser, url)
        try:
            yield call
        finally:
            await call.close()
