"""
An ordered lane of effects: one after the other, retried while the far side is away, never blocking the caller.

What only the newest state matters for (a snapshot, a plan) is put once, whatever happens meanwhile; what has to be done
each time (dial, hang up) is queued. A lane is *congested* long before anything would be too much for it.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable

CONGESTED_FROM = 64  # effects waiting; a call makes a few dozen in an hour: the far side is away, or somebody plays
RETRY_FIRST_S, RETRY_MAX_S = 0.2, 5.0
log = logging.getLogger(__name__)
Effect = Callable[[], Awaitable[None]]


class Lane:
    """
    :param name: for the log. :param retry_on: exceptions that mean "later": the effect is tried again, in its turn.

    Any other exception is logged and the lane goes on with the next effect.
    """

    def __init__(self, name: str, retry_on: tuple[type[Exception], ...] = ()) -> None:
        self._name, self._retry_on = name, retry_on
        self._waiting: deque[Effect | str] = deque()
        self._newest: dict[str, Effect] = {}
        self._filled, self._empty, self._hurried = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._task = asyncio.create_task(self._run(), name=f"lane {name}")

    @property
    def is_congested(self) -> bool:
        """Whoever may be refused should be, so that endings always find room."""
        return len(self._waiting) >= CONGESTED_FROM

    def put(self, effect: Effect) -> None:
        self._append(effect)

    def put_newest(self, key: str, effect: Effect) -> None:
        """In place of one with the same key that still waits."""
        is_waiting = key in self._newest
        self._newest[key] = effect
        if not is_waiting:
            self._append(key)

    def hurry(self) -> None:
        """The far side may be back: what waits to be tried again is tried now."""
        self._hurried.set()

    async def drained(self) -> None:
        await self._empty.wait()

    async def close(self, deadline_s: float = 0.0) -> None:
        """Finish what is queued within the deadline, then stop."""
        if deadline_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline_s):
                    await self._empty.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _append(self, entry: Effect | str) -> None:
        self._waiting.append(entry)
        self._empty.clear()
        self._filled.set()

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            while self._waiting:
                entry = self._waiting.popleft()
                effect = self._newest.pop(entry) if isinstance(entry, str) else entry
                try:
                    await self._try(effect)
                except Exception:
                    log.exception("effect failed in lane %s", self._name)
            self._filled.clear()
            self._empty.set()

    async def _try(self, effect: Effect) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                return await effect()
            except self._retry_on as error:
                log.warning("lane %s waits: %s", self._name, type(error).__name__)
                await self._pause(delay_s)
                delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def _pause(self, delay_s: float) -> None:
        self._hurried.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._hurried.wait()
