"""
Numbers that are not dialled, or may not call: of the whole service, a brand or a signer.

A row is a digest of whose it is and of the number, and a sealed text for the operator's list: the table tells nobody
who blocks whom. What is digested and sealed is ``signaling.block_list``'s.
"""

from collections.abc import Callable, Collection

from sqlalchemy import delete, func, select

from signaling.records.database import Database
from signaling.records.model import Block
from signaling.records.tables import BlockRow

OF_ONE_LIMIT = 500  # entries of one person; more is no list of people any more


class Blocks:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(self, block: Block) -> bool:
        """:returns: False: this person's list is full. The same again changes nothing."""
        async with self._database.writing() as session:
            if await session.get(BlockRow, block.digest) is not None:
                return True
            if block.person_id is not None:
                own = select(func.count()).where(BlockRow.person_id == block.person_id)
                if (await session.scalar(own) or 0) >= OF_ONE_LIMIT:
                    return False
            session.add(BlockRow(digest=block.digest, person_id=block.person_id, sealed=block.sealed, at=self._clock()))
        return True

    async def remove(self, digest: str) -> bool:
        """:returns: whether there was one."""
        async with self._database.writing() as session:
            row = await session.get(BlockRow, digest)
            if row is None:
                return False
            await session.execute(delete(BlockRow).where(BlockRow.digest == digest))
            return True

    async def any_of(self, digests: Collection[str]) -> bool:
        """Whether one of them is there."""
        query = select(BlockRow.digest).where(BlockRow.digest.in_(digests)).limit(1)
        async with self._database.reading() as session:
            return await session.scalar(query) is not None

    async def all(self) -> list[str]:
        """:returns: what was sealed, the oldest first."""
        async with self._database.reading() as session:
            return list(await session.scalars(select(BlockRow.sealed).order_by(BlockRow.at, BlockRow.digest)))
