"""
The command line. Every process of the service is one of its subcommands; ``passerelle serve`` starts the others.

Commands are thin: they read the settings, call one function, and turn an expected failure into one sentence and exit
code 1. Heavy modules load inside the command that needs them.
"""

import asyncio
import importlib
import importlib.util
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from signaling.config import Config

#: modules of further commands, each with ``register(app)``
COMMAND_MODULES = (
    "signaling.cli_people",
    "signaling.cli_queue",
    "signaling.cli_brand",
    "signaling.cli_machine",
    "signaling.cli_phone",
    "signaling.cli_rehearse",
    "signaling.cli_compile",
    "signaling.cli_planning",
    "signaling.cli_video",
    "signaling.cli_visibility",
)
#: of ``passerelle phone``, in ``signaling.cli_phone``; alone it is the worker, here
PHONE_COMMANDS = ("block", "rules", "alarms", "--help")

app = typer.Typer(
    name="passerelle",
    help="Passerelle : relais téléphonique en langue des signes française.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold numbers and names
    add_completion=False,
)
phone_app = typer.Typer(invoke_without_command=True)  # alone, it is the worker
app.add_typer(phone_app, name="phone")
db_app = typer.Typer(help="Base de données.", no_args_is_help=True)
app.add_typer(db_app, name="db")
MODELS_OUT_OF_REACH = 3  # exit code: the service runs without them, and ./run asks again after a day
INDEX = Annotated[int, typer.Option("--index", min=0, help="Rang de ce processus parmi ceux de sa sorte.")]
CHECK_CONFIG = Annotated[
    bool,
    typer.Option("--check-config", help="Affiche chaque réglage avec sa valeur, son unité et sa raison, puis finit."),
]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Affiche la version.", is_eager=True)] = False,
    check_config: CHECK_CONFIG = False,
) -> None:
    """:raises typer.Exit: after ``--version`` and ``--check-config``, which need no command."""
    if version:
        from importlib.metadata import version as installed_version

        print(f"passerelle {installed_version('passerelle')}")
        raise typer.Exit
    if check_config:
        _print_config(as_json=False)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Adresse d’écoute ; 127.0.0.1 par défaut.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port HTTP ; 8080 par défaut.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processus média ; un par cœur.")] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="HTTPS avec un certificat fait ici, pour un téléphone du même réseau.")
    ] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Sans le téléphone de démonstration.")] = False,
    check_config: CHECK_CONFIG = False,
) -> None:
    """Démarre tout le service sur cette machine, et le surveille."""
    if check_config:
        _print_config(as_json=False)
        return
    from signaling.announcement import Announcement
    from signaling.config import process_environ
    from signaling.launch import Options, published, settle_environment
    from signaling.log import ChildOutput, configure_logging
    from signaling.service import only_one, supervise

    with _in_words():
        given = load()
        log_format = given.service.log_format
        options = Options(host, port, workers, tls, False if no_demo else None)
        with only_one(given.signaling.run_dir):
            environ = settle_environment(process_environ(), options)
            settled = load(environ)
            _check_machine(settled)
            configure_logging("supervisor", log_format, settled.service.log_level)
            told = Announcement(Console(), settled.signaling.data_dir)
            told.starting()
            with published(given.signaling.run_dir, environ):
                asyncio.run(supervise(settled, environ, ChildOutput(log_format), told))


@app.command()
def signaling() -> None:
    """Un processus de signalisation : pages, WebSocket, API."""
    from signaling import processes
    from signaling.free_ports import check_port

    with _process("signaling") as config:
        settings = config.signaling
        check_port(settings.http_host, settings.http_port, "tcp", "Choisissez-en un autre : PASSERELLE_HTTP_PORT.")
        processes.run_signaling(config)


@app.command()
def worker(index: INDEX = 0) -> None:
    """Un processus média : connexions WebRTC."""
    from signaling import processes

    with _process(f"worker-{index}") as config:
        processes.run_media_worker(config, index)


@phone_app.callback()
def phone(context: typer.Context, index: INDEX = 0) -> None:
    """Un processus téléphone : SIP et RTP. Avec une commande : ce qui se compose, et qui peut appeler."""
    from signaling import processes

    if context.invoked_subcommand is not None:
        return

    with _process(f"phone-{index}") as config:
        processes.run_phone_worker(config, index)


@app.command()
def visibility(index: INDEX = 0) -> None:
    """Un processus d’analyse de la lisibilité des signes."""
    from signaling import processes

    with _process(f"visibility-{index}") as config:
        processes.run_visibility_worker(config, index)


@app.command("demo-phone")
def demo_phone() -> None:
    """Le téléphone de démonstration, sur cette machine seulement."""
    from signaling import processes

    with _process("demo-phone") as config:
        processes.run_demo_phone(config)


@app.command("first-people", hidden=True)
def first_people() -> None:
    """Prépare la base ; la première fois, crée de quoi se connecter."""
    from signaling.announcement import FIRST_SIGN_IN, write_first_sign_in
    from signaling.records.bootstrap import ensure_first_people

    with _process("first-people") as config:
        made = asyncio.run(ensure_first_people(config.signaling))
        if made is not None:
            write_first_sign_in(config.signaling.data_dir / FIRST_SIGN_IN, made.people)


@app.command()
def doctor(
    trunk: Annotated[bool, typer.Option("--trunk", help="Examine de près les accès au réseau téléphonique.")] = False,
    call: Annotated[str | None, typer.Option(help="Avec --trunk : numéro à appeler, +33…")] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="Avec --trunk : appelle notre propre numéro ; le service doit décrocher.")
    ] = False,
) -> None:
    """Vérifie l’installation et dit, en mots, ce qui manque et quoi faire."""
    from signaling.config import process_environ
    from signaling.doctor import run_doctor
    from signaling.launch import running_environment

    with _in_words():
        config = load(running_environment(process_environ()))
    is_well = asyncio.run(run_doctor(config, Console(), closely=trunk, number=call, loops=loop))
    raise typer.Exit(0 if is_well else 1)


@app.command()
def health() -> None:
    """Code 0 quand le service répond sur cette machine, 1 sinon (pour une sonde)."""
    from signaling.config import process_environ
    from signaling.launch import running_environment
    from signaling.processes import http_status

    with _in_words():
        settings = load(running_environment(process_environ())).signaling
    status = asyncio.run(http_status(settings.http_host, settings.http_port, "/healthz", tls=settings.is_tls))
    print("pas de réponse" if status is None else f"HTTP {status}")
    raise typer.Exit(0 if status == 200 else 1)


@app.command()
def models(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Ne dit rien quand ils sont là.")] = False,
    no_fetch: Annotated[bool, typer.Option("--no-fetch", help="Regarde seulement s’ils sont là.")] = False,
) -> None:
    """Télécharge et vérifie les modèles MediaPipe."""
    from relay.visibility.model_files import ModelsUnavailableError, ensure_models, find_models
    from signaling.progress import DownloadBar

    with _in_words():
        config = load()
        directory = config.service.model_dir
        if find_models(directory) is not None:
            if not if_missing:
                print(f"Les modèles sont là : {directory}")
            return
        if no_fetch:
            typer.echo(f"! Modèles MediaPipe absents / missing: {directory}", err=True)
            raise typer.Exit(MODELS_OUT_OF_REACH)
        try:
            with DownloadBar("Modèles MediaPipe") as bar:
                ensure_models(directory, bar.update)
        except ModelsUnavailableError as error:
            typer.echo(f"{error.message_fr}\n{error.message_en}", err=True)
            raise typer.Exit(MODELS_OUT_OF_REACH) from None
        print(f"Modèles vérifiés : {directory}")


@app.command("check-config")
def check_config_command(as_json: Annotated[bool, typer.Option("--json", help="Pour les programmes.")] = False) -> None:
    """Affiche chaque réglage avec sa valeur, son unité et sa raison."""
    _print_config(as_json)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Met le schéma de la base au niveau de cette version."""
    from signaling.records.database import Database, head_revision

    async def upgrade(url: str) -> None:
        database = Database(url)
        try:
            await database.open(migrate=True)
        finally:
            await database.close()

    with _process("db") as config:
        asyncio.run(upgrade(config.signaling.database_url))
    print(f"Base de données à jour : révision {head_revision()}")


def load(environ: dict[str, str] | None = None) -> "Config":
    """
    The settings, for every command.

    :raises ConfigError: translated by ``_in_words``.
    """
    from signaling.config import load_config, process_environ

    return load_config(process_environ() if environ is None else environ)


@contextmanager
def _process(name: str) -> Iterator["Config"]:
    """Settings and logging of one process; what it expects to go wrong ends it with a sentence."""
    from signaling.log import configure_logging

    with _in_words():
        config = load()
        configure_logging(name, config.service.log_format, config.service.log_level)
        _check_machine(config)
        yield config


def _check_machine(config: "Config") -> None:
    """:raises ConfigError: a process of several machines without what the others would believe."""
    if config.signaling.network is not None:
        from signaling.machine_check import require_machine_files

        if code := require_machine_files(config.signaling.network):
            logging.getLogger(__name__).error("certificate of this machine: %s", code)


@contextmanager
def _in_words() -> Iterator[None]:
    """An expected failure ends the command with its sentence and code 1; anything else shows its traceback."""
    from signaling.config import ConfigError
    from signaling.embedded_redis import RedisServerError
    from signaling.free_ports import PortTakenError
    from signaling.service import ServiceRunningError

    try:
        yield
    except (ConfigError, PortTakenError, RedisServerError, ServiceRunningError) as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(1) from None


def _print_config(as_json: bool) -> None:
    from signaling.settings_table import print_json, print_table, service_rows

    with _in_words():
        found = service_rows(load())
    (print_json if as_json else print_table)(Console(), found)


def register_commands() -> None:
    """Add the commands of the other modules; one that does not exist in this installation adds none."""
    for name in COMMAND_MODULES:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name).register(app)


def is_own_command(words: Sequence[str]) -> bool:
    """Whether the command asked for is in this module: a worker need not load the others' modules."""
    own = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    own |= {str(group.name) for group in app.registered_groups}
    named = next((word for word in words if not word.startswith("-")), None)
    has_more = named == "phone" and any(word in words for word in PHONE_COMMANDS)
    return named in own and not has_more


def main() -> None:
    """Entry point of ``passerelle``."""
    words = sys.argv[1:]
    if not is_own_command(words) and not {"--version", "--check-config"} & set(words):
        register_commands()
    app()


if __name__ == "__main__":
    main()
