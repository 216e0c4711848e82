"""A process of the queue in a test: its queue, everything it heard, and ways to wait for what it hears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import (
    Agent,
    AgentChanged,
    AgentState,
    Alerting,
    Event,
    Request,
    Trade,
)

DEADLINE_S = 20.0
#: Nothing ends by itself, except what a test shortens.
CALM = QueueConfig(
    alert_s=60, wrap_up_s=60, agent_lease_s=60, owner_lease_s=120, sweep_s=0.1, poll_s=0.2, positions_s=0.05
)
E_ = TypeVar("E_", bound=Event)


@dataclass
class Site:
    """One process's queue and everything it heard."""

    queue: InterpreterQueue
    redis: "Redis"
    heard: list[Event] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            async with self._news:
                self.heard.append(event)
                self._news.notify_all()

    async def hears(self, kind: type[E_], such: Callable[[E_], bool] = lambda _: True, since: int = 0) -> E_:
        """The first event of this kind after the first ``since`` events; waits for it."""

        def found() -> E_ | None:
            return next((e for e in self.heard[since:] if isinstance(e, kind) and such(e)), None)

        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(lambda: found() is not None)
            event = found()
            assert event is not None
            return event

    def all(self, kind: type[E_]) -> list[E_]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def alert(self, call_id: str, agent_id: str | None = None, since: int = 0) -> Alerting:
        return await self.hears(
            Alerting, lambda e: e.call_id == call_id and agent_id in (None, e.assignment.agent_id), since
        )

    async def state(self, agent_id: str, state: AgentState, since: int = 0) -> AgentChanged:
        return await self.hears(AgentChanged, lambda e: e.agent_id == agent_id and e.state == state, since)

    async def available(
        self, *agent_ids: str, trade: Trade = "interpreter", skills: dict[str, int] | None = None
    ) -> None:
        for agent_id in agent_ids:
            await self.queue.sign_in(Agent(agent_id=agent_id, trades=frozenset({trade}), skills=skills or {}))
            await self.queue.set_presence(agent_id, "available")


class HasClient(Protocol):
    """One server of a test, or several."""

    def client(self) -> "Redis": ...


@contextlib.asynccontextmanager
async def site(server: HasClient, config: QueueConfig = CALM, name: str = "one") -> AsyncIterator[Site]:
    async with server.client() as redis:
        queue = InterpreterQueue(redis, config, name)
        here = Site(queue, redis)
        listening = asyncio.create_task(here.listen(queue.events()))
        await queue.start()
        try:
            yield here
        finally:
            await queue.close()
            await listening


def short(**seconds: float) -> QueueConfig:
    """As ``CALM``, except for what is given."""
    return replace(CALM, **seconds)  # type: ignore[arg-type]


def relay(call_id: str, **fields: object) -> Request:
    return Request.model_validate({"call_id": call_id, "targets": [{"trades": ("interpreter",)}], **fields})


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)
