"""What planning reads of the calls: when they came, how long they took, whether somebody waited in vain. Nobody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from signaling.call_terms import CallKind
from signaling.records.database import Database
from signaling.records.tables import CallRow

#: video calls between two signers have no agent
STAFFED: tuple[CallKind, ...] = ("relay", "direct")


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

    async def calls(
        self, begin: float, end: float, *, brand_id: str | None = None, kinds: Collection[CallKind] = STAFFED
    ) -> Sequence[RecordedLoad]:
        """
        Ended calls that were queued at ``begin <= t < end``, of one brand or (None) of all; no rehearsals.

        A call that ended by asking for a call-back is left out: the call-back is the one that takes somebody's time.
        """
        wanted = [
            CallRow.queued_at >= begin,
            CallRow.queued_at < end,
            CallRow.ended_at.is_not(None),
            CallRow.rehearsal.is_(False),
            CallRow.kind.in_(kinds),
            CallRow.end_reason.is_distinct_from("callback_asked"),
        ]
        if brand_id is not None:
            wanted.append(CallRow.brand_id == brand_id)
        columns = (CallRow.queued_at, CallRow.wait_s, CallRow.together_at, CallRow.ended_at, CallRow.abandoned)
        async with self._database.reading() as session:
            return [_load(*row) for row in await session.execute(select(*columns).where(*wanted))]


def _load(
    queued_at: float, wait_s: float, together_at: float | None, ended_at: float | None, abandoned: bool
) -> RecordedLoad:
    together_s = None if together_at is None or ended_at is None else max(0.0, ended_at - together_at)
    return RecordedLoad(queued_at=queued_at, wait_s=wait_s, together_s=together_s, is_abandoned=abandoned)
