"""Two people at real browsers in a call on a whole service: what a test breaks, and whether pictures come again."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM, STEP_MS
from tests.browser.signing_in import FRAMES, become_available, more_pictures_come, sign_in
from tests.helpers.whole_service import WholeService

PAIRS = (("camille", "nour"), ("lou", "sacha"))


@dataclass
class Desk:
    """One person's browser and page."""

    page: Page
    marker: str

    async def is_still(self) -> bool:
        """Whether no picture comes for a second."""
        video = self.page.locator("video.remote")
        before = await video.evaluate(FRAMES)
        await asyncio.sleep(1.0)
        return bool(await video.evaluate(FRAMES) == before)

    @contextlib.asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """The whole browser stands still, as in a computer that sleeps."""
        pids = descendants(marked(self.marker))
        assert len(pids) > 1
        send(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            send(pids, signal.SIGCONT)


@contextlib.asynccontextmanager
async def desk(marker: str, *more: str, program: str = CHROMIUM) -> AsyncIterator[Desk]:
    """:param marker: unique word on the browser's command line. :param program: the browser, or what starts it."""
    faults: list[str] = []
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        arguments = [*ARGUMENTS, f"--passerelle-test={marker}", *more]
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)
        stack.push_async_callback(browser.close)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(STEP_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield Desk(page, marker)
    assert faults == []


async def call_each_other(pair: tuple[str, str], signer_url: str, agent_url: str, signer: Desk, agent: Desk) -> None:
    """
    Until both see the other, before any number is dialled. The pair's agent is the only one who is free.

    :param pair: logins.
    """
    await sign_in(agent.page, f"{agent_url}/workstation", pair[1])
    await become_available(agent.page)
    await sign_in(signer.page, signer_url, pair[0])
    await signer.page.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await signer.page.get_by_role("button", name="Appeler", exact=True).click()
    await agent.page.get_by_role("button", name="Accepter").click()
    await both_see(signer, agent)


async def both_see(*desks: Desk) -> None:
    await asyncio.gather(*(more_pictures_come(each.page) for each in desks))


async def still_together(signer: Desk, agent: Desk) -> None:
    """Nobody had to begin anew: the number can be dialled, which only an agent in a call is offered."""
    await expect(agent.page.get_by_role("button", name="Composer 01 99 00 00 01")).to_be_visible()
    await expect(signer.page.get_by_role("button", name="Raccrocher", exact=True)).to_be_visible()


def marked(marker: str) -> list[int]:
    return [pid for pid, words in command_lines() if f"--passerelle-test={marker}".encode() in words]


def workers(service: WholeService) -> list[int]:
    """Process ids of this service's media workers."""
    found = []
    for pid, words in command_lines():
        if b"signaling.cli" in words and b"worker" in words:
            with contextlib.suppress(OSError):
                environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                if f"PASSERELLE_DATA_DIR={service.data_dir}".encode() in environ:
                    found.append(pid)
    return found


def command_lines() -> list[tuple[int, list[bytes]]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append((int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")))
    return found


def descendants(roots: Sequence[int]) -> list[int]:
    """These processes and all below them."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def send(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
