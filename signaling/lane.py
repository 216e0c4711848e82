"""An ordered lane of effects: one after the other, retried while the far side is away, never blocking the caller."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

LANE_LIMIT = 256  # a call makes a few dozen effects in an hour; more means that something runs wild
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
        self._queue: asyncio.Queue[Effect] = asyncio.Queue(LANE_LIMIT)
        self._task = asyncio.create_task(self._run(), name=f"lane {name}")

    def put(self, effect: Effect) -> None:
        """:raises asyncio.QueueFull: the bound is reached."""
        self._queue.put_nowait(effect)

    async def drained(self) -> None:
        await self._queue.join()

    async def close(self, deadline_s: float = 0.0) -> None:
        """Finish what is queued within the deadline, then stop."""
        if deadline_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline_s):
                    await self._queue.join()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            effect = await self._queue.get()
            try:
                await self._try(effect)
            except Exception:
                log.exception("effect failed in lane %s", self._name)
            finally:
                self._queue.task_done()

    async def _try(self, effect: Effect) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                return await effect()
            except self._retry_on as error:
                log.warning("lane %s waits: %s", self._name, type(error).__name__)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_MAX_S)
