"""Where a call's media goes when there is little room: nobody is left without pictures for good."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from relay.config import MediaWorkerConfig
from relay.registry import registered
from relay.worker import run
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.helpers.peers import CodedPeer, until

pytestmark = pytest.mark.integration


@asynccontextmanager
async def media_worker(
    plane: ControlPlane, capacity: int, name: str = "only", drain_s: float = 0.0
) -> AsyncIterator[asyncio.Event]:
    """:returns: set it to stop the worker before the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    stop = asyncio.Event()
    config = MediaWorkerConfig(
        name, directory / "c", directory / "a", redis_url=plane.redis.url, capacity=capacity, drain_s=drain_s
    )
    worker = asyncio.create_task(run(config, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(worker, 40)
        shutil.rmtree(directory)


async def loads(plane: ControlPlane) -> dict[str, float]:
    """Calls of each media worker, as it tells itself."""
    async with Redis.from_url(plane.redis.url) as redis:
        return {entry.worker_id: entry.load * entry.capacity for entry in await registered(redis, "media")}


async def until_loads(plane: ControlPlane, fits: Callable[[dict[str, float]], bool]) -> None:
    async with asyncio.timeout(30):
        while not fits(found := await loads(plane)):
            await asyncio.sleep(0.1)
        assert found


class Viewer:
    """A page that answers every offer with a peer connection of its own."""

    def __init__(self, page: RawPage, participant: int, codecs: str = "") -> None:
        self.page, self.participant, self._codecs = page, participant, codecs
        self.peers: list[CodedPeer] = []

    @property
    def seen(self) -> int:
        return sum(peer.pictures for peer in self.peers)

    async def answer(self, after: int = 0) -> int:
        """The newest offer of a generation above this. :returns: its generation."""
        offer = await self.page.wait(lambda m: m["type"] == "media.offer" and m["generation"] > after)
        peer = CodedPeer(self.participant, 440.0, has_microphone=False)
        self.peers.append(peer)
        sdp = only(self._codecs, await peer.media.answer(only(self._codecs, offer["sdp"])))
        told = {"call_id": offer["call_id"], "generation": offer["generation"], "sdp": sdp}
        assert (await self.page.ask("media.answer", **told))["type"] == "ok"
        return int(offer["generation"])

    async def sees(self, participant: int) -> None:
        """New pictures of this one by the newest connection."""
        peer = self.peers[-1]
        peer.forget()
        await until(lambda: peer.seen_participants()[participant] > 3, f"pictures of {participant}", 40.0)

    async def close(self) -> None:
        for peer in self.peers:
            await peer.media.close()


def only(codec: str, sdp: str) -> str:
    """What a device that knows no other codec reads of an offer: the section is refused where nothing is left."""
    types = {"VP8": "96 97", "H264": "102 103"}
    if not codec:
        return sdp
    kept, dropped = list[str](), set[str]()
    for line in sdp.splitlines():
        if line.startswith("m="):
            dropped = set()
        if line.startswith("m=video"):
            port, profile, *offered = line.split()[1:]
            left = [each for each in offered if each in types[codec].split()]
            kept.append(f"m=video {port if left else 0} {profile} {' '.join(left or offered)}")
            dropped = set(offered) - set(left) if left else set()
            continue
        number = line.split(":", 1)[-1].split(" ", 1)[0]
        if not (line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:")) and number in dropped):
            kept.append(line)
    return "\r\n".join(kept) + "\r\n"


async def call(pages: Browser) -> tuple[RawPage, RawPage]:
    agent, signer = await pages.rehearsal("agent"), await pages.rehearsal("signer")
    await agent.ask("presence.set", presence="available")
    await signer.ask("call.request", kind="relay", number="01 99 00 00 01")
    alert = await agent.of_type("assignment.alert")
    await agent.ask("assignment.accept", assignment_id=alert["assignment_id"])
    await signer.state("briefing")
    return signer, agent


async def test_a_call_beyond_the_media_workers_room_gets_its_pictures_as_soon_as_there_is_some() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=1):
        first, _ = await call(pages)
        assert (await first.of_type("media.offer"))["sdp"].startswith("v=0")
        second, second_agent = await call(pages)
        assert second.newest("media.offer") is None
        await first.ask("call.act", call_id=first.call["call_id"], action="hang_up")
        for page in (second, second_agent):
            assert (await page.of_type("media.offer"))["call_id"] == second.call["call_id"]


async def test_a_page_that_asks_for_a_new_connection_again_and_again_gets_few() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=5):
        signer, _ = await call(pages)
        await signer.of_type("media.offer")
        for _ in range(40):
            await signer.ask("media.renew", call_id=signer.call["call_id"])
        await asyncio.sleep(1.0)
        offers = [message for message in signer.messages if message["type"] == "media.offer"]
        assert 2 <= len(offers) < 12


async def test_new_calls_go_to_the_least_loaded_worker() -> None:
    async with control_plane() as plane, browser(plane) as pages, contextlib.AsyncExitStack() as workers:
        for name in ("one", "two"):
            await workers.enter_async_context(media_worker(plane, 8, name))
        await until_loads(plane, lambda found: len(found) == 2)
        await asyncio.sleep(1.0)  # signaling looks twice a second; one found late would catch up
        for _ in range(6):
            signer, _ = await call(pages)
            await signer.of_type("media.offer")
        await until_loads(plane, lambda found: found == {"one": 3.0, "two": 3.0})


async def test_where_every_worker_is_full_both_people_are_told_so_in_words() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=1):
        first, _ = await call(pages)
        await first.of_type("media.offer")
        second, second_agent = await call(pages)
        for page in (second, second_agent):
            told = await page.wait(lambda message: message.get("code") == "media_full")
            assert "lignes vidéo" in told["message"]
        await first.ask("call.act", call_id=first.call["call_id"], action="hang_up")
        await second.of_type("media.offer")
        assert second.errors().count("media_full") == 1


async def test_calls_that_outlast_a_draining_worker_move_to_another_one_before_it_goes() -> None:
    async with control_plane() as plane, browser(plane) as pages, contextlib.AsyncExitStack() as workers:
        stop_old = await workers.enter_async_context(media_worker(plane, 4, "old", drain_s=0.5))
        await until_loads(plane, lambda found: len(found) == 1)
        signer_page, agent_page = await call(pages)
        signer, agent = Viewer(signer_page, 1), Viewer(agent_page, 2)
        first = [await viewer.answer() for viewer in (signer, agent)]
        await signer.sees(2)
        await workers.enter_async_context(media_worker(plane, 4, "new"))
        await until_loads(plane, lambda found: len(found) == 2)
        stop_old.set()
        assert len([m for m in agent_page.messages if m["type"] == "media.offer"]) == 1
        await agent_page.wait(lambda m: m["type"] == "media.offer" and m["generation"] > first[1])
        await signer.sees(2)  # by the old one still
        for viewer, generation in zip((signer, agent), first, strict=True):
            await viewer.answer(after=generation)
            await viewer.peers[0].media.close()
        await signer.sees(2)
        await agent.sees(1)
        await until_loads(plane, lambda found: found == {"new": 1.0})
        assert signer_page.call["state"] == "briefing"
        await signer.close()
        await agent.close()


async def test_of_two_legs_the_one_that_takes_more_is_opened_again_with_the_common_codec() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=4):
        signer_page, agent_page = await call(pages)
        signer, agent = Viewer(signer_page, 1), Viewer(agent_page, 2, "H264")
        first = await signer.answer()
        await agent.answer()
        await signer.answer(after=first)
        offer = signer_page.newest("media.offer")
        assert offer is not None and "H264" in offer["sdp"] and "VP8" not in offer["sdp"]
        await signer.sees(2)
        await agent.sees(1)
        await signer.close()
        await agent.close()


async def test_two_devices_without_a_common_codec_are_told_and_their_call_goes_on() -> None:
    async with control_plane() as plane, browser(plane) as pages, media_worker(plane, capacity=4):
        signer_page, agent_page = await call(pages)
        signer, agent = Viewer(signer_page, 1, "VP8"), Viewer(agent_page, 2, "H264")
        await signer.answer()
        await agent.answer()
        for page in (signer_page, agent_page):
            told = await page.wait(lambda message: message.get("code") == "no_common_codec")
            assert "format d’image" in told["message"]
        await signer.peers[-1].media.wait_connected(20)
        await agent.peers[-1].media.wait_connected(20)
        signer.peers[-1].media.send_text("bonjour")
        await until(lambda: "bonjour" in agent.peers[-1].text_from("signer"), "text without a picture")
        await signer.close()
        await agent.close()
