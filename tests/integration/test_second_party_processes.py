"""A call with somebody beside its agent over several signaling processes: pages at any, and an owner that leaves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.helpers.centre import Centre, accept, ask_until_ok, sees, three_processes, token_of
from tests.helpers.control_plane import RawPage

pytestmark = pytest.mark.integration


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with three_processes() as centre:
        yield centre


async def team(centre: Centre) -> tuple[RawPage, RawPage, RawPage]:
    """Signer at the process that owns the call, agent and second at others."""
    signer, agent = await centre.together(centre.a, centre.b)
    second = await centre.agent_at(centre.c)
    assert (await agent.ask("call.act", call_id=agent.call["call_id"], action="call_second"))["type"] == "ok"
    await accept(second)
    for page in (signer, agent, second):
        await page.wait(joined)
    return signer, agent, second


def joined(message: dict[str, Any]) -> bool:
    return message["type"] == "call.state" and message["second"] is not None and message["second"]["state"] == "joined"


async def leg(page: RawPage, name: str, state: str) -> None:
    await page.wait(lambda m: m is page.newest("call.state") and (m["leg"], m["state"]) == (name, state))


async def test_a_second_interpreter_at_another_process_swaps_and_leaves(centre: Centre) -> None:
    signer, agent, second = await team(centre)
    assert (second.call["leg"], second.call["second"]["role"]) == ("second", "team")
    assert (await second.of_type("assignment.alert"))["role"] == "team"
    call_id = signer.call["call_id"]
    assert (await second.ask("call.act", call_id=call_id, action="swap"))["type"] == "ok"
    await signer.wait(lambda m: m["type"] == "call.state" and m["swapping"] and m["active"] == "second")
    await agent.wait(lambda m: m is agent.newest("call.state") and not m["swapping"])
    assert signer.call["active"] == "second"
    assert (await second.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await leg(second, "second", "ended")
    await second.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")
    await signer.wait(lambda m: m is signer.newest("call.state") and m["second"] is None)
    assert (signer.call["active"], agent.call["state"]) == ("agent", "briefing")


async def test_a_call_goes_on_with_its_second_when_its_process_leaves_and_is_handed_over_then(centre: Centre) -> None:
    signer, agent, second = await team(centre)
    call_id, token = signer.call["call_id"], await token_of(signer)
    await centre.planes[0].stop_signaling()
    again = await centre.c.rehearsal("signer", resume_token=token)
    await again.wait(joined)
    await sees(second, "signer", present=True)
    await ask_until_ok(second, "call.act", call_id=call_id, action="mute")
    assert (await agent.ask("call.act", call_id=call_id, action="hand_over"))["type"] == "ok"
    await leg(agent, "agent", "ended")
    await leg(second, "agent", "briefing")
    await agent.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")
    assert second.call["muted"] and second.call["second"] is None
    assert (await again.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await second.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")


async def test_a_transfer_finds_the_next_agent_at_another_process(centre: Centre) -> None:
    signer, agent = await centre.together(centre.a, centre.b)
    call_id = signer.call["call_id"]
    asked = await agent.ask("call.act", call_id=call_id, action="transfer_call", to={"second_level": True})
    assert asked["type"] == "ok"
    await leg(agent, "agent", "ended")
    assert agent.call["transferred"]
    await signer.state("queued")
    other = await centre.agent_at(centre.c)
    await accept(other)
    await leg(other, "agent", "briefing")
    assert other.call["transferred"]
    refused = await agent.ask("call.act", call_id=call_id, action="mute")
    assert refused["code"] == "out_of_place"
    assert (await agent.ask("wrap_up.submit", call_id=call_id))["type"] == "ok", "it was theirs"
