"""
One call while it is played: who takes part, what was found so far, and the small means that every stage uses.

Decides nothing about the course; each wait has a deadline from the plan.
"""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Awaitable, Callable

from relay.model import Leg, WebLeg
from signaling.call_terms import Action, CallState
from signaling.messages.call import CallAct
from signaling.messages.call_state import CallStateMessage
from signaling.rehearsal.caller_phone import CallerPhone
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.desk import AgentDesk
from signaling.rehearsal.findings import Findings
from signaling.rehearsal.model import Plan, Proof, Step, Tones
from signaling.rehearsal.participant import Participant
from signaling.rehearsal.phone_ear import PhoneEar
from signaling.rehearsal.proofs import heard, seen_from, together, voices_among
from signaling.rehearsal.record_probe import RecordProbe

POLL_S = 0.05
LISTEN_S = 0.5  # of new sound, before an ear is asked again
WATCH_S = 1.0  # pictures are counted for so long


@dataclasses.dataclass(frozen=True)
class Equipment:
    """
    What a call is played with.

    :param number, second: dialled first, and by the signer after it.
    :param desk: the rehearsal's agents; whoever of them is given this call.
    :param phone_ear: None: nobody knows what this phone hears. :param probe: None: the records are out of reach.
    :param caller: a telephone that calls the signer; None: there is none.
    :param on_step: told of each step as it happens (progress display).
    """

    plan: Plan
    number: str
    second: str | None
    tones: Tones
    signer: Participant
    desk: AgentDesk
    phone_ear: PhoneEar | None = None
    caller: CallerPhone | None = None
    probe: RecordProbe | None = None
    on_step: Callable[[Step], None] = lambda step: None


class CallInPlay:
    def __init__(self, equipment: Equipment) -> None:
        self.equipment, self.plan, self.desk = equipment, equipment.plan, equipment.desk
        self.signer, self.tones, self.number = equipment.signer, equipment.tones, equipment.number
        self.probe = equipment.probe
        self.served: list[Participant] = []  # our agents who had the call, in order
        self.consulted: tuple[int, ...] = ()  # whom the agent of now has seen before being the agent
        self.call_id = ""
        self.found = Findings()
        self.steps: list[Step] = []
        self._began = time.monotonic()

    # --- who

    @property
    def agent(self) -> Participant:
        """Who has the call now. :raises RehearsalError: nobody yet."""
        if not self.served:
            raise RehearsalError("no_alert", "aucun interprète")
        return self.served[-1]

    @property
    def teller(self) -> Participant:
        """Whose page tells the course: the signer's, as long as it is there."""
        return self.signer if self.signer.client.is_open else self.agent

    def give_to(self, agent: Participant) -> None:
        self.served.append(agent)
        self.tones = dataclasses.replace(self.tones, agent=agent.voice.hz)  # any of ours may have been given the call

    # --- doing

    def step(self, name: str, detail: str = "") -> None:
        step = Step(round(time.monotonic() - self._began, 3), name, detail)
        self.steps.append(step)
        self.equipment.on_step(step)

    def prove(self, name: str, proof: Proof) -> None:
        self.found.proofs[name] = proof
        self.step(name, proof.measured)

    async def act(
        self, who: Participant, action: Action, *, number: str | None = None, digits: str | None = None
    ) -> None:
        await who.client.ask(CallAct(call_id=self.call_id, action=action, number=number, digits=digits))

    async def wait_state(
        self, fits: Callable[[CallStateMessage], bool], what: str, timeout: float | None = None
    ) -> CallStateMessage:
        """The call as the teller's page knows it, as soon as it fits. :raises RehearsalError: not in time."""
        return await self.teller.client.wait_call(
            lambda call: call.call_id == self.call_id and fits(call), timeout or self.plan.step_timeout_s, what
        )

    async def until(self, holds: Callable[[], bool], what: str, timeout: float | None = None) -> None:
        """:raises RehearsalError: it did not hold in time."""
        deadline_s = timeout if timeout is not None else self.plan.step_timeout_s
        try:
            async with asyncio.timeout(deadline_s):
                while not holds():  # noqa: ASYNC110 -- figures of the media threads, no event to wait for
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise RehearsalError("timeout", f"{what} attendu {deadline_s:g} s en vain") from None

    async def eventually(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        """:returns: whether it held before the deadline of a proof."""
        deadline = time.monotonic() + self.plan.proof_timeout_s
        while not await holds():
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True

    # --- seeing and hearing

    async def phone_peaks(self) -> tuple[float, ...] | None:
        """What the phone hears; None: it cannot be asked."""
        ear = self.equipment.phone_ear
        return await ear.peaks(self.number) if ear is not None else None

    async def phone_digits(self) -> str | None:
        ear = self.equipment.phone_ear
        return await ear.digits(self.number) if ear is not None else None

    async def phone_hears(self, *sources: Leg, announced: bool = False) -> Proof:
        """
        :param announced: whatever is announced to the phone meanwhile is nobody's voice.
        :returns: as soon as the phone hears exactly these, twice in a row; else the last state of affairs.
        """

        async def listen() -> Proof:
            await asyncio.sleep(LISTEN_S)
            peaks = await self.phone_peaks()
            if announced and peaks is not None:
                peaks = voices_among(peaks, self.tones)
            return heard("phone", peaks, sources, self.tones)

        return await self._settled(listen)

    async def agent_hears(self, *sources: Leg) -> Proof:
        """As :meth:`phone_hears`."""
        agent = self.agent

        async def listen() -> Proof:
            agent.ear.clear()
            await asyncio.sleep(LISTEN_S)
            return heard("agent", agent.ear.peaks(), sources, self.tones)

        return await self._settled(listen)

    async def phone_and_agent_hear(
        self, phone: tuple[Leg, ...], agent: tuple[Leg, ...], *, announced: bool = False
    ) -> Proof:
        hears = self.phone_hears(*phone, announced=announced), self.agent_hears(*agent)
        return together(*await asyncio.gather(*hears))

    async def _settled(self, listen: Callable[[], Awaitable[Proof]]) -> Proof:
        deadline = time.monotonic() + self.plan.proof_timeout_s
        before, now = Proof(passed=False, measured=""), await listen()
        while now.passed is not None and not (before.passed and now.passed) and time.monotonic() < deadline:
            before, now = now, await listen()
        return now if before.passed or now.passed is None else dataclasses.replace(now, passed=False)

    async def new_pictures(self, *watchers: Participant) -> dict[WebLeg, int]:
        """:returns: how many pictures came to each during the next second."""
        before = {who.leg: who.eye.frames_seen for who in watchers}
        await asyncio.sleep(WATCH_S)
        return {who.leg: who.eye.frames_seen - before[who.leg] for who in watchers}

    async def pictures_go_on(self, *watchers: Participant) -> dict[WebLeg, int]:
        """:returns: how many new pictures came to each, as soon as they are enough; fewer: they were too slow."""
        before = {who.leg: who.eye.frames_seen for who in watchers}

        def new() -> dict[WebLeg, int]:
            return {who.leg: who.eye.frames_seen - before[who.leg] for who in watchers}

        with contextlib.suppress(RehearsalError):
            least = self.least_pictures
            await self.until(lambda: min(new().values()) >= least, "images", self.plan.proof_timeout_s)
        return new()

    async def see_each_other(self) -> Proof:
        """New pictures both ways, from the other one and from nobody who never belonged to this call."""
        signer, agent = self.signer, self.agent
        await self.until(lambda: agent.ident in signer.eye.ids, "image de l’autre")
        frames, least = await self.pictures_go_on(signer, agent), self.least_pictures
        earlier = [one.ident for one in self.served[:-1]]
        return together(
            seen_from(signer.eye.ids, agent.ident, earlier, "signer", frames=frames["signer"], least=least),
            seen_from(agent.eye.ids, signer.ident, self.consulted, "agent", frames=frames["agent"], least=least),
        )

    @property
    def least_pictures(self) -> float:
        """That prove a picture: half a second of what is sent, however long a busy machine takes."""
        return self.plan.fps / 2

    def is_state(self, *states: CallState) -> bool:
        call = self.teller.client.call
        return call is not None and call.state in states
