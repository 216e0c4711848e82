"""``passerelle simulate`` and ``passerelle staff``: what a crew would achieve, and how large it must be."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from interpreter_queue.arrivals import steady
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import BATCHES
from interpreter_queue.simulation_model import Scenario, one_queue
from interpreter_queue.simulation_trace import Trace
from signaling.planning_files import PlanningFileError, read_profile
from signaling.planning_report import Told, picture, print_told, to_json

FAILED = 1
WARM_UP_SHARE = 0.05  # of the measured calls, before them: the line begins empty


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


# Options: what is wrong is said in French, with what was expected


def number(least: float, most: float, *, above: bool = False) -> Callable[[str | float], float]:
    def parse(text: str | float) -> float:
        try:
            value = float(str(text).replace(",", "."))
        except ValueError:
            value = math.nan
        if not (least < value if above else least <= value) or value > most or math.isinf(value):
            wanted = f"plus de {least:g} et au plus {most:g}" if above else f"de {least:g} à {most:g}"
            raise typer.BadParameter(f"attendu un nombre, {wanted} ; reçu « {text} »")
        return value

    return parse


def whole(least: int, most: int) -> Callable[[str | int], int]:
    def parse(text: str | int) -> int:
        plain = str(text)
        if not plain.removeprefix("-").isdecimal() or not least <= int(plain) <= most:
            raise typer.BadParameter(f"attendu un nombre entier de {least} à {most} ; reçu « {text} »")
        return int(plain)

    return parse


def refused(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=option)


POSITIVE_S = number(0, 86_400, above=True)
Calls = Annotated[int | None, typer.Option(parser=whole(1, 5_000_000), help="Appels mesurés, ou d’un jour.")]


def simulate(
    *,
    arrivals_per_hour: Annotated[
        float | None, typer.Option(parser=number(0, 1e6, above=True), help="Appels par heure, toujours autant.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Une journée : CSV hour,share ou hour,calls, par heure ou demi-heure.")
    ] = None,
    handling_s: Annotated[float, typer.Option(parser=POSITIVE_S, help="Durée moyenne de traitement, s.")] = 240.0,
    interpreters: Annotated[
        int | None, typer.Option(parser=whole(1, 10_000), help="Interprètes, toujours là. Par défaut 6.")
    ] = None,
    crew: Annotated[
        Path | None, typer.Option(help="Interprètes par demi-heure : CSV hour,interpreters (de « staff --csv »).")
    ] = None,
    calls: Calls = None,
    days: Annotated[int, typer.Option(parser=whole(1, 1000), help="Journées simulées, avec --profile.")] = 1,
    seed: Annotated[int, typer.Option(parser=whole(0, 2**31), help="Même graine, même résultat.")] = 1,
    patience_s: Annotated[
        float | None, typer.Option(parser=POSITIVE_S, help="Patience moyenne avant d’abandonner, s.")
    ] = None,
    no_patience: Annotated[
        bool, typer.Option("--no-patience", help="Personne n’abandonne (par défaut sans --patience-s).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON en dernière ligne.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Écrit l’image dans ce fichier.")] = None,
) -> None:
    """
    Simule un centre avec les vraies règles de la file, sur une horloge virtuelle.

    Définitions et exemples : docs/planning.md.
    """
    if patience_s is not None and no_patience:
        raise refused("--no-patience", "ne va pas avec --patience-s : l’un ou l’autre")
    if profile is not None and arrivals_per_hour is not None:
        raise refused("--profile", "ne va pas avec --arrivals-per-hour : le fichier dit quand on appelle")
    if crew is not None and interpreters is not None:
        raise refused("--crew", "ne va pas avec --interpreters : le fichier dit combien ils sont")
    with in_words():
        arrivals = read_profile(profile, calls) if profile else steady(arrivals_per_hour or 60.0)
        scenario = one_queue(arrivals, handling_s, interpreters or 6, patience_s)
    began = time.monotonic()
    trace = run(scenario, seed, days=days if profile else None, calls=calls or 20_000)
    told = Told(scenario, trace, seed, whole_days=profile is not None)
    show(told, time.monotonic() - began, as_json=as_json, svg=svg)


def run(scenario: Scenario, seed: int, *, days: int | None, calls: int) -> Trace:
    """:param days: None: a steady load, so many measured ``calls``."""
    with progress_bar("Simulation") as tell:
        simulation = Simulation(scenario, seed, tell)
        if days is not None:
            return simulation.run_days(days)
        return simulation.run_calls(calls, warm_up=max(50, round(calls * WARM_UP_SHARE)), batches=BATCHES)


def show(told: Told, wall_s: float, *, as_json: bool, svg: Path | None) -> None:
    if svg is not None:
        write(svg, picture(told).encode())
    if as_json:
        print(to_json(told, wall_s))
    else:
        print_told(Console(), told, wall_s)


def write(path: Path, content: bytes) -> None:
    """:raises typer.Exit: it cannot be written there."""
    try:
        path.write_bytes(content)
    except OSError as error:
        typer.echo(f"✗ {path} : impossible d’y écrire ({error.strerror})", err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def in_words() -> Iterator[None]:
    """A file that cannot be used ends the command with its sentence and code 1."""
    try:
        yield
    except PlanningFileError as error:
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
