"""
Transfers in SIP's words: Refer-To, Replaces, and what a NOTIFY says about them. Pure; RFC 3515, 3891, 5589.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from relay.phone.identities import read_number, read_uri

_ONE_VALUE = re.compile(r"[ -+\--~]+")  # visible ASCII without a comma: one line, one member of a header
_SIPFRAG = re.compile(r"^SIP/2\.0 ([1-6]\d\d)\b")
_DIALLED = re.compile(r"[0-9*#+]{2,20}")
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_URI = re.compile(r"sips?:[A-Za-z0-9+*#._~-]{1,64}@[A-Za-z0-9.:\[\]-]{1,255}(;transport=(udp|tcp|tls))?", re.IGNORECASE)
_PHRASES = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    603: "Decline",
}


@dataclass(frozen=True)
class DialogId:
    """Tags as the side sees them that the header is sent to: ``to_tag`` is its own."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False


@dataclass(frozen=True)
class Wish:
    """What a REFER asks for. :param replaces: value of a Replaces header, None for a blind transfer."""

    number: str
    replaces: str | None


def read_refer_to(value: str, own_hosts: Collection[str], region: str = "FR") -> Wish | None:
    """
    :param own_hosts: ours and our trunks', lower case, IPv6 without brackets.
    :returns: None for a foreign domain, another method than
        INVITE or what is no number: to be declined.
    """
    uri = read_uri(value)
    if (
        uri is None
        or (uri.host and uri.host.strip("[]") not in own_hosts)
        or re.search(r";method=(?!INVITE\b)", value, re.I)
    ):
        return None
    number = read_number(uri.user, region, uri.context) or uri.user
    if not _DIALLED.fullmatch(number):
        return None
    headers = {name.lower(): text for name, text in parse_qsl(uri.headers.replace("+", "%2B"))}
    replaces = headers.get("replaces")
    return Wish(number, replaces if replaces and read_replaces(replaces) else None)


def refer_to(target: str, domain: str) -> str:
    """
    :param target: number or ``sip:`` URI. :param domain: host and port as the peer writes itself.
    :raises ValueError: neither.
    """
    if _URI.fullmatch(target):
        return f"<{target}>"
    if not _NUMBER.fullmatch(target):
        raise ValueError("neither a number nor a sip: URI")
    return f"<sip:{target}@{domain};user=phone>"


def refer_to_dialog(uri: str, dialog: DialogId) -> str:
    """:param uri: of the party that the peer shall call."""
    value = f"{dialog.call_id};to-tag={dialog.to_tag};from-tag={dialog.from_tag}"
    return f"<{uri}?Replaces={quote(value, safe='')}>"


def read_replaces(value: str) -> DialogId | None:
    """:returns: None for what could not be written into a request of ours as it stands."""
    call_id, *parameters = value.strip().split(";")
    named = {name.strip().lower(): text.strip() for name, _, text in (item.partition("=") for item in parameters)}
    to_tag, from_tag = named.get("to-tag"), named.get("from-tag")
    if not call_id.strip() or not to_tag or not from_tag or _ONE_VALUE.fullmatch(value) is None:
        return None
    return DialogId(call_id.strip(), to_tag, from_tag, "early-only" in named)


def sipfrag(code: int) -> str:
    """:returns: body of a NOTIFY."""
    return f"SIP/2.0 {code} {_PHRASES.get(code, 'Done' if code < 300 else 'Failed')}\r\n"


def read_sipfrag(body: str) -> int | None:
    found = _SIPFRAG.match(body)
    return int(found[1]) if found else None
