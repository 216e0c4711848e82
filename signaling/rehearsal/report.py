"""The course of the rehearsed calls, for people (tables, French) and for programs (one JSON object)."""

import dataclasses
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from signaling.rehearsal.model import CallReport, CheckStatus

STEP_LABELS = {
    "connected": "Signeur et interprète connectés",
    "requested": "Appel demandé",
    "queued": "En file",
    "alerting": "Alerte à l’interprète",
    "accepted": "Interprète : accepté",
    "media": "Connexions vidéo établies",
    "briefing": "Briefing : ils se voient",
    "text": "Texte dans les deux sens",
    "dialing": "Numérotation",
    "ringing": "Ça sonne",
    "active": "Le téléphone répond",
    "measured": "Image, son et délais mesurés",
    "visibility": "Lisibilité reçue",
    "phone_gone": "Le téléphone n’est plus en ligne",
    "together": "Restés ensemble",
    "emergency": "Numéro d’urgence reconnu",
    "ended": "Appel terminé",
    "rated": "Appel noté",
    "recorded": "Trace de l’appel",
    "failed": "Interrompu",
}
STATUS_LABELS: dict[CheckStatus, str] = {
    "passed": "[green]✓ bon[/green]",
    "warned": "[yellow]! limite[/yellow]",
    "failed": "[red]✗ échec[/red]",
    "skipped": "[dim]– sans[/dim]",
}


def print_report(console: Console, reports: Sequence[CallReport]) -> None:
    for index, report in enumerate(reports, start=1):
        title = f"Appel {index}" if len(reports) > 1 else "Appel"
        console.print(_course(report, title))
        console.print(_checks(report))
    good = sum(report.ok for report in reports)
    style = "green" if good == len(reports) else "red"
    console.print(f"[{style}]{good} appel(s) bon(s) sur {len(reports)}[/{style}]")


def _course(report: CallReport, title: str) -> Table:
    table = Table(title=f"{title} · déroulement", title_justify="left")
    table.add_column("s", justify="right")
    table.add_column("étape")
    table.add_column("détail")
    for step in report.steps:
        table.add_row(f"{step.at_s:.2f}", STEP_LABELS.get(step.name, step.name), step.detail)
    return table


def _checks(report: CallReport) -> Table:
    table = Table(title="Vérifications", title_justify="left")
    for name in ("", "quoi", "mesuré", "attendu"):
        table.add_column(name)
    for check in report.checks:
        table.add_row(STATUS_LABELS[check.status], check.label, check.measured, check.expected)
    return table


def to_json(reports: Sequence[CallReport], url: str, own_service: bool, error: str | None = None) -> str:
    """:returns: one line. ``ok`` is true when every check of every call passed, warned or was skipped."""
    return json.dumps(
        {
            "ok": error is None and bool(reports) and all(report.ok for report in reports),
            "url": url,
            "own_service": own_service,
            "error": error,
            "calls": [_as_dict(report) for report in reports],
        },
        ensure_ascii=False,
    )


def _as_dict(report: CallReport) -> dict[str, object]:
    return {
        "call_id": report.call_id,
        "scenario": report.scenario,
        "ok": report.ok,
        "steps": [dataclasses.asdict(step) for step in report.steps],
        "checks": [dataclasses.asdict(check) for check in report.checks],
        "figures": report.figures,
    }
