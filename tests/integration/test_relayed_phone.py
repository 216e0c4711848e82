"""
Everything done with a telephone in a relayed call, from the pages to real telephones: real signaling application and
Redis, a real phone worker and media worker, softphones (baresip) and scripted ones (SIPp).

Whoever is judged by ear sounds a tone of their own.
"""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from relay.audio import tones
from relay.phone.config import TrunkConfig
from tests.helpers.centre import accept, media_worker, with_media
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.helpers.peers import CodedPeer
from tests.helpers.people import phone_known
from tests.helpers.phone_rig import Rig, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import Baresip, baresip, sipp, until
from tests.helpers.sipp_script import Script

pytestmark = pytest.mark.integration
AGENT_HZ, FIRST_HZ, SECOND_HZ = 880, 1500, 2300
VOICES = (AGENT_HZ, FIRST_HZ, SECOND_HZ)
AUDIBLE_DBFS = -40.0
DEADLINE_S = 30
REFUSED_WITHIN_S = 12.0  # the phone worker itself gives up after 15 s
LISTEN_S = 0.7  # half a second of sound, and its way


@dataclass
class Desk:
    """:param trunk: port of whom ordinary numbers reach. :param rig: the phone worker."""

    plane: ControlPlane
    pages: Browser
    rig: Rig
    trunk: int

    @contextlib.asynccontextmanager
    async def briefing(self, number: str, **request: object) -> AsyncIterator["Talk"]:
        """A relay call before anything is dialled; over at the end."""
        agent = await self.pages.rehearsal("agent")
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        signer = await self.pages.rehearsal("signer")
        assert (await signer.ask("call.request", kind="relay", number=number, **request))["type"] == "ok"
        await accept(agent)
        await signer.state("briefing")
        talk = Talk(signer, agent)
        yield talk
        if signer.call["state"] != "ended":
            await talk.acts("hang_up", by=signer)
            await signer.state("ended")
        await signer.close()
        await agent.close()

    @contextlib.asynccontextmanager
    async def on_the_line(self, number: str, **request: object) -> AsyncIterator["Talk"]:
        async with self.briefing(number, **request) as talk:
            await talk.acts("dial")
            await talk.signer.state("active")
            yield talk


@dataclass
class Talk:
    signer: RawPage
    agent: RawPage

    async def acts(self, action: str, by: RawPage | None = None, **fields: object) -> None:
        page = by or self.agent
        answer = await page.ask("call.act", call_id=self.signer.call["call_id"], action=action, **fields)
        assert answer["type"] == "ok", answer

    async def sees(self, **phone: object) -> None:
        """The signer's newest state says so of the telephone."""
        await self.signer.wait(
            lambda m: m is self.signer.newest("call.state") and phone.items() <= (m["phone"] or {}).items()
        )

    async def offers(self, action: str) -> None:
        await self.agent.wait(lambda m: m is self.agent.newest("call.state") and action in m["actions"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    trunk = free_port()
    async with (
        control_plane() as plane,
        browser(plane) as pages,
        phone_worker(TrunkConfig(port=trunk), redis_url=plane.redis.url, secret=plane.config.secret_key) as rig,
    ):
        await phone_known(plane)
        yield Desk(plane, pages, rig, trunk)


def recordings(phone: Baresip) -> list[Path]:
    """What it heard: a file for each time that its sound began, complete once that has ended."""
    return sorted(phone.folder.glob("*-dec.wav"))


def voices_in(*paths: Path) -> set[int]:
    """:returns: those that sounded for half a second."""
    found = set()
    for path in paths:
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")[:: file.getnchannels()].astype(np.int16)
        for begin in range(0, len(sound) - rate // 2, rate // 4):
            peaks = tones(sound[begin : begin + rate // 2], rate, at_most=3)
            loud = [tone.hz for tone in peaks if tone.dbfs > AUDIBLE_DBFS]
            found |= {hz for hz in VOICES for each in loud if abs(each - hz) <= 20}
    return found


async def hears(listener: CodedPeer, *wanted: int) -> None:
    """Until new sound holds exactly these of the telephones' voices."""
    async with asyncio.timeout(DEADLINE_S):
        loud, faint = None, None
        while not loud == faint == set(wanted):
            listener.forget()
            await asyncio.sleep(LISTEN_S)
            shares = {hz: listener.heard_share(hz) for hz in (FIRST_HZ, SECOND_HZ)}
            loud, faint = ({hz for hz, share in shares.items() if share > least} for least in (0.2, 0.02))


async def test_a_second_phone_party_hears_and_is_heard_and_both_go_on_without_us_when_connected(desk: Desk) -> None:
    async with media_worker(desk.plane), baresip(hz=FIRST_HZ) as first, baresip(hz=SECOND_HZ) as second:
        async with asyncio.timeout(DEADLINE_S):
            while (await desk.plane.checks())["media"] != "ok":
                await asyncio.sleep(0.05)
        async with desk.briefing(first.uri) as talk, with_media(talk.signer, talk.agent) as (_, agent):
            await talk.acts("dial")
            await hears(agent, FIRST_HZ)
            await talk.acts("join_phone", number=second.uri)
            await hears(agent, FIRST_HZ, SECOND_HZ)
            await asyncio.sleep(1.0)  # to be heard
            await talk.acts("hang_up_joined")
            await hears(agent, FIRST_HZ)
            await until(lambda: second.told("CALL_CLOSED"), DEADLINE_S)
            assert voices_in(*recordings(second)) == {AGENT_HZ, FIRST_HZ}, "everybody but itself"

            await talk.acts("hold")
            await talk.sees(held=True)
            await hears(agent)
            await talk.acts("resume")
            await hears(agent, FIRST_HZ)

            await talk.acts("join_phone", number=second.uri)
            await hears(agent, FIRST_HZ, SECOND_HZ)
            await talk.acts("transfer")
            await talk.signer.state("after_phone")
            await talk.sees(outcome="transferred")
            await until(lambda: first.told("CALL_CLOSED") and second.told("CALL_CLOSED"), DEADLINE_S)  # with us
            await asyncio.sleep(1.5)  # with each other
        first.command("hangup")
        await until(lambda: len(second.all("CALL_CLOSED")) == 3, DEADLINE_S)
        *with_us, with_second = recordings(first)
        assert voices_in(*with_us) == {AGENT_HZ, SECOND_HZ}
        assert voices_in(with_second) == {SECOND_HZ}
        assert voices_in(recordings(second)[-1]) == {FIRST_HZ}


async def test_a_phone_party_is_handed_on_to_a_number(desk: Desk) -> None:
    async with baresip(hz=FIRST_HZ) as first, baresip(hz=SECOND_HZ) as second, desk.on_the_line(first.uri) as talk:
        await talk.acts("transfer", number=second.uri)
        await talk.signer.state("after_phone")
        await talk.sees(outcome="transferred")
        await until(lambda: first.told("CALL_CLOSED") and second.told("CALL_ESTABLISHED"), DEADLINE_S)
        assert not second.told("CALL_CLOSED")


def referring(number: str) -> Script:
    """A phone party who asks us to dial this in its place; hears at once that we try."""
    script = Script().answers().asks("REFER", 202, headers=(f"Refer-To: <sip:{number}@[local_ip]>",))
    return script.takes("NOTIFY", "SIP/2.0 100")


async def test_a_phone_party_who_asks_for_it_is_replaced_by_a_number_that_may_be_dialled(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "asks").mkdir()
    asking = referring("+33199000003").takes("NOTIFY", "SIP/2.0 180").takes("NOTIFY", "SIP/2.0 200").takes("BYE")
    dialled = Script().answers().takes("BYE")
    async with sipp(asking.write(tmp_path / "asks")) as first, sipp(dialled.write(tmp_path), port=desk.trunk) as second:
        async with desk.on_the_line(first.uri) as talk:
            await talk.sees(number="01 99 00 00 03", progress="answered")
            assert await first.passed(), first.why()
            assert talk.signer.call["state"] == "active"
        assert await second.passed(), second.why()


async def test_a_phone_party_who_asks_for_a_number_that_may_not_be_dialled_is_told_so_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    script = referring("+881622450000").takes("NOTIFY", "SIP/2.0 603").takes("BYE")
    async with sipp(script.write(tmp_path)) as phone:
        async with desk.on_the_line(phone.uri) as talk:
            await until(lambda: "SIP/2.0 603" in phone.messages(), REFUSED_WITHIN_S)
            assert talk.signer.call["state"] == "active"
        assert await phone.passed(), phone.why()
