"""
What supervisors did: appended, read, deleted when its time is over; never changed.

No word that was said and no number: who, what, to whom or what, in codes. People are kept by id and named when read,
so that whoever is erased is no longer named here either.
"""

from sqlalchemy import Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from signaling.audit import Act, Acted
from signaling.messages.board import AuditEntry
from signaling.records.database import Database
from signaling.records.tables import ID, SHORT, Base, PersonRow, one_of

PAGE = 50  # entries at once


class AuditRow(Base):
    """Append-only: a trigger (SQLite) or a rule (PostgreSQL) refuses changes, see migration 0009."""

    __tablename__ = "audit"
    __table_args__ = (one_of("act", Act), Index("ix_audit_at", "at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    at: Mapped[float]
    by_id: Mapped[str] = mapped_column(ID)
    act: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str | None] = mapped_column(SHORT)
    subject_is_person: Mapped[bool]
    detail: Mapped[str | None] = mapped_column(SHORT)


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, acted: Acted) -> None:
        """Again: nothing."""
        row = AuditRow(
            id=acted.key,
            at=acted.at,
            by_id=acted.by_id,
            act=acted.act,
            subject=acted.agent_id or acted.subject,
            subject_is_person=acted.agent_id is not None,
            detail=acted.detail,
        )
        async with self._database.writing() as session:
            if await session.get(AuditRow, acted.key) is None:
                session.add(row)

    async def latest(self, before: float | None = None) -> tuple[tuple[AuditEntry, ...], bool]:
        """
        :param before: Unix seconds; None: from the newest on.
        :returns: newest first, and whether there are older ones.
        """
        query = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(PAGE + 1)
        if before is not None:
            query = query.where(AuditRow.at < before)
        async with self._database.reading() as session:
            rows = list(await session.scalars(query))
            people = {row.by_id for row in rows} | {row.subject for row in rows if row.subject_is_person}
            found = await session.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(people)))
            names: dict[str | None, str] = {row.id: row.name for row in found}
        entries = tuple(
            AuditEntry.model_validate(
                {
                    "at": row.at,
                    "by": names.get(row.by_id, ""),
                    "act": row.act,
                    "subject": names.get(row.subject) if row.subject_is_person else row.subject,
                    "detail": row.detail,
                }
            )
            for row in rows[:PAGE]
        )
        return entries, len(rows) > PAGE

    async def forget_before(self, at: float) -> None:
        """:param at: Unix seconds: what is older has served its time."""
        async with self._database.writing() as session:
            await session.execute(delete(AuditRow).where(AuditRow.at < at))
