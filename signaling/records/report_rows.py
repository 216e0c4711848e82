"""What reports read: figures of calls, never who they were of. Rehearsals do not count."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import select

from signaling.call_terms import DeviceType, EndReason, Mode
from signaling.records.call_records import NetworkFigure
from signaling.records.database import Database
from signaling.records.tables import CallRow, RatingRow
from signaling.report import ReportedCall

_SLOWEST: tuple[NetworkFigure, ...] = ("signer_fps_p5", "agent_fps_p5")


class ReportRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(self, brand_id: str, begin: float, end: float) -> Sequence[ReportedCall]:
        """Ended calls of the brand that were queued at ``begin <= t < end``."""
        query = (
            select(CallRow, RatingRow.stars)
            .outerjoin(RatingRow, RatingRow.call_id == CallRow.id)
            .where(
                CallRow.brand_id == brand_id,
                CallRow.queued_at >= begin,
                CallRow.queued_at < end,
                CallRow.ended_at.is_not(None),
                CallRow.rehearsal.is_(False),
            )
        )
        async with self._database.reading() as session:
            return [_reported(*row) for row in await session.execute(query)]


def _reported(call: CallRow, stars: int | None) -> ReportedCall:
    signer = call.readability.get("signer", {})
    return ReportedCall(
        mode=cast(Mode, call.mode),
        is_answered=call.together_at is not None,
        is_abandoned=call.abandoned,
        is_callback=call.callback,
        wait_s=call.wait_s,
        talk_s=call.talk_s,
        stars=stars,
        signing_s=signer.get("signing_s", 0.0),
        readable_s=signer.get("readable_s", 0.0),
        device_type=cast("DeviceType | None", call.signer_device_type),
        fps_p5=min((call.network[name] for name in _SLOWEST if name in call.network), default=None),
        end_reason=cast("EndReason | None", call.end_reason),
    )
