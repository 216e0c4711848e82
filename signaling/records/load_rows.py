"""What planning reads of the calls: when they came, how long they took, whether somebody waited in vain. Nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from signaling.records.database import Database
from signaling.records.tables import CallRow


@dataclass(frozen=True)
class RecordedLoad:
    """
    One call.

    :param queued_at: Unix seconds. :param together_s: with an agent; None: nobody answered.
    :param wait_s: in the queue.
    """

    queued_at: float
    wait_s: float
    together_s: float | None
    is_abandoned: bool


class LoadRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(self, begin: float, end: float, brand_id: str | None = None) -> Sequence[RecordedLoad]:
        """Ended calls that were queued at ``begin <= t < end``, of one brand or (None) of all; rehearsals are none."""
        query = select(
            CallRow.queued_at, CallRow.wait_s, CallRow.together_at, CallRow.ended_at, CallRow.abandoned
        ).where(
            CallRow.queued_at >= begin,
            CallRow.queued_at < end,
            CallRow.ended_at.is_not(None),
            CallRow.rehearsal.is_(False),
        )
        if brand_id is not None:
            query = query.where(CallRow.brand_id == brand_id)
        async with self._database.reading() as session:
            return [
                RecordedLoad(
                    queued_at=queued_at,
                    wait_s=wait_s,
                    together_s=None if together_at is None or ended_at is None else max(0.0, ended_at - together_at),
                    is_abandoned=abandoned,
                )
                for queued_at, wait_s, together_at, ended_at, abandoned in await session.execute(query)
            ]
