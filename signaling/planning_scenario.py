"""
A whole centre as a TOML file: queues, people with shifts and pauses, habits. Keys: docs/planning.md.

Read strictly: an unknown key is a typing error and is refused, with its line.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from interpreter_queue.arrivals import DAY_S, Profile, steady
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import Agent, Request, Strategy, Target, Trade
from interpreter_queue.simulation_model import (
    ALL_DAY,
    CallBacks,
    Duration,
    Habits,
    Scenario,
    Shape,
    Stream,
    Worker,
)
from signaling.planning_files import PlanningFileError, read_profile, read_text

TIME = re.compile(r"(\d{1,2})[:h](\d{2})")
MOST_PEOPLE = 10_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _span(text: str) -> str:
    times = [TIME.fullmatch(part.strip()) for part in text.split("-")]
    if len(times) != 2 or not all(times):
        raise ValueError("attendu HH:MM-HH:MM")
    if any(_second(part) > DAY_S for part in text.split("-")):
        raise ValueError("une heure ne dépasse pas 24:00")
    return text


def _second(text: str) -> float:
    found = TIME.fullmatch(text.strip())
    return int(found[1]) * 3600.0 + int(found[2]) * 60.0 if found else 0.0


Span = Annotated[str, AfterValidator(_span)]
Level = Annotated[int, Field(ge=1, le=5)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=DAY_S)]


class TargetTable(_Strict):
    """As ``interpreter_queue.model.Target``."""

    after_s: float = Field(0.0, ge=0)
    trades: tuple[Trade, ...] = Field(("interpreter",), min_length=1)
    skills: dict[str, Level] = {}
    agents: tuple[str, ...] = ()


class QueueTable(_Strict):
    name: str = Field(min_length=1)
    calls_per_day: float | None = Field(None, gt=0)
    profile: str | None = None
    handling_s: Seconds
    handling_shape: Shape = "exponential"
    handling_variation: float = Field(1.0, gt=0)
    patience_s: Seconds | None = None
    trades: tuple[Trade, ...] = Field(("interpreter",), min_length=1)
    skills: dict[str, Level] = {}
    preferred: dict[str, Level] = {}
    target: tuple[TargetTable, ...] = ()
    weight: float = Field(1.0, gt=0)
    priority: int = 0
    head_start_s: float = 0.0
    strategy: Strategy = "longest_idle"
    room: int | None = Field(None, ge=1)
    opens: tuple[Span, ...] = ()
    callback_share: Share = 0.0
    callback_after_s: Seconds = CallBacks.after_s
    callback_answered: Share = CallBacks.answered_share


class CrewTable(_Strict):
    count: int = Field(1, ge=1, le=MOST_PEOPLE)
    name: str = "i"
    trades: tuple[Trade, ...] = Field(("interpreter",), min_length=1)
    skills: dict[str, Level] = {}
    shifts: tuple[Span, ...] = ()
    pauses: tuple[Span, ...] = ()


class ScenarioFile(_Strict):
    alert_s: Seconds = QueueConfig.alert_s
    accept_s: float = Field(Habits.accept_s, ge=0)
    declined_share: Share = 0.0
    missed_share: Share = 0.0
    back_after_s: float = Field(Habits.back_after_s, ge=0)
    wrap_up_s: float = Field(0.0, ge=0)
    breaks: Literal["none", "due", "proposed"] = "due"
    break_s: float = Field(Habits.break_s, ge=QueueConfig.break_min_s, le=DAY_S)  # a shorter one rests nobody
    room_limits: bool = True
    queue: tuple[QueueTable, ...] = Field(min_length=1)
    crew: tuple[CrewTable, ...] = Field(min_length=1)


def read_scenario(path: Path) -> Scenario:
    """:raises PlanningFileError: not TOML, or a key or a value that cannot be; with its line."""
    text = read_text(path)
    try:
        whole = ScenarioFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise PlanningFileError(path, int(line[1]) if line else None, "ce n’est pas du TOML à cet endroit") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise PlanningFileError(path, line_of(text, first["loc"]), _in_words(first)) from None
    names = [queue.name for queue in whole.queue]
    if len(set(names)) < len(names):
        raise PlanningFileError(path, None, "deux files ont le même nom")
    if whole.accept_s > whole.alert_s:
        raise PlanningFileError(path, line_of(text, ("accept_s",)), "accept_s dépasse alert_s : personne ne décroche")
    if sum(table.count for table in whole.crew) > MOST_PEOPLE:
        raise PlanningFileError(path, None, f"plus de {MOST_PEOPLE} personnes")
    return Scenario(
        streams=tuple(_stream(table, path, text, index) for index, table in enumerate(whole.queue)),
        crew=tuple(_workers(whole.crew)),
        habits=Habits(
            accept_s=whole.accept_s,
            declined_share=whole.declined_share,
            missed_share=whole.missed_share,
            back_after_s=whole.back_after_s,
            wrap_up_s=whole.wrap_up_s,
            breaks=whole.breaks,
            break_s=whole.break_s,
        ),
        config=QueueConfig(alert_s=whole.alert_s),
        has_room_limit=whole.room_limits,
    )


def _stream(table: QueueTable, path: Path, text: str, index: int) -> Stream:
    if table.profile is None and table.calls_per_day is None:
        raise PlanningFileError(path, line_of(text, ("queue", index)), "il faut calls_per_day, profile, ou les deux")
    if table.profile is None:
        arrivals: Profile = steady((table.calls_per_day or 0.0) / 24)
    else:
        arrivals = read_profile(path.parent / table.profile, table.calls_per_day)
    try:
        request = _request(table)
    except ValidationError:
        line = line_of(text, ("queue", index, "target", 0))
        raise PlanningFileError(path, line, "les after_s des cibles vont en croissant, à partir de 0") from None
    share = table.callback_share
    return Stream(
        request=request,
        arrivals=arrivals,
        handling=Duration(table.handling_s, table.handling_shape, table.handling_variation),
        patience=Duration(table.patience_s) if table.patience_s is not None else None,
        call_backs=CallBacks(share, table.callback_after_s, table.callback_answered) if share else None,
        opens=_spans(table.opens) or ALL_DAY,
    )


def _request(table: QueueTable) -> Request:
    """The queue's own trades and skills are the first target; ``[[queue.target]]`` open later."""
    later = tuple(Target(**each.model_dump()) for each in table.target)
    return Request(
        call_id="-",
        targets=(Target(trades=table.trades, skills=table.skills), *later),
        preferred=table.preferred,
        queue=table.name,
        priority=table.priority,
        head_start_s=table.head_start_s,
        weight=table.weight,
        strategy=table.strategy,
        room=table.room,
    )


def _workers(tables: tuple[CrewTable, ...]) -> Iterator[Worker]:
    number = 0
    for table in tables:
        for _ in range(table.count):
            number += 1
            agent = Agent(agent_id=f"{table.name}{number:04}", trades=frozenset(table.trades), skills=table.skills)
            yield Worker(agent, _spans(table.shifts) or ALL_DAY, _spans(table.pauses))


def _spans(texts: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    """An end that is not after its beginning is on the next day."""
    found = []
    for text in texts:
        begin, end = (_second(part) for part in text.split("-"))
        found.append((begin, end if end > begin else end + DAY_S))
    return tuple(found)


# What is wrong, and where


def line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """Line of a key, ``("queue", 1, "handling_s")``; of its table when the key is missing; None: nowhere."""
    lines = text.splitlines()
    begin, found = 0, None
    for index, part in enumerate(location):
        if isinstance(part, int):
            continue
        rank = location[index + 1] if index + 1 < len(location) else None
        header = re.compile(r"\s*\[\[\s*([\w.]+\.)?" + re.escape(part) + r"\s*\]\]")
        heads = [number for number in range(begin, len(lines)) if header.match(lines[number])]
        if heads:
            begin = heads[rank] if isinstance(rank, int) and rank < len(heads) else heads[0]
            found = begin + 1
            continue
        key = re.compile(r"(\s*|.*[{,]\s*)\"?" + re.escape(part) + r"\"?\s*=")
        at = next((number for number in range(begin, len(lines)) if key.match(lines[number])), None)
        if at is not None:
            begin, found = at, at + 1
    return found


def _in_words(error: Any) -> str:
    """One of pydantic's errors, in French."""
    place = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    context, given = error.get("ctx", {}), error.get("input")
    sentences = {
        "missing": "manque",
        "extra_forbidden": "clé inconnue",
        "literal_error": f"attendu {context.get('expected', '').replace(' or ', ' ou ')} ; reçu « {given} »",
        "greater_than": f"attendu plus de {context.get('gt')} ; reçu « {given} »",
        "greater_than_equal": f"attendu {context.get('ge')} ou plus ; reçu « {given} »",
        "less_than_equal": f"attendu {context.get('le')} au plus ; reçu « {given} »",
        "too_short": "il en faut au moins un",
        "value_error": f"{context.get('error')} ; reçu « {given} »",
    }
    kind = error["type"]
    if kind.startswith(("float", "int")):
        return f"{place} : attendu un nombre ; reçu « {given} »"
    if kind.startswith(("string", "tuple", "dict", "bool")):
        wanted = {"s": "un texte entre guillemets", "t": "une liste [ ]", "d": "une table { }", "b": "true ou false"}
        return f"{place} : attendu {wanted[kind[0]]} ; reçu « {given} »"
    return f"{place} : {sentences.get(kind, 'valeur refusée')}"
