"""
What a brand's report says: pure figures from calls, each with one definition (``docs/reports.md``).

Decides the formulas, the masking of small counts and the form of the CSV; reading the calls is left to
``signaling.records.report_rows``. A relay centre's deaf public is small: a count below five points at people.
"""

import csv
import io
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from signaling.call_terms import DeviceType, EndReason, Mode

SHORT_ABANDON_S = 10.0  # left at once: not counted against the service level (experience notes §4.3)
FLUID_FPS = 20.0  # EN 301 549 §6.5.3
SMALL_COUNT = 5  # counts from 1 to 4 are masked (PRODUCT, privacy)
ALL_MODES, OTHER_MODES = "tous", "autres"
Unit = Literal["count", "share", "s", "stars", "text"]


@dataclass(frozen=True)
class ReportedCall:
    """
    :param is_answered: an agent and the signer saw each other.
    :param signing_s: of the signer, that was measured. :param readable_s: of these, that can be read.
    :param device_type: of the signer's device; None: not known.
    :param is_callback: the service rang the signer: no wait in the line, and no abandonment.
    :param fps_p5: pictures per second that both sides reached for 95 % of the time; None: not measured.
    """

    mode: Mode
    is_answered: bool
    is_abandoned: bool
    wait_s: float
    talk_s: float = 0.0
    stars: int | None = None
    signing_s: float = 0.0
    readable_s: float = 0.0
    device_type: DeviceType | None = None
    fps_p5: float | None = None
    is_callback: bool = False
    end_reason: EndReason | None = None


@dataclass(frozen=True)
class Masked:
    """Something was counted, between one and four times."""

    def __str__(self) -> str:
        return f"<{SMALL_COUNT}"


Value = float | int | str | Masked | None


@dataclass(frozen=True)
class Figures:
    """
    Of one set of calls, before masking. Counts are exact; None where nothing can be divided.

    :param callbacks: whose signer was reached; with ``answered`` all calls that took an agent's time. No other count
        and no wait has any of them in it. :param callbacks_asked: for which somebody left the line.
    """

    calls: int
    answered: int
    abandoned: int
    short_abandoned: int
    callbacks: int
    callbacks_asked: int
    waits_s: tuple[float, ...]
    abandoned_waits_s: tuple[float, ...]
    talk_s: float
    stars: tuple[int, ...]
    readable: tuple[tuple[DeviceType | None, float, float], ...]  # on what, readable s, signing s; of each call
    fps_p5: tuple[float, ...]


@dataclass(frozen=True)
class Column:
    """
    :param key: the heading in the CSV; ``docs/reports.md`` defines it.
    :param of: the value. :param counted: how many calls it was made from: masked when they are few.
    """

    key: str
    unit: Unit
    of: Callable[[Figures], float | int | None]
    counted: Callable[[Figures], int]


def figures(calls: Iterable[ReportedCall]) -> Figures:
    every = tuple(calls)
    in_line = [call for call in every if not call.is_callback]
    served = [call for call in every if call.is_answered]
    answered = [call for call in in_line if call.is_answered]
    abandoned = [call for call in in_line if call.is_abandoned and not call.is_answered]
    return Figures(
        calls=len(in_line),
        answered=len(answered),
        abandoned=len(abandoned),
        short_abandoned=sum(call.wait_s < SHORT_ABANDON_S for call in abandoned),
        callbacks=len(served) - len(answered),
        callbacks_asked=sum(call.end_reason == "callback_asked" for call in in_line),
        waits_s=tuple(sorted(call.wait_s for call in answered)),
        abandoned_waits_s=tuple(sorted(call.wait_s for call in abandoned)),
        talk_s=sum(call.talk_s for call in served),
        stars=tuple(call.stars for call in every if call.stars is not None),
        readable=tuple((call.device_type, call.readable_s, call.signing_s) for call in served if call.signing_s > 0),
        fps_p5=tuple(call.fps_p5 for call in served if call.fps_p5 is not None),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least ``share`` (0..1) of the values do not exceed."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]


def mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _within(of: Figures, limit_s: float) -> int:
    return sum(wait <= limit_s for wait in of.waits_s)


def service_level(of: Figures, limit_s: float) -> float | None:
    """Answered within the limit / answered."""
    return _ratio(_within(of, limit_s), of.answered)


def service_level_with_abandons(of: Figures, limit_s: float) -> float | None:
    """Answered within the limit / (answered + abandoned after ten seconds or more)."""
    return _ratio(_within(of, limit_s), _offered(of))


def _served(of: Figures) -> int:
    return of.answered + of.callbacks


def _offered(of: Figures) -> int:
    return of.answered + of.abandoned - of.short_abandoned


def _readable(of: Figures) -> float | None:
    return _ratio(sum(readable_s for _, readable_s, _ in of.readable), sum(signing_s for *_, signing_s in of.readable))


def _readable_on(key: str, device_type: DeviceType) -> Column:
    def alone(of: Figures) -> Figures:
        return replace(of, readable=tuple(call for call in of.readable if call[0] == device_type))

    return Column(key, "share", lambda of: _readable(alone(of)), lambda of: len(alone(of).readable))


def _fluid(of: Figures) -> float | None:
    return _ratio(sum(rate >= FLUID_FPS for rate in of.fps_p5), len(of.fps_p5))


COLUMNS: tuple[Column, ...] = (
    Column("appels", "count", lambda of: of.calls, lambda of: of.calls),
    Column("pris_en_charge", "count", lambda of: of.answered, lambda of: of.answered),
    Column("attente_moyenne_s", "s", lambda of: mean(of.waits_s), lambda of: of.answered),
    Column("attente_mediane_s", "s", lambda of: percentile(of.waits_s, 0.5), lambda of: of.answered),
    Column("attente_p90_s", "s", lambda of: percentile(of.waits_s, 0.9), lambda of: of.answered),
    Column("ns_120_s", "share", lambda of: service_level(of, 120), lambda of: of.answered),
    Column("ns_120_s_abandons", "share", lambda of: service_level_with_abandons(of, 120), _offered),
    Column("ns_180_s", "share", lambda of: service_level(of, 180), lambda of: of.answered),
    Column("ns_180_s_abandons", "share", lambda of: service_level_with_abandons(of, 180), _offered),
    Column("abandons", "count", lambda of: of.abandoned, lambda of: of.abandoned),
    Column("abandons_courts", "count", lambda of: of.short_abandoned, lambda of: of.short_abandoned),
    Column("taux_abandon", "share", lambda of: _ratio(of.abandoned, of.calls), lambda of: of.abandoned or of.calls),
    Column("attente_abandons_s", "s", lambda of: mean(of.abandoned_waits_s), lambda of: of.abandoned),
    Column("rappels_demandes", "count", lambda of: of.callbacks_asked, lambda of: of.callbacks_asked),
    Column("rappels", "count", lambda of: of.callbacks, lambda of: of.callbacks),
    Column("conversation_totale_s", "s", lambda of: of.talk_s, _served),
    Column("dmc_s", "s", lambda of: _ratio(of.talk_s, _served(of)), _served),
    Column("notes", "count", lambda of: len(of.stars), lambda of: len(of.stars)),
    Column("note_moyenne", "stars", lambda of: mean(of.stars), lambda of: len(of.stars)),
    Column("part_lisible", "share", _readable, lambda of: len(of.readable)),
    _readable_on("part_lisible_telephone", "phone"),
    _readable_on("part_lisible_tablette", "tablet"),
    _readable_on("part_lisible_ordinateur", "computer"),
    Column("part_fluide", "share", _fluid, lambda of: len(of.fps_p5)),
)
LEADING = ("marque", "du", "au", "mode")
HEADINGS = (*LEADING, *(column.key for column in COLUMNS))


def masked(column: Column, of: Figures) -> Value:
    """The value, or a mask when it was made from one to four calls."""
    return Masked() if 0 < column.counted(of) < SMALL_COUNT else column.of(of)


def report_rows(brand: str, first_day: str, last_day: str, calls: Sequence[ReportedCall]) -> list[tuple[Value, ...]]:
    """One row for all modes, then one for each mode with enough calls. Days are ISO 8601, both included."""
    groups: list[tuple[str, Sequence[ReportedCall]]] = [(ALL_MODES, calls), *by_mode(calls)]
    rows: list[tuple[Value, ...]] = []
    for mode, group in groups:
        found = figures(group)
        rows.append((brand, first_day, last_day, mode, *(masked(column, found) for column in COLUMNS)))
    return rows


def by_mode(calls: Sequence[ReportedCall]) -> list[tuple[str, Sequence[ReportedCall]]]:
    """
    The calls of each mode. Modes with few calls are put together, with the next smallest if need be: else a
    masked mode would be the difference between the total and the others.
    """
    found: dict[str, list[ReportedCall]] = defaultdict(list)
    for call in calls:
        found[call.mode].append(call)
    ordered = sorted(found.items(), key=lambda entry: len(entry[1]))
    few: list[ReportedCall] = []
    while ordered and (len(ordered[0][1]) < SMALL_COUNT or 0 < len(few) < SMALL_COUNT):
        few += ordered.pop(0)[1]
    kept: list[tuple[str, Sequence[ReportedCall]]] = sorted(ordered)
    return [*kept, (OTHER_MODES, few)] if few and kept else kept


def row_units() -> list[Unit]:
    """Of every cell of a row, in order."""
    text: Unit = "text"
    return [*(text for _ in LEADING), *(column.unit for column in COLUMNS)]


def to_csv(rows: Sequence[Sequence[Value]]) -> bytes:
    """UTF-8 with BOM, ``;`` and decimal commas: what a French spreadsheet opens without questions."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    units = row_units()
    for row in rows:
        writer.writerow([cell(value, unit) for value, unit in zip(row, units, strict=True)])
    return text.getvalue().encode("utf-8-sig")


def cell(value: Value, unit: Unit) -> str:
    """Seconds to a tenth, shares to a thousandth, ratings to a hundredth; empty: nothing to say."""
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Masked) or unit == "count":
        return str(value)
    digits = {"share": 3, "s": 1, "stars": 2, "text": 0}[unit]
    return f"{value:.{digits}f}".replace(".", ",")


def harmless(text: str) -> str:
    """A text that begins like a formula would be run by the spreadsheet (OWASP, CSV injection)."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
