"""Where signers' browsers are rung although no page is open. Addresses and keys come sealed: this sees neither."""

from collections.abc import Callable

from sqlalchemy import delete, select

from signaling.records.database import Database
from signaling.records.tables import PersonRow, PushSubscriptionRow

DEVICES_LIMIT = 12  # for each person; the oldest go, as a browser that is used subscribes again


class PushSubscriptions:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(self, person_id: str, subscription_id: str, sealed: str) -> None:
        """A browser that somebody else signs in with rings for them alone from now on."""
        mine = PushSubscriptionRow.person_id == person_id
        newest = select(PushSubscriptionRow.id).where(mine).order_by(PushSubscriptionRow.created_at.desc())
        async with self._database.writing() as session:
            if await session.get(PersonRow, person_id) is None:
                return
            row = PushSubscriptionRow(id=subscription_id, person_id=person_id, sealed=sealed, created_at=self._clock())
            await session.merge(row)
            await session.flush()
            over = list(await session.scalars(newest.offset(DEVICES_LIMIT)))
            if over:
                await session.execute(delete(PushSubscriptionRow).where(PushSubscriptionRow.id.in_(over)))

    async def of(self, person_id: str) -> dict[str, str]:
        """:returns: by id, sealed."""
        query = select(PushSubscriptionRow).where(PushSubscriptionRow.person_id == person_id)
        async with self._database.reading() as session:
            return {row.id: row.sealed for row in await session.scalars(query)}

    async def remove(self, person_id: str, subscription_id: str) -> None:
        own = (PushSubscriptionRow.id == subscription_id) & (PushSubscriptionRow.person_id == person_id)
        async with self._database.writing() as session:
            await session.execute(delete(PushSubscriptionRow).where(own))
