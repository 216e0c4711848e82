"""A simulation in words, tables, pictures and JSON: what ``passerelle simulate`` shows (docs/planning.md)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from interpreter_queue.charts import Series, svg, text_bars
from interpreter_queue.erlang import Load, outlook, service_level, service_level_with_abandons
from interpreter_queue.simulation_figures import (
    Figures,
    Slot,
    batches,
    by_half_hour,
    days,
    figures,
    margins,
    occupancy,
    wait_classes,
)
from interpreter_queue.simulation_model import Scenario
from interpreter_queue.simulation_trace import Trace

SHARES = ("service_level", "abandoned_share", "occupancy")
ROWS: tuple[tuple[str, str], ...] = (
    ("mean_wait_s", "attente moyenne des appels pris"),
    ("wait_p50_s", "attente médiane"),
    ("wait_p90_s", "attente, 90 % des appels pris sous"),
    ("wait_p95_s", "attente, 95 % des appels pris sous"),
    ("longest_wait_s", "attente la plus longue"),
    ("service_level_120s", "pris en 120 s / pris"),
    ("service_level_120s_with_abandons", "pris en 120 s / (pris + abandons de 10 s et plus)"),
    ("service_level_180s", "pris en 180 s / pris"),
    ("service_level_180s_with_abandons", "pris en 180 s / (pris + abandons de 10 s et plus)"),
    ("abandoned_share", "abandons / appels entrés"),
    ("occupancy", "occupation des interprètes"),
)
COUNTS: tuple[tuple[str, str], ...] = (
    ("calls", "appels"),
    ("answered", "pris en charge"),
    ("abandoned", "abandonnés"),
    ("called_back", "rappelés"),
    ("call_back_failed", "rappels sans réponse"),
    ("closed", "hors des heures"),
    ("refused", "file pleine"),
    ("left_waiting", "jamais servis"),
)
OVERLOADED = "La charge dépasse l’équipe et personne n’abandonne : l’attente grandit d’un appel à l’autre, sans fin."
JSON_DIGITS = 6
SLOT_COLUMNS = 58  # of a half hour beside its bar


class Told:
    """
    The results of one run, computed once.

    :param whole_days: it was a run of days; else of a steady load.
    """

    def __init__(self, scenario: Scenario, trace: Trace, seed: int, *, whole_days: bool) -> None:
        self.scenario = scenario
        self.trace = trace
        self.seed = seed
        self.whole_days = whole_days
        self.figures = figures(trace.calls)
        self.occupancy = occupancy(trace.marks)
        self.margins = margins(days(trace) if whole_days else batches(trace))
        self.slots = by_half_hour(trace) if whole_days else []
        self.theory = {} if whole_days else theory(scenario)
        self.streams = [
            (stream.name, figures(call for call in trace.calls if call.stream == index))
            for index, stream in enumerate(scenario.streams)
        ]

    def value(self, name: str) -> float | None:
        found: float | None = self.occupancy if name == "occupancy" else getattr(self.figures, name)
        return found


def theory(scenario: Scenario) -> dict[str, float]:
    """Erlang's answers beside the simulation's; empty where his assumptions do not hold."""
    habits, stream = scenario.habits, scenario.streams[0]
    plain = len(scenario.streams) == 1 and all(worker.never_leaves for worker in scenario.crew)
    at_once = not (habits.accept_s or habits.missed_share or habits.declined_share or habits.wrap_up_s)
    exponential = stream.handling.shape == "exponential" and habits.breaks == "none" and stream.call_backs is None
    if not (plain and at_once and exponential):
        return {}
    load = Load(
        stream.arrivals.per_s(0),
        stream.handling.mean_s,
        len(scenario.crew),
        stream.patience.mean_s if stream.patience else None,
    )
    found = outlook(load)
    return {
        "mean_wait_s": found.mean_wait_s,
        "service_level_120s": service_level(load, 120),
        "service_level_180s": service_level(load, 180),
        "service_level_120s_with_abandons": service_level_with_abandons(load, 120),
        "service_level_180s_with_abandons": service_level_with_abandons(load, 180),
        "abandoned_share": found.abandoned_share,
        "occupancy": found.occupancy,
    }


# For programs


def to_json(told: Told, wall_s: float) -> str:
    """One line. Numbers that do not exist (nobody answered, an endless wait) are null."""
    model = "erlang_a" if told.scenario.streams[0].patience else "erlang_c"
    found: dict[str, Any] = asdict(told.figures) | {"occupancy": told.occupancy}
    found |= {
        "margin_95": told.margins,
        "theory": {"model": model, **told.theory} if told.theory else None,
        "alerts": told.trace.alerts,
        "missed": told.trace.missed,
        "declined": told.trace.declined,
        "breaks": told.trace.breaks,
        "longest_line": told.trace.longest_line,
        "seed": told.seed,
        "wall_s": wall_s,
        "queues": {name: asdict(each) for name, each in told.streams} if len(told.streams) > 1 else None,
        "half_hours": [asdict(slot) for slot in told.slots] or None,
    }
    return json.dumps(_plain(found), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, JSON_DIGITS) if abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


# For people


def print_told(console: Console, told: Told, wall_s: float) -> None:
    console.print(_summary(told, wall_s), highlight=False)
    console.print(_figures_table(told))
    if told.theory.get("mean_wait_s") == float("inf"):
        console.print(OVERLOADED, highlight=False)
    if len(told.streams) > 1:
        console.print(_streams_table(told.streams))
    if told.whole_days:
        rows = _busy_slots(told.slots)
        console.print("\nAttente moyenne par demi-heure", highlight=False)
        bars = [(clock(slot.begin_s), slot.mean_wait_s, slot_in_words(slot)) for slot in rows]
        console.print(text_bars(bars, width=max(8, console.width - SLOT_COLUMNS)), highlight=False)
    else:
        console.print("\nAttente des appels pris", highlight=False)
        rows_of = wait_classes(told.trace.calls)
        bars = [(name, share, in_words("share", share)) for name, share in rows_of]
        console.print(text_bars(bars, width=max(8, min(40, console.width - 24))), highlight=False)


def _summary(told: Told, wall_s: float) -> str:
    crew, made = len(told.scenario.crew), told.figures
    counts = ", ".join(f"{getattr(made, name)} {label}" for name, label in COUNTS if getattr(made, name))
    extra = f" ; {told.trace.breaks} pauses dues à la règle" if told.trace.breaks else ""
    extra += f" ; au plus {told.trace.longest_line} en attente"
    return f"{crew} interprètes, graine {told.seed} : {counts}{extra}. Calculé en {in_words('wall_s', wall_s)}."


def _figures_table(told: Told) -> Table:
    table = Table("", "simulé", "± (95 %)", "théorie") if told.theory else Table("", "simulé", "± (95 %)")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, label in ROWS:
        cells = [in_words(name, told.value(name)), in_words(name, told.margins.get(name))]
        if told.theory:
            cells.append(in_words(name, told.theory.get(name)))
        table.add_row(label, *cells)
    return table


def _streams_table(streams: Sequence[tuple[str, Figures]]) -> Table:
    table = Table(
        Column("file", overflow="fold"),
        "appels",
        "pris",
        "attente moyenne",
        "95 % sous",
        "en 120 s",
        "abandons",
        "rappels",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, found in streams:
        table.add_row(
            name,
            str(found.calls),
            str(found.answered),
            in_words("mean_wait_s", found.mean_wait_s),
            in_words("wait_p95_s", found.wait_p95_s),
            in_words("service_level_120s", found.service_level_120s),
            in_words("abandoned_share", found.abandoned_share),
            str(found.called_back),
        )
    return table


def _busy_slots(slots: Sequence[Slot]) -> list[Slot]:
    """From the first half hour with calls to the last one."""
    used = [index for index, slot in enumerate(slots) if slot.calls]
    return list(slots[used[0] : used[-1] + 1]) if used else []


def slot_in_words(slot: Slot) -> str:
    """Wait, calls, interpreters there, answered in 120 s: at most ``SLOT_COLUMNS`` less the clock."""
    wait = in_words("mean_wait_s", slot.mean_wait_s)
    level = in_words("share", slot.service_level_120s)
    crew = f"{slot.available:.1f}".replace(".", ",")
    return f"{wait:>8} {slot.calls:4.0f} appels {crew:>5} pers. {level:>7} en 120 s"


def in_words(name: str, value: float | None) -> str:
    """Seconds or a percentage, French; a dash where there is nothing."""
    if value is None:
        return "–"
    if value == float("inf"):
        return "sans fin"
    if name == "share" or name.startswith(SHARES):
        return f"{100 * value:.1f} %".replace(".", ",")
    return f"{value:.1f} s".replace(".", ",")


def clock(second: float) -> str:
    minute = round(second / 60)
    return f"{minute // 60:02}:{minute % 60:02}"


def picture(told: Told) -> str:
    """SVG: over the day, calls and wait; of a steady load, how long people waited."""
    level = in_words("share", told.figures.service_level_120s)
    said = f"Attente moyenne {in_words('mean_wait_s', told.figures.mean_wait_s)} ; {level} des appels pris en 120 s."
    if told.whole_days:
        slots = told.slots
        calls = Series("appels par demi-heure", [slot.calls for slot in slots])
        waits = Series("attente moyenne (s)", [slot.mean_wait_s for slot in slots])
        return svg("Journée simulée", said, [clock(slot.begin_s) for slot in slots], calls, waits)
    rows = wait_classes(told.trace.calls)
    shares = Series("part des appels pris (%)", [100 * share for _, share in rows])
    return svg("Attente des appels pris", said, [_short(name) for name, _ in rows], shares)


def _short(name: str) -> str:
    """Of a class of waits, to stand under a bar."""
    return name.replace("sans attente", "0 s").replace("jusqu’à", "≤").replace("plus de", ">")
