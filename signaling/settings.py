"""
From text to values: what one setting may be, and what to say when it is something else.

Pure. Where the text comes from (environment, TOML) and which settings exist is decided in ``signaling.config``.
Messages are for the operator, in French: what was expected, what came, what to do.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

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
    :param kind: the field's annotation: str, int, float, bool, Path, a Literal, an Enum, a tuple or an optional of
        these, or a pydantic model (JSON).
    :param value: text from the environment, or what TOML made of it.
    :raises ConfigError: with what was expected.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _optional(name, kind, value)
    if origin is Literal:
        return _one_of(name, get_args(kind), value)
    if origin is tuple:
        return _several(name, get_args(kind)[0], value)
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


def read_fields(
    cls: type[Any], environ: Mapping[str, str], prefix: str, table: Mapping[str, Any], section: str
) -> dict[str, Any]:
    """
    The fields of dataclass ``cls`` that the operator set: the environment wins over TOML.

    :param prefix: of the variables, e.g. ``PASSERELLE_PHONE_``.
    :raises ConfigError: a value that cannot be used.
    """
    hints = get_type_hints(cls)
    found: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        variable = prefix + field.name.upper()
        if variable in environ:
            name, raw = variable, environ[variable]
        elif field.name in table:
            name, raw = f"[{section}] {field.name}", table[field.name]
        else:
            continue
        found[field.name] = convert(name, hints[field.name], raw)
        check_range(name, field, found[field.name])
    return found


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


def _several(name: str, kind: Any, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) and isinstance(kind, type) and issubclass(kind, BaseModel):
        value = _model(name, TypeAdapter(list[kind]), value)
    elif isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise ConfigError(name, "une liste, ou du texte séparé par des virgules", repr(value))
    return tuple(convert(name, kind, part) for part in value)


def _model(name: str, kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_json(value) if isinstance(value, str) else adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(name, "du JSON du modèle attendu", f"{first['msg']} ({first['loc']})") from None


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
