"""
Each kind of process killed with SIGKILL in a call, with the effect that the table of processes promises.

A whole service in its own processes, two real peers whose pictures carry a code, the demonstration phone.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import make_url

from signaling.call_model import CallState
from signaling.messages import Alert, AssignmentAccept, CallAct, CallRequest, PresenceSet, WrapUpFinish
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from signaling.rehearsal.service import Service, own_service

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]
DEADLINE_S = 45.0
MODELS = Path(__file__).parents[2] / "var" / "models"


@dataclass
class Scene:
    """A running service and one relay call on it, the phone party on the line."""

    service: Service
    signer: Participant
    agent: Participant

    @property
    def call_id(self) -> str:
        assert self.signer.client.call is not None
        return self.signer.client.call.call_id

    def kill(self, kind: str) -> int:
        """SIGKILL to every process of this kind that belongs to this service. :returns: how many."""
        pids = processes(self.service, kind)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    async def act(self, who: Participant, action: str) -> None:
        await who.client.ask(CallAct.model_validate({"call_id": self.call_id, "action": action}))

    async def state(self, *names: CallState) -> None:
        for who in (self.signer, self.agent):
            await who.client.wait_call(lambda call: call.state in names, DEADLINE_S)

    async def see_each_other(self) -> None:
        """Pictures that arrive from now on, both ways, from the other one and nobody else."""
        before = [(who, who.eye.frames_seen) for who in (self.signer, self.agent)]
        await until(lambda: all(who.eye.frames_seen > count + 10 for who, count in before), "pictures both ways")
        assert self.signer.eye.ids == {self.agent.ident}
        assert self.agent.eye.ids == {self.signer.ident}


def processes(service: Service, kind: str) -> list[int]:
    """Process ids of the service on this port whose command line is ``… signaling.cli <kind> …`` (or Redis)."""
    port = service.url.rsplit(":", 1)[1]
    data_dir = str(Path(str(make_url(service.database_url or "").database)).parent).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environ = (entry / "environ").read_bytes().split(b"\0")
            mine = f"PASSERELLE_HTTP_PORT={port}".encode() in environ
            is_redis = b"redis-server" in words[0] and data_dir in words[0]
            if is_redis if kind == "redis" else mine and b"signaling.cli" in words and kind.encode() in words:
                found.append(int(entry.name))
    return found


async def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


async def redis_pings(scene: Scene) -> bool:
    async with aiohttp.ClientSession() as http, http.get(f"{scene.service.url}/readyz") as reply:
        body = await reply.json()
        return bool(body["checks"]["redis"] == "ok" and body["checks"]["queue"] == "ok")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Service]:
    async with (
        aiohttp.ClientSession() as http,
        own_service(http, os.environ, MODELS if MODELS.is_dir() else None) as started,
    ):
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def scene(service: Service) -> AsyncIterator[Scene]:
    size = (320, 240, strip_rows(240))
    signer_persona = Persona("signer", 11, card(*size), 600.0, 15.0)
    agent_persona = Persona("agent", 22, card(*size), 1000.0, 15.0)
    async with (
        aiohttp.ClientSession() as http,
        join(http, service, signer_persona) as signer,
        join(http, service, agent_persona) as agent,
    ):
        scene = Scene(service, signer, agent)
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.ask(CallRequest(kind="relay", number="0199000020"))
        alert = await agent.client.wait_for(Alert, DEADLINE_S)
        await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        await scene.state(CallState.BRIEFING)
        await scene.see_each_other()
        await scene.act(agent, "dial")
        await scene.state(CallState.ACTIVE)
        yield scene
        with contextlib.suppress(Exception):
            await scene.act(signer, "hang_up")
            await agent.client.ask(WrapUpFinish())


async def test_a_killed_media_worker_brings_the_pictures_back_by_itself_and_the_phone_leg_holds(scene: Scene) -> None:
    assert scene.kill("worker") >= 1
    await until(lambda: bool(processes(scene.service, "worker")), "the workers are started again")
    await scene.see_each_other()
    assert scene.signer.client.call is not None
    assert scene.signer.client.call.state is CallState.ACTIVE
    assert scene.signer.client.call.phone.progress == "answered"


async def test_a_killed_visibility_worker_is_not_felt_and_reports_again(scene: Scene) -> None:
    await until(lambda: bool(scene.signer.client.visibility_levels), "a first reading")
    assert scene.kill("visibility") == 1
    count = len(scene.signer.client.visibility_levels)
    await scene.see_each_other()
    await until(lambda: len(scene.signer.client.visibility_levels) > count + 1, "readings come again")
    assert scene.signer.client.call is not None
    assert scene.signer.client.call.state is CallState.ACTIVE


async def test_a_killed_phone_worker_ends_the_phone_leg_alone_and_the_number_can_be_dialled_again(scene: Scene) -> None:
    assert scene.kill("phone") == 1
    await scene.state(CallState.AFTER_PHONE)
    await scene.see_each_other()
    await until(lambda: bool(processes(scene.service, "phone")), "the phone worker is started again")
    for _ in range(20):  # until the new worker is known
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


async def test_media_does_not_stop_when_signaling_is_killed_and_the_restarted_process_has_the_call(
    scene: Scene,
) -> None:
    token = scene.signer.client.welcome
    assert token is not None
    assert scene.kill("signaling") == 1
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
                if message["type"] == "call.state":
                    break
        assert message["call_id"] == scene.call_id
        assert message["state"] == "active"
        assert message["phone"]["progress"] == "answered"
        await scene.see_each_other()
        await socket.send_json({"type": "call.act", "call_id": scene.call_id, "action": "hang_up"})
        async with asyncio.timeout(DEADLINE_S):
            async for frame in socket:
                message = frame.json()
                if message["type"] == "call.state" and message["state"] == "ended":
                    break
        await socket.close()
