"""Who is answered at the SIP port, over every transport, and what a flood gets."""

import asyncio
import contextlib
import hashlib
import re
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.phone.config import TrunkConfig
from relay.phone_messages import HangUpPhone, PhoneIncoming, PlayAnnouncement, TakeIncoming
from tests.helpers.phone_rig import Rig, phone_worker
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import self_signed, until

pytestmark = pytest.mark.integration
DEADLINE_S = 45.0


def request(method: str, call: str, *, transport: str = "UDP", more: str = "") -> bytes:
    return (
        f"{method} sip:+33199000001@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} 127.0.0.1:9;branch=z9hG4bK{call}{len(more)};rport\r\n"
        f"From: <sip:+33199000002@127.0.0.1>;tag={call}\r\nTo: <sip:+33199000001@127.0.0.1>\r\nCall-ID: {call}\r\n"
        f"CSeq: {1 + len(more)} {method}\r\nContact: <sip:a@127.0.0.1:9>\r\nMax-Forwards: 70\r\n{more}"
        "Content-Length: 0\r\n\r\n"
    ).encode()


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.bind(("127.0.0.1", 0))
        yield asking


async def final(asking: socket.socket, rig: Rig, data: bytes) -> str:
    """:returns: the first answer of 200 or above, asked for again until it comes."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(DEADLINE_S):
        while True:
            asking.sendto(data, ("127.0.0.1", rig.config.sip_port))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while True:
                        text = (await loop.sock_recv(asking, 65_535)).decode()
                        if not text.startswith("SIP/2.0 1"):
                            return text


def incoming(rig: Rig) -> list[PhoneIncoming]:
    return [event for event in rig.signaling.events if isinstance(event, PhoneIncoming)]


async def test_options_says_what_we_can_and_other_methods_are_refused_by_name() -> None:
    async with phone_worker() as rig, client() as asking:
        answer = await final(asking, rig, request("OPTIONS", "a"))
        assert answer.startswith("SIP/2.0 200")
        assert re.search(r"(?m)^Allow: .*INVITE.*BYE", answer)
        assert "\r\nAccept: application/sdp\r\n" in answer
        refused = await final(asking, rig, request("REGISTER", "b"))
        assert refused.startswith("SIP/2.0 405")
        assert "\r\nAllow: " in refused
        assert (await final(asking, rig, request("FOO", "c"))).startswith("SIP/2.0 501")


async def test_peers_are_served_over_tcp_and_strangers_are_hung_up_on() -> None:
    async with phone_worker() as rig:
        address = ("127.0.0.1", rig.config.sip_port)
        async with asyncio.timeout(DEADLINE_S):
            reader, writer = await asyncio.open_connection(*address, local_addr=("127.0.0.2", 0))
            with contextlib.suppress(ConnectionError):
                writer.write(request("OPTIONS", "a", transport="TCP"))
                assert await reader.read() == b""
            writer.close()
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.write(request("OPTIONS", "b", transport="TCP") * 2)  # two in one packet, and their answers
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200")
            writer.close()


async def test_peers_connect_by_tls_to_the_certificate_that_is_configured(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    tls_port = free_port()
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with (
        phone_worker(sip_certificate=certificate, sip_key=certificate, sip_tls_port=tls_port),
        asyncio.timeout(DEADLINE_S),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", tls_port, ssl=trusting)
        writer.write(request("OPTIONS", "a", transport="TLS"))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"SIP/2.0 200")
        writer.close()


def _hash(name: str, text: str) -> str:
    return hashlib.new(name, text.encode()).hexdigest()


def authorization(challenge: str, password: str) -> str:
    """:param challenge: the answer 401 with both algorithms."""
    parts = re.findall(r'WWW-Authenticate: Digest realm="(.*?)",nonce="(.*?)",algorithm=(.*?),qop="auth"', challenge)
    assert [algorithm for _, _, algorithm in parts] == ["SHA-256", "MD5"]
    realm, nonce, _ = parts[0]
    uri = "sip:+33199000001@127.0.0.1"
    secret = _hash("sha256", f"pbx:{realm}:{password}")
    response = _hash("sha256", f"{secret}:{nonce}:00000001:abcd:auth:" + _hash("sha256", f"INVITE:{uri}"))
    return (
        f'Authorization: Digest username="pbx",realm="{realm}",nonce="{nonce}",uri="{uri}",response="{response}",'
        'algorithm=SHA-256,qop=auth,nc=00000001,cnonce="abcd"\r\n'
    )


async def test_trunk_that_must_prove_itself_rings_only_with_the_right_password() -> None:
    trunk = TrunkConfig(name="pbx", username="pbx", password="right", incoming_auth=True, port=free_port())
    async with phone_worker(trunk) as rig, client() as asking:
        challenge = await final(asking, rig, request("INVITE", "a"))
        assert challenge.startswith("SIP/2.0 401")
        wrong = await final(asking, rig, request("INVITE", "b", more=authorization(challenge, "wrong")))
        assert wrong.startswith("SIP/2.0 401")
        broken = await final(asking, rig, request("INVITE", "c", more="Authorization: Digest nonsense=\r\n"))
        assert broken.startswith("SIP/2.0 4")
        assert not incoming(rig)
        right = request("INVITE", "d", more=authorization(challenge, "right"))
        asking.sendto(right, ("127.0.0.1", rig.config.sip_port))
        await until(lambda: bool(incoming(rig)))
        assert incoming(rig)[0].trunk == "pbx"


async def test_more_calls_than_may_ring_at_once_are_sent_elsewhere() -> None:
    async with phone_worker(incoming_limit=3, taken_within_s=60) as rig, client() as asking:
        for number in range(3):
            asking.sendto(request("INVITE", f"ring{number}"), ("127.0.0.1", rig.config.sip_port))
        await until(lambda: len(incoming(rig)) == 3)
        async with asyncio.timeout(DEADLINE_S):
            answer = await final(asking, rig, request("INVITE", "fourth"))
        assert answer.startswith("SIP/2.0 503")
        assert "\r\nretry-after: " in answer.lower()
        assert len(incoming(rig)) == 3


async def test_way_through_the_firewall_is_kept_open() -> None:
    async with client() as trunk:
        config = TrunkConfig(port=trunk.getsockname()[1], keep_alive_s=0.05)
        async with phone_worker(config), asyncio.timeout(DEADLINE_S):
            loop = asyncio.get_running_loop()
            assert await loop.sock_recv(trunk, 100) == b"\r\n\r\n"
            assert await loop.sock_recv(trunk, 100) == b"\r\n\r\n"


async def test_no_sound_goes_to_whom_a_forged_call_names() -> None:
    """Whoever writes a peer's address into a datagram does not get our answer, hence knows no tag for the ACK."""
    async with phone_worker() as rig, client() as asking, client() as named, asyncio.timeout(2 * DEADLINE_S):
        loop, port = asyncio.get_running_loop(), named.getsockname()[1]
        offer = f"v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        head = request("INVITE", "forged").decode()
        head = head.replace("Content-Length: 0", f"Content-Type: application/sdp\r\nContent-Length: {len(offer)}")
        asking.sendto((head + offer).encode(), ("127.0.0.1", rig.config.sip_port))
        await until(lambda: bool(incoming(rig)))
        (call,) = incoming(rig)
        await rig.signaling.ask(TakeIncoming(call_id=call.call_id, epoch=1, attempt="a"))
        await rig.signaling.until_phone("answered", "a")
        await rig.signaling.ask(PlayAnnouncement(call_id=call.call_id, epoch=1, name="ringing", every_s=1.0))
        answers: list[str] = []
        while len(answers) < 3:  # said again after 0.5 s and after 1 s more
            answers += [text for text in [(await loop.sock_recv(asking, 65_535)).decode()] if " 200 " in text[:12]]
        with pytest.raises(BlockingIOError):
            named.recv(2048)
        to = re.search(r"(?m)^To: .*$", answers[0])
        ack = request("ACK", "forged").decode().replace("To: <sip:+33199000001@127.0.0.1>", to[0].strip() if to else "")
        asking.sendto(ack.encode(), ("127.0.0.1", rig.config.sip_port))
        assert len(await loop.sock_recv(named, 2048)) == 172, "sound at last"


async def test_flood_of_a_peer_leaves_other_calls_their_answers() -> None:
    async with phone_worker(TrunkConfig(known_hosts=("127.0.0.0/28",))) as rig, client() as asking:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            flood.bind(("127.0.0.3", 0))
            for number in range(2000):
                flood.sendto(request("INVITE", f"flood{number}"), ("127.0.0.1", rig.config.sip_port))
            assert (await final(asking, rig, request("OPTIONS", "a"))).startswith("SIP/2.0 200")
        assert len(incoming(rig)) <= rig.config.incoming_limit


async def test_connection_of_a_peer_that_says_so_is_used_for_our_requests_too() -> None:
    async with phone_worker() as rig, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.config.sip_port)
        elsewhere = free_port()  # where nobody listens
        offer = "v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
        invite = request("INVITE", "a", transport="TCP").decode().replace(";rport", ";alias;rport")
        invite = invite.replace("127.0.0.1:9", f"127.0.0.1:{elsewhere}").replace(
            f"{elsewhere}>", f"{elsewhere};transport=tcp>"
        )
        head = invite.replace("Content-Length: 0", f"Content-Type: application/sdp\r\nContent-Length: {len(offer)}")
        writer.write((head + offer).encode())
        await until(lambda: bool(incoming(rig)))
        (call,) = incoming(rig)
        await rig.signaling.ask(TakeIncoming(call_id=call.call_id, epoch=1, attempt="a"))
        answer = ""
        while not answer.startswith("SIP/2.0 200"):
            answer = await _message(reader)
        to = re.search(r"(?m)^To: .*$", answer)
        ack = (
            request("ACK", "a", transport="TCP")
            .decode()
            .replace("To: <sip:+33199000001@127.0.0.1>", to[0].strip() if to else "")
        )
        writer.write(ack.encode())
        await rig.signaling.ask(HangUpPhone(call_id=call.call_id, epoch=1))
        assert (await _message(reader)).startswith("BYE sip:a@127.0.0.1")
        writer.close()


async def _message(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = re.search(r"(?mi)^Content-Length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    return head
