"""
Each kind of process killed with SIGKILL in a call, with the effect that the table of processes promises.

A whole service in its own processes, two real peers whose pictures carry a code, the demonstration phone.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from signaling.call_terms import CallState
from signaling.messages.serving import PresenceSet, WrapUpFinish
from signaling.rehearsal.phone_ear import PhoneEar
from signaling.rehearsal.service import Service
from signaling.rehearsal.tones import GUARD_HZ
from tests.helpers.scene import DEADLINE_S, Scene, processes, relay_call, until, whole_service

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

TONE_NUMBER_E164 = "+33199000020"
STOPPED_MS = 5_000  # a stopped picture on any machine; a busy one may well be late


async def redis_pings(scene: Scene) -> bool:
    async with aiohttp.ClientSession() as http, http.get(f"{scene.service.url}/readyz") as reply:
        body = await reply.json()
        return bool(body["checks"]["redis"] == "ok" and body["checks"]["queue"] == "ok")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Service]:
    async with whole_service() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(service: Service) -> AsyncIterator[Scene]:
    """One call outlives all of them, until the last one that uses it hangs up."""
    async with relay_call(service) as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def another_scene(service: Service) -> AsyncIterator[Scene]:
    async with relay_call(service) as scene:
        yield scene


async def test_a_killed_media_worker_brings_the_pictures_back_by_itself_and_the_phone_leg_holds(scene: Scene) -> None:
    scene.agent.voice.sounding = True
    await phone_and_agent_hear_each_other(scene)
    assert scene.kill("worker") >= 1
    await until(lambda: bool(processes(scene.service, "worker")), "the workers are started again")
    await scene.see_each_other()
    await phone_and_agent_hear_each_other(scene)
    assert scene.signer.client.call is not None
    assert scene.signer.client.call.state is CallState.ACTIVE
    assert scene.signer.client.call.phone.progress == "answered"


async def test_a_media_worker_that_hangs_loses_its_calls_to_another_one_and_is_used_again_when_it_goes_on(
    scene: Scene,
) -> None:
    hanging, generation = scene.busiest_worker(), scene.signer.offered_at
    os.kill(hanging, signal.SIGSTOP)
    try:
        await until(lambda: scene.signer.offered_at != generation, "another offer")
        await scene.see_each_other()
    finally:
        with contextlib.suppress(ProcessLookupError):  # on a slow machine it has been started again by now
            os.kill(hanging, signal.SIGCONT)
    await scene.see_each_other()
    assert scene.signer.client.call is not None
    assert scene.signer.client.call.state is CallState.ACTIVE
    for pid in processes(scene.service, "worker"):
        if pid != hanging:
            os.kill(pid, signal.SIGKILL)
    await scene.see_each_other()


async def phone_and_agent_hear_each_other(scene: Scene) -> None:
    """The agent a new tone of the phone, the phone a new one of the agent."""
    scene.agent.ear.clear()
    await until(lambda: bool(scene.agent.ear.peaks()), "the agent hears the phone")
    welcome = scene.agent.client.welcome
    assert welcome is not None and welcome.demo_phone_url is not None
    deadline = time.monotonic() + DEADLINE_S
    async with aiohttp.ClientSession() as http:
        ear = PhoneEar(http, welcome.demo_phone_url)
        hz = scene.agent.voice.hz
        while not any(abs(peak - hz) < GUARD_HZ for peak in await ear.peaks(TONE_NUMBER_E164) or ()):
            assert time.monotonic() < deadline, "the phone hears the agent"
            await asyncio.sleep(0.2)


async def test_a_killed_visibility_worker_is_not_felt_and_reports_again(scene: Scene) -> None:
    client = scene.signer.client
    await until(lambda: bool(client.visibility_levels), "a first reading")
    unmeasured = client.visibility_advice["not_measured"]
    assert scene.kill("visibility") == 1
    count = len(client.visibility_levels)
    await until(lambda: client.visibility_advice["not_measured"] > unmeasured, "no old advice stays")
    await scene.see_each_other()
    await until(lambda: len(client.visibility_levels) > count + 1, "readings come again")
    assert client.call is not None
    assert client.call.state is CallState.ACTIVE


async def test_a_killed_phone_worker_ends_the_phone_leg_alone_and_the_number_can_be_dialled_again(scene: Scene) -> None:
    assert scene.kill("phone") == 1
    await scene.state(CallState.AFTER_PHONE)
    await scene.see_each_other()
    await until(lambda: bool(processes(scene.service, "phone")), "the phone worker is started again")
    await number_is_dialled_again(scene)


async def test_a_phone_worker_that_hangs_parts_nobody_and_the_number_can_be_dialled_again(scene: Scene) -> None:
    (hanging,) = processes(scene.service, "phone")
    os.kill(hanging, signal.SIGSTOP)
    try:
        await scene.state(CallState.AFTER_PHONE)
        await scene.see_each_other()
    finally:  # its supervisor kills it otherwise, after some 45 s
        with contextlib.suppress(ProcessLookupError):
            os.kill(hanging, signal.SIGCONT)
    await number_is_dialled_again(scene)


async def number_is_dialled_again(scene: Scene) -> None:
    """As soon as signaling knows the new phone worker."""
    for _ in range(20):
        await scene.act(scene.agent, "dial")
        with contextlib.suppress(Exception):
            await scene.agent.client.wait_call(lambda call: call.state is CallState.ACTIVE, 8.0)
            break
    await scene.state(CallState.ACTIVE)


async def test_a_killed_redis_is_not_felt_in_the_call_and_the_queue_resumes(scene: Scene) -> None:
    assert scene.kill("redis") == 1
    await scene.act(scene.agent, "hold")
    await scene.agent.client.wait_call(lambda call: call.phone.held, DEADLINE_S)
    await scene.see_each_other()
    deadline = time.monotonic() + DEADLINE_S
    while not await redis_pings(scene):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    await scene.act(scene.signer, "hang_up")
    await scene.state(CallState.ENDED)
    await scene.agent.client.ask(WrapUpFinish())
    await scene.agent.client.ask(PresenceSet(presence="offline"))  # the next call is for another agent


async def test_media_does_not_stop_when_signaling_is_killed_and_the_restarted_process_has_the_call(
    another_scene: Scene,
) -> None:
    scene = another_scene
    token = scene.signer.client.welcome
    assert token is not None
    offered = [who.offered_at for who in (scene.signer, scene.agent)]
    for who in (scene.signer, scene.agent):
        who.eye.open_window(time.monotonic())
    assert scene.kill("signaling") == 1
    for _ in range(3):  # again and again while nobody answers
        await scene.see_each_other()
    deadline = time.monotonic() + DEADLINE_S
    async with aiohttp.ClientSession() as http:
        socket = None
        while socket is None:
            assert time.monotonic() < deadline
            with contextlib.suppress(aiohttp.ClientError):
                socket = await http.ws_connect(
                    f"{scene.service.url.replace('http', 'ws', 1)}/ws", origin=scene.service.url
                )
            await asyncio.sleep(0.2)
        hello = {
            "type": "hello",
            "role": "signer",
            "operator_token": scene.service.token,
            "resume_token": token.resume_token,
            "live_generation": 1,
        }
        await socket.send_json(hello)
        async with asyncio.timeout(DEADLINE_S):
            async for frame in socket:
                message = frame.json()
                if message["type"] == "call.state" and message["state"] == "active":
                    break  # at once, or when the phone worker has told what was not yet written down
        assert message["call_id"] == scene.call_id
        assert message["phone"]["progress"] == "answered"
        await scene.see_each_other()
        seen = [who.eye.close_window(time.monotonic()) for who in (scene.signer, scene.agent)]
        assert max(each.longest_gap_ms for each in seen) < STOPPED_MS, "benchmarks.recovery tells the gap itself"
        assert [who.offered_at for who in (scene.signer, scene.agent)] == offered, "by the same connections"
        await socket.send_json({"type": "call.act", "call_id": scene.call_id, "action": "hang_up"})
        async with asyncio.timeout(DEADLINE_S):
            async for frame in socket:
                message = frame.json()
                if message["type"] == "call.state" and message["state"] == "ended":
                    break
        await socket.close()
