"""
From text to values: what one setting may be, and what to say when it is something else.

Pure. Where the text comes from (environment, TOML) and which settings exist is decided in ``signaling.config``.
Messages are for the operator, in French: what was expected, what came, what to do.
"""

import dataclasses
import difflib
import json
import re
import types
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

T = TypeVar("T")
_TRUE = frozenset({"1", "true", "yes", "on", "oui", "vrai"})
_FALSE = frozenset({"0", "false", "no", "off", "non", "faux"})


class ConfigError(Exception):
    """
    A setting the service cannot start with.

    :param name: as the operator wrote it (``PASSERELLE_HTTP_PORT``, ``[phone] trunk_port``).
    """

    def __init__(self, name: str, expected: str, got: str, advice: str = "") -> None:
        self.name, self.expected, self.got, self.advice = name, expected, got, advice
        super().__init__(f"{name} : attendu {expected} ; reçu {got}." + (f" {advice}" if advice else ""))


def setting(
    default: T,
    unit: str,
    reason: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    is_secret: bool = False,
) -> T:
    """A dataclass field with its unit, its reason and, for numbers, its range (both ends allowed)."""
    metadata = {"unit": unit, "reason": reason, "at_least": at_least, "at_most": at_most, "is_secret": is_secret}
    return dataclasses.field(default=default, metadata=metadata, repr=not is_secret)


def generated(make: Callable[[], T], unit: str, reason: str, *, is_secret: bool = False) -> T:
    """The same for a value made anew for each object."""
    metadata = {"unit": unit, "reason": reason, "is_secret": is_secret}
    return dataclasses.field(default_factory=make, metadata=metadata, repr=not is_secret)


def convert(name: str, kind: Any, value: Any) -> Any:
    """
    :param kind: the field's annotation: str, int, float, bool, Path, a Literal, an Enum, a tuple, frozenset or
        optional of these, or a pydantic model (JSON).
    :param value: text from the environment, or what TOML made of it.
    :raises ConfigError: with what was expected.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _optional(name, kind, value)
    if origin is Literal:
        return _one_of(name, get_args(kind), value)
    if origin in (tuple, frozenset):
        return _several(name, origin, get_args(kind), value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_one_of(name, tuple(member.value for member in kind), value))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _model(name, kind, value)
    return _plain(name, kind, value)


def check_range(name: str, field: "dataclasses.Field[Any]", value: Any) -> None:
    """:raises ConfigError: a number outside the range its field allows."""
    low, high = field.metadata.get("at_least"), field.metadata.get("at_most")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'−∞' if low is None else f'{low:g}'} à {'+∞' if high is None else f'{high:g}'}"
        raise ConfigError(name, f"un nombre de {bounds} ({field.metadata.get('unit')})", f"{value:g}")


class Reader:
    """
    Finds what the operator set for a dataclass: the environment wins over TOML.

    :param tables: TOML sections. :param prefixes: section -> prefix of its variables, e.g. ``PASSERELLE_PHONE_``.
    """

    def __init__(
        self, environ: Mapping[str, str], tables: Mapping[str, Mapping[str, Any]], prefixes: Mapping[str, str]
    ) -> None:
        self._environ, self._tables, self._prefixes = environ, tables, prefixes

    def fields(self, cls: type[Any], section: str) -> dict[str, Any]:
        """:raises ConfigError: a value that cannot be used, or a TOML key that is no field."""
        return self._read(cls, self._prefixes[section], self._tables.get(section, {}), section)

    def build(self, cls: type[T], section: str, **wired: Any) -> T:
        """
        :param wired: what the service works out by itself; the operator's own word comes before it.
        :raises ConfigError: also when the dataclass refuses a combination (ValueError).
        """
        return _make(section, cls, wired | self.fields(cls, section))

    def is_set(self, section: str, name: str) -> bool:
        return name in self._tables.get(section, {}) or self._prefixes[section] + name.upper() in self._environ

    def _read(self, cls: type[Any], prefix: str, table: Mapping[str, Any], section: str) -> dict[str, Any]:
        reject_unknown(cls, table, section)
        hints = get_type_hints(cls)
        found: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            variable, kind = prefix + field.name.upper(), hints[field.name]
            if (item := _item_class(kind)) is not None:
                if items := self._items(item, f"{variable}_", table.get(field.name, ()), f"{section}.{field.name}"):
                    found[field.name] = items
            elif dataclasses.is_dataclass(kind) and isinstance(kind, type):
                inner = f"{section}.{field.name}".removeprefix("signaling.")
                if inside := self._read(kind, f"{variable}_", table.get(field.name, {}), inner):
                    found[field.name] = _make(inner, kind, inside)
            elif variable in self._environ:
                found[field.name] = _checked(variable, field, kind, self._environ[variable])
            elif field.name in table:
                found[field.name] = _checked(f"[{section}] {field.name}", field, kind, table[field.name])
        return found

    def _items(self, cls: type[T], prefix: str, tables: Any, section: str) -> tuple[T, ...]:
        """``[[section]]`` in TOML, ``<prefix>1_<FIELD>``, ``<prefix>2_<FIELD>``… in the environment, which wins."""
        if not isinstance(tables, (list, tuple)):
            raise ConfigError(f"[{section}]", f"une liste de sections, écrites [[{section}]]", repr(tables))
        numbers = re.compile(re.escape(prefix) + r"([1-9][0-9]?)_")
        named = [int(match[1]) for name in self._environ if (match := numbers.match(name))]
        several = range(1, max([len(tables), *named]) + 1)
        given = {number: tables[number - 1] if number <= len(tables) else {} for number in several}
        read = {n: self._read(cls, f"{prefix}{n}_", given[n], f"{section}.{n}") for n in several}
        return tuple(_make(f"{section}.{number}", cls, values) for number, values in read.items() if values)


def _item_class(kind: Any) -> Any:
    """:returns: the dataclass of a ``tuple[dataclass, ...]``, else None."""
    arguments = get_args(kind) if get_origin(kind) is tuple else ()
    return next((each for each in arguments if isinstance(each, type) and dataclasses.is_dataclass(each)), None)


def reject_unknown(cls: type[Any], table: Any, section: str) -> None:
    """:raises ConfigError: a key in ``[section]`` that is no field of ``cls``: a typing error is told."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"[{section}]", "une section", repr(table))
    names = [entry.name for entry in dataclasses.fields(cls)]
    for key in table:
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            advice = f"Vouliez-vous dire {close[0]} ?" if close else ""
            raise ConfigError(f"[{section}] {key}", "un réglage parmi " + ", ".join(names), key, advice)


def _make(section: str, cls: type[T], values: Mapping[str, Any]) -> T:
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"[{section}]", "des réglages qui vont ensemble", str(error)) from None


def _checked(name: str, field: "dataclasses.Field[Any]", kind: Any, value: Any) -> Any:
    converted = convert(name, kind, value)
    check_range(name, field, converted)
    return converted


def _optional(name: str, kind: Any, value: Any) -> Any:
    choices = [arg for arg in get_args(kind) if arg is not type(None)]
    if value in ("", None):
        return None
    return convert(name, choices[0], value)


def _one_of(name: str, allowed: tuple[Any, ...], value: Any) -> Any:
    for choice in allowed:
        if str(value).strip().lower() == str(choice).lower():
            return choice
    raise ConfigError(name, "une de ces valeurs : " + ", ".join(map(str, allowed)), repr(value))


def _several(name: str, container: Any, kinds: tuple[Any, ...], value: Any) -> Any:
    kind, is_range = kinds[0], kinds == (int, int)  # of ports: written 40000-40999 too
    if isinstance(value, str) and isinstance(kind, type) and issubclass(kind, BaseModel):
        value = _json(name, value)
    elif isinstance(value, str):
        value = [part.strip() for part in re.split("[,-]" if is_range else ",", value) if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise ConfigError(name, "une liste, ou du texte séparé par des virgules", repr(value))
    if container is tuple and Ellipsis not in kinds and len(value) != len(kinds):
        usual = f"{len(kinds)} valeurs séparées par des virgules"
        raise ConfigError(name, "deux ports, comme 40000-40999" if is_range else usual, f"{len(value)}")
    return container(convert(name, kind, part) for part in value)


def _model(name: str, kind: type[BaseModel], value: Any) -> Any:
    try:
        return kind.model_validate(_json(name, value) if isinstance(value, str) else value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(name, "du JSON du modèle attendu", f"{first['msg']} ({first['loc']})") from None


def _json(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise ConfigError(name, "du JSON", str(error)) from None


def _plain(name: str, kind: Any, value: Any) -> Any:
    if kind is bool:
        return _yes_or_no(name, value)
    if kind in (int, float):
        return _number(name, kind, value)
    if kind is Path:
        if not str(value):
            raise ConfigError(name, "un chemin", "rien", "Effacez la variable pour garder la valeur par défaut.")
        return Path(str(value)).expanduser().absolute()
    if kind is str:
        return str(value)
    raise ConfigError(name, "un réglage modifiable", "un réglage que le service calcule lui-même", "Retirez-le.")


def _yes_or_no(name: str, value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ConfigError(name, "oui ou non (true, false)", repr(value))


def _number(name: str, kind: type[int] | type[float], value: Any) -> int | float:
    try:
        return kind(value) if not isinstance(value, bool) else kind("no")
    except (TypeError, ValueError):
        wanted = "un nombre entier" if kind is int else "un nombre"
        raise ConfigError(name, wanted, repr(value), "Exemple : 8080." if kind is int else "") from None
