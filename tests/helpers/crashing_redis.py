"""A Redis client that stops its process, or cancels what waits for it, at its n-th command."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

Stop = Literal["killed", "cancelled"]


class ProcessKilled(BaseException):
    """Nothing of the process runs after this."""


class CrashingRedis(Redis):
    """
    :param at: which command, from 1. :param stop: killed before it is sent (nothing is sent any more); or whoever waits
        is cancelled by ``cancel`` while it is under way.
    """

    def __init__(self, socket: str, at: int, stop: Stop, cancel: Callable[[], None] = lambda: None) -> None:
        super().__init__(unix_socket_path=socket, retry=Retry(NoBackoff(), 0))
        self.sent = 0
        self.killed = asyncio.Event()
        self._at, self._stop, self._cancel = at, stop, cancel

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        if self.killed.is_set():
            raise ProcessKilled
        self.sent += 1
        is_it = self.sent == self._at
        if is_it and self._stop == "cancelled":
            self._cancel()
        if is_it and self._stop == "killed":
            self.killed.set()
            raise ProcessKilled
        answer = await super().execute_command(*words, **options)  # type: ignore[no-untyped-call]
        if self.killed.is_set():
            raise ProcessKilled
        return answer
