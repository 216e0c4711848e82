"""Brands: the businesses calls are answered for, with their hours, sites and service numbers."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from signaling.records.database import Database
from signaling.records.errors import TakenError
from signaling.records.model import Brand, Colours, Locale
from signaling.records.tables import BrandRow


class Brands:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(self, brand: Brand) -> Brand:
        """
        :param brand: ``id`` and ``created_at`` are set here.
        :raises TakenError: the slug is in use.
        """
        brand = replace(brand, id=uuid.uuid4().hex, created_at=self._clock())
        try:
            async with self._database.writing() as session:
                session.add(_row(brand))
        except IntegrityError:
            raise TakenError("slug") from None
        return brand

    async def update(self, brand: Brand) -> None:
        """Everything but ``id`` and ``created_at``."""
        async with self._database.writing() as session:
            await session.merge(_row(brand))

    async def by_slug(self, slug: str) -> Brand | None:
        async with self._database.reading() as session:
            row = (await session.scalars(select(BrandRow).where(BrandRow.slug == slug))).one_or_none()
            return _brand(row) if row else None

    async def by_id(self, brand_id: str) -> Brand | None:
        async with self._database.reading() as session:
            row = await session.get(BrandRow, brand_id)
            return _brand(row) if row else None

    async def all(self) -> list[Brand]:
        async with self._database.reading() as session:
            return [_brand(row) for row in await session.scalars(select(BrandRow).order_by(BrandRow.slug))]


def _row(brand: Brand) -> BrandRow:
    return BrandRow(
        id=brand.id,
        slug=brand.slug,
        name=brand.name,
        colours={"background": brand.colours.background, "text": brand.colours.text},
        locale=brand.locale,
        skills=list(brand.skills),
        hours=brand.hours,
        timezone=brand.timezone,
        holidays_zone=brand.holidays_zone,
        allowed_origins=list(brand.allowed_origins),
        numbers=list(brand.numbers),
        wait_target_s=brand.wait_target_s,
        is_rehearsal=brand.is_rehearsal,
        is_demo=brand.is_demo,
        created_at=brand.created_at,
    )


def _brand(row: BrandRow) -> Brand:
    return Brand(
        id=row.id,
        slug=row.slug,
        name=row.name,
        colours=Colours(**row.colours),
        locale=cast(Locale, row.locale),
        skills=tuple(row.skills),
        hours=row.hours,
        timezone=row.timezone,
        holidays_zone=row.holidays_zone,
        allowed_origins=tuple(row.allowed_origins),
        numbers=tuple(row.numbers),
        wait_target_s=row.wait_target_s,
        is_rehearsal=row.is_rehearsal,
        is_demo=row.is_demo,
        created_at=row.created_at,
    )
