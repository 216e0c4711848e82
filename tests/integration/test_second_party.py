"""
Somebody beside the agent in a real call: whose picture comes where, whom the telephone reaches, and that a hand-over
cuts nothing. A whole service in its own processes, real peers whose pictures carry a code, the demonstration phone.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio

from signaling.call_model import TransferTarget
from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet, WrapUpFinish
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from signaling.rehearsal.service import Service, own_service
from signaling.rehearsal.tones import GUARD_HZ
from tests.helpers.scene import DEADLINE_S, TONE_NUMBER, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]
S = CallState
STILL_S = 0.7  # without a picture: none is sent
PHONE_HZ = 440.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Service]:
    """An agent who is lost is waited for a moment only."""
    settings = {"MEDIA_WORKERS": "1", "AGENT_GRACE_S": "2"}
    async with aiohttp.ClientSession() as http, own_service(http, os.environ, None, settings=settings) as started:
        yield started


@dataclass
class People:
    """A signer and everybody who serves; each has the number of its picture's code for a name."""

    http: aiohttp.ClientSession
    service: Service
    stack: contextlib.AsyncExitStack
    signer: Participant = field(init=False)
    served: int = 20

    async def come(self, ident: int) -> Participant:
        size = (320, 240, strip_rows(240))
        leg = "signer" if ident == 11 else "agent"
        persona = Persona(leg, ident, card(*size), 600.0 + 20 * ident, 10.0, sees_two=True)  # type: ignore[arg-type]
        return await self.stack.enter_async_context(join(self.http, self.service, persona))

    async def agent(self) -> Participant:
        """Somebody more at work, who is free."""
        self.served += 1
        agent = await self.come(self.served)
        await agent.client.ask(PresenceSet(presence="available"))
        return agent

    async def act(self, who: Participant, action: str, **more: object) -> None:
        assert self.signer.client.call is not None
        call_id = self.signer.client.call.call_id
        await who.client.ask(CallAct.model_validate({"call_id": call_id, "action": action, **more}))


async def take(who: Participant, role: str | None) -> None:
    alert = await who.client.wait_for(Alert, DEADLINE_S, lambda alert: alert.role == role)
    who.client.forget(Alert)
    await who.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))


async def in_call(who: Participant, leg: str, *states: S) -> None:
    await who.client.wait_call(lambda call: call.leg == leg and call.state in states, DEADLINE_S)


async def sees(who: Participant, large: Participant | None, small: Participant | None = None) -> None:
    """From some moment on these pictures and no others."""
    deadline = time.monotonic() + DEADLINE_S
    seen: tuple[set[int], ...] = ()
    wanted = tuple({each.ident} if each is not None else set() for each in (large, small))
    while time.monotonic() < deadline:
        for eye in (who.eye, who.second_eye):
            eye.ids.clear()
        await asyncio.sleep(STILL_S)
        seen = (set(who.eye.ids), set(who.second_eye.ids))
        if seen == wanted:
            return
    raise AssertionError(f"{who.ident} sees {seen}, not {wanted}")


def hears_phone(who: Participant) -> bool:
    return any(abs(peak - PHONE_HZ) < GUARD_HZ for peak in who.ear.peaks())


@pytest_asyncio.fixture(loop_scope="module")
async def people(service: Service) -> AsyncIterator[People]:
    async with aiohttp.ClientSession() as http, contextlib.AsyncExitStack() as stack:
        people = People(http, service, stack)
        people.signer = await people.come(11)
        yield people


@contextlib.asynccontextmanager
async def call(people: People, request: CallRequest, first: S) -> AsyncIterator[Participant]:
    """With one agent, the phone party on the line. The signer hangs up at its end."""
    agent = await people.agent()
    await people.signer.client.ask(request)
    await take(agent, None)
    await in_call(agent, "agent", first)
    await sees(people.signer, agent)
    await people.act(agent, "dial", number=TONE_NUMBER)
    await in_call(agent, "agent", S.ACTIVE)
    await until(lambda: hears_phone(agent), "the telephone is heard")
    yield agent
    await people.act(people.signer, "hang_up")
    await in_call(people.signer, "signer", S.ENDED)


async def test_a_call_goes_through_consultation_team_hand_over_loss_and_transfer_without_a_cut(people: People) -> None:
    signer = people.signer
    async with call(people, CallRequest(kind="relay", number=TONE_NUMBER), S.BRIEFING) as first:
        second = await people.agent()
        await people.act(first, "consult")
        await take(second, "consulted")
        await sees(first, second)
        await sees(second, first)
        await sees(signer, None)
        assert first.client.call is not None and first.client.call.phone is not None and first.client.call.phone.held

        await people.act(first, "bring_in")
        await sees(signer, first)
        await sees(second, signer, first)
        await until(lambda: hears_phone(second), "the second hears the telephone")
        await people.act(second, "swap")
        await sees(signer, second)

        offered = [each.offered_at for each in (signer, second)]
        await people.act(first, "hand_over")
        await in_call(first, "agent", S.ENDED)
        await in_call(second, "agent", S.ACTIVE)
        await sees(signer, second)
        await sees(second, signer)
        third = await people.agent()
        await people.act(second, "call_second")
        await take(third, "team")
        await sees(third, signer, second)
        await second.vanish()
        await in_call(third, "agent", S.ACTIVE)
        await sees(signer, third)
        await until(lambda: hears_phone(third), "the telephone is still on the line")
        assert [each.offered_at for each in (signer, second)] == offered, "nobody connected anew"

        await first.client.ask(WrapUpFinish())
        await people.act(third, "transfer_call", to=TransferTarget(second_level=True))
        await in_call(third, "agent", S.ENDED)
        await take(first, None)
        await in_call(first, "agent", S.ACTIVE)
        await sees(signer, first)
        await people.act(first, "resume")
        await until(lambda: hears_phone(first), "the phone party waited on hold")
    await in_call(first, "agent", S.ENDED)


async def test_an_adviser_an_interpreter_a_signer_and_a_telephone_are_four_in_one_call(people: People) -> None:
    signer = people.signer
    async with call(people, CallRequest(kind="direct", brand="rehearsal"), S.TALKING) as adviser:
        interpreter = await people.agent()
        await people.act(adviser, "call_second")
        await take(interpreter, "interpreter")
        await sees(signer, adviser, interpreter)
        await sees(adviser, signer, interpreter)
        await sees(interpreter, adviser, signer)
        await until(lambda: hears_phone(interpreter), "the interpreter hears the telephone")
        await people.act(interpreter, "hold")
        await adviser.client.wait_call(lambda now: now.phone is not None and now.phone.held, DEADLINE_S)
        await people.act(adviser, "resume")
        await people.act(interpreter, "hang_up")
        await in_call(interpreter, "second", S.ENDED)
        await sees(signer, adviser)
    await in_call(adviser, "agent", S.ENDED)
