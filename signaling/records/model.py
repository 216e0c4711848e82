"""
The nouns of the records, as frozen values: people, sign-ins, brands, blocked numbers. Times are Unix seconds.

Those of calls are ``signaling.records.call_records``'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from interpreter_queue.model import Trade
from relay.phone.dialling import DiallingOverride

Role = Literal["signer", "agent", "supervisor", "operator"]
Locale = Literal["fr", "en"]
#: Of the interpreter that a signer would rather have.
Gender = Literal["f", "m"]


@dataclass(frozen=True)
class Qualification:
    """
    A trade somebody may serve in.

    :param text: the diploma or licence, as shown to the operator (« Master LSF-français »).
    :param valid_until: last day; None: for good.
    """

    trade: Trade
    text: str = ""
    valid_until: date | None = None

    def is_valid(self, today: date) -> bool:
        return self.valid_until is None or today <= self.valid_until


@dataclass(frozen=True)
class Person:
    """
    :param numbers: E.164 relay numbers of a signer. :param disabled: may no longer sign in.
    :param skills: level 1..5 by name, as the queue knows them (``interpreter_queue.model.Agent``).
    """

    id: str
    login: str
    name: str
    role: Role
    locale: Locale = "fr"
    created_at: float = 0.0
    disabled: bool = False
    qualifications: tuple[Qualification, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()

    def trades(self, today: date) -> tuple[Trade, ...]:
        """Those whose qualification is valid today: routing takes no other."""
        return tuple(entry.trade for entry in self.qualifications if entry.is_valid(today))


@dataclass(frozen=True)
class Device:
    """A browser a signer signs in with. :param label: kind of browser and system, nothing that identifies it."""

    id: str
    label: str
    created_at: float
    last_seen_at: float


@dataclass(frozen=True)
class Session:
    """A sign-in. The token itself is only in the cookie."""

    person: Person
    created_at: float
    expires_at: float


@dataclass(frozen=True)
class Colours:
    """``#rrggbb``."""

    background: str = "#0b3d91"
    text: str = "#ffffff"


@dataclass(frozen=True)
class Brand:
    """
    The business a call is answered for.

    :param skills: what an agent must have to serve it.
    :param hours: see ``signaling.records.opening``: ``24/7`` or ``lun-ven 9:00-18:00; sam 9:00-12:00``.
    :param holidays_zone: ``FR``, ``FR-57``…, closed on its public holidays; None: open on them.
    :param allowed_origins: sites that may embed its button.
    :param numbers: service numbers of the brand, E.164.
    :param wait_target_s: wait within which its calls should be answered.
    """

    id: str
    slug: str
    name: str
    colours: Colours = Colours()
    locale: Locale = "fr"
    skills: tuple[str, ...] = ()
    hours: str = "24/7"
    timezone: str = "Europe/Paris"
    holidays_zone: str | None = None
    allowed_origins: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    wait_target_s: float = 120.0
    is_rehearsal: bool = False
    is_demo: bool = False
    created_at: float = 0.0


@dataclass(frozen=True)
class BrandRules:
    """
    What a brand's calls may dial, and how much; None: as everybody's (``DiallingPolicy``, ``CapsConfig``).

    :param lines: legs at once.
    """

    dialling: DiallingOverride = field(default_factory=DiallingOverride)
    lines: int | None = None
    calls_per_day: int | None = None
    minutes_per_day: int | None = None


@dataclass(frozen=True)
class Block:
    """
    A number that is not dialled, or may not call.

    :param digest: of whose list it is on, and of the number. :param person_id: of whose own list it is on.
    """

    digest: str
    sealed: str
    person_id: str | None = None


@dataclass(frozen=True)
class FirstSignIn:
    """
    The people of an empty database, shown once at the first start.

    :param people: (login, password, role in words) each.
    :param brand_slug: the demonstration brand.
    """

    people: tuple[tuple[str, str, str], ...]
    brand_slug: str
