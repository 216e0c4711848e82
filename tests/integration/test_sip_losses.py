"""Every kind of packet of a dialog lost once, between two of our own stacks; dialogs with SIPp over TCP and TLS."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sippy.SipAddress import SipAddress
from sippy.SipContact import SipContact
from sippy.SipURL import SipURL

from relay.phone import sippy_calls
from relay.phone.leg import Answered, Ended, Held, KeyPressed, ReferEnded, Referred, Ringing, Transport
from relay.phone.sippy_calls import IncomingSippyLeg
from tests.helpers.ports import free_port
from tests.helpers.sip_legs import HOST, Legs, Line, audio, legs, played, playing
from tests.helpers.sip_peers import LossyRelay, Sipp, self_signed, until
from tests.helpers.sipp_script import Script, sdp
from tests.helpers.tls_front import tls_front

pytestmark = pytest.mark.integration
REQUESTS = ("INVITE", "ACK", "BYE", "CANCEL", "INFO", "REFER", "NOTIFY")
ANSWERS = (
    "183INVITE",
    "200INVITE",
    "487INVITE",
    "603INVITE",
    *(f"200{method}" for method in REQUESTS if method != "REFER"),
)
EVENT = ("Event: refer", "Subscription-State: terminated;reason=noresource")
LOST = {*REQUESTS, *ANSWERS, "202REFER"} - {"200ACK"}


class Pair:
    """Two stacks with the lossy relay between: each dialog is named by the number that is called."""

    def __init__(self, ours: Legs, theirs: Legs, relay: LossyRelay) -> None:
        self.ours, self.theirs, self.relay = ours, theirs, relay

    async def call(self, number: str) -> tuple[Line, Line]:
        """:returns: the caller's line and the called one's."""
        caller = self.ours.dial(self.relay.port, number=number)
        await until(lambda: bool(self._called(number)), 30)
        return caller, self._called(number)[0]

    def _called(self, number: str) -> list[Line]:
        return [line for line in self.theirs.incoming if line.leg.number == number]


async def keys_and_transfers(pair: Pair) -> None:
    one, other = await pair.call("+33199000021")
    other.leg.answer(audio())
    await one.until(Answered)
    assert one.leg.press_by_info("1") and one.leg.press_by_info("2")
    assert other.leg.press_by_info("3")
    await one.until(KeyPressed)
    await other.until(KeyPressed, 2)
    one.leg.refer("+33199000003")
    await other.until(Referred)
    other.leg.report(486)
    assert await one.until(ReferEnded) == ReferEnded(486)
    other.leg.hang_up()
    assert await one.until(Ended) == Ended(None, False, 16)
    assert (one.all(KeyPressed), other.all(KeyPressed)) == ([KeyPressed("3")], [KeyPressed("1"), KeyPressed("2")])
    assert other.all(Referred) == [Referred("+33199000003")]


async def holds(pair: Pair) -> None:
    one, other = await pair.call("+33199000022")
    other.leg.early_media(audio())
    other.leg.answer(audio())
    await one.until(Answered)
    one.leg.hold(True)
    await other.until(Held)
    other.leg.hold(True)
    await one.until(Held)
    one.leg.hold(False)
    other.leg.hold(False)  # both at once: glare
    await one.until(Held, 2)
    await other.until(Held, 2)
    assert one.all(Held) == other.all(Held) == [Held(True), Held(False)]
    one.leg.hang_up()
    assert await other.until(Ended) == Ended(None, False, 16)


async def given_up(pair: Pair) -> None:
    one, other = await pair.call("+33199000023")
    other.leg.ring()
    await one.until(Ringing)
    one.leg.hang_up()
    assert (await other.until(Ended)).sip_code == 487


async def refused(pair: Pair) -> None:
    one, other = await pair.call("+33199000024")
    other.leg.reject(603, "Decline")
    assert await one.until(Ended) == Ended(603, False)


async def test_no_single_lost_packet_loses_a_call_or_a_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    async with legs() as ours, legs() as theirs:
        relay = LossyRelay((HOST, theirs.port), {}, LOST)
        await relay.start()
        url = SipURL(username="peer", host=HOST, port=relay.port)
        monkeypatch.setattr(sippy_calls, "contact", lambda _: SipContact(address=SipAddress(url=url.getCopy())))
        theirs.on_incoming = lambda _: None
        try:
            pair = Pair(ours, theirs, relay)
            await asyncio.gather(*(passage(pair) for passage in (keys_and_transfers, holds, given_up, refused)))
            await until(lambda: set(relay.lost) >= LOST, 30)
            tables = [stack.stack.transactions.tclient for stack in (ours, theirs)]
            await until(lambda: not any(tables), 30)  # nothing is left that would be sent again for ever
        finally:
            relay.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_dialogs_go_over_streams_as_over_udp(transport: Transport, tmp_path: Path) -> None:
    says = f"transport={transport}"
    script = Script().answers(checks=(says,)).takes("INFO", "Signal=1").takes_offer("a=sendonly", answer="recvonly")
    script.asks("INVITE", 200, "a=inactive", body=sdp("sendonly", 3)).asks("UPDATE", 200)
    script.asks("REFER", 202, headers=("Refer-To: <sip:+33199000003@127.0.0.1>",)).takes("NOTIFY", "SIP/2.0 100")
    script.takes("NOTIFY", "SIP/2.0 603").takes("REFER", "Refer-[Tt]o: .*33199000004", code=202)
    script.asks("NOTIFY", 200, headers=EVENT, body="SIP/2.0 486 Busy Here", kind="message/sipfrag;version=2.0")
    script.takes("BYE", says)
    gives_up = Script().call(body=sdp()).recv(100, optional=True).recv(180).cancel(3).recv(200).recv(487).refused_ack(6)
    taken = Script().call(body=sdp()).is_taken(says).takes_offer("a=sendonly", answer="recvonly").asks("BYE", 200)
    certificate = self_signed(tmp_path)

    def taken_or_rung(leg: IncomingSippyLeg) -> None:
        leg.ring() if not ours.incoming[:-1] else leg.answer(audio())

    async with legs(certificate=certificate) as ours, behind(transport, script, certificate) as (peer, port):
        line = ours.dial(port, transport=transport)
        await line.until(Answered)
        assert line.leg.press_by_info("1")
        await until(lambda: "Signal=1" in peer.messages(), 30)
        line.leg.hold(True)
        await line.until(Held)
        await line.until(Referred)
        line.leg.report(603)
        await until(lambda: "SIP/2.0 603" in peer.messages(), 30)
        line.leg.refer("+33199000004")
        assert await line.until(ReferEnded) == ReferEnded(486)
        line.leg.hang_up()
        await played(peer)
        ours.on_incoming = taken_or_rung
        async with behind(transport, gives_up, certificate, calls=ours) as (caller, _):
            await played(caller)
            assert ours.incoming[0].events == [Ended(487, False)]
        async with behind(transport, taken, certificate, calls=ours) as (caller, _):
            await until(lambda: len(ours.incoming) == 2 and bool(ours.incoming[1].all(Answered)), 30)
            ours.incoming[1].leg.hold(True)
            await played(caller)
            await ours.incoming[1].until(Ended)


@contextlib.asynccontextmanager
async def behind(
    transport: Transport, script: Script, certificate: Path, *, calls: Legs | None = None
) -> AsyncIterator[tuple[Sipp, int]]:
    """:returns: the SIPp, and the port where it is called by this transport."""
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        called = calls.port if calls is not None else None
        front_port = port
        if transport == "tls":
            us = calls.stack.config.tls_port if calls is not None else None
            front = await stack.enter_async_context(tls_front(certificate, port, us))
            called = front.port if calls is not None else None
            front_port = front.port
        yield await stack.enter_async_context(playing(script, tcp=True, port=port, calls=called)), front_port
