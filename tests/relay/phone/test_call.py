"""One call's phone side on a stack that only says what it was asked: no network but the sockets for sound."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.control_messages import AnyEvent
from relay.errors import RelayError
from relay.phone.announcements import Announcements
from relay.phone.call import PhoneCall
from relay.phone.config import PhoneWorkerConfig
from relay.phone.dns_names import Names
from relay.phone.farewells import Farewells
from relay.phone.leg import Answered, Ended, Invite, LegListener, PhoneLeg, ReferEnded, Referred, Ringing, StoredRequest
from relay.phone.recording_store import RecordingStore
from relay.phone.rtp import RtpPorts
from relay.phone.sdp import Negotiated
from relay.phone.services import Services
from relay.phone.trunk_routes import Routes
from relay.phone_messages import Dial, PhoneReferred, PhoneState, PhoneTransferFailed
from tests.helpers.ports import free_port

WITHOUT_KEYS = Negotiated("127.0.0.1", 9, "PCMA", 8, None)
WITH_KEYS = Negotiated("127.0.0.1", 9, "PCMA", 8, 101)


@dataclass(eq=False)
class Leg:
    invite: Invite
    listener: LegListener
    takes_info: bool = False
    said: list[str] = field(default_factory=list)

    def hold(self, held: bool) -> None:
        self.said.append(f"hold {held}")

    def hang_up(self) -> None:
        self.said.append("hang up")
        self.listener(Ended(None, True))

    def press_by_info(self, digit: str) -> bool:
        if self.takes_info:
            self.said.append(f"info {digit}")
        return self.takes_info

    def refer(self, target: str) -> None:
        self.said.append(f"refer {target}")

    def refer_to(self, other: PhoneLeg) -> None:
        assert isinstance(other, Leg)
        self.said.append(f"refer to {other.invite.user}")

    def report(self, sip_code: int) -> None:
        self.said.append(f"report {sip_code}")

    def farewell(self) -> StoredRequest | None:
        return None


@dataclass
class Stack:
    """:param legs: in the order of dialling."""

    legs: list[Leg] = field(default_factory=list)

    async def start(self) -> None:
        """It needs none."""

    def dial(self, invite: Invite, listener: LegListener) -> Leg:
        self.legs.append(Leg(invite, listener))
        return self.legs[-1]

    def send_stored(self, request: StoredRequest) -> None:
        raise AssertionError("nothing is stored here")

    async def close(self, deadline_s: float) -> None:
        """Nothing to wait for."""


@dataclass
class Rig:
    call: PhoneCall
    stack: Stack
    events: list[AnyEvent]

    async def dial(self, attempt: str, *, joins: bool = False, replaces: str | None = None) -> Leg:
        target = f"sip:{attempt}@127.0.0.1"
        command = Dial(call_id="call-1", epoch=1, attempt=attempt, target=target, joins=joins, replaces=replaces)
        await self.call.dial(command)
        return self.stack.legs[-1]

    def told(self, attempt: str) -> list[str]:
        """:returns: the progress of a party, at its end the outcome."""
        states = [event for event in self.events if isinstance(event, PhoneState) and event.attempt == attempt]
        return [state.outcome or state.progress for state in states]


@contextlib.asynccontextmanager
async def phone_call() -> AsyncIterator[Rig]:
    stack, events, first = Stack(), list[AnyEvent](), free_port(10)
    config = PhoneWorkerConfig("p", Path("c"), Path("a"), rtp_ports=(first, first + 9))
    services = Services(
        config=config,
        stack=stack,
        ports=RtpPorts(*config.rtp_ports),
        routes=Routes(config, Names()),
        farewells=Farewells(None, "p"),
        announcements=Announcements(),
        recordings=RecordingStore(None, ""),
        emit=events.append,
        send=lambda *_: None,
    )
    call = PhoneCall("call-1", services)
    try:
        yield Rig(call, stack, events)
    finally:
        call.hang_up()


@contextlib.asynccontextmanager
async def answered(media: Negotiated = WITH_KEYS) -> AsyncIterator[tuple[Rig, Leg]]:
    async with phone_call() as rig:
        leg = await rig.dial("a")
        leg.listener(Answered(media))
        yield rig, leg


# --- one party ----------------------------------------------------------------------------------------------


async def test_keys_that_the_telephone_does_not_take_are_refused_and_change_nothing() -> None:
    async with answered(WITHOUT_KEYS) as (rig, leg):
        before = list(rig.events)
        with pytest.raises(RelayError) as refused:
            rig.call.press("15#")
        assert refused.value.code == "no_dtmf"
        assert (rig.call.progress, rig.events, leg.said) == ("answered", before, [])
        rig.call.hold(True)
        with pytest.raises(RelayError):
            rig.call.press("1")
        assert rig.call.progress == "held"
        rig.call.hold(False)
        assert leg.said == ["hold True", "hold False"]


async def test_keys_go_by_info_where_the_sound_carries_none() -> None:
    async with answered(WITHOUT_KEYS) as (rig, leg):
        leg.takes_info = True
        rig.call.press("15#")
        assert leg.said == ["info 1", "info 5", "info #"]
    async with answered(WITH_KEYS) as (rig, leg):
        leg.takes_info = True
        rig.call.press("15#")
        assert leg.said == []


async def test_call_that_nobody_keeps_is_hung_up_and_told_as_released() -> None:
    async with answered() as (rig, leg):
        now = asyncio.get_running_loop().time()
        rig.call.kept(now + 60)
        rig.call.tick(now + 149)
        assert leg.said == []
        rig.call.tick(now + 150)
        rig.call.tick(now + 151)
        assert leg.said == ["hang up"]
        assert rig.told("a") == ["trying", "answered", "released"]


async def test_same_attempt_is_dialled_once_even_when_it_has_ended() -> None:
    async with phone_call() as rig:
        leg = await rig.dial("a")
        await rig.dial("a")
        leg.listener(Ended(486, False))
        await rig.dial("a")
        assert len(rig.stack.legs) == 1
        assert rig.told("a") == ["trying", "busy"]
        await rig.dial("b")
        assert len(rig.stack.legs) == 2


# --- several ------------------------------------------------------------------------------------------------


async def test_second_party_needs_to_join_and_a_third_is_refused() -> None:
    async with answered() as (rig, _):
        with pytest.raises(RelayError) as refused:
            await rig.dial("b")
        assert refused.value.code == "phone_busy"
        await rig.dial("b", joins=True)
        with pytest.raises(RelayError) as refused:
            await rig.dial("c", joins=True)
        assert refused.value.code == "phone_busy"
        assert rig.call.told() == {
            "attempt": "a",
            "progress": "answered",
            "legs": {"a": "answered", "b": "trying"},
        }


async def test_commands_mean_one_party_or_all_that_have_answered() -> None:
    async with answered() as (rig, first):
        second = await rig.dial("b", joins=True)
        rig.call.hold(True)
        assert (first.said, second.said) == (["hold True"], [])
        second.listener(Answered(WITH_KEYS))
        rig.call.hold(True, "b")
        rig.call.hold(False)
        assert (first.said, second.said) == (["hold True", "hold False"], ["hold True", "hold False"])
        with pytest.raises(RelayError) as refused:
            rig.call.hold(True, "c")
        assert refused.value.code == "unknown_leg"
        rig.call.hang_up(attempt="a")
        assert rig.told("a")[-1] == "released"
        assert rig.call.told() == {"attempt": "b", "progress": "answered", "legs": {"b": "answered"}}


# --- handed on ----------------------------------------------------------------------------------------------


async def test_blind_transfer_ends_the_party_as_transferred_when_it_is_with_others() -> None:
    async with answered() as (rig, leg):
        rig.call.transfer("+33199000002")
        rig.call.transfer("+33199000002")
        assert leg.said == ["refer +33199000002"]
        leg.listener(ReferEnded(200))
        assert rig.told("a")[-1] == "transferred"


async def test_refused_transfer_leaves_the_party_and_another_may_be_tried() -> None:
    async with answered() as (rig, leg):
        rig.call.transfer("+33199000002")
        leg.listener(ReferEnded(486))
        assert rig.events[-1] == PhoneTransferFailed(call_id="call-1", sip_code=486)
        assert rig.call.progress == "answered"
        rig.call.transfer("+33199000003")
        assert leg.said == ["refer +33199000002", "refer +33199000003"]


async def test_attended_transfer_ends_both_parties_as_transferred() -> None:
    async with answered() as (rig, first):
        with pytest.raises(RelayError) as refused:
            rig.call.transfer(None)
        assert refused.value.code == "unknown_leg"
        second = await rig.dial("b", joins=True)
        second.listener(Answered(WITH_KEYS))
        rig.call.transfer(None)
        assert first.said == ["refer to b"]
        first.listener(ReferEnded(200))
        assert (rig.told("a")[-1], rig.told("b")[-1]) == ("transferred", "transferred")


async def test_party_that_goes_during_a_transfer_leaves_room_for_the_next() -> None:
    async with answered() as (rig, leg):
        rig.call.transfer("+33199000002")
        leg.listener(Ended(None, False))
        assert rig.told("a")[-1] == "hung_up"
        again = await rig.dial("b")
        again.listener(Answered(WITH_KEYS))
        rig.call.transfer("+33199000002")
        assert again.said == ["refer +33199000002"]


async def test_party_that_asks_to_be_transferred_goes_once_the_other_answers() -> None:
    async with answered() as (rig, old):
        old.listener(Referred("+33199000002", "call@peer;to-tag=1;from-tag=2"))
        assert rig.events[-1] == PhoneReferred(call_id="call-1", attempt="a", number="+33199000002")
        new = await rig.dial("b", replaces="a")
        assert new.invite.replaces == "call@peer;to-tag=1;from-tag=2"
        new.listener(Ringing(180))
        assert rig.call.progress == "answered"
        new.listener(Answered(WITH_KEYS))
        assert old.said == ["report 180", "report 200", "hang up"]
        assert rig.told("a")[-1] == "transferred"
        assert rig.call.told()["legs"] == {"b": "answered"}


async def test_party_stays_when_whom_it_asked_for_does_not_answer() -> None:
    async with answered() as (rig, old):
        old.listener(Referred("+33199000002"))
        new = await rig.dial("b", replaces="a")
        new.listener(Ended(486, False))
        assert old.said == ["report 486"]
        assert rig.call.told()["legs"] == {"a": "answered"}


async def test_replacing_somebody_who_is_not_there_is_refused() -> None:
    async with phone_call() as rig:
        with pytest.raises(RelayError) as refused:
            await rig.dial("b", replaces="a")
        assert refused.value.code == "unknown_leg"
