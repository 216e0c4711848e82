"""Telephones that call and wait to be taken, on legs that only say what they were asked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from relay.control_messages import AnyEvent
from relay.phone.incoming import Incoming
from relay.phone.leg import Ended, LegListener, PhoneLeg, StoredRequest
from relay.phone.sdp import LocalAudio
from relay.phone_messages import PhoneIncoming, PhoneState


@dataclass(eq=False)
class Leg:
    number: str = "+33199000050"
    caller: str | None = "+33199000077"
    peer_host: str = "127.0.0.1"
    transport: str = "udp"
    offer: str | None = None
    audio: LocalAudio = field(default_factory=lambda: LocalAudio("127.0.0.1", 9, 1))
    said: list[str] = field(default_factory=list)
    listener: LegListener = lambda _: None

    def ring(self) -> None:
        self.said.append("ring")

    def early_media(self, audio: LocalAudio) -> None:
        self.said.append("early media")

    def answer(self, audio: LocalAudio) -> None:
        self.said.append("answer")

    def reject(self, code: int, reason: str) -> None:
        self.said.append(f"{code} {reason}")
        self.listener(Ended(code, True))

    def listen(self, listener: LegListener) -> None:
        self.listener = listener

    def hold(self, held: bool) -> None:
        self.said.append("hold")

    def hang_up(self) -> None:
        self.said.append("hang up")

    def press_by_info(self, digit: str) -> bool:
        return False

    def refer(self, target: str) -> None:
        self.said.append("refer")

    def refer_to(self, other: PhoneLeg) -> None:
        self.said.append("refer to")

    def report(self, sip_code: int) -> None:
        self.said.append("report")

    def farewell(self) -> StoredRequest | None:
        return None


@contextlib.asynccontextmanager
async def waiting(
    *, has_room: bool = True, taken_within_s: float = 60
) -> AsyncIterator[tuple[Incoming, Leg, list[AnyEvent]]]:
    """A telephone has called."""
    leg, events = Leg(), list[AnyEvent]()
    incoming = Incoming(events.append, lambda: has_room, taken_within_s)
    incoming.ring(leg, "carrier")
    yield incoming, leg, events
    incoming.refuse_all()


def call_id_of(events: list[AnyEvent]) -> str:
    assert isinstance(events[0], PhoneIncoming)
    return events[0].call_id


def ended(call_id: str, outcome: str, code: int | None = None) -> PhoneState:
    return PhoneState.model_validate(
        {"call_id": call_id, "attempt": "", "progress": "ended", "outcome": outcome, "sip_code": code}
    )


async def test_telephone_rings_is_told_again_to_whoever_comes_and_is_taken_once() -> None:
    async with waiting() as (incoming, leg, events):
        call_id = call_id_of(events)
        told = PhoneIncoming(call_id=call_id, number="+33199000050", caller="+33199000077", trunk="carrier")
        incoming.tell_again()
        assert events == [told, told]
        assert (leg.said, incoming.call_ids) == (["ring"], (call_id,))
        assert incoming.take(call_id) == (leg, "carrier")
        assert incoming.take(call_id) is None
        incoming.tell_again()
        incoming.refuse(call_id, 480)
        assert (len(incoming), leg.said, len(events)) == (0, ["ring"], 2)


async def test_every_telephone_gets_a_call_of_its_own() -> None:
    async with waiting() as (incoming, _, events):
        incoming.ring(Leg())
        assert len({event.call_id for event in events if isinstance(event, PhoneIncoming)}) == 2


async def test_without_room_nothing_rings_and_nobody_is_told() -> None:
    async with waiting(has_room=False) as (incoming, leg, events):
        assert (leg.said, events, len(incoming)) == (["503 Service Unavailable"], [], 0)


async def test_refused_telephone_hears_why_and_its_end_is_told_once() -> None:
    async with waiting() as (incoming, leg, events):
        call_id = call_id_of(events)
        incoming.refuse(call_id, 404)
        incoming.refuse(call_id, 486)
        assert leg.said == ["ring", "404 Not Found"]
        assert events[1:] == [ended(call_id, "released", 404)]


async def test_caller_who_gives_up_is_told() -> None:
    async with waiting() as (incoming, leg, events):
        call_id = call_id_of(events)
        leg.listener(Ended(None, False))
        assert events[1:] == [ended(call_id, "hung_up")]
        assert incoming.take(call_id) is None


async def test_telephone_that_nobody_takes_hears_that_nobody_is_there() -> None:
    async with waiting(taken_within_s=0.01) as (_, leg, events):
        async with asyncio.timeout(15):
            while len(events) < 2:
                await asyncio.sleep(0.01)
        assert leg.said == ["ring", "480 Temporarily Unavailable"]
        assert events[1:] == [ended(call_id_of(events), "no_answer", 480)]
