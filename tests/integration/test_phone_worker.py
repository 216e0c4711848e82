"""The phone worker against real SIP peers: what signaling is told, who hears whom, and that no call is left up."""

import asyncio
import logging
import random
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from relay.control_messages import CloseCall, OpenLeg
from relay.errors import RelayError
from relay.model import Leg
from relay.phone import worker
from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.farewells import Envelope
from relay.phone_messages import Dial, HangUpPhone, HoldPhone, Keep, SendDtmf, SetPhoneAudio
from relay.registry import registered
from tests.helpers import phone_rig
from tests.helpers.phone_rig import CALL, Rig, Signaling, phone_worker, worker_config
from tests.helpers.ports import free_port
from tests.helpers.redis_server import redis_server
from tests.helpers.sip_peers import sipp, until

pytestmark = pytest.mark.integration
SECRET = "kept in a file"
RUNNER = """
import asyncio, signal, sys
from pathlib import Path
from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.worker import run

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    folder = Path(sys.argv[1])
    await run(PhoneWorkerConfig("phone-test", folder / "control.sock", folder / "audio.sock", redis_url=sys.argv[3],
        secret="kept in a file", sip_port=int(sys.argv[2]), rtp_ports=(int(sys.argv[4]), int(sys.argv[4]) + 19),
        trunk=TrunkConfig(port=int(sys.argv[5]))), stop)

asyncio.run(main())
"""


async def hang_up(rig: Rig) -> None:
    await rig.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))


# --- legs that nobody ends -----------------------------------------------------------------------------------


def impatient(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Workers of this test wait as long as said."""

    def config(folder: Path, trunk: TrunkConfig | None = None, redis_url: str | None = None) -> PhoneWorkerConfig:
        return replace(worker_config(folder, trunk, redis_url), **seconds)  # type: ignore[arg-type]

    monkeypatch.setattr(phone_rig, "worker_config", config)


@pytest.mark.parametrize(("scenario", "state"), [("answers", "answered"), ("rings", "ringing")])
async def test_leg_whose_owner_died_is_ended(scenario: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """BYE or CANCEL, as the dialog needs."""
    impatient(monkeypatch, unkept_after_s=2.0)
    async with phone_worker() as rig, sipp(scenario) as phone:
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("released")
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone() == ["trying", "ringing", *([state] if state == "answered" else []), "released"]


async def test_leg_whose_owner_keeps_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, unkept_after_s=4.0)
    async with phone_worker() as rig, sipp("answers", echo=True) as phone:
        nothing = await rig.signaling.ask(Keep(call_id=CALL, epoch=1))  # no error
        assert nothing.keys() == {"progress", "since"} and nothing["progress"] == "ended"
        await rig.dial(phone.uri)
        for _ in range(24):
            told = await rig.signaling.ask(Keep(call_id=CALL, epoch=1))
            await asyncio.sleep(0.25)
        assert told["progress"] == "answered" and told["attempt"]
        assert rig.signaling.phone() == ["trying", "ringing", "answered"]
        with pytest.raises(RelayError) as refused:
            await rig.signaling.ask(Keep(call_id=CALL, epoch=0))
        assert refused.value.code == "stale_epoch"
        await rig.signaling.until_phone("released")
        assert await phone.passed(), phone.why()


async def test_telephone_that_vanished_without_a_bye_has_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, rtp_timeout_s=2.5)
    async with phone_worker() as rig, sipp("answers", echo=True) as phone:
        rig.media.speaks = {"agent": 1000}
        await rig.hears({"phone": ("agent",), "agent": ("phone",)})
        await rig.dial(phone.uri)
        await until(lambda: rig.media.tones("agent") == {1000})
        phone._process.kill()
        await rig.signaling.until_phone("hung_up")
        assert rig.signaling.phone() == ["trying", "ringing", "answered", "hung_up"]


# --- rules of the worker ------------------------------------------------------------------------------------


async def test_worker_says_who_it_is_and_where_sound_goes() -> None:
    async with phone_worker() as rig:
        state = rig.signaling.greeting
        assert (state.worker_id, state.kind, state.load, state.calls) == ("phone-test", "phone", 0.0, ())
        assert state.datagram_socket == str(rig.config.audio_socket)


async def test_repeated_dial_changes_nothing_and_a_second_one_waits_for_the_end_of_the_first() -> None:
    async with phone_worker() as rig, sipp("rings") as first, sipp("busy") as second:
        await rig.dial(first.uri, "a")
        await rig.dial(first.uri, "a")
        await rig.signaling.until_phone("ringing")
        with pytest.raises(RelayError) as refused:
            await rig.dial(second.uri, "b")
        assert refused.value.code == "phone_busy"
        await hang_up(rig)
        await rig.dial(second.uri, "b")
        await rig.signaling.until_phone("busy", "b")
        await rig.dial(second.uri, "b")
        await rig.dial(first.uri, "a")
        assert await first.passed(), first.why()
        assert rig.signaling.phone("a") == ["trying", "ringing", "released"]
        assert rig.signaling.phone("b") == ["trying", "busy"]


async def test_stale_runner_is_refused_also_after_the_call_is_closed() -> None:
    async with phone_worker() as rig:
        await rig.signaling.ask(CloseCall(call_id=CALL, epoch=5))
        with pytest.raises(RelayError) as refused:
            await rig.dial("+33199000001", epoch=4)
        assert refused.value.code == "stale_epoch"


async def test_commands_that_make_no_sense_get_their_code() -> None:
    async with phone_worker() as rig:
        for command, code in (
            (HoldPhone(call_id=CALL, epoch=1, held=True), "unknown_leg"),
            (SendDtmf(call_id=CALL, epoch=1, digits="1"), "unknown_leg"),
            (OpenLeg(call_id=CALL, epoch=1, leg="agent", generation=1), "bad_command"),
        ):
            with pytest.raises(RelayError) as refused:
                await rig.signaling.ask(command)
            assert refused.value.code == code
        with pytest.raises(RelayError) as refused:
            await rig.dial("0199000001 ou 15")
        assert refused.value.code == "bad_target"
        await hang_up(rig)
        await rig.signaling.ask(CloseCall(call_id="never heard of", epoch=1))


async def test_taken_sip_port_is_told() -> None:
    async with phone_worker() as rig:
        with pytest.raises(OSError, match="in use"):
            await worker.run(rig.config, asyncio.Event())
        await hang_up(rig)  # the first one serves on


async def test_closing_the_call_hangs_up() -> None:
    async with phone_worker() as rig, sipp("answers") as phone:
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("answered")
        await rig.signaling.ask(CloseCall(call_id=CALL, epoch=1))
        assert await phone.passed(), phone.why()
        assert rig.signaling.phone()[-1] == "released"


@pytest.mark.parametrize("trunk", [TrunkConfig(host="no-such-trunk.invalid"), TrunkConfig(port=free_port())])
async def test_trunk_that_is_not_there_is_told_and_not_waited_for_ever(trunk: TrunkConfig) -> None:
    """Its name is unknown, or nobody answers there; a trunk that says 100 is given all its time."""
    async with phone_worker(trunk, no_response_s=2.0) as rig:
        await rig.dial("+33199000001")
        await rig.signaling.until_phone("trunk_failed")
        assert rig.signaling.phone() == ["trying", "trunk_failed"]


async def test_trunk_that_has_the_request_is_given_all_the_time_the_call_has() -> None:
    async with phone_worker(no_response_s=5.0) as rig, sipp("slow") as phone:
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("busy")
        assert await phone.passed(), phone.why()


async def test_two_calls_at_once_never_hear_each_other() -> None:
    async with phone_worker() as rig, sipp("answers", echo=True) as first, sipp("answers", echo=True) as second:
        other = rig.second_call("call-2", speaks={"agent": 1500})
        rig.media.speaks = {"agent": 1000}
        for media, phone in ((rig.media, first), (other, second)):
            ask = rig.signaling.ask
            hears: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}
            await ask(SetPhoneAudio(call_id=media.call_id, epoch=1, worker_socket=str(media.path), hears=hears))
            await ask(Dial(call_id=media.call_id, epoch=1, attempt=media.call_id, target=phone.uri))
        await until(lambda: rig.media.tones("agent") == {1000})
        await until(lambda: other.tones("agent") == {1500})
        await rig.signaling.ask(CloseCall(call_id="call-2", epoch=1))
        assert await second.passed(), second.why()
        assert rig.signaling.phone("call-1")[-1] == "answered"
        await rig.signaling.ask(CloseCall(call_id=CALL, epoch=1))
        assert await first.passed(), first.why()


async def test_full_worker_says_so() -> None:
    async with phone_worker(capacity=1) as rig, sipp("rings") as phone:
        await rig.dial(phone.uri)
        await rig.signaling.until_phone("ringing")
        with pytest.raises(RelayError) as refused:
            await rig.signaling.ask(Dial(call_id="call-2", epoch=1, attempt="b", target=phone.uri))
        assert refused.value.code == "no_capacity"
        late = Signaling()
        await late.connect(rig.config.control_socket)
        assert [call.call_id for call in late.greeting.calls] == [CALL], "what was refused leaves nothing behind"
        await late.close()
        await hang_up(rig)
        assert await phone.passed(), phone.why()


async def test_number_is_in_no_log_line_whatever_happens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with phone_worker() as rig, sipp("busy") as phone:
        await rig.dial(phone.uri.replace("bob", "+33199005678"), caller_id="+33199001234")
        await rig.signaling.until_phone("busy")
        await rig.dial("sip:+33199005678@no-such-host.invalid", "b")
        await rig.signaling.until_phone("trunk_failed", "b")
        for data in (
            b"INVITE sip:+33199005678@x SIP/2.0\r\nbroken\r\n\r\n" * 3,
            b"SIP/2.0 999999 +33199005678\r\n\r\n" * 9,
        ):
            _send(data, rig.config.sip_port)
    assert "phone leg ends" in caplog.text
    assert "199005678" not in caplog.text
    assert "199001234" not in caplog.text


# --- strangers at the SIP port ------------------------------------------------------------------------------


def _send(data: bytes, port: int, source: str = "127.0.0.1") -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((source, 0))
    sender.setblocking(False)
    sender.sendto(data, ("127.0.0.1", port))
    return sender


def request(method: str, port: int, extra: str = "", to_tag: str = "") -> bytes:
    return (
        f"{method} sip:x@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{len(extra)};rport\r\n"
        f"From: <sip:a@b.example>;tag=1\r\nTo: <sip:x@y.example>{to_tag}\r\nCall-ID: {method}{len(extra)}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:a@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


async def ask_sip(worker_port: int, data: bytes, source: str = "127.0.0.1") -> str:
    """:returns: the first line of the first answer; asks again until it comes, as a client would."""
    sender = _send(data, worker_port, source)
    try:
        async with asyncio.timeout(45):
            while True:
                try:
                    async with asyncio.timeout(0.5):
                        return (await asyncio.get_running_loop().sock_recv(sender, 4096)).decode().split("\r\n")[0]
                except TimeoutError:
                    sender.sendto(data, ("127.0.0.1", worker_port))
    finally:
        sender.close()


async def test_requests_outside_a_call_get_the_standard_answers() -> None:
    async with phone_worker() as rig:
        port = rig.config.sip_port
        assert await ask_sip(port, request("OPTIONS", port)) == "SIP/2.0 200 OK"
        assert "420" in await ask_sip(port, request("INVITE", port, "Require: teleport\r\n"))
        assert "481" in await ask_sip(port, request("BYE", port, to_tag=";tag=zz"))
        assert "405" in await ask_sip(port, request("MESSAGE", port))
        assert "501" in await ask_sip(port, request("TELEPORT", port))


async def test_host_that_is_no_peer_gets_no_answer() -> None:
    async with phone_worker() as rig:
        port = rig.config.sip_port
        stranger = _send(request("OPTIONS", port, "X-Stranger: 1\r\n"), port, "127.0.0.2")
        assert await ask_sip(port, request("OPTIONS", port)) == "SIP/2.0 200 OK"  # ours came after and is answered
        with pytest.raises(BlockingIOError):
            stranger.recv(4096)
        stranger.close()


async def test_garbage_neither_stops_the_worker_nor_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(1)
    async with phone_worker() as rig:
        port = rig.config.sip_port
        whole = request("INVITE", port, "X-Number: +33199005678\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for index in range(500):
                data = bytearray(whole)
                for _ in range(chance.randint(1, 12)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                sender.sendto(bytes(data), ("127.0.0.1", port))
                if index % 50 == 0:
                    await asyncio.sleep(0.02)
        assert await ask_sip(port, request("OPTIONS", port)) == "SIP/2.0 200 OK"
    printed = capfd.readouterr()
    assert "199005678" not in printed.out + printed.err


# --- end and death of the process ---------------------------------------------------------------------------


async def start_worker(
    folder: Path, sip_port: int, redis_url: str, rtp_port: int, *, trunk: int = 5060
) -> asyncio.subprocess.Process:
    """:param trunk: its port, on loopback."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUNNER, str(folder), str(sip_port), redis_url, str(rtp_port), str(trunk)
    )


async def farewells(client: Redis) -> list[str]:
    """What the worker has ready to say: the first words."""
    envelope, entries = Envelope(SECRET), await client.hvals("passerelle:phone:farewell:phone-test")
    return [request.text.split(" ")[0] for request in map(envelope.open, entries) if request is not None]


@pytest.mark.parametrize("scenario", ["answers", "orphaned"])
async def test_killed_worker_comes_back_and_ends_the_calls_it_had(scenario: str) -> None:
    """BYE for an answered call, CANCEL for one that rings; Redis never holds a number that can be read."""
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = worker_config(folder)
    try:
        async with redis_server() as redis, redis.client() as client, sipp(scenario) as phone:
            first = await start_worker(folder, config.sip_port, redis.url, config.rtp_ports[0])
            signaling = Signaling()
            await signaling.connect(config.control_socket)
            rig_dial = Rig(folder, config)
            rig_dial.signaling = signaling
            await rig_dial.dial(phone.uri.replace("bob", "+33199005678"))
            await signaling.until_phone("answered" if scenario == "answers" else "ringing")
            await until_async(lambda: farewells(client), ["BYE" if scenario == "answers" else "CANCEL"])
            assert all(b"5678" not in entry for entry in await client.hvals("passerelle:phone:farewell:phone-test"))
            assert [entry.kind for entry in await registered(client, "phone")] == ["phone"]
            first.send_signal(signal.SIGKILL)
            await first.wait()
            second = await start_worker(folder, config.sip_port, redis.url, config.rtp_ports[0])
            try:
                assert await phone.passed(), phone.why()
                await until_async(lambda: client.hlen("passerelle:phone:farewell:phone-test"), 0)
            finally:
                second.terminate()
                assert await asyncio.wait_for(second.wait(), 45) == 0
                await signaling.close()
                await rig_dial.media.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_stopped_worker_says_goodbye_and_leaves_nothing_behind() -> None:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = worker_config(folder)
    try:
        async with redis_server() as redis, redis.client() as client, sipp("answers") as phone:
            process = await start_worker(folder, config.sip_port, redis.url, config.rtp_ports[0])
            rig = Rig(folder, config)
            await rig.signaling.connect(config.control_socket)
            await rig.dial(phone.uri)
            await rig.signaling.until_phone("answered")
            process.terminate()
            assert await phone.passed(), phone.why()
            assert await asyncio.wait_for(process.wait(), 45) == 0
            assert not await client.keys("passerelle:phone:*")
            assert not await registered(client, "phone")
            assert not config.control_socket.exists()
            await rig.signaling.close()
            await rig.media.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_call_goes_on_without_redis() -> None:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = worker_config(folder)
    try:
        async with sipp("answers") as phone:
            process = await start_worker(folder, config.sip_port, f"unix://{folder}/nobody.sock", config.rtp_ports[0])
            rig = Rig(folder, config)
            await rig.signaling.connect(config.control_socket)
            await rig.dial(phone.uri)
            await rig.signaling.until_phone("answered")
            await hang_up(rig)
            assert await phone.passed(), phone.why()
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 45) == 0
            await rig.signaling.close()
            await rig.media.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def until_async(ask: "object", wanted: object) -> None:
    async with asyncio.timeout(45):
        while await ask() != wanted:  # type: ignore[operator]
            await asyncio.sleep(0.05)
