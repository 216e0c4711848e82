"""How calls begin, against SIPp: redirections, passwords, forks and crossings of ours; every kind of call to us."""

import hashlib
import re

import pytest

from relay.phone.leg import Answered, EarlyMedia, Ended, Held, MediaChanged, Ringing
from tests.helpers.sip_legs import Line, answered, audio, legs, played, playing
from tests.helpers.sip_peers import until
from tests.helpers.sipp_script import Script, sdp

pytestmark = pytest.mark.integration
CHALLENGE = 'Proxy-Authenticate: Digest realm="trunk", nonce="abc123", algorithm=MD5'
MOVED = "<sip:0199000003@relay.example;user=phone>"


# --- calls we place -----------------------------------------------------------------------------------------


async def test_redirection_is_followed_once_and_only_where_we_may_go() -> None:
    def moved(script: Script, contact: str = MOVED) -> Script:
        return script.recv("INVITE").reply(302, f"Contact: {contact}", again=True, contact=False).recv("ACK")

    async with legs() as ours:
        asked: list[str] = []

        def may(number: str) -> bool:
            asked.append(number)
            return number == "+33199000003"

        own = frozenset({"relay.example"})
        async with playing(moved(Script())) as first:
            line = ours.dial(first.port, own_hosts=own, may_follow=may)
            await played(first)
        second = Script().answers(checks=(r"INVITE sip:\+33199000003@relay.example",)).takes("BYE")
        async with playing(second, port=first.port) as peer:  # the followed call, repeated until somebody is there
            await line.until(Answered)
            line.leg.hang_up()
            await played(peer)
        for contact in (
            "<sip:+33199000003@elsewhere.example>",
            "<sip:+33199000004@relay.example>",
            "<sip:bob@relay.example>",
        ):
            async with playing(moved(Script(), contact)) as peer:
                line = ours.dial(peer.port, own_hosts=own, may_follow=may)
                assert await line.until(Ended) == Ended(302, False)
                await played(peer)
        async with playing(moved(Script())) as peer:
            line = ours.dial(peer.port, own_hosts=own)
            assert await line.until(Ended) == Ended(302, False)
            await played(peer)
        assert asked == ["+33199000003", "+33199000004"]


async def test_second_redirection_ends_the_call() -> None:
    again = f"Contact: {MOVED}"
    async with (
        legs() as ours,
        playing(Script().recv("INVITE").reply(302, again, again=True, contact=False).recv("ACK")) as one,
    ):
        line = ours.dial(one.port, own_hosts=frozenset({"relay.example"}), may_follow=lambda _: True)
        await played(one)
        two = Script().recv("INVITE").reply(301, again, again=True, contact=False).recv("ACK")
        async with playing(two, port=one.port) as peer:
            assert await line.until(Ended) == Ended(301, False)
            await played(peer)


async def test_password_is_given_for_every_request_that_is_asked_for_it() -> None:
    script = (
        Script()
        .recv("INVITE")
        .reply(407, CHALLENGE, again=True)
        .recv("ACK")
        .answers(checks=("Proxy-[Aa]uthorization",))
    )
    script.recv("INVITE", "a=sendonly").reply(407, CHALLENGE, tagged=True, again=True).recv("ACK")
    script.takes_offer("a=sendonly", "Proxy-[Aa]uthorization: Digest", answer="recvonly")
    for method, kept in (("INFO", "Signal=5"), ("REFER", "Refer-[Tt]o: <sip:.33199000003"), ("BYE", "Reason: Q.850")):
        script.takes(method, code=407, headers=(CHALLENGE,))
        script.takes(method, "Proxy-[Aa]uthorization: Digest", kept, code=202 if method == "REFER" else 200)
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer, username="u1", password="secret")
        line.leg.hold(True)
        await until(lambda: "a=recvonly" in peer.messages(), 30)
        assert line.leg.press_by_info("5")
        await until(lambda: _proven("INFO", peer.messages()), 30)
        line.leg.refer("+33199000003")
        await until(lambda: _proven("REFER", peer.messages()), 30)
        line.leg.hang_up()
        await played(peer)
        messages = peer.messages()
    for method in ("INFO", "REFER", "BYE"):
        found = [
            re.search(rf"^{method} (\S+) SIP[^\0]*?uthorization: Digest ([^\r\n]*)", part, re.M)
            for part in _split(messages)
        ]
        uri, text = next(match.groups() for match in found if match)
        fields = dict(re.findall(r'(\w+)="?([^",]+)', text))
        secret, what = (
            hashlib.md5(part.encode()).hexdigest() for part in ("u1:trunk:secret", f"{method}:{fields['uri']}")
        )
        assert fields["uri"] == uri
        assert fields["response"] == hashlib.md5(f"{secret}:abc123:{what}".encode()).hexdigest()


def _proven(method: str, messages: str) -> bool:
    return any(f"{method} sip:" in part and "uthorization: Digest" in part for part in _split(messages))


def _split(messages: str) -> list[str]:
    return messages.replace("\r", "").split("-----------------------------------------------")


async def test_call_given_up_is_not_begun_again_by_a_challenge() -> None:
    script = Script().recv("INVITE", keep=True).reply(180).recv("CANCEL").reply(200)
    script.late_reply(407, CHALLENGE, to_tag="peer1").recv("ACK").pause(700)
    async with legs() as ours, playing(script) as peer:
        line = ours.dial(peer.port, username="u1", password="secret")
        await line.until(Ringing)
        line.leg.hang_up()
        await played(peer)
        assert peer.messages().count("INVITE sip:") == 1


async def test_second_telephone_that_answers_is_thanked_and_hung_up() -> None:
    script = Script().recv("INVITE", keep=True).reply(180).reply(200, body=sdp(), again=True).recv("ACK", "tag=peer1")
    script.late_reply(200, to_tag="other", body=sdp()).recv("ACK", "tag=other").recv("BYE", "tag=other").reply(
        200, tagged=True
    )
    script.takes("BYE", "tag=peer1")
    async with legs() as ours, playing(script) as peer:
        line = await answered(ours, peer)
        await until(lambda: "BYE sip:" in peer.messages(), 30)
        assert not line.all(Ended)
        line.leg.hang_up()
        await played(peer)


# --- calls to us --------------------------------------------------------------------------------------------


async def test_caller_hears_ringing_then_sound_then_the_answer() -> None:
    script = Script().call("P-Asserted-Identity: <tel:+33199000007>", body=sdp()).recv(100, optional=True).recv(180)
    script.recv(183, "a=sendrecv", "Contact:").recv(200, "a=sendrecv", "Allow: .*REFER", "Supported: .*replaces")
    script.pause(300).request("ACK").takes("BYE")  # not before the ACK

    async with legs(trunk="carrier") as ours:
        ours.on_incoming = lambda leg: leg.ring()
        async with playing(script, calls=ours.port) as caller:
            await until(lambda: bool(ours.incoming))
            line = ours.incoming[0]
            assert (line.leg.number, line.leg.caller, line.leg.peer_host) == (
                "+33199000010",
                "+33199000007",
                "127.0.0.1",
            )
            sound = audio()
            line.leg.early_media(sound)
            line.leg.answer(sound)
            assert [type(event) for event in line.events] == [EarlyMedia, Answered]
            line.leg.hang_up()
            await played(caller)
            descriptions = re.findall(r"o=- (\d+ \d+)", caller.messages())
            assert len(descriptions) == 2 and len(set(descriptions)) == 1


async def test_call_without_description_gets_our_offer_and_its_ack_answers() -> None:
    script = Script().call().recv(100, optional=True).recv(200, "m=audio [0-9]+ RTP/AVP .*101", "a=sendrecv")
    script.request("ACK", body=sdp("sendonly", port="50006")).asks("BYE", 200)
    silent = Script().call().recv(100, optional=True).recv(200).request("ACK").takes("BYE", "Reason: SIP; cause=488")
    async with legs() as ours, playing(script, calls=ours.port) as caller:
        await played(caller)
        line = ours.incoming[0]
        await line.until(Ended)
        assert line.all(Answered)[0].media.port == 50006
        assert line.all(Held) == [Held(True)]
        async with playing(silent, calls=ours.port) as other:
            await played(other)
            assert ours.incoming[1].events == [Ended(488, True)]


async def test_caller_who_gives_up_or_is_refused_is_told_to_the_listener() -> None:
    gives_up = Script().call(body=sdp()).recv(100, optional=True).recv(180).cancel(3)
    gives_up.recv(200).recv(487).refused_ack(6)
    refused = Script().call(body=sdp()).recv(100, optional=True).recv(603).refused_ack(2)
    unreadable = (
        Script().call(body=sdp().replace("m=audio", "m=video")).recv(100, optional=True).recv(488).refused_ack(2)
    )
    crossing = (
        Script().call(body=sdp()).recv(100, optional=True).recv(200).cancel(2).recv(481).request("ACK").asks("BYE", 200)
    )
    demanding = Script().call("Require: 100rel", body=sdp()).recv(100, optional=True).recv(420, "Unsupported: 100rel")
    demanding.refused_ack(2)
    able = Script().call("Supported: 100rel", body=sdp()).is_taken().asks("BYE", 200)
    async with legs() as ours:

        async def plays(script: Script) -> list[object]:
            async with playing(script, calls=ours.port) as caller:
                await played(caller)
            return list(ours.incoming[-1].events) if ours.incoming else []

        assert await plays(demanding) == []
        ours.on_incoming = lambda leg: leg.ring()
        assert await plays(gives_up) == [Ended(487, False)]
        ours.on_incoming = lambda leg: leg.reject(603, "Decline")
        assert await plays(refused) == [Ended(603, True)]
        ours.on_incoming = lambda leg: leg.answer(audio())
        assert await plays(unreadable) == [Ended(488, True)]
        for script in (crossing, able):
            await plays(script)
            await ours.incoming[-1].until(Ended)
            assert isinstance(ours.incoming[-1].events[0], Answered)
        assert len(ours.incoming) == 5


async def test_hidden_callers_stay_hidden() -> None:
    asserted = "P-Asserted-Identity: <sip:+33199000007@127.0.0.1>"
    hidden = Script().call(asserted, "Privacy: id", body=sdp()).is_taken().asks("BYE", 200)
    anonymous = Script().call(asserted, body=sdp(), from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    anonymous.is_taken().asks("BYE", 200)
    by_tel = Script().call(body=sdp(), from_="<tel:+33-199-000-008>").is_taken().asks("BYE", 200)
    untrusted = Script().call(asserted, body=sdp(), from_="<sip:0033199000009@[local_ip];user=phone>").is_taken()
    untrusted.asks("BYE", 200)
    async with legs() as ours:
        for script in (hidden, anonymous, by_tel, untrusted):
            async with playing(script, calls=ours.port) as caller:
                await played(caller)
        assert [line.leg.caller for line in ours.incoming] == [None, None, "+33199000008", "+33199000009"]


async def test_successor_ends_a_call_to_us_through_the_proxies_it_came_by() -> None:
    """The stored BYE has the route, tags and a CSeq beyond what the predecessor sent."""
    route = "Record-Route: <sip:127.0.0.1:[local_port];lr;here=1>"
    script = Script().call(route, body=sdp()).is_taken()
    script.takes_offer("a=sendonly", answer="recvonly")
    script.takes(
        "BYE", "Route: <sip:127.0.0.1:[0-9]*;here=1;lr>|Route: <sip:127.0.0.1:[0-9]*;lr;here=1>", "To: .*tag=peer1"
    )
    async with legs() as first, playing(script, calls=first.port) as caller:
        await until(lambda: bool(first.incoming) and bool(first.incoming[0].all(Answered)))
        line: Line = first.incoming[0]
        line.leg.hold(True)
        await line.until(MediaChanged)  # its ACK is out
        farewell = line.leg.farewell()
        assert farewell is not None
        async with legs() as second:
            second.stack.send_stored(farewell)
            await played(caller)
        numbers = [
            int(number) for number in re.findall(r"received[^\0]*?CSeq: (\d+) (?:INVITE|BYE)", caller.messages())
        ]
        assert numbers[-1] > numbers[-2] > 0
