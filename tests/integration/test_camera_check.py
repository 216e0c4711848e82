"""
Who is told about which picture, and the check before a call: real pages, a real media worker, a real visibility worker
(without models: it says so once a second, which is all that is needed here) and peers with cameras.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import AnyEvent, WorkerState
from relay.visibility import worker as visibility_worker
from relay.visibility.config import VisibilityWorkerConfig
from relay.worker import run
from tests.helpers.centre import NUMBER, accept, with_media
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.helpers.peers import CodedPeer

pytestmark = pytest.mark.integration
DEADLINE_S = 45.0


@dataclass
class Workers:
    media: Path
    visibility: Path
    stop_media: asyncio.Event

    async def are_empty(self) -> None:
        """Wait until neither has anything of anybody."""
        async with asyncio.timeout(DEADLINE_S):
            for path in (self.media, self.visibility):
                while (await greeting(path)).calls:
                    await asyncio.sleep(0.1)

    async def hold(self, call_id: str) -> bool:
        found = [await greeting(path) for path in (self.media, self.visibility)]
        return all(call_id in [call.call_id for call in state.calls] for state in found)


async def greeting(control_socket: Path) -> WorkerState:
    """What a worker says of itself to whoever connects."""
    said: asyncio.Future[WorkerState] = asyncio.get_running_loop().create_future()

    def hear(event: AnyEvent) -> None:
        if isinstance(event, WorkerState) and not said.done():
            said.set_result(event)

    client = ControlClient(hear, lambda: None)
    await client.connect(control_socket)
    try:
        return await asyncio.wait_for(said, DEADLINE_S)
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def workers(plane: ControlPlane) -> AsyncIterator[Workers]:
    folder = Path(tempfile.mkdtemp(prefix="psr-"))
    media = MediaWorkerConfig("m", folder / "m", folder / "audio", plane.redis.url, stats_period_s=0.5, drain_s=0.0)
    visibility = VisibilityWorkerConfig("v", folder / "v", folder / "tap", folder / "none", redis_url=plane.redis.url)
    stop_media, stop = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(run(media, stop_media)), asyncio.create_task(visibility_worker.run(visibility, stop))]
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not {"media": "ok", "visibility": "models_missing"}.items() <= (await plane.checks()).items():
                await asyncio.sleep(0.05)
        yield Workers(folder / "m", folder / "v", stop_media)
    finally:
        stop_media.set()
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_S)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Place:
    plane: ControlPlane
    workers: Workers
    browser: Browser


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with (
        control_plane() as plane,
        workers(plane) as found,
        browser(plane) as pages,
    ):
        yield Place(plane, found, pages)


def readings(page: RawPage, whose: str) -> list[dict[str, Any]]:
    return [each for each in page.messages if each["type"] == "visibility" and each["whose"] == whose]


async def read(page: RawPage, whose: str, advice: str) -> None:
    await page.wait(lambda m: m["type"] == "visibility" and (m["whose"], m["advice"]) == (whose, advice))


async def ended(page: RawPage) -> str:
    state = await page.wait(lambda m: m["type"] == "check.state" and not m["running"])
    return str(state["ended"])


@contextlib.asynccontextmanager
async def checking(page: RawPage) -> AsyncIterator[str]:
    """A check with a camera that is connected. :returns: its id."""
    peer = CodedPeer(3, 660.0)
    try:
        assert (await page.ask("check.start"))["type"] == "ok"
        offer = await page.of_type("media.offer")
        told = {"call_id": offer["call_id"], "generation": offer["generation"]}
        answer = await page.ask("media.answer", sdp=await peer.media.answer(offer["sdp"]), **told)
        assert answer["type"] == "ok"
        await page.wait(lambda m: m["type"] == "network" and m["stats"]["packets_received"] > 0)
        yield str(offer["call_id"])
    finally:
        await peer.media.close()


async def test_each_is_told_about_the_own_picture_and_the_agent_of_the_signers_until_it_is_switched_off(
    place: Place,
) -> None:
    agent, signer = await place.browser.rehearsal("agent"), await place.browser.rehearsal("signer")
    await agent.ask("presence.set", presence="available")
    assert (await signer.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
    await accept(agent)
    async with with_media(signer, agent):
        for page, whose in ((signer, "signer"), (agent, "signer"), (agent, "agent")):
            await read(page, whose, "models_missing")
        call_id = agent.call["call_id"]
        assert (await agent.ask("camera.ask", call_id=call_id, advice="hands_cut"))["type"] == "ok"
        assert (await signer.of_type("camera.asked"))["advice"] == "hands_cut"
        assert (await agent.ask("camera.ask", call_id=call_id))["code"] == "camera_asked_too_often"
        assert (await signer.ask("camera.ask", call_id=call_id))["code"] == "wrong_role"

        assert signer.call["watched"]
        assert (await signer.ask("visibility.set", call_id=call_id, enabled=False))["type"] == "ok"
        await read(agent, "signer", "switched_off")
        assert not signer.call["watched"] and agent.call["watched"]
        before = len(readings(agent, "agent"))
        await agent.wait(lambda _: len(readings(agent, "agent")) >= before + 2)
        assert readings(agent, "signer")[-1]["advice"] == readings(signer, "signer")[-1]["advice"] == "switched_off"
        assert readings(signer, "agent") == []
        async with asyncio.timeout(DEADLINE_S):
            while [set(call.legs) for call in (await greeting(place.workers.visibility)).calls] != [{"agent"}]:
                await asyncio.sleep(0.1)
        assert (await agent.ask("visibility.set", call_id=call_id, enabled=False))["type"] == "ok"
        await read(agent, "agent", "switched_off")
        assert (await agent.ask("visibility.set", call_id=call_id, enabled=True))["type"] == "ok"
        await agent.wait(lambda _: readings(agent, "agent")[-1]["advice"] == "models_missing")
        assert agent.call["watched"] and not signer.call["watched"]  # each chose for the own picture
        await signer.ask("call.act", call_id=call_id, action="hang_up")
    await place.workers.are_empty()


async def test_a_check_says_what_a_call_would_and_nothing_of_it_is_left_however_it_ends(place: Place) -> None:
    stops, goes, calls = [await place.browser.rehearsal("signer") for _ in range(3)]
    async with contextlib.AsyncExitStack() as stack:
        checks = [await stack.enter_async_context(checking(page)) for page in (stops, goes, calls)]
        await read(stops, "signer", "models_missing")
        state = await stops.of_type("check.state")
        assert (state["check_id"], state["running"], state["ended"]) == (checks[0], True, None)
        assert [await place.workers.hold(each) for each in checks] == [True, True, True]
        for page in (stops, goes, calls):
            about = {m["call_id"] for m in page.messages if m["type"] in ("visibility", "network", "media.offer")}
            assert about == {checks[(stops, goes, calls).index(page)]}

        stranger = await stops.ask("media.answer", call_id=checks[1], generation=1, sdp="v=0")
        assert stranger["code"] == "unknown_call"
        await stops.ask("check.stop")
        assert await ended(stops) == "stopped"
        await goes.close()
        assert (await calls.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
        assert await ended(calls) == "call"
        assert (await calls.ask("check.start"))["code"] == "already_in_call"
        await calls.ask("call.act", call_id=calls.call["call_id"], action="hang_up")
        await place.workers.are_empty()


async def test_a_check_ends_with_its_time_and_with_its_media_worker(place: Place) -> None:
    other = place.plane.beside()
    hasty = ControlPlane(other.redis, replace(other.config, camera_check_s=3.0))
    await hasty.start_signaling()
    try:
        async with browser(hasty) as pages:
            agent = await pages.rehearsal("agent")
            async with asyncio.timeout(DEADLINE_S):
                while (await hasty.checks())["media"] != "ok":
                    await asyncio.sleep(0.05)
            assert (await agent.ask("check.start"))["type"] == "ok"
            assert await ended(agent) == "over"
            await place.workers.are_empty()
    finally:
        await hasty.stop_signaling()
    signer = await place.browser.rehearsal("signer")
    async with checking(signer):
        place.workers.stop_media.set()
        assert await ended(signer) == "no_worker"
        signer.messages.clear()
        await signer.ask("check.start")
        assert await ended(signer) == "no_worker"


async def test_a_check_is_for_people_who_are_known_or_at_a_brands_page_and_not_for_ever(place: Place) -> None:
    nobody = await place.browser.open()
    await nobody.send("hello", role="signer")
    await nobody.of_type("welcome")
    assert (await nobody.ask("check.start"))["code"] == "sign_in_required"
    visitor = await place.browser.visitor()
    codes = [(await visitor.ask("check.start")).get("code") for _ in range(11)]
    assert codes == [None] * 10 + ["rate_limited"]
    states = [(m["running"], m["ended"]) for m in visitor.messages if m["type"] == "check.state"]
    assert states == [(True, None), (False, "stopped")] * 9 + [(True, None)]  # each ends the one before
