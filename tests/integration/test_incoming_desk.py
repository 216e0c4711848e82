"""Telephones that call signers, and signers who call each other: over several processes, real Redis and SQLite."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.model import Announcement
from relay.phone_messages import PhoneRecorded, RecordMessage, TakeIncoming
from tests.helpers.centre import accept, ask_until_ok
from tests.helpers.control_plane import RawPage
from tests.helpers.signers import CAMILLE, DESK, FRONT, SACHA, Site, site

pytestmark = pytest.mark.integration
CALLER, CALLER_READ = "+33199000001", "01 99 00 00 01"
SOUND = b"\x01a sealed sound of some length"


@pytest.fixture
async def one() -> AsyncIterator[Site]:
    async with site() as opened:
        yield opened


async def entries(page: RawPage, count: int) -> list[dict[str, Any]]:
    """The newest inbox, once it has so many entries."""
    message = await page.wait(
        lambda m: m["type"] == "inbox" and m is page.newest("inbox") and len(m["entries"]) == count
    )
    found: list[dict[str, Any]] = message["entries"]
    return found


async def shows(page: RawPage, state: str, **fields: object) -> dict[str, Any]:
    """The newest ``call.state`` says so."""
    return await page.wait(
        lambda m: m is page.newest("call.state") and m["state"] == state and fields.items() <= m.items()
    )


async def test_all_devices_ring_at_once_and_the_first_to_accept_has_the_call() -> None:
    async with site(processes=3) as centre:
        phone = await centre.page(centre.camille, 0)
        assert (await phone.of_type("welcome"))["number"] == "01 99 00 90 01"
        assert len((await phone.of_type("welcome"))["push_key"]) == 87
        desk = await centre.page(centre.camille, 1, DESK)
        agent = await centre.agent(2)
        call_id = centre.phone.rings(CAMILLE)
        for page in (phone, desk):
            call = await page.state("incoming")
            assert (call["call_id"], call["phone"]["number"], call["direction"]) == (call_id, CALLER_READ, "incoming")
            assert {"accept", "decline"} <= set(call["actions"])
        await centre.phone.plays(call_id, "ringing")
        told = {"call_id": call_id, "action": "accept", "mode": "LSF", "voice": True}
        assert (await desk.ask("call.act", **told))["type"] == "ok"
        await shows(phone, "queued", on_other_device=True)
        assert (await phone.ask("call.act", **told))["code"] == "out_of_place"
        await accept(agent)
        await shows(desk, "active", on_other_device=False, voice=True)
        assert (await agent.state("active"))["phone"]["number"] == CALLER_READ
        assert len({command.epoch for command in centre.phone.told(call_id, TakeIncoming)}) == 1, "one process has it"
        assert (await desk.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
        await centre.phone.is_hung_up(call_id)
        assert (await shows(phone, "ended"))["end_reason"] == "completed"
        assert not await centre.records.inbox.of(centre.camille.id)


@pytest.mark.parametrize("process", [0, 1])
async def test_an_emergency_is_not_kept_waiting_by_a_call_that_rings(process: int) -> None:
    """Whichever of two processes owns the call that rings."""
    async with site(processes=2) as centre:
        page = await centre.page(centre.camille, process)
        call_id = centre.phone.rings(CAMILLE)
        await page.state("incoming")
        assert (await page.ask("call.request", kind="relay", number="115"))["type"] == "ok"
        await page.wait(lambda m: m["type"] == "call.state" and m["call_id"] != call_id and m["state"] == "queued")
        await centre.phone.plays(call_id, "leave_message")


async def test_a_message_is_kept_for_its_receiver_alone_and_an_agent_can_relay_it(
    one: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    page, desk = await one.page(one.camille), await one.page(one.camille, device=DESK)
    call_id = one.phone.rings(CAMILLE)
    await page.state("incoming")
    assert (await page.ask("call.act", call_id=call_id, action="decline"))["type"] == "ok"
    await one.phone.plays(call_id, "leave_message")
    one.phone.has_played(call_id, "leave_message")
    assert (await one.phone.wait(call_id, RecordMessage)).receiver == one.camille.id
    assert (await page.ask("call.request", kind="relay", number="01 99 00 00 03"))["type"] == "ok", "they are free"
    other = (await page.wait(lambda m: m["type"] == "call.state" and m["state"] == "queued"))["call_id"]
    assert (await page.ask("call.act", call_id=other, action="hang_up"))["type"] == "ok"
    key = f"passerelle:recording:{{{call_id}}}:abc"
    await one.redis.set(key, SOUND)
    one.phone.emit(PhoneRecorded(call_id=call_id, key=key, duration_s=4.5))
    for each in (page, desk):
        (entry,) = await entries(each, 1)
        assert (entry["number"], entry["message_s"], entry["heard"]) == (CALLER_READ, 4.5, False)
        assert entry["expires_at"] - entry["at"] == 30 * 86_400
    await one.phone.plays(call_id, "message_kept")
    one.phone.has_played(call_id, "message_kept")
    await one.phone.is_hung_up(call_id)
    assert (await shows(page, "ended", call_id=call_id))["end_reason"] == "message_left"
    assert not await one.redis.exists(key)
    assert_sealed(one)
    assert call_id in caplog.text or "incoming: rings" in caplog.text
    assert not any(shown in caplog.text for shown in ("99000001", "99 00 00 01", "99009001"))

    agent = await one.agent()
    assert (await page.ask("call.request", kind="relay", message_id=entry["entry_id"]))["type"] == "ok"
    await accept(agent)
    call = await agent.state("briefing")
    assert call["has_message"] and "play_message" in call["actions"] and call["phone"]["number"] == CALLER_READ
    refused = await agent.ask("call.act", call_id=call["call_id"], action="dial", number=SACHA)
    assert refused["code"] == "signer_number", "signers are called without anybody between"
    (again,) = [each async for each in one.redis.scan_iter("passerelle:recording:*")]
    assert await one.redis.get(again) == SOUND and 0 < await one.redis.ttl(again) <= 3600
    assert (await page.ask("call.act", call_id=call["call_id"], action="hang_up"))["type"] == "ok"

    assert (await page.ask("inbox.heard", entry_id=entry["entry_id"]))["type"] == "ok"
    await desk.wait(lambda m: m["type"] == "inbox" and any(each["heard"] for each in m["entries"]))
    assert (await page.ask("inbox.delete", entry_id=entry["entry_id"]))["type"] == "ok"
    await entries(desk, 0)
    refused = await page.ask("call.request", kind="relay", message_id=entry["entry_id"])
    assert refused["code"] == "message_gone"


def assert_sealed(one: Site) -> None:
    """Neither who called nor how to recognise it is in any file of the database."""
    files = list(one.planes[0].config.data_dir.glob("passerelle.sqlite3*"))
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(shown in content for shown in (CALLER.encode(), CALLER_READ.encode(), b"99000001"))


async def test_at_the_centres_number_a_code_names_the_signer(one: Site) -> None:
    page = await one.page(one.camille)
    call_id = one.phone.rings(FRONT)
    await one.phone.plays(call_id, "ask_code")
    one.phone.presses(call_id, "0000#")
    await one.phone.plays(call_id, "wrong_code")
    one.phone.presses(call_id, "9*" + await one.code_of(one.camille) + "#")
    assert (await page.state("incoming"))["call_id"] == call_id
    await one.phone.plays(call_id, "ringing")
    assert len({command.attempt for command in one.phone.told(call_id, TakeIncoming)}) == 1


async def test_nobody_guesses_codes(one: Site) -> None:
    for _ in range(3):
        call_id = one.phone.rings(FRONT)
        await one.phone.plays(call_id, "ask_code")
        answers: list[tuple[Announcement, int]] = [("wrong_code", 1), ("wrong_code", 2), ("unknown_number", 1)]
        for said, times in answers:
            one.phone.presses(call_id, "0000#")
            await one.phone.plays(call_id, said, times)
        one.phone.has_played(call_id, "unknown_number")
        await one.phone.is_hung_up(call_id)
    call_id = one.phone.rings(FRONT)
    await one.phone.plays(call_id, "unknown_number")
    one.phone.has_played(call_id, "unknown_number")
    await one.phone.is_hung_up(call_id)
    other = one.phone.rings(FRONT, caller="+33199000002")
    await one.phone.plays(other, "ask_code")


async def test_a_caller_who_types_a_code_is_not_left_with_a_process_that_stops(one: Site) -> None:
    typing = one.phone.rings(FRONT)
    await one.phone.plays(typing, "ask_code")
    await one.planes[0].stop_signaling()
    await one.phone.is_hung_up(typing)


async def test_a_number_of_nobody_is_refused_and_so_is_one_of_somebody_who_left(one: Site) -> None:
    assert await one.phone.refused(one.phone.rings("+33199009099")) == 404
    assert await one.phone.refused(one.phone.rings("not a number")) == 404
    await one.records.people.set_disabled("camille", True)
    assert await one.phone.refused(one.phone.rings(CAMILLE)) == 404


async def test_of_several_who_call_at_once_one_rings_and_the_others_are_seen_later() -> None:
    async with site(processes=2) as centre:
        page = await centre.page(centre.camille, 1)
        calls = [centre.phone.rings(CAMILLE, caller=f"+3319900010{number}") for number in range(3)]
        ringing = (await page.state("incoming"))["call_id"]
        assert ringing in calls
        for call_id in calls:
            if call_id != ringing:
                assert await centre.phone.refused(call_id) == 486
        await entries(page, 2)
        late = centre.phone.rings(CAMILLE, caller=None)
        assert await centre.phone.refused(late) == 486
        assert None in [entry["number"] for entry in await entries(page, 3)]
        centre.phone.hangs_up(ringing)
        assert (await shows(page, "ended", call_id=ringing))["end_reason"] == "caller_gave_up"
        assert all(entry["message_s"] is None for entry in await entries(page, 4))
        again = centre.phone.rings(CAMILLE)
        await page.wait(lambda m: m["type"] == "call.state" and m["call_id"] == again and m["state"] == "incoming")


async def test_a_call_goes_on_ringing_when_the_process_that_has_it_stops() -> None:
    async with site(processes=2) as centre:
        pages = [await centre.page(centre.camille, 1), await centre.page(centre.sacha, 1)]
        calls = [centre.phone.rings(number) for number in (CAMILLE, SACHA)]
        for page in pages:
            await page.state("incoming")
        await centre.planes[0].stop_signaling()
        for page, call_id in zip(pages, calls, strict=True):
            await ask_until_ok(page, "call.act", call_id=call_id, action="accept", mode="LSF")
            await shows(page, "queued", on_other_device=False)
            await centre.phone.plays(call_id, "seeking_agent")


async def test_signers_call_each_other_without_anybody_between() -> None:
    async with site(processes=2) as centre:
        camille = await centre.page(centre.camille, 0)
        sacha, desk = await centre.page(centre.sacha, 1), await centre.page(centre.sacha, 1, DESK)
        assert (await camille.ask("call.request", kind="relay", number="01 99 00 90 02"))["type"] == "ok"
        for page in (sacha, desk):
            call = await page.state("incoming")
            assert (call["kind"], call["leg"], call["peer_name"]) == ("video", "agent", "01 99 00 90 01")
        call_id = camille.call["call_id"]
        assert (await desk.ask("call.act", call_id=call_id, action="accept", mode="LSF"))["type"] == "ok"
        await shows(camille, "talking", peer_name="01 99 00 90 02")
        await shows(sacha, "talking", on_other_device=True)
        await shows(desk, "talking", on_other_device=False)
        busy = centre.phone.rings(SACHA)
        assert await centre.phone.refused(busy) == 486
        assert (await desk.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
        await shows(camille, "ended")
        (entry,) = await entries(desk, 1)
        assert entry["number"] == CALLER_READ


async def test_a_signer_who_is_in_a_call_is_not_disturbed_and_sees_who_tried(one: Site) -> None:
    sacha, camille = await one.page(one.sacha), await one.page(one.camille)
    assert (await sacha.ask("call.request", kind="relay", number=CALLER_READ))["type"] == "ok"
    refused = await camille.ask("call.request", kind="relay", number=SACHA)
    assert refused["code"] == "peer_busy"
    (entry,) = await entries(sacha, 1)
    assert entry["number"] == "01 99 00 90 01"
    assert (await camille.ask("call.request", kind="relay", number=CAMILLE))["code"] == "own_number"


async def test_who_calls_without_showing_a_number_stays_unnamed(one: Site) -> None:
    sacha, camille = await one.page(one.sacha), await one.page(one.camille)
    assert (await camille.ask("call.request", kind="relay", number=SACHA, anonymous=True))["type"] == "ok"
    call = await sacha.state("incoming")
    assert call["peer_name"] is None
    assert (await camille.ask("call.act", call_id=call["call_id"], action="hang_up"))["type"] == "ok"
    (entry,) = await entries(sacha, 1)
    assert entry["number"] is None
