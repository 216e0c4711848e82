"""
The planners' files: tables (CSV) of half hours. What is wrong in one is said with its name and line, in French.

A table has a heading; columns may be in any order, named in French or English; ``;`` with decimal commas (French
spreadsheets, with or without BOM) and ``,`` with decimal points are both read.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from interpreter_queue.arrivals import Profile

HALF_HOURS = 48
LARGEST_FILE = 10_000_000  # bytes: a century of half hours
NAMES = {
    "hour": ("hour", "heure", "heures", "time"),
    "date": ("date", "jour", "day"),
    "share": ("share", "part"),
    "calls": ("calls", "appels"),
    "handling_s": ("handling_s", "handling", "dmt_s", "dmt"),
    "interpreters": ("interpreters", "interpretes", "interprètes"),
}


class PlanningFileError(Exception):
    """:param line: from 1; None: the file as a whole. The text is for people."""

    def __init__(self, path: Path, line: int | None, message: str) -> None:
        where = path.name if line is None else f"{path.name}, ligne {line}"
        super().__init__(f"{where} : {message}")
        self.line = line


@dataclass(frozen=True)
class HalfHour:
    """
    One row of a history or a forecast.

    :param day: None: of a typical day. :param slot: 0 (midnight) to 47. :param handling_s: None: not said.
    """

    day: date | None
    slot: int
    calls: float
    handling_s: float | None = None


@dataclass(frozen=True)
class Row:
    line: int
    cells: dict[str, str]


class Table:
    """A CSV file by column names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text(path)
        lines = text.splitlines()
        heading = lines[0] if lines else ""
        self._semicolons = ";" in heading
        reader = csv.reader(lines, delimiter=";" if self._semicolons else ",")
        columns = [known_name(cell) for cell in next(reader, [])]
        self.columns = {name for name in columns if name}
        self.rows = [
            Row(reader.line_num, {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name})
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]

    def require(self, *names: str) -> None:
        """:raises PlanningFileError: a column is missing, or there is no row."""
        for name in names:
            if name not in self.columns:
                raise self.error(1, f"la colonne « {name} » manque (ou {' / '.join(NAMES[name][1:])})")
        if not self.rows:
            raise PlanningFileError(self.path, None, "aucune ligne de chiffres sous les titres")

    def error(self, line: int, message: str) -> PlanningFileError:
        return PlanningFileError(self.path, line, message)

    def number(self, row: Row, name: str) -> float:
        """:raises PlanningFileError: not a number of 0 or more."""
        text = row.cells.get(name, "")
        plain = text.replace("\u202f", "").replace("\xa0", "").replace(" ", "")
        try:
            value = float(plain.replace(",", ".") if self._semicolons else plain)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise self.error(row.line, f"colonne « {name} » : attendu un nombre de 0 ou plus ; lu « {text} »")
        return value

    def slot(self, row: Row) -> int:
        """0 to 47. :raises PlanningFileError: neither an hour nor a half hour of a day."""
        text = row.cells.get("hour", "")
        hour, _, minute = text.lower().replace("h", ":").partition(":")
        minute = minute.removesuffix(":00") if minute.count(":") else minute
        if not (hour.isdigit() and int(hour) < 24 and minute in ("", "0", "00", "30")):
            wanted = "une heure de 0 à 23 ou une demi-heure (8, 08:00, 8:30)"
            raise self.error(row.line, f"colonne « hour » : attendu {wanted} ; lu « {text} »")
        return int(hour) * 2 + (minute == "30")

    @cached_property
    def slots_per_row(self) -> int:
        """Half hours of a row: 2 in a file of full hours only."""
        return 1 if any(self.slot(row) % 2 for row in self.rows) else 2

    def day(self, row: Row) -> date | None:
        """:raises PlanningFileError: not a day."""
        if "date" not in self.columns:
            return None
        text = row.cells.get("date", "")
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                continue
        wanted = "AAAA-MM-JJ ou JJ/MM/AAAA"
        raise self.error(row.line, f"colonne « date » : attendu {wanted} ; lu « {text} »")


#: In French whatever the machine's language is.
UNREADABLE: dict[type[OSError], str] = {
    FileNotFoundError: " (ce fichier n’existe pas)",
    PermissionError: " (ce n’est pas permis)",
    IsADirectoryError: " (c’est un dossier)",
    NotADirectoryError: " (ce fichier n’existe pas)",
}


def read_text(path: Path) -> str:
    """:raises PlanningFileError: not there, too large, not UTF-8."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PlanningFileError(path, None, "fichier trop grand")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlanningFileError(path, None, f"illisible{UNREADABLE.get(type(error), '')}") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise PlanningFileError(path, line, "ce n’est pas de l’UTF-8 (enregistrer en « CSV UTF-8 »)") from None


def known_name(cell: str) -> str | None:
    plain = cell.strip().lower()
    return next((name for name, names in NAMES.items() if plain in names), None)


def read_profile(path: Path, calls_per_day: float | None) -> Profile:
    """
    Columns ``hour`` and ``share`` (of the day's calls, any unit) or ``calls``.

    :param calls_per_day: scales the whole; None: the calls of the file as they are.
    :raises PlanningFileError: wrong, or shares without a number of calls.
    """
    table = Table(path)
    table.require("hour")
    if not {"calls", "share"} & table.columns:
        raise table.error(1, "il faut une colonne « calls » ou « share » (appels, part)")
    column = "calls" if "calls" in table.columns else "share"
    if column == "share" and calls_per_day is None:
        raise PlanningFileError(path, None, "ce sont des parts : dites aussi combien d’appels par jour (--calls)")
    values = half_hours(table, column)
    if sum(values) <= 0:
        raise PlanningFileError(path, None, f"la colonne « {column} » ne contient que des zéros")
    profile = Profile(values)
    return profile if calls_per_day is None else profile.scaled_to(calls_per_day)


def half_hours(table: Table, column: str, *, divided: bool = True) -> tuple[float, ...]:
    """
    48 values of one day; times that are missing are 0.

    A file without any half hour has hours: its values are halved over two half hours, or (not ``divided``) repeated.
    """
    found: dict[int, float] = {}
    parts = table.slots_per_row
    for row in table.rows:
        value = table.number(row, column) / (parts if divided else 1)
        for slot in range(table.slot(row), table.slot(row) + parts):
            if slot in found:
                raise table.error(row.line, f"l’heure {row.cells['hour']} y est deux fois")
            found[slot] = value
    return tuple(found.get(slot, 0.0) for slot in range(HALF_HOURS))


def read_crew_sizes(path: Path) -> tuple[int, ...]:
    """Columns ``hour`` and ``interpreters``: how many are there, per half hour. :raises PlanningFileError: wrong."""
    table = Table(path)
    table.require("hour", "interpreters")
    for row in table.rows:
        value = table.number(row, "interpreters")
        if value != int(value) or value > 10_000:
            raise table.error(row.line, f"colonne « interpreters » : attendu un nombre entier ; lu « {value:g} »")
    sizes = tuple(int(value) for value in half_hours(table, "interpreters", divided=False))
    if not any(sizes):
        raise PlanningFileError(path, None, "personne n’y travaille")
    return sizes


def read_half_hours(path: Path, calls_per_day: float | None = None) -> list[HalfHour]:
    """
    A history (with ``date``) or a forecast: ``hour``, ``calls`` and, if known, ``handling_s``.

    :param calls_per_day: for a forecast that gives ``share`` instead of ``calls``.
    :raises PlanningFileError: wrong.
    """
    table = Table(path)
    if "calls" not in table.columns and "share" in table.columns:
        profile = read_profile(path, calls_per_day)
        return [HalfHour(None, slot, calls) for slot, calls in enumerate(profile.calls)]
    table.require("hour", "calls")
    per_day: dict[date | None, list[Row]] = defaultdict(list)
    for row in table.rows:
        per_day[table.day(row)].append(row)
    return [half for day, rows in per_day.items() for half in _one_day(table, day, rows)]


def _one_day(table: Table, day: date | None, rows: Sequence[Row]) -> list[HalfHour]:
    parts = table.slots_per_row
    found: dict[int, HalfHour] = {}
    for row in rows:
        calls = table.number(row, "calls") / parts
        handling_s = table.number(row, "handling_s") if row.cells.get("handling_s") else None
        for slot in range(table.slot(row), table.slot(row) + parts):
            if slot in found:
                which = f" le {day:%d/%m/%Y}" if day else ""
                raise table.error(row.line, f"l’heure {row.cells['hour']} y est deux fois{which}")
            found[slot] = HalfHour(day, slot, calls, handling_s or None)
    return list(found.values())
