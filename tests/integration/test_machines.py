"""
One centre on several machines: signaling, media, telephone and visibility each on another one, as the chapter "Several
machines" says; a call whose pages are at two different signaling processes.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet, WrapUpFinish
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from tests.helpers.machines import Centre, centre
from tests.helpers.namespaces import can_make_namespaces, network
from tests.helpers.whole_service import HAS_MODELS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
DEADLINE_S = 45.0
ECHO_NUMBER = "0199000001"
VOICE_HZ = 1000.0


async def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


class Call:
    """The signer's page is at one machine, the agent's at another; the telephone is answered and echoes."""

    def __init__(self, signer: Participant, agent: Participant) -> None:
        self.signer, self.agent = signer, agent

    async def act(self, who: Participant, action: str) -> None:
        assert self.signer.client.call is not None
        call_id = self.signer.client.call.call_id
        await who.client.ask(CallAct.model_validate({"call_id": call_id, "action": action}))

    async def state(self, name: CallState) -> None:
        for who in (self.signer, self.agent):
            await who.client.wait_call(lambda call: call.state is name, DEADLINE_S)

    async def see_each_other(self) -> None:
        before = [(who, who.eye.frames_seen) for who in (self.signer, self.agent)]
        await until(lambda: all(who.eye.frames_seen > count + 10 for who, count in before), "pictures both ways")
        assert (self.signer.eye.ids, self.agent.eye.ids) == ({self.agent.ident}, {self.signer.ident})

    async def hear_the_echo(self) -> None:
        """The agent's own tone, by way of media worker, phone worker, telephone and back."""
        self.agent.voice.sounding = True
        self.agent.ear.clear()
        await until(lambda: any(abs(hz - VOICE_HZ) < 15 for hz in self.agent.ear.peaks()), "the echo of the telephone")

    async def get_readings(self) -> None:
        """Visibility reports on pictures that it sees (``off`` without any, and without models)."""
        count = len(self.signer.client.visibility_levels)
        wanted = (lambda level: level != "off") if HAS_MODELS else (lambda level: True)
        await until(lambda: any(map(wanted, self.signer.client.visibility_levels[count:])), "readings of visibility")


@contextlib.asynccontextmanager
async def relay_call(found: Centre, signer_at: str, agent_at: str) -> AsyncIterator[Call]:
    size = (320, 240, strip_rows(240))
    async with (
        aiohttp.ClientSession() as http,
        join(http, found.service(signer_at), Persona("signer", 11, card(*size), 600.0, 15.0)) as signer,
        join(http, found.service(agent_at), Persona("agent", 22, card(*size), VOICE_HZ, 15.0)) as agent,
    ):
        call = Call(signer, agent)
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.ask(CallRequest(kind="relay", number=ECHO_NUMBER))
        alert = await agent.client.wait_for(Alert, DEADLINE_S)
        await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        await call.state(CallState.BRIEFING)
        await call.see_each_other()
        await call.act(agent, "dial")
        await call.state(CallState.ACTIVE)
        yield call
        with contextlib.suppress(Exception):
            await call.act(signer, "hang_up")
            await agent.client.ask(WrapUpFinish())


@pytest_asyncio.fixture
async def machines() -> AsyncIterator[Centre]:
    """Each kind of process on a machine of its own: loopback addresses that no other test uses."""
    net = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}"
    names = ("front", "second", "media", "phone", "eyes")
    async with centre([(name, f"{net}.{number}", ()) for number, name in enumerate(names, 2)]) as found:
        for word, name in (("worker", "media"), ("phone", "phone"), ("demo-phone", "phone"), ("visibility", "eyes")):
            await found[name].start(word)
        await found["front"].start("signaling")
        await found["second"].start("signaling")
        await found.ready("front", "second")
        yield found


async def test_a_whole_call_runs_over_machines_that_share_nothing_but_the_network(machines: Centre) -> None:
    async with relay_call(machines, "front", "second") as call:
        await call.see_each_other()
        await call.hear_the_echo()
        await call.get_readings()
        for name in machines.machines:
            for trouble in ("connections refused", "datagrams refused"):
                assert trouble not in machines[name].log(), name


@pytest.mark.skipif(not can_make_namespaces(), reason="network namespaces need root, iproute2 and a willing kernel")
async def test_a_machine_that_loses_its_cable_loses_its_calls_to_another_one() -> None:
    """Real networks between them: signaling and telephone at one, media and visibility at two others."""
    names = ("front", "left", "right")
    with network(*names) as net:
        async with centre([(name, net.address(name), net.prefix(name)) for name in names]) as found:
            for name in ("left", "right"):
                await found[name].start("worker")
            for word in ("phone", "demo-phone", "signaling"):
                await found["front"].start(word)
            await found["left"].start("visibility")
            await found.ready("front")
            async with relay_call(found, "front", "front") as call:
                await call.hear_the_echo()
                await call.get_readings()
                (busy,) = [name for name in ("left", "right") if "leg connected" in found[name].log()]
                net.cut(busy)
                await call.see_each_other()
                await call.hear_the_echo()
                assert "leg connected" in found["left" if busy == "right" else "right"].log()
