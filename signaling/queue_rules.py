"""
What the operator may set for one queue, and what holds when nothing is set. Pure values.

A queue is a mode of the relay (``relay/LSF``) or of a brand (``mairie/LSF``). What is set for its first part alone
(``relay``, ``mairie``) holds for all modes of it, and ``direct`` for all brands; the nearer word counts.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from interpreter_queue.model import Level, Strategy
from signaling.call_terms import TRADES_BY_MODE, CallKind, Mode
from signaling.queue_skills import skill_of
from signaling.records.opening import check_zone, parse_hours

MODES: tuple[Mode, ...] = tuple(TRADES_BY_MODE)
#: Rules a brand has its own of (``passerelle brand``), and no queue of a brand another.
BRANDS_OWN = frozenset({"hours", "timezone", "holidays_zone", "wait_target_s"})


def _named_skills(skills: object) -> object:
    if isinstance(skills, Mapping):
        for name in skills:
            skill_of(str(name))
    return skills


Skills = Annotated[dict[str, Level], BeforeValidator(_named_skills)]
Seconds = Annotated[float, Field(ge=0, le=604_800)]


class RelaxStep(BaseModel):
    """
    :param after_s: seconds of waiting. :param level: from then on nothing of ``asked`` is asked for above this level;
        0: not at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    after_s: Seconds
    level: int = Field(ge=0, le=5)


class QueueRules(BaseModel):
    """Unit, default and reason on each field; ``passerelle queue show`` prints them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    weight: float = Field(1.0, gt=0, le=100)
    """How fast waiting counts in this queue against others: 2 grows twice as fast."""

    strategy: Strategy = "longest_idle"
    """Who is alerted among equals. The longest idle first shares calls and rest evenly."""

    room: int | None = Field(None, ge=0)
    """Requests waiting at once; none: only the whole queue's own limit holds."""

    when_full: Literal["refuse", "callback"] = "callback"
    """Whoever finds no room is offered to be rung later, or only told."""

    when_empty: Literal["wait", "callback", "refuse"] = "wait"
    """While nobody at work may serve: wait all the same (somebody may come), be rung later, or be told."""

    required: Skills = Field(default_factory=dict)
    """Skills beside the trade that every agent of this queue has; never given up."""

    asked: Skills = Field(default_factory=dict)
    """Skills asked for first, then less and less as ``relax`` says."""

    preferred: Skills = Field(default_factory=dict)
    """Skills that make one of several agents the better one; nobody waits for them."""

    relax: tuple[RelaxStep, ...] = Field(
        (RelaxStep(after_s=60, level=2), RelaxStep(after_s=120, level=0)), max_length=5
    )
    """How what is asked for shrinks with the wait: answered in time is worth more than the best fit."""

    domain_level: int = Field(3, ge=1, le=5)
    """Level at which a domain that the signer names (medical, legal) is asked for first."""

    known_adviser_s: Seconds = 30.0
    """Seconds for which a direct call waits for the adviser that the signer knows, while that one is at work."""

    overflow_after_s: Seconds | None = None
    """Seconds of waiting after which others may serve too; none: never."""

    overflow_queue: str | None = Field(None, max_length=80)
    """The others: whoever serves this queue."""

    overflow_skills: Skills = Field(default_factory=dict)
    """The others: whoever has the trade and these skills, in place of this queue's own."""

    partner_name: str | None = Field(None, max_length=80)
    """Another centre that serves the same, shown to those who wait long."""

    partner_url: str | None = Field(None, max_length=400, pattern=r"^https://")
    """Its page."""

    partner_after_s: Seconds = 180.0
    """Seconds of waiting after which it is shown; at once while nobody at work may serve."""

    hours: str = "24/7"
    """Opening hours of a relay mode (``signaling.records.opening``); a brand has its own."""

    timezone: str = "Europe/Paris"
    """Of the opening hours."""

    holidays_zone: str | None = None
    """``FR``, ``FR-57``…: closed on its public holidays; none: open on them."""

    callback: bool = True
    """Whether somebody may ask to be rung later."""

    callback_after_s: Seconds = 180.0
    """Expected wait from which a page offers it by itself."""

    callback_attempts: int = Field(3, ge=1, le=10)
    """How often somebody who does not answer is rung."""

    callback_spacing_s: Seconds = 600.0
    """Seconds between two attempts."""

    callback_expiry_s: Seconds = 86_400.0
    """Seconds after which a request is given up, counted from when it is due."""

    supervision: bool = False
    """Whether a supervisor may ask to join a direct call: signer and agent still have to say yes, each time."""

    wait_target_s: Seconds = 120.0
    """Seconds within which calls should be answered (PRODUCT: 80 % in 120 s); a brand has its own."""

    @field_validator("hours")
    @classmethod
    def _hours_can_be_read(cls, hours: str) -> str:
        parse_hours(hours)
        return hours

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, OSError) as error:
            raise ValueError("no such time zone") from error
        return name

    @field_validator("holidays_zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        if zone is not None:
            check_zone(zone)
        return zone

    @model_validator(mode="after")
    def _parts_belong_together(self) -> Self:
        steps = [step.after_s for step in self.relax]
        if steps != sorted(steps):
            raise ValueError("relax: the steps come in the order of their times")
        if (self.partner_name is None) != (self.partner_url is None):
            raise ValueError("a partner has a name and a URL")
        if self.overflow_after_s is not None and not (self.overflow_queue or self.overflow_skills):
            raise ValueError("overflow_after_s: to which queue, or to which skills?")
        return self


def queue_name(kind: CallKind, mode: Mode, brand: str | None) -> str:
    """:param brand: slug."""
    return f"{brand or kind}/{mode}"


def layers(queue: str) -> tuple[str, ...]:
    """Under which names rules of this queue may be set, the nearest last."""
    first, _, mode = queue.partition("/")
    base = ("relay",) if first == "relay" else ("direct", first)
    return tuple(dict.fromkeys((*base, queue) if mode else base))


def rules_of(queue: str, stored: Mapping[str, Mapping[str, Any]]) -> QueueRules:
    """
    :param stored: what is set, by the name it is set under.
    :raises pydantic.ValidationError: what is set does not go together.
    """
    merged: dict[str, Any] = {}
    for name in layers(queue):
        merged |= stored.get(name, {})
    return QueueRules.model_validate(merged)


def is_queue(name: str, brands: frozenset[str]) -> bool:
    """Whether calls can be in it, or in modes of it. :param brands: slugs."""
    first, slash, mode = name.partition("/")
    return first in brands | {"relay", "direct"} and (not slash or mode in MODES) and not (first == "direct" and slash)
