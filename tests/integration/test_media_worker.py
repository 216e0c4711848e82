"""
A real media worker with real aiortc participants: who sees whom by the code in the picture, who hears whom by tones,
who reads whom, and that nothing leaks into another call.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from av import AudioCodecContext, AudioFrame
from av.packet import Packet
from redis.asyncio import Redis

from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import (
    AnswerLeg,
    AnyEvent,
    CloseCall,
    CloseLeg,
    LegState,
    LegStatsEvent,
    OpenLeg,
    UpdateCall,
    WorkerState,
)
from relay.datagram import Datagram, Kind, call_key, pack, unpack
from relay.errors import RelayError
from relay.media_code import tone
from relay.model import CallPlan, IceServer, LegConnection, Tap, WebLeg
from relay.phone_messages import HangUpPhone
from relay.registry import Registration, registered
from relay.worker import run
from tests.helpers.packets import header_of, rtp
from tests.helpers.peers import CodedPeer, until
from tests.helpers.taps import decode_tap, packets_of

pytestmark = pytest.mark.integration

SIGNER_HZ, AGENT_HZ, PHONE_HZ = 440.0, 880.0, 1320.0
TALK = CallPlan(bridged=True, signer_voice=True, signer_hearing=True)


class Harness:
    """A worker, one control connection to it, and the participants of this test."""

    def __init__(self, directory: Path, drain_s: float = 0.0) -> None:
        self.config = MediaWorkerConfig(
            "test",
            directory / "control",
            directory / "audio",
            capacity=3,
            stats_period_s=0.5,
            silence_sending_s=1.0,
            drain_s=drain_s,
        )
        self.directory = directory
        self.events: list[AnyEvent] = []
        self.client = ControlClient(self.events.append, lambda: None)
        self.peers: list[CodedPeer] = []

    async def connect(self) -> None:
        await until(self.config.control_socket.exists, "the control socket")
        await self.client.connect(self.config.control_socket)

    async def join(self, call_id: str, leg: WebLeg, peer: CodedPeer, generation: int = 1, epoch: int = 1) -> None:
        self.peers.append(peer)
        opened = await self.client.request(OpenLeg(call_id=call_id, epoch=epoch, leg=leg, generation=generation))
        answer = await peer.media.answer(opened["sdp"])
        await self.client.request(AnswerLeg(call_id=call_id, epoch=epoch, leg=leg, generation=generation, sdp=answer))
        await peer.media.wait_connected()
        await until(lambda: self.state_of(call_id, leg, generation) == "connected", f"{leg} connected")

    async def plan(self, call_id: str, plan: CallPlan, epoch: int = 1) -> None:
        await self.client.request(UpdateCall(call_id=call_id, epoch=epoch, plan=plan))

    async def call(self, call_id: str, first: int = 1, *, plan: CallPlan = TALK) -> tuple[CodedPeer, CodedPeer]:
        """:param first: the signer's number; the agent's is the next."""
        signer, agent = CodedPeer(first, SIGNER_HZ), CodedPeer(first + 1, AGENT_HZ)
        await self.join(call_id, "signer", signer)
        await self.join(call_id, "agent", agent)
        await self.plan(call_id, plan)
        return signer, agent

    def state_of(self, call_id: str, leg: WebLeg, generation: int) -> LegConnection | None:
        states = [
            event.state
            for event in self.events
            if isinstance(event, LegState)
            and (event.call_id, event.leg, event.generation) == (call_id, leg, generation)
        ]
        return states[-1] if states else None

    async def refused(self, command: Any) -> str:
        with pytest.raises(RelayError) as caught:
            await self.client.request(command)
        return caught.value.code

    async def close(self) -> None:
        await asyncio.gather(*(peer.media.close() for peer in self.peers), return_exceptions=True)
        await self.client.close()


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    harness = Harness(directory)
    stop = asyncio.Event()
    worker = asyncio.create_task(run(harness.config, stop))
    await harness.connect()
    yield harness
    await harness.close()
    stop.set()
    await asyncio.wait_for(worker, 45)
    assert not harness.config.control_socket.exists()
    shutil.rmtree(directory)


def sees_only(viewer: CodedPeer, participant: int) -> bool:
    return set(viewer.seen_participants()) == {participant} and len(viewer.seen) >= 5


async def test_signer_and_agent_see_hear_and_read_each_other_and_nobody_else(harness: Harness) -> None:
    (signer, agent), (other_signer, other_agent) = await harness.call("one", 1), await harness.call("two", 11)
    signer.media.send_text("bonjour é 🤟")
    agent.media.send_text("salut")
    await until(
        lambda: all(len(each.seen) >= 10 for each in (signer, agent, other_signer, other_agent)), "pictures for all"
    )
    assert sees_only(signer, 2) and sees_only(agent, 1)
    assert sees_only(other_signer, 12) and sees_only(other_agent, 11)
    await until(lambda: signer.hears(AGENT_HZ) and agent.hears(SIGNER_HZ), "voices")
    assert signer.heard_share(SIGNER_HZ) < 0.01
    await until(lambda: bool(signer.texts and agent.texts), "texts")
    assert (signer.texts, agent.texts) == ([("agent", "salut")], [("signer", "bonjour é 🤟")])
    assert other_signer.texts == other_agent.texts == []


async def test_nothing_passes_before_bridging_and_the_picture_comes_at_once(harness: Harness) -> None:
    signer, agent = await harness.call("c", plan=CallPlan())
    signer.media.send_text("too early")
    await until(lambda: any(isinstance(event, LegStatsEvent) for event in harness.events), "a measure")
    assert signer.pictures == agent.pictures == 0
    assert agent.texts == []
    await harness.plan("c", TALK)
    await until(lambda: bool(signer.seen and agent.seen), "the first picture")
    assert agent.texts == []


async def test_hidden_agent_is_not_seen_and_comes_back_without_a_broken_picture(harness: Harness) -> None:
    signer, agent = await harness.call("c")
    await until(lambda: sees_only(signer, 2), "the agent")
    await harness.plan("c", TALK.model_copy(update={"agent_hidden": True}))
    agent.forget()
    await until(lambda: sees_only(agent, 1), "the signer, still")
    seen = signer.pictures
    agent.forget()
    await until(lambda: sees_only(agent, 1), "the signer, still")
    assert signer.pictures - seen <= 1
    signer.forget()
    shown = signer.pictures
    await harness.plan("c", TALK)
    await until(lambda: sees_only(signer, 2), "the agent again")
    assert signer.pictures - shown == len(signer.seen)


async def test_signer_who_comes_back_is_seen_again_on_the_same_stream(harness: Harness) -> None:
    signer, agent = await harness.call("c")
    await until(lambda: sees_only(agent, 1), "the signer")
    agent.media.send_text("before ")
    await until(lambda: bool(signer.texts), "text")
    back = CodedPeer(3, PHONE_HZ)
    opened = await harness.client.request(OpenLeg(call_id="c", epoch=1, leg="signer", generation=2))
    agent.media.send_text("meanwhile")
    await signer.media.close()
    answer = await back.media.answer(opened["sdp"])
    harness.peers.append(back)
    await harness.client.request(AnswerLeg(call_id="c", epoch=1, leg="signer", generation=2, sdp=answer))
    agent.forget()
    await until(lambda: 3 in agent.seen_participants() and agent.hears(PHONE_HZ), "the signer's new connection")
    await until(lambda: sees_only(back, 2), "the agent")
    await until(lambda: back.text_from("agent") == "meanwhile", "what was written meanwhile")
    assert agent.media.state == "connected"


async def test_commands_are_idempotent_and_older_generations_refused(harness: Harness) -> None:
    first = await harness.client.request(OpenLeg(call_id="c", epoch=1, leg="signer", generation=2))
    again = await harness.client.request(OpenLeg(call_id="c", epoch=1, leg="signer", generation=2))
    assert first == again
    assert await harness.refused(OpenLeg(call_id="c", epoch=1, leg="signer", generation=1)) == "stale_generation"
    peer = CodedPeer(1, SIGNER_HZ)
    harness.peers.append(peer)
    answer = await peer.media.answer(first["sdp"])
    command = AnswerLeg(call_id="c", epoch=1, leg="signer", generation=2, sdp=answer)
    assert await harness.client.request(command) == {"sends": ["audio", "video"]}
    await peer.media.wait_connected()
    assert await harness.client.request(command) == {"sends": ["audio", "video"]}
    for generation, code in ((1, "stale_generation"), (3, "unknown_leg")):
        late = AnswerLeg(call_id="c", epoch=1, leg="signer", generation=generation, sdp=answer)
        assert await harness.refused(late) == code
    for command_twice in (CloseLeg(call_id="c", epoch=1, leg="signer"), CloseCall(call_id="c", epoch=1)):
        for _ in range(2):
            assert await harness.client.request(command_twice) == {}
    assert await harness.refused(CloseLeg(call_id="c", epoch=1, leg="signer")) == "unknown_call"


async def test_runner_that_no_longer_owns_the_call_is_refused(harness: Harness) -> None:
    await harness.plan("c", CallPlan(), epoch=5)
    assert await harness.refused(UpdateCall(call_id="c", epoch=4, plan=TALK)) == "stale_epoch"
    assert await harness.refused(OpenLeg(call_id="c", epoch=4, leg="signer", generation=1)) == "stale_epoch"
    assert await harness.refused(CloseCall(call_id="c", epoch=4)) == "stale_epoch"
    await harness.client.request(CloseCall(call_id="c", epoch=6))
    assert await harness.refused(UpdateCall(call_id="c", epoch=5, plan=TALK)) == "stale_epoch"
    assert await harness.refused(CloseCall(call_id="c", epoch=5)) == "stale_epoch"


async def test_useless_commands_are_refused_and_hurt_nobody(harness: Harness) -> None:
    signer, agent = await harness.call("good")
    await harness.client.request(OpenLeg(call_id="bad", epoch=1, leg="signer", generation=1))
    for sdp in ("", "garbage", "v=0\r\nm=audio"):
        answer = AnswerLeg(call_id="bad", epoch=1, leg="signer", generation=1, sdp=sdp)
        assert await harness.refused(answer) == "bad_sdp"
    assert await harness.refused(AnswerLeg(call_id="no", epoch=1, leg="agent", generation=1, sdp="")) == "unknown_call"
    assert await harness.refused(AnswerLeg(call_id="bad", epoch=1, leg="agent", generation=1, sdp="")) == "unknown_leg"
    assert await harness.refused(HangUpPhone(call_id="bad", epoch=1)) == "wrong_worker"
    broken = OpenLeg(call_id="bad", epoch=1, leg="agent", generation=1, ice_servers=(IceServer(urls=("what?",)),))
    assert await harness.refused(broken) == "bad_ice_server"
    await harness.plan("third", CallPlan())
    assert await harness.refused(UpdateCall(call_id="fourth", epoch=1, plan=TALK)) == "at_capacity"
    signer.forget()
    agent.forget()
    await until(lambda: sees_only(signer, 2) and sees_only(agent, 1), "the good call goes on")


async def test_person_without_camera_and_microphone_still_sees_and_writes(harness: Harness) -> None:
    silent, agent = CodedPeer(1, SIGNER_HZ, has_camera=False, has_microphone=False), CodedPeer(2, AGENT_HZ)
    await harness.join("c", "signer", silent)
    await harness.join("c", "agent", agent)
    await harness.plan("c", TALK)
    await until(lambda: sees_only(silent, 2) and silent.hears(AGENT_HZ), "the agent")
    silent.media.send_text("no camera")
    await until(lambda: agent.texts == [("signer", "no camera")], "text")
    assert agent.pictures == 0


async def test_mute_and_hearing_follow_the_plan(harness: Harness) -> None:
    signer, agent = await harness.call("c")
    await until(lambda: signer.hears(AGENT_HZ) and agent.hears(SIGNER_HZ), "voices")
    await harness.plan("c", TALK.model_copy(update={"signer_muted": True, "signer_hearing": False}))
    signer.forget()
    agent.forget()
    await until(lambda: sees_only(signer, 2) and sees_only(agent, 1), "pictures go on")
    assert signer.heard_share(AGENT_HZ) == agent.heard_share(SIGNER_HZ) == 0.0


async def test_leg_that_leaves_or_falls_silent_is_told(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.2)
    signer, agent = await harness.call("c")
    await signer.media.close()
    await until(lambda: harness.state_of("c", "signer", 1) == "closed", "signer closed")
    assert harness.state_of("c", "agent", 1) == "connected"
    await until(lambda: any(isinstance(event, LegStatsEvent) for event in harness.events), "measures")
    silence(agent)
    await until(lambda: harness.state_of("c", "agent", 1) == "disconnected", "agent silent")
    await until(lambda: harness.state_of("c", "agent", 1) == "closed", "agent given up", timeout_s=30)


def silence(peer: CodedPeer) -> None:
    """Its network is gone: nothing it sends leaves any more."""
    connection = peer.media._connection
    assert connection is not None
    for protocol in connection.getTransceivers()[0].receiver.transport.transport._connection._protocols:
        protocol.transport.sendto = lambda *_: None  # type: ignore[method-assign]


async def test_new_runner_finds_the_calls_on_connecting(harness: Harness) -> None:
    await harness.call("c")
    greetings: list[AnyEvent] = []
    other = ControlClient(greetings.append, lambda: None)
    await other.connect(harness.config.control_socket)
    await until(lambda: bool(greetings), "the greeting")
    await other.close()
    [state] = greetings
    assert isinstance(state, WorkerState)
    assert (state.worker_id, state.kind, state.datagram_socket) == ("test", "media", str(harness.config.audio_socket))
    [call] = state.calls
    assert (call.call_id, call.epoch, call.legs) == ("c", 1, {"signer": "connected", "agent": "connected"})
    assert call.generations == {"signer": 1, "agent": 1}


async def test_measures_of_each_leg_are_told(harness: Harness) -> None:
    await harness.call("c")

    def measured(leg: WebLeg) -> bool:
        found = [event.stats for event in harness.events if isinstance(event, LegStatsEvent) and event.leg == leg]
        return any(
            8 <= each.frames_per_second <= 12 and each.bitrate_bps > 10_000 and each.round_trip_time_s is not None
            for each in found
        )

    await until(lambda: measured("signer") and measured("agent"), "measures of both")


class Receiver:
    """Another process's datagram socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(str(path))
        self.got: list[Datagram] = []

    def __enter__(self) -> "Receiver":
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        self.socket.close()

    def of(self, kind: Kind, leg: WebLeg) -> list[bytes]:
        if kind in (Kind.VP8, Kind.H264):
            return packets_of(self.got, kind, leg)
        return [each.payload for each in self.got if each.kind is kind and each.leg == leg]

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            message = unpack(self.socket.recv(65_536))
            assert message is not None
            self.got.append(message)


def opus(hz: float, number: int, encoder: AudioCodecContext) -> list[bytes]:
    samples = tone(hz, number * 960, 960).reshape(1, -1)
    frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48_000, number * 960
    return [bytes(packet) for packet in encoder.encode(frame)]


async def send_mix(harness: Harness, leg: WebLeg, hz: float) -> None:
    """What the phone worker does for one leg; until cancelled."""
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sequence = 0
    with sender:
        for number in range(100_000):
            for payload in opus(hz, number, encoder):
                packet = rtp(payload_type=96, sequence=sequence, timestamp=sequence * 960, ssrc=5, payload=payload)
                sender.sendto(pack(Kind.AUDIO, call_key("c"), leg, packet), str(harness.config.audio_socket))
                sequence += 1
            await asyncio.sleep(0.02)


async def test_voices_pass_through_the_phone_worker_while_there_is_a_phone(harness: Harness) -> None:
    signer, agent = await harness.call("c")
    await until(lambda: agent.hears(SIGNER_HZ), "the signer's own voice")
    path = harness.directory / "phone"
    with Receiver(path) as phone:
        await harness.plan("c", CallPlan(bridged=True, signer_voice=True, phone_socket=str(path)))
        mixing = asyncio.gather(*(send_mix(harness, leg, PHONE_HZ) for leg in ("agent", "signer")))
        try:
            await until(lambda: agent.hears(PHONE_HZ) and agent.heard_share(SIGNER_HZ) < 0.01, "the mix")
            await until(
                lambda: bool(phone.of(Kind.AUDIO, "signer") and phone.of(Kind.AUDIO, "agent")), "both web voices"
            )
            signer.forget()
            await until(lambda: sees_only(signer, 2), "pictures go on")
            assert signer.heard_share(PHONE_HZ) == 0.0  # no own hearing in this mode
        finally:
            mixing.cancel()
            await asyncio.gather(mixing, return_exceptions=True)
        assert {each.call_key for each in phone.got} == {call_key("c")}
        packet = phone.of(Kind.AUDIO, "signer")[0]
        header = header_of(packet)
        decoded = AudioCodecContext.create("libopus", "r").decode(
            Packet(packet[header.payload_start : header.payload_end])
        )
        assert decoded
    await harness.plan("c", TALK)
    await until(lambda: agent.hears(SIGNER_HZ) and signer.hears(AGENT_HZ), "direct voices again")


async def test_text_of_the_telephone_comes_to_both_and_theirs_goes_to_it(harness: Harness) -> None:
    signer, agent = await harness.call("c")
    path = harness.directory / "phone"
    with Receiver(path) as phone, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:

        def write(leg: WebLeg, text: str) -> None:
            sender.sendto(pack(Kind.TEXT, call_key("c"), leg, text.encode()), str(harness.config.audio_socket))

        write("agent", "too early")
        await harness.plan("c", TALK.model_copy(update={"phone_socket": str(path), "phone_text": True}))
        write("signer", "allô é")
        write("agent", "allô è")
        await until(lambda: bool(signer.texts and agent.texts), "the telephone's text")
        assert (signer.texts, agent.texts) == ([("phone", "allô é")], [("phone", "allô è")])
        agent.media.send_text("oui", to_phone=True)
        await until(lambda: phone.of(Kind.TEXT, "agent") == [b"oui"], "the agent's text")
        signer.media.send_text("bonjour")
        await until(lambda: ("signer", "bonjour") in agent.texts, "text between the two")
        assert phone.of(Kind.TEXT, "signer") == []


async def test_phone_worker_that_is_gone_does_not_hurt(harness: Harness) -> None:
    signer, agent = await harness.call("c", plan=TALK.model_copy(update={"phone_socket": "/nonexistent/phone"}))
    await until(lambda: sees_only(signer, 2) and sees_only(agent, 1), "pictures")


async def test_tap_delivers_decodable_pictures_and_measures_and_survives_its_receiver(harness: Harness) -> None:
    path = harness.directory / "tap"
    plan = CallPlan(taps=(Tap(leg="signer", socket=str(path)),))
    _signer, _agent = await harness.call("c", plan=plan)
    for _ in range(2):  # the receiver is replaced once
        with Receiver(path) as tap:
            await until(lambda tap=tap: len(decode_tap(tap.of(Kind.VP8, "signer"))) > 5, "pictures")  # type: ignore[misc]
            await until(lambda tap=tap: len(tap.of(Kind.STATS, "signer")) > 1, "measures")  # type: ignore[misc]
            assert set(decode_tap(tap.of(Kind.VP8, "signer"))) == {1}
            assert tap.of(Kind.VP8, "agent") == []
            await until(lambda tap=tap: 0 < frame_rate(tap) <= 12, "their rate; 10 where the machine can")  # type: ignore[misc]
        path.unlink()


def frame_rate(tap: Receiver) -> float:
    """The newest one told."""
    return float(json.loads(tap.of(Kind.STATS, "signer")[-1])["frames_per_second"])


async def test_worker_is_in_the_registry_while_it_runs_and_works_without_redis() -> None:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    path = directory / "redis"
    config = MediaWorkerConfig("test", directory / "c", directory / "a", redis_url=f"unix://{path}")
    redis = Redis.from_url(f"unix://{path}")
    stop = asyncio.Event()
    worker = asyncio.create_task(run(config, stop))
    try:
        await until(config.control_socket.exists, "a worker without Redis")
        options = ("--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(directory))
        server = await asyncio.create_subprocess_exec("redis-server", *options, stdout=asyncio.subprocess.DEVNULL)
        try:
            await until(path.exists, "Redis")
            entries: list[Registration] = []
            for _ in range(100):
                entries = await registered(redis, "media")
                if entries:
                    break
                await asyncio.sleep(0.1)
            [entry] = entries
            assert (entry.worker_id, entry.address, entry.capacity) == ("test", str(config.control_socket), 20)
            stop.set()
            await asyncio.wait_for(worker, 45)
            assert await registered(redis, "media") == []
        finally:
            server.terminate()
            await server.wait()
    finally:
        stop.set()
        await asyncio.gather(worker, return_exceptions=True)
        await redis.aclose()
        shutil.rmtree(directory)


async def test_worker_that_drains_takes_no_new_call_and_leaves_when_the_last_one_ends() -> None:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    harness = Harness(directory, drain_s=60.0)
    stop = asyncio.Event()
    worker = asyncio.create_task(run(harness.config, stop))
    try:
        await harness.connect()
        signer, agent = await harness.call("c")
        await until(lambda: sees_only(signer, 2) and sees_only(agent, 1), "pictures")
        stop.set()
        await asyncio.sleep(0)  # the order is seen
        refused = OpenLeg(call_id="new", epoch=1, leg="signer", generation=1)
        assert await harness.refused(refused) == "draining"
        signer.forget()
        await until(lambda: sees_only(signer, 2), "the call goes on")
        assert not worker.done()
        await harness.client.request(CloseCall(call_id="c", epoch=1))
        await asyncio.wait_for(worker, 45)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await harness.close()
        shutil.rmtree(directory)


PROCESS = """
import asyncio, signal, sys
from pathlib import Path
from relay.config import MediaWorkerConfig
from relay.worker import new_event_loop, run

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(MediaWorkerConfig("own", Path(sys.argv[1]), Path(sys.argv[2]), drain_s=0.0), stop)

with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
"""


async def test_worker_in_its_own_process_says_goodbye_when_it_is_ended() -> None:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    harness = Harness(directory)
    sockets = (str(harness.config.control_socket), str(harness.config.audio_socket))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, *sockets)
    try:
        await harness.connect()
        signer, agent = await harness.call("c")
        await until(lambda: sees_only(signer, 2) and sees_only(agent, 1), "pictures")
        await until(lambda: signer.hears(AGENT_HZ), "voices")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 45) == 0
        await until(lambda: signer.media.state == "closed" and agent.media.state == "closed", "goodbye")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await harness.close()
        shutil.rmtree(directory)
