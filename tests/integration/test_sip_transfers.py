"""REFER both ways and INVITE with Replaces, against SIPp."""

import re

import pytest

from relay.phone.leg import Answered, DialogConfig, Ended, MediaChanged, ReferEnded, Referred
from tests.helpers.sip_legs import HOST, Line, answered, legs, played, playing
from tests.helpers.sip_peers import until
from tests.helpers.sipp_script import Script, sdp

pytestmark = pytest.mark.integration
FRAG = "message/sipfrag;version=2.0"
ACTIVE, OVER = "Subscription-State: active;expires=60", "Subscription-State: terminated;reason=noresource"


def notified(script: Script, code: int, state: str = ACTIVE) -> Script:
    return script.asks("NOTIFY", 200, headers=("Event: refer", state), body=f"SIP/2.0 {code} Because", kind=FRAG)


async def test_blind_transfer_is_followed_to_its_end() -> None:
    script = (
        Script().answers().takes("REFER", r"Refer-[Tt]o: <sip:\+33199000003@127.0.0.1", "Referred-[Bb]y: <", code=202)
    )
    notified(notified(notified(script, 100), 180), 200, OVER).takes("BYE")
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        line.leg.refer("+33199000003")
        assert await line.until(ReferEnded) == ReferEnded(200)
        line.leg.hang_up()
        await played(peer)
        assert len(line.all(ReferEnded)) == 1


async def test_refused_or_failed_transfer_leaves_the_call_up() -> None:
    refusing = Script().answers().takes("REFER", code=603).asks("OPTIONS", 200).takes("BYE")
    failing = Script().answers().takes("REFER", code=202)
    notified(notified(failing, 100), 486, OVER).takes("BYE")
    async with legs() as ours, playing(refusing) as first, playing(failing) as second:
        for peer, code in ((first, 603), (second, 486)):
            line = await answered(ours, peer)
            line.leg.refer("sip:+33199000003@127.0.0.1")
            assert await line.until(ReferEnded) == ReferEnded(code)
            assert not line.all(Ended)
            if peer is first:
                await until(lambda: "OPTIONS" in first.messages())
            line.leg.hang_up()
            await played(peer)


async def test_peer_that_accepts_a_transfer_and_leaves_is_transferred() -> None:
    script = Script().answers().takes("REFER", code=202).asks("BYE", 200)
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        line.leg.refer("+33199000003")
        await line.until(Ended)
        assert line.events[-2:] == [ReferEnded(200), Ended(None, False)]
        await played(peer)


async def test_transfer_to_a_peer_that_has_forgotten_the_call_ends_it() -> None:
    script = Script().answers().takes("REFER", code=481).takes("BYE")
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        line.leg.refer("+33199000003")
        assert await line.until(Ended) == Ended(None, False)
        assert line.all(ReferEnded) == [ReferEnded(481)]
        await played(peer)


async def test_attended_transfer_names_the_dialog_to_take_over() -> None:
    staying = Script().answers().takes("BYE")
    moving = notified(Script().answers().takes("REFER", code=202), 200, OVER).takes("BYE")
    async with legs() as ours, playing(moving) as first, playing(staying) as second:
        line, other = await answered(ours, first), await answered(ours, second)
        line.leg.refer_to(other.leg)
        assert await line.until(ReferEnded) == ReferEnded(200)
        told = re.search(r"Refer-[Tt]o: <sip:peer@127.0.0.1:(\d+)[^?>]*\?Replaces=([^>]*)>", first.messages())
        assert told is not None and int(told[1]) == second.port
        call_id = re.findall(r"Call-ID: (\S+)", second.messages())[0]
        tag = re.findall(r"From: .*;tag=(\S+)", second.messages())[0]
        assert told[2] == f"{call_id}%3Bto-tag%3Dpeer1%3Bfrom-tag%3D{tag}"
        for each in (line, other):
            each.leg.hang_up()
        await played(first)
        await played(second)


async def test_peer_that_wants_somebody_else_is_told_how_that_goes() -> None:
    script = (
        Script()
        .answers()
        .asks("REFER", 202, "Contact:", headers=("Refer-To: <sip:0199000003@relay.example;user=phone>",))
        .takes("NOTIFY", "Event: refer", "Subscription-[Ss]tate: active", "SIP/2.0 100")
        .takes("NOTIFY", "SIP/2.0 180")
        .takes("NOTIFY", "Subscription-[Ss]tate: terminated", "SIP/2.0 200", "Content-Type: message/sipfrag")
        .asks("BYE", 200)
    )
    config = DialogConfig(own_hosts=frozenset({"relay.example"}))
    async with legs(config) as ours, playing(script) as peer:
        line = await answered(ours, peer)
        assert await line.until(Referred) == Referred("+33199000003")
        await until(lambda: "SIP/2.0 100 Trying" in peer.messages())
        line.leg.report(180)
        await until(lambda: "SIP/2.0 180 Ringing\n" in peer.messages().replace("\r", "").split("NOTIFY", 2)[-1])
        line.leg.report(200)
        await line.until(Ended)
        await played(peer)


async def test_transfers_to_strangers_or_to_no_number_are_declined() -> None:
    script = Script().answers()
    for target in (
        "sip:+33199000003@elsewhere.example",
        "sip:alice@127.0.0.1",
        "<sip:+33199000003@127.0.0.1;method=BYE>",
    ):
        script.asks("REFER", 603, headers=(f"Refer-To: {target}",))
    script.asks("REFER", 400).takes("BYE")
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        await until(lambda: "400 Bad Request" in peer.messages(), 30)
        assert not line.all(Referred)
        line.leg.hang_up()
        await played(peer)


def taking_over(line: Line, *, tag: str | None = None) -> str:
    agent = line.leg.agent
    return f"Replaces: {agent.cId};to-tag={tag or agent.lTag};from-tag={agent.rUri.getTag()}"


async def test_dialog_replaces_another_of_the_same_peer_and_nobody_elses() -> None:
    first = Script().answers().takes("BYE")
    async with legs() as ours, playing(first) as peer:
        line = await answered(ours, peer)
        port = ours.port
        wrong = Script().call(taking_over(line, tag="other"), "Require: replaces", body=sdp())
        wrong.recv(100, optional=True).recv(481).refused_ack(2)
        early = Script().call(taking_over(line) + ";early-only", body=sdp()).recv(100, optional=True).recv(486)
        early.refused_ack(2)
        for script in (wrong, early):
            async with playing(script, calls=port) as caller:
                await played(caller)
        stranger = Script().call(taking_over(line), body=sdp()).recv(100, optional=True).recv(403).refused_ack(2)
        ours.stack.peers.know(frozenset({"127.0.0.2"}), "other")
        async with playing(stranger, calls=port, host="127.0.0.2") as caller:
            await played(caller)
        assert line.all(Answered) and not line.all(MediaChanged) and not line.all(Ended)
        second = (
            Script().call(taking_over(line), body=sdp(port="50008")).recv(100, optional=True).recv(200, "a=sendrecv")
        )
        second.request("ACK").takes("BYE")
        async with playing(second, calls=port) as caller:
            assert (await line.until(MediaChanged)).media.port == 50008
            await played(peer)
            assert not line.all(Ended)
            line.leg.hang_up()
            await played(caller)
        assert line.leg.peer_host == HOST
