"""What a simulation leaves behind: its calls, and sums at some moments. Seconds after the first midnight."""

from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["answered", "abandoned", "called_back", "call_back_failed", "closed", "refused", "left_waiting"]


@dataclass(slots=True)
class SimulatedCall:
    """
    :param stream: index in ``Scenario.streams``. :param at: when it came. :param ending: None while it goes on.
    :param wait_s: until an interpreter answered, the caller gave up, or the signer was rung and answered.
    :param rings: of a call-back, so far.
    """

    stream: int
    at: float
    ending: Ending | None = None
    wait_s: float = 0.0
    handling_s: float = 0.0
    agent_id: str = ""
    asked_back: bool = False
    rings: int = 0
    is_measured: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Sums from the beginning to ``at``: seconds of all agents busy, and available (busy ones included)."""

    at: float
    busy_s: float
    available_s: float
    arrivals: int


@dataclass
class Trace:
    """
    What happened.

    :param calls: measured ones, in the order of arrival. :param marks: at the limits of batches or half hours.
    :param alerts: in all, and how many nobody answered. :param breaks: that the rule brought.
    """

    calls: list[SimulatedCall] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    alerts: int = 0
    missed: int = 0
    declined: int = 0
    breaks: int = 0
    longest_line: int = 0
    events: int = 0
