"""What the operator set for queues (``signaling.queue_rules``): of each only what differs from the defaults."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from signaling.records.database import Database
from signaling.records.tables import QueueRulesRow


class QueueRulesTable:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def all(self) -> dict[str, dict[str, Any]]:
        """By the name it is set under."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(QueueRulesRow).order_by(QueueRulesRow.queue))
            return {row.queue: dict(row.rules) for row in rows}

    async def put(self, queue: str, rules: Mapping[str, Any]) -> None:
        """:param rules: all that is set under this name; empty: nothing any more."""
        async with self._database.writing() as session:
            row = await session.get(QueueRulesRow, queue)
            if not rules:
                if row is not None:
                    await session.delete(row)
                return
            await session.merge(QueueRulesRow(queue=queue, rules=dict(rules), updated_at=self._clock()))
