"""
Calls as they are kept, and what people add to them afterwards.

Every write is idempotent: the outbox may repeat it. A relay call takes times, codes and figures only.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, time
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from signaling.call_terms import CallKind, EndReason, Mode
from signaling.messages.records import CallSummaryRow, ContactForm, Disposition
from signaling.records.call_records import AbuseReported, CallRecord, PhoneLegRecord, QualitySeries, RatingGiven, WrapUp
from signaling.records.database import Database
from signaling.records.errors import NotInRelayError, UnknownRecordError
from signaling.records.tables import (
    AbuseReportRow,
    Base,
    BrandRow,
    CallQualityRow,
    CallRow,
    ContactRow,
    PersonRow,
    PhoneLegRow,
    RatingProblemRow,
    RatingRow,
    WrapUpRow,
)

KNOWN_FOR_S = 180 * 86_400.0  # an adviser of half a year ago does not remember
TODAY_LIMIT = 200  # rows; nobody serves more calls in a day
_NOT_COLUMNS = ("call_id", "network", "phone_legs", "quality")
_SIGNER_RATE = ("signer", "frames_per_second")  # path in ``QualitySeries``
TREND_POINTS = 40  # a picture of the call in a line of a list


class Calls:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def record(self, call: CallRecord) -> None:
        """Insert or replace. A summary without end never replaces one with an end: it was late."""
        async with self._database.writing() as session:
            known = await session.get(CallRow, call.call_id)
            if known is not None and known.ended_at is not None and call.ended_at is None:
                return
            await session.merge(_row(await _known_people(session, call)))
            if call.quality is not None:
                await session.flush()
                await session.merge(CallQualityRow(call_id=call.call_id, series=asdict(call.quality)))

    async def find(self, call_id: str) -> CallRecord | None:
        async with self._database.reading() as session:
            row = await session.get(CallRow, call_id)
            quality = await session.get(CallQualityRow, call_id)
            return _record(row, quality) if row else None

    async def rate(self, rating: RatingGiven) -> None:
        """The last rating of a call counts. :raises UnknownRecordError: the call is not recorded."""
        async with self._database.writing() as session:
            await _call(session, rating.call_id)
            signer_id = await _known(session, PersonRow, rating.signer_id)
            row = RatingRow(call_id=rating.call_id, signer_id=signer_id, stars=rating.stars, at=self._clock())
            await session.merge(row)
            await session.flush()
            await session.execute(delete(RatingProblemRow).where(RatingProblemRow.call_id == rating.call_id))
            for problem in dict.fromkeys(rating.problems):
                session.add(RatingProblemRow(call_id=rating.call_id, problem=problem))

    async def report_abuse(self, report: AbuseReported) -> None:
        """:raises UnknownRecordError: the call is not recorded."""
        async with self._database.writing() as session:
            await _call(session, report.call_id)
            await session.merge(AbuseReportRow(call_id=report.call_id, reported_by=report.by, at=report.at))

    async def wrap_up(self, wrap_up: WrapUp) -> None:
        """
        Disposition, note and contact of a direct call; repeated, the last one counts.

        :raises NotInRelayError: the call is a relay call, whatever the caller believes.
        :raises UnknownRecordError: the call is not recorded.
        """
        async with self._database.writing() as session:
            call = await _call(session, wrap_up.call_id)
            if call.kind != "direct":
                raise NotInRelayError(wrap_up.call_id)
            earlier = await session.get(WrapUpRow, wrap_up.call_id)
            contact_id = earlier.contact_id if earlier else None
            if wrap_up.contact is not None and call.brand_id is not None:
                contact_id = await self._keep_contact(session, call, contact_id, wrap_up.contact)
            row = WrapUpRow(
                call_id=call.id,
                call_kind="direct",
                agent_id=await _known(session, PersonRow, wrap_up.agent_id),
                contact_id=contact_id,
                disposition=wrap_up.disposition,
                note=wrap_up.note,
                at=self._clock(),
            )
            await session.merge(row)

    async def _keep_contact(
        self, session: AsyncSession, call: CallRow, contact_id: str | None, form: ContactForm
    ) -> str:
        """One contact for each signer and brand; somebody unknown gets one for this call."""
        row = await session.get(ContactRow, contact_id) if contact_id else None
        if row is None and call.signer_id is not None:
            query = select(ContactRow).filter_by(brand_id=call.brand_id, signer_id=call.signer_id)
            row = (await session.scalars(query)).one_or_none()
        if row is None:
            row = ContactRow(
                id=uuid.uuid4().hex, brand_id=call.brand_id, signer_id=call.signer_id, created_at=self._clock()
            )
            session.add(row)
        for name, value in form.model_dump().items():
            setattr(row, name, value)
        row.updated_at = self._clock()
        await session.flush()
        return row.id

    async def contact_for(self, brand_id: str, signer_id: str | None) -> tuple[ContactForm, int] | None:
        """
        The contact record of a signed-in signer with this brand.

        :returns: it, and how many direct calls this signer had with the brand before; None: not known.
        """
        if signer_id is None:
            return None
        earlier = select(func.count()).where(
            CallRow.brand_id == brand_id, CallRow.signer_id == signer_id, CallRow.together_at.is_not(None)
        )
        async with self._database.reading() as session:
            query = select(ContactRow).filter_by(brand_id=brand_id, signer_id=signer_id)
            row = (await session.scalars(query)).one_or_none()
            if row is None:
                return None
            form = ContactForm(name=row.name, email=row.email, phone=row.phone, reference=row.reference)
            return form, await session.scalar(earlier) or 0

    async def known_adviser(self, brand_id: str, signer_id: str) -> str | None:
        """Who served this signer for this brand last, lately."""
        query = (
            select(CallRow.agent_id)
            .where(
                CallRow.brand_id == brand_id,
                CallRow.signer_id == signer_id,
                CallRow.agent_id.is_not(None),
                CallRow.together_at >= self._clock() - KNOWN_FOR_S,
            )
            .order_by(CallRow.together_at.desc())
            .limit(1)
        )
        async with self._database.reading() as session:
            return await session.scalar(query)

    async def today(self, agent_id: str, timezone: str = "Europe/Paris") -> list[CallSummaryRow]:
        """This agent's calls since midnight there, latest first."""
        zone = ZoneInfo(timezone)
        midnight = datetime.combine(datetime.fromtimestamp(self._clock(), zone).date(), time(), zone).timestamp()
        query = (
            select(CallRow, BrandRow.name, WrapUpRow.disposition, CallQualityRow.series[_SIGNER_RATE])
            .outerjoin(BrandRow, BrandRow.id == CallRow.brand_id)
            .outerjoin(WrapUpRow, WrapUpRow.call_id == CallRow.id)
            .outerjoin(CallQualityRow, CallQualityRow.call_id == CallRow.id)
            .where(CallRow.agent_id == agent_id, CallRow.queued_at >= midnight)
            .order_by(CallRow.queued_at.desc())
            .limit(TODAY_LIMIT)
        )
        async with self._database.reading() as session:
            return [_summary(*row) for row in await session.execute(query)]


async def _known_people(session: AsyncSession, call: CallRecord) -> CallRecord:
    """Without the people and brand that have no row: rehearsals bring their own, others were erased since."""
    return replace(
        call,
        signer_id=await _known(session, PersonRow, call.signer_id),
        agent_id=await _known(session, PersonRow, call.agent_id),
        brand_id=await _known(session, BrandRow, call.brand_id),
    )


async def _known(session: AsyncSession, table: type[Base], key: str | None) -> str | None:
    return key if key is not None and await session.get(table, key) is not None else None


async def _call(session: AsyncSession, call_id: str) -> CallRow:
    row = await session.get(CallRow, call_id)
    if row is None:
        raise UnknownRecordError("call", call_id)
    return row


def _row(call: CallRecord) -> CallRow:
    columns = {name: value for name, value in asdict(call).items() if name not in _NOT_COLUMNS}
    legs = [
        PhoneLegRow(call_id=call.call_id, position=position, **asdict(leg))
        for position, leg in enumerate(call.phone_legs)
    ]
    return CallRow(id=call.call_id, network=dict(call.network), phone_legs=legs, **columns)


def _record(row: CallRow, quality: CallQualityRow | None) -> CallRecord:
    values: dict[str, Any] = {
        name: getattr(row, name) for name in CallRecord.__dataclass_fields__ if name not in _NOT_COLUMNS
    }
    legs = tuple(
        PhoneLegRecord(**{name: getattr(leg, name) for name in PhoneLegRecord.__dataclass_fields__})
        for leg in row.phone_legs
    )
    series = QualitySeries(**quality.series) if quality else None
    network: Any = dict(row.network)
    return CallRecord(call_id=row.id, network=network, phone_legs=legs, quality=series, **values)


def _summary(
    call: CallRow, brand_name: str | None, disposition: str | None, rates: list[float | None] | None
) -> CallSummaryRow:
    return CallSummaryRow(
        call_id=call.id,
        kind=cast(CallKind, call.kind),
        mode=cast(Mode, call.mode),
        brand_name=brand_name,
        began_at=call.together_at or call.queued_at,
        talk_s=call.talk_s,
        end_reason=cast(EndReason, call.end_reason) if call.end_reason in get_args(EndReason) else None,
        disposition=cast(Disposition, disposition) if disposition else None,
        frame_rates=thinned(tuple(rates or ()), TREND_POINTS),
    )


def thinned(points: tuple[float | None, ...], limit: int) -> tuple[float | None, ...]:
    """At most ``limit`` points: of each stretch the lowest, so that no bad moment is left out."""
    width = -(-len(points) // limit) if points else 1
    stretches = (points[start : start + width] for start in range(0, len(points), width))
    return tuple(min((point for point in stretch if point is not None), default=None) for stretch in stretches)
