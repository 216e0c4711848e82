"""A call's place in the line of those who wait, commanded; a lane of its own, which waits out a Redis that is away."""

import functools
from typing import Protocol

from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import ContentionError, QueueFullError, QueueUnavailableError
from signaling.call_events import Enqueue, Event, HoldAgent, LeaveQueue, QueueCommand, QueueGaveUp, ReleaseAgent
from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.lane import Lane
from signaling.queue_requests import request_of
from signaling.sessions import Hub


class QueueOwner(Protocol):
    """The call's runner."""

    call: Call

    def submit(self, event: Event, /) -> None: ...


class QueueCommands:
    def __init__(self, owner: QueueOwner, queue: InterpreterQueue, hub: Hub) -> None:
        self._owner, self._queue, self._hub = owner, queue, hub
        self.lane = Lane("queue", (QueueUnavailableError, ContentionError))
        #: By the queue's clock; gives the place back on resumption. A call-back brings it.
        self.queued_at: float | None = owner.call.queued_at if owner.call.is_callback_pending else None

    def queued(self, queued_at: float) -> None:
        """The queue has the request: its place in line, to be given back when the call resumes."""
        if self.queued_at is None:
            self.queued_at = queued_at

    def carry_out(self, command: QueueCommand) -> None:
        match command:
            case Enqueue(request_id):
                self.lane.put(functools.partial(self._enqueue, request_id))
            case LeaveQueue(request_id):
                self.lane.put(functools.partial(self._queue.cancel, request_id, "left"))
            case ReleaseAgent():
                self.lane.put(functools.partial(self._release, command))
            case HoldAgent(agent_key, held):
                self.lane.put(functools.partial(self._queue.hold, agent_key, held))

    async def _enqueue(self, request_id: str) -> None:
        call = self._owner.call
        request = request_of(call, request_id, self.queued_at) if call.state is not CallState.ENDED else None
        if request is None:
            return
        try:
            await self._queue.enqueue(request)
        except QueueFullError:
            self._owner.submit(QueueGaveUp(request_id))

    async def _release(self, command: ReleaseAgent) -> None:
        agent_key, wrap_up = command.agent_key, command.wrap_up
        await self._queue.release(agent_key, command.request_id, wrap_up=wrap_up)
        if not wrap_up and not self._hub.is_present("agent", agent_key):
            await self._queue.sign_out(agent_key)  # lost: alerting them would only cost the next one 20 s
