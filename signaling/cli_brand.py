"""``passerelle brand`` and ``passerelle report``: the businesses, and the figures they are owed."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from signaling.auth import normal_origin
from signaling.call_terms import CallKind
from signaling.cli_people import folded_table, refuse, with_records
from signaling.config import ConfigError, load_config, process_environ
from signaling.numbers import EmergencyFound, read_number
from signaling.page_errors import PageError, sentence
from signaling.records import Records
from signaling.records.bootstrap import brand_skill
from signaling.records.model import Brand, Colours
from signaling.records.opening import HoursError, check_zone, parse_hours
from signaling.records.opening_words import hours_in_words
from signaling.report import HEADINGS, ReportedCall, Value, cell, report_rows, row_units, to_csv

brand_app = typer.Typer(help="Les services pour lesquels on répond.", no_args_is_help=True)
SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")
COLOUR = re.compile(r"^#[0-9a-fA-F]{6}$")
QUEUES = frozenset[str](get_args(CallKind))  # queues without a brand are named after these (queue_rules.queue_name)
CONTRAST_AT_LEAST = 4.5  # WCAG 1.4.3


def register(app: typer.Typer) -> None:
    app.add_typer(brand_app, name="brand")
    app.command("report")(report)


Hours = Annotated[str | None, typer.Option(help="24/7, ou « lun-ven 9:00-12:00, 13:30-18:00; sam 9:00-12:00 »")]
Zone = Annotated[str | None, typer.Option("--tz", help="fuseau, par exemple Europe/Paris")]
Holidays = Annotated[str | None, typer.Option(help="fermé les jours fériés de : FR, FR-57… ; « - » : ouvert")]
Origins = Annotated[list[str] | None, typer.Option("--origin", help="site qui peut montrer le bouton, https://…")]


@brand_app.command("add")
def add(
    slug: str,
    *,
    name: Annotated[str, typer.Option(help="le nom montré")],
    hours: Hours = None,
    timezone: Zone = None,
    holidays: Holidays = None,
    origin: Origins = None,
    number: Annotated[list[str] | None, typer.Option(help="numéro du service, +33…")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="compétence exigée ; par défaut brand:SLUG")] = None,
    background: Annotated[str, typer.Option(help="couleur du bouton, #rrggbb")] = Colours.background,
    text: Annotated[str, typer.Option(help="couleur de son texte, #rrggbb")] = Colours.text,
    wait_target: Annotated[float, typer.Option(help="attente visée, en secondes")] = Brand.wait_target_s,
    demo: Annotated[bool, typer.Option("--demo", help="montrer ce service sur la page d’accueil")] = False,
) -> None:
    """Ajouter un service."""
    if not SLUG.match(slug):
        raise refuse("Le nom court n’a que des minuscules sans accent, des chiffres et des tirets.")
    if slug in QUEUES:
        raise refuse(f"« {slug} » est le nom d’une file : choisissez un autre nom court.")
    brand = Brand(
        id="",
        slug=slug,
        name=name,
        colours=_colours(background, text),
        skills=tuple(skill or (brand_skill(slug),)),
        numbers=tuple(_service_number(entry) for entry in number or []),
        wait_target_s=wait_target,
        is_demo=demo,
    )
    brand = _with_hours(brand, hours, timezone, holidays, origin)

    async def work(records: Records) -> Brand:
        return await records.brands.add(brand)

    added = with_records(work)
    typer.echo(f"{added.name} : page /b/{added.slug}, servie par les agents qui ont « {', '.join(added.skills)} ».")


@brand_app.command("list")
def show() -> None:
    """Lister les services."""
    table = folded_table("nom court", "nom", "heures", "fuseau", "fériés", "sites", "compétences")
    for brand in with_records(lambda records: records.brands.all()):
        hours = "\n".join(hours_in_words(parse_hours(brand.hours), "fr"))
        sites, skills = "\n".join(brand.allowed_origins), "\n".join(brand.skills)
        table.add_row(brand.slug, brand.name, hours, brand.timezone, brand.holidays_zone or "", sites, skills)
    Console().print(table)


@brand_app.command("hours")
def hours_command(
    slug: str, hours: Hours = None, timezone: Zone = None, holidays: Holidays = None, origin: Origins = None
) -> None:
    """Changer les heures, les jours fériés ou les sites d’un service. Les sites donnés remplacent les anciens."""

    async def work(records: Records) -> Brand:
        brand = await _brand(records, slug)
        changed = _with_hours(brand, hours, timezone, holidays, origin)
        await records.brands.update(changed)
        return changed

    changed = with_records(work)
    typer.echo(f"{changed.name} : {' ; '.join(hours_in_words(parse_hours(changed.hours), 'fr'))}")


def report(
    brand: Annotated[str, typer.Option(help="nom court du service")],
    first: Annotated[str, typer.Option("--from", help="premier jour, AAAA-MM-JJ")],
    last: Annotated[str, typer.Option("--to", help="dernier jour compris, AAAA-MM-JJ")],
    csv: Annotated[bool, typer.Option("--csv", help="CSV sur la sortie, pour un tableur")] = False,
    output: Annotated[Path | None, typer.Option(help="écrire le CSV dans ce fichier")] = None,
) -> None:
    """Chiffres d’un service sur une période. Chaque colonne est définie dans docs/reports.md."""
    first_day, last_day = _day(first), _day(last)
    if last_day < first_day:
        raise refuse("Le dernier jour vient après le premier.")

    async def work(records: Records) -> Sequence[ReportedCall]:
        found = await _brand(records, brand)
        return await records.reports.calls(found.id, *_period(first_day, last_day, found.timezone))

    rows = report_rows(brand, first_day.isoformat(), last_day.isoformat(), with_records(work))
    if output is not None:
        output.write_bytes(to_csv(rows))
    elif csv:
        sys.stdout.buffer.write(to_csv(rows))
    else:
        _print_rows(rows)


def _print_rows(rows: Sequence[Sequence[Value]]) -> None:
    """On its side: more columns than a terminal is wide."""
    table = Table("", *(str(row[3]) for row in rows))
    for index, (heading, unit) in enumerate(zip(HEADINGS, row_units(), strict=True)):
        if heading != "mode":
            table.add_row(heading, *(cell(row[index], unit) for row in rows))
    Console().print(table)


async def _brand(records: Records, slug: str) -> Brand:
    found = await records.brands.by_slug(slug)
    if found is None:
        raise refuse(f"Aucun service ne s’appelle « {slug} ». Voir : passerelle brand list")
    return found


def _with_hours(
    brand: Brand, hours: str | None, timezone: str | None, holidays: str | None, origins: list[str] | None
) -> Brand:
    """The brand with what was given, checked. Exits when something cannot be read."""
    try:
        parse_hours(hours or brand.hours)
        ZoneInfo(timezone or brand.timezone)
        if holidays not in (None, "-"):
            check_zone(str(holidays))
    except HoursError as error:
        raise refuse(f"« {error.part} » : écrivez par exemple « lun-ven 9:00-18:00 », fériés FR ou FR-57.") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise refuse(f"« {timezone} » n’est pas un fuseau. Exemple : Europe/Paris") from None
    return replace(
        brand,
        hours=hours or brand.hours,
        timezone=timezone or brand.timezone,
        holidays_zone=brand.holidays_zone if holidays is None else (None if holidays == "-" else holidays),
        allowed_origins=tuple(map(_origin, origins)) if origins else brand.allowed_origins,
    )


def _service_number(typed: str) -> str:
    """E.164, or an allowed short number: what a call of this service will dial. Exits when it would be refused."""
    try:
        found = read_number(typed, load_config(process_environ()).signaling, allow_uri=False)
    except PageError as error:
        raise refuse(f"« {typed} » : {sentence(error.code, 'fr')}") from None
    except ConfigError as error:
        raise refuse(str(error)) from None
    if isinstance(found, EmergencyFound):
        raise refuse(f"« {typed} » est un numéro d’urgence : il n’est le numéro d’aucun service.")
    return found.target


def _origin(typed: str) -> str:
    origin = normal_origin(typed)
    if origin is None:
        raise refuse(f"« {typed} » n’est pas l’origine d’un site. Exemple : https://www.mairie.example")
    return origin


def _colours(background: str, text: str) -> Colours:
    if not (COLOUR.match(background) and COLOUR.match(text)):
        raise refuse("Une couleur s’écrit #rrggbb.")
    ratio = contrast(background, text)
    if ratio < CONTRAST_AT_LEAST:
        raise refuse(f"Ces deux couleurs ne se distinguent pas assez ({ratio:.1f}, il faut {CONTRAST_AT_LEAST}).")
    return Colours(background, text)


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two ``#rrggbb`` colours, 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2 relative luminance, 0..1."""
    channels = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise refuse(f"« {typed} » : un jour s’écrit AAAA-MM-JJ.") from None


def _period(first: date, last: date, timezone: str) -> tuple[float, float]:
    """Unix seconds from the first day's midnight to the one after the last day, in the brand's own time."""
    zone = ZoneInfo(timezone)
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return begin.timestamp(), end.timestamp()
