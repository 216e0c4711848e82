"""Firefox in a call through a media worker, on each side once: it sees, hears and reads, and the other side does."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any

import cv2
import numpy as np
import pytest

from relay.media_code import read_code
from relay.model import WebLeg
from tests.helpers.browser_call import browser_call, chromium, page_server
from tests.helpers.firefox import FAKE_TONE_HZ, FIREFOX, FirefoxPage, firefox
from tests.helpers.media_worker import MediaWorkerProcess, media_worker
from tests.helpers.peers import CodedPeer, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.skipif(FIREFOX is None, reason="firefox-esr is not installed"),
]
DEADLINE_S = 60.0
SNAPSHOT = """() => {
  const video = document.getElementById("other");
  const size = { width: video.videoWidth, height: video.videoHeight };
  const canvas = Object.assign(document.createElement("canvas"), size);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}"""


async def wait(what: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while not fits(found := await what()):
        assert time.monotonic() < deadline, f"never came: {found}"
        await asyncio.sleep(0.2)
    return found


async def join(worker: MediaWorkerProcess, page: FirefoxPage, call_id: str, leg: WebLeg) -> None:
    answer = await page.evaluate("(offer) => answer(offer)", await worker.open(call_id, leg))
    await worker.answer(call_id, leg, answer)
    await worker.connected(call_id, leg)


def is_fluent(found: dict[str, Any]) -> bool:
    received, audio = found.get("received", {}), found.get("audio", {})
    return bool(received.get("frames", 0) > 30 and audio.get("packets", 0) > 50 and audio.get("energy", 0) > 0)


async def participant_seen(page: FirefoxPage) -> int | None:
    """:returns: whose code is in the picture that Firefox shows."""
    encoded = (await page.evaluate(SNAPSHOT)).partition(",")[2]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR) if encoded else None
    code = read_code(np.asarray(picture, np.uint8)) if picture is not None else None
    return code.participant if code is not None else None


async def test_firefox_signer_and_agent_see_hear_and_read_each_other() -> None:
    async with media_worker() as worker, page_server() as url, firefox() as page:
        await page.goto(url)
        await join(worker, page, "c", "signer")
        agent = CodedPeer(7, 880.0)
        await worker.join("c", "agent", agent)
        await worker.plan("c")
        await wait(lambda: page.evaluate("() => measure()"), is_fluent)
        await wait(lambda: participant_seen(page), lambda participant: participant == 7)
        await until(lambda: agent.pictures > 30 and agent.hears(FAKE_TONE_HZ), "Firefox's picture and tone", DEADLINE_S)
        agent.media.send_text("bonjour é 🤟")
        await wait(lambda: page.evaluate("() => texts"), lambda texts: texts == [["agent", "t140", "bonjour é 🤟"]])
        await page.evaluate("() => channel.send('salut 🦊')")
        await until(lambda: agent.text_from("signer") == "salut 🦊", "Firefox's text", DEADLINE_S)
        assert (await page.evaluate("() => connection.connectionState")) == "connected"
        assert worker.log == ""


async def test_firefox_agent_and_chromium_signer_see_hear_and_read_each_other() -> None:
    async with chromium() as browser, browser_call(browser) as call, page_server() as url, firefox() as page:
        await call.join("signer")
        await page.goto(url)
        await join(call.worker, page, "c", "agent")
        await call.bridge()
        await wait(lambda: page.evaluate("() => measure()"), is_fluent)
        await call.wait("signer", is_fluent, DEADLINE_S)
        await page.evaluate("() => channel.send('salut')")
        await call.pages["signer"].wait_for_function("texts.length > 0", timeout=DEADLINE_S * 1000)
        assert await call.pages["signer"].evaluate("texts") == [["agent", "t140", "salut"]]
        await call.pages["signer"].evaluate("channel.send('bonjour')")
        await wait(lambda: page.evaluate("() => texts"), lambda texts: texts == [["signer", "t140", "bonjour"]])
        assert call.worker.log == ""
