"""Telephones that call the phone worker: real softphones, real sound."""

import asyncio
from typing import TypeVar

import pytest

from relay.control_messages import (
    AnyEvent,
    HangUpPhone,
    PhoneDtmf,
    PhoneIncoming,
    RefuseIncoming,
    SetPhoneAudio,
    TakeIncoming,
)
from relay.errors import RelayError
from relay.model import Leg
from tests.helpers.phone_rig import MediaStandIn, Rig, Signaling, phone_worker
from tests.helpers.sip_peers import Baresip, baresip, until

pytestmark = pytest.mark.integration
E = TypeVar("E", bound=AnyEvent)
NUMBER = "+33199000050"


def events(rig: Rig, kind: type[E]) -> list[E]:
    return [event for event in rig.signaling.events if isinstance(event, kind)]


async def rings(rig: Rig, phone: Baresip) -> PhoneIncoming:
    """The softphone dials the worker; :returns: what signaling is told."""
    phone.command("dial", f"sip:{NUMBER}@127.0.0.1:{rig.config.sip_port}")
    await until(lambda: bool(events(rig, PhoneIncoming)))
    return events(rig, PhoneIncoming)[-1]


async def take(rig: Rig, call_id: str, attempt: str = "in") -> None:
    await rig.signaling.ask(TakeIncoming(call_id=call_id, epoch=1, attempt=attempt))


async def bridge(rig: Rig, call_id: str, hears: dict[Leg, tuple[Leg, ...]], hz: float = 1000.0) -> MediaStandIn:
    """An agent who sounds a tone; :returns: what stands in for the media worker of that call."""
    media = rig.second_call(call_id, {"agent": hz})
    await rig.signaling.ask(SetPhoneAudio(call_id=call_id, epoch=1, worker_socket=str(media.path), hears=hears))
    return media


async def test_telephone_that_calls_is_told_taken_and_speaks_with_the_agent() -> None:
    async with phone_worker() as rig, baresip(hz=440) as phone:
        incoming = await rings(rig, phone)
        assert (incoming.number, incoming.caller) == (NUMBER, "bob")
        await take(rig, incoming.call_id)
        await take(rig, incoming.call_id)  # again: nothing changes
        await rig.signaling.until_phone("answered", "in")
        media = await bridge(rig, incoming.call_id, {"phone": ("agent",), "agent": ("phone",)})
        await until(lambda: media.tones("agent") == {440})
        await asyncio.sleep(1.0)  # sound to be heard
        await rig.signaling.ask(HangUpPhone(call_id=incoming.call_id, epoch=1))
        await until(lambda: phone.hears() == {1000})
        assert rig.signaling.phone("in") == ["answered", "released"]


async def test_telephone_that_calls_may_be_refused() -> None:
    async with phone_worker() as rig, baresip() as phone:
        incoming = await rings(rig, phone)
        await rig.signaling.ask(RefuseIncoming(call_id=incoming.call_id, epoch=1, sip_code=404))
        await until(lambda: phone.told("CALL_CLOSED"))
        assert "404" in phone.last("CALL_CLOSED")
        with pytest.raises(RelayError) as refused:
            await take(rig, incoming.call_id)
        assert refused.value.code == "unknown_leg"


async def test_caller_who_gives_up_is_told_and_can_not_be_taken_any_more() -> None:
    async with phone_worker() as rig, baresip() as phone:
        incoming = await rings(rig, phone)
        phone.command("hangup")
        await rig.signaling.until_phone("hung_up", "")
        with pytest.raises(RelayError) as refused:
            await take(rig, incoming.call_id)
        assert refused.value.code == "unknown_leg"
        assert not [call for call in (await greeting(rig)).greeting.calls if call.call_id == incoming.call_id]


async def test_signaling_that_comes_later_is_told_of_the_telephone_that_still_rings() -> None:
    async with phone_worker() as rig, baresip() as phone:
        incoming = await rings(rig, phone)
        late = await greeting(rig)
        assert [(call.call_id, call.legs) for call in late.greeting.calls] == [(incoming.call_id, {"phone": "ringing"})]
        await until(lambda: incoming in late.events)


async def greeting(rig: Rig) -> Signaling:
    """:returns: one more signaling process, connected and gone again."""
    late = Signaling()
    await late.connect(rig.config.control_socket)
    await asyncio.sleep(0)
    await late.close()
    return late


async def test_telephone_beyond_the_capacity_is_sent_away() -> None:
    async with phone_worker(capacity=1) as rig, baresip() as first, baresip() as second:
        incoming = await rings(rig, first)
        second.command("dial", f"sip:{NUMBER}@127.0.0.1:{rig.config.sip_port}")
        await until(lambda: second.told("CALL_CLOSED"))
        assert "503" in second.last("CALL_CLOSED")
        assert events(rig, PhoneIncoming) == [incoming]


async def test_keys_of_the_caller_are_told_one_by_one() -> None:
    async with phone_worker() as rig, baresip() as phone:
        incoming = await rings(rig, phone)
        await take(rig, incoming.call_id)
        await rig.signaling.until_phone("answered", "in")
        for key in "42#":
            phone.press(key)
            await asyncio.sleep(0.1)
            phone.release()
            await until(lambda key=key: key in [event.digit for event in events(rig, PhoneDtmf)])  # type: ignore[misc]
        assert [event.digit for event in events(rig, PhoneDtmf)] == list("42#")
        assert {event.attempt for event in events(rig, PhoneDtmf)} == {"in"}
