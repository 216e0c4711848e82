"""The demonstration phone: each number behaves, calls.json proves who hears whom, a person answers at the page."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np
import pytest

from relay.audio import PHONE_FRAME, PHONE_RATE, level_dbfs, sine, tones
from relay.control_messages import (
    HangUpPhone,
    HoldPhone,
    PhoneDtmf,
    PhoneIncoming,
    PlayAnnouncement,
    RefuseIncoming,
    SendDtmf,
    SetPhoneAudio,
    TakeIncoming,
)
from relay.model import Leg
from relay.phone import demo
from relay.phone.config import DemoPhoneConfig, TrunkConfig
from tests.helpers.phone_rig import CALL, Rig, phone_worker
from tests.helpers.sip_peers import free_pair, free_port, until

pytestmark = pytest.mark.integration


@dataclass
class Demo:
    sip_port: int
    url: str
    http: aiohttp.ClientSession

    async def calls(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/calls.json") as response:
            listed: list[dict[str, Any]] = (await response.json())["calls"]
        return listed

    async def hears(self) -> set[int]:
        """:returns: the tones the only call hears, in Hz rounded to 10."""
        calls = await self.calls()
        return {round(tone["hz"], -1) for tone in calls[0]["tones"] if tone["dbfs"] > -30} if calls else set()


@contextlib.asynccontextmanager
async def demonstration(ring_s: float = 0.2, relay_port: int = 9) -> AsyncIterator[Demo]:
    sip_port, http_port, first = free_port(), free_port(socket.SOCK_STREAM), free_pair()
    config = DemoPhoneConfig(
        sip_port=sip_port,
        http_port=http_port,
        rtp_ports=(first, first + 39),
        ring_s=ring_s,
        relay_port=relay_port,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(demo.run(config, stop))
    try:
        async with aiohttp.ClientSession() as http:
            phone = Demo(sip_port, f"http://127.0.0.1:{http_port}", http)
            async with asyncio.timeout(45):
                while not await _answers(phone):
                    assert not running.done(), running
                    await asyncio.sleep(0.05)
            yield phone
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await running


async def _answers(phone: Demo) -> bool:
    try:
        await phone.calls()
    except aiohttp.ClientError:
        return False
    return True


@contextlib.asynccontextmanager
async def relay_that_is_called(ring_s: float = 0.2) -> AsyncIterator[tuple[Demo, Rig]]:
    """The demonstration phone knows where the phone worker is."""
    port = free_port()
    async with (
        demonstration(ring_s, port) as phone,
        phone_worker(TrunkConfig(port=phone.sip_port), sip_port=port) as rig,
    ):
        yield phone, rig


@contextlib.asynccontextmanager
async def both(ring_s: float = 0.2) -> AsyncIterator[tuple[Demo, Rig]]:
    async with demonstration(ring_s) as phone, phone_worker(TrunkConfig(port=phone.sip_port)) as rig:
        yield phone, rig


async def until_heard(phone: Demo, wanted: set[int]) -> None:
    async with asyncio.timeout(45):
        while await phone.hears() != wanted:
            await asyncio.sleep(0.1)


# --- numbers that behave by themselves ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "course"),
    [
        ("+33199000002", ["trying", "busy"]),
        ("+33199000004", ["trying", "wrong_number"]),
        ("+33199000006", ["trying", "declined"]),
        ("0199000002", ["trying", "busy"]),
    ],
)
async def test_number_refuses_in_its_way(number: str, course: list[str]) -> None:
    async with both() as (_, rig):
        await rig.dial(number)
        await rig.signaling.until_phone(course[-1])
        assert rig.signaling.phone() == course


async def test_number_that_never_answers_rings_until_it_is_given_up() -> None:
    async with both() as (phone, rig):
        await rig.dial("+33199000003", timeout_s=1)
        await rig.signaling.until_phone("no_answer")
        assert rig.signaling.phone() == ["trying", "ringing", "no_answer"]
        assert await phone.calls() == []


async def test_number_that_hangs_up_by_itself() -> None:
    async with both() as (_, rig):
        await rig.dial("+33199000005")
        await rig.signaling.until_phone("hung_up")
        assert rig.signaling.phone() == ["trying", "ringing", "answered", "hung_up"]


async def test_first_number_speaks_a_sentence_and_then_echoes() -> None:
    async with both() as (_, rig):
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial("+33199000001")
        await rig.signaling.until_phone("answered")
        await until(lambda: len(rig.media.tones("agent")) > 1)  # speech
        await until(lambda: rig.media.tones("agent") == {1000})  # then our own voice


async def test_who_hears_whom_is_proved_by_tones() -> None:
    async with both() as (phone, rig):
        rig.media.speaks = {"agent": 1000, "signer": 700}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial("+33199000020")
        await rig.signaling.until_phone("answered")
        await until_heard(phone, {1000})
        await until(lambda: rig.media.tones("agent") == {440})
        assert not len(rig.media.heard["signer"])
        await rig.hears({"phone": ("agent", "signer"), "agent": ("signer", "phone"), "signer": ("phone",)})
        await until_heard(phone, {1000, 700})
        await until(lambda: rig.media.tones("agent") == {440, 700})
        await until(lambda: rig.media.tones("signer") == {440})
        await rig.signaling.ask(SendDtmf(call_id=CALL, epoch=1, digits="0#"))
        async with asyncio.timeout(30):
            while (await phone.calls())[0]["digits"] != "0#":
                await asyncio.sleep(0.1)


async def test_number_of_a_rehearsal_is_dialled_as_a_sip_address_with_a_tone_of_its_own() -> None:
    async with both() as (phone, rig):
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(f"sip:+33199001004@127.0.0.1:{phone.sip_port}")
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {500})
        assert (await phone.calls())[0]["sends_hz"] == 500


async def test_stopping_the_phone_ends_its_calls() -> None:
    async with contextlib.AsyncExitStack() as stack:
        phone = await stack.enter_async_context(demonstration())
        async with phone_worker(TrunkConfig(port=phone.sip_port)) as rig:
            await rig.dial("+33199000020")
            await rig.signaling.until_phone("answered")
            await stack.aclose()
            await rig.signaling.until_phone("hung_up")


async def test_taken_ports_are_told_and_nothing_stays_behind() -> None:
    async with demonstration() as phone:
        http_port = int(phone.url.rsplit(":", 1)[1])
        for config in (
            DemoPhoneConfig(sip_port=phone.sip_port, http_port=free_port(socket.SOCK_STREAM)),
            DemoPhoneConfig(sip_port=free_port(), http_port=http_port),
        ):
            with pytest.raises(OSError, match="in use"):
                await demo.run(config, asyncio.Event())
        assert await phone.calls() == []


# --- the page ---------------------------------------------------------------------------------------------------


class Page:
    """What a browser's page does, over its WebSocket."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self.calls: list[dict[str, Any]] = []
        self.mine: str | None = None
        self.failed: list[int] = []
        self.sound = np.zeros(0, np.int16)
        self._socket = socket_

    async def read(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                news = json.loads(message.data)
                self.calls, self.mine = news["calls"], news["mine"]
                self.failed += [news["failed"]] if news["failed"] else []
            elif message.type == aiohttp.WSMsgType.BINARY:
                self.sound = np.concatenate([self.sound, np.frombuffer(message.data, "<i2")])[-PHONE_RATE:]

    async def speak(self, hz: float) -> None:
        at = 0
        while True:
            await self._socket.send_bytes(sine(hz, PHONE_FRAME, at).tobytes())
            at += PHONE_FRAME
            await asyncio.sleep(0.02)

    async def send(self, kind: str, call: str | None = None, **more: str) -> None:
        await self._socket.send_json({"type": kind, "call": self.calls[0]["id"] if call is None else call, **more})


@contextlib.asynccontextmanager
async def open_page(phone: Demo) -> AsyncIterator[Page]:
    async with phone.http.ws_connect(f"{phone.url}/ws", headers={"Origin": phone.url}) as socket_:
        page = Page(socket_)
        reading = asyncio.create_task(page.read())
        try:
            yield page
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


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
