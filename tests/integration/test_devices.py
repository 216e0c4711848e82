"""A signer with several devices: all stay connected, one has the call, and any can have it."""

from collections.abc import AsyncIterator

import pytest

from tests.helpers.centre import NUMBER, Centre, accept, media_worker, three_processes, token_of, workers_known
from tests.helpers.control_plane import RawPage

pytestmark = pytest.mark.integration
PHONE, DESK, TABLET = "phone-0001", "desk-00001", "tablet-001"


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with three_processes() as centre:
        yield centre


async def shows(page: RawPage, *, elsewhere: bool, state: str = "queued") -> None:
    await page.wait(
        lambda m: (
            m["type"] == "call.state"
            and m is page.newest("call.state")
            and (m["state"], m["on_other_device"]) == (state, elsewhere)
        )
    )


async def test_a_call_is_on_the_device_that_asked_for_it_and_the_others_see_so(centre: Centre) -> None:
    phone = await centre.a.rehearsal("signer", device=PHONE)
    desk = await centre.b.rehearsal("signer", device=DESK, resume_token=await token_of(phone))
    assert (await phone.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
    await shows(phone, elsewhere=False)
    await shows(desk, elsewhere=True)
    assert desk.call["actions"] == []
    call_id = desk.call["call_id"]
    refused = await desk.ask("call.act", call_id=call_id, action="hang_up")
    assert refused["code"] == "out_of_place"
    assert phone.newest("replaced") is None
    second_tab = await centre.b.rehearsal("signer", device=PHONE, resume_token=await token_of(phone))
    await phone.of_type("replaced")
    await shows(second_tab, elsewhere=False)
    await desk.close()
    assert (await second_tab.ask("ping"))["type"] == "pong"
    assert second_tab.call["signer"]["present"], "the device without the call may go"
    assert (await second_tab.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"


async def test_a_call_is_continued_on_another_device_with_its_media(centre: Centre) -> None:
    async with media_worker(centre.planes[0]):
        await workers_known(centre)
        phone = await centre.a.rehearsal("signer", device=PHONE)
        desk = await centre.b.rehearsal("signer", device=DESK, resume_token=await token_of(phone))
        agent = await centre.agent_at(centre.c)
        assert (await phone.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
        await accept(agent)
        first = await phone.of_type("media.offer")
        assert desk.newest("media.offer") is None
        call_id = first["call_id"]
        assert (await desk.ask("call.continue_here", call_id=call_id))["type"] == "ok"
        await phone.of_type("media.closed")
        offer = await desk.wait(lambda m: m["type"] == "media.offer" and m["generation"] > first["generation"])
        await shows(phone, elsewhere=True, state="briefing")
        await shows(desk, elsewhere=False, state="briefing")
        refused = await phone.ask("media.answer", call_id=call_id, generation=offer["generation"], sdp=offer["sdp"])
        assert refused["code"] == "out_of_place"
        assert (await desk.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"


async def test_when_the_device_with_the_call_is_gone_the_next_one_to_come_has_it(centre: Centre) -> None:
    phone = await centre.a.rehearsal("signer", device=PHONE)
    token = await token_of(phone)
    desk = await centre.b.rehearsal("signer", device=DESK, resume_token=token)
    assert (await phone.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
    await phone.close()
    await desk.wait(lambda m: m["type"] == "call.state" and not m["signer"]["present"])
    tablet = await centre.c.rehearsal("signer", device=TABLET, resume_token=token)
    await shows(tablet, elsewhere=False)
    assert tablet.call["signer"]["present"]
    await shows(desk, elsewhere=True)
    again = await centre.a.rehearsal("signer", device=PHONE, resume_token=token)
    await shows(again, elsewhere=True)
    assert (await tablet.ask("call.act", call_id=tablet.call["call_id"], action="hang_up"))["type"] == "ok"
