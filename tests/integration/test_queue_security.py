"""
What somebody might try with the messages of the queue: in another's name, out of place, too often, to learn what is
nobody's business. Real Redis, real SQLite, no media worker needed.
"""

import time
from collections.abc import AsyncIterator

import pytest

from interpreter_queue.config import QueueConfig
from signaling.records import Records
from tests.helpers.control_plane import browser, control_plane
from tests.integration.test_queue_floor import DIALLED, Floor, accept, ok, people

pytestmark = pytest.mark.integration
OWN, OTHERS = "+33199000050", "+33199000051"


@pytest.fixture
async def floor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Floor]:
    monkeypatch.setattr("signaling.rules_book.READ_AGAIN_S", 0.0)
    monkeypatch.setattr("signaling.callback_desk.LOOK_S", 0.1)
    monkeypatch.setattr("signaling.waits.TELL_S", 0.2)
    async with control_plane(signer_grace_s=8.0, queue=QueueConfig(wrap_up_s=0.2)) as plane, browser(plane) as pages:
        ids = await people(plane.config.database_url)
        async with Records(plane.config.database_url) as records:
            for login, numbers in (("noa", ()), ("alix", (OWN,)), ("remi", (OTHERS,))):
                person = await records.people.add(
                    login=login,
                    name=login.title(),
                    role="signer" if numbers else "supervisor",
                    password_hash="-",
                    numbers=numbers,
                )
                await records.sessions.add(f"{login}-token", person.id, 3600)
                ids[login] = person.id
        yield Floor(plane, pages, ids)


async def refused(floor: Floor) -> list[tuple[str, ...]]:
    """Agents whom nobody gives to this signer, by signer."""
    async with Records(floor.plane.config.database_url) as records:
        return [await records.people.refused(floor.ids[login]) for login in ("camille", "alix")]


async def test_a_supervisor_refuses_nobody_in_an_agents_name(floor: Floor) -> None:
    await floor.rule("demo-mairie", supervision=True)
    agent, signer, noa = await floor.agent("zoe"), await floor.signer(), await floor.page("noa", "supervisor")
    await ok(signer, "call.request", kind="direct", brand="demo-mairie")
    await accept(agent)
    await signer.state("talking")
    call_id = signer.call["call_id"]
    await ok(noa, "supervise.join", call_id=call_id)
    await noa.state("talking")
    assert (await noa.ask("refusal.set", call_id=call_id, enabled=True))["code"] == "wrong_role"
    assert await refused(floor) == [(), ()]


async def test_a_call_back_is_asked_for_a_telephone_and_not_for_a_signer(floor: Floor) -> None:
    page = await floor.signer("alix")
    for number, code in ((OWN, "own_number"), (OTHERS, "signer_number")):
        assert (await page.ask("callback.request", kind="relay", number=number))["code"] == code


async def test_whoever_waits_adds_no_call_back_beyond_what_anybody_may_have(floor: Floor) -> None:
    page = await floor.signer("alix")
    for hours in (1, 2, 3):
        await ok(page, "callback.request", kind="relay", number=DIALLED, at=time.time() + 3600 * hours)
    await ok(page, "call.request", kind="relay", number=DIALLED)
    await page.state("queued")
    call_id = page.call["call_id"]
    for at in (time.time() + 90 * 86_400, float("-inf")):
        assert (await page.ask("call.act", call_id=call_id, action="ask_callback", at=at))["code"] == "invalid"
    full = await page.ask("call.act", call_id=call_id, action="ask_callback")
    assert full["code"] == "too_many_callbacks"
    assert page.call["state"] == "queued", "the place in line is kept"
