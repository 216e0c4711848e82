"""
What ``passerelle serve`` tells the person who started it: addresses, the first sign-in, what is not ready, and the end.

On standard output and in French; the logs go to standard error.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from signaling import processes
from signaling.config import Config
from signaling.embedded_redis import last_words

FIRST_SIGN_IN = "first-sign-in.txt"


def write_first_sign_in(path: Path, people: Sequence[tuple[str, str, str]]) -> None:
    """:param people: login, password, who it is. The file is for its owner alone (0600) and may be deleted."""
    lines = ["Premières connexions (à changer ou à supprimer ensuite ; ce fichier n’est plus lu) :", ""]
    wide, name = (max(len(person[column]) for person in people) for column in (2, 0))
    lines += [f"  {words:<{wide}}  identifiant {login:<{name}}  mot de passe {word}" for login, word, words in people]
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")


class Announcement:
    """
    Shows the first sign-in only when this start made it.
    """

    def __init__(self, console: Console, data_dir: Path) -> None:
        self._console = console
        self._sign_in = data_dir / FIRST_SIGN_IN
        self._had_sign_in = self._sign_in.exists()

    def starting(self) -> None:
        self._say("[bold]Passerelle[/bold] démarre… (Ctrl-C pour arrêter)")

    def ready(self, config: Config, late: Sequence[str]) -> None:
        """:param late: children that were not ready in their time."""
        settings = config.signaling
        self._say("")
        self._say(f"[bold green]Prêt.[/bold green]  Page des appels    [bold]{escape(settings.public_url)}/[/bold]")
        self._say(f"       Poste de travail   {escape(settings.public_url)}/workstation")
        self._say(f"       Supervision        {escape(settings.public_url)}/supervisor")
        if settings.demo_phone_url:
            self._say(f"       Téléphone de démo  {settings.demo_phone_url}")
        for origin in settings.allowed_origins[1:] if settings.is_tls else ():
            if "localhost" not in origin and "127.0.0.1" not in origin:
                self._say(f"       Sur ce réseau      {escape(origin)}/  (le navigateur avertit : certificat fait ici)")
        self._first_sign_in()
        self._say(f"       Données            {settings.data_dir}")
        for name in late:
            self._say(f"[yellow]!      {name} n’est pas prêt ; il est relancé. « ./run doctor » dit pourquoi.[/yellow]")
        if "redis" in late:
            self._console.print(last_words(settings.data_dir), markup=False, highlight=False, soft_wrap=True)
        if config.service.demo_phone and processes.uses_demo_trunk(config):
            self._say(
                "       Numéros d’essai    01 99 00 00 01 et suivants : voir le téléphone de démo (aucun réseau réel)"
            )
        self._say("")

    def stopping(self) -> None:
        self._say("Arrêt… les données restent pour le prochain démarrage.")

    def _first_sign_in(self) -> None:
        if not self._sign_in.exists():
            return
        if self._had_sign_in:
            self._console.print(
                f"       1res connexions    dans {self._sign_in}", markup=False, highlight=False, soft_wrap=True
            )
            return
        self._say("")
        for line in self._sign_in.read_text().splitlines():
            self._console.print(f"       {line}", markup=False, highlight=False, soft_wrap=True)
        self._console.print(f"       (gardé dans {self._sign_in})", markup=False, highlight=False, soft_wrap=True)
        self._say("")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)
