"""``passerelle rehearse``: the command line in front of ``signaling.rehearsal``. Media modules load when it runs."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from rich.console import Console

from signaling.call_terms import Mode
from signaling.config import ConfigError, load_config, process_environ
from signaling.rehearsal.model import Plan, Scenario, Step
from signaling.rehearsal.report import STEP_LABELS, print_report, print_verdicts, to_json
from signaling.rehearsal.scenarios import ALL, SCENARIOS, TONE_SLOTS, plan_for

if TYPE_CHECKING:
    from signaling.rehearsal.session import Outcome, Target

FAILED, UNREACHABLE, TERMINATED = 1, 2, 128 + signal.SIGTERM


def register(app: typer.Typer) -> None:
    app.command("rehearse")(rehearse_command)


def rehearse_command(
    *,
    clip: Annotated[Path | None, typer.Option(help="Film du signeur, en boucle ; sinon le signeur dessiné.")] = None,
    url: Annotated[str | None, typer.Option(help="Service en marche, p. ex. http://127.0.0.1:8080.")] = None,
    token: Annotated[str | None, typer.Option(help="Jeton d’opérateur ; sinon lu dans le dossier de données.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Dossier de données du service en marche.")] = None,
    phone: Annotated[str | None, typer.Option(help="Un autre téléphone, sip:…, de ce réseau privé.")] = None,
    phone_tone: Annotated[float | None, typer.Option(help="Ce que --phone fait entendre sans cesse, en Hz.")] = None,
    scenario: Annotated[str, typer.Option(help=f"Déroulement : {', '.join(SCENARIOS)} ; {ALL} : tous.")] = "answered",
    calls: Annotated[int, typer.Option(min=1, max=TONE_SLOTS, help="Appels en même temps.")] = 1,
    mode: Annotated[str, typer.Option(help="Mode de communication : " + ", ".join(get_args(Mode)) + ".")] = "LSF",
    voice: Annotated[bool, typer.Option(help="Le signeur parle lui-même (VCO).")] = False,
    hearing: Annotated[bool, typer.Option(help="Le signeur entend lui-même (HCO).")] = False,
    incoming: Annotated[bool, typer.Option(help="Un téléphone appelle le signeur, au lieu de l’inverse.")] = False,
    emergency: Annotated[bool, typer.Option(help="Exercice d’urgence ; n’appelle que le téléphone d’essai.")] = False,
    size: Annotated[str, typer.Option(help="Taille des images envoyées.")] = "640x480",
    fps: Annotated[float, typer.Option(min=5, max=60, help="Images par seconde envoyées.")] = 25.0,
    log: Annotated[Path | None, typer.Option(help="Garde ici le journal du service démarré pour l’essai.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON sur la sortie, rien d’autre.")] = False,
) -> None:
    """
    Passe de vrais appels, du signeur au téléphone, et prouve que tout arrive.

    Code de sortie : 0 si tout est bon, 1 si une vérification échoue, 2 si le service est injoignable.
    """
    from signaling.rehearsal.client import RehearsalError, UnreachableError
    from signaling.rehearsal.pictures import BadClipError
    from signaling.rehearsal.session import OwnServiceNeededError, rehearse

    progress = Console(stderr=True)
    width, height = _size(size)
    scenarios = _scenarios("emergency" if emergency else "incoming" if incoming else scenario, phone)
    plan = Plan(
        scenarios[0],
        mode=_mode(mode),
        voice=voice,
        hearing=hearing,
        phone_uri=_phone_uri(phone),
        phone_is_demo=phone is None,
        phone_tone_hz=phone_tone,
        width=width,
        height=height,
        fps=fps,
    )
    try:
        target = replace(_target(url, token, data_dir), keep_log=log)
        outcome = asyncio.run(
            _unless_ended(
                rehearse(
                    plan_for(plan, scenarios[0]), target, calls, clip, _teller(progress, calls), scenarios=scenarios
                )
            )
        )
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    except BadClipError as error:
        raise typer.BadParameter(f"film illisible : {error}") from error
    except OwnServiceNeededError as error:
        wanted = "sans --url, sur un service démarré pour l’essai : ses délais sont courts"
        raise typer.BadParameter(f"{error} se répète {wanted}", param_hint="--scenario") from error
    except (UnreachableError, RehearsalError, ConfigError) as error:
        if as_json:
            typer.echo(to_json((), url or "", own_service=False, error=str(error)))
        progress.print(f"[red]Le service est injoignable :[/red] {error}", highlight=False)
        raise typer.Exit(UNREACHABLE) from error
    _print(outcome, as_json=as_json, many=len(scenarios) > 1)
    if not all(report.ok for report in outcome.reports):
        raise typer.Exit(FAILED)


async def _unless_ended(rehearsal: "Coroutine[Any, Any, Outcome]") -> "Outcome":
    """
    A service of its own must not outlive the rehearsal, whoever ends it.

    :raises asyncio.CancelledError: SIGTERM or SIGHUP came; everything is closed.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    return await rehearsal


def _scenarios(name: str, phone: str | None) -> tuple[Scenario, ...]:
    if name == ALL and phone is not None:
        raise typer.BadParameter("ne va pas avec --phone : chaque déroulement a son numéro", param_hint="--scenario")
    if name == ALL:
        return tuple(SCENARIOS.values())
    if name not in SCENARIOS:
        raise typer.BadParameter("déroulements : " + ", ".join((*SCENARIOS, ALL)), param_hint="--scenario")
    return (SCENARIOS[name],)


def _mode(name: str) -> Mode:
    if name not in get_args(Mode):
        raise typer.BadParameter("modes : " + ", ".join(get_args(Mode)), param_hint="--mode")
    return cast(Mode, name)


def _phone_uri(text: str | None) -> str | None:
    if text is not None and not text.startswith(("sip:", "sips:")):
        raise typer.BadParameter("une adresse sip:…", param_hint="--phone")
    return text


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if not (160 <= width <= 1280 and 120 <= height <= 720) or width % 2 or height % 2:
        raise typer.BadParameter("LARGEURxHAUTEUR, pairs, de 160x120 à 1280x720", param_hint="--size")
    return width, height


def _target(url: str | None, token: str | None, data_dir: Path | None) -> "Target":
    from signaling.rehearsal.session import Target

    environ = process_environ()
    if url is not None and token is not None and data_dir is None:
        return Target(url, token, url, data_dir=None, database_url=None, model_dir=None, environ=environ)
    if data_dir is not None:
        environ["PASSERELLE_DATA_DIR"] = str(data_dir)
    config = load_config(environ)
    signaling = config.signaling
    default_url = f"{'https' if signaling.is_tls else 'http'}://127.0.0.1:{signaling.http_port}"
    return Target(
        url=url,
        token=token,
        default_url=default_url,
        data_dir=signaling.data_dir,
        # a service that lets this directory's token in keeps its records where this directory says
        database_url=signaling.database_url if token is None else None,
        model_dir=config.service.model_dir,
        environ=environ,
    )


def _teller(console: Console, calls: int) -> Callable[[int, Step], None]:
    """Steps as they happen, where people wait; programs read the standard output."""

    def tell(index: int, step: Step) -> None:
        which = f"appel {index + 1} · " if calls > 1 else ""
        console.print(
            f"{step.at_s:6.1f} s  {which}{STEP_LABELS.get(step.name, step.name)}  {step.detail}", highlight=False
        )

    return tell


def _print(outcome: "Outcome", *, as_json: bool, many: bool) -> None:
    if as_json:
        typer.echo(to_json(outcome.reports, outcome.url, outcome.own_service, left_out=outcome.left_out))
        return
    console = Console()
    console.print(f"Service : {outcome.url}" + (" (démarré pour l’essai)" if outcome.own_service else ""))
    if many:
        print_verdicts(console, outcome.reports, outcome.left_out)
    else:
        print_report(console, outcome.reports)
