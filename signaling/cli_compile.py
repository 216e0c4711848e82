"""``passerelle compile``: the forwarding as compiled code, on machines with a compiler."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from relay.compiler import CompilerMissingError


def register(app: typer.Typer) -> None:
    app.command("compile")(compile_command)


def compile_command(
    again: Annotated[bool, typer.Option("--again", help="Même si c’est déjà fait.")] = False,
) -> None:
    """Compile l’acheminement des médias : trois fois moins de calcul par paquet. Facultatif."""
    from relay.compiler import CompilationError, CompilerMissingError, compile_into
    from signaling.config import ConfigError, load_config, process_environ

    begin = time.monotonic()
    try:
        root = load_config(process_environ()).service.compiled_dir
        with Console(stderr=True).status("Compilation de l’acheminement des médias (une minute au plus)…"):
            directory = compile_into(root, again=again)
    except ConfigError as error:
        raise _refuse(str(error)) from None
    except CompilerMissingError as error:
        raise _refuse(advice(error)) from None
    except CompilationError as error:
        raise _refuse(
            f"La compilation a échoué ; le service marche sans / failed, the service runs without :\n{error}"
        ) from None
    except OSError as error:
        raise _refuse(f"{error.filename} : {error.strerror} (PASSERELLE_COMPILED_DIR).") from None
    print(f"✓ Compilé ({time.monotonic() - begin:.0f} s) : {directory}")
    print("  Les processus média le prennent à leur prochain démarrage. / Media workers use it from their next start.")


def advice(missing: "CompilerMissingError") -> str:
    """What to type, in both languages."""
    lines = [
        "Il manque de quoi compiler ; le service marche sans.",
        "  The tools to compile are missing; the service runs without.",
    ]
    if missing.debian:
        lines.append(
            f"    sudo apt-get update && sudo apt-get install --no-install-recommends -y {' '.join(missing.debian)}"
        )
    if missing.python:
        lines.append(f"    {sys.executable} -m pip install {' '.join(missing.python)}")
    return "\n".join([*lines, "Puis / then: passerelle compile"])


def _refuse(why: str) -> typer.Exit:
    typer.echo(f"✗ {why}", err=True)
    return typer.Exit(1)
