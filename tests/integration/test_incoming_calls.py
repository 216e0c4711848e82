"""
A hearing person calls a signer: the real signaling application and Redis, a real phone worker, a real softphone.

Pictures are not the matter here: nobody waits for media.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.phone import announcements
from relay.phone.config import TrunkConfig
from relay.phone_messages import AnnouncementEnded
from tests.helpers.centre import accept, ask_until_ok
from tests.helpers.control_plane import ControlPlane, KillableProcess, browser
from tests.helpers.people import DESK, NUMBER, PHONE, People, act, phone_known, signed_in, write_short_announcements
from tests.helpers.phone_rig import Rig, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import Baresip, baresip, until
from tests.integration.test_phone_worker import start_worker

pytestmark = pytest.mark.integration
CALLER = "+33199000077"
WAV_HEADER = 44  # bytes


@dataclass
class Bench(People):
    """And somebody with a telephone."""

    rig: Rig
    caller: Baresip

    def hears_sound(self) -> bool:
        """The caller has heard something, whatever it is: its softphone writes that down."""
        return any(any(path.read_bytes()[WAV_HEADER:]) for path in self.caller.folder.glob("*-dec.wav"))

    def played(self) -> list[str]:
        return [event.name for event in self.rig.signaling.events if isinstance(event, AnnouncementEnded)]

    def dials(self) -> None:
        self.caller.command("dial", f"sip:{NUMBER}@127.0.0.1:{self.rig.config.sip_port}")


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with signed_in() as found:
        yield found


class PhoneProcess:
    """A phone worker that can be killed. :param trunk: port that numbers are dialled at."""

    def __init__(self, folder: Path, plane: ControlPlane, trunk: int) -> None:
        self._folder, self._plane, self._trunk = folder, plane, trunk
        self.sip_port, self._rtp_port = free_port(), free_port(20)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await start_worker(
            self._folder, self.sip_port, self._plane.redis.url, self._rtp_port, trunk=self._trunk
        )

    async def kill_in_call(self, legs: int) -> None:
        """SIGKILL, once a BYE for each of them lies ready for the next worker: that is a moment after the answer."""
        async with self._plane.redis.client() as client, asyncio.timeout(30):
            while await client.hlen("passerelle:phone:farewell:phone-test") < legs:
                await asyncio.sleep(0.02)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def phone_process(plane: ControlPlane, trunk: int) -> AsyncIterator[PhoneProcess]:
    """Known to signaling."""
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    phone = PhoneProcess(folder, plane, trunk)
    try:
        await phone.start()
        await phone_known(plane)
        yield phone
    finally:
        await phone.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def short_announcements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_short_announcements(tmp_path)
    monkeypatch.setattr(announcements, "OWN_SOUNDS", tmp_path)


@pytest.fixture
async def bench(people: People, short_announcements: None) -> AsyncIterator[Bench]:
    plane = people.plane
    async with (
        phone_worker(TrunkConfig(port=free_port()), redis_url=plane.redis.url, secret=plane.config.secret_key) as rig,
        baresip(hz=440, user=CALLER) as caller,
    ):
        yield Bench(plane, people.pages, rig, caller)


async def test_all_devices_ring_the_first_to_accept_has_the_call_and_an_interpreter_joins(bench: Bench) -> None:
    phone, desk, agent = await bench.page("signer", PHONE), await bench.page("signer", DESK), await bench.interpreter()
    bench.dials()
    for page in (phone, desk):
        ringing = await page.state("incoming")
        assert ringing["actions"] == ["accept", "decline"]
        assert ringing["phone"]["number"] == "01 99 00 00 77"
        assert ringing["direction"] == "incoming"
    await until(bench.hears_sound, 30)  # « on appelle la personne »
    await act(desk, "accept", mode="LSF", hearing=True)
    await phone.wait(lambda m: m["type"] == "call.state" and m["on_other_device"])
    late = await phone.ask("call.act", call_id=phone.call["call_id"], action="accept")
    assert late["code"] == "out_of_place"
    assert (await agent.of_type("assignment.alert"))["direction"] == "incoming"
    await accept(agent)
    together = await desk.state("active")
    assert together["hearing"]
    assert "hold" in (await agent.state("active"))["actions"]

    bench.caller.press("5")
    assert (await agent.of_type("phone.key"))["digit"] == "5"
    assert desk.newest("phone.key") is None
    assert (await agent.of_type("phone.line"))["stats"]["codec"] == "PCMU"
    assert desk.newest("phone.line") is None
    await act(desk, "dtmf", digits="4")
    await until(lambda: bench.caller.digits_heard() == ["4"], 30)
    assert "digits" not in str(agent.messages)

    bench.caller.command("hangup")
    assert "dial" in (await desk.state("after_phone"))["actions"]
    await act(desk, "dial")  # the same number, by the trunk: nobody is there
    await desk.wait(lambda m: m["type"] == "call.state" and m["phone"]["outcome"] == "trunk_failed")
    await act(desk, "hang_up")
    assert (await desk.state("ended"))["end_reason"] == "completed"


async def test_a_caller_who_gives_up_is_a_missed_call(bench: Bench) -> None:
    signer = await bench.page("signer", PHONE)
    bench.dials()
    await signer.state("incoming")
    bench.caller.command("hangup")
    ended = await signer.state("ended")
    assert (ended["end_reason"], ended["end_fault"]) == ("caller_gave_up", "phone")
    inbox = await signer.wait(lambda m: m["type"] == "inbox" and len(m["entries"]) == 1)
    assert (inbox["entries"][0]["number"], inbox["entries"][0]["message_s"]) == ("01 99 00 00 77", None)


async def test_a_message_left_by_a_caller_is_found_and_relayed_by_an_interpreter(bench: Bench) -> None:
    signer, agent = await bench.page("signer", PHONE), await bench.interpreter()
    bench.dials()
    await signer.state("incoming")
    await act(signer, "decline")
    await signer.state("message")
    await until(lambda: "leave_message" in bench.played(), 40)
    await asyncio.sleep(2.0)  # of the caller's tone
    bench.caller.press("#")
    found = await signer.wait(lambda m: m["type"] == "inbox" and len(m["entries"]) == 1)
    (entry,) = found["entries"]
    assert entry["message_s"] > 0
    assert (await signer.state("ended"))["end_reason"] == "message_left"
    await until(lambda: bench.caller.told("CALL_CLOSED"), 30)

    assert (await signer.ask("call.request", kind="relay", message_id=entry["entry_id"]))["type"] == "ok"
    await accept(agent)
    briefing = await agent.state("briefing")
    assert briefing["has_message"] and briefing["phone"]["number"] == "01 99 00 00 77"
    await act(agent, "play_message")
    await agent.wait(lambda m: m["type"] == "call.state" and "stop_message" in m["actions"])
    await agent.wait(lambda m: m is agent.newest("call.state") and "play_message" in m["actions"])  # to its end
    await act(signer, "hang_up")


async def test_a_ringing_call_goes_on_at_another_process_when_its_own_ends(bench: Bench) -> None:
    bench.dials()
    second = bench.plane.beside()
    await until(lambda: bench.caller.told("CALL_ESTABLISHED"), 30)
    await second.start_signaling()
    try:
        async with browser(second) as pages:
            signer = await bench.page("signer", PHONE, of=pages)
            ringing = await signer.state("incoming")
            await phone_known(second)
            await bench.plane.stop_signaling()
            met = await ask_until_ok(
                signer, "call.act", call_id=ringing["call_id"], action="accept", mode="LSF", hearing=True
            )
            assert met <= {"unavailable", "unknown_call"}
            await signer.state("queued")
            assert all(
                message["ring_until"] == ringing["ring_until"]
                for message in signer.messages
                if message["type"] == "call.state" and message["state"] == "incoming"
            )
            assert not bench.caller.told("CALL_CLOSED")
            await act(signer, "hang_up")
            await signer.state("message")  # the caller is not cut off without a word
            bench.caller.command("hangup")
            assert (await signer.state("ended"))["end_reason"] == "declined"
    finally:
        await second.stop_signaling()


async def test_a_message_that_ends_while_no_process_owns_its_call_is_not_lost(bench: Bench) -> None:
    """Rung by one process that is killed while the caller speaks; another one takes the call over later."""
    owner = KillableProcess(bench.plane.redis, bench.plane.beside().config)
    await owner.start_signaling()
    try:
        await phone_known(owner)
        await bench.plane.stop_signaling()  # whoever rings has the call, and only one shall
        bench.dials()
        async with browser(owner) as pages:
            signer = await bench.page("signer", PHONE, of=pages)
            await signer.state("incoming")
            await bench.plane.start_signaling()
            await phone_known(bench.plane)
            await act(signer, "decline")
            await until(lambda: "leave_message" in bench.played(), 40)
            await asyncio.sleep(2.0)  # of the caller's tone
            await owner.kill()
            bench.caller.command("hangup")
        signer = await bench.page("signer", PHONE)
        found = await signer.wait(lambda m: m["type"] == "inbox" and len(m["entries"]) == 1)
        assert found["entries"][0]["message_s"] > 0
        assert (await signer.state("ended"))["end_reason"] == "message_left"
    finally:
        await owner.kill()


async def test_a_caller_cut_off_by_a_killed_phone_worker_hears_so_and_can_be_called_back_and_nobody_is_parted(
    people: People,
) -> None:
    async with baresip(user=CALLER) as caller, phone_process(people.plane, trunk=caller.port) as phone:
        signer, agent = await people.page("signer", PHONE), await people.interpreter()
        caller.command("dial", f"sip:{NUMBER}@127.0.0.1:{phone.sip_port}")
        await signer.state("incoming")
        await act(signer, "accept")
        await accept(agent)
        await signer.state("active")
        await until(lambda: caller.told("CALL_ESTABLISHED"), 30)
        await phone.kill_in_call(legs=1)
        await phone.start()
        await until(lambda: caller.told("CALL_CLOSED"), 30)  # BYE
        after = await signer.state("after_phone")
        assert (after["phone"]["outcome"], after["phone"]["number"]) == ("trunk_failed", "01 99 00 00 77")
        assert after["agent"]["present"]
        async with asyncio.timeout(30):
            while signer.call["state"] != "active":  # until the new worker is known
                await signer.ask("call.act", call_id=after["call_id"], action="dial")
                await asyncio.sleep(0.5)
        await until(lambda: len(caller.all("CALL_ESTABLISHED")) == 2, 30)
        await act(signer, "hang_up")
        await until(lambda: len(caller.all("CALL_CLOSED")) == 2, 30)


async def test_both_phone_parties_of_a_killed_phone_worker_hear_so_and_nobody_is_parted(people: People) -> None:
    async with (
        baresip() as first,
        baresip() as second,
        phone_process(people.plane, trunk=first.port) as phone,
    ):
        agent, signer = await people.pages.rehearsal("agent"), await people.pages.rehearsal("signer")
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        assert (await signer.ask("call.request", kind="relay", number=first.uri))["type"] == "ok"
        await accept(agent)
        await signer.state("briefing")
        await act(agent, "dial")
        await signer.state("active")
        await act(agent, "join_phone", number=second.uri)
        await until(lambda: second.told("CALL_ESTABLISHED"), 30)
        await phone.kill_in_call(legs=2)
        await phone.start()
        await until(lambda: first.told("CALL_CLOSED") and second.told("CALL_CLOSED"), 30)
        after = await signer.state("after_phone")
        assert after["agent"]["present"] and "dial" in after["actions"]
        await act(signer, "hang_up")
