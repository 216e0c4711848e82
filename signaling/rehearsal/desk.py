"""
The rehearsal's workstations: each takes the alert it gets, as long as it is one of this rehearsal's calls.

With several calls at once, any of our agents may be given any of our calls; who has which is found out here. A
scenario may want a call's first alerts declined, or left without an answer.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from signaling.messages.serving import Alert, AlertEnded, AssignmentAccept, AssignmentDecline, PresenceSet
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.model import AlertAnswer
from signaling.rehearsal.participant import Participant

OTHERS_DEADLINE_S = 2.0  # an alert may come a little before the signer's own first state
SILENCE_DEADLINE_S = 30.0  # above the 20 s that the queue gives
POLL_S = 0.05


@dataclass
class CallAlerts:
    """
    One call's alerts at our workstations.

    :param answers: to its first alerts; the next one is accepted.
    :param endings: how each ended, in order. :param alerted: whom, by the picture's code.
    """

    answers: list[AlertAnswer] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)
    alerted: set[int] = field(default_factory=set)
    taken: "asyncio.Queue[Participant]" = field(default_factory=lambda: asyncio.Queue(maxsize=16))


class AgentDesk:
    """Call :meth:`open` once, :meth:`close` at the end. The participants are closed by their owner."""

    def __init__(self, agents: Sequence[Participant]) -> None:
        self._agents = agents
        self._calls: dict[str, CallAlerts] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """All of them become available."""
        for agent in self._agents:
            self._tasks.append(asyncio.create_task(self._serve(agent), name="rehearsal-desk"))
            await agent.client.ask(PresenceSet(presence="available"))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for agent in self._agents:
            with contextlib.suppress(RehearsalError):
                await agent.client.send(PresenceSet(presence="offline"))

    def expect(self, call_id: str, answers: Sequence[AlertAnswer] = ()) -> None:
        """This call is one of ours. :param answers: to its first alerts."""
        self._calls.setdefault(call_id, CallAlerts(list(answers)))

    def alerts_of(self, call_id: str) -> CallAlerts:
        return self._calls[call_id]

    async def agent_of(self, call_id: str, timeout: float) -> Participant:
        """
        Whoever is given this call next; again after that one is gone.

        :raises RehearsalError: nobody of ours was given the call in time.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._calls[call_id].taken.get()
        except TimeoutError:
            raise RehearsalError("no_alert", f"aucune alerte à notre interprète en {timeout:g} s") from None

    async def _serve(self, agent: Participant) -> None:
        """One call each: an agent that served is not available again."""
        with contextlib.suppress(RehearsalError):
            while True:
                alert = await agent.client.wait_for(Alert, timeout=3600.0)
                agent.client.forget(Alert)
                if await self._answer(agent, alert):
                    return

    async def _answer(self, agent: Participant, alert: Alert) -> bool:
        """:returns: whether the call was taken."""
        client, assignment_id = agent.client, alert.assignment_id
        call = await self._find(alert.call_id)
        if call is None:
            await client.ask(AssignmentDecline(assignment_id=assignment_id, reason="other"))
            return False
        call.alerted.add(agent.ident)
        answer = call.answers.pop(0) if call.answers else "accept"
        if answer == "accept":
            await client.ask(AssignmentAccept(assignment_id=assignment_id))
        elif answer == "decline":
            await client.ask(AssignmentDecline(assignment_id=assignment_id, reason="fatigue"))
        ended = await client.wait_for(
            AlertEnded, SILENCE_DEADLINE_S, lambda message: message.assignment_id == assignment_id
        )
        call.endings.append(ended.reason)
        if ended.reason == "accepted":
            call.taken.put_nowait(agent)
        return ended.reason == "accepted"

    async def _find(self, call_id: str) -> CallAlerts | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OTHERS_DEADLINE_S):
                while call_id not in self._calls:  # noqa: ASYNC110 -- several calls, one set
                    await asyncio.sleep(POLL_S)
        return self._calls.get(call_id)
