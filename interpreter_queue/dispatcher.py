"""What signaling calls: the queue's commands and its events."""

from collections.abc import AsyncIterator, Iterable

from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import (
    Agent,
    AgentRecord,
    Assignment,
    Event,
    PauseReason,
    Presence,
    QueueSnapshot,
    Request,
    RequestRecord,
)


class InterpreterQueue:
    """
    Signatures first; the bodies follow in the next commits.

    Every command raises ``QueueUnavailableError`` when Redis does not answer, and may then be repeated.
    """

    def __init__(self, redis: Redis, config: QueueConfig, instance_id: str) -> None: ...
    @property
    def is_synced(self) -> bool:
        """The dispatcher is connected and up to date (for ``/readyz``)."""
        raise NotImplementedError

    async def start(self) -> None:
        """Start the dispatcher task; returns even when Redis is away (it keeps trying)."""

    async def close(self) -> None: ...
    async def enqueue(self, request: Request) -> None:
        """:raises QueueFullError:"""

    async def cancel(self, call_id: str, reason: str) -> None:
        """Abandoned, or call over: an alert is withdrawn, an engaged agent goes to wrap-up."""

    async def sign_in(self, agent: Agent) -> None:
        """Known from now on, presence ``paused`` until declared available. Again: refreshes profile and lease only."""

    async def sign_out(self, agent_id: str) -> None: ...
    async def set_presence(self, agent_id: str, presence: Presence, reason: PauseReason | None = None) -> None:
        """:raises UnknownAgentError:"""

    async def set_pause_after_call(self, agent_id: str, wanted: bool) -> None:
        """:raises UnknownAgentError:"""

    async def keep_alive(self, agent_ids: Iterable[str]) -> frozenset[str]:
        """Returns those no longer known: sign them in again."""
        raise NotImplementedError

    async def keep_calls(self, call_ids: Iterable[str]) -> frozenset[str]:
        """Returns those the queue does not know (neither waiting nor assigned)."""
        raise NotImplementedError

    async def accept(self, agent_id: str, assignment_id: str) -> Assignment | None:
        """None: lost (expired, cancelled, another's)."""
        raise NotImplementedError

    async def decline(self, agent_id: str, assignment_id: str, reason: str) -> bool:
        raise NotImplementedError

    async def release(self, agent_id: str, call_id: str, *, wrap_up: bool) -> None: ...
    async def extend_wrap_up(self, agent_id: str) -> float | None:
        """The new end, Redis time; None: not in wrap-up, or no extension left."""
        raise NotImplementedError

    async def finish_wrap_up(self, agent_id: str) -> None: ...
    def events(self) -> AsyncIterator[Event]:
        """Everything from the moment of this call on; subscribe before ``start`` to miss nothing."""
        raise NotImplementedError

    async def snapshot(self) -> QueueSnapshot:
        raise NotImplementedError

    async def agent(self, agent_id: str) -> AgentRecord | None:
        raise NotImplementedError

    async def request(self, call_id: str) -> RequestRecord | None:
        """Waiting, alerting or assigned; None when the queue does not know the call."""
        raise NotImplementedError

    async def assignment_of(self, call_id: str) -> Assignment | None:
        """The standing assignment, alerting or accepted (``request`` tells which)."""
        raise NotImplementedError
