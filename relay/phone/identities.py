"""
Who calls and who is called, out of SIP headers and numbers in any form a trunk writes them. Pure.

RFC 3261 (URIs), RFC 3966 (``tel:``), RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

_URI = re.compile(
    r"^(?P<scheme>sips?|tel):(?:(?P<user>[^@<>\s]*)@)?(?P<rest>[^<>\s]*)$",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?P<host>\[[0-9A-Fa-f:.]+\]|[^:;?\[\]]*)(?::(?P<port>\d{1,5}))?(?P<parameters>[;?].*)?$")
_VISUAL = str.maketrans("", "", "-.() /")
_DIGITS = re.compile(r"\+?[0-9]{3,20}")
_ANONYMOUS_USERS = frozenset({"anonymous", "unavailable", "unknown", "restricted", "private", "withheld"})
_HIDING = frozenset({"id", "user", "header"})
LENGTH_LIMIT = 512  # characters of a header value


@dataclass(frozen=True)
class Uri:
    """
    ``sip:``, ``sips:`` or ``tel:``.

    :param user: without its parameters, unescaped; the number of a ``tel:`` URI. :param host: lower case, "" of a
        ``tel:`` URI.
    :param context: phone-context of a local number, "" for none. :param headers: after ``?``, escaped as they came.
    """

    scheme: str
    user: str
    host: str = ""
    port: int | None = None
    context: str = ""
    headers: str = ""


def read_uri(value: str) -> Uri | None:
    """:param value: a URI or a header value, ``"Name" <sip:…>;tag=…``. :returns: None when it is no such URI."""
    if len(value) > LENGTH_LIMIT:
        return None
    inside = re.search(r"<([^<>]*)>", re.sub(r'"(?:[^"\\]|\\.)*"', "", value))
    found = _URI.fullmatch((inside[1] if inside else value).strip())
    if found is None:
        return None
    if found["scheme"].lower() == "tel":
        number, *parameters = f"{found['user'] or ''}{found['rest']}".split(";")
        return Uri("tel", unquote(number), context=_context(parameters))
    place = _HOST.fullmatch(found["rest"])
    if place is None or not place["host"] or int(place["port"] or 0) > 65535:
        return None
    user, *parameters = (found["user"] or "").split(";")
    headers = (place["parameters"] or "").partition("?")[2]
    port = int(place["port"]) if place["port"] else None
    name = unquote(user.partition(":")[0])
    return Uri(found["scheme"].lower(), name, place["host"].lower(), port, _context(parameters), headers)


def _context(parameters: Sequence[str]) -> str:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() == "phone-context":
            return value
    return ""


def read_number(user: str, region: str = "FR", context: str = "") -> str | None:
    """
    :param user: ``+33…``, ``0033…``, ``33…``, ``0…`` with or without visual separators and parameters.
    :returns: E.164, None when it is no possible number of that form (a name, an extension, a short number).
    """
    digits = user.partition(";")[0].translate(_VISUAL)
    if not _DIGITS.fullmatch(digits) or not digits.isascii():
        return None
    if context.startswith("+") and not digits.startswith("+"):
        digits = context.translate(_VISUAL) + digits.removeprefix("0")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return _e164(digits, region) or _without_plus(digits, region)


def _without_plus(digits: str, region: str) -> str | None:
    code = phonenumbers.country_code_for_region(region)
    return _e164("+" + digits, region) if digits.startswith(str(code)) else None


def _e164(digits: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def called_number(request_uri: str, to: str, region: str = "FR") -> str:
    """:returns: E.164 of the Request-URI, else of To; else the Request-URI's user as written, or To's."""
    uris = [uri for uri in (read_uri(request_uri), read_uri(to)) if uri is not None]
    for uri in uris:
        number = read_number(uri.user, region, uri.context)
        if number is not None:
            return number
    return next((uri.user for uri in uris if uri.user), "")


def caller_number(from_: str, asserted: Sequence[str], privacy: str, region: str = "FR") -> str | None:
    """
    :param asserted: values of P-Asserted-Identity; empty when the peer is not trusted.
    :param privacy: value of the Privacy header. :returns: E.164; None for a caller that hides or has no number.
    """
    if _HIDING & {token.strip().lower() for token in re.split(r"[;,]", privacy)}:
        return None
    source = read_uri(from_)
    if source is None or source.user.lower() in _ANONYMOUS_USERS or source.host == "anonymous.invalid":
        return None
    candidates = [uri for uri in map(read_uri, asserted) if uri is not None]
    for uri in [*candidates, source]:
        number = read_number(uri.user, region, uri.context)
        if number is not None:
            return number
    return None
