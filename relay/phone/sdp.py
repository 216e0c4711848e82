"""
Session descriptions of a phone leg: offer, answer, what was agreed. Pure; RFC 8866 and RFC 3264.

Offered: PCMA, PCMU, telephone-event, 20 ms. One audio stream; any other in a peer's offer is refused with port 0.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from relay.errors import BadDescriptionError

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
CodecName = Literal["PCMA", "PCMU", "G722", "opus"]
CLOCK_RATES: dict[CodecName, int] = {"opus": 48_000, "G722": 8_000, "PCMA": 8_000, "PCMU": 8_000}  # Hz, RTP's
_CODECS: dict[CodecName, int] = {"PCMA": 8, "PCMU": 0}  # RFC 3551; A-law first: Europe's
_STATIC: dict[int, str] = {0: "PCMU/8000", 8: "PCMA/8000"}
TELEPHONE_EVENT = 101
_REVERSED: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)
_RTPMAP = re.compile(r"^a=rtpmap:(\d{1,3}) ([\w.-]+/\d+)", re.MULTILINE)
_CONNECTION = re.compile(r"^c=IN IP[46] (\S+)", re.MULTILINE)
HOLD_ADDRESS = "0.0.0.0"  # noqa: S104 - RFC 2543's way of saying hold, nothing is bound
SIZE_LIMIT = 8192  # characters; a telephone's description has some hundreds


@dataclass(frozen=True)
class LocalAudio:
    """Where we take RTP. ``session`` and ``version`` fill the o= line; a changed description needs a higher version."""

    host: str
    port: int
    session: int
    version: int = 1
    direction: Direction = "sendrecv"


@dataclass(frozen=True)
class Negotiated:
    """
    What both sides agreed on.

    :param host: the peer's media address, the only one whose packets are taken.
    :param telephone_event: payload type of RFC 4733 events, None when the peer has none.
    :param we_send: the peer wants our sound; ``we_receive``: it sends its own.
    """

    host: str
    port: int
    codec: CodecName
    payload_type: int
    telephone_event: int | None
    we_send: bool = True
    we_receive: bool = True


def offer(local: LocalAudio) -> str:
    return _description(local, [(number, name) for name, number in _CODECS.items()], TELEPHONE_EVENT)


def answer(remote: str, local: LocalAudio) -> tuple[str, Negotiated]:
    """
    :returns: our description, with the direction that fits the peer's, and what was agreed.
    :raises BadDescriptionError: no audio stream that we can take.
    """
    agreed = read(remote)
    direction = _fitting(_direction_of(remote, agreed.host), local.direction)
    mine = LocalAudio(local.host, local.port, local.session, local.version, direction)
    text = _description(mine, [(agreed.payload_type, agreed.codec)], agreed.telephone_event)
    return _with_refused_streams(remote, text), agreed


def read(remote: str) -> Negotiated:
    """
    What the peer's offer or answer gives us.

    :raises BadDescriptionError: oversized, no audio, no codec of ours, no address.
    """
    if len(remote) > SIZE_LIMIT:
        raise BadDescriptionError("description too large")
    sections = _sections(remote)
    audio = next((part for part in sections[1:] if part.startswith("m=audio ")), None)
    if audio is None:
        raise BadDescriptionError("no audio stream")
    port, numbers = _media_line(audio)
    host = _CONNECTION.search(audio) or _CONNECTION.search(sections[0])
    if host is None or not port or not _is_ip(host[1]):
        raise BadDescriptionError("no media address")
    names = {number: _STATIC[number] for number in numbers if number in _STATIC}
    names |= {int(number): name for number, name in _RTPMAP.findall(audio) if int(number) in numbers}
    codec, payload_type = _chosen(numbers, names)
    direction = _direction_of(remote, host[1])
    return Negotiated(
        host=host[1],
        port=port,
        codec=codec,
        payload_type=payload_type,
        telephone_event=next((n for n, name in names.items() if name.lower() == "telephone-event/8000"), None),
        we_send=direction in ("sendrecv", "recvonly"),
        we_receive=direction in ("sendrecv", "sendonly"),
    )


def _is_ip(host: str) -> bool:
    """A name would have to be resolved; no telephone sends one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _sections(text: str) -> list[str]:
    """:returns: the session part, then one part per m= line."""
    parts = re.split(r"^(?=m=)", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    return parts if not parts[0].startswith("m=") else ["", *parts]


def _media_line(audio: str) -> tuple[int, list[int]]:
    fields = audio.split("\n", 1)[0].split()
    if len(fields) < 4 or fields[2] not in ("RTP/AVP", "RTP/AVPF"):
        raise BadDescriptionError("unknown media transport")
    port, numbers = fields[1].split("/")[0], fields[3:]
    if not all(field.isascii() and field.isdigit() and len(field) <= 5 for field in [port, *numbers]):
        raise BadDescriptionError("malformed media line")
    if int(port) > 65535:
        raise BadDescriptionError("malformed media line")
    return int(port), [int(number) for number in numbers]


def _chosen(numbers: list[int], names: dict[int, str]) -> tuple[CodecName, int]:
    for number in numbers:  # the peer's order counts
        name = names.get(number, "").upper()
        for codec in _CODECS:
            if name == f"{codec}/8000":
                return codec, number
    raise BadDescriptionError("no common codec")


def _direction_of(text: str, host: str) -> Direction:
    sections = _sections(text)
    audio = next((part for part in sections[1:] if part.startswith("m=audio ")), "")
    found = _DIRECTION.search(audio) or _DIRECTION.search(sections[0])
    direction: Direction = found[1] if found else "sendrecv"  # type: ignore[assignment]
    return "inactive" if host == HOLD_ADDRESS else direction


def _fitting(theirs: Direction, ours: Direction) -> Direction:
    """:returns: what we answer, never more than we want ourselves."""
    allowed = _REVERSED[theirs]
    sends = allowed in ("sendrecv", "sendonly") and ours in ("sendrecv", "sendonly")
    takes = allowed in ("sendrecv", "recvonly") and ours in ("sendrecv", "recvonly")
    return "sendrecv" if sends and takes else "sendonly" if sends else "recvonly" if takes else "inactive"


def _description(local: LocalAudio, codecs: list[tuple[int, CodecName]], event: int | None) -> str:
    family = "IP6" if ":" in local.host else "IP4"
    numbers = [number for number, _ in codecs] + ([event] if event is not None else [])
    lines = [
        "v=0",
        f"o=- {local.session} {local.version} IN {family} {local.host}",
        "s=-",
        f"c=IN {family} {local.host}",
        "t=0 0",
        f"m=audio {local.port} RTP/AVP {' '.join(map(str, numbers))}",
        *(f"a=rtpmap:{number} {name}/8000" for number, name in codecs),
    ]
    if event is not None:
        lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-15"]
    lines += ["a=ptime:20", f"a={local.direction}", ""]
    return "\r\n".join(lines)


def _with_refused_streams(remote: str, ours: str) -> str:
    """RFC 3264 §6: an answer has as many m= lines as the offer, in its order."""
    head, audio = _sections(ours)
    parts: list[str] = []
    for section in _sections(remote)[1:]:
        if section.startswith("m=audio ") and audio not in parts:
            parts.append(audio)
        else:
            fields = section.split("\n", 1)[0].split()
            parts.append(" ".join([fields[0], "0", *fields[2:]]) + "\n")
    return (head + "".join(parts)).replace("\n", "\r\n")
