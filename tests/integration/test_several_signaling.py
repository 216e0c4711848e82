"""
One centre served by several signaling processes: whatever page is connected to whatever process, a call is one call.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.sealing import Sealer
from tests.helpers.centre import (
    NUMBER,
    Centre,
    accept,
    ask_until_ok,
    media_worker,
    sees,
    three_processes,
    token_of,
    with_media,
    workers_known,
)
from tests.helpers.control_plane import ControlPlane, browser, control_plane

pytestmark = pytest.mark.integration


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


async def test_sdp_reaches_a_page_at_another_process_and_appears_nowhere_in_redis(centre: Centre) -> None:
    async with media_worker(centre.planes[0]), redis_commands(centre.planes[0]) as commands:
        await workers_known(centre)
        signer, agent = await centre.together(centre.a, centre.b)
        async with with_media(signer, agent):
            offer = await agent.of_type("media.offer")
            await agent.of_type("network")
            stale = await agent.ask("media.answer", call_id=offer["call_id"], generation=1, sdp=offer["sdp"])
            assert stale["code"] == "stale_generation"
            await agent.ask("media.renew", call_id=offer["call_id"])
            await agent.wait(lambda m: m["type"] == "media.offer" and m["generation"] > offer["generation"])
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
        async with asyncio.timeout(45):
            await reader.read()
    writer.close()


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


async def test_what_a_call_became_while_redis_was_away_is_kept_once_it_is_back() -> None:
    async with control_plane() as plane, browser(plane) as pages:
        agent, signer = await pages.rehearsal("agent"), await pages.rehearsal("signer")
        await agent.ask("presence.set", presence="available")
        await signer.ask("call.request", kind="relay", number=NUMBER)
        await accept(agent)
        await signer.state("briefing")
        await plane.redis.stop()
        await signer.ask("call.act", call_id=signer.call["call_id"], action="hang_up")
        await signer.state("ended")
        await asyncio.sleep(4.0)  # longer than a command is tried again
        await plane.redis.start()
        key = f"passerelle:call:{{{signer.call['call_id']}}}:snapshot"
        sealer = Sealer(plane.config.secret_key, "passerelle.snapshot")
        async with plane.redis.client() as redis, asyncio.timeout(45):
            while '"state":"ended"' not in (sealer.open(await redis.get(key) or b"") or ""):
                await asyncio.sleep(0.1)
