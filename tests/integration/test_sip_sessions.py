"""Session timers (RFC 4028) of calls both ways, against SIPp, in seconds instead of minutes."""

import asyncio

import pytest

from relay.phone.leg import DialogConfig, Ended, MediaChanged
from tests.helpers.sip_legs import answered, legs, played, playing
from tests.helpers.sipp_script import Script, sdp

pytestmark = pytest.mark.integration
SHORT = DialogConfig(session_expires_s=4, min_session_s=2)
WITH_TIMER = "Supported: timer"


async def test_call_we_placed_is_refreshed_by_us_or_ended_when_the_peer_forgets() -> None:
    """Also after 422, also without the peer's refresh, also when the refresh is refused once."""
    refreshed = (
        Script()
        .recv("INVITE", "Session-[Ee]xpires: 4", "Supported: .*timer")
        .reply(422, "Min-SE: 6", again=True)
        .recv("ACK")
        .recv("INVITE", "Session-[Ee]xpires: 6", "Min-[Ss][Ee]: 6")
        .reply(200, "Require: timer", "Session-Expires: 6;refresher=uac", body=sdp(), again=True)
        .recv("ACK")
        .recv("INVITE", "Session-[Ee]xpires: 6;refresher=uac", "a=sendrecv")
        .reply(500, tagged=True, again=True)
        .recv("ACK")
        .recv("INVITE", "Session-[Ee]xpires: 6;refresher=uac")
        .reply(200, "Session-Expires: 2;refresher=uas", body=sdp(), tagged=True, again=True)
        .recv("ACK")
        .takes("BYE", "Reason: SIP; cause=408")
    )
    async with legs(SHORT) as ours, playing(refreshed) as peer:
        line = await answered(ours, peer)
        assert await line.until(Ended) == Ended(None, False)
        assert not line.all(MediaChanged)
        await played(peer)


async def test_peer_that_wants_refreshes_all_the_time_gets_them_no_more_often_than_we_allow() -> None:
    greedy = Script().recv("INVITE").reply(422, "Min-SE: 1", again=True).recv("ACK")
    greedy.recv("INVITE", "Session-[Ee]xpires: 2", "Min-[Ss][Ee]: 2").reply(486, again=True).recv("ACK")
    async with legs(SHORT) as ours, playing(greedy) as peer:
        line = ours.dial(peer.port)
        assert await line.until(Ended) == Ended(486, False)
        await played(peer)


async def test_peer_that_refreshes_keeps_the_call_up() -> None:
    """By re-INVITE and by UPDATE, with the description and without; a peer without the extension is not timed."""
    refreshing = Script().answers("Require: timer", "Session-Expires: 6;refresher=uas")
    for method, body in (("INVITE", sdp()), ("UPDATE", None), ("INVITE", sdp())):
        refreshing.pause(2200)
        headers = (WITH_TIMER, "Session-Expires: 6;refresher=uac")
        refreshing.asks(
            method, 200, "Session-[Ee]xpires: 6;refresher=uac", "Require: timer", headers=headers, body=body
        )
    refreshing.asks("UPDATE", 422, "Min-[Ss][Ee]: 2", headers=(WITH_TIMER, "Session-Expires: 1")).asks("BYE", 200)
    untimed = Script().answers().pause(5000).asks("BYE", 200)
    async with legs(SHORT) as ours, playing(refreshing) as first, playing(untimed) as second:
        for peer in (first, second):
            await answered(ours, peer)
        await asyncio.gather(played(first), played(second))


async def test_callers_session_timer_is_agreed_on_and_kept() -> None:
    """Too short: 422. Ours to refresh: we do. The caller's, and it does not: BYE."""
    short = Script().call(WITH_TIMER, "Session-Expires: 1", body=sdp()).recv(100, optional=True)
    short.recv(422, "Min-[Ss][Ee]: 2").refused_ack(2)
    ours_to_do = Script().call(WITH_TIMER, "Session-Expires: 2;refresher=uas", body=sdp())
    ours_to_do.is_taken("Session-[Ee]xpires: 2;refresher=uas", "Require: timer")
    ours_to_do.takes_offer("Session-[Ee]xpires: 2;refresher=uac").asks("BYE", 200)
    without = Script().call("Session-Expires: 1", body=sdp()).is_taken("Session-[Ee]xpires: 2;refresher=uas")
    without.takes_offer().asks("BYE", 200)
    forgetful = Script().call(WITH_TIMER, "Session-Expires: 2", body=sdp())
    forgetful.is_taken("Session-[Ee]xpires: 2;refresher=uac").takes("BYE", "Reason: SIP; cause=408")
    async with legs(SHORT) as ours:
        async with (
            playing(short, calls=ours.port) as first,
            playing(ours_to_do, calls=ours.port) as second,
            playing(without, calls=ours.port) as third,
            playing(forgetful, calls=ours.port) as fourth,
        ):
            await asyncio.gather(*(played(peer) for peer in (first, second, third, fourth)))
        assert len(ours.incoming) == 3, "the call with too short a timer was told"
