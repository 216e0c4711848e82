"""
The one writer of a process: commits in batches, confirmed by a replica where there is one.

Where replicas are, the script goes in one pipeline with ``WAIT``, which speaks of what the same connection has written
before.
"""

import logging
import uuid
from typing import Any

from redis.exceptions import NoScriptError

from interpreter_queue.batches import Batches

REPLICA_WAIT_S = 0.2  # a replica on the same network has confirmed within a few ms
log = logging.getLogger(__name__)
Written = tuple[int, str]  # number of a change (0: lost), name of its batch
Arguments = tuple[bytes, bytes, bytes]  # of one change, as ``encoding.encode`` gives them


class GroupCommit:
    """
    :param redis: owned by the caller. :param script: text of ``commit.lua``. :param keys: its KEYS.
    :param first: its first arguments, after the name of the batch.
    :param size: changes in one run of the script: Redis serves nobody else meanwhile (100 take it 3 ms).
    """

    def __init__(self, redis: Any, script: str, keys: list[str], first: list[str | int], size: int) -> None:
        self._redis = redis
        self._script = redis.register_script(script)
        self._keys, self._first = keys, first
        self._name, self._sent = uuid.uuid4().hex, 0
        self._batches: Batches[Arguments, Written] = Batches(self._send, size)
        self.replicas = 0  # that are asked to confirm

    async def put(self, changes: list[Arguments]) -> list[Written]:
        """
        :returns: for each change its number (0: lost) and the name of its batch, by which it comes in the stream.
        :raises RedisError: :raises OSError: nobody knows whether they were written.
        """
        return await self._batches.put(changes)

    async def close(self) -> None:
        await self._batches.close()

    async def _send(self, batch: list[Arguments]) -> list[Written]:
        self._sent += 1
        name = f"{self._name}-{self._sent}"
        arguments: list[str | int | bytes] = [name, *self._first, *(word for one in batch for word in one)]
        if self.replicas:
            numbers = await self._replicated([*self._keys, *arguments])
        else:
            numbers = await self._script(keys=self._keys, args=arguments)
        return [(int(number), name) for number in numbers]

    async def _replicated(self, arguments: list[str | int | bytes]) -> list[int]:
        """One replica has it, or none answers in time: then the master's file alone keeps it, and the log says so."""
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.evalsha(self._script.sha, len(self._keys), *arguments)
                pipeline.wait(1, int(REPLICA_WAIT_S * 1000))
                numbers, confirmed = await pipeline.execute()
        except NoScriptError:
            await self._redis.script_load(self._script.script)
            return await self._replicated(arguments)
        if not confirmed:
            log.warning("queue: no replica confirms, changes are kept by the master alone")
            self.replicas = 0  # until the next heartbeat finds some
        return list(numbers)
