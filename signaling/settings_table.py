"""``--check-config``: every setting with its value, unit, default and reason, as a table or as JSON."""

import ast
import dataclasses
import inspect
import itertools
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from signaling import processes, settings_french
from signaling.config import Config, network_settings

HIDDEN = "••••"
#: ``?sentinel_password=…``, ``&password=…``
_IN_QUERY = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)
_SECRET_NAMES = ("password", "token", "secret", "credential", "datagram_key")
_PARAM = re.compile(r":param (\w+):\s*(.*?)(?=\s*:param |\s*:raises |\Z)", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One setting, its unit and reason in both languages. :param is_changed: the value is not the default."""

    section: str
    name: str
    value: str
    default: str
    unit: str
    unit_fr: str
    reason: str
    reason_fr: str
    is_changed: bool


def rows(section: str, config: Any) -> Iterator[Row]:
    """One row a field, nested dataclasses as ``section.field``."""
    documented = _documented(type(config))
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name == "network":
            continue  # every process has the same one: a section of its own
        if dataclasses.is_dataclass(value):
            yield from rows(f"{section}.{field.name}".removeprefix("signaling."), value)
            continue
        if isinstance(value, tuple) and value and all(dataclasses.is_dataclass(part) for part in value):
            for number, part in enumerate(value, 1):
                yield from rows(f"{section}.{field.name}.{number}", part)
            continue
        default, unit = _default(field), str(field.metadata.get("unit", ""))
        yield Row(
            section=section,
            name=field.name,
            value=_shown(field, value),
            default="" if default is dataclasses.MISSING else _shown(field, default),
            unit=unit,
            unit_fr=settings_french.unit(unit),
            reason=str(field.metadata.get("reason") or field.metadata.get("doc") or documented.get(field.name, "")),
            reason_fr=settings_french.meaning(type(config), field.name),
            is_changed=default is not dataclasses.MISSING and value != default,
        )


def print_table(console: Console, found: list[Row]) -> None:
    """
    Three lines a setting: what it is, and why, in French and in English; changed ones in bold. The same in a narrow
    window and in a pipe.
    """
    for section, members in itertools.groupby(found, key=lambda row: row.section):
        console.print(f"\n\\[{section}]", style="bold underline", highlight=False)
        for row in members:
            value = Text.assemble((f"{row.name} = {row.value}", "bold" if row.is_changed else ""))
            value.append(f"  {row.unit_fr}" + (f" / {row.unit}" if row.unit != row.unit_fr else ""), "dim")
            if row.is_changed:
                value.append(f"  (par défaut : {row.default})", "dim")
            console.print(value, soft_wrap=True)
            console.print(Text(f"    {row.reason_fr}"), soft_wrap=True)
            console.print(Text(f"    {row.reason}", "dim"), soft_wrap=True)


def _default(field: "dataclasses.Field[Any]") -> Any:
    """MISSING for what is worked out at each start (names, secrets, sockets)."""
    if field.default is not dataclasses.MISSING:
        return field.default
    return dataclasses.MISSING


def _shown(field: "dataclasses.Field[Any]", value: Any) -> str:
    is_secret = field.metadata.get("is_secret") or any(word in field.name for word in _SECRET_NAMES)
    if value is None:
        return "–"
    if isinstance(value, str) and "://" in value:
        return _without_password(value)
    if is_secret and value:
        return HIDDEN
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, frozenset):
        value = tuple(sorted(value))
    if isinstance(value, tuple):
        return ", ".join(str(getattr(part, "urls", part)) for part in value) or "–"
    return str(value) if str(value) not in ("", ".") else "–"


def _without_password(url: str) -> str:
    try:
        password = urlsplit(url).password
    except ValueError:
        return HIDDEN
    url = url.replace(f":{password}@", f":{HIDDEN}@") if password else url
    return _IN_QUERY.sub(rf"\1{HIDDEN}", url)


def _documented(cls: type[Any]) -> dict[str, str]:
    """Reasons from ``:param name:`` in the class's docstring and from strings below the fields."""
    found = {name: " ".join(text.split()) for name, text in _PARAM.findall(inspect.getdoc(cls) or "")}
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, SyntaxError):
        return found
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for pair in itertools.pairwise(statements):
        match pair:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def service_rows(config: Config) -> list[Row]:
    """All settings of all kinds of processes on this machine."""
    sections = {
        "signaling": config.signaling,
        "service": config.service,
        "media": processes.media_worker_config(config, 0),
        "phone": processes.phone_worker_config(config),
        "visibility": processes.visibility_worker_config(config, 0),
        "demo_phone": processes.demo_phone_config(config),
        "network": network_settings(config.reader, config.signaling.data_dir),
    }
    return [row for section, part in sections.items() for row in rows(section, part)]


def print_json(console: Console, found: list[Row]) -> None:
    console.print_json(json.dumps([dataclasses.asdict(row) for row in found], ensure_ascii=False))
