"""From what a person types to what is dialled: ``relay.phone.dialling`` under this service's policy."""

from dataclasses import dataclass
from typing import Literal

from relay.phone.dialling import Allowed, Emergency, dial_rule
from signaling.config import SignalingConfig
from signaling.page_errors import SENTENCES, PageError


@dataclass(frozen=True)
class Dialable:
    """:param target: E.164, a short number or (rehearsals) a ``sip:`` URI. :param display: as people read it."""

    target: str
    display: str


@dataclass(frozen=True)
class EmergencyFound(Dialable):
    kind: Literal["offer_114", "relay_first"]


def read_number(typed: str, config: SignalingConfig, *, allow_uri: bool) -> Dialable | EmergencyFound:
    """
    :param allow_uri: a ``sip:`` URI may be dialled (rehearsals only).
    :raises PageError: why it may not be dialled.
    """
    if typed.startswith(("sip:", "sips:")):
        if not allow_uri:
            raise PageError("not_a_number")
        return Dialable(typed, typed)
    match dial_rule(typed, config.dialling):
        case Allowed(e164, display):
            return Dialable(e164, display)
        case Emergency(number, kind, _):
            return EmergencyFound(number, number, kind)
        case refused:
            raise PageError(refused.code if refused.code in SENTENCES else "not_a_number")
