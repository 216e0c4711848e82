"""
What a signer and an interpreter do with telephones they called: the real signaling application and Redis, a real phone
worker, real softphones.

Pictures are not the matter here: nobody waits for media.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from relay.phone import announcements
from relay.phone.config import TrunkConfig
from relay.phone_messages import AnnouncementEnded
from tests.helpers.centre import accept
from tests.helpers.control_plane import RawPage
from tests.helpers.people import NUMBER, People, act, phone_known, signed_in, write_short_announcements
from tests.helpers.phone_rig import Rig, phone_worker
from tests.helpers.sip_peers import Baresip, baresip, until

pytestmark = pytest.mark.integration
ONE, TWO = "+33199000061", "+33199000062"
DEADLINE_S = 40.0


@dataclass
class Bench:
    signer: RawPage
    agent: RawPage
    rig: Rig
    one: Baresip
    two: Baresip

    async def calls(self, **request: Any) -> None:
        """The signer asks for a call to the first telephone; the interpreter is there and has dialled."""
        answer = await self.signer.ask("call.request", kind="relay", number=ONE, hearing=True, **request)
        assert answer["type"] == "ok", answer
        await accept(self.agent)
        await self.agent.state("briefing")
        await act(self.agent, "dial")

    async def speaks(self, **request: Any) -> None:
        await self.calls(**request)
        await self.active()

    async def active(self) -> None:
        for page in (self.signer, self.agent):
            await page.state("active")

    async def phone_says(self, page: RawPage, **view: object) -> None:
        """The newest ``call.state`` of that page."""
        await page.wait(lambda m: m is page.newest("call.state") and view.items() <= m["phone"].items())

    def played(self) -> list[str]:
        return [event.name for event in self.rig.signaling.events if isinstance(event, AnnouncementEnded)]


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with signed_in() as found:
        yield found


@pytest.fixture
async def bench(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    write_short_announcements(tmp_path)
    monkeypatch.setattr(announcements, "OWN_SOUNDS", tmp_path)
    redis_url, secret = people.plane.redis.url, people.plane.config.secret_key
    async with baresip(hz=440, user=ONE) as one, baresip(hz=700, user=TWO) as two:
        trunks = tuple(TrunkConfig(name=to, port=phone.port, prefixes=(to,)) for to, phone in ((ONE, one), (TWO, two)))
        async with phone_worker(trunks=trunks, redis_url=redis_url, secret=secret) as rig:
            await phone_known(people.plane)
            yield Bench(await people.page("signer"), await people.interpreter(), rig, one, two)


async def caller_at(phone: Baresip) -> str:
    """:returns: who calls, as the telephone's display has it."""
    await until(lambda: phone.told("CALL_ESTABLISHED"), DEADLINE_S)
    return str(next(event for event in phone.events if event.get("type") == "CALL_ESTABLISHED").get("peeruri"))


def closed(phone: Baresip) -> int:
    return sum(event.get("type") == "CALL_CLOSED" for event in phone.events)


async def test_who_hangs_up_at_the_recorded_announcement_is_called_again_with_one_key(bench: Bench) -> None:
    await bench.speaks(announce="recorded")
    bench.one.command("hangup")
    after = await bench.signer.state("after_phone")
    assert after["phone"]["outcome"] == "hung_up_at_announcement"
    assert "dial" in after["actions"]
    await act(bench.signer, "dial")
    await bench.active()
    await until(lambda: "relay" in bench.played(), DEADLINE_S)
    bench.one.command("hangup")
    await bench.signer.state("after_phone")


async def test_own_number_is_shown_and_keys_go_to_the_telephone_without_the_agent(bench: Bench) -> None:
    await bench.speaks(announce="none")
    assert NUMBER in await caller_at(bench.one)
    await act(bench.signer, "dtmf", digits="42#")
    await until(lambda: bench.one.digits_heard() == ["4", "2", "#"], DEADLINE_S)
    assert not any("42#" in str(message) for message in bench.agent.messages)
    bench.one.press("7")
    await bench.agent.wait(lambda m: m["type"] == "phone.key" and m["digit"] == "7")
    bench.one.release()
    assert bench.signer.newest("phone.key") is None


async def test_hidden_number_is_not_shown(bench: Bench) -> None:
    await bench.speaks(anonymous=True)
    assert "anonymous" in await caller_at(bench.one)
    assert not any(NUMBER in str(event) for event in bench.one.events)


async def test_answering_machine_is_marked_and_called_once_more_to_speak_the_message(bench: Bench) -> None:
    await bench.speaks()
    await act(bench.signer, "voicemail")
    after = await bench.signer.state("after_phone")
    assert after["phone"]["outcome"] == "voicemail"
    await until(lambda: closed(bench.one) == 1, DEADLINE_S)
    assert bench.agent.call["agent"]["present"], "they stay together while the message is prepared"
    await act(bench.signer, "dial")
    await bench.active()
    assert "voicemail" not in bench.agent.call["actions"], "once"
    await act(bench.agent, "hang_up_phone")
    await bench.signer.state("after_phone")
    await until(lambda: closed(bench.one) == 2, DEADLINE_S)


async def test_second_telephone_is_joined_hung_up_joined_again_and_both_are_connected(bench: Bench) -> None:
    await bench.speaks()
    await act(bench.agent, "join_phone", number=TWO)
    await until(lambda: bench.two.told("CALL_ESTABLISHED"), DEADLINE_S)
    await bench.agent.wait(lambda m: m is bench.agent.newest("call.state") and "hang_up_joined" in m["actions"])
    await act(bench.agent, "hang_up_joined")
    await until(lambda: closed(bench.two) == 1, DEADLINE_S)
    assert not bench.one.told("CALL_CLOSED")
    await bench.agent.wait(lambda m: m is bench.agent.newest("call.state") and "join_phone" in m["actions"])
    await act(bench.agent, "join_phone", number=TWO)
    await until(lambda: sum(event.get("type") == "CALL_ESTABLISHED" for event in bench.two.events) == 2, DEADLINE_S)
    await act(bench.agent, "transfer")
    for page in (bench.signer, bench.agent):
        assert (await page.state("after_phone"))["phone"]["outcome"] == "transferred"


async def test_hold_is_watched_and_taken_back(bench: Bench) -> None:
    await bench.speaks()
    await act(bench.agent, "watch_hold")
    await bench.phone_says(bench.signer, sound="music")  # a lasting tone is nobody who speaks
    await act(bench.agent, "stop_watching")
    await bench.phone_says(bench.signer, sound=None)
    await act(bench.agent, "hold")
    await bench.phone_says(bench.signer, held=True)
    await act(bench.agent, "resume")
    await bench.phone_says(bench.signer, held=False)
