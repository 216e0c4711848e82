"""A whole service in its own processes and one relay call on it: two real peers with coded pictures, a SIP phone."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import make_url

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet, WrapUpFinish
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from signaling.rehearsal.service import Service, own_service

DEADLINE_S = 45.0
TONE_NUMBER = "0199000020"  # answers silently with a continuous tone
AGENT_HZ = 1000.0  # of the agent's voice
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

    def busiest_worker(self) -> int:
        """Process id of the media worker that serves the call: it has the most sockets."""
        sockets = lambda pid: sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())  # noqa: E731
        return max(processes(self.service, "worker"), key=sockets)

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
    data_dir = str(data_dir_of(service)).encode()
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


def data_dir_of(service: Service) -> Path:
    return Path(str(make_url(service.database_url or "").database)).parent


@contextlib.asynccontextmanager
async def whole_service() -> AsyncIterator[Service]:
    async with (
        aiohttp.ClientSession() as http,
        own_service(http, os.environ, MODELS if MODELS.is_dir() else None, settings={"MEDIA_WORKERS": "2"}) as started,
    ):
        yield started


@contextlib.asynccontextmanager
async def relay_call(
    service: Service, number: str = TONE_NUMBER, *, agent_at: Service | None = None
) -> AsyncIterator[Scene]:
    """
    The phone party is on the line when this begins; the signer hangs up when it ends.

    :param agent_at: where the agent's page is; None: as the signer's.
    """
    size = (320, 240, strip_rows(240))
    signer_persona = Persona("signer", 11, card(*size), 600.0, 15.0)
    agent_persona = Persona("agent", 22, card(*size), AGENT_HZ, 15.0)
    async with (
        aiohttp.ClientSession() as http,
        join(http, service, signer_persona) as signer,
        join(http, agent_at or service, agent_persona) as agent,
    ):
        scene = Scene(service, signer, agent)
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.ask(CallRequest(kind="relay", number=number))
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
