"""A call's place in the line of those who wait, commanded; a lane of its own, which waits out a Redis that is away."""

import functools
from typing import Protocol

from interpreter_queue import model as queue_model
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import ContentionError, QueueFullError, QueueUnavailableError
from signaling.call_events import Enqueue, Event, LeaveQueue, QueueGaveUp, ReleaseAgent
from signaling.call_model import Call, CallState
from signaling.lane import Lane
from signaling.queue_skills import levels
from signaling.sessions import Hub

KNOWN_ADVISER_S = 30.0  # for which a call waits for the adviser that the signer knows, while that one works
HEAD_START_S = 1800.0  # somebody waits on the telephone, and may hang up: as if they had waited this long


class QueueOwner(Protocol):
    """The call's runner."""

    call: Call

    def submit(self, event: Event, /) -> None: ...


class QueueCommands:
    def __init__(self, owner: QueueOwner, queue: InterpreterQueue, hub: Hub) -> None:
        self._owner, self._queue, self._hub = owner, queue, hub
        self.lane = Lane("queue", (QueueUnavailableError, ContentionError))
        self._queued_at: float | None = None  # by the queue's clock; gives the place back on resumption

    def queued(self, queued_at: float) -> None:
        """The queue has the request: its place in line, to be given back when the call resumes."""
        if self._queued_at is None:
            self._queued_at = queued_at

    def carry_out(self, command: Enqueue | LeaveQueue | ReleaseAgent) -> None:
        match command:
            case Enqueue():
                self.lane.put(self._enqueue)
            case LeaveQueue():
                self.lane.put(functools.partial(self._queue.cancel, self._owner.call.call_id, "left"))
            case ReleaseAgent(agent_key, wrap_up):
                self.lane.put(functools.partial(self._release, agent_key, wrap_up))

    async def _enqueue(self) -> None:
        call = self._owner.call
        if call.state is CallState.ENDED:
            return
        request = queue_model.Request(
            call_id=call.call_id,
            targets=_targets(call),
            queue=f"{call.brand or call.kind}/{call.mode}",
            brand=call.brand,
            priority=call.priority,
            head_start_s=HEAD_START_S if call.direction == "incoming" else 0.0,
            queued_at=self._queued_at,
            refused_agents=call.refused_agents,
            rehearsal=call.rehearsal,
        )
        try:
            await self._queue.enqueue(request)
        except QueueFullError:
            self._owner.submit(QueueGaveUp())

    async def _release(self, agent_key: str, wrap_up: bool) -> None:
        await self._queue.release(agent_key, self._owner.call.call_id, wrap_up=wrap_up)
        if not wrap_up and not self._hub.is_present("agent", agent_key):
            await self._queue.sign_out(agent_key)  # lost: alerting them would only cost the next one 20 s


def _targets(call: Call) -> tuple[queue_model.Target, ...]:
    """Whoever has trade and skills; the adviser that the signer knows first, for a while."""
    anybody = queue_model.Target(trades=call.trades, skills=levels(call.skills))
    if call.preferred_agent is None:
        return (anybody,)
    known = anybody.model_copy(update={"agents": (call.preferred_agent,)})
    return (known, anybody.model_copy(update={"after_s": KNOWN_ADVISER_S}))
