"""One centre: several signaling processes over one Redis and one SQLite, pages at any of them, a media worker."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from interpreter_queue.config import QueueConfig
from relay.config import MediaWorkerConfig
from relay.worker import run
from tests.helpers.control_plane import (
    DEADLINE_S,
    Browser,
    ControlPlane,
    KillableProcess,
    RawPage,
    browser,
    control_plane,
)
from tests.helpers.peers import CodedPeer

NUMBER = "01 99 00 00 01"


class Centre:
    """Processes A, B and C; pages are opened at any of them."""

    def __init__(self, planes: list[ControlPlane], browsers: list[Browser]) -> None:
        self.planes = planes
        self.a, self.b, self.c = browsers

    async def agent_at(self, process: Browser, **hello: str) -> RawPage:
        agent = await process.rehearsal("agent", **hello)
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        return agent

    async def together(self, owner: Browser, other: Browser) -> tuple[RawPage, RawPage]:
        """A relay call in ``briefing``: signer at the owner, agent at the other."""
        agent = await self.agent_at(other)
        signer = await owner.rehearsal("signer")
        assert (await signer.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
        await accept(agent)
        await signer.state("briefing")
        await agent.state("briefing")
        return signer, agent


async def accept(agent: RawPage) -> None:
    alert = await agent.of_type("assignment.alert")
    assert (await agent.ask("assignment.accept", assignment_id=alert["assignment_id"]))["type"] == "ok"


async def token_of(page: RawPage) -> str:
    return str((await page.of_type("welcome"))["resume_token"])


async def sees(page: RawPage, who: str, **side: bool) -> None:
    """The newest ``call.state`` says so."""
    await page.wait(lambda m: m is page.newest("call.state") and side.items() <= m[who].items())


async def ask_until_ok(page: RawPage, type_: str, **fields: object) -> set[str]:
    """:returns: the error codes met on the way."""
    met = set()
    async with asyncio.timeout(DEADLINE_S):
        while (answer := await page.ask(type_, **fields))["type"] != "ok":
            met.add(answer["code"])
            await asyncio.sleep(0.1)
    return met


@contextlib.asynccontextmanager
async def three_processes(*, first_is_killable: bool = False) -> AsyncIterator[Centre]:
    """Nobody is given up and no alert runs out while a slow machine works: that is for other tests."""
    settings = {"signer_grace_s": 60.0, "agent_grace_s": 60.0, "queue": QueueConfig(alert_s=60.0)}
    async with control_plane(**settings) as b, contextlib.AsyncExitStack() as stack:
        a, c = b.beside(), b.beside()
        if first_is_killable:
            a = KillableProcess(a.redis, a.config)
        for plane in (a, c):
            await plane.start_signaling()
            stack.push_async_callback(plane.stop_signaling)
        yield Centre([a, b, c], [await stack.enter_async_context(browser(plane)) for plane in (a, b, c)])


@contextlib.asynccontextmanager
async def media_worker(plane: ControlPlane) -> AsyncIterator[None]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    config = MediaWorkerConfig(
        "test", directory / "control", directory / "audio", plane.redis.url, stats_period_s=0.5, drain_s=0.0
    )
    stop = asyncio.Event()
    worker = asyncio.create_task(run(config, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(worker, 20)
        shutil.rmtree(directory)


async def workers_known(centre: Centre) -> None:
    for plane in centre.planes:
        async with asyncio.timeout(DEADLINE_S):
            while (await plane.checks())["media"] != "ok":
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def with_media(signer: RawPage, agent: RawPage) -> AsyncIterator[tuple[CodedPeer, CodedPeer]]:
    """Both answer their offers with a real peer connection; :returns: theirs, in this order."""
    peers = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    try:
        for page, peer in zip((signer, agent), peers, strict=True):
            offer = await page.of_type("media.offer")
            answer = await peer.media.answer(offer["sdp"])
            told = {"call_id": offer["call_id"], "generation": offer["generation"], "sdp": answer}
            assert (await page.ask("media.answer", **told))["type"] == "ok"
        for party in ("signer", "agent"):
            await sees(agent, party, connected=True)
        yield peers
    finally:
        for peer in peers:
            await peer.media.close()
