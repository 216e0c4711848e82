"""
``passerelle doctor``: what is there, what is missing, and what to type about it, in words.

Each check looks at one thing and says one sentence; none changes anything. A failure is what keeps the service from
working, a warning what makes it work less.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console

from signaling.config import Config
from signaling.doctor.finding import Finding
from signaling.doctor.installation import (
    check_compiled,
    check_data,
    check_database,
    check_models,
    check_modules,
    check_python,
    check_redis,
    check_thresholds,
)
from signaling.doctor.network import check_ice, check_network, check_secure_context, check_service
from signaling.doctor.telephone import check_emergency, check_trunk, check_trunk_closely

_MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "failure": "[red]✗[/red]"}
CHECKS: tuple[Callable[[Config], Awaitable[list[Finding]]], ...] = (
    check_python,
    check_modules,
    check_data,
    check_database,
    check_redis,
    check_models,
    check_thresholds,
    check_compiled,
    check_service,
    check_secure_context,
    check_ice,
    check_network,
    check_trunk,
    check_emergency,
)


async def run_doctor(
    config: Config, console: Console, *, closely: bool = False, number: str | None = None, loops: bool = False
) -> bool:
    """
    Print all findings.

    :param closely: only the trunks, with what takes longer. :param number: called then. :param loops: our own one is.
    :returns: False when one of them is a failure.
    """
    findings: list[Finding] = []
    checks = (check_trunk, partial(check_trunk_closely, number=number, loops=loops)) if closely else CHECKS
    for check in checks:
        for finding in await check(config):
            findings.append(finding)
            console.print(
                f"{_MARKS[finding.verdict]} [bold]{finding.subject}[/bold] : {finding.words}", highlight=False
            )
    failures = sum(finding.verdict == "failure" for finding in findings)
    warnings = sum(finding.verdict == "warning" for finding in findings)
    console.print("")
    console.print(_conclusion(failures, warnings), highlight=False)
    return failures == 0


def _conclusion(failures: int, warnings: int) -> str:
    if failures:
        return f"[red]{failures} point(s) à corriger[/red], {warnings} avertissement(s)."
    if warnings:
        return f"[yellow]Le service peut marcher, avec {warnings} réserve(s).[/yellow]"
    return "[green]Tout est en ordre.[/green]"
