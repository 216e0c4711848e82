"""What is in the database of the service about a call, when that is within reach of this machine."""

import asyncio
from collections.abc import Awaitable, Callable

from signaling.call_terms import CallKind, EndReason
from signaling.messages.records import Disposition
from signaling.records import Records
from signaling.records.tables import WrapUpRow

DEADLINE_S = 8.0  # records are written behind the call, and wait while the database is away
POLL_S = 0.2


class RecordProbe:
    """:param records: opened without migration; closed by its owner."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def holds(self, call_id: str, kind: CallKind, end_reason: EndReason | None) -> bool:
        """:returns: whether the call is kept as a rehearsal with its kind and ending, within the deadline."""

        async def is_kept() -> bool:
            record = await self._records.calls.find(call_id)
            return record is not None and record.rehearsal and (record.kind, record.end_reason) == (kind, end_reason)

        return await _within_deadline(is_kept)

    async def holds_note(self, call_id: str, disposition: Disposition, note: str) -> bool:
        """:returns: whether the wrap-up of this call says exactly this, within the deadline."""

        async def is_kept() -> bool:
            async with self._records.database.reading() as session:
                row = await session.get(WrapUpRow, call_id)
                return row is not None and (row.disposition, row.note) == (disposition, note)

        return await _within_deadline(is_kept)


async def _within_deadline(holds: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await holds():  # noqa: ASYNC110 -- written by another process
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        return False
    return True
