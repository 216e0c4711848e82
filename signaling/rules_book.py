"""The queues' rules as this process knows them: read again every few seconds; the last ones hold without a database."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from signaling.queue_rules import QueueRules, rules_of

READ_AGAIN_S = 5.0
READ_DEADLINE_S = 2.0  # a call does not wait longer for what the operator changed lately
log = logging.getLogger(__name__)


class RulesTable(Protocol):
    """``signaling.records.queue_rules``."""

    async def all(self) -> dict[str, dict[str, Any]]: ...


class RulesBook:
    """:param clock: seconds, monotonic."""

    def __init__(self, table: RulesTable, clock: Callable[[], float] = time.monotonic) -> None:
        self._table, self._clock = table, clock
        self._stored: dict[str, dict[str, Any]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()  # who comes meanwhile waits for the same reading

    async def of(self, queue: str) -> QueueRules:
        """Never fails: what cannot be read, or does not go together, is as it was before, or the default."""
        async with self._reading:
            if self._clock() - self._read_at >= READ_AGAIN_S:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(READ_DEADLINE_S):
                        self._stored = await self._table.all()
                self._read_at = self._clock()
        return self.known(queue)

    def known(self, queue: str) -> QueueRules:
        """As read last."""
        try:
            return rules_of(queue, self._stored)
        except ValueError:
            log.warning("rules of a queue do not go together: defaults", extra={"queue": queue})
            return QueueRules()
