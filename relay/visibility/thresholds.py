"""
A centre's own thresholds: the file that ``passerelle calibrate-visibility`` writes and the visibility worker reads.

``{"thresholds": {"very_dark": {"enter": 0.2, "leave": 0.25}, …}}``; the names are those of ``relay.visibility.rules``.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from relay.errors import RelayError
from relay.visibility.rules import RULES, Limit, Rule, limits

Thresholds = Mapping[str, tuple[float, float]]  # name -> enter, leave


class ThresholdsError(RelayError):
    """A file of thresholds that cannot be used. ``message_fr`` and ``message_en`` are for people."""

    def __init__(self, file: Path, reason_fr: str, reason_en: str) -> None:
        self.message_fr, self.message_en = f"{file.name} : {reason_fr}", f"{file.name}: {reason_en}"
        super().__init__("thresholds_unreadable", self.message_fr)


class UnknownLimitError(RelayError):
    """A threshold of the configuration that no rule has, or one whose two values are the wrong way round."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("unknown_limit", f"{name}: no such threshold, or enter and leave the wrong way round")


def with_limits(own: Mapping[str, tuple[float, float]], rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """
    :param own: a centre's thresholds: name -> (enter, leave).
    :raises UnknownLimitError: the name is not in the table, or ``leave`` is not the better value.
    """
    known = limits(rules)
    changed = {name: _changed(known.get(name), name, values) for name, values in own.items()}
    return tuple(replace(rule, limits=tuple(changed.get(limit.name, limit) for limit in rule.limits)) for rule in rules)


def _changed(limit: Limit | None, name: str, values: tuple[float, float]) -> Limit:
    enter, leave = values
    if limit is None or (leave < enter if limit.side == "below" else leave > enter):
        raise UnknownLimitError(name)
    return replace(limit, enter=enter, leave=leave, source="the centre's own calibration")


def rules_of(file: Path | None) -> tuple[Rule, ...]:
    """
    The table of rules with a centre's own thresholds.

    :param file: None: those that come with the service.
    :raises ThresholdsError: it is not there, is no such file or names what no rule has.
    """
    if file is None:
        return RULES
    own, known = read_thresholds(file), limits(RULES)
    if unknown := ", ".join(name for name in own if name not in known):
        raise ThresholdsError(file, f"seuil inconnu : {unknown}.", f"unknown threshold: {unknown}.")
    try:
        return with_limits(own)
    except UnknownLimitError as error:
        name = error.name
        raise ThresholdsError(
            file, f"« enter » et « leave » de {name} sont à l'envers.", f'"enter" and "leave" of {name} are reversed.'
        ) from error


def read_thresholds(file: Path) -> dict[str, tuple[float, float]]:
    """:raises ThresholdsError: it is not there or is no such file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        given: dict[str, dict[str, Any]] = content["thresholds"]
        return {name: (_number(pair["enter"]), _number(pair["leave"])) for name, pair in given.items()}
    except FileNotFoundError as error:
        raise ThresholdsError(file, "ce fichier n'existe pas.", "there is no such file.") from error
    except (OSError, ValueError, OverflowError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ThresholdsError(file, "ce n'est pas un fichier de seuils.", "this is no file of thresholds.") from error


def _number(value: Any) -> float:
    """:raises ValueError: not a finite number, which JSON's own reader lets pass: nothing is beyond NaN."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def write_thresholds(file: Path, thresholds: Thresholds, about: Mapping[str, Any]) -> None:
    """:param about: what they were chosen on, for whoever opens the file."""
    pairs = {name: {"enter": enter, "leave": leave} for name, (enter, leave) in thresholds.items()}
    file.write_text(json.dumps({"about": about, "thresholds": pairs}, ensure_ascii=False, indent=1) + "\n", "utf-8")
