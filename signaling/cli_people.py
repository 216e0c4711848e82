"""``passerelle user``: the people who sign in. Words for the operator, in French; the rules are in the records."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from enum import Enum
from typing import Annotated, TypeVar, get_args

import phonenumbers
import typer
from rich.console import Console
from rich.table import Column, Table

from interpreter_queue.model import FULL_LEVEL, HEARING_SKILL, Trade
from signaling.config import ConfigError, load_config, process_environ
from signaling.passwords import PASSWORD_LIMIT, generate_password, hash_password
from signaling.queue_skills import SECOND_LEVEL_SKILL, SkillError, levels, written_skill
from signaling.records import Records
from signaling.records.errors import RecordsError
from signaling.records.model import Person, Qualification, Role

T = TypeVar("T")
PASSWORD_AT_LEAST = 10  # characters (ANSSI: the length counts more than the kinds)
user_app = typer.Typer(help="Les personnes qui se connectent.", no_args_is_help=True)
RoleChoice = Enum("RoleChoice", {role: role for role in get_args(Role)}, type=str)  # type: ignore[misc]
GenderChoice = Enum("GenderChoice", {gender: gender for gender in ("f", "m", "x")}, type=str)  # type: ignore[misc]
#: Trades in which somebody must hear a telephone.
HEARING_TRADES = frozenset[Trade]({"interpreter", "lfpc_coder", "transcriber"})
_REFUSALS = {
    "login_taken": "Cet identifiant est déjà pris.",
    "number_taken": "Ce numéro appartient déjà à quelqu’un.",
    "slug_taken": "Ce nom court est déjà pris.",
    "unknown_person": "Personne n’a cet identifiant.",
    "not_a_signer": "Seule une personne sourde (signer) a un numéro relais.",
    "unknown_number": "Cette personne n’a pas ce numéro.",
    "unreachable": "La base de données ne répond pas.",
    "newer_schema": "La base vient d’une version plus récente de Passerelle.",
}


def register(app: typer.Typer) -> None:
    app.add_typer(user_app, name="user")


def refuse(message: str) -> typer.Exit:
    """Says why, in one line on the error output; to be raised."""
    typer.echo(message, err=True)
    return typer.Exit(1)


def with_records(work: Callable[[Records], Awaitable[T]]) -> T:
    """Open the configured database, migrated; refusals become one line and exit code 1."""

    async def run() -> T:
        async with Records(load_config(process_environ()).signaling.database_url) as records:
            return await work(records)

    try:
        return asyncio.run(run())
    except RecordsError as error:
        raise refuse(_REFUSALS.get(error.code, error.message)) from None
    except ConfigError as error:
        raise refuse(str(error)) from None


@user_app.command("add")
def add(
    *,
    role: Annotated[RoleChoice, typer.Option(help="signer, agent, supervisor ou operator")],
    login: Annotated[str, typer.Option(help="l’identifiant de connexion")],
    name: Annotated[str, typer.Option(help="le nom montré")],
    trade: Annotated[
        list[str] | None,
        typer.Option(help='métier d’un agent et son diplôme, interpreter:"Master LSF" ; peut se répéter'),
    ] = None,
    qualification: Annotated[
        list[str] | None, typer.Option(help="diplôme ou licence, dans l’ordre des métiers qui n’en portent pas")
    ] = None,
    valid_until: Annotated[str | None, typer.Option(help="dernier jour de validité, AAAA-MM-JJ")] = None,
    number: Annotated[list[str] | None, typer.Option(help="numéro relais d’une personne sourde, +33…")] = None,
    skill: Annotated[
        list[str] | None, typer.Option(help="compétence d’un agent, niveau 1 à 5 : brand:mairie-x, medical:4")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="autre langue des signes d’un agent, par exemple asl ou bsl:3")
    ] = None,
    hears: Annotated[bool, typer.Option("--hears/--deaf", help="l’agent entend le téléphone, ou est sourd·e")] = True,
    gender: Annotated[GenderChoice | None, typer.Option(help="d’un agent, si elle ou il veut bien le dire")] = None,
    second_level: Annotated[bool, typer.Option("--second-level", help="l’agent aide ses collègues")] = False,
    locale: Annotated[str, typer.Option(help="fr ou en")] = "fr",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="lire le mot de passe sur l’entrée")] = False,
    generate: Annotated[bool, typer.Option("--generate", help="fabriquer le mot de passe et l’afficher")] = False,
) -> None:
    """Ajouter une personne. Sans option, le mot de passe est demandé ; hors d’un terminal, il est fabriqué."""
    person_role, trades = _role(role.value), _qualifications(trade or [], qualification or [], valid_until)
    if locale not in ("fr", "en"):
        raise refuse("La langue est fr ou en.")
    skills = _skills(skill or [], language or [], gender, second_level)
    _check_role(person_role, bool(trades), bool(number), bool(skills))
    _check_hearing(trades, hears)
    numbers = [relay_number(entry) for entry in number or []]
    password, is_generated = _password(password_stdin, generate)

    async def work(records: Records) -> Person:
        return await records.people.add(
            login=login,
            name=name,
            role=person_role,
            password_hash=await hash_password(password),
            locale="en" if locale == "en" else "fr",
            qualifications=trades,
            skills=skills,
            hears=hears,
            numbers=numbers,
        )

    person = with_records(work)
    typer.echo(f"{person.name} peut se connecter avec l’identifiant {person.login}.")
    if is_generated:
        typer.echo(f"Mot de passe : {password}")
    if numbers:
        _show_number(login)


@user_app.command("list")
def show() -> None:
    """Lister les personnes."""
    people = with_records(lambda records: records.people.all())
    table = folded_table("identifiant", "nom", "rôle", "métiers", "compétences", "numéros", "état")
    for person in people:
        trades = "\n".join(_trade_words(entry) for entry in person.qualifications)
        state = "désactivé·e" if person.disabled else ""
        skills = "\n".join(written_skill(name, level) for name, level in person.skills.items())
        table.add_row(person.login, person.name, person.role, trades, skills, "\n".join(person.numbers), state)
    Console().print(table)


@user_app.command("disable")
def disable(login: str, undo: Annotated[bool, typer.Option("--undo", help="rendre l’accès")] = False) -> None:
    """Retirer l’accès à quelqu’un : ses sessions finissent aussitôt."""

    async def work(records: Records) -> None:
        await records.people.set_disabled(login, not undo)
        person = await records.people.by_login(login)
        if person is not None and not undo:
            await records.sessions.end_all(person.id)

    with_records(work)
    typer.echo(f"{login} peut de nouveau se connecter." if undo else f"{login} ne peut plus se connecter.")


@user_app.command("password")
def password(
    login: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="lire le mot de passe sur l’entrée")] = False,
    generate: Annotated[bool, typer.Option("--generate", help="fabriquer le mot de passe et l’afficher")] = False,
) -> None:
    """Changer un mot de passe : les sessions ouvertes finissent."""
    chosen, is_generated = _password(password_stdin, generate)

    async def work(records: Records) -> bool:
        person = await records.people.by_login(login)
        if person is None:
            return False
        await records.people.set_password_hash(person.id, await hash_password(chosen))
        await records.sessions.end_all(person.id)
        return True

    if not with_records(work):
        raise refuse(_REFUSALS["unknown_person"])
    typer.echo(f"Mot de passe : {chosen}" if is_generated else "Le mot de passe est changé.")


@user_app.command("skills")
def skills(
    login: str,
    give: Annotated[list[str] | None, typer.Option("--give", help="compétence à donner : medical:4, asl")] = None,
    take: Annotated[list[str] | None, typer.Option("--take", help="compétence à retirer")] = None,
    hears: Annotated[bool | None, typer.Option("--hears/--deaf", help="entend le téléphone, ou est sourd·e")] = None,
    second_level: Annotated[
        bool | None, typer.Option("--second-level/--first-level", help="aide ses collègues, ou non")
    ] = None,
) -> None:
    """Donner ou retirer des compétences à un agent ; ses pages se reconnectent avec elles."""
    changes: dict[str, int | None] = {**dict.fromkeys(read_skills(take or [])), **read_skills(give or [])}
    for name, wanted in ((HEARING_SKILL, hears), (SECOND_LEVEL_SKILL, second_level)):
        if wanted is not None:
            changes[name] = FULL_LEVEL if wanted else None
    person = with_records(lambda records: records.people.set_skills(login, changes))
    held = ", ".join(written_skill(name, level) for name, level in sorted(person.skills.items()))
    typer.echo(f"{person.name} : {held or 'aucune compétence'}.")


@user_app.command("number")
def number(
    login: str,
    give: Annotated[
        list[str] | None, typer.Option("--give", help="numéro relais à donner, +33… ; peut se répéter")
    ] = None,
    take: Annotated[list[str] | None, typer.Option("--take", help="numéro relais à retirer ; peut se répéter")] = None,
) -> None:
    """Donner ou retirer un numéro relais ; montrer les numéros et le code d’une personne sourde."""
    given, taken = ([relay_number(entry) for entry in entries or []] for entries in (give, take))

    async def work(records: Records) -> str | None:
        person = await records.people.by_login(login)
        if person is None:
            return "unknown_person"
        if person.role != "signer":
            return "not_a_signer"
        if not set(taken) <= set(person.numbers):
            return "unknown_number"
        for entry in given:
            if entry not in person.numbers:
                await records.people.give_number(login, entry)
        for entry in taken:
            await records.people.take_number(entry)
        return None

    if code := with_records(work):
        raise refuse(_REFUSALS[code])
    _show_number(login)


def _show_number(login: str) -> None:
    async def work(records: Records) -> tuple[tuple[str, ...], str | None]:
        person = await records.people.by_login(login)
        return (person.numbers, await records.people.code_of(person.id)) if person else ((), None)

    numbers, code = with_records(work)
    typer.echo("Numéro relais : " + (", ".join(numbers) or "aucun"))
    if code is not None:
        typer.echo(f"Code, à composer après le numéro du centre : {code}")


def folded_table(*headings: str) -> Table:
    """A narrow terminal breaks the lines; nothing is cut off."""
    return Table(*(Column(heading, overflow="fold") for heading in headings))


def relay_number(typed: str) -> str:
    """E.164. Exits when it is no number."""
    try:
        parsed = phonenumbers.parse(typed, "FR")
    except phonenumbers.NumberParseException:
        raise refuse(f"« {typed} » n’est pas un numéro de téléphone.") from None
    if not phonenumbers.is_possible_number(parsed):
        raise refuse(f"« {typed} » n’est pas un numéro de téléphone.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _role(value: str) -> Role:
    return next(role for role in get_args(Role) if role == value)


def _check_role(role: Role, has_trades: bool, has_numbers: bool, has_skills: bool) -> None:
    if role == "agent" and not has_trades:
        raise refuse("Un agent a au moins un métier : --trade interpreter, par exemple.")
    if role != "agent" and (has_trades or has_skills):
        raise refuse("Seul un agent a un métier ou des compétences.")
    if role != "signer" and has_numbers:
        raise refuse(_REFUSALS["not_a_signer"])


def _check_hearing(trades: list[Qualification], hears: bool) -> None:
    if not hears and (deaf := [entry.trade for entry in trades if entry.trade in HEARING_TRADES]):
        raise refuse(f"Le métier {deaf[0]} demande d’entendre le téléphone ; une personne sourde est adviser.")


def _skills(written: list[str], languages: list[str], gender: Enum | None, second_level: bool) -> dict[str, int]:
    named = [*written, *languages]
    if gender is not None:
        named.append(f"gender:{gender.value}")
    if second_level:
        named.append(SECOND_LEVEL_SKILL)
    return read_skills(named)


def read_skills(written: list[str]) -> dict[str, int]:
    """Level by name. Exits when one cannot be read."""
    try:
        return levels(written)
    except SkillError as error:
        raise refuse(f"« {error.written} » n’est pas une compétence : medical, medical:4, brand:mairie.") from None


def _qualifications(trades: list[str], texts: list[str], valid_until: str | None) -> list[Qualification]:
    """No qualification, no calls: routing enforces it."""
    try:
        last_day = date.fromisoformat(valid_until) if valid_until else None
    except ValueError:
        raise refuse("La date s’écrit AAAA-MM-JJ.") from None
    left, found = list(texts), []
    for entry in trades:
        name, _, text = entry.partition(":")
        trade = next((trade for trade in get_args(Trade) if trade == name), None)
        if trade is None:
            raise refuse(f"« {name} » n’est pas un métier : {', '.join(get_args(Trade))}.")
        if not text.strip() and not left:
            raise refuse(
                "Donnez le diplôme ou la licence de chaque métier, en clair : avec --qualification ou après « : »."
            )
        found.append(Qualification(trade, text.strip() or left.pop(0), last_day))
    if left:
        raise refuse("Il y a plus de --qualification que de --trade.")
    return found


def _trade_words(entry: Qualification) -> str:
    until = f", jusqu’au {entry.valid_until:%d/%m/%Y}" if entry.valid_until else ""
    return f"{entry.trade} ({entry.text}{until})" if entry.text else entry.trade + until


def _password(from_stdin: bool, generate: bool) -> tuple[str, bool]:
    """:returns: it, and whether it was made here and has to be shown."""
    if from_stdin:
        return _long_enough(sys.stdin.readline().rstrip("\r\n")), False
    if generate or not sys.stdin.isatty():
        return generate_password(), True
    return _long_enough(typer.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)), False


def _long_enough(password: str) -> str:
    if not PASSWORD_AT_LEAST <= len(password) <= PASSWORD_LIMIT:
        raise refuse(f"Le mot de passe a de {PASSWORD_AT_LEAST} à {PASSWORD_LIMIT} caractères.")
    return password
