"""
One centre served by several signaling processes: whatever page is connected to whatever process, a call is one call.

Real processes' worth of ``serve()`` over one Redis and one SQLite; one of them a process of its own, to be killed.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interpreter_queue.config import QueueConfig
from relay.config import MediaWorkerConfig
from relay.worker import run
from tests.helpers.control_plane import Browser, ControlPlane, KillableProcess, RawPage, browser, control_plane
from tests.helpers.peers import CodedPeer

pytestmark = pytest.mark.integration
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


async def sees(page: RawPage, who: str, *, present: bool) -> None:
    """The newest ``call.state`` says so."""
    await page.wait(lambda m: m is page.newest("call.state") and m[who]["present"] is present)


async def ask_until_ok(page: RawPage, type_: str, **fields: object) -> set[str]:
    """:returns: the error codes met on the way."""
    met = set()
    async with asyncio.timeout(20):
        while (answer := await page.ask(type_, **fields))["type"] != "ok":
            met.add(answer["code"])
            await asyncio.sleep(0.1)
    return met


@contextlib.asynccontextmanager
async def three_processes(*, first_is_killable: bool = False) -> AsyncIterator[Centre]:
    settings = {"signer_grace_s": 8.0, "agent_grace_s": 8.0, "queue": QueueConfig(alert_s=6.0)}
    async with control_plane(**settings) as b, contextlib.AsyncExitStack() as stack:
        a, c = b.beside(), b.beside()
        if first_is_killable:
            a = KillableProcess(a.redis, a.config)
        for plane in (a, c):
            await plane.start_signaling()
            stack.push_async_callback(plane.stop_signaling)
        yield Centre([a, b, c], [await stack.enter_async_context(browser(plane)) for plane in (a, b, c)])


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with three_processes() as centre:
        yield centre


async def test_a_call_from_queue_to_rating_with_the_signer_on_one_process_and_the_agent_on_another(
    centre: Centre,
) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    assert agent.call["queue"] is None
    assert "dial" in agent.call["actions"]
    assert agent.call["signer"]["present"] and signer.call["agent"]["present"]
    call_id = signer.call["call_id"]
    assert (await agent.ask("call.act", call_id=call_id, action="mute"))["type"] == "ok"
    assert agent.call["muted"], "the page has the new state before the answer"
    refused = await agent.ask("call.act", call_id=call_id, action="hang_up")
    assert (refused["code"], bool(refused["message"])) == ("out_of_place", True)
    assert (await signer.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    assert (await agent.state("ended"))["end_reason"] == "completed"
    assert (await signer.ask("call.rate", call_id=call_id, stars=5))["type"] == "ok"
    refused = await agent.ask("wrap_up.submit", call_id=call_id, note="Madame Dupont a dit…")
    assert refused["code"] == "not_in_relay"
    assert (await agent.ask("wrap_up.submit", call_id=call_id))["type"] == "ok"
    await agent.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")
    alerts = [m["type"] for m in agent.messages if m["type"].startswith("assignment.")]
    assert alerts == ["assignment.alert", "assignment.ended"], "told once, by one process"


async def test_neither_page_needs_to_be_at_the_process_that_owns_the_call(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    again = await centre.c.rehearsal("signer", resume_token=await token_of(signer))
    assert (await again.of_type("welcome"))["resumed"]
    call_id = (await again.state("briefing"))["call_id"]
    assert (await again.ask("call.act", call_id=call_id, action="mute"))["type"] == "ok"
    assert again.call["muted"]
    assert (await again.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await agent.state("ended")
    assert (await again.ask("call.rate", call_id=call_id, stars=4))["type"] == "ok"


async def test_a_second_tab_at_another_process_takes_over_and_a_signer_has_one_call(centre: Centre) -> None:
    first = await centre.a.rehearsal("signer")
    await first.ask("call.request", kind="relay", number=NUMBER)
    second = await centre.b.rehearsal("signer", resume_token=await token_of(first))
    await first.of_type("replaced")
    assert (await second.of_type("welcome"))["resumed"]
    await second.state("queued")
    refused = await second.ask("call.request", kind="relay", number=NUMBER)
    assert refused["code"] == "already_in_call"
    third = await centre.a.rehearsal("signer", resume_token=await token_of(second))
    await second.of_type("replaced")
    await third.wait(lambda m: m["type"] == "call.state" and m["signer"]["present"])
    assert (await third.ask("call.act", call_id=third.call["call_id"], action="hang_up"))["type"] == "ok"
    assert (await third.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"


async def test_presence_is_known_across_processes(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    token = await token_of(agent)
    await agent.close()
    await sees(signer, "agent", present=False)
    assert signer.call["agent"]["lost_since"]
    again = await centre.c.rehearsal("agent", resume_token=token)
    await again.state("briefing")
    await sees(signer, "agent", present=True)


async def test_an_agent_who_reloads_in_an_alert_sees_it_again_at_another_process(centre: Centre) -> None:
    agent = await centre.agent_at(centre.b)
    signer = await centre.a.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    await agent.of_type("assignment.alert")
    again = await centre.c.rehearsal("agent", resume_token=await token_of(agent))
    await accept(again)
    await signer.state("briefing")


async def test_a_stranger_cannot_act_in_a_call_of_another_process(centre: Centre) -> None:
    signer, _ = await centre.together(centre.a, centre.b)
    stranger = await centre.c.rehearsal("signer")
    refused = await stranger.ask("call.act", call_id=signer.call["call_id"], action="hang_up")
    assert refused["code"] == "unknown_call"
    assert signer.call["state"] == "briefing"


async def test_a_process_that_starts_knows_pages_and_calls_of_the_others_at_once(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    newcomer = centre.planes[0].beside()
    await newcomer.start_signaling()
    async with browser(newcomer) as pages:
        moved = await pages.rehearsal("signer", resume_token=await token_of(signer))
        assert (await moved.of_type("welcome"))["resumed"]
        await signer.of_type("replaced")
        call_id = (await moved.state("briefing"))["call_id"]
        assert (await moved.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
        await agent.state("ended")
    await newcomer.stop_signaling()


async def test_processes_that_start_at_the_same_moment_find_each_other(centre: Centre) -> None:
    newcomers = [centre.planes[0].beside() for _ in range(3)]
    await asyncio.gather(*(plane.start_signaling() for plane in newcomers))
    try:
        async with browser(newcomers[0]) as one, browser(newcomers[1]) as two, browser(newcomers[2]) as three:
            signer, agent = await centre.together(one, two)
            moved = await three.rehearsal("signer", resume_token=await token_of(signer))
            await moved.state("briefing")
            met = await ask_until_ok(moved, "call.act", call_id=agent.call["call_id"], action="hang_up")
            assert met == set()
            await agent.state("ended")
    finally:
        for plane in newcomers:
            await plane.stop_signaling()


async def test_without_redis_a_call_over_two_processes_goes_on(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    call_id = signer.call["call_id"]
    await centre.planes[0].redis.stop()
    assert (await agent.ask("call.act", call_id=call_id, action="mute"))["type"] == "ok"
    await agent.wait(lambda m: m["type"] == "call.state" and m["muted"])
    assert (await signer.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await agent.state("ended")
    await centre.planes[0].redis.start()
    await agent.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")


# --- an owner that is not there any more


async def test_an_owner_that_stops_hands_its_calls_over_and_the_page_elsewhere_does_not_reconnect(
    centre: Centre,
) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    call_id = signer.call["call_id"]
    await centre.planes[0].stop_signaling()
    await sees(agent, "signer", present=False)
    again = await centre.c.rehearsal("signer", resume_token=await token_of(signer))
    await sees(agent, "signer", present=True)
    met = await ask_until_ok(agent, "call.act", call_id=call_id, action="mute")
    assert met <= {"unavailable", "draining"}, "the call is never told to be unknown"
    assert (await ask_until_ok(again, "call.act", call_id=call_id, action="hang_up")) <= {"unavailable", "draining"}
    await agent.state("ended")
    assert not agent.socket.closed


async def test_a_killed_owner_is_replaced_and_pages_at_the_other_processes_go_on_without_reconnecting() -> None:
    async with three_processes(first_is_killable=True) as centre:
        signer, agent = await centre.together(centre.a, centre.b)
        call_id = signer.call["call_id"]
        moved = await centre.c.rehearsal("signer", resume_token=await token_of(signer))
        await moved.state("briefing")
        await killed(centre)
        met = await ask_until_ok(agent, "call.act", call_id=call_id, action="mute")
        assert met == {"unavailable"}, "nobody owned the call for a while; then somebody did"
        assert len(list(centre.planes[1].config.run_dir.glob("signaling-*.sock"))) == 2, "a dead socket is cleared away"
        refused = await moved.ask("call.request", kind="relay", number=NUMBER)
        assert refused["code"] == "already_in_call"
        assert moved.call["agent"]["present"] and agent.call["signer"]["present"]
        assert (await moved.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
        await agent.state("ended")


async def test_the_people_of_a_killed_process_come_back_at_another_one() -> None:
    async with three_processes(first_is_killable=True) as centre:
        signer, agent = await centre.together(centre.a, centre.b)
        token = await token_of(signer)
        await killed(centre)
        again = await centre.c.rehearsal("signer", resume_token=token)
        assert (await again.of_type("welcome"))["resumed"], "known although nobody owns the call at this moment"
        await again.state("briefing")
        await sees(agent, "signer", present=True)
        await ask_until_ok(again, "call.act", call_id=agent.call["call_id"], action="hang_up")
        await agent.state("ended")


async def test_an_agent_who_accepts_while_nobody_owns_the_call_serves_it_after_the_takeover() -> None:
    async with three_processes(first_is_killable=True) as centre:
        agent = await centre.agent_at(centre.b)
        signer = await centre.a.rehearsal("signer")
        await signer.ask("call.request", kind="relay", number=NUMBER)
        token = await token_of(signer)
        await agent.of_type("assignment.alert")
        await killed(centre)
        await accept(agent)
        assert (await agent.of_type("assignment.ended"))["reason"] == "accepted"
        again = await centre.c.rehearsal("signer", resume_token=token)
        await again.state("briefing")
        await agent.state("briefing")


async def test_a_process_that_hung_finds_its_call_at_the_new_owner() -> None:
    async with three_processes(first_is_killable=True) as centre:
        signer, agent = await centre.together(centre.a, centre.b)
        call_id = signer.call["call_id"]
        first = centre.planes[0]
        assert isinstance(first, KillableProcess)
        first.hang(True)
        met = await ask_until_ok(agent, "call.act", call_id=call_id, action="mute")
        assert met <= {"unavailable"}
        await sees(agent, "signer", present=False)
        first.hang(False)
        await sees(agent, "signer", present=True)
        assert not signer.socket.closed
        await ask_until_ok(signer, "call.act", call_id=call_id, action="hang_up")
        await agent.state("ended")


async def killed(centre: Centre) -> None:
    first = centre.planes[0]
    assert isinstance(first, KillableProcess)
    await first.kill()


# --- the link


async def test_sdp_reaches_a_page_at_another_process_and_appears_nowhere_in_redis(centre: Centre) -> None:
    async with media_worker(centre.planes[0]), redis_commands(centre.planes[0]) as commands:
        await workers_known(centre)
        signer, agent = await centre.together(centre.a, centre.b)
        peers = {"signer": CodedPeer(1, 440.0), "agent": CodedPeer(2, 880.0)}
        try:
            for page, peer in ((signer, peers["signer"]), (agent, peers["agent"])):
                offer = await page.of_type("media.offer")
                answer = await peer.media.answer(offer["sdp"])
                told = {"call_id": offer["call_id"], "generation": offer["generation"], "sdp": answer}
                assert (await page.ask("media.answer", **told))["type"] == "ok"
            await agent.wait(lambda m: m["type"] == "call.state" and m["signer"]["connected"])
            await agent.wait(lambda m: m["type"] == "call.state" and m["agent"]["connected"])
            await agent.of_type("network")
            stale = await agent.ask("media.answer", call_id=offer["call_id"], generation=1, sdp=answer)
            assert stale["code"] == "stale_generation"
            await agent.ask("media.renew", call_id=offer["call_id"])
            await agent.wait(lambda m: m["type"] == "media.offer" and m["generation"] > offer["generation"])
        finally:
            for peer in peers.values():
                await peer.media.close()
    call_id = signer.call["call_id"].encode()
    assert any(call_id in command for command in commands), "the search would find what is there"
    for trace in (b"a=ice-ufrag", b"ice-ufrag", b"v=0", b"fingerprint"):
        assert [command for command in commands if trace in command] == []


async def test_lines_that_make_no_sense_hurt_nobody(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    sockets = list(centre.planes[0].config.run_dir.glob("signaling-*.sock"))
    assert len(sockets) == 3
    greeting = b'{"type":"greeting","v":1,"instance_id":"zz-stranger"}\n'
    for path in sockets:
        assert path.stat().st_mode & 0o777 == 0o600
        for text in (b"no json\n", b"", b'{"type":"greeting","v":2,"instance_id":"newer"}\n', b"x" * (2 << 20)):
            await say(path, text)
        for line in (b"no json", b"[]", b'{"type":"fly"}', b'{"type":"followed","re":99,"code":null}', b"\xff\xfe"):
            await say(path, greeting + line + b"\n")
        gone = b'{"type":"page_gone","role":"agent","key":"nobody"}\n{"type":"call_gone","call_id":"none"}\n'
        await say(path, greeting + gone + b"x" * (2 << 20))
    assert (await agent.ask("call.act", call_id=signer.call["call_id"], action="mute"))["type"] == "ok"
    assert signer.call["signer"]["present"] and signer.call["agent"]["present"]


async def say(path: Path, text: bytes) -> None:
    """Until the other side has read it: it answers with its greeting, and ends the connection at ours."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    with contextlib.suppress(ConnectionError):
        writer.write(text)
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(10):
            await reader.read()
    writer.close()


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


@contextlib.asynccontextmanager
async def redis_commands(plane: ControlPlane) -> AsyncIterator[list[bytes]]:
    """Every command that Redis gets, as it sees it: also what is there for a moment only."""
    reader, writer = await asyncio.open_unix_connection(str(plane.redis.socket), limit=1 << 24)
    writer.write(b"MONITOR\r\n")
    assert await reader.readline() == b"+OK\r\n"
    lines: list[bytes] = []

    async def listen() -> None:
        while line := await reader.readline():
            lines.append(line)

    task = asyncio.create_task(listen())
    try:
        yield lines
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()


async def workers_known(centre: Centre) -> None:
    for plane in centre.planes:
        async with asyncio.timeout(20):
            while (await plane.checks())["media"] != "ok":
                await asyncio.sleep(0.05)
