"""How many interpreters per half hour: as a table, a CSV, a picture and JSON. Definitions: docs/planning.md."""

import csv
import io
import json
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interpreter_queue.charts import Series, svg, text_bars
from interpreter_queue.simulation_figures import Slot
from interpreter_queue.staffing import INTERVAL_S, Goal, Need
from signaling.planning_demand import TypicalDay
from signaling.planning_report import clock, in_words


class Plan:
    """
    One answer.

    :param patience_s: that it was made with; None: Erlang C. :param checked: the same day simulated; empty: it was not.
    """

    def __init__(
        self,
        day: TypicalDay,
        goals: Sequence[Goal],
        needs: Sequence[Need],
        patience_s: float | None,
        checked: Sequence[Slot],
    ) -> None:
        self.day = day
        self.goals = tuple(goals)
        self.needs = tuple(needs)
        self.patience_s = patience_s
        self.checked = tuple(checked)

    @property
    def rows(self) -> list[tuple[int, Need]]:
        """Half hours with calls, with their place in the day."""
        return [(index, need) for index, need in enumerate(self.needs) if need.interpreters]

    @property
    def hours(self) -> float:
        """Interpreter hours to plan in the day."""
        return sum(need.planned for need in self.needs) * INTERVAL_S / 3600


def heading(goal: Goal) -> str:
    return f"{goal.within_s:g} s"


def print_plan(console: Console, plan: Plan) -> None:
    formula = (
        "Erlang C" if plan.patience_s is None else f"Erlang A, patience {in_words('mean_wait_s', plan.patience_s)}"
    )
    goals = " et ".join(f"{100 * goal.share:g} % en {heading(goal)}" for goal in plan.goals)
    calls, hours = f"{plan.day.calls:.0f}", f"{plan.hours:.1f}".replace(".", ",")
    mean_of = f"moyenne de {plan.day.days} jours" if plan.day.days > 1 else "un jour"
    console.print(f"Objectif : {goals} ({formula}). {calls} appels par jour ({mean_of}).", highlight=False)
    titles = ["heure", "appels", "DMT", "charge", "besoin", "plan", *map(heading, plan.goals), "attente", "occupé"]
    if plan.checked:
        titles.append("simulé")
    table = Table(*titles, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for index, need in plan.rows:
        table.add_row(*_cells(index, need), *_simulated(plan, index))
    console.print(table)
    rows: list[tuple[str, float | None, str]] = [
        (clock(index * INTERVAL_S), float(need.planned), str(need.planned)) for index, need in plan.rows
    ]
    console.print("\nInterprètes à planifier", highlight=False)
    console.print(text_bars(rows, width=max(8, min(40, console.width - 16))), highlight=False)
    console.print(f"\n{hours} heures d’interprète dans la journée.", highlight=False)


def _cells(index: int, need: Need) -> list[str]:
    wait = need.outlook.mean_wait_s if need.outlook else None
    return [
        clock(index * INTERVAL_S),
        f"{need.demand.calls:.1f}".replace(".", ","),
        f"{need.demand.handling_s:.0f}",
        f"{need.erlangs:.1f}".replace(".", ","),
        str(need.interpreters),
        str(need.planned),
        *(in_words("share", level) for level in need.levels),
        in_words("mean_wait_s", wait),
        in_words("share", need.outlook.occupancy if need.outlook else None),
    ]


def _simulated(plan: Plan, index: int) -> list[str]:
    """Answered in 120 s, by the formula of the goals."""
    return [in_words("share", plan.checked[index].service_level_120s_with_abandons)] if plan.checked else []


def to_csv(plan: Plan, *, french: bool) -> bytes:
    """
    All 48 half hours. ``hour`` and ``interpreters`` (with those to plan in ``planned``) are what ``simulate`` reads.

    :param french: UTF-8 with BOM, ``;`` and decimal commas, for a French spreadsheet; else ``,`` and points.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if french else ",", lineterminator="\r\n")
    levels = [f"service_level_{goal.within_s:g}s" for goal in plan.goals]
    writer.writerow(["hour", "calls", "handling_s", "erlangs", "interpreters", "planned", *levels, "mean_wait_s"])
    for index, need in enumerate(plan.needs):
        wait = need.outlook.mean_wait_s if need.outlook else None
        shares = [*need.levels, *([None] * (len(levels) - len(need.levels)))]
        cells = [
            clock(index * INTERVAL_S),
            f"{need.demand.calls:.2f}",
            f"{need.demand.handling_s:.1f}",
            f"{need.erlangs:.2f}",
            str(need.interpreters),
            str(need.planned),
            *("" if share is None else f"{share:.4f}" for share in shares),
            "" if wait is None else f"{wait:.1f}",
        ]
        writer.writerow([cell.replace(".", ",") if french else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig" if french else "utf-8")


def picture(plan: Plan) -> str:
    """SVG: interpreters to plan, and calls, per half hour."""
    labels = [clock(index * INTERVAL_S) for index in range(len(plan.needs))]
    planned = Series("interprètes à planifier", [need.planned for need in plan.needs])
    calls = Series("appels par demi-heure", [need.demand.calls for need in plan.needs])
    most = max(need.planned for need in plan.needs)
    said = f"{plan.day.calls:.0f} appels dans la journée ; au plus {most} interprètes ; {plan.hours:.0f} heures."
    return svg("Interprètes par demi-heure", said, labels, planned, calls)


def to_json(plan: Plan) -> str:
    rows = [
        {
            "hour": clock(index * INTERVAL_S),
            "calls": round(need.demand.calls, 4),
            "handling_s": round(need.demand.handling_s, 3),
            "erlangs": round(need.erlangs, 4),
            "interpreters": need.interpreters,
            "planned": need.planned,
            "levels": [round(level, 6) for level in need.levels],
            "mean_wait_s": round(need.outlook.mean_wait_s, 3) if need.outlook else None,
            "occupancy": round(need.outlook.occupancy, 6) if need.outlook else None,
            "simulated_service_level_120s": plan.checked[index].service_level_120s_with_abandons
            if plan.checked
            else None,
        }
        for index, need in enumerate(plan.needs)
    ]
    goals = [{"share": goal.share, "within_s": goal.within_s} for goal in plan.goals]
    whole = {"goals": goals, "patience_s": plan.patience_s, "days": plan.day.days, "hours": plan.hours}
    return json.dumps({**whole, "half_hours": rows}, ensure_ascii=False, allow_nan=False)
