"""
What may be dialled: a typed number becomes E.164, a refusal with its reason, or an emergency. Pure.

Emergencies come before every other rule and are found in every written form. Left to others: quota, hours, who pays.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from relay.phone.emergency import EMERGENCY_NUMBERS, EmergencyKind, EmergencyNumber

RefusalCode = Literal["not_a_number", "too_long", "premium", "short_number", "country_not_allowed"]
LENGTH_LIMIT = 64  # characters typed
_SCHEME = re.compile(r"^\s*(tel|sip|callto):", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s.\-/()‐-―]+")  # incl. typographic dashes; \s covers no-break and thin spaces
_FRANCE = re.compile(r"^(?:\+|00)?33(?:0)?(?=\d)")
_INTERNATIONAL = re.compile(r"^(?:\+|00)(?=\d)")
_SHARED_COST_AT_NORMAL_PRICE = "81"  # 081x: « numéro gris », price of an ordinary call


@dataclass(frozen=True)
class DiallingPolicy:
    """
    :param region: where a number without country code is (ISO 3166-1).
    :param countries: country calling codes that may be dialled, None for all. Default: France with its overseas
        departments, the EU and EEA, the United Kingdom, Switzerland, Monaco: what a relay must carry at ordinary cost.
    :param premium_allowed: numbers with a surcharge (089x, 082x); refused by default, the signer would not be told
        the price in a form that can be understood.
    :param short_numbers: those that may be dialled besides emergencies; by default public services at ordinary price
        (in Arcep's numbering plan 30xx and 31xx are free; the others were looked at one by one).
    """

    region: str = "FR"
    countries: frozenset[int] | None = frozenset(
        {
            33,
            262,
            590,
            594,
            596,
            508,
            681,
            687,
            689,
            377,
            32,
            352,
            49,
            39,
            34,
            351,
            31,
            44,
            353,
            45,
            46,
            47,
            358,
            41,
            43,
        }
        | {30, 48, 420, 421, 36, 40, 359, 385, 386, 370, 371, 372, 356, 357, 354, 423, 376}
    )
    premium_allowed: bool = False
    short_numbers: frozenset[str] = frozenset({"3114", "3117", "3018", "3020", "3919", "3939", "3646", "3949"})


@dataclass(frozen=True)
class Allowed:
    """:param e164: what the phone worker dials; an allowed short number stands here as it is dialled."""

    e164: str
    display: str


@dataclass(frozen=True)
class Refused:
    code: RefusalCode

    @property
    def message_key(self) -> str:
        return f"dialling.{self.code}"


@dataclass(frozen=True)
class Emergency:
    number: str
    kind: EmergencyKind
    name: str


DialResult = Allowed | Refused | Emergency


def dial_rule(
    typed: str,
    policy: DiallingPolicy = DiallingPolicy(),
    emergencies: Sequence[EmergencyNumber] = EMERGENCY_NUMBERS,
) -> DialResult:
    """
    :param typed: as a person writes it: « 01 99 00 00 01 », « +44 20… », « 1 5 », ``tel:+33…``.
    """
    if len(typed) > LENGTH_LIMIT:
        return Refused("too_long")
    digits = _digits(typed)
    if digits is None:
        return Refused("not_a_number")
    emergency = _emergency(digits, emergencies)
    if emergency is not None:
        return Emergency(emergency.number, emergency.kind, emergency.name)
    bare = _FRANCE.sub("", digits) if len(digits) < 10 else digits
    if bare in policy.short_numbers:
        return Allowed(bare, _short_display(bare))
    return _ordinary(digits, policy)


def find_emergency(typed: str) -> Emergency | None:
    """For pages that must know before anything else is decided."""
    result = dial_rule(typed)
    return result if isinstance(result, Emergency) else None


def _digits(typed: str) -> str | None:
    """:returns: ASCII digits with at most a leading ``+``, None when something else was written."""
    text = _SCHEME.sub("", unicodedata.normalize("NFKC", typed)).split(";")[0].split("@")[0]
    text = _PUNCTUATION.sub("", text.replace("(0)", ""))
    text = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text)
    return text if re.fullmatch(r"\+?[0-9]{1,20}", text) else None


def _emergency(digits: str, emergencies: Sequence[EmergencyNumber]) -> EmergencyNumber | None:
    forms = {digits, _FRANCE.sub("", digits), _INTERNATIONAL.sub("", digits)}
    return next((entry for entry in emergencies if entry.number in forms), None)


def _ordinary(digits: str, policy: DiallingPolicy) -> DialResult:
    try:
        number = phonenumbers.parse(digits, policy.region)
    except NumberParseException:
        return Refused("short_number" if _is_short(digits) else "not_a_number")
    if not phonenumbers.is_valid_number(number):
        return Refused("short_number" if _is_short(digits) else "not_a_number")
    if policy.countries is not None and number.country_code not in policy.countries:
        return Refused("country_not_allowed")
    if _is_premium(number) and not policy.premium_allowed:
        return Refused("premium")
    national = number.country_code == phonenumbers.country_code_for_region(policy.region)
    style = PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.INTERNATIONAL
    return Allowed(
        phonenumbers.format_number(number, PhoneNumberFormat.E164), phonenumbers.format_number(number, style)
    )


def _is_short(digits: str) -> bool:
    return len(_FRANCE.sub("", digits).lstrip("+")) <= 6


def _is_premium(number: PhoneNumber) -> bool:
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.SHARED_COST and number.country_code == 33:
        return not str(number.national_number).startswith(_SHARED_COST_AT_NORMAL_PRICE)
    return kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)


def _short_display(number: str) -> str:
    return " ".join((number[:2], number[2:])) if len(number) == 4 else number
