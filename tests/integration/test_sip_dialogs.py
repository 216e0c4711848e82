"""What happens inside a SIP dialog, against SIPp: keys, transfers, holds, refreshes, redirections, digest, forks."""

import pytest

from relay.phone.leg import Ended, Held, KeyPressed, MediaChanged
from tests.helpers.sip_legs import answered, legs, played, playing
from tests.helpers.sip_peers import until
from tests.helpers.sipp_script import Script, sdp

pytestmark = pytest.mark.integration
DTMF = "application/dtmf-relay"


# --- keys by INFO -------------------------------------------------------------------------------------------


async def test_keys_by_info_go_out_one_after_the_other_and_come_in() -> None:
    script = (
        Script()
        .answers("Allow: INVITE, ACK, BYE, CANCEL, INFO")
        .takes("INFO", "Signal=5", f"Content-Type: {DTMF}")
        .takes("INFO", "Signal=#")
        .asks("INFO", 200, body="Signal=7\nDuration=160", kind=DTMF)
        .asks("INFO", 200, body="11", kind="application/dtmf")
        .asks("INFO", 415, body="<x/>", kind="application/media_control+xml")
        .takes("BYE", "Reason: Q.850; cause=16")
    )
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        assert [line.leg.press_by_info(key) for key in "5#x"] == [True, True, False]
        await line.until(KeyPressed, 2)
        await until(lambda: "415" in peer.messages())
        line.leg.hang_up()
        await played(peer)
        assert line.all(KeyPressed) == [KeyPressed("7"), KeyPressed("#")]


async def test_peer_without_info_is_sent_none() -> None:
    unable = Script().answers("Allow: INVITE, ACK, BYE, CANCEL").takes("BYE")
    unwilling = Script().answers().takes("INFO", code=405).takes("BYE")
    async with legs() as ours, playing(unable) as first, playing(unwilling) as second:
        line = await answered(ours, first)
        assert not line.leg.press_by_info("1")
        other = await answered(ours, second)
        assert other.leg.press_by_info("1")
        await until(lambda: not other.leg.press_by_info("2"))
        for each in (line, other):
            each.leg.hang_up()
        await played(first)
        await played(second)


# --- hold ---------------------------------------------------------------------------------------------------


async def test_hold_by_the_peer_is_told_and_answered_also_while_we_hold() -> None:
    script = (
        Script()
        .answers()
        .asks("INVITE", 200, "a=recvonly", body=sdp("sendonly", 2))
        .takes_offer("a=sendonly", answer="inactive")
        .asks("INVITE", 200, "a=inactive", body=sdp("sendonly", 3))
        .asks("INVITE", 200, "a=sendonly", body=sdp("sendrecv", 4))
        .takes_offer("a=sendrecv")
        .asks("INVITE", 200, "a=inactive", body=sdp("inactive", 5))
        .asks("INVITE", 200, "a=inactive", body=sdp("sendrecv", 6, host="0.0.0.0"))
        .asks("UPDATE", 200, "a=sendrecv", "Contact:", body=sdp("sendrecv", 7))
        .takes("BYE")
    )
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        await line.until(Held)
        line.leg.hold(True)
        await line.until(Held, 2)
        line.leg.hold(False)
        await line.until(Held, 4)
        line.leg.hang_up()
        await played(peer)
        assert line.all(Held) == [Held(True), Held(False), Held(True), Held(False)]


async def test_reinvite_without_description_gets_our_whole_offer_and_its_ack_answers() -> None:
    script = (
        Script()
        .answers()
        .request("INVITE")
        .recv(200, "m=audio [0-9]+ RTP/AVP .*101", "a=rtpmap:0 PCMU/8000", "a=sendrecv")
        .request("ACK", body=sdp("sendrecv", 2, port="50004"))
        .asks("UPDATE", 200)
        .takes("BYE")
    )
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        changed = await line.until(MediaChanged)
        assert changed.media.port == 50004
        line.leg.hang_up()
        await played(peer)


async def test_requests_go_where_the_peer_was_last() -> None:
    """Its Contact may change with a re-INVITE, an UPDATE, and its answer to a re-INVITE of ours."""
    script = Script().answers().moves("second").asks("UPDATE", 200).takes("INFO", "INFO sip:second@")
    script.moves("third").recv("INVITE", "INVITE sip:second@").reply(
        200, body=sdp("recvonly", 2), tagged=True, again=True
    )
    script.recv("ACK", "ACK sip:third@").takes("BYE", "BYE sip:third@")
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        await until(lambda: "CSeq: 1 UPDATE" in peer.messages().split("received")[-1])
        assert line.leg.press_by_info("1")
        await until(lambda: "Signal=1" in peer.messages(), 30)
        line.leg.hold(True)
        await line.until(MediaChanged)
        line.leg.hang_up()
        await played(peer)


async def test_glare_lets_both_sides_try_again() -> None:
    """Ours is refused with 491 and comes again; the peer's, sent while ours was pending, is refused with 491."""
    script = (
        Script()
        .answers()
        .recv("INVITE", "a=sendonly", keep=True)
        .reply(100, tagged=True)
        .request("INVITE", body=sdp("sendrecv", 2))
        .recv(491)
        .request("ACK")
        .late_reply(491)
        .recv("ACK")
        .recv("INVITE", "a=sendonly")
        .reply(200, body=sdp("recvonly", 3), tagged=True, again=True)
        .recv("ACK")
        .takes("BYE")
    )
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        line.leg.hold(True)
        await until(lambda: "a=recvonly" in peer.messages(), 30)
        line.leg.hang_up()
        await played(peer)


# --- the end ------------------------------------------------------------------------------------------------


async def test_reason_of_the_peers_bye_is_told() -> None:
    script = Script().answers().asks("BYE", 200, headers=("Reason: Q.850;cause=38;text=gone",))
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        assert await line.until(Ended) == Ended(None, False, 38)
        await played(peer)


async def test_reason_of_a_refusal_is_told() -> None:
    script = Script().recv("INVITE").reply(503, "Reason: Q.850;cause=17", again=True).recv("ACK")
    async with legs() as ours, playing(script) as peer:
        line = ours.dial(peer.port)
        assert await line.until(Ended) == Ended(503, False, 17)
        await played(peer)


async def test_requests_out_of_order_and_unknown_ones_are_refused() -> None:
    script = (
        Script()
        .answers()
        .request("OPTIONS", cseq=7)
        .recv(200, "Allow: .*REFER")
        .request("INFO", cseq=3)
        .recv(500)
        .request("MESSAGE", cseq=8)
        .recv(405, "Allow:")
        .request("UPDATE", "Require: timer, teleport", cseq=9)
        .recv(420, "Unsupported: teleport")
        .request("NOTIFY", "Event: refer", cseq=10)
        .recv(481)
        .request("NOTIFY", "Event: presence", cseq=11)
        .recv(489)
        .takes("BYE")
    )
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        await until(lambda: "489 Bad Event" in peer.messages(), 30)
        line.leg.hang_up()
        await played(peer)
