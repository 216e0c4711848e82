"""What a brand's calls may dial, and how much, otherwise than everybody's. Most brands have no row."""

from sqlalchemy import delete

from relay.phone.dialling import DiallingOverride
from signaling.records.database import Database
from signaling.records.model import BrandRules
from signaling.records.tables import BrandRulesRow


class BrandRulesTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, brand_id: str) -> BrandRules:
        async with self._database.reading() as session:
            row = await session.get(BrandRulesRow, brand_id)
            return _rules(row) if row is not None else BrandRules()

    async def put(self, brand_id: str, rules: BrandRules) -> None:
        """In place of what the brand had."""
        async with self._database.writing() as session:
            await session.execute(delete(BrandRulesRow).where(BrandRulesRow.brand_id == brand_id))
            if rules != BrandRules():
                session.add(_row(brand_id, rules))


def _row(brand_id: str, rules: BrandRules) -> BrandRulesRow:
    may = rules.dialling
    return BrandRulesRow(
        brand_id=brand_id,
        countries=None if may.countries is None else sorted(may.countries),
        premium_allowed=may.premium_allowed,
        satellite_allowed=may.satellite_allowed,
        short_numbers=None if may.short_numbers is None else sorted(may.short_numbers),
        lines=rules.lines,
        calls_per_day=rules.calls_per_day,
        minutes_per_day=rules.minutes_per_day,
    )


def _rules(row: BrandRulesRow) -> BrandRules:
    return BrandRules(
        dialling=DiallingOverride(
            countries=None if row.countries is None else frozenset(row.countries),
            premium_allowed=row.premium_allowed,
            satellite_allowed=row.satellite_allowed,
            short_numbers=None if row.short_numbers is None else frozenset(row.short_numbers),
        ),
        lines=row.lines,
        calls_per_day=row.calls_per_day,
        minutes_per_day=row.minutes_per_day,
    )
