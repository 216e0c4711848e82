"""The course of the rehearsed calls, for people (tables, French) and for programs (one JSON object)."""

import dataclasses
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from signaling.rehearsal.model import CallReport, Check, CheckStatus
from signaling.rehearsal.proofs import PROVES
from signaling.rehearsal.scenarios import SCENARIOS

STEP_LABELS = {
    "scenario": "———",
    "incoming": "Appel entrant",
    "queued": "En file",
    "accepted": "Interprète : accepté",
    "media": "Connexions vidéo établies",
    "briefing": "Ils se voient",
    "text": "Texte dans les deux sens",
    "dialing": "Numérotation",
    "ringing": "Ça sonne",
    "active": "Le téléphone répond",
    "measured": "Image, son et délais mesurés",
    "visibility": "Lisibilité reçue",
    "phone_gone": "Le téléphone n’est plus en ligne",
    "together": "Restés ensemble",
    "ended": "Appel terminé",
    "rated": "Appel noté",
    "recorded": "Trace de l’appel",
    "failed": "Interrompu",
} | {name: label[0].upper() + label[1:] for name, label, _ in PROVES.values()}
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
    _print_count(console, reports)


def _print_count(console: Console, reports: Sequence[CallReport]) -> None:
    good = sum(report.ok for report in reports)
    style = "green" if good == len(reports) else "red"
    console.print(f"[{style}]{good} appel(s) bon(s) sur {len(reports)}[/{style}]")


def print_verdicts(console: Console, reports: Sequence[CallReport], left_out: Sequence[str] = ()) -> None:
    """Every scenario in one table, with what failed in it."""
    table = Table(title="Déroulements", title_justify="left")
    for name in ("", "déroulement", "quoi", "s", "à voir"):
        table.add_column(name, justify="right" if name == "s" else "left")
    for report in reports:
        verdict = STATUS_LABELS["passed" if report.ok else "failed"]
        table.add_row(
            verdict, report.scenario, _label(report.scenario), f"{report.lasted_s:.1f}", _worth_a_look(report)
        )
    for name in left_out:
        table.add_row(STATUS_LABELS["skipped"], name, _label(name), "", "service à délais courts seulement")
    console.print(table)
    _print_count(console, reports)


def _label(name: str) -> str:
    return SCENARIOS[name].label if name in SCENARIOS else name


def _worth_a_look(report: CallReport) -> str:
    interrupted = [step.detail for step in report.steps if step.name == "failed"]
    return "\n".join([*interrupted, *(_described(check) for check in report.checks if check.status == "failed")])


def _described(check: Check) -> str:
    return f"{check.label} : {check.measured} (attendu : {check.expected})"


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


def to_json(
    reports: Sequence[CallReport],
    url: str,
    own_service: bool,
    error: str | None = None,
    left_out: Sequence[str] = (),
) -> str:
    """:returns: one line. ``ok`` is true when every check of every call passed, warned or was skipped."""
    return json.dumps(
        {
            "ok": error is None and bool(reports) and all(report.ok for report in reports),
            "url": url,
            "own_service": own_service,
            "error": error,
            "left_out": list(left_out),
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
