"""The visibility worker as signaling and a media worker see it: real sockets, real decoding, real MediaPipe."""

import asyncio
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from relay.control_messages import CloseCall, Unwatch, Watch, WorkerState
from relay.datagram import Kind, batch
from relay.errors import RelayError
from relay.phone_messages import HangUpPhone
from relay.registry import registered
from relay.visibility.model_files import HAND_MEMBER, PALM_MEMBER, TASK_NAME
from tests.helpers import clips
from tests.helpers.redis_server import redis_server
from tests.helpers.visibility_worker import (
    CALL,
    DEADLINE_S,
    Signaling,
    Tap,
    config_of,
    filming,
    serving,
    short_folder,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


@pytest.mark.parametrize("kind", [Kind.VP8, Kind.H264], ids=["vp8", "h264"])
async def test_tapped_signer_is_read_once_a_second_with_both_hands(folder: Path, kind: Kind) -> None:
    clips.models()
    config = config_of(folder, clips.MODELS)
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        async with filming(config, "signing", kind):
            await signaling.until(
                lambda: (
                    any(each.measures.get("received_fps") == 24.0 for each in signaling.readings)
                    and bool(signaling.readings[-1].measures.get("hands_found"))
                )
            )
        last = signaling.readings[-1]
    assert (last.call_id, last.leg, last.level, last.advice) == (CALL, "signer", "good", "good")
    assert last.measures["face_found"] == 1.0


async def test_signer_whose_hands_leave_the_picture_is_told_so_then_is_told_when_the_video_stops(
    folder: Path,
) -> None:
    clips.models()
    config = config_of(folder, clips.MODELS)
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        async with filming(config, "cut"):
            await signaling.until(lambda: any(reading.advice == "hands_cut" for reading in signaling.readings))
        await signaling.until(lambda: signaling.readings[-1].advice == "frozen")
        assert signaling.readings[-1].level == "poor"


async def test_without_models_the_worker_serves_and_says_that_visibility_is_off_until_they_arrive(folder: Path) -> None:
    clips.models()
    models = folder / "models"
    config = config_of(folder, models)
    async with serving(config) as signaling:
        greeting = signaling.events[0]
        assert isinstance(greeting, WorkerState)
        assert greeting.notice == "models_missing"
        assert greeting.datagram_socket == str(config.tap_socket)
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        await signaling.until(lambda: bool(signaling.readings))
        first = signaling.readings[0]
        assert (first.level, first.advice, first.measures) == ("off", "models_missing", {})
        shutil.copytree(clips.MODELS, models)
        async with filming(config, "signing"):
            await signaling.until(lambda: signaling.readings[-1].advice == "good")
        await signaling.until(lambda: signaling.notice is None)


async def test_models_that_cannot_be_loaded_turn_visibility_off_until_others_are_there_and_one_line_of_the_log_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips.models()
    own = folder / "own.task"
    with zipfile.ZipFile(own, "w") as bundle:
        bundle.writestr(PALM_MEMBER, b"no model")
        bundle.writestr(HAND_MEMBER, b"no model")
    config = replace(config_of(folder, clips.MODELS), hand_landmarker=own)
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        async with filming(config, "signing"):
            await signaling.until(lambda: signaling.notice == "detector_failed")
            before = len(signaling.readings)
            await signaling.until(lambda: len(signaling.readings) >= before + 2)
            told = {(reading.level, reading.advice) for reading in signaling.readings[before:]}
            assert told == {("off", "models_missing")}
            own.unlink()
            await signaling.until(lambda: signaling.notice == "models_missing")
            shutil.copy(clips.MODELS / TASK_NAME, own)
            await signaling.until(lambda: signaling.readings[-1].advice == "good")
            await signaling.until(lambda: signaling.notice is None)
    assert sum("cannot be loaded" in record.getMessage() for record in caplog.records) == 1


async def test_unwatched_and_closed_calls_are_read_no_more(folder: Path) -> None:
    config = config_of(folder, folder / "none")
    async with serving(config) as signaling:
        for call_id in ("stays", "unwatched", "closed"):
            await signaling.client.request(Watch(call_id=call_id, epoch=1))
            await signaling.client.request(Watch(call_id=call_id, epoch=1))  # twice is once
        await signaling.client.request(Unwatch(call_id="unwatched", epoch=1))
        await signaling.client.request(CloseCall(call_id="closed", epoch=1))
        await signaling.client.request(CloseCall(call_id="never-there", epoch=1))
        signaling.events.clear()
        await signaling.until(lambda: len(signaling.readings) >= 2)
        assert {reading.call_id for reading in signaling.readings} == {"stays"}


async def test_new_runner_is_told_on_connecting_which_calls_are_watched(folder: Path) -> None:
    config = config_of(folder, folder / "none")
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=3))
        second = Signaling()
        await second.client.connect(config.control_socket)
        await second.until(lambda: bool(second.events))
        await second.client.close()
    greeting = second.events[0]
    assert isinstance(greeting, WorkerState)
    assert [(call.call_id, call.epoch, call.legs) for call in greeting.calls] == [(CALL, 3, {"signer": "connected"})]
    assert greeting.load == pytest.approx(1 / config.capacity)


async def test_runner_that_lost_the_call_and_commands_for_other_workers_are_refused(folder: Path) -> None:
    config = config_of(folder, folder / "none")
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=5))
        with pytest.raises(RelayError, match="stale_epoch"):
            await signaling.client.request(Unwatch(call_id=CALL, epoch=4))
        with pytest.raises(RelayError, match="wrong_worker"):
            await signaling.client.request(HangUpPhone(call_id=CALL, epoch=5))


async def test_worker_is_in_the_registry_while_it_serves_and_gone_afterwards(folder: Path) -> None:
    async with redis_server() as server:
        redis: Redis = Redis.from_url(server.url)
        config = replace(config_of(folder, folder / "none"), redis_url=server.url)
        async with serving(config), asyncio.timeout(DEADLINE_S):
            while not (found := await registered(redis, "visibility")):
                await asyncio.sleep(0.01)
            assert [(entry.worker_id, entry.address) for entry in found] == [
                ("visibility-1", str(config.control_socket))
            ]
        assert await registered(redis, "visibility") == []
        await redis.aclose()


async def test_worker_serves_without_redis(folder: Path) -> None:
    config = replace(config_of(folder, folder / "none"), redis_url=f"unix://{folder}/nobody")
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        await signaling.until(lambda: bool(signaling.readings))


async def test_leg_that_everybody_forgot_is_forgotten(folder: Path) -> None:
    config = replace(config_of(folder, folder / "none"), abandoned_after_s=0.5)
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        await signaling.until(lambda: bool(signaling.readings))
        second = Signaling()
        async with asyncio.timeout(DEADLINE_S):
            await second.client.connect(config.control_socket)
            await second.until(lambda: bool(second.events))
        await second.client.close()
    greeting = second.events[0]
    assert isinstance(greeting, WorkerState)
    assert greeting.calls == ()


async def test_sockets_are_gone_after_the_worker(folder: Path) -> None:
    config = config_of(folder, folder / "none")
    async with serving(config):
        assert config.tap_socket.exists()
    assert list(folder.iterdir()) == []


async def test_datagrams_that_are_no_video_harm_nothing(folder: Path) -> None:
    clips.models()
    config = config_of(folder, clips.MODELS)
    async with serving(config) as signaling:
        await signaling.client.request(Watch(call_id=CALL, epoch=1))
        tap = Tap(config.tap_socket)
        for kind in (Kind.VP8, Kind.H264, Kind.STATS, Kind.AUDIO):
            for payload in (b"", b"\x00", b"\x80" * 13, clips.rtp(b"\xff" * 40, 1, 2, marker=True)):
                await tap.send(kind, payload)
                await tap.send(kind, batch([payload]))
        await tap.send(Kind.VP8, batch([clips.rtp(b"\x10\x00\x9d\x01\x2a" + b"\xff" * 60, 9, 9, marker=True)]))
        tap.close()
        async with filming(config, "signing"):
            await signaling.until(lambda: any(reading.advice == "good" for reading in signaling.readings))
