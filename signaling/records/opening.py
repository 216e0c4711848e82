"""
Opening hours: ``24/7``, or days and times in French or English, ``lun-ven 9:00-12:00, 13:30-18:00; sam 9:00-12:00``.

Pure. Public holidays come from the ``holidays`` package by zone; a brand with a zone is closed on them.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

DAY_NAMES = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_INDEX = {name: index for names in (DAY_NAMES, _ENGLISH) for index, name in enumerate(names)}
_TIMES = re.compile(r"^(\d{1,2})(?:[:h](\d{2})?)?-(\d{1,2})(?:[:h](\d{2})?)?$")
SEARCH_DAYS = 366  # how far ahead the next opening is looked for
DAY_S = 86_400


class HoursError(ValueError):
    """Opening hours that cannot be read. :param part: the piece, as typed by the operator."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


@dataclass(frozen=True)
class Span:
    """Minutes of the day, ``0 <= begin < end <= 1440``."""

    begin: int
    end: int


Week = tuple[tuple[Span, ...], ...]  # seven days from Monday
ALWAYS: Week = ((Span(0, 1440),),) * 7


@dataclass(frozen=True)
class Opening:
    """:param until: when that changes, Unix seconds; None: not within a year."""

    is_open: bool
    until: float | None


def parse_hours(text: str) -> Week:
    """:raises HoursError:"""
    if text.strip().lower() in ("24/7", "24h/24", "24/24"):
        return ALWAYS
    days: list[list[Span]] = [[] for _ in range(7)]
    for part in filter(None, (piece.strip().lower() for piece in text.split(";"))):
        named, _, times = part.partition(" ")
        spans = [_span(piece.strip(), part) for piece in times.split(",")]
        for day in _days(named, part):
            days[day] += spans
    if not any(days):
        raise HoursError(text)
    return tuple(_merged(spans) for spans in days)


def opening(hours: str, timezone: str, holidays_zone: str | None, now: float) -> Opening:
    """Whether it is open now, and until when; else when it opens next."""
    spans = _coming_spans(parse_hours(hours), ZoneInfo(timezone), holidays_zone, now)
    if not spans:
        return Opening(False, None)
    begin, end = spans[0]
    if now < begin:
        return Opening(False, begin)
    return Opening(True, end if end < now + (SEARCH_DAYS - 2) * DAY_S else None)


def is_holiday(day: date, zone: str | None) -> bool:
    """:param zone: ``FR``, or ``FR-57`` with a subdivision's own days."""
    return zone is not None and day in _holidays(zone)


def check_zone(zone: str) -> None:
    """:raises HoursError: no country or subdivision of this code."""
    try:
        _holidays(zone)
    except (NotImplementedError, ValueError):
        raise HoursError(zone) from None


def _coming_spans(week: Week, zone: ZoneInfo, holidays_zone: str | None, now: float) -> list[tuple[float, float]]:
    """Joined spans of Unix seconds that end after ``now``, up to the first gap."""
    first = datetime.fromtimestamp(now, zone).date()
    found: list[tuple[float, float]] = []
    for day in (first + timedelta(days=offset) for offset in range(SEARCH_DAYS)):
        closed = is_holiday(day, holidays_zone)
        for span in () if closed else week[day.weekday()]:
            begin, end = _at(day, span.begin, zone), _at(day, span.end, zone)
            if end <= now:
                continue
            if not found:
                found.append((begin, end))
            elif found[-1][1] == begin:
                found[-1] = (found[-1][0], end)
            else:
                return found
    return found


def _at(day: date, minutes: int, zone: ZoneInfo) -> float:
    """Wall-clock time: a day that changes to summer time has 23 hours."""
    day, minutes = day + timedelta(days=minutes // 1440), minutes % 1440
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).timestamp()


def _days(text: str, part: str) -> list[int]:
    first, dash, last = text.partition("-")
    try:
        begin, end = _DAY_INDEX[first[:3]], _DAY_INDEX[(last if dash else first)[:3]]
    except KeyError:
        raise HoursError(part) from None
    return [(begin + offset) % 7 for offset in range((end - begin) % 7 + 1)]


def _span(text: str, part: str) -> Span:
    match = _TIMES.match(text.replace(" ", ""))
    if match is None:
        raise HoursError(part)
    hour, minute, end_hour, end_minute = (int(group or 0) for group in match.groups())
    span = Span(hour * 60 + minute, end_hour * 60 + end_minute)
    if not (minute < 60 and end_minute < 60 and 0 <= span.begin < span.end <= 1440):
        raise HoursError(part)
    return span


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda entry: entry.begin):
        if merged and span.begin <= merged[-1].end:
            merged[-1] = Span(merged[-1].begin, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


@lru_cache(maxsize=64)
def _holidays(zone: str) -> holidays.HolidayBase:
    country, _, subdivision = zone.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)
