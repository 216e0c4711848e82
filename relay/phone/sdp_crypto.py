"""
Keys of encrypted sound in session descriptions: a=crypto lines (SDES, RFC 4568; GCM: RFC 7714).

Left to others: when keys may be told at all (``relay.phone.sdp``), what is done with them (``relay.phone.srtp``).
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_32"]
#: Bytes of master key and salt. In the order offered: what every peer has comes first, the short tag last.
SUITES: dict[Suite, int] = {"AES_CM_128_HMAC_SHA1_80": 30, "AEAD_AES_128_GCM": 28, "AES_CM_128_HMAC_SHA1_32": 30}
_LINE = re.compile(r"(\d{1,9}) ([A-Za-z0-9_]+) inline:([A-Za-z0-9+/=]+)((?:\|[^|\s]+)*)((?: [^\s]+)*)\s*", re.ASCII)


@dataclass(frozen=True)
class SrtpKey:
    """One line's key. :param tag: number of the line, repeated in the answer. :param key: master key and salt."""

    tag: int
    suite: Suite
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class SrtpKeys:
    """
    What was agreed: one suite, a key for each direction.

    :param local: of what we send. :param remote: of what comes. :param tag: of the line that was taken.
    """

    tag: int
    suite: Suite
    local: bytes = field(repr=False)
    remote: bytes = field(repr=False)


def new_keys() -> tuple[SrtpKey, ...]:
    """:returns: one for each suite, tags from 1."""
    return tuple(SrtpKey(tag, suite, secrets.token_bytes(size)) for tag, (suite, size) in enumerate(SUITES.items(), 1))


def write_line(key: SrtpKey) -> str:
    return f"a=crypto:{key.tag} {key.suite} inline:{base64.b64encode(key.key).decode()}"


def read_line(value: str) -> SrtpKey | None:
    """
    :param value: what follows ``a=crypto:``. :returns: None for a suite we have not, a key identifier (MKI), more than
        one key, or a session parameter other than the replay window's hint: they may not be ignored (§6.3).
    """
    found = _LINE.fullmatch(value)
    if found is None or found[2] not in SUITES or ":" in found[4]:
        return None
    if any(not parameter.startswith("WSH=") for parameter in found[5].split()):
        return None
    try:
        key = base64.b64decode(found[3], validate=True)
    except (binascii.Error, ValueError):
        return None
    suite = next(each for each in SUITES if each == found[2])
    return SrtpKey(int(found[1]), suite, key) if len(key) == SUITES[suite] else None


def agree(ours: Iterable[SrtpKey], theirs: Iterable[SrtpKey]) -> SrtpKeys | None:
    """:returns: the first of their lines whose suite we have a key for."""
    keys = {key.suite: key.key for key in ours}
    for line in theirs:
        if line.suite in keys:
            return SrtpKeys(line.tag, line.suite, keys[line.suite], line.key)
    return None
