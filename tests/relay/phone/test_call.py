"""One call's phone side on a stack that only says what it was asked: no network but the sockets for sound."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.control_messages import AnyEvent, Dial, PhoneState
from relay.errors import RelayError
from relay.phone.call import PhoneCall
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.leg import Answered, Ended, Invite, LegListener, StoredRequest
from relay.phone.rtp import RtpPorts
from relay.phone.sdp import Negotiated
from relay.phone.services import Services
from tests.helpers.sip_peers import free_pair

WITHOUT_KEYS = Negotiated("127.0.0.1", 9, "PCMA", 8, None)


@dataclass
class Stack:
    """Also the one leg it makes."""

    listener: LegListener = lambda _: None
    said: list[str] = field(default_factory=list)

    async def start(self) -> None:
        self.said.append("start")

    def dial(self, invite: Invite, listener: LegListener) -> "Stack":
        self.listener = listener
        return self

    def hold(self, held: bool) -> None:
        self.said.append(f"hold {held}")

    def hang_up(self) -> None:
        self.said.append("hang up")
        self.listener(Ended(None, True))

    def farewell(self) -> StoredRequest | None:
        return None

    def send_stored(self, request: StoredRequest) -> None:
        self.said.append("stored")

    async def close(self, deadline_s: float) -> None:
        self.said.append("close")


@contextlib.asynccontextmanager
async def answered(media: Negotiated) -> AsyncIterator[tuple[PhoneCall, Stack, list[AnyEvent]]]:
    stack, events, first = Stack(), list[AnyEvent](), free_pair()
    config = PhoneWorkerConfig("p", Path("c"), Path("a"), rtp_ports=(first, first + 1))
    ports, farewells = RtpPorts(*config.rtp_ports), Farewells(None, "p")
    call = PhoneCall("call-1", Services(config, stack, ports, farewells, events.append, lambda *_: None))
    await call.dial(Dial(call_id="call-1", epoch=1, attempt="a", target="sip:bob@127.0.0.1"))
    stack.listener(Answered(media))
    try:
        yield call, stack, events
    finally:
        call.hang_up()


async def test_keys_that_the_telephone_does_not_take_are_refused_and_change_nothing() -> None:
    async with answered(WITHOUT_KEYS) as (call, stack, events):
        before = list(events)
        with pytest.raises(RelayError) as refused:
            call.press("15#")
        assert refused.value.code == "no_dtmf"
        assert (call.progress, events, stack.said) == ("answered", before, [])
        call.hold(True)
        with pytest.raises(RelayError):
            call.press("1")
        assert call.progress == "held"
        call.hold(False)
        assert stack.said == ["hold True", "hold False"]


async def test_call_that_nobody_keeps_is_hung_up_and_told_as_released() -> None:
    async with answered(WITHOUT_KEYS) as (call, stack, events):
        now = asyncio.get_running_loop().time()
        call.kept(now + 60)
        call.watch(now + 149)
        assert stack.said == []
        call.watch(now + 150)
        call.watch(now + 151)
        assert stack.said == ["hang up"]
        last = events[-1]
        assert isinstance(last, PhoneState)
        assert (last.progress, last.outcome) == ("ended", "released")
