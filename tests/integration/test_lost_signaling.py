"""
One of several signaling processes stops, is killed or hangs: its calls go on at the others, and the pages connected
there do not reconnect.
"""

import pytest

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
from tests.helpers.control_plane import KillableProcess, RawPage

pytestmark = pytest.mark.integration


async def test_an_owner_that_stops_hands_its_calls_over_and_the_page_elsewhere_does_not_reconnect() -> None:
    async with three_processes() as centre:
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


async def test_a_takeover_leaves_the_media_of_pages_at_other_processes_alone() -> None:
    async with three_processes(first_is_killable=True) as centre, media_worker(centre.planes[1]):
        await workers_known(centre)
        signer, agent = await centre.together(centre.a, centre.b)
        await signer.of_type("media.offer")
        moved = await centre.c.rehearsal("signer", resume_token=await token_of(signer))
        async with with_media(moved, agent):
            before = [len(offers(moved)), len(offers(agent))]
            await killed(centre)
            call_id = agent.call["call_id"]
            await ask_until_ok(agent, "call.act", call_id=call_id, action="mute")
            assert agent.call["signer"]["connected"] and agent.call["agent"]["connected"]
            for page in (moved, agent):
                page.messages[:] = [message for message in page.messages if message["type"] != "network"]
                await page.of_type("network")
            assert [len(offers(moved)), len(offers(agent))] == before, "nobody has to connect again"


async def killed(centre: Centre) -> None:
    first = centre.planes[0]
    assert isinstance(first, KillableProcess)
    await first.kill()


def offers(page: RawPage) -> list[dict[str, object]]:
    return [message for message in page.messages if message["type"] == "media.offer"]
