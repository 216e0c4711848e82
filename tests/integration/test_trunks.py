"""Real trunks: Kamailio over UDP, TCP and TLS, dead and full ones, SRV records of a real DNS server, IPv6."""

import asyncio
import contextlib
import re
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay.control_messages import WorkerState
from relay.phone.config import TrunkConfig
from relay.phone.leg import Transport
from relay.phone_messages import HangUpPhone, PhoneIncoming
from signaling.trunk_check import call_number, call_ourselves, check_accounts
from tests.helpers.dns_server import DnsServer
from tests.helpers.kamailio import LACKING, PROGRAM, USER, kamailio
from tests.helpers.phone_rig import CALL, Rig, phone_worker, worker_config
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import UdpPeer, baresip, self_signed, sipp, until

pytestmark = pytest.mark.integration
needs_kamailio = pytest.mark.skipif(PROGRAM is None, reason=LACKING)


async def hang_up(rig: Rig) -> None:
    await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))


@needs_kamailio
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_calls_go_both_ways_through_a_trunk_that_we_are_registered_at(transport: Transport) -> None:
    port = free_port()
    async with sipp("behind_proxy", port=port) as phone, kamailio(callee=port) as trunk:
        async with phone_worker(trunk.trunk(transport)) as rig:
            async with asyncio.timeout(30):
                while not await trunk.knows_us():
                    await asyncio.sleep(0.1)
            await trunk.ask("INVITE", USER)
            await until(lambda: any(isinstance(event, PhoneIncoming) for event in rig.signaling.events))
            told = next(event for event in rig.signaling.events if isinstance(event, PhoneIncoming))
            assert told.trunk == "kamailio"
            await rig.dial("+33199000001")
            await rig.signaling.until_phone("answered")
            await hang_up(rig)
            assert await phone.passed(), phone.why()
            assert "ACK sip:callee@" in phone.messages()
            assert f"Via: SIP/2.0/{transport.upper()} 127.0.0.1" in phone.messages(), "it came by another transport"
        assert not await trunk.knows_us(), "the trunk still believes that we are there"


class FullTrunk(UdpPeer):
    """Answers every INVITE with 503 and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: set[str] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if text.startswith("INVITE"):
            self.calls.add(next(line for line in text.split("\r\n") if line.lower().startswith("call-id")))
            self.answer(text, addr, "503 Service Unavailable", "Retry-After: 60")


@contextlib.asynccontextmanager
async def full_trunk() -> AsyncIterator[FullTrunk]:
    trunk = FullTrunk()
    await trunk.start()
    try:
        yield trunk
    finally:
        trunk.close()


async def test_call_finds_its_way_past_trunks_that_are_dead_full_or_strange(tmp_path: Path) -> None:
    async with full_trunk() as full, sipp("answers") as phone, sipp("answers") as again:
        strange = baresip(certificate=self_signed(tmp_path))  # its certificate is signed by nobody we trust
        async with strange as unverified:
            trunks = (
                TrunkConfig(name="nameless", host="no-such-trunk.invalid", priority=1),
                TrunkConfig(name="closed", port=free_port(), transport="tcp", priority=2),
                TrunkConfig(name="strange", port=unverified.port + 1, transport="tls", priority=3),
                TrunkConfig(name="full", port=full.port, priority=4),
                TrunkConfig(name="good", port=phone.port, priority=5),
                TrunkConfig(name="spare", port=again.port, priority=6),
            )
            async with phone_worker(trunks=trunks, no_response_s=4.0) as rig:
                await rig.dial("+33199000001")
                await rig.signaling.until_phone("answered")
                await hang_up(rig)
                assert await phone.passed(), phone.why()
                assert len(full.calls) == 1
                await rig.dial("+33199000001", "b")  # "good" is gone and silent: the next one takes the call
                await rig.signaling.until_phone("answered", "b")
                await hang_up(rig)
                assert await again.passed(), again.why()
                assert len(full.calls) == 1, "a trunk that asked for rest was called again"
                up = {label for label, is_up in _state(rig).trunks.items() if is_up}
                assert up == {"spare"}, "the others have failed"


async def test_refusal_by_the_one_who_is_called_is_not_taken_to_the_next_trunk() -> None:
    async with full_trunk() as spare, sipp("busy") as phone:
        trunks = (
            TrunkConfig(name="a", port=phone.port, priority=1),
            TrunkConfig(name="b", port=spare.port, priority=2),
        )
        async with phone_worker(trunks=trunks) as rig:
            await rig.dial("+33199000001")
            await rig.signaling.until_phone("busy")
            assert not spare.calls


async def test_servers_of_a_trunk_are_found_by_srv_records_and_tried_in_their_order() -> None:
    async with full_trunk() as first, sipp("answers") as second:
        server = DnsServer(
            {
                ("_sip._udp.trunk.example", "SRV"): [
                    f"20 0 {second.port} b.trunk.example.",
                    f"10 0 {first.port} a.trunk.example.",
                ],
                ("a.trunk.example", "A"): ["127.0.0.1"],
                ("b.trunk.example", "A"): ["127.0.0.1"],
            }
        )
        host, port = await server.start()
        try:
            trunk = TrunkConfig(host="trunk.example", port=0)
            async with phone_worker(trunk, dns_servers=(f"{host}:{port}",)) as rig:
                await rig.dial("+33199000001")
                await rig.signaling.until_phone("answered")
                await hang_up(rig)
                assert await second.passed(), second.why()
                assert len(first.calls) == 1
                assert "INVITE sip:+33199000001@trunk.example;user=phone" in second.messages()
        finally:
            server.close()


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_call_over_ipv6_beside_ipv4() -> None:
    async with (
        sipp("answers_v6", host="::1") as phone,
        sipp("answers") as old,
        phone_worker(sip_host_2="::1") as rig,
    ):
        await rig.dial(f"sip:bob@[::1]:{phone.port}")
        await rig.signaling.until_phone("answered")
        await hang_up(rig)
        assert await phone.passed(), phone.why()
        assert "c=IN IP6 ::1" in phone.messages()
        assert f"Via: SIP/2.0/UDP [::1]:{rig.config.sip_port}" in phone.messages()
        await rig.dial(old.uri, "b")
        await rig.signaling.until_phone("answered", "b")
        await hang_up(rig)
        assert await old.passed(), old.why()


class Registrar(UdpPeer):
    """Answers REGISTER with what it is given, one after the other, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self.requests: list[str] = []
        self._answers = list(answers)
        self._given: dict[str, str] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if not text.startswith("REGISTER"):
            return
        cseq = re.search(r"CSeq: (\d+)", text)
        number = cseq[1] if cseq else ""
        if number not in self._given:  # else sent again
            self.requests.append(text)
            self._given[number] = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.answer(text, addr, *self._given[number].split("\n"))


def _state(rig: Rig) -> WorkerState:
    return [event for event in rig.signaling.events if isinstance(event, WorkerState)][-1]


def _notice(rig: Rig) -> str | None:
    return _state(rig).notice


async def test_registration_follows_what_the_trunk_asks_for_and_ends_with_us() -> None:
    challenge = 'WWW-Authenticate: Digest realm="r",nonce="{}",algorithm=SHA-256,qop="auth"'
    registrar = Registrar(
        "401 Unauthorized\n" + challenge.format("n1"),
        "401 Unauthorized\n" + challenge.format("n2") + ",stale=true",
        "423 Interval Too Brief\nMin-Expires: 600",
        "200 OK\nExpires: 600",
    )
    await registrar.start()
    trunk = TrunkConfig(name="pbx", port=registrar.port, username="u", password="p", register=True)
    try:
        async with phone_worker(trunk) as rig:
            await until(lambda: _notice(rig) is None, 30)
            assert [re.findall(r"(?m)^Expires: (\d+)", text) for text in registrar.requests] == [
                ["300"],
                ["300"],
                ["300"],
                ["600"],
            ]
            assert 'nonce="n2"' in registrar.requests[2]
            assert "algorithm=SHA-256" in registrar.requests[2]
            assert "Contact: <sip:passerelle@127.0.0.1:" in registrar.requests[0]
        assert "\r\nExpires: 0\r\n" in registrar.requests[-1]
    finally:
        registrar.close()


async def test_trunk_that_refuses_us_is_told_by_name_and_not_asked_all_the_time() -> None:
    registrar = Registrar("403 Forbidden")
    await registrar.start()
    trunk = TrunkConfig(name="pbx", port=registrar.port, username="u", password="p", register=True)
    try:
        async with phone_worker(trunk) as rig:
            await until(lambda: bool(registrar.requests))
            assert _notice(rig) == "trunk_unregistered: pbx"
            assert len(registrar.requests) == 1
            assert _state(rig).trunks == {"pbx": False}
    finally:
        registrar.close()


@needs_kamailio
async def test_doctor_tells_a_wrong_password_from_a_right_one_and_whether_sound_comes_back() -> None:
    port = free_port()
    async with sipp("behind_proxy", port=port, echo=True) as phone, kamailio(callee=port) as kam:
        with tempfile.TemporaryDirectory(prefix="psr-") as name:
            right = worker_config(Path(name), kam.trunk("udp"))
            wrong = replace(right, trunk=replace(right.trunk, password="wrong"))
            (step,) = await check_accounts(wrong)
            assert not step.is_good
            assert "mot de passe" in step.words
            (step,) = await check_accounts(right)
            assert step.is_good
            assert not await kam.knows_us(), "asking has registered us"
            step = await call_number(right, "+33199000001")
            assert step.is_good, step.words
            assert "son arrive" in step.words
            assert await phone.passed(), phone.why()


async def test_doctor_calls_our_own_number_and_takes_nothing_but_an_answer_with_sound_for_an_answer() -> None:
    with tempfile.TemporaryDirectory(prefix="psr-") as name:
        async with sipp("answers", echo=True) as phone:
            config = worker_config(Path(name), TrunkConfig(port=phone.port))
            step = await call_ourselves(config, ("+33199000000",))
            assert step.is_good, step.words
        async with sipp("busy") as phone:
            config = worker_config(Path(name), TrunkConfig(port=phone.port))
            step = await call_ourselves(config, ("+33199000000",))
            assert not step.is_good
            assert "le service tourne-t-il" in step.words
        step = await call_ourselves(config, ())
        assert "front_numbers" in step.words
