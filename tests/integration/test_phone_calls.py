"""How a call to a real SIP telephone goes, over UDP, TCP and TLS: what signaling is told, who hears whom."""

import asyncio
import contextlib
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.audio import tones
from relay.phone.config import TrunkConfig
from relay.phone.leg import Transport
from relay.phone_messages import HangUpPhone, HoldPhone, PhoneDtmf, PhoneSpeaking, SendDtmf
from tests.helpers.phone_rig import CALL, Rig, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import LossyRelay, Sipp, baresip, self_signed, sipp, until
from tests.helpers.tls_front import tls_front

pytestmark = pytest.mark.integration
NUMBER = "+33199000001"
over = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])


async def hang_up(rig: Rig) -> None:
    await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))


def acknowledged(phone: Sipp) -> int:
    """:returns: how many offers of either side are answered and acknowledged; what is sent again counts once."""
    return len(set(re.findall(r"(?m)^ACK sip:([^@]*@)[^\0]*?^CSeq: (\d+) ACK", phone.messages())))


@contextlib.asynccontextmanager
async def line(
    transport: Transport, scenario: str, *, echo: bool = False, **settings: Any
) -> AsyncIterator[tuple[Rig, Sipp]]:
    """A worker, and the telephone behind its trunk. :param settings: of the trunk."""
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        phone = await stack.enter_async_context(sipp(scenario, echo=echo, tcp=transport != "udp", port=port))
        trunk = TrunkConfig(port=port, transport=transport, **settings)
        if transport == "tls":
            certificate = self_signed(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="psr-tls-"))))
            front = await stack.enter_async_context(tls_front(certificate, port))
            trunk = replace(trunk, port=front.port, ca_file=certificate)
        yield await stack.enter_async_context(phone_worker(trunk)), phone
        assert f"Via: SIP/2.0/{transport.upper()} " in phone.messages()


@over
async def test_phone_rings_answers_hears_the_agent_and_is_heard(transport: Transport) -> None:
    async with line(transport, "answers", echo=True) as (rig, phone):
        rig.media.speaks = {"agent": 1000, "signer": 700}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {1000})  # back from the echo; the signer's 700 Hz is not in it
        await until(lambda: PhoneSpeaking(call_id=CALL, speaking=True) in rig.signaling.events)
        assert not len(rig.media.heard["signer"])
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone() == ["trying", "ringing", "answered", "released"]
        assert PhoneSpeaking(call_id=CALL, speaking=False) in rig.signaling.events


async def test_signer_is_heard_and_hears_only_when_the_plan_says_so() -> None:
    async with phone_worker() as rig, sipp("answers", echo=True) as phone:
        rig.media.speaks = {"agent": 1000, "signer": 700}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {1000})
        await rig.hears({"phone": ("agent", "signer"), "agent": ("phone",), "signer": ("phone",)})
        await until(lambda: rig.media.tones("signer") == {1000, 700})
        await rig.hears({"phone": ("signer",), "agent": ("signer", "phone")})
        await until(lambda: rig.media.tones("agent") == {700})
        await hang_up(rig)


@over
async def test_busy_phone_ends_with_busy(transport: Transport) -> None:
    async with line(transport, "busy") as (rig, phone):
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("busy")
        assert rig.signaling.last().sip_code == 486
        assert await phone.passed(), phone.why()


@over
async def test_phone_that_nobody_answers_is_cancelled_in_time(transport: Transport) -> None:
    async with line(transport, "rings") as (rig, phone):
        await rig.dial(NUMBER, timeout_s=1)
        await rig.signaling.until_phone("no_answer")
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone() == ["trying", "ringing", "no_answer"]


@over
async def test_call_given_up_while_ringing_is_cancelled(transport: Transport) -> None:
    async with line(transport, "rings") as (rig, phone):
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("ringing")
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone()[-1] == "released"


@over
async def test_answer_that_crosses_the_cancel_leaves_no_call_up(transport: Transport) -> None:
    async with line(transport, "crossing") as (rig, phone):
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("ringing")
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone() == ["trying", "ringing", "released"]


@over
async def test_phone_hanging_up_is_told(transport: Transport) -> None:
    async with line(transport, "hangs_up") as (rig, phone):
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("hung_up")
        assert await phone.passed(), phone.why()


@over
async def test_announcement_before_the_answer_is_heard_and_nobody_speaks_to_it(transport: Transport) -> None:
    async with line(transport, "early", echo=True) as (rig, phone):
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("early_media")
        await until(lambda: len(rig.media.heard["agent"]) > 10_000)
        assert rig.signaling.phone()[-1] == "early_media"
        assert rig.media.tones("agent") == set(), "the echo brought the agent's voice back before the answer"
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {1000})
        await hang_up(rig)
        assert await phone.passed(), phone.why()


async def test_lost_packets_are_sent_again_until_they_arrive() -> None:
    port = free_port()
    relay = LossyRelay(("127.0.0.1", port), {"INVITE": (1,), "200INVITE": (1,), "ACK": (1,), "BYE": (1,)})
    await relay.start()
    try:
        async with phone_worker() as rig, sipp("lossy", port=port, keys={"cport": str(relay.port)}) as phone:
            await rig.dial(f"sip:bob@127.0.0.1:{relay.port}")
            await rig.signaling.until_phone("answered")
            await until(lambda: relay.seen.get("ACK", 0) >= 2)
            await hang_up(rig)
            assert await phone.passed(), phone.why()
            assert set(relay.lost) == {"INVITE", "200INVITE", "ACK", "BYE"}
    finally:
        relay.close()


@over
async def test_trunk_is_given_number_identity_and_password(transport: Transport) -> None:
    settings: dict[str, Any] = {
        "username": "u1",
        "password": "secret",
        "from_domain": "relay.example",
        "caller_id": "+33199009999",
    }
    async with line(transport, "digest", **settings) as (rig, phone):
        await rig.dial("+33199000001")
        await rig.signaling.until_phone("answered")
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        messages = phone.messages()
    assert "INVITE sip:+33199000001@relay.example;user=phone" in messages
    assert "P-Asserted-Identity: <sip:+33199009999@relay.example>" in messages
    assert "From: Anonymous <sip:anonymous@anonymous.invalid>" in messages
    assert "Privacy: id" in messages
    fields = dict(re.findall(r'(\w+)="?([^",\r\n]+)', re.findall(r"uthorization: Digest (.*)", messages)[0]))
    secret, what = (_md5(text) for text in ("u1:trunk:secret", f"INVITE:{fields['uri']}"))
    assert fields["response"] == _md5(f"{secret}:abc123:{what}")


async def test_request_that_udp_might_cut_up_goes_by_tcp_where_the_trunk_takes_it() -> None:
    port = free_port()
    long = TrunkConfig(port=port, from_domain=f"{'long' * 60}.example", real_time_text=True, also_tcp=True)
    async with phone_worker(long) as rig, sipp("rings", tcp=True, port=port) as phone:
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("ringing")
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert "Via: SIP/2.0/TCP " in phone.messages()
    async with phone_worker(replace(long, from_domain=None)) as rig, sipp("rings", port=port) as phone:
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("ringing")
        await hang_up(rig)
        assert await phone.passed(), phone.why()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


async def test_caller_id_is_presented_when_there_is_one() -> None:
    async with phone_worker() as rig, sipp("busy") as phone:
        await rig.dial(phone.uri, caller_id="+33199001234")
        await rig.signaling.until_phone("busy")
        assert "From: <sip:+33199001234@127.0.0.1>" in phone.messages()
        assert "Privacy" not in phone.messages()


@over
async def test_hold_silences_both_ways_and_is_told_to_the_peer(transport: Transport) -> None:
    async with line(transport, "held", echo=True) as (rig, phone):
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {1000})
        await rig.signaling.ask(HoldPhone(call_id=CALL, epoch=1, held=True))
        await rig.signaling.ask(HoldPhone(call_id=CALL, epoch=1, held=True))
        await until(lambda: "a=recvonly" in phone.messages())
        rig.media.forget()
        await rig.media.speaks_for(0.5)
        assert rig.media.tones("agent") == set(), "the held telephone's echo was heard"
        await rig.signaling.ask(HoldPhone(call_id=CALL, epoch=1, held=False))
        await until(lambda: rig.media.tones("agent") == {1000})
        await until(lambda: acknowledged(phone) == 3)
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone() == ["trying", "ringing", "answered", "held", "answered", "released"]


@over
async def test_hold_and_refresh_by_the_peer_are_accepted(transport: Transport) -> None:
    async with line(transport, "holds_us", echo=True) as (rig, phone):
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(NUMBER)
        await rig.signaling.until_phone("answered")
        await until(lambda: acknowledged(phone) == 4)
        rig.media.forget()
        await until(lambda: rig.media.tones("agent") == {1000})  # after the refresh the voice passes again
        await hang_up(rig)
        assert await phone.passed(), phone.why()


async def test_softphone_hears_us_is_heard_and_keys_go_both_ways() -> None:
    async with phone_worker() as rig, baresip(440) as phone:
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("answered")
        await until(lambda: rig.media.tones("agent") == {440})
        await rig.signaling.ask(SendDtmf(call_id=CALL, epoch=1, digits="15#"))
        await until(lambda: phone.digits_heard() == ["1", "5", "#"])
        phone.press("7")
        await asyncio.sleep(0.2)  # how long a finger stays on a key
        phone.release()
        await until(lambda: PhoneDtmf(call_id=CALL, digit="7", attempt="a") in rig.signaling.events)
        await until(lambda: any(phone.folder.glob("*-dec.wav")))
        await asyncio.sleep(1.5)  # as much sound as is looked at below
        await hang_up(rig)
        await until(lambda: any(event.get("type") == "CALL_CLOSED" for event in phone.events))
        rate, sound = phone.heard()
        assert [round(tone.hz, -1) for tone in tones(sound, rate, at_most=1)] == [1000]


async def test_call_over_tls_with_the_certificate_verified(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    async with baresip(440, certificate, user="+33199000001") as phone:
        trusted = TrunkConfig(port=phone.port + 1, transport="tls", ca_file=certificate)
        async with phone_worker(trusted) as rig:
            await rig.hears({"phone": ("agent",), "agent": ("phone",)})
            await rig.dial("+33199000001")
            await rig.signaling.until_phone("answered")
            await until(lambda: rig.media.tones("agent") == {440})
            await hang_up(rig)
            await until(lambda: any(event.get("type") == "CALL_CLOSED" for event in phone.events))
        async with phone_worker(TrunkConfig(port=phone.port + 1, transport="tls")) as rig:
            phone.events.clear()
            await rig.dial("+33199000001")
            await rig.signaling.until_phone("trunk_failed")
            assert not phone.events, "a call went out over an unverified connection"
