"""Every sound codec and SRTP against a real softphone: tones both ways, proven by their spectrum."""

import asyncio
from pathlib import Path

import pytest

from relay.audio import tones
from relay.control_messages import HangUpPhone
from relay.phone.config import TrunkConfig
from relay.phone.sdp import CodecName
from tests.helpers.phone_rig import CALL, Rig, phone_worker
from tests.helpers.sip_peers import Baresip, baresip, self_signed, until

pytestmark = pytest.mark.integration
NUMBER = "+33199000001"


async def tones_go_both_ways(rig: Rig, phone: Baresip) -> None:
    """The telephone sounds 440 Hz, the agent 1000 Hz."""
    rig.media.speaks = {"agent": 1000}
    await rig.hears({"phone": ("agent",), "agent": ("phone",)})
    await rig.dial(NUMBER)
    await rig.signaling.until_phone("answered")
    await until(lambda: rig.media.tones("agent") == {440}, 30)
    await until(lambda: any(phone.folder.glob("*-dec.wav")))
    await asyncio.sleep(1.5)  # as much sound as is looked at below
    await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))
    await until(lambda: any(event.get("type") == "CALL_CLOSED" for event in phone.events))
    rate, sound = phone.heard()
    assert [round(tone.hz, -1) for tone in tones(sound, rate, at_most=1)] == [1000]


@pytest.mark.parametrize(
    ("codec", "theirs"), [("PCMA", "PCMA"), ("PCMU", "PCMU"), ("G722", "G722/16000"), ("opus", "opus/48000/2")]
)
async def test_tones_go_both_ways(codec: CodecName, theirs: str) -> None:
    async with (
        baresip(440, user=NUMBER, codec=theirs) as phone,
        phone_worker(TrunkConfig(port=phone.port, codecs=(codec,))) as rig,
    ):
        await tones_go_both_ways(rig, phone)


async def test_sound_is_encrypted_over_tls_where_the_trunk_requires_it(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    async with baresip(440, certificate, user=NUMBER, account=";mediaenc=srtp-mand") as phone:
        trunk = TrunkConfig(port=phone.port + 1, transport="tls", ca_file=certificate, srtp="require")
        async with phone_worker(trunk) as rig:
            await tones_go_both_ways(rig, phone)


async def test_call_does_not_become_open_where_encryption_is_required(tmp_path: Path) -> None:
    """A telephone without SRTP refuses the offer."""
    certificate = self_signed(tmp_path)
    async with baresip(440, certificate, user=NUMBER) as phone:
        trunk = TrunkConfig(port=phone.port + 1, transport="tls", ca_file=certificate, srtp="require")
        async with phone_worker(trunk) as rig:
            await rig.dial(NUMBER)
            await until(lambda: bool(rig.signaling.phone()) and rig.signaling.last().progress == "ended", 30)
            assert "answered" not in rig.signaling.phone()
