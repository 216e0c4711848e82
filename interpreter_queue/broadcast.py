"""Events to the subscribers of this process: each with a bounded queue; a slow one loses events and is told so."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Iterable

from interpreter_queue.model import Event, Resynced


class Subscription(AsyncIterator[Event]):
    """Everything from its creation on. Ends (``StopAsyncIteration``) when the queue is closed."""

    def __init__(self, bound: int) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(bound)

    def put(self, event: Event | None) -> None:
        """Full: what waits is dropped for one ``Resynced``, which tells the reader to look at the snapshot."""
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(Resynced())
        self._queue.put_nowait(event)

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            self._queue.put_nowait(None)  # for whoever asks again
            raise StopAsyncIteration
        return event


class Broadcast:
    def __init__(self, bound: int) -> None:
        self._bound = max(2, bound)
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()  # dropped by its reader: gone

    def subscribe(self) -> Subscription:
        subscription = Subscription(self._bound)
        self._subscriptions.add(subscription)
        return subscription

    def __len__(self) -> int:
        return len(self._subscriptions)

    def publish(self, events: Iterable[Event]) -> None:
        told = list(events)
        for subscription in tuple(self._subscriptions):
            for event in told:
                subscription.put(event)

    def close(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.put(None)
        self._subscriptions.clear()
