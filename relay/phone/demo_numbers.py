"""
How each number of the demonstration phone behaves. Pure.

01 99 00 xx xx is kept free for fiction by Arcep's numbering plan, so no demonstration ever rings at somebody's.
"""

import re
from dataclasses import dataclass
from typing import Literal

from relay.phone.emergency import EMERGENCY_NUMBERS

Kind = Literal["echo", "busy", "never_answers", "unknown", "hangs_up", "declines", "tone", "person"]
FICTION = re.compile(r"^\+33199\d{6}$")
_TONES = re.compile(r"^\+331990010(\d\d)$")
HANG_UP_AFTER_S = 2.0  # well before the 8 s that make it "at the announcement" (signaling.call_phone)
PROBE_HZ = 440.0
_DRILLS = {entry.number for entry in EMERGENCY_NUMBERS}


@dataclass(frozen=True)
class Behaviour:
    """:param hz: of ``tone`` only."""

    kind: Kind
    hz: float = 0.0


_BY_NUMBER: dict[str, Behaviour] = {
    "+33199000001": Behaviour("echo"),
    "+33199000002": Behaviour("busy"),
    "+33199000003": Behaviour("never_answers"),
    "+33199000004": Behaviour("unknown"),
    "+33199000005": Behaviour("hangs_up"),
    "+33199000006": Behaviour("declines"),
    "+33199000020": Behaviour("tone", PROBE_HZ),
}


def normalise(user: str) -> str:
    """:param user: the user part of a Request-URI. :returns: E.164 for a French number, else what was given."""
    digits = re.sub(r"[^0-9+]", "", user)
    if digits.startswith("0033"):
        return "+" + digits[2:]
    if len(digits) == 10 and digits.startswith("0"):
        return "+33" + digits[1:]
    if len(digits) == 11 and digits.startswith("33"):
        return "+" + digits
    return digits


def behaviour_of(user: str) -> Behaviour:
    """
    +33199001000…+33199001099 are tones of 400, 425 … 2875 Hz, one per call of a rehearsal, so that a leak between
    two calls would be heard. Emergency numbers ring for a person: drills dial this phone only.
    """
    number = normalise(user)
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    tone = _TONES.match(number)
    if tone:
        return Behaviour("tone", 400.0 + 25.0 * int(tone[1]))
    if FICTION.match(number) or number in _DRILLS:
        return Behaviour("person")
    return Behaviour("unknown")
