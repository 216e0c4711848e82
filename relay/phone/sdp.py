"""
Session descriptions of a phone leg: offer, answer, what was agreed. Pure; RFC 8866 and RFC 3264.

One audio stream and, where asked for, one of real-time text (RFC 4103); any other in a peer's offer is refused with
port 0. Keys of encrypted sound are told and taken over TLS alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from relay.errors import BadDescriptionError
from relay.phone.sdp_crypto import SrtpKey, SrtpKeys, agree, new_keys, write_line
from relay.phone.sdp_reading import DEFAULT_PTIME_MS, HOLD_ADDRESSES, Direction, Media, read_description

CodecName = Literal["PCMA", "PCMU", "G722", "opus"]
Encryption = Literal["off", "offer", "require"]
CLOCK_RATES: dict[CodecName, int] = {"opus": 48_000, "G722": 8_000, "PCMA": 8_000, "PCMU": 8_000}  # Hz, RTP's
#: Best first; A-law before mu-law: Europe's.
DEFAULT_CODECS: tuple[CodecName, ...] = ("opus", "G722", "PCMA", "PCMU")
_NAMES: dict[CodecName, str] = {"opus": "opus/48000/2", "G722": "G722/8000", "PCMA": "PCMA/8000", "PCMU": "PCMU/8000"}
_TYPES: dict[CodecName, int] = {"opus": 111, "G722": 9, "PCMA": 8, "PCMU": 0}  # RFC 3551; 111 as browsers
_PARAMETERS: dict[str, str] = {"opus": "useinbandfec=1;maxplaybackrate=48000", "telephone-event": "0-15"}
COMFORT_NOISE = 13
TELEPHONE_EVENT = {8_000: 101, 48_000: 100}  # payload type of our offer by clock rate (RFC 4733 §2.1: the sound's)
T140, RED = 98, 99
PTIMES_MS = (10, 20, 30, 40, 60)
RED_GENERATIONS = 2  # besides the newest, RFC 4103 §5.2
CPS_LIMIT = 30  # characters a second, RFC 4103 §6
_REVERSED: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


@dataclass(frozen=True)
class LocalText:
    """Where we take real-time text. :param keys: of encrypted text, made once for a leg."""

    port: int
    keys: tuple[SrtpKey, ...] = field(default_factory=new_keys, repr=False, compare=False)


@dataclass(frozen=True)
class LocalAudio:
    """
    Where we take RTP, and what we want.

    :param host: told to the peer; behind a NAT the public one.
    :param session: fills the o= line together with ``version``; a changed description needs a higher version.
    :param codecs: that may be used, best first; a trunk may allow fewer.
    :param encryption: ``offer``: where the peer takes it (RFC 8643); ``require``: or there is no call.
    :param over_tls: what we write and read goes through TLS; without, no key is told and none believed.
    :param text: None: neither offered nor taken. :param keys: of encrypted sound, made once for a leg.
    """

    host: str
    port: int
    session: int
    version: int = 1
    direction: Direction = "sendrecv"
    codecs: tuple[CodecName, ...] = DEFAULT_CODECS
    encryption: Encryption = "off"
    over_tls: bool = False
    text: LocalText | None = None
    keys: tuple[SrtpKey, ...] = field(default_factory=new_keys, repr=False, compare=False)


@dataclass(frozen=True)
class NegotiatedText:
    """
    Real-time text that both sides want.

    :param t140: payload type of bare text. :param red: of text with redundancy (RFC 2198), None: the peer has none.
    :param characters_per_s: that the peer takes at most. The ``_received`` types are those of our own offer.
    """

    host: str
    port: int
    t140: int
    red: int | None
    characters_per_s: int = CPS_LIMIT
    t140_received: int | None = None
    red_received: int | None = None
    rtcp: tuple[str, int] | None = None
    srtp: SrtpKeys | None = None
    we_send: bool = True


@dataclass(frozen=True)
class Negotiated:
    """
    What both sides agreed on.

    :param host: the peer's media address, the only one whose packets are taken.
    :param payload_type: of what we send, the peer's number. :param received_type: our own number for the same codec.
    :param telephone_event: payload type of RFC 4733 events, None when the peer has none.
    :param we_send: the peer wants our sound; ``we_receive``: it sends its own.
    :param event_rate: Hz of the events' durations. :param comfort_noise: payload type of RFC 3389.
    :param ptime_ms: length of the packets that the peer wants. :param rtcp: where reports go, None: the port above.
    :param srtp: None: the sound is not encrypted. :param must_be_encrypted: the peer's description left no choice.
    """

    host: str
    port: int
    codec: CodecName
    payload_type: int
    telephone_event: int | None
    we_send: bool = True
    we_receive: bool = True
    received_type: int | None = None
    event_received_type: int | None = None
    event_rate: int = 8_000
    comfort_noise: int | None = None
    ptime_ms: int = DEFAULT_PTIME_MS
    rtcp: tuple[str, int] | None = None
    srtp: SrtpKeys | None = None
    must_be_encrypted: bool = False
    text: NegotiatedText | None = None


def offer(local: LocalAudio, before: Negotiated | None = None) -> str:
    """
    :param before: what is agreed so far in this dialog: its codec stays the first, encrypted sound stays so.
    :raises BadDescriptionError: encryption is required, and the keys would not go through TLS.
    """
    first = before.codec if before is not None else None
    formats = _offered_formats(sorted(local.codecs, key=lambda codec: codec != first))
    if local.encryption == "require" and not local.over_tls:
        raise BadDescriptionError("keys need TLS")
    keys = local.keys if local.encryption != "off" and local.over_tls else ()
    must = local.encryption == "require" or (before is not None and before.must_be_encrypted)
    profile = "RTP/SAVP" if must else "RTP/AVP"
    parts = [_head(local), _audio(local, profile, formats, keys)]
    if local.text is not None:
        text_keys = local.text.keys if keys else ()
        parts.append(_text(local.text.port, profile, [(RED, "red/1000"), (T140, "t140/1000")], text_keys))
    return "".join(parts)


def answer(remote: str, local: LocalAudio) -> tuple[str, Negotiated]:
    """
    :returns: our description, with the direction that fits the peer's, and what was agreed.
    :raises BadDescriptionError: no audio stream that we can take.
    """
    media = read_description(remote)
    audio, agreed = _chosen(media, local, ours_first=True)
    parts = [_head(local)]
    for each in media:
        if each is audio:
            mine = replace(local, direction=_fitting(audio.direction, local.direction))
            parts.append(_audio(mine, audio.transport, _answered_formats(agreed), _answered_keys(agreed.srtp)))
        elif agreed.text is not None and each is _first_text(media) and local.text is not None:
            parts.append(_answered_text(agreed.text, each.transport, local.text.port))
        else:
            parts.append(_refused(each))
    return "".join(parts), agreed


def read(remote: str, local: LocalAudio | None = None) -> Negotiated:
    """
    What the peer's answer gives us.

    :param local: what we offered; None takes every codec and no encryption.
    :raises BadDescriptionError: oversized, no audio, no codec of ours, no address, not encrypted as it must be.
    """
    offered = local or LocalAudio("", 0, 0)
    return _with_our_types(_chosen(read_description(remote), offered, ours_first=False)[1])


def offers_text(remote: str) -> bool:
    """Whether an offer has a stream of real-time text, so that ports for it are worth opening."""
    try:
        return any(media.usable and media.kind == "text" for media in read_description(remote))
    except BadDescriptionError:
        return False


# --- what is agreed ---------------------------------------------------------------------------------------


def _chosen(media: Sequence[Media], local: LocalAudio, *, ours_first: bool) -> tuple[Media, Negotiated]:
    """The first audio stream that fits, an encrypted one before others."""
    reason = BadDescriptionError("no audio stream")
    streams = [each for each in media if each.kind == "audio" and each.usable]
    for audio in sorted(streams, key=lambda each: not each.must_be_encrypted):
        try:
            agreed = _agreed(audio, local, ours_first=ours_first)
        except BadDescriptionError as error:
            reason = error
            continue
        return audio, replace(agreed, text=_agreed_text(media, local))
    raise reason


def _agreed(audio: Media, local: LocalAudio, *, ours_first: bool) -> Negotiated:
    codec, payload_type = _codec(audio, local.codecs, ours_first=ours_first)
    event, event_rate = _event(audio, CLOCK_RATES[codec])
    narrow = CLOCK_RATES[codec] == CLOCK_RATES["PCMA"]
    return Negotiated(
        host=audio.host,
        port=audio.port,
        codec=codec,
        payload_type=payload_type,
        telephone_event=event,
        we_send=audio.direction in ("sendrecv", "recvonly"),
        we_receive=audio.direction in ("sendrecv", "sendonly"),
        event_rate=event_rate,
        comfort_noise=next((n for n, name in audio.names.items() if name == "CN/8000" and narrow), None),
        ptime_ms=max((each for each in PTIMES_MS if each <= (audio.ptime_ms or DEFAULT_PTIME_MS)), default=10),
        rtcp=audio.rtcp,
        srtp=_srtp(audio, local, local.keys),
        must_be_encrypted=audio.must_be_encrypted,
    )


def _codec(audio: Media, codecs: Iterable[CodecName], *, ours_first: bool) -> tuple[CodecName, int]:
    """An answer's order says what the peer will use; of an offer we take what sounds best."""
    wanted = {_NAMES[codec].upper(): codec for codec in codecs}
    wanted |= {"OPUS/48000": "opus"} if "opus" in wanted.values() else {}
    found = [(wanted[name], n) for n in audio.types if (name := audio.names.get(n, "").removesuffix("/1")) in wanted]
    if not found:
        raise BadDescriptionError("no common codec")
    order = list(wanted.values())
    return min(found, key=lambda each: order.index(each[0])) if ours_first else found[0]


def _event(audio: Media, rate: int) -> tuple[int | None, int]:
    """:returns: payload type and clock rate of events: the sound's if there is one, else whatever the peer has."""
    for wanted in (rate, 8_000):
        for number, name in audio.names.items():
            if name == f"TELEPHONE-EVENT/{wanted}":
                return number, wanted
    return None, rate


def _srtp(media: Media, local: LocalAudio, ours: Iterable[SrtpKey]) -> SrtpKeys | None:
    may = local.encryption != "off" and local.over_tls
    keys = agree(ours, media.keys) if may else None
    if keys is None and (media.must_be_encrypted or local.encryption == "require"):
        raise BadDescriptionError("no common encryption")
    return keys


def _first_text(media: Iterable[Media]) -> Media | None:
    return next((each for each in media if each.kind == "text" and each.usable), None)


def _agreed_text(media: Sequence[Media], local: LocalAudio) -> NegotiatedText | None:
    text = _first_text(media)
    if text is None or local.text is None or text.host in HOLD_ADDRESSES:
        return None
    types = {name: number for number, name in reversed(list(text.names.items()))}
    if "T140/1000" not in types:
        return None
    try:
        keys = _srtp(text, local, local.text.keys)
    except BadDescriptionError:
        return None
    t140 = types["T140/1000"]
    return NegotiatedText(
        host=text.host,
        port=text.port,
        t140=t140,
        red=types.get("RED/1000"),
        characters_per_s=_cps(text.parameters.get(t140, "")),
        rtcp=text.rtcp,
        srtp=keys,
        we_send=text.direction in ("sendrecv", "recvonly"),
    )


def _cps(parameters: str) -> int:
    for parameter in parameters.replace(";", " ").split():
        name, _, value = parameter.partition("=")
        if name.lower() == "cps" and value.isascii() and value.isdigit() and int(value[:6]) > 0:
            return int(value[:6])
    return CPS_LIMIT


def _with_our_types(agreed: Negotiated) -> Negotiated:
    """RFC 3264 §5.1: what comes bears the numbers of our offer, whatever the answer's are."""
    text = agreed.text
    return replace(
        agreed,
        received_type=_TYPES[agreed.codec],
        event_received_type=TELEPHONE_EVENT.get(agreed.event_rate) if agreed.telephone_event is not None else None,
        text=text and replace(text, t140_received=T140, red_received=RED if text.red is not None else None),
    )


def _fitting(theirs: Direction, ours: Direction) -> Direction:
    """:returns: what we answer, never more than we want ourselves."""
    allowed = _REVERSED[theirs]
    sends = allowed in ("sendrecv", "sendonly") and ours in ("sendrecv", "sendonly")
    takes = allowed in ("sendrecv", "recvonly") and ours in ("sendrecv", "recvonly")
    return "sendrecv" if sends and takes else "sendonly" if sends else "recvonly" if takes else "inactive"


# --- what is written --------------------------------------------------------------------------------------


def _offered_formats(codecs: Sequence[CodecName]) -> list[tuple[int, str]]:
    rates = {CLOCK_RATES[codec] for codec in codecs}
    noise = [(COMFORT_NOISE, "CN/8000")] if 8_000 in rates else []
    events = [(number, f"telephone-event/{rate}") for rate, number in TELEPHONE_EVENT.items() if rate in rates]
    return [(_TYPES[codec], _NAMES[codec]) for codec in codecs] + noise + events


def _answered_formats(agreed: Negotiated) -> list[tuple[int, str]]:
    formats = [(agreed.payload_type, _NAMES[agreed.codec])]
    if agreed.comfort_noise is not None:
        formats.append((agreed.comfort_noise, "CN/8000"))
    if agreed.telephone_event is not None:
        formats.append((agreed.telephone_event, f"telephone-event/{agreed.event_rate}"))
    return formats


def _answered_keys(srtp: SrtpKeys | None) -> tuple[SrtpKey, ...]:
    return (SrtpKey(srtp.tag, srtp.suite, srtp.local),) if srtp is not None else ()


def _answered_text(agreed: NegotiatedText, profile: str, port: int) -> str:
    formats = [(agreed.red, "red/1000")] if agreed.red is not None else []
    return _text(port, profile, [*formats, (agreed.t140, "t140/1000")], _answered_keys(agreed.srtp))


def _head(local: LocalAudio) -> str:
    family = "IP6" if ":" in local.host else "IP4"
    return _lines(
        "v=0",
        f"o=- {local.session} {local.version} IN {family} {local.host}",
        "s=-",
        f"c=IN {family} {local.host}",
        "t=0 0",
    )


def _audio(local: LocalAudio, profile: str, formats: list[tuple[int, str]], keys: Iterable[SrtpKey]) -> str:
    return _lines(
        f"m=audio {local.port} {profile} {' '.join(str(number) for number, _ in formats)}",
        *_format_lines(formats),
        *map(write_line, keys),
        f"a=ptime:{DEFAULT_PTIME_MS}",
        f"a=maxptime:{PTIMES_MS[-1]}",
        f"a={local.direction}",
    )


def _text(port: int, profile: str, formats: list[tuple[int, str]], keys: Iterable[SrtpKey]) -> str:
    t140 = formats[-1][0]
    redundant = [f"a=fmtp:{formats[0][0]} {'/'.join([str(t140)] * (RED_GENERATIONS + 1))}"] if len(formats) > 1 else []
    return _lines(
        f"m=text {port} {profile} {' '.join(str(number) for number, _ in formats)}",
        *_format_lines(formats),
        *redundant,
        f"a=fmtp:{t140} cps={CPS_LIMIT}",
        *map(write_line, keys),
        "a=sendrecv",
    )


def _format_lines(formats: Iterable[tuple[int, str]]) -> list[str]:
    lines: list[str] = []
    for number, name in formats:
        lines.append(f"a=rtpmap:{number} {name}")
        parameters = _PARAMETERS.get(name.partition("/")[0])
        lines += [f"a=fmtp:{number} {parameters}"] if parameters else []
    return lines


def _refused(media: Media) -> str:
    """RFC 3264 §6: an answer has as many m= lines as the offer, in its order."""
    fields = media.line.split()
    return _lines(" ".join([fields[0], "0", *fields[2:]]))


def _lines(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)
