"""Many questions, one round trip: while one batch is under way, others gather and go together with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass
class _Waiting(Generic[Q, A]):
    question: Q
    answer: "asyncio.Future[A]"


class Batches(Generic[Q, A]):
    """
    :param send: answers a batch, in its order. :param size: questions in one batch.

    One batch is under way at a time; an answer comes from one sent after its question was put.
    """

    def __init__(self, send: Callable[[list[Q]], Awaitable[Sequence[A]]], size: int) -> None:
        self._send, self._size = send, size
        self._waiting: deque[_Waiting[Q, A]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def put(self, questions: list[Q]) -> list[A]:
        """:raises Exception: that of the batch; nobody knows whether it arrived."""
        loop = asyncio.get_running_loop()
        mine: list[_Waiting[Q, A]] = [_Waiting(one, loop.create_future()) for one in questions]
        self._waiting.extend(mine)
        if self._task is None:
            self._task = asyncio.create_task(self._flush(), name="queue-batches")
        try:
            return [await one.answer for one in mine]
        finally:
            for one in mine:
                if not one.answer.done():
                    one.answer.cancel()  # given up: what was not sent yet is not sent
                elif not one.answer.cancelled():
                    one.answer.exception()  # looked at: the first one was raised

    async def close(self) -> None:
        """What is under way is given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().answer.cancel()

    async def _flush(self) -> None:
        try:
            while batch := self._next():
                try:
                    answers = await self._send([one.question for one in batch])
                except BaseException as error:  # whatever it is, nobody may wait for ever
                    _fail(batch, error)
                    if isinstance(error, asyncio.CancelledError):
                        raise
                else:
                    for one, answer in zip(batch, answers, strict=True):
                        if not one.answer.done():
                            one.answer.set_result(answer)
        finally:
            self._task = None

    def _next(self) -> list[_Waiting[Q, A]]:
        batch: list[_Waiting[Q, A]] = []
        while self._waiting and len(batch) < self._size:
            one = self._waiting.popleft()
            if not one.answer.done():
                batch.append(one)
        return batch


def _fail(batch: Sequence[_Waiting[Q, A]], error: BaseException) -> None:
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(error)
