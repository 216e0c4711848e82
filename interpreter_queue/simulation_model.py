"""
What a simulation is given: streams of calls, people and their shifts, and what they do. Pure.

Times are seconds after the first midnight of the simulated day(s); times of day repeat every day.
"""

import math
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from interpreter_queue.arrivals import DAY_S, Profile, steady
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import Agent, Request, Target

Shape = Literal["exponential", "lognormal", "constant"]
Breaks = Literal["none", "due", "proposed"]

ALL_DAY = ((0.0, DAY_S),)


@dataclass(frozen=True)
class Duration:
    """
    A random time.

    :param mean_s: seconds, above 0. :param shape: ``lognormal`` fits measured handling times best (Brown et al. 2005),
        ``exponential`` is the one of the formulas.
    :param variation: standard deviation / mean; of ``lognormal`` only.
    """

    mean_s: float
    shape: Shape = "exponential"
    variation: float = 1.0

    def __post_init__(self) -> None:
        if self.mean_s <= 0 or self.variation <= 0:
            raise ValueError("a duration and its variation are above 0")

    def draw(self, random: Random) -> float:
        if self.shape == "constant":
            return self.mean_s
        if self.shape == "exponential":
            return random.expovariate(1 / self.mean_s)
        spread = math.log1p(self.variation**2)
        return random.lognormvariate(math.log(self.mean_s) - spread / 2, math.sqrt(spread))


@dataclass(frozen=True)
class CallBacks:
    """
    Callers who leave a request and are rung when somebody is free.

    :param asked_share: of those who wait ``after_s`` without being answered, 0..1.
    :param answered_share: of the rings that the signer answers. :param ring_s: rung for so long when nobody answers.
    :param attempts: rings in all. :param spacing_s: between two of them.
    """

    asked_share: float
    after_s: float = 120.0
    answered_share: float = 0.8
    ring_s: float = 45.0
    attempts: int = 3
    spacing_s: float = 600.0


@dataclass(frozen=True)
class Stream:
    """
    The calls of one queue.

    :param request: as the service would enqueue it: targets, weight, priority, head start, room. ``queue`` names it.
    :param patience: until a waiting caller gives up; None: never.
    :param opens: times of day at which a call is let in: (from, to) in seconds; outside it is counted as closed.
    """

    request: Request
    arrivals: Profile
    handling: Duration
    patience: Duration | None = None
    call_backs: CallBacks | None = None
    opens: tuple[tuple[float, float], ...] = ALL_DAY

    @property
    def name(self) -> str:
        return self.request.queue

    def is_open(self, at: float) -> bool:
        second = at % DAY_S
        return any(begin <= second < end or second + DAY_S < end for begin, end in self.opens)


@dataclass(frozen=True)
class Worker:
    """
    One person.

    :param shifts: times of day at work: (from, to) in seconds, every day; ``to`` may lie beyond midnight.
    :param pauses: planned ones within them, likewise.
    """

    agent: Agent
    shifts: tuple[tuple[float, float], ...] = ALL_DAY
    pauses: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shifts", joined(self.shifts))

    @property
    def never_leaves(self) -> bool:
        return self.shifts == ALL_DAY


def joined(spans: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """The same times of day, those that touch or overlap as one; nobody leaves at midnight to come back at once."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    if len(found) > 1 and found[0][0] + DAY_S <= found[-1][1]:
        _, first_end = found.pop(0)
        found[-1] = (found[-1][0], max(first_end + DAY_S, found[-1][1]))
    return ALL_DAY if found and found[0][1] - found[0][0] >= DAY_S else tuple(found)


@dataclass(frozen=True)
class Habits:
    """
    What the people of the centre do.

    :param accept_s: from the alert to the answer; 0: at once, as the formulas have it.
    :param declined_share: of alerts, 0..1. :param missed_share: of alerts that nobody answers.
    :param back_after_s: an agent who missed an alert is available again after this.
    :param wrap_up_s: after each call, besides the handling time; 0: within it.
    :param breaks: ``due``: the pause that the queue plans by itself at its limit; ``proposed``: taken as soon as it is
        proposed; ``none``: the rule is switched off. :param break_s: how long it lasts.
    """

    accept_s: float = 0.0
    declined_share: float = 0.0
    missed_share: float = 0.0
    back_after_s: float = 60.0
    wrap_up_s: float = 0.0
    breaks: Breaks = "none"
    break_s: float = 600.0


@dataclass(frozen=True)
class Scenario:
    """
    :param config: of the queue; :meth:`settings` is what the simulation runs with.
    :param has_room_limit: False: nobody is turned away because too many wait, as the formulas have it.
    """

    streams: tuple[Stream, ...]
    crew: tuple[Worker, ...]
    habits: Habits = Habits()
    config: QueueConfig = field(default_factory=QueueConfig)
    has_room_limit: bool = False

    def settings(self) -> QueueConfig:
        """The queue's, with the habits' wrap-up; a break rule that is off never comes due."""
        config = replace(self.config, wrap_up_s=self.habits.wrap_up_s)
        if self.habits.breaks == "none":
            config = replace(config, break_proposed_s=math.inf, break_due_s=math.inf)
        return config


def one_queue(
    arrivals: Profile | float, handling_s: float, interpreters: int, patience_s: float | None = None
) -> Scenario:
    """
    The simplest centre: one skill, exponential times, everybody always there. What Erlang C and A describe.

    :param arrivals: a profile, or calls per hour.
    """
    stream = Stream(
        request=Request(call_id="-", targets=(Target(trades=("interpreter",)),), queue="relay/LSF"),
        arrivals=arrivals if isinstance(arrivals, Profile) else steady(arrivals),
        handling=Duration(handling_s),
        patience=Duration(patience_s) if patience_s is not None else None,
    )
    return Scenario((stream,), tuple(Worker(interpreter(number)) for number in range(interpreters)))


def interpreter(number: int, skills: dict[str, int] | None = None) -> Agent:
    return Agent(agent_id=f"i{number + 1:04}", trades=frozenset({"interpreter"}), skills=skills or {})
