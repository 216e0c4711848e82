"""Telephones that call the phone worker: real softphones, real sound."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from redis.asyncio import Redis

from relay.audio import sine, tones
from relay.control_messages import AnyEvent, CloseCall
from relay.errors import RelayError
from relay.model import Leg
from relay.phone.leg import Answered, Invite
from relay.phone.opus import OpusDecoder
from relay.phone.pacing import every_20_ms
from relay.phone.recordings import open_, unpack
from relay.phone.rtp import RtpPorts
from relay.phone.sdp import LocalAudio, LocalText
from relay.phone.text_endpoint import open_text
from relay.phone_messages import (
    AnnouncementEnded,
    Dial,
    HangUpPhone,
    Keep,
    PhoneDtmf,
    PhoneIncoming,
    PhoneRecorded,
    PhoneSoundChanged,
    PhoneState,
    PhoneStatsEvent,
    PhoneTextOffered,
    PlayAnnouncement,
    PlayRecording,
    RecordingEnded,
    RecordMessage,
    RefuseIncoming,
    SetPhoneAudio,
    TakeIncoming,
    TransferPhone,
    WatchHold,
)
from tests.helpers.phone_rig import MediaStandIn, Rig, Signaling, phone_worker, worker_config
from tests.helpers.ports import free_port
from tests.helpers.redis_server import redis_server
from tests.helpers.sip_legs import HOST, Line, legs
from tests.helpers.sip_peers import Baresip, baresip, until
from tests.integration.test_phone_worker import start_worker, until_async
from tests.relay.phone.test_announcements import write_wav

pytestmark = pytest.mark.integration
E = TypeVar("E", bound=AnyEvent)
NUMBER = "+33199000050"


def events(rig: Rig, kind: type[E]) -> list[E]:
    return [event for event in rig.signaling.events if isinstance(event, kind)]


def near(found: set[int], *wanted: int) -> bool:
    """Whether all tones are there; a frame that a busy machine lost within them moves a peak by some Hz."""
    return all(any(abs(each - hz) <= 20 for each in found) for hz in wanted)


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
    async with phone_worker() as rig, baresip(hz=440, user="+33199000077") as phone:
        incoming = await rings(rig, phone)
        assert (incoming.number, incoming.caller) == (NUMBER, "+33199000077")
        await take(rig, incoming.call_id)
        await take(rig, incoming.call_id)  # again: nothing changes
        await rig.signaling.until_phone("answered", "in")
        media = await bridge(rig, incoming.call_id, {"phone": ("agent",), "agent": ("phone",)})
        await until(lambda: media.tones("agent") == {440})
        await until(lambda: bool(events(rig, PhoneStatsEvent)))
        stats = events(rig, PhoneStatsEvent)[-1]
        assert (stats.call_id, stats.attempt, stats.stats.codec) == (incoming.call_id, "in", "PCMU")
        await asyncio.sleep(1.0)  # sound to be heard
        await rig.signaling.ask(HangUpPhone(call_id=incoming.call_id, epoch=1))
        await until(lambda: near(phone.hears(), 1000))
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


# --- announcements ------------------------------------------------------------------------------------------


async def taken(rig: Rig, phone: Baresip) -> str:
    """:returns: the call's id, once the telephone has been answered."""
    incoming = await rings(rig, phone)
    await take(rig, incoming.call_id)
    await rig.signaling.until_phone("answered", "in")
    return incoming.call_id


async def test_announcement_is_heard_alone_and_its_end_told_once(tmp_path: Path) -> None:
    write_wav(tmp_path / "lumiere" / "seeking_agent.wav", sine(660, 12_000))
    async with phone_worker(sounds_dir=tmp_path) as rig, baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await bridge(rig, call_id, {"phone": ("agent",), "agent": ("phone",)})
        await rig.signaling.ask(
            PlayAnnouncement(call_id=call_id, epoch=1, name="seeking_agent", brand="lumiere", every_s=0.02)
        )
        await asyncio.sleep(2)  # sound to be heard
        assert not events(rig, AnnouncementEnded)
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))
        await until(lambda: near(phone.hears(), 660))
    async with phone_worker(sounds_dir=tmp_path) as rig, baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await bridge(rig, call_id, {"phone": ("agent",), "agent": ("phone",)})
        command = PlayAnnouncement(call_id=call_id, epoch=1, name="seeking_agent", brand="lumiere")
        await rig.signaling.ask(command)
        await until(
            lambda: events(rig, AnnouncementEnded) == [AnnouncementEnded(call_id=call_id, name="seeking_agent")]
        )
        await asyncio.sleep(1)
        await rig.signaling.ask(command)
        await rig.signaling.ask(command.model_copy(update={"name": None}))
        await asyncio.sleep(1)  # the agent again
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))
        await until(lambda: near(phone.hears(), 1000))
        assert len(events(rig, AnnouncementEnded)) == 1, "what is stopped does not end"


async def test_announcement_without_anybody_to_hear_it_is_refused() -> None:
    async with phone_worker() as rig:
        with pytest.raises(RelayError) as refused:
            await rig.signaling.ask(PlayAnnouncement(call_id="call-1", epoch=1, name="relay"))
        assert refused.value.code == "unknown_leg"


# --- messages -----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def keeping_worker() -> AsyncIterator[tuple[Rig, "Redis"]]:
    async with (
        redis_server() as redis,
        redis.client() as client,
        phone_worker(redis_url=redis.url, secret="kept") as rig,
    ):
        yield rig, client


async def leave_message(rig: Rig, phone: Baresip, call_id: str) -> None:
    await rig.signaling.ask(RecordMessage(call_id=call_id, epoch=1, receiver="person-1"))
    await asyncio.sleep(2)  # the tone, then something said


async def test_message_is_kept_for_its_receiver_alone_and_played_to_the_agent() -> None:
    async with keeping_worker() as (rig, client), baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await leave_message(rig, phone, call_id)
        phone.press("#")
        await until(lambda: bool(events(rig, PhoneRecorded)))
        told = events(rig, PhoneRecorded)[0]
        assert told.key is not None
        assert 0.5 < told.duration_s < 10
        sealed = await client.get(told.key)
        assert isinstance(sealed, bytes)
        assert 0 < await client.ttl(told.key) <= 3600
        with pytest.raises(ValueError):
            open_(sealed, "kept", "person-2")
        packets = unpack(open_(sealed, "kept", "person-1"))
        assert abs(len(packets) * 0.02 - told.duration_s) < 0.001
        sound = np.concatenate([decoder.decode(packet) for decoder in [OpusDecoder()] for packet in packets])
        assert round(tones(sound[24_000:48_000], 48_000)[0].hz / 10) == 44
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))
        media = await bridge(rig, "later", {"agent": ("phone",)})
        await rig.signaling.ask(PlayRecording(call_id="later", epoch=1, key=told.key, receiver="person-1"))
        await until(lambda: media.tones("agent") == {440})
        await until(lambda: events(rig, RecordingEnded) == [RecordingEnded(call_id="later")])
        with pytest.raises(RelayError) as refused:
            await rig.signaling.ask(PlayRecording(call_id="later", epoch=1, key=told.key, receiver="person-2"))
        assert refused.value.code == "no_recording"


async def test_message_of_a_caller_who_hangs_up_is_told_before_the_end() -> None:
    async with keeping_worker() as (rig, _), baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await leave_message(rig, phone, call_id)
        phone.command("hangup")
        await rig.signaling.until_phone("hung_up", "in")
        told = [event for event in rig.signaling.events if isinstance(event, PhoneRecorded | PhoneState)][-2:]
        assert isinstance(told[0], PhoneRecorded)
        assert told[0].key is not None
        assert isinstance(told[1], PhoneState)


async def test_message_is_told_again_to_who_was_away_until_its_call_is_closed() -> None:
    async with keeping_worker() as (rig, _), baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await leave_message(rig, phone, call_id)
        phone.command("hangup")
        await until(lambda: bool(events(rig, PhoneRecorded)))
        told = events(rig, PhoneRecorded)[0]
        await rig.signaling.ask(RecordMessage(call_id=call_id, epoch=2, receiver="person-1"))
        await until(lambda: events(rig, PhoneRecorded) == [told, told])
        later = Signaling()
        await later.connect(rig.config.control_socket)
        await until(lambda: told in later.events)
        await until(lambda: events(rig, PhoneRecorded) == [told] * 3)
        await later.close()
        await rig.signaling.ask(CloseCall(call_id=call_id, epoch=2))
        with pytest.raises(RelayError):
            await rig.signaling.ask(RecordMessage(call_id=call_id, epoch=2, receiver="person-1"))
        assert events(rig, PhoneRecorded) == [told] * 3


async def test_no_message_can_be_left_without_a_secret() -> None:
    async with phone_worker() as rig, baresip() as phone:
        call_id = await taken(rig, phone)
        await rig.signaling.ask(RecordMessage(call_id=call_id, epoch=1, receiver="person-1"))
        await until(lambda: events(rig, PhoneRecorded) == [PhoneRecorded(call_id=call_id, key=None, duration_s=0)])


# --- two telephones -----------------------------------------------------------------------------------------


async def test_phone_party_is_handed_on_to_a_number_or_to_the_second_one() -> None:
    async with phone_worker() as rig, baresip(hz=440) as first, baresip(hz=700) as second:
        call_id = await taken(rig, first)
        await rig.signaling.ask(TransferPhone(call_id=call_id, epoch=1, target=second.uri))
        await rig.signaling.until_phone("transferred", "in")
        await until(lambda: second.told("CALL_ESTABLISHED"))
        assert rig.signaling.phone("in") == ["answered", "transferred"]


async def test_hold_watcher_tells_what_the_line_plays() -> None:
    async with phone_worker() as rig, baresip(hz=440) as phone:
        call_id = await taken(rig, phone)
        await rig.signaling.ask(WatchHold(call_id=call_id, epoch=1, enabled=True))
        await until(lambda: bool(events(rig, PhoneSoundChanged)))
        assert "speech" not in [event.sound for event in events(rig, PhoneSoundChanged)]


async def test_second_phone_party_hears_and_is_heard_by_both_and_goes_alone() -> None:
    async with phone_worker() as rig, baresip(hz=440) as first, baresip(hz=700) as second:
        call_id = await taken(rig, first)
        media = await bridge(rig, call_id, {"phone": ("agent",), "agent": ("phone",)})
        busy = Dial(call_id=call_id, epoch=1, attempt="b", target=second.uri)
        with pytest.raises(RelayError) as refused:
            await rig.signaling.ask(busy)
        assert refused.value.code == "phone_busy"
        await rig.signaling.ask(busy.model_copy(update={"attempt": "c", "joins": True}))
        await rig.signaling.until_phone("answered", "c")
        await until(lambda: media.tones("agent") == {440, 700})
        told = await rig.signaling.ask(Keep(call_id=call_id, epoch=1))
        assert told == {"attempt": "in", "progress": "answered", "legs": {"in": "answered", "c": "answered"}}
        await asyncio.sleep(2)  # sound to be heard
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1, attempt="c"))
        await rig.signaling.until_phone("released", "c")
        await until(lambda: media.tones("agent") == {440})
        assert rig.signaling.phone("in") == ["answered"]
        await until(lambda: near(second.hears(6), 440, 1000))
        assert not near(second.hears(2), 700), "nobody hears itself"
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))
        await until(lambda: first.told("CALL_CLOSED"))


# --- real-time text -----------------------------------------------------------------------------------------


async def test_text_of_a_telephone_goes_both_ways_and_ends_with_it() -> None:
    async with phone_worker() as rig, legs() as peer:
        first = free_port()
        text, line, read = await open_text(HOST, RtpPorts(first, first + 1)), Line(), list[str]()
        text.on_text = read.append
        ticking = asyncio.create_task(every_20_ms(lambda: text.tick(time.monotonic())))
        sound = LocalAudio(HOST, free_port(), 1, text=LocalText(text.port))
        invite = Invite(NUMBER, HOST, (HOST, rig.config.sip_port), "udp", HOST, sound, caller_id="+33199000077")
        line.leg = peer.stack.dial(invite, line.hear)
        await until(lambda: bool(events(rig, PhoneIncoming)))
        call_id = events(rig, PhoneIncoming)[0].call_id
        await take(rig, call_id)
        text.connect((await line.until(Answered)).media.text)
        await until(lambda: events(rig, PhoneTextOffered) == [PhoneTextOffered(call_id=call_id, enabled=True)])
        media = await bridge(rig, call_id, {"phone": ("agent",), "agent": ("phone",)})
        text.send_text("allô é 🤟")
        await until(lambda: media.texts == {"signer": "allô é 🤟", "agent": "allô é 🤟"})
        media.write("agent", "oui\b")
        await until(lambda: "".join(read) == "oui\b")
        await rig.signaling.ask(HangUpPhone(call_id=call_id, epoch=1))
        await until(lambda: [event.enabled for event in events(rig, PhoneTextOffered)] == [True, False])
        ticking.cancel()
        text.close()


# --- death of the process -----------------------------------------------------------------------------------


async def test_killed_worker_comes_back_and_ends_the_call_that_came_to_it() -> None:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = worker_config(folder)
    try:
        async with redis_server() as redis, redis.client() as client, baresip(user="+33199000077") as phone:
            first = await start_worker(folder, config.sip_port, redis.url, config.rtp_ports[0])
            rig = Rig(folder, config)
            await rig.signaling.connect(config.control_socket)
            await taken(rig, phone)
            await until(lambda: phone.told("CALL_ESTABLISHED"))
            await until_async(lambda: client.hlen("passerelle:phone:farewell:phone-test"), 1)
            first.kill()
            await first.wait()
            second = await start_worker(folder, config.sip_port, redis.url, config.rtp_ports[0])
            try:
                await until(lambda: phone.told("CALL_CLOSED"), 30)
                await until_async(lambda: client.hlen("passerelle:phone:farewell:phone-test"), 0)
            finally:
                second.terminate()
                assert await asyncio.wait_for(second.wait(), 45) == 0
                await rig.signaling.close()
                await rig.media.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
