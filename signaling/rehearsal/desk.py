"""
The rehearsal's workstations: each takes the alert it gets, as long as it is one of this rehearsal's calls.

With several calls at once, any of our agents may be given any of our calls; who has which is found out here.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from signaling.messages import Alert, AssignmentAccept, AssignmentDecline, PresenceSet
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.participant import Participant

OTHERS_DEADLINE_S = 2.0  # an alert may come a little before the signer's own first state
POLL_S = 0.05


class AgentDesk:
    """Call :meth:`open` once, :meth:`close` at the end. The participants are closed by their owner."""

    def __init__(self, agents: Sequence[Participant]) -> None:
        self._agents = agents
        self._expected: set[str] = set()
        self._found: dict[str, asyncio.Future[Participant]] = {}
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
            with contextlib.suppress(RehearsalError, ConnectionError):
                await agent.client.send(PresenceSet(presence="offline"))

    def expect(self, call_id: str) -> None:
        """This call is one of ours."""
        self._expected.add(call_id)

    async def agent_of(self, call_id: str, timeout: float) -> Participant:
        """:raises RehearsalError: nobody of ours was given the call in time."""
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._future(call_id))
        except TimeoutError:
            raise RehearsalError("no_alert", f"aucune alerte à notre interprète en {timeout:g} s") from None

    def _future(self, call_id: str) -> "asyncio.Future[Participant]":
        return self._found.setdefault(call_id, asyncio.get_running_loop().create_future())

    async def _serve(self, agent: Participant) -> None:
        """One call each: an agent that served is not available again."""
        with contextlib.suppress(RehearsalError, ConnectionError):
            while True:
                alert = await agent.client.wait_for(Alert, timeout=3600.0)
                agent.client.forget(Alert)
                if not await self._is_ours(alert.call_id):
                    await agent.client.ask(AssignmentDecline(assignment_id=alert.assignment_id, reason="other"))
                    continue
                await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
                future = self._future(alert.call_id)
                if not future.done():
                    future.set_result(agent)
                return

    async def _is_ours(self, call_id: str) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OTHERS_DEADLINE_S):
                while call_id not in self._expected:  # noqa: ASYNC110 -- several calls, one set
                    await asyncio.sleep(POLL_S)
        return call_id in self._expected
