"""``passerelle queue``: the rules of the queues. Words for the operator, in French; the rules are ``queue_rules``'."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from signaling.cli_people import folded_table, read_skills, refuse, with_records
from signaling.queue_rules import BRANDS_OWN, QueueRules, is_queue, layers, rules_of
from signaling.queue_skills import written_skill
from signaling.records import Records
from signaling.records.opening import HoursError
from signaling.settings_french import meaning

queue_app = typer.Typer(help="Les règles des files d’attente.", no_args_is_help=True)
SKILL_RULES = frozenset({"required", "asked", "preferred", "overflow_skills"})
NONE = "-"  # as typed, for "no limit", "never"
YES, NO = ("oui", "yes", "true"), ("non", "no", "false")
Name = Annotated[str, typer.Argument(help="relay, relay/LSF, direct, mairie, mairie/LSF…")]


def register(app: typer.Typer) -> None:
    app.add_typer(queue_app, name="queue")


@queue_app.command("list")
def show_all() -> None:
    """Lister ce qui est réglé ; le reste suit les valeurs par défaut."""
    stored = with_records(lambda records: records.queue_rules.all())
    if not stored:
        typer.echo("Rien n’est réglé : toutes les files suivent les valeurs par défaut.")
        return
    table = folded_table("file", "règles")
    for name, rules in stored.items():
        table.add_row(name, "\n".join(f"{rule}={written(value)}" for rule, value in rules.items()))
    Console().print(table)


@queue_app.command("show")
def show(name: Name) -> None:
    """Montrer toutes les règles d’une file, et d’où chacune vient."""
    stored, slugs = with_records(_read)
    _check(name, slugs)
    table = folded_table("règle", "valeur", "vient de", "sens")
    for rule, value in rules_of(name, stored).model_dump(mode="json").items():
        if rule not in BRANDS_OWN or not _is_brands(name):
            table.add_row(rule, written(value), _source(name, rule, stored), MEANINGS[rule])
    Console().print(table)


@queue_app.command("set")
def change(
    name: Name,
    rules: Annotated[list[str], typer.Argument(help="règle=valeur, par exemple room=50 ; règle= : par défaut")],
) -> None:
    """Régler une file : weight=2 room=50 required=medical:3 relax=60:2,120:0 overflow_after_s=- …"""
    changes = dict(_change(entry) for entry in rules)
    if own := sorted(BRANDS_OWN & changes.keys()) if _is_brands(name) else []:
        raise refuse(f"{own[0]} : chaque service a le sien, voir « passerelle brand ».")

    async def work(records: Records) -> None:
        stored, slugs = await _read(records)
        _check(name, slugs)
        mine = {rule: value for rule, value in {**stored.get(name, {}), **changes}.items() if value is not RESET}
        for affected in {name} | {each for each in stored if name in layers(each)}:
            _validated(affected, {**stored, name: mine})
        if (other := mine.get("overflow_queue")) is not None:
            _check(str(other), slugs)
        await records.queue_rules.put(name, mine)

    with_records(work)
    typer.echo(f"{name} est réglée ; les appels qui arrivent la suivent dans les 5 secondes.")


RESET = object()


def _change(entry: str) -> tuple[str, Any]:
    rule, equals, value = entry.partition("=")
    if not equals or rule not in QueueRules.model_fields:
        raise refuse(f"« {entry} » : écrivez règle=valeur, avec une de {', '.join(QueueRules.model_fields)}.")
    return rule, _value(rule, value.strip())


def _value(rule: str, value: str) -> Any:
    if not value:
        return RESET
    if rule in SKILL_RULES:
        return read_skills([part.strip() for part in value.split(",")]) if value != NONE else {}
    if rule == "relax":
        return [_step(part) for part in value.split(",")] if value != NONE else []
    if value == NONE:
        return None
    if rule in ("callback", "supervision") and value.lower() in (*YES, *NO):
        return value.lower() in YES
    return value


def _step(written_step: str) -> dict[str, float | int]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?):([0-5])\s*", written_step)
    if match is None:
        raise refuse("relax s’écrit secondes:niveau, par exemple 60:2,120:0.")
    return {"after_s": float(match[1]), "level": int(match[2])}


def _validated(name: str, stored: Mapping[str, Mapping[str, Any]]) -> None:
    try:
        rules_of(name, stored)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or name
        raise refuse(f"{where} : {_why(first)}.") from None


def _why(error: ErrorDetails) -> str:
    """What pydantic says, in French."""
    details = error.get("ctx", {})
    if error["type"] == "value_error":
        cause = details.get("error")
        if isinstance(cause, HoursError):
            return f"« {cause.part} » : écrivez par exemple lun-ven 9:00-18:00, fériés FR ou FR-57"
        return TOGETHER.get(str(cause), "ne va pas avec le reste")
    wanted = WANTED.get(error["type"], "une autre valeur").format(**details)
    return f"attendu {wanted.replace(' or ', ' ou ')} ; lu « {written(error['input'])} »"


def _check(name: str, slugs: frozenset[str]) -> None:
    if not is_queue(name, slugs):
        raise refuse(f"« {name} » n’est pas une file : relay, relay/LSF, direct, ou un service comme mairie/LSF.")


def _is_brands(name: str) -> bool:
    return name.partition("/")[0] != "relay"


async def _read(records: Records) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    return await records.queue_rules.all(), frozenset(brand.slug for brand in await records.brands.all())


def _source(name: str, rule: str, stored: Mapping[str, Mapping[str, Any]]) -> str:
    return next((layer for layer in reversed(layers(name)) if rule in stored.get(layer, {})), "défaut")


def written(value: Any) -> str:
    """As it is typed."""
    match value:
        case None:
            return NONE
        case bool():
            return YES[0] if value else NO[0]
        case dict():
            return ",".join(written_skill(name, level) for name, level in value.items()) or NONE
        case list():
            return ",".join(f"{step['after_s']:g}:{step['level']}" for step in value) or NONE
        case float():
            return f"{value:g}"
    return str(value)


#: By pydantic's type of error; what is in braces is the rule's.
WANTED = {
    "int_parsing": "un nombre entier",
    "int_from_float": "un nombre entier",
    "float_parsing": "un nombre",
    "finite_number": "un nombre",
    "bool_parsing": "oui ou non",
    "greater_than": "plus de {gt:g}",
    "greater_than_equal": "{ge:g} au moins",
    "less_than": "moins de {lt:g}",
    "less_than_equal": "{le:g} au plus",
    "literal_error": "{expected}",
    "string_too_long": "{max_length} caractères au plus",
    "string_pattern_mismatch": "une adresse https://",
    "string_type": "un texte",
    "too_long": "{max_length} étapes au plus",
}
#: By what ``QueueRules`` says.
TOGETHER = {
    "no such time zone": "ce fuseau n’existe pas, exemple Europe/Paris",
    "relax: the steps come in the order of their times": "les étapes de relax vont de la plus courte à la plus longue",
    "a partner has a name and a URL": "partner_name et partner_url vont ensemble",
    "overflow_after_s: to which queue, or to which skills?": (
        "overflow_after_s va avec overflow_queue ou overflow_skills"
    ),
}
MEANINGS = {
    rule: f"{meaning(QueueRules, rule)}\n{field.description}" for rule, field in QueueRules.model_fields.items()
}
