"""What the supervisors' board reads and keeps: today's calls that are over, and when it alerts."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from signaling.board_figures import DayCall
from signaling.call_terms import Mode
from signaling.messages.board import BoardThresholds
from signaling.messages.serving import CallbackState
from signaling.records.database import Database
from signaling.records.tables import Base, BrandRow, CallbackRow, CallRow

_NOT_IN_A_QUEUE = "video"  # kind of a call between two signers


class BoardThresholdsRow(Base):
    """NULL: no alert of this kind; no row: the defaults."""

    __tablename__ = "board_thresholds"

    queue: Mapped[str] = mapped_column(String(200), primary_key=True)
    waiting: Mapped[int | None]
    longest_wait_s: Mapped[float | None]
    service_level: Mapped[float | None]


class BoardRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(self, begin: float, ended_from: float) -> Sequence[DayCall]:
        """Real calls that were queued from ``begin`` on and ended from ``ended_from`` on, Unix seconds."""
        query = (
            select(
                CallRow.id,
                CallRow.kind,
                CallRow.mode,
                BrandRow.slug,
                CallRow.together_at,
                CallRow.ended_at,
                CallRow.wait_s,
                CallRow.abandoned,
                CallRow.callback,
            )
            .outerjoin(BrandRow, BrandRow.id == CallRow.brand_id)
            .where(
                CallRow.queued_at >= begin,
                CallRow.ended_at >= ended_from,
                CallRow.rehearsal.is_(False),
                CallRow.kind != _NOT_IN_A_QUEUE,
            )
        )
        async with self._database.reading() as session:
            rows = await session.execute(query)
            return [
                DayCall(
                    call_id=call_id,
                    queue=f"{slug or kind}/{mode}",
                    mode=cast(Mode, mode),
                    over_at=together_at if together_at is not None else ended_at,
                    wait_s=wait_s,
                    is_answered=together_at is not None,
                    is_abandoned=abandoned,
                    is_callback=callback,
                )
                for call_id, kind, mode, slug, together_at, ended_at, wait_s, abandoned, callback in rows
                if ended_at is not None
            ]

    async def callbacks(self) -> dict[tuple[str, CallbackState], int]:
        """How many call-backs there are, by queue and state."""
        query = (
            select(CallbackRow.kind, CallbackRow.mode, BrandRow.slug, CallbackRow.state, func.count())
            .outerjoin(BrandRow, BrandRow.id == CallbackRow.brand_id)
            .group_by(CallbackRow.kind, CallbackRow.mode, BrandRow.slug, CallbackRow.state)
        )
        async with self._database.reading() as session:
            return {
                (f"{slug or kind}/{mode}", cast(CallbackState, state)): count
                for kind, mode, slug, state, count in await session.execute(query)
            }

    async def thresholds(self) -> dict[str, BoardThresholds]:
        async with self._database.reading() as session:
            return {
                row.queue: BoardThresholds(
                    waiting=row.waiting, longest_wait_s=row.longest_wait_s, service_level=row.service_level
                )
                for row in await session.scalars(select(BoardThresholdsRow))
            }

    async def set_thresholds(self, queue: str, wanted: BoardThresholds) -> None:
        async with self._database.writing() as session:
            await session.merge(BoardThresholdsRow(queue=queue, **wanted.model_dump()))
