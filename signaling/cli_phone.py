"""``passerelle phone block | rules | alarms``: what may be dialled, who may call, and what looked like fraud."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, TypeVar, cast, get_args

import typer
from redis.exceptions import RedisError
from rich.console import Console

from relay.phone.dialling import DiallingOverride, find_emergency
from relay.redis_client import connect
from signaling.block_list import ANONYMOUS, BlockList, Direction, Entry
from signaling.cli_people import folded_table, refuse, with_records
from signaling.config import load_config, process_environ
from signaling.numbers import e164, readable
from signaling.phone_caps import SERVICE, ZONE, AlarmKind, Payer
from signaling.phone_tallies import Tallies
from signaling.records import Records
from signaling.records.model import BrandRules

T = TypeVar("T")
REDIS_TIMEOUT_S = 5.0
DirectionChoice = Enum("DirectionChoice", {name: name for name in get_args(Direction)}, type=str)  # type: ignore[misc]
block_app = typer.Typer(help="Les numéros que l’on n’appelle pas, ou qui n’appellent pas.", no_args_is_help=True)
_ALARMS: dict[AlarmKind, str] = {
    "numbers": "beaucoup de numéros différents",
    "short_calls": "beaucoup d’appels de quelques secondes",
    "abroad": "beaucoup d’appels à l’étranger ou surtaxés",
    "neighbours": "des numéros qui se suivent",
}


def register(app: typer.Typer) -> None:
    """Below ``phone``, which alone starts the worker (``signaling.cli``)."""
    group = next((each.typer_instance for each in app.registered_groups if each.name == "phone"), None)
    if group is None:
        group = typer.Typer(no_args_is_help=True)
        app.add_typer(group, name="phone")
    group.add_typer(block_app, name="block")
    group.command("rules")(rules)
    group.command("alarms")(alarms)


DirectionOption = Annotated[DirectionChoice, typer.Option(help="in : n’appelle plus ; out : n’est plus appelé")]
BrandOption = Annotated[str | None, typer.Option(help="pour ce service seul (nom court)")]
PersonOption = Annotated[str | None, typer.Option(help="pour cette personne seule (identifiant)")]
PatternArgument = Annotated[str, typer.Argument(help="numéro ; « +881* » : tous ceux qui commencent ainsi ; anonyme")]


@block_app.command("add")
def add(
    number: PatternArgument, *, direction: DirectionOption, brand: BrandOption = None, person: PersonOption = None
) -> None:
    """Bloquer un numéro. Un numéro d’urgence ne se bloque pas."""

    async def work(records: Records) -> bool:
        return await _list(records).add(await _entry(records, number, direction.value, brand, person))

    if not with_records(work):
        raise refuse("La liste de cette personne est pleine.")
    typer.echo("Bloqué.")


@block_app.command("remove")
def remove(
    number: PatternArgument, *, direction: DirectionOption, brand: BrandOption = None, person: PersonOption = None
) -> None:
    """Débloquer un numéro."""

    async def work(records: Records) -> bool:
        return await _list(records).remove(await _entry(records, number, direction.value, brand, person))

    if not with_records(work):
        raise refuse("Ce numéro n’est pas dans cette liste. Voir : passerelle phone block list")
    typer.echo("Débloqué.")


@block_app.command("list")
def show(
    *,
    direction: Annotated[DirectionChoice | None, typer.Option(help="in ou out ; sans option, les deux")] = None,
    person: PersonOption = None,
) -> None:
    """Lister les numéros bloqués : ceux de tous et des services, ou ceux d’une personne."""

    async def work(records: Records) -> tuple[list[Entry], dict[str, str], str | None]:
        brands = {brand.id: brand.slug for brand in await records.brands.all()}
        who = await records.people.by_login(person) if person is not None else None
        if person is not None and who is None:
            raise refuse("Personne n’a cet identifiant.")
        return await _list(records).all(), brands, who.id if who else None

    entries, names, person_id = with_records(work)
    table = folded_table("sens", "numéro", "pour")
    for entry in entries:
        is_meant = entry.whose == person_id if entry.scope == "person" else person_id is None
        if is_meant and (direction is None or entry.direction == direction.value):
            whom = person if entry.scope == "person" else names.get(entry.whose, "tout le monde")
            table.add_row(entry.direction, _readable(entry.pattern), whom)
    Console().print(table)


def rules(
    slug: str,
    *,
    country: Annotated[list[int] | None, typer.Option(help="indicatif permis, 33, 32… ; remplace la liste")] = None,
    premium: Annotated[bool | None, typer.Option("--premium/--no-premium", help="numéros surtaxés")] = None,
    satellite: Annotated[bool | None, typer.Option("--satellite/--no-satellite", help="satellites")] = None,
    short: Annotated[list[str] | None, typer.Option(help="numéro court permis ; remplace la liste")] = None,
    lines: Annotated[int | None, typer.Option(min=1, help="téléphones à la fois")] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="numéros composés par jour")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="minutes par jour")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="revenir aux règles de tout le monde")] = False,
) -> None:
    """Montrer ou changer ce que les appels d’un service composent. Sans option, montre."""
    dialling = DiallingOverride(
        frozenset(country) if country else None, premium, satellite, frozenset(short) if short else None
    )
    wanted = BrandRules(dialling, lines, calls, minutes)

    async def work(records: Records) -> BrandRules:
        brand = await records.brands.by_slug(slug)
        if brand is None:
            raise refuse(f"Aucun service ne s’appelle « {slug} ». Voir : passerelle brand list")
        before = BrandRules() if reset else await records.brand_rules.of(brand.id)
        after = _merged(before, wanted)
        if reset or wanted != BrandRules():
            await records.brand_rules.put(brand.id, after)
        return after

    _print_rules(with_records(work))


def alarms(
    lift: Annotated[
        str | None, typer.Option(help="lever l’alarme et le frein de : service, brand:NOM, ou un identifiant")
    ] = None,
) -> None:
    """Ce qui a eu l’air d’une fraude, et jusqu’à quand l’étranger et les numéros surtaxés sont freinés."""
    payer = with_records(lambda records: _payer(records, lift)) if lift is not None else None

    async def work(tallies: Tallies) -> list[tuple[AlarmKind, Payer, float]]:
        if payer is not None:
            await tallies.lift(payer)
        return await tallies.alarms()

    found = _with_tallies(work)
    if not found:
        typer.echo("Aucune alarme.")
        return
    table = folded_table("qui", "quoi", "frein jusqu’à")
    for (kind, _, until), who in zip(found, with_records(lambda records: _names(records, found)), strict=True):
        table.add_row(who, _ALARMS.get(kind, kind), f"{datetime.fromtimestamp(until, ZONE):%d/%m %H:%M}")
    Console().print(table)


def _with_tallies(work: Callable[[Tallies], Awaitable[T]]) -> T:
    config = load_config(process_environ()).signaling

    async def run() -> T:
        redis = connect(config.redis_url, REDIS_TIMEOUT_S)
        try:
            return await work(Tallies(redis, config.caps.window_s))
        finally:
            await redis.aclose()

    try:
        return asyncio.run(run())
    except (RedisError, OSError):
        raise refuse("Redis ne répond pas : la centrale tourne-t-elle avec ce dossier de données ?") from None


def _list(records: Records) -> BlockList:
    return BlockList(load_config(process_environ()).signaling.secret_key, records.blocks)


async def _entry(records: Records, typed: str, direction: str, brand: str | None, person: str | None) -> Entry:
    """Exits when something is unknown."""
    towards = cast("Direction", direction)
    pattern = read_pattern(typed)
    if pattern == ANONYMOUS and towards == "out":
        raise refuse("Un numéro caché ne s’appelle pas : --direction in.")
    if brand is not None and (person is not None or towards == "in"):
        raise refuse("--brand va avec --direction out, et sans --person.")
    if brand is not None:
        found = await records.brands.by_slug(brand)
        if found is None:
            raise refuse(f"Aucun service ne s’appelle « {brand} ». Voir : passerelle brand list")
        return Entry(towards, pattern, "brand", found.id)
    if person is not None:
        who = await records.people.by_login(person)
        if who is None:
            raise refuse("Personne n’a cet identifiant.")
        return Entry(towards, pattern, "person", who.id)
    return Entry(towards, pattern)


def read_pattern(typed: str) -> str:
    """A number, a beginning of numbers, or whoever hides theirs. Exits when it is none, or an emergency."""
    text = re.sub(r"[\s.\-]", "", typed)
    if text.lower() in ("anonyme", ANONYMOUS):
        return ANONYMOUS
    if find_emergency(text.rstrip("*")) is not None:
        raise refuse(f"« {typed} » est un numéro d’urgence : il ne se bloque pas.")
    if text.endswith("*"):
        begin = re.sub(r"^00", "+", text[:-1])
        begin = re.sub(r"^0(?=[1-9])", "+33", begin)
        if not re.fullmatch(r"\+[1-9][0-9]{0,13}", begin):
            raise refuse(f"« {typed} » : un début de numéro s’écrit « +881* » ou « 0899* ».")
        return begin + "*"
    if re.fullmatch(r"[0-9]{3,6}", text):
        return text
    number = e164(text)
    if number is None:
        raise refuse(f"« {typed} » n’est pas un numéro de téléphone.")
    return number


def _readable(pattern: str) -> str:
    return "anonyme" if pattern == ANONYMOUS else pattern if pattern.endswith("*") else readable(pattern)


def _merged(before: BrandRules, wanted: BrandRules) -> BrandRules:
    """What was given replaces what was there."""

    def given(values: Any, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(values, name)) is not None}

    dialling = given(wanted.dialling, ("countries", "premium_allowed", "satellite_allowed", "short_numbers"))
    rest = given(wanted, ("lines", "calls_per_day", "minutes_per_day"))
    return replace(before, dialling=replace(before.dialling, **dialling), **rest)


def _print_rules(found: BrandRules) -> None:
    may = found.dialling
    words = {True: "oui", False: "non", None: None}
    listed = {
        "pays": ", ".join(f"+{code}" for code in sorted(may.countries)) if may.countries is not None else None,
        "numéros surtaxés": words[may.premium_allowed],
        "satellites": words[may.satellite_allowed],
        "numéros courts": ", ".join(sorted(may.short_numbers)) if may.short_numbers is not None else None,
        "téléphones à la fois": found.lines,
        "numéros par jour": found.calls_per_day,
        "minutes par jour": found.minutes_per_day,
    }
    table = folded_table("règle", "valeur")
    for name, value in listed.items():
        table.add_row(name, "comme tout le monde" if value is None else str(value))
    Console().print(table)


async def _payer(records: Records, named: str) -> Payer:
    """Exits when nobody is called so."""
    if named == SERVICE.kind:
        return SERVICE
    if named.startswith("brand:"):
        brand = await records.brands.by_slug(named.removeprefix("brand:"))
        if brand is None:
            raise refuse(f"Aucun service ne s’appelle « {named.removeprefix('brand:')} ».")
        return Payer("brand", brand.id)
    person = await records.people.by_login(named)
    if person is None:
        raise refuse("Personne n’a cet identifiant.")
    return Payer("signer", person.id)


async def _names(records: Records, found: list[tuple[AlarmKind, Payer, float]]) -> list[str]:
    """What ``--lift`` takes."""
    people = {person.id: person.login for person in await records.people.all()}
    brands = {brand.id: f"brand:{brand.slug}" for brand in await records.brands.all()}
    names: dict[str, dict[str, str]] = {"signer": people, "brand": brands, "service": {"": SERVICE.kind}}
    return [names[payer.kind].get(payer.key, "?") for _, payer, _ in found]
