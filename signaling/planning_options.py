"""The planners' options: what is wrong is said in French, with what was expected. Shared by the two commands."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from interpreter_queue.staffing import Goal
from signaling.planning_demand import NoDemandError
from signaling.planning_files import PlanningFileError

FAILED = 1
DAY_S = 86_400.0


P = TypeVar("P", bound=Callable[..., object])


def _shown(parse: P, name: str) -> P:
    """The help shows a parser's own name as the kind of value."""
    parse.__name__ = name
    return parse


def number(least: float, most: float, *, above: bool = False) -> Callable[[str | float], float]:
    """A decimal number, comma or point; ``above``: more than ``least``."""

    def parse(text: str | float) -> float:
        try:
            value = float(str(text).replace(",", "."))
        except ValueError:
            value = math.nan
        if not (least < value if above else least <= value) or value > most:
            wanted = f"plus de {least:g} et au plus {most:g}" if above else f"de {least:g} à {most:g}"
            raise typer.BadParameter(f"attendu un nombre, {wanted} ; reçu « {text} »")
        return value

    return _shown(parse, "nombre")


def whole(least: int, most: int) -> Callable[[str | int], int]:
    def parse(text: str | int) -> int:
        plain = str(text)
        if not plain.removeprefix("-").isdecimal() or not least <= int(plain) <= most:
            raise typer.BadParameter(f"attendu un nombre entier de {least} à {most} ; reçu « {text} »")
        return int(plain)

    return _shown(parse, "entier")


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"attendu {', '.join(choices)} ; reçu « {text} »")
        return text

    return _shown(parse, "choix")


def goal(text: "str | Goal") -> Goal:
    """``80/120``: 80 % in 120 s."""
    if isinstance(text, Goal):
        return text
    share, _, within = text.replace("%", "").partition("/")
    try:
        return Goal(float(share.replace(",", ".")) / 100, float(within))
    except ValueError:
        wanted = "POURCENT/SECONDES, par exemple 80/120 (80 % en 120 s)"
        raise typer.BadParameter(f"attendu {wanted} ; reçu « {text} »") from None


def refused(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=option)


def not_both(first: str, first_given: bool, second: str, second_given: bool, why: str) -> None:
    """:raises typer.BadParameter: both were given."""
    if first_given and second_given:
        raise refused(first, f"ne va pas avec {second} : {why}")


SECONDS = number(0, DAY_S, above=True)
SECONDS_OR_NONE = number(0, DAY_S)
SHARE_PERCENT = number(0, 99)


UNWRITABLE: dict[type[OSError], str] = {
    FileNotFoundError: " (ce dossier n’existe pas)",
    PermissionError: " (ce n’est pas permis)",
    IsADirectoryError: " (c’est un dossier)",
}


def write(path: Path, content: bytes) -> None:
    """:raises typer.Exit: it cannot be written there."""
    try:
        path.write_bytes(content)
    except OSError as error:
        why = UNWRITABLE.get(type(error), "")
        typer.echo(f"✗ {path} : impossible d’y écrire{why}", err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def in_words() -> Iterator[None]:
    """A file that cannot be used ends the command with its sentence and code 1."""
    try:
        yield
    except (PlanningFileError, NoDemandError) as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float], None]]:
    """On the error output, where people wait; gives what is told the share done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)
