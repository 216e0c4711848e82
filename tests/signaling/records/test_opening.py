from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from signaling.records.opening import HoursError, Opening, Span, check_zone, opening, parse_hours
from signaling.records.opening_words import hours_in_words

PARIS = ZoneInfo("Europe/Paris")
OFFICE = "lun-ven 9:00-12:00, 13:30-18:00; sam 9h-12h"


def at(text: str) -> float:
    """``2026-11-23 09:00`` in Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


def state(hours: str, now: str, zone: str | None = None) -> Opening:
    return opening(hours, "Europe/Paris", zone, at(now))


def test_days_and_times_are_read_as_operators_type_them() -> None:
    week = parse_hours(OFFICE)
    assert week[0] == week[4] == (Span(540, 720), Span(810, 1080))
    assert week[5] == (Span(540, 720),) and week[6] == ()
    assert parse_hours("mon-fri 9-17") == parse_hours("LUNDI-vendredi 9:00-17h00")
    assert parse_hours("ven-lun 9-10")[2] == () and parse_hours("ven-lun 9-10")[6] == (Span(540, 600),)
    assert parse_hours("lun 9-12, 11-14")[0] == (Span(540, 840),)


@pytest.mark.parametrize(
    "text", ["", "lun", "lun 9", "lun 18-9", "lun 9:60-10", "lun 9-25", "xyz 9-10", "9-10", "lun 9-10-11", ";;"]
)
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(HoursError):
        parse_hours(text)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23 08:59", Opening(False, at("2026-11-23 09:00"))),
        ("2026-11-23 09:00", Opening(True, at("2026-11-23 12:00"))),
        ("2026-11-23 12:00", Opening(False, at("2026-11-23 13:30"))),
        ("2026-11-23 17:59", Opening(True, at("2026-11-23 18:00"))),
        ("2026-11-28 12:00", Opening(False, at("2026-11-30 09:00"))),
    ],
)
def test_a_service_is_open_within_its_hours_and_says_until_when(now: str, expected: Opening) -> None:
    assert state(OFFICE, now) == expected


def test_nights_are_joined_over_midnight() -> None:
    assert state("lun-dim 20:00-24:00, 0:00-2:00", "2026-11-23 23:00") == Opening(True, at("2026-11-24 02:00"))


def test_all_year_round_has_no_end() -> None:
    assert state("24/7", "2026-11-23 03:00") == Opening(True, None)


def test_public_holidays_are_closed_where_they_are_holidays() -> None:
    assert state("lun-ven 9-18", "2026-12-25 10:00", "FR") == Opening(False, at("2026-12-28 09:00"))
    assert state("lun-ven 9-18", "2026-12-25 10:00").is_open
    good_friday = "2026-04-03 10:00"  # a holiday in Moselle only
    assert state("lun-ven 9-18", good_friday, "FR").is_open
    assert not state("lun-ven 9-18", good_friday, "FR-57").is_open


def test_an_unknown_zone_is_refused() -> None:
    check_zone("FR-57")
    for zone in ("XX", "FR-99"):
        with pytest.raises(HoursError):
            check_zone(zone)


def test_the_day_of_summer_time_opens_by_the_clock_on_the_wall() -> None:
    assert state("dim 9-10", "2026-03-29 00:30") == Opening(False, at("2026-03-29 09:00"))
    assert at("2026-03-29 09:00") - at("2026-03-29 00:30") == 7.5 * 3600


def test_hours_are_shown_in_words() -> None:
    assert hours_in_words(parse_hours(OFFICE), "fr") == (
        "Du lundi au vendredi : 9 h – 12 h, 13 h 30 – 18 h",
        "Samedi : 9 h – 12 h",
    )
    assert hours_in_words(parse_hours("mon-tue 9-17:30"), "fr") == ("Lundi et mardi : 9 h – 17 h 30",)
    assert hours_in_words(parse_hours("mon-tue 9-17:30; sun 9-10"), "en") == (
        "Monday to Tuesday: 09:00 – 17:30",
        "Sunday: 09:00 – 10:00",
    )
    assert hours_in_words(parse_hours("24/7"), "en") == ("24 hours a day, 7 days a week",)
