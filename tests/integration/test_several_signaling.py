"""
One centre served by several signaling processes: whatever page is connected to whatever process, a call is one call.

Real processes' worth of ``serve()`` over one Redis and one SQLite; one of them a process of its own, to be killed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from interpreter_queue.config import QueueConfig
from tests.helpers.control_plane import Browser, ControlPlane, KillableProcess, RawPage, browser, control_plane

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
