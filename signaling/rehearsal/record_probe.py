"""Whether a call's record is in the database of the service, when that is within reach of this machine."""

import asyncio

from signaling.call_model import EndReason
from signaling.records import Records

DEADLINE_S = 8.0  # records are written behind the call, and wait while the database is away
POLL_S = 0.2


class RecordProbe:
    """:param records: opened without migration; closed by its owner."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def holds(self, call_id: str, end_reason: EndReason | None) -> bool:
        """:returns: whether the call is kept with its ending, within the deadline."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    record = await self._records.calls.find(call_id)
                    if record is not None and record.end_reason == end_reason:
                        return True
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
