"""``passerelle simulate`` and ``passerelle staff``: what a crew would achieve, and how large it must be."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from interpreter_queue.arrivals import Profile, steady
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import BATCHES, Slot, by_half_hour
from interpreter_queue.simulation_model import Breaks, Duration, Habits, Scenario, Shape, one_queue
from interpreter_queue.simulation_trace import Trace
from interpreter_queue.staffing import GOALS, Goal, Rest, crew_of, staff
from signaling import planning_options as options
from signaling.call_terms import CallKind
from signaling.planning_demand import DAYS, TypicalDay, typical_day
from signaling.planning_files import read_crew_sizes, read_half_hours, read_profile
from signaling.planning_options import in_words, not_both, progress_bar, refused, write
from signaling.planning_records import Chosen, recorded
from signaling.planning_report import Told, print_told
from signaling.planning_report import picture as told_picture
from signaling.planning_report import to_json as told_json
from signaling.planning_scenario import read_scenario
from signaling.planning_staff import Plan, print_plan, to_csv
from signaling.planning_staff import picture as plan_picture
from signaling.planning_staff import to_json as plan_json

WARM_UP_SHARE = 0.05  # of the measured calls, before them: the line begins empty
CHECKED_DAYS = 20
KINDS: dict[str, tuple[CallKind, ...]] = {"relay": ("relay",), "direct": ("direct",), "tous": ("relay", "direct")}


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)
    app.command("staff")(staff_command)


ProfileFile = Annotated[
    Path | None, typer.Option(help="Une journée : CSV hour,share ou hour,calls, par heure ou demi-heure.")
]
Calls = Annotated[
    int | None,
    typer.Option(parser=options.whole(1, 5_000_000), help="Appels mesurés (20000), ou d’un jour avec --profile."),
]
PerHour = Annotated[
    float | None,
    typer.Option(parser=options.number(0, 1e6, above=True), help="Appels par heure, toujours autant. Par défaut 60."),
]
HandlingShape = Annotated[
    str,
    typer.Option(
        parser=options.one_of("exponential", "lognormal", "constant"), help="exponential, lognormal ou constant."
    ),
]
BreakRule = Annotated[
    str,
    typer.Option(
        parser=options.one_of("none", "due", "proposed"),
        help="Pauses de la règle : none, due (imposée après 60 min d’appel), proposed (prise dès 30 min).",
    ),
]
Percent = options.SHARE_PERCENT
Seconds = options.SECONDS


def simulate(
    *,
    arrivals_per_hour: PerHour = None,
    profile: ProfileFile = None,
    scenario: Annotated[Path | None, typer.Option(help="Un centre entier : files, équipe, règles (TOML).")] = None,
    handling_s: Annotated[float, typer.Option(parser=Seconds, help="Durée moyenne de traitement, s.")] = 240.0,
    handling_shape: HandlingShape = "exponential",
    interpreters: Annotated[
        int | None, typer.Option(parser=options.whole(1, 10_000), help="Interprètes, toujours là. Par défaut 6.")
    ] = None,
    crew: Annotated[
        Path | None, typer.Option(help="Interprètes par demi-heure : CSV hour,interpreters (de « staff --csv »).")
    ] = None,
    calls: Calls = None,
    days: Annotated[int, typer.Option(parser=options.whole(1, 1000), help="Journées simulées.")] = 1,
    seed: Annotated[int, typer.Option(parser=options.whole(0, 2**31), help="Même graine, même résultat.")] = 1,
    patience_s: Annotated[
        float | None, typer.Option(parser=Seconds, help="Patience moyenne avant d’abandonner, s.")
    ] = None,
    no_patience: Annotated[
        bool, typer.Option("--no-patience", help="Personne n’abandonne (par défaut sans --patience-s).")
    ] = False,
    wrap_up_s: Annotated[
        float, typer.Option(parser=options.SECONDS_OR_NONE, help="Post-appel, en plus du traitement, s.")
    ] = 0.0,
    accept_s: Annotated[
        float, typer.Option(parser=options.number(0, 20), help="De la sonnerie à la réponse, s.")
    ] = 0.0,
    missed: Annotated[float, typer.Option(parser=Percent, help="Sonneries sans réponse, %.")] = 0.0,
    declined: Annotated[float, typer.Option(parser=Percent, help="Sonneries refusées, %.")] = 0.0,
    breaks: BreakRule = "none",
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON en dernière ligne.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Écrit l’image dans ce fichier.")] = None,
) -> None:
    """
    Simule un centre avec les vraies règles de la file, sur une horloge virtuelle.

    Définitions et exemples : docs/planning.md.
    """
    not_both("--no-patience", no_patience, "--patience-s", patience_s is not None, "l’un ou l’autre")
    not_both(
        "--profile", profile is not None, "--arrivals-per-hour", arrivals_per_hour is not None, "deux débits d’appels"
    )
    not_both("--crew", crew is not None, "--interpreters", interpreters is not None, "deux équipes")
    if crew is not None and profile is None and calls is not None:
        raise refused("--calls", "avec --crew il faut --profile (quand ils appellent) ou --arrivals-per-hour")
    if missed + declined > 99:
        raise refused("--missed", "avec --declined, 99 % au plus : sinon personne ne décroche")
    if scenario is not None:
        given = (profile, crew, interpreters, arrivals_per_hour, calls, patience_s)
        if any(each is not None for each in given):
            raise refused("--scenario", "le fichier dit tout : seuls --days, --seed, --json et --svg vont avec")
        with in_words():
            centre = read_scenario(scenario)
    else:
        with in_words():
            arrivals = read_profile(profile, calls) if profile else steady(arrivals_per_hour or 60.0)
            centre = _one_queue(arrivals, handling_s, interpreters or 6, patience_s, crew)
        habits = Habits(
            accept_s=accept_s,
            missed_share=missed / 100,
            declined_share=declined / 100,
            wrap_up_s=wrap_up_s,
            breaks=cast(Breaks, breaks),
        )
        stream = replace(centre.streams[0], handling=Duration(handling_s, cast(Shape, handling_shape)))
        centre = replace(centre, habits=habits, streams=(stream,))
    in_days = scenario is not None or profile is not None or crew is not None
    began = time.monotonic()
    trace = _run(centre, seed, days=days if in_days else None, calls=calls or 20_000)
    told = Told(centre, trace, seed, whole_days=in_days)
    wall_s = time.monotonic() - began
    if svg is not None:
        write(svg, told_picture(told).encode())
    if as_json:
        print(told_json(told, wall_s))
    else:
        print_told(Console(), told, wall_s)


def _one_queue(
    arrivals: Profile, handling_s: float, interpreters: int, patience_s: float | None, crew: Path | None
) -> Scenario:
    centre = one_queue(arrivals, handling_s, interpreters, patience_s)
    return centre if crew is None else replace(centre, crew=crew_of(read_crew_sizes(crew)))


def _run(centre: Scenario, seed: int, *, days: int | None, calls: int) -> Trace:
    """:param days: None: a steady load, so many measured ``calls``."""
    with progress_bar("Simulation") as tell:
        simulation = Simulation(centre, seed, tell)
        if days is not None:
            return simulation.run_days(days)
        return simulation.run_calls(calls, warm_up=max(50, round(calls * WARM_UP_SHARE)), batches=BATCHES)


Goals = Annotated[
    list[Goal] | None,
    typer.Option("--goal", parser=options.goal, help="POURCENT/SECONDES, répétable. Par défaut 80/120 et 70/180."),
]


def staff_command(
    *,
    history: Annotated[Path | None, typer.Option(help="CSV de demi-heures : date,hour,calls,handling_s.")] = None,
    forecast: Annotated[Path | None, typer.Option(help="Un jour attendu, CSV : hour,calls,handling_s.")] = None,
    from_records: Annotated[bool, typer.Option("--from-records", help="Les appels du service.")] = False,
    first: Annotated[
        str | None, typer.Option("--from", help="Premier jour, AAAA-MM-JJ. Par défaut il y a 28 jours.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Dernier jour compris. Par défaut hier.")] = None,
    brand: Annotated[str | None, typer.Option(help="Nom court d’un service ; sinon tous.")] = None,
    kind: Annotated[
        str, typer.Option(parser=options.one_of(*KINDS), help="Appels du service : relay, direct ou tous.")
    ] = "tous",
    timezone: Annotated[str, typer.Option("--tz", help="Fuseau des demi-heures.")] = "Europe/Paris",
    day: Annotated[
        str, typer.Option(parser=options.one_of(*DAYS), help=f"Jours retenus : {', '.join(DAYS)}.")
    ] = "tous",
    calls: Annotated[
        int | None,
        typer.Option(parser=options.whole(1, 5_000_000), help="Appels du jour, quand le fichier n’a que des parts."),
    ] = None,
    growth: Annotated[
        float, typer.Option(parser=options.number(-90, 1000), help="Appels en plus de ceux du fichier, %.")
    ] = 0.0,
    handling_s: Annotated[float | None, typer.Option(parser=Seconds, help="DMT où le fichier n’en dit pas, s.")] = None,
    wrap_up_s: Annotated[
        float, typer.Option(parser=options.SECONDS_OR_NONE, help="Post-appel ajouté aux appels du service, s.")
    ] = 60.0,
    patience_s: Annotated[
        float | None, typer.Option(parser=Seconds, help="Patience moyenne, s : Erlang A. Sinon Erlang C.")
    ] = None,
    goals: Goals = None,
    shrinkage: Annotated[
        float | None, typer.Option(parser=Percent, help="Temps indisponible, %. Sinon les pauses de la règle.")
    ] = None,
    minimum: Annotated[
        int, typer.Option(parser=options.whole(1, 1000), help="Au moins, dès qu’on attend un appel.")
    ] = 1,
    check: Annotated[bool, typer.Option("--check", help=f"Simule {CHECKED_DAYS} journées avec cette équipe.")] = False,
    seed: Annotated[int, typer.Option(parser=options.whole(0, 2**31), help="De la simulation.")] = 1,
    csv: Annotated[Path | None, typer.Option(help="CSV pour un tableur français : « ; » et virgules.")] = None,
    plain_csv: Annotated[Path | None, typer.Option(help="CSV pour un programme : virgules et points.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Écrit l’image dans ce fichier.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON en dernière ligne.")] = False,
) -> None:
    """
    Dit combien d’interprètes il faut par demi-heure pour répondre à temps.

    Définitions et exemples : docs/planning.md.
    """
    if sum((history is not None, forecast is not None, from_records)) != 1:
        raise refused("--history", "il faut --history FICHIER, --forecast FICHIER ou --from-records, un seul des trois")
    with in_words():
        if from_records:
            chosen = Chosen.of(first, last, timezone, brand, KINDS[kind])
            rows, measured_s = recorded(chosen, wrap_up_s)
            patience_s = patience_s or measured_s
        else:
            rows = read_half_hours(cast(Path, history or forecast), calls)
        typical = typical_day(rows, day, handling_s, growth / 100)
    wanted = tuple(goals) if goals else GOALS
    rest = Rest(None if shrinkage is None else shrinkage / 100)
    needs = staff(typical.demands, goals=wanted, patience_s=patience_s, rest=rest, minimum=minimum)
    sizes = [need.interpreters for need in needs]
    checked = _checked(typical, sizes, patience_s, seed) if check else []
    plan = Plan(typical, wanted, needs, patience_s, checked)
    for path, content in ((csv, to_csv(plan, french=True)), (plain_csv, to_csv(plan, french=False))):
        if path is not None:
            write(path, content)
    if svg is not None:
        write(svg, plan_picture(plan).encode())
    if as_json:
        print(plan_json(plan))
    else:
        print_plan(Console(), plan)


def _checked(typical: TypicalDay, sizes: list[int], patience_s: float | None, seed: int) -> list[Slot]:
    """The same day, many times, with the crew that was found and the mean handling time of the day."""
    profile = Profile(tuple(demand.calls for demand in typical.demands))
    handling_s = sum(demand.calls * demand.handling_s for demand in typical.demands) / typical.calls
    centre = replace(one_queue(profile, handling_s, 1, patience_s), crew=crew_of(sizes))
    return by_half_hour(_run(centre, seed, days=CHECKED_DAYS, calls=0))
