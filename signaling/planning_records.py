"""``passerelle staff --from-records``: which of the service's own calls to plan from, and reading them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signaling.call_terms import CallKind
from signaling.cli_people import refuse, with_records
from signaling.planning_demand import half_hours_of, measured_patience_s
from signaling.planning_files import HalfHour
from signaling.planning_options import refused
from signaling.records import Records
from signaling.records.load_rows import LoadRows, RecordedLoad

DAYS_BACK = 28  # four of each weekday


@dataclass(frozen=True)
class Chosen:
    """:param last: included. :param brand: short name; None: every brand's calls and those of none."""

    first: date
    last: date
    zone: ZoneInfo
    brand: str | None
    kinds: tuple[CallKind, ...]

    @classmethod
    def of(
        cls, first: str | None, last: str | None, timezone: str, brand: str | None, kinds: tuple[CallKind, ...]
    ) -> "Chosen":
        """:raises typer.BadParameter: a day or a zone that is none."""
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise refused("--tz", f"fuseau inconnu « {timezone} », par exemple Europe/Paris") from None
        today = datetime.now(zone).date()
        chosen = cls(
            first=_day(first, "--from") if first else today - timedelta(days=DAYS_BACK),
            last=_day(last, "--to") if last else today - timedelta(days=1),
            zone=zone,
            brand=brand,
            kinds=kinds,
        )
        if chosen.last < chosen.first:
            raise refused("--to", "le dernier jour vient après le premier")
        return chosen

    @property
    def period(self) -> tuple[float, float]:
        """Unix seconds, the end not included."""
        begin, end = (datetime.combine(day, time(), self.zone) for day in (self.first, self.last + timedelta(days=1)))
        return begin.timestamp(), end.timestamp()


def recorded(chosen: Chosen, wrap_up_s: float) -> tuple[list[HalfHour], float | None]:
    """Half hours of the calls, and their patience. :raises typer.Exit: no such brand, no database: said in a line."""

    async def work(records: Records) -> list[RecordedLoad]:
        brand_id = None
        if chosen.brand is not None:
            found = await records.brands.by_slug(chosen.brand)
            if found is None:
                raise refuse(f"Aucun service ne s’appelle « {chosen.brand} ».")
            brand_id = found.id
        rows = LoadRows(records.database)
        return list(await rows.calls(*chosen.period, brand_id=brand_id, kinds=chosen.kinds))

    calls = with_records(work)
    return half_hours_of(calls, chosen.zone, chosen.first, chosen.last, wrap_up_s), measured_patience_s(calls)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(option, f"attendu un jour, AAAA-MM-JJ ; reçu « {text} »") from None
