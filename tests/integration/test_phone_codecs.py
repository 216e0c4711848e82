"""Every sound codec and SRTP against a real softphone: tones both ways, proven by their spectrum."""

import asyncio
from pathlib import Path
from typing import TypeVar

import pytest

from relay.audio import tones
from relay.errors import RelayError
from relay.model import Frozen, Leg, PhoneStats
from relay.phone.config import TrunkConfig
from relay.phone.sdp import CodecName
from relay.phone_messages import HangUpPhone, HoldPhone, PhoneIncoming, PhoneStatsEvent, SetPhoneAudio, TakeIncoming
from tests.helpers.phone_rig import CALL, Rig, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import Baresip, baresip, self_signed, until

pytestmark = pytest.mark.integration
NUMBER = "+33199000001"
DEADLINE_S = 45.0


async def tones_go_both_ways(rig: Rig, phone: Baresip) -> PhoneStats:
    """The telephone sounds 440 Hz, the agent 1000 Hz. :returns: what the worker tells of the leg."""
    rig.media.speaks = {"agent": 1000}
    await rig.hears({"phone": ("agent",), "agent": ("phone",)})
    await rig.dial(NUMBER)
    await rig.signaling.until_phone("answered")
    await until(lambda: rig.media.tones("agent") == {440}, DEADLINE_S)
    await until(lambda: any(phone.folder.glob("*-dec.wav")), DEADLINE_S)
    await until(lambda: bool(told(rig, PhoneStatsEvent)), DEADLINE_S)
    await asyncio.sleep(1.5)  # as much sound as is looked at below
    await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))
    await until(lambda: any(event.get("type") == "CALL_CLOSED" for event in phone.events), DEADLINE_S)
    rate, sound = phone.heard()
    assert [round(tone.hz, -1) for tone in tones(sound, rate, at_most=1)] == [1000]
    return told(rig, PhoneStatsEvent)[-1].stats


Event = TypeVar("Event", bound=Frozen)


def told(rig: Rig, kind: type[Event]) -> list[Event]:
    return [event for event in rig.signaling.events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("codec", "theirs"), [("PCMA", "PCMA"), ("PCMU", "PCMU"), ("G722", "G722/16000"), ("opus", "opus/48000/2")]
)
async def test_tones_go_both_ways(codec: CodecName, theirs: str) -> None:
    async with (
        baresip(440, user=NUMBER, codec=theirs) as phone,
        phone_worker(TrunkConfig(port=phone.port, codecs=(codec,))) as rig,
    ):
        stats = await tones_go_both_ways(rig, phone)
        assert (stats.codec, stats.is_encrypted) == (codec, False)


async def test_sound_is_encrypted_over_tls_where_the_trunk_requires_it(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    async with baresip(440, certificate, user=NUMBER, account=";mediaenc=srtp-mand") as phone:
        trunk = TrunkConfig(port=phone.port + 1, transport="tls", ca_file=certificate, srtp="require")
        async with phone_worker(trunk) as rig:
            stats = await tones_go_both_ways(rig, phone)
            assert (stats.codec, stats.is_encrypted) == ("PCMU", True)


async def test_sound_of_a_telephone_that_calls_over_tls_is_encrypted(tmp_path: Path) -> None:
    certificate, port = self_signed(tmp_path), free_port()
    async with (
        phone_worker(sip_certificate=certificate, sip_key=certificate, sip_tls_port=port) as rig,
        baresip(440, certificate, user="+33199000077", account=";mediaenc=srtp-mand") as phone,
    ):
        phone.command("dial", f"sip:{NUMBER}@127.0.0.1:{port};transport=tls")
        await until(lambda: bool(told(rig, PhoneIncoming)), DEADLINE_S)
        call_id = told(rig, PhoneIncoming)[0].call_id
        await rig.signaling.ask(TakeIncoming(call_id=call_id, epoch=1, attempt="in"))
        media = rig.second_call(call_id, {"agent": 1000})
        hears: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}
        await rig.signaling.ask(SetPhoneAudio(call_id=call_id, epoch=1, worker_socket=str(media.path), hears=hears))
        await until(lambda: media.tones("agent") == {440}, DEADLINE_S)
        await until(lambda: bool(told(rig, PhoneStatsEvent)), DEADLINE_S)
        assert told(rig, PhoneStatsEvent)[-1].stats.is_encrypted
        await rig.signaling.ask(HoldPhone(call_id=call_id, epoch=1, held=True))
        await rig.signaling.until_phone("held", "in")
        media.forget()
        await rig.signaling.ask(HoldPhone(call_id=call_id, epoch=1, held=False))
        await until(lambda: media.tones("agent") == {440}, DEADLINE_S)
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))


async def test_call_does_not_become_open_where_encryption_is_required(tmp_path: Path) -> None:
    """A telephone without SRTP refuses the offer."""
    certificate = self_signed(tmp_path)
    async with baresip(440, certificate, user=NUMBER) as phone:
        trunk = TrunkConfig(port=phone.port + 1, transport="tls", ca_file=certificate, srtp="require")
        async with phone_worker(trunk) as rig:
            await rig.dial(NUMBER)
            await until(lambda: bool(rig.signaling.phone()) and rig.signaling.last().progress == "ended", DEADLINE_S)
            assert "answered" not in rig.signaling.phone()


async def test_telephone_that_calls_in_the_open_is_not_answered_where_encryption_is_required(tmp_path: Path) -> None:
    certificate, port = self_signed(tmp_path), free_port()
    trunk = TrunkConfig(transport="tls", ca_file=certificate, srtp="require")
    async with (
        phone_worker(trunk, sip_certificate=certificate, sip_key=certificate, sip_tls_port=port) as rig,
        baresip(440, certificate, user="+33199000077") as phone,
    ):
        phone.command("dial", f"sip:{NUMBER}@127.0.0.1:{port};transport=tls")
        await until(lambda: bool(told(rig, PhoneIncoming)), DEADLINE_S)
        with pytest.raises(RelayError, match="unknown_leg"):
            await rig.signaling.ask(TakeIncoming(call_id=told(rig, PhoneIncoming)[0].call_id, epoch=1, attempt="in"))
        await until(lambda: phone.told("CALL_CLOSED"), DEADLINE_S)
        assert phone.last("CALL_CLOSED").startswith("488")
        assert not phone.told("CALL_ESTABLISHED")
