"""The demonstration phone: each number behaves, calls.json proves who hears whom."""

import asyncio
import contextlib

import pytest

from relay.phone import demo
from relay.phone.config import DemoPhoneConfig, TrunkConfig
from relay.phone_messages import SendDtmf
from tests.helpers.demo_phone import both, demonstration, until_heard
from tests.helpers.phone_rig import CALL, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import until

pytestmark = pytest.mark.integration


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
            DemoPhoneConfig(sip_port=phone.sip_port, http_port=free_port()),
            DemoPhoneConfig(sip_port=free_port(), http_port=http_port),
        ):
            with pytest.raises(OSError, match="in use"):
                await demo.run(config, asyncio.Event())
        assert await phone.calls() == []
