"""Sign-ins. The table keeps a hash of each token: who reads the database cannot sign in with it."""

import hashlib
from collections.abc import Callable, Collection

from sqlalchemy import delete, select

from signaling.records.database import Database
from signaling.records.model import Session
from signaling.records.people import person_of
from signaling.records.tables import PersonRow, SessionRow

USER_AGENT_LIMIT = 200
OVERTIME_S = 4 * 3600.0  # a session that ran out is known for so long: a call under way is not cut by it
ASKED_AT_ONCE = 500  # parameters of one query; older SQLite takes 999


class Sessions:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(self, token: str, person_id: str, lifetime_s: float, user_agent: str = "") -> None:
        """Expired sessions go at the same time, so that the table needs no keeper."""
        now = self._clock()
        row = SessionRow(
            token_hash=token_hash(token),
            person_id=person_id,
            created_at=now,
            expires_at=now + lifetime_s,
            user_agent=user_agent[:USER_AGENT_LIMIT],
        )
        async with self._database.writing() as session:
            await session.execute(delete(SessionRow).where(SessionRow.expires_at < now - OVERTIME_S))
            session.add(row)

    async def find(self, token: str) -> Session | None:
        """None: unknown, expired, or the person was disabled since."""
        async with self._database.reading() as session:
            row = await session.get(SessionRow, token_hash(token))
            if row is None or row.expires_at <= self._clock():
                return None
            person = await session.get(PersonRow, row.person_id)
            if person is None or person.disabled:
                return None
            return Session(person_of(person), row.created_at, row.expires_at)

    async def living(self, token_hashes: Collection[str]) -> dict[str, Session]:
        """
        :param token_hashes: see :func:`token_hash`.
        :returns: by token hash, those of people who may sign in; also sessions that ran out within ``OVERTIME_S``.
        """
        found: dict[str, Session] = {}
        hashes = list(token_hashes)
        async with self._database.reading() as session:
            for begin in range(0, len(hashes), ASKED_AT_ONCE):
                query = (
                    select(SessionRow, PersonRow)
                    .join(PersonRow, PersonRow.id == SessionRow.person_id)
                    .where(
                        SessionRow.token_hash.in_(hashes[begin : begin + ASKED_AT_ONCE]),
                        SessionRow.expires_at > self._clock() - OVERTIME_S,
                        PersonRow.disabled.is_(False),
                    )
                )
                for row, person in await session.execute(query):
                    found[row.token_hash] = Session(person_of(person), row.created_at, row.expires_at)
        return found

    async def end(self, token: str) -> None:
        async with self._database.writing() as session:
            await session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash(token)))

    async def end_all(self, person_id: str) -> None:
        """Every sign-in of one person: the password changed, or the person was disabled."""
        async with self._database.writing() as session:
            await session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))


def token_hash(token: str) -> str:
    """As the table keeps it: hexadecimal SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
