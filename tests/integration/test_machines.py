"""
One centre on several machines: signaling, media, telephone and visibility each on another one, as the chapter "Several
machines" says; a call whose pages are at two different signaling processes.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.helpers.machines import Centre, centre
from tests.helpers.namespaces import can_make_namespaces, network
from tests.helpers.scene import AGENT_HZ, Scene, relay_call, until
from tests.helpers.whole_service import HAS_MODELS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
ECHO_NUMBER = "0199000001"


def two_pages(found: Centre, signer_at: str, agent_at: str) -> contextlib.AbstractAsyncContextManager[Scene]:
    """The signer's page is at one machine, the agent's at another; the telephone is answered and echoes."""
    return relay_call(found.service(signer_at), ECHO_NUMBER, agent_at=found.service(agent_at))


async def hear_the_echo(call: Scene) -> None:
    """The agent's own tone, by way of media worker, phone worker, telephone and back."""
    call.agent.voice.sounding = True
    call.agent.ear.clear()
    await until(lambda: any(abs(hz - AGENT_HZ) < 15 for hz in call.agent.ear.peaks()), "the echo of the telephone")


async def get_readings(call: Scene) -> None:
    """Visibility reports on pictures that it sees (``off`` without any, and without models)."""
    count = len(call.signer.client.visibility_levels)
    wanted = (lambda level: level != "off") if HAS_MODELS else (lambda level: True)
    await until(lambda: any(map(wanted, call.signer.client.visibility_levels[count:])), "readings of visibility")


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
    async with two_pages(machines, "front", "second") as call:
        await call.see_each_other()
        await hear_the_echo(call)
        await get_readings(call)
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
            async with two_pages(found, "front", "front") as call:
                await hear_the_echo(call)
                await get_readings(call)
                (busy,) = [name for name in ("left", "right") if "leg connected" in found[name].log()]
                net.cut(busy)
                await call.see_each_other()
                await hear_the_echo(call)
                assert "leg connected" in found["left" if busy == "right" else "right"].log()
