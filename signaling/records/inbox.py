"""
What signers missed: calls nobody accepted, with the voice message that was left. For the receiver alone, and expiring.

Numbers and sounds come and go sealed; this module never sees one.
"""

import base64
from collections.abc import Callable

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from signaling.records.call_records import KeptCall, MissedCall
from signaling.records.database import Database
from signaling.records.tables import InboxEntryRow, PersonRow

ENTRIES_LIMIT = 200  # for each person; nobody reads further, and a flood of calls must not fill the disk
SOUND_BYTES_LIMIT = 64 << 20  # for each person: hours of messages


class Inbox:
    """
    :param clock: Unix seconds. :param entries_limit: for each person. :param sound_limit: bytes, for each person; over
        one of them the oldest go.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        *,
        entries_limit: int = ENTRIES_LIMIT,
        sound_limit: int = SOUND_BYTES_LIMIT,
    ) -> None:
        self._database, self._clock = database, clock
        self._entries_limit, self._sound_limit = entries_limit, sound_limit

    async def add(self, missed: MissedCall) -> None:
        """Once for each call, however often it is said; for nobody when the person is unknown (a rehearsal's)."""
        sound = base64.b64decode(missed.sound) if missed.sound is not None else None
        async with self._database.writing() as session:
            if await session.get(PersonRow, missed.person_id) is None:
                return
            if await session.get(InboxEntryRow, missed.call_id) is not None:
                return
            row = InboxEntryRow(
                id=missed.call_id,
                person_id=missed.person_id,
                number=missed.number,
                sound=sound,
                sound_bytes=len(sound or b""),
                message_s=missed.message_s if sound is not None else None,
                at=missed.at,
                heard=False,
                expires_at=missed.expires_at,
            )
            session.add(row)
            await session.flush()
            await self._trim(session, missed.person_id)

    async def _trim(self, session: AsyncSession, person_id: str) -> None:
        """The newest that fit stay, messages before missed calls: nobody rings somebody's messages away."""
        kept_bytes, over = 0, []
        query = (
            select(InboxEntryRow.id, InboxEntryRow.sound_bytes)
            .where(InboxEntryRow.person_id == person_id)
            .order_by(InboxEntryRow.sound_bytes == 0, InboxEntryRow.at.desc(), InboxEntryRow.id)
        )
        for number, (entry_id, size) in enumerate((await session.execute(query)).all()):
            kept_bytes += size
            if number >= self._entries_limit or (size and kept_bytes > self._sound_limit and number > 0):
                over.append(entry_id)
        if over:
            await session.execute(delete(InboxEntryRow).where(InboxEntryRow.id.in_(over)))

    async def of(self, person_id: str) -> list[KeptCall]:
        """:returns: newest first, without what has expired."""
        query = (
            select(InboxEntryRow)
            .where(InboxEntryRow.person_id == person_id, InboxEntryRow.expires_at > self._clock())
            .order_by(InboxEntryRow.at.desc(), InboxEntryRow.id)
        )
        async with self._database.reading() as session:
            return [_kept(row) for row in await session.scalars(query)]

    async def find(self, person_id: str, entry_id: str) -> tuple[KeptCall, bytes | None] | None:
        """:returns: the entry and its sealed sound; None: this person has none of this id."""
        query = select(InboxEntryRow, InboxEntryRow.sound).where(
            InboxEntryRow.id == entry_id,
            InboxEntryRow.person_id == person_id,
            InboxEntryRow.expires_at > self._clock(),
        )
        async with self._database.reading() as session:
            found = (await session.execute(query)).one_or_none()
            return (_kept(found[0]), found[1]) if found else None

    async def heard(self, person_id: str, entry_id: str) -> None:
        own = (InboxEntryRow.id == entry_id) & (InboxEntryRow.person_id == person_id)
        async with self._database.writing() as session:
            await session.execute(update(InboxEntryRow).where(own).values(heard=True))

    async def delete(self, person_id: str, entry_id: str) -> None:
        own = (InboxEntryRow.id == entry_id) & (InboxEntryRow.person_id == person_id)
        async with self._database.writing() as session:
            await session.execute(delete(InboxEntryRow).where(own))

    async def expire(self) -> set[str]:
        """Delete what is over. :returns: ids of the people whose it was."""
        over = InboxEntryRow.expires_at <= self._clock()
        async with self._database.writing() as session:
            people = set(await session.scalars(select(InboxEntryRow.person_id).where(over).distinct()))
            if people:
                await session.execute(delete(InboxEntryRow).where(over))
            return people


def _kept(row: InboxEntryRow) -> KeptCall:
    return KeptCall(row.id, row.number, row.at, row.message_s, row.heard, row.expires_at)
