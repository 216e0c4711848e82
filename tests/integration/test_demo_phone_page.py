"""A person at the demonstration phone's page answers, calls and hears, in sockets and in a real browser."""

import asyncio

import aiohttp
import numpy as np
import pytest

from relay.audio import PHONE_RATE, level_dbfs, tones
from relay.model import Leg
from relay.phone_messages import (
    HangUpPhone,
    HoldPhone,
    PhoneDtmf,
    PhoneIncoming,
    PlayAnnouncement,
    RefuseIncoming,
    SetPhoneAudio,
    TakeIncoming,
)
from tests.helpers.demo_phone import both, demonstration, open_page, relay_that_is_called
from tests.helpers.phone_rig import CALL
from tests.helpers.sip_peers import until

pytestmark = pytest.mark.integration


async def test_person_at_the_page_answers_hears_speaks_presses_keys_and_hangs_up() -> None:
    async with both() as (phone, rig), open_page(phone) as page:
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial("+33199000010")
        await rig.signaling.until_phone("ringing")
        await until(lambda: [call["state"] for call in page.calls] == ["ringing"])
        assert page.calls[0]["number"] == "+33199000010"
        await page.send("answer")
        await rig.signaling.until_phone("answered")
        speaking = asyncio.create_task(page.speak(600))
        await until(lambda: [round(tone.hz, -1) for tone in tones(page.sound, PHONE_RATE)] == [1000])
        await until(lambda: rig.media.tones("agent") == {600})
        await page.send("dtmf", digits="4")
        await until(lambda: PhoneDtmf(call_id=CALL, digit="4", attempt="a") in rig.signaling.events)
        speaking.cancel()
        await page.send("hang_up")
        await rig.signaling.until_phone("hung_up")
        await until(lambda: page.mine is None and page.calls == [])


async def test_person_at_the_page_declines() -> None:
    async with both() as (phone, rig), open_page(phone) as page:
        await rig.dial("+33199000042")
        await until(lambda: bool(page.calls))
        await page.send("decline")
        await rig.signaling.until_phone("declined")


async def test_caller_who_gives_up_is_gone_from_the_page() -> None:
    async with both() as (phone, rig), open_page(phone) as page:
        await rig.dial("+33199000010")
        await until(lambda: bool(page.calls))
        await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))
        await until(lambda: page.calls == [])


async def test_closing_the_page_puts_the_receiver_down() -> None:
    async with both() as (phone, rig):
        async with open_page(phone) as page:
            await rig.dial("+33199000010")
            await until(lambda: bool(page.calls))
            await page.send("answer")
            await rig.signaling.until_phone("answered")
        await rig.signaling.until_phone("hung_up")


async def test_second_page_cannot_touch_a_call_that_another_one_holds() -> None:
    async with both() as (phone, rig), open_page(phone) as page, open_page(phone) as other:
        await rig.dial("+33199000010")
        await until(lambda: bool(page.calls and other.calls))
        await page.send("answer")
        await until(lambda: page.mine is not None)
        for kind in ("answer", "hang_up", "decline", "dtmf"):
            await other.send(kind, page.mine, digits="1")
        await other._socket.send_str("no json")
        await other._socket.send_str("[]")
        await other._socket.send_str('{"type":"answer","call":["x"]}')
        await page.send("dtmf", page.mine, digits="9")
        await until(lambda: PhoneDtmf(call_id=CALL, digit="9", attempt="a") in rig.signaling.events)
        assert PhoneDtmf(call_id=CALL, digit="1", attempt="a") not in rig.signaling.events
        assert rig.signaling.phone()[-1] == "answered"
        assert other.mine is None


async def test_other_web_sites_cannot_pick_up_the_receiver() -> None:
    async with demonstration() as phone:
        for headers in ({"Origin": "https://evil.example"}, {}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await phone.http.ws_connect(f"{phone.url}/ws", headers=headers)
            assert refused.value.status == 403
        rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
        async with phone.http.get(f"{phone.url}/calls.json", headers=rebound) as response:
            assert response.status == 403


async def test_page_is_served_with_its_files_and_lets_nothing_foreign_in() -> None:
    async with demonstration() as phone:
        for path, kind in (("/", "text/html"), ("/files/phone.js", "javascript"), ("/files/sound.js", "javascript")):
            async with phone.http.get(phone.url + path) as response:
                assert response.status == 200
                assert kind in response.headers["Content-Type"]
                assert "default-src 'self'" in response.headers["Content-Security-Policy"]


async def test_person_at_the_page_calls_the_relay_presses_a_code_and_is_heard() -> None:
    async with relay_that_is_called() as (phone, rig), open_page(phone) as page:
        await page.send("call", "", number="01 99 00 00 50")
        await until(lambda: any(isinstance(event, PhoneIncoming) for event in rig.signaling.events))
        incoming = next(event for event in rig.signaling.events if isinstance(event, PhoneIncoming))
        assert (incoming.number, incoming.caller) == ("+33199000050", "+33199000099")
        await until(lambda: [call["state"] for call in page.calls] == ["calling"])
        await rig.signaling.ask(TakeIncoming(call_id=incoming.call_id, epoch=1, attempt="in"))
        await until(lambda: [call["state"] for call in page.calls] == ["answered"])
        await page.send("dtmf", digits="4")
        await until(lambda: PhoneDtmf(call_id=incoming.call_id, digit="4", attempt="in") in rig.signaling.events)
        media = rig.second_call(incoming.call_id, {"agent": 1000})
        hears: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}
        await rig.signaling.ask(
            SetPhoneAudio(call_id=incoming.call_id, epoch=1, worker_socket=str(media.path), hears=hears)
        )
        speaking = asyncio.create_task(page.speak(600))
        await until(lambda: [round(tone.hz, -1) for tone in tones(page.sound, PHONE_RATE)] == [1000])
        await until(lambda: media.tones("agent") == {600})
        speaking.cancel()
        await page.send("hang_up")
        await rig.signaling.until_phone("hung_up", "in")
        await until(lambda: page.calls == [])


async def test_caller_on_hold_hears_the_announcement_and_nobody_else() -> None:
    async with relay_that_is_called() as (phone, rig), open_page(phone) as page:
        await page.send("call", "", number="0199000050")
        await until(lambda: any(isinstance(event, PhoneIncoming) for event in rig.signaling.events))
        call_id = next(event for event in rig.signaling.events if isinstance(event, PhoneIncoming)).call_id
        await rig.signaling.ask(TakeIncoming(call_id=call_id, epoch=1, attempt="in"))
        media = rig.second_call(call_id, {"agent": 1000})
        hears: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",)}
        await rig.signaling.ask(SetPhoneAudio(call_id=call_id, epoch=1, worker_socket=str(media.path), hears=hears))
        await until(lambda: [round(tone.hz, -1) for tone in tones(page.sound, PHONE_RATE)] == [1000])
        await rig.signaling.ask(HoldPhone(call_id=call_id, epoch=1, held=True))
        await until(lambda: level_dbfs(page.sound) < -60)
        await rig.signaling.ask(PlayAnnouncement(call_id=call_id, epoch=1, name="please_wait", every_s=1))
        await until(lambda: level_dbfs(page.sound) > -30)
        assert 1000 not in [round(tone.hz, -1) for tone in tones(page.sound, PHONE_RATE)]
        await page.send("hang_up")
        await rig.signaling.until_phone("hung_up", "in")


async def test_call_from_the_page_that_comes_to_nothing_is_told() -> None:
    async with relay_that_is_called() as (phone, rig), open_page(phone) as page:
        for count, number in enumerate(("", "sip:x@example.org", "01" * 20, "<b>"), 1):
            await page.send("call", "", number=number)
            await until(lambda count=count: page.failed == [404] * count)  # type: ignore[misc]
        await page.send("call", "", number="0199000050")
        await until(lambda: any(isinstance(event, PhoneIncoming) for event in rig.signaling.events))
        incoming = next(event for event in rig.signaling.events if isinstance(event, PhoneIncoming))
        await rig.signaling.ask(RefuseIncoming(call_id=incoming.call_id, epoch=1, sip_code=480))
        await until(lambda: page.failed == [404] * 4 + [480] and page.mine is None)


@pytest.mark.browser
async def test_page_calls_the_relay_from_a_real_browser() -> None:
    from playwright.async_api import async_playwright

    arguments = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"]
    async with relay_that_is_called() as (phone, rig), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = await browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(phone.url)
        await page.get_by_label("Numéro de relais").fill("01 99 00 00 50")
        await page.get_by_role("button", name="Appeler").click()
        await until(lambda: any(isinstance(event, PhoneIncoming) for event in rig.signaling.events))
        await page.get_by_text("Le relais sonne…").wait_for()
        incoming = next(event for event in rig.signaling.events if isinstance(event, PhoneIncoming))
        await rig.signaling.ask(TakeIncoming(call_id=incoming.call_id, epoch=1, attempt="in"))
        await rig.signaling.ask(PlayAnnouncement(call_id=incoming.call_id, epoch=1, name="ringing", every_s=1))
        await page.get_by_text("voix ou annonce").wait_for()
        await page.get_by_role("button", name="#").click()
        await until(lambda: PhoneDtmf(call_id=incoming.call_id, digit="#", attempt="in") in rig.signaling.events)
        await page.get_by_role("button", name="Raccrocher").click()
        await rig.signaling.until_phone("hung_up", "in")
        await page.get_by_text("Prêt : en attente d’un appel.").wait_for()
        await page.get_by_label("Numéro de relais").fill("01 99 00 00 52")
        await page.get_by_role("button", name="Appeler").click()
        await until(
            lambda: len({event.call_id for event in rig.signaling.events if isinstance(event, PhoneIncoming)}) == 2
        )
        second = [event for event in rig.signaling.events if isinstance(event, PhoneIncoming)][-1]
        await rig.signaling.ask(RefuseIncoming(call_id=second.call_id, epoch=1, sip_code=404))
        await page.get_by_text("Numéro inconnu du relais.").wait_for()
        async with open_page(phone) as other:  # of whose call every page is told
            await other.send("call", "", number="0199000051")
            await until(lambda: other.mine is not None)
        await page.evaluate("new Promise(resolve => setTimeout(resolve, 500))")
        assert await page.get_by_text("Numéro inconnu du relais.").is_visible()
        assert faults == []
        await browser.close()


@pytest.mark.browser
async def test_page_rings_visibly_and_carries_the_sound_of_a_real_browser() -> None:
    from playwright.async_api import async_playwright

    arguments = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"]
    async with both() as (phone, rig), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = await browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(phone.url)
        await page.get_by_text("Prêt : en attente d’un appel.").wait_for()
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial("+33199000010")
        answer = page.get_by_role("button", name="Répondre")
        await answer.wait_for()
        assert "Appel entrant" in await page.title()
        assert await answer.evaluate("button => document.activeElement === button")
        await page.keyboard.press("Enter")
        await rig.signaling.until_phone("answered")
        async with asyncio.timeout(45):
            while await page.locator("#level").evaluate("meter => meter.value") < 0.2:  # the agent is heard
                await asyncio.sleep(0.1)
        await until(lambda: np.abs(rig.media.heard["agent"].astype(int)).max(initial=0) > 1000)  # Chromium's beep
        await page.keyboard.press("8")
        await until(lambda: PhoneDtmf(call_id=CALL, digit="8", attempt="a") in rig.signaling.events)
        await page.get_by_role("button", name="Raccrocher").click()
        await rig.signaling.until_phone("hung_up")
        await page.get_by_text("Prêt : en attente d’un appel.").wait_for()
        assert faults == []
        await browser.close()
