"""
What may be dialled: a typed number becomes E.164, a refusal with its reason, or an emergency. Pure.

Emergencies come before every other rule and are found in every written form, also among words and marks; but only
when every number written there is one, so that no ordinary number is ever taken for an emergency. Left to others:
quota, hours, who pays.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from relay.phone.emergency import ELSEWHERE, EMERGENCY_NUMBERS, EmergencyKind, EmergencyNumber

RefusalCode = Literal["not_a_number", "too_long", "premium", "short_number", "country_not_allowed"]
#: What a number costs besides the ordinary: a surcharge, another country, a satellite.
Tariff = Literal["ordinary", "special", "abroad", "satellite"]
LENGTH_LIMIT = 64  # characters that can be seen
TYPED_LIMIT = 1024  # characters at all
_SCHEME = re.compile(r"^\s*(tel|sip|callto):", re.IGNORECASE)
_PARAMETERS = re.compile(r";\s*[A-Za-z]")  # of a URI: ;phone-context=+33
_PUNCTUATION = re.compile(r"[\s.\-/()‐-―]+")  # incl. typographic dashes; \s covers no-break and thin spaces
_FRANCE = re.compile(r"^(?:\+|00)?33(?:0)?(?=\d)")
_INTERNATIONAL = re.compile(r"^(?:\+|00)(?=\d)")
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})  # bidi marks, zero width, soft hyphen; variation selectors; keycaps
_HIDING = re.compile(r"^\s*[*#]31[*#]")  # keys that hide or show the caller, for the call that follows
_GROUP_PUNCTUATION = re.compile(r"[\s.\-()‐-―]+")  # inside one number; a slash between two
_MEASURE = re.compile(r"\d[^\W\d_]+\d")  # 18h15
_WORDS, _WORD_LENGTH = 3, 12  # « appeler le 15 », « SAMU social 115 »: more is an address or a sentence

# Arcep decision 2018-0881: 081x, and 0806…0809 (« service gratuit + prix appel »: the tax office's 0809 401 401)
_FRENCH_AT_NORMAL_PRICE = ("81", "806", "807", "808", "809")
# Ofcom: personal numbers, pagers (7624 are the Isle of Man's mobiles), corporate and location independent numbers
_BRITISH_PREMIUM = re.compile(r"70|76(?!24)|55|56")
_PREMIUM_TYPES = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
_NON_GEOGRAPHIC = "001"  # phonenumbers' region of codes that are no country's
_FREE_OR_SHARED = frozenset({800, 808, 979})  # ITU-T E.164: international freephone, shared cost, premium
_NORTH_AMERICA = 1  # one code for 25 countries; calls to the islands among them cost many times as much
_MAINLAND = frozenset({"US", "CA"})
_EUROPE = frozenset(
    {33, 262, 590, 594, 596, 508, 681, 687, 689, 377, 32, 352, 49, 39, 34, 351, 31, 44, 353, 45, 46, 47, 358, 41, 43}
    | {30, 48, 420, 421, 36, 40, 359, 385, 386, 370, 371, 372, 356, 357, 354, 423, 376}
)


@dataclass(frozen=True)
class DiallingPolicy:
    """
    :param region: where a number without country code is (ISO 3166-1).
    :param countries: country calling codes that may be dialled, None for all. Default: France with its overseas
        departments, the EU and EEA, the United Kingdom, Switzerland, Monaco: what a relay must carry at ordinary cost.
    :param ordinary_countries: of those, the ones that cost no more than a call at home; for the others the signer is
        asked first.
    :param satellite_allowed: satellite and international networks (+870, +878, +881, +882, +883, +888), whatever
        ``countries`` says; refused by default, a minute costs euros and they are what toll fraud dials.
    :param islands_allowed: what shares +1 with the United States and Canada, and costs many times as much.
    :param premium_allowed: numbers with a surcharge (089x, 082x; abroad also personal numbers, pagers and the like,
        which are billed as such); refused by default, the signer would not be told the price in a form that can be
        understood.
    :param short_numbers: those that may be dialled besides emergencies; by default public services at ordinary price
        (in Arcep's numbering plan 30xx and 31xx are free; the others were looked at one by one).
    """

    region: str = "FR"
    countries: frozenset[int] | None = _EUROPE
    ordinary_countries: frozenset[int] = _EUROPE
    premium_allowed: bool = False
    satellite_allowed: bool = False
    islands_allowed: bool = False
    short_numbers: frozenset[str] = frozenset({"3114", "3117", "3018", "3020", "3919", "3939", "3646", "3949"})

    def changed_by(self, override: "DiallingOverride") -> "DiallingPolicy":
        """What ``override`` leaves out stays."""
        names = ("countries", "premium_allowed", "satellite_allowed", "short_numbers")
        changes = {name: value for name in names if (value := getattr(override, name)) is not None}
        return replace(self, **changes)


@dataclass(frozen=True)
class DiallingOverride:
    """
    What one brand, or one role, may dial otherwise than everybody; None: as everybody.

    :param countries: country calling codes that may be dialled, in place of the general list.
    :param premium_allowed: numbers with a surcharge.
    :param satellite_allowed: satellite and international networks.
    :param short_numbers: those that may be dialled, in place of the general list.
    """

    countries: frozenset[int] | None = None
    premium_allowed: bool | None = None
    satellite_allowed: bool | None = None
    short_numbers: frozenset[str] | None = None


@dataclass(frozen=True)
class Allowed:
    """:param e164: what the phone worker dials; an allowed short number stands here as it is dialled."""

    e164: str
    display: str
    tariff: Tariff = "ordinary"


@dataclass(frozen=True)
class Refused:
    code: RefusalCode


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
    text = _visible(typed[: TYPED_LIMIT + 1])
    if len(text) > LENGTH_LIMIT or len(typed) > TYPED_LIMIT:
        return Refused("too_long")
    digits = _digits(text)
    emergency = _emergency(digits, emergencies) or _emergency_among_words(text, emergencies)
    if emergency is not None:
        return Emergency(emergency.number, emergency.kind, emergency.name)
    if digits is None:
        return Refused("not_a_number")
    bare = _FRANCE.sub("", digits) if len(digits) < 10 else digits
    if bare in policy.short_numbers:
        return Allowed(bare, _short_display(bare))
    return _ordinary(digits, policy)


def may_be_forwarded(dialled: str, number: str) -> bool:
    """
    Whether a telephone's redirection (3xx) may be followed without asking anybody: to an ordinary number of the
    same country, which costs no more than the call that was allowed.

    :param dialled: E.164, or anything else, which is never forwarded. :param number: E.164.
    """
    rule = dial_rule(number) if dialled.startswith("+") and number.startswith("+") else None
    if not isinstance(rule, Allowed) or rule.tariff != "ordinary":
        return False
    try:
        return bool(phonenumbers.parse(dialled).country_code == phonenumbers.parse(number).country_code)
    except NumberParseException:
        return False


def find_emergency(typed: str) -> Emergency | None:
    """For pages that must know before anything else is decided."""
    result = dial_rule(typed)
    return result if isinstance(result, Emergency) else None


def _visible(typed: str) -> str:
    """:returns: what a reader sees, digits of every script as ASCII."""
    text = "".join(
        char for char in unicodedata.normalize("NFKC", typed) if unicodedata.category(char) not in _INVISIBLE
    )
    return "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text).strip()


def _digits(text: str) -> str | None:
    """:returns: ASCII digits with at most a leading ``+``, None when something else was written."""
    text = _PARAMETERS.split(_SCHEME.sub("", text))[0].split("@")[0]
    text = _PUNCTUATION.sub("", text.replace("(0)", ""))
    return text if re.fullmatch(r"\+?[0-9]{1,20}", text) else None


def _emergency(digits: str | None, emergencies: Sequence[EmergencyNumber]) -> EmergencyNumber | None:
    if digits is None:
        return None
    forms = {digits, _FRANCE.sub("", digits), _INTERNATIONAL.sub("", digits)}
    forms |= {ELSEWHERE[form] for form in forms if form in ELSEWHERE}
    return next((entry for entry in emergencies if entry.number in forms), None)


def _emergency_among_words(text: str, emergencies: Sequence[EmergencyNumber]) -> EmergencyNumber | None:
    """
    « 15 SAMU », « 112! », « #31#15 », « 15/17 »: the first, when every number written is an emergency.

    Several must be written without any prefix: « +33 15/17/18/112 » is somebody's telephone in Paris.
    """
    text = _HIDING.sub("", _SCHEME.sub("", text).split("@")[0])
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) > _WORDS or any(len(word) > _WORD_LENGTH for word in words) or _MEASURE.search(text):
        return None
    numbers = [
        digits
        for part in re.split(r"[^0-9+\s.\-()‐-―]+", text)
        if (digits := _GROUP_PUNCTUATION.sub("", part.replace("(0)", "")))
    ]
    if len(numbers) == 1:
        return _emergency(numbers[0], emergencies)
    plain = {entry.number: entry for entry in emergencies}
    plain |= {alias: plain[meant] for alias, meant in ELSEWHERE.items() if meant in plain}
    if not numbers or any(number not in plain for number in numbers):
        return None
    return plain[numbers[0]]


def _ordinary(digits: str, policy: DiallingPolicy) -> DialResult:
    try:
        number = phonenumbers.parse(digits, policy.region)
    except NumberParseException:
        return Refused("short_number" if _is_short(digits) else "not_a_number")
    if not phonenumbers.is_valid_number(number):
        return Refused("short_number" if _is_short(digits) else "not_a_number")
    if not _is_open(number, policy):
        return Refused("country_not_allowed")
    tariff = tariff_of(number, policy)
    if tariff == "special" and not policy.premium_allowed:
        return Refused("premium")
    national = number.country_code == phonenumbers.country_code_for_region(policy.region)
    style = PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.INTERNATIONAL
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Allowed(e164, phonenumbers.format_number(number, style), tariff)


def tariff_of(number: PhoneNumber, policy: DiallingPolicy) -> Tariff:
    """What a call to it costs, whether or not it may be dialled."""
    if _is_satellite(number):
        return "satellite"
    if _is_premium(number):
        return "special"
    is_near = number.country_code in policy.ordinary_countries and not _is_island(number)
    return "ordinary" if is_near or phonenumbers.number_type(number) == PhoneNumberType.TOLL_FREE else "abroad"


def _is_open(number: PhoneNumber, policy: DiallingPolicy) -> bool:
    if _is_satellite(number):
        return policy.satellite_allowed
    if _is_island(number) and not policy.islands_allowed:
        return False
    return policy.countries is None or number.country_code in policy.countries


def _is_satellite(number: PhoneNumber) -> bool:
    """No country's: satellites, maritime and international networks, personal numbers (ITU-T E.164.D)."""
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region == _NON_GEOGRAPHIC and number.country_code not in _FREE_OR_SHARED


def _is_island(number: PhoneNumber) -> bool:
    if number.country_code != _NORTH_AMERICA or phonenumbers.number_type(number) == PhoneNumberType.TOLL_FREE:
        return False
    return phonenumbers.region_code_for_number(number) not in _MAINLAND


def _is_short(digits: str) -> bool:
    """Not the beginning of an ordinary number: no short one begins with 0 in France."""
    bare = _FRANCE.sub("", digits).lstrip("+")
    return len(bare) <= 6 and not bare.startswith("0")


def _is_premium(number: PhoneNumber) -> bool:
    national = str(number.national_number)
    if number.country_code == 33 and national.startswith(_FRENCH_AT_NORMAL_PRICE):
        return False
    if number.country_code == 44 and _BRITISH_PREMIUM.match(national):
        return True
    return phonenumbers.number_type(number) in _PREMIUM_TYPES


def _short_display(number: str) -> str:
    return " ".join((number[:2], number[2:])) if len(number) == 4 else number
