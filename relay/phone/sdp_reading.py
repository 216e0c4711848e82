"""A peer's session description, read line by line whatever it holds (RFC 8866). Pure."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from relay.errors import BadDescriptionError
from relay.phone.sdp_crypto import SrtpKey, read_line

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
SIZE_LIMIT = 8192  # characters; a telephone's description has some hundreds
HOLD_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - RFC 2543's way of saying hold, nothing is bound
STATIC = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 13: "CN/8000"}  # RFC 3551
DEFAULT_PTIME_MS = 20
_TRANSPORTS = ("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF")


@dataclass(frozen=True)
class Media:
    """
    One m= line and what belongs to it, the session's own lines already filled in.

    :param line: the m= line. :param port: 0 for one that is refused or unreadable.
    :param host: IP address in its shortest form, empty where none is given.
    :param types: payload types, the peer's order. :param names: of those, ``OPUS/48000/2``, in capitals.
    :param parameters: fmtp of each type. :param rtcp: where reports go, None: the port above (RFC 3605).
    :param ptime_ms: packets as long as the peer wants them, None: no wish.
    """

    line: str
    kind: str
    port: int
    transport: str
    types: tuple[int, ...]
    names: Mapping[int, str]
    parameters: Mapping[int, str]
    host: str
    direction: Direction
    rtcp: tuple[str, int] | None = None
    ptime_ms: int | None = None
    keys: tuple[SrtpKey, ...] = ()

    @property
    def usable(self) -> bool:
        return bool(self.port and self.host and self.types and self.transport in _TRANSPORTS)

    @property
    def must_be_encrypted(self) -> bool:
        return self.transport.startswith("RTP/SAVP")


def read_description(text: str) -> tuple[Media, ...]:
    """
    :returns: one for each m= line, in their order; what cannot be read in one makes that one unusable.
    :raises BadDescriptionError: too large.
    """
    if len(text) > SIZE_LIMIT:
        raise BadDescriptionError("description too large")
    parts: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line.rstrip())
    session = _attributes(parts[0])
    return tuple(_media(lines[0], _attributes(lines), session) for lines in parts[1:])


def _attributes(lines: list[str]) -> dict[str, list[str]]:
    """:returns: values by name, c= lines as ``c=``; an attribute without value has an empty one."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            found.setdefault(name, []).append(value)
        elif line.startswith("c="):
            found.setdefault("c=", []).append(line[2:])
    return found


def _media(line: str, own: dict[str, list[str]], session: dict[str, list[str]]) -> Media:
    kind, port, transport, types = _media_line(line)
    host = _host(own) or _host(session)
    numbered = [value.partition(" ") for value in own.get("rtpmap", ())]
    names = {number: STATIC[number] for number in types if number in STATIC}
    names |= {int(number): name.strip().upper() for number, _, name in numbered if _number(number) in types}
    parameters = [value.partition(" ") for value in own.get("fmtp", ())]
    return Media(
        line=line,
        kind=kind,
        port=port,
        transport=transport,
        types=types,
        names=names,
        parameters={int(number): value for number, _, value in parameters if _number(number) in types},
        host=host,
        direction=_direction(own, session, host),
        rtcp=_rtcp(own, host),
        ptime_ms=_ptime(own),
        keys=tuple(key for value in own.get("crypto", ()) if (key := read_line(value)) is not None),
    )


def _media_line(line: str) -> tuple[str, int, str, tuple[int, ...]]:
    fields = line[2:].split()
    if len(fields) < 4:
        return fields[0] if fields else "", 0, "", ()
    port, types = _number(fields[1].partition("/")[0]), [_number(field) for field in fields[3:]]
    if port is None or port > 65_535 or any(number is None or number > 127 for number in types):
        return fields[0], 0, fields[2], ()
    return fields[0], port, fields[2], tuple(number for number in types if number is not None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None


def _host(attributes: dict[str, list[str]]) -> str:
    """The address of the first c= line. A name would have to be resolved; no telephone sends one."""
    fields = attributes.get("c=", [""])[0].split()
    return _ip(fields[2]) if len(fields) == 3 and fields[0] == "IN" and fields[1] in ("IP4", "IP6") else ""


def _ip(text: str) -> str:
    """:returns: empty for what is no single host's address: sound is sent to nobody's whole network."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return "" if address.is_multicast or text == "255.255.255.255" else str(address)


def _direction(own: dict[str, list[str]], session: dict[str, list[str]], host: str) -> Direction:
    if host in HOLD_ADDRESSES:
        return "inactive"
    for attributes in (own, session):
        for direction in get_args(Direction):
            if direction in attributes:
                return direction  # type: ignore[no-any-return]
    return "sendrecv"


def _rtcp(own: dict[str, list[str]], host: str) -> tuple[str, int] | None:
    fields = own.get("rtcp", [""])[0].split()
    port = _number(fields[0]) if fields else None
    if not port or port > 65_535:
        return None
    return (_ip(fields[3]) or host if len(fields) == 4 else host), port


def _ptime(own: dict[str, list[str]]) -> int | None:
    """The wished length, not beyond the longest allowed. Some write fractions."""
    wish, longest = (_number(own.get(name, [""])[0].strip().partition(".")[0]) for name in ("ptime", "maxptime"))
    return min(wish or DEFAULT_PTIME_MS, longest or 1000) if wish or longest else None
