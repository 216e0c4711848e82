"""From what a person types to what is dialled: ``relay.phone.dialling`` under this service's policy."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberFormat

from relay.phone.dialling import Allowed, DiallingPolicy, Emergency, Tariff, dial_rule
from relay.phone.target import is_on_own_network
from signaling.config import SignalingConfig
from signaling.page_errors import SENTENCES, PageError

FICTION = re.compile(r"\+3319900[0-9]{4}")  # 01 99 00 xx xx: nobody's (Arcep), the demonstration phone answers them
DRILL = "+33199000001"  # what a rehearsal dials in place of an emergency number


HOME = "FR"  # whose numbers are written without the country
HOME_CODES = frozenset({33, 262, 508, 590, 594, 596, 681, 687, 689})  # France and what is part of it


def readable(number: str) -> str:
    """:param number: E.164, else it is left as it is. :returns: as people read it, ``01 99 00 00 01``."""
    with suppress(phonenumbers.NumberParseException):
        parsed = phonenumbers.parse(number)
        is_home = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(parsed.country_code or 0, ("",))[0] == HOME
        style = PhoneNumberFormat.NATIONAL if is_home else PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(parsed, style)
    return number


def e164(number: str) -> str | None:
    """:param number: as a trunk presents it, with or without the country. :returns: None: not a telephone number."""
    with suppress(phonenumbers.NumberParseException):
        parsed = phonenumbers.parse(number, HOME)
        if phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return None


@dataclass(frozen=True)
class Dialable:
    """:param target: E.164, a short number or (rehearsals) a ``sip:`` URI. :param display: as people read it."""

    target: str
    display: str
    tariff: Tariff = field(default="ordinary", kw_only=True)

    @property
    def is_costly(self) -> bool:
        """Abroad, surcharged, by satellite: what toll fraud dials."""
        if self.tariff != "ordinary":
            return True
        with suppress(phonenumbers.NumberParseException):
            return phonenumbers.parse(self.target).country_code not in HOME_CODES
        return False


@dataclass(frozen=True)
class EmergencyFound(Dialable):
    """:param display: the emergency number. ``target`` is the same, but :data:`DRILL` in a rehearsal."""

    kind: Literal["offer_114", "relay_first"]


def read_number(
    typed: str, config: SignalingConfig, *, allow_uri: bool, policy: DiallingPolicy | None = None
) -> Dialable | EmergencyFound:
    """
    :param policy: what may be dialled; None: what everybody may.
    :param allow_uri: a rehearsal asks. It may dial numbers kept for fiction and ``sip:`` URIs of this machine, nothing
        else: no rehearsal rings at somebody's, least of all at an emergency centre.
    :raises PageError: why it may not be dialled; ``number_refused`` for what only a rehearsal may not.
    """
    return _read_for_rehearsal(typed, config) if allow_uri else _read(typed, policy or config.dialling)


def _read_for_rehearsal(typed: str, config: SignalingConfig) -> Dialable | EmergencyFound:
    if is_on_own_network(typed):
        return Dialable(typed, typed)
    if typed.lower().startswith(("sip:", "sips:")):
        raise PageError("number_refused")
    read = _read(typed, config.dialling)
    if isinstance(read, EmergencyFound):
        return EmergencyFound(DRILL, read.display, read.kind)
    if FICTION.fullmatch(read.target) is None:
        raise PageError("number_refused")
    return read


def _read(typed: str, policy: DiallingPolicy) -> Dialable | EmergencyFound:
    if typed.startswith(("sip:", "sips:")):
        raise PageError("not_a_number")
    match dial_rule(typed, policy):
        case Allowed(e164, display, tariff):
            return Dialable(e164, display, tariff=tariff)
        case Emergency(number, kind, _):
            return EmergencyFound(number, number, kind)
        case refused:
            raise PageError(refused.code if refused.code in SENTENCES else "not_a_number")
