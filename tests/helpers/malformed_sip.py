"""
SIP messages that no honest peer sends: whole ones of every kind, damaged. Pure; seeded by the caller's ``Random``.

Hosts stay on the loopback or are nobody's, so that no answer leaves the machine.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

CRLF = "\r\n"
SDP = (
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    "m=audio 9 RTP/AVP 111 9 8 0 13 101",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 useinbandfec=1;maxplaybackrate=16000",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:20",
    "a=rtcp:10 IN IP4 127.0.0.1",
    "a=sendrecv",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4",
    "m=text 11 RTP/AVP 99 98",
    "a=rtpmap:98 t140/1000",
    "a=rtpmap:99 red/1000",
    "a=fmtp:99 98/98/98",
    "a=fmtp:98 cps=30",
)
_NASTY = (
    *(
        "",
        " ",
        "\t",
        "0",
        "-1",
        "1e9",
        "99999999999999999999",
        "4294967296",
        "0x41",
        "%00",
        "%s%n",
        "\0",
        "é\u2028\U0001f600",
    ),
    *(
        '"',
        '"\\',
        "<",
        ">",
        "<>",
        "<<>>",
        ";",
        ";;;;",
        ",",
        ",,,,",
        "=",
        ";=",
        "@",
        ":",
        "sip:",
        "sip:@",
        "sip::::",
        "tel:",
    ),
    *("*", "sip:a@[::1", "sip:a@127.0.0.1:99999", "sip:a@127.0.0.1:x", "<sip:a@127.0.0.1;lr>;;tag", "sips:a@127.0.0.1"),
    *(
        "SIP/2.0/UDP",
        "SIP/2.0/UDP 127.0.0.1",
        "SIP/2.0/UDP 127.0.0.1:0;branch=",
        "SIP/2.0/TLS-SCTP [::]:1;rport=;ttl=-",
    ),
    *(
        "1 INVITE BYE",
        "INVITE",
        "-1 INVITE",
        "99999999999 BYE",
        "active;expires=-5",
        'a;b;c=d;e="f',
        "id;critical;none",
    ),
    *("x" * 300, "<" * 200, "a," * 300, "(" * 100, "%25" * 100, "9" * 60),
)
_HEADERS = (
    *(
        "Via",
        "Route",
        "Record-Route",
        "Contact",
        "To",
        "From",
        "CSeq",
        "Call-ID",
        "Max-Forwards",
        "Require",
        "Supported",
    ),
    *("Session-Expires", "Min-SE", "Expires", "Refer-To", "Referred-By", "Replaces", "Event", "Subscription-State"),
    *("P-Asserted-Identity", "Privacy", "Diversion", "Reason", "RSeq", "RAck", "Authorization", "Proxy-Authenticate"),
    *(
        "WWW-Authenticate",
        "Retry-After",
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Allow",
        "Accept",
        "Warning",
    ),
    *("i", "m", "f", "t", "v", "l", "c", "s", "k", "x", "r", "b", "o", "u"),
)
METHODS = (
    *("INVITE", "OPTIONS", "BYE", "CANCEL", "ACK", "REFER", "NOTIFY", "INFO", "UPDATE", "PRACK", "MESSAGE", "REGISTER"),
    *("SUBSCRIBE", "PUBLISH", "invite", "FOO", ""),
)
CODES: tuple[int, ...] = (
    100,
    180,
    181,
    183,
    199,
    200,
    202,
    300,
    302,
    380,
    400,
    401,
    404,
    407,
    408,
    415,
    420,
    422,
    423,
    481,
    486,
    487,
    488,
)
CODES += (491, 500, 503, 580, 600, 603, 699, 700, 42, 0, 999, 1000)
_BODIES = (
    ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
    ("application/dtmf", "5"),
    ("message/sipfrag;version=2.0", "SIP/2.0 200 OK\r\n"),
    ("multipart/mixed;boundary=x", "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"),
    ("application/sdp", ""),
    ("text/plain", "x" * 500),
)


@dataclass(frozen=True)
class Dialog:
    """
    Where a message belongs. :param call_id: of a live dialog, or of none. :param cseq: a number not used yet.

    :param to_tag: of the receiver, "" begins something. :param port: of ours, on ``host``.
    """

    call_id: str
    from_tag: str
    to_tag: str = ""
    cseq: int = 1
    host: str = "127.0.0.1"
    port: int = 9
    routes: tuple[str, ...] = field(default=())


def request(random: Random, method: str, dialog: Dialog, to_user: str = "+33199000001") -> str:
    """:returns: a whole one, of a kind that ``method`` may be."""
    via = f"SIP/2.0/UDP {dialog.host}:{dialog.port};branch=z9hG4bK{random.getrandbits(60):x};rport"
    lines = [
        f"{method} sip:{to_user}@127.0.0.1 SIP/2.0",
        f"Via: {via}",
        f'From: "A" <sip:+33199000002@{dialog.host}>;tag={dialog.from_tag}',
        f"To: <sip:{to_user}@127.0.0.1>" + (f";tag={dialog.to_tag}" if dialog.to_tag else ""),
        f"Call-ID: {dialog.call_id}",
        f"CSeq: {dialog.cseq} {method}",
        f"Contact: <sip:a@{dialog.host}:{dialog.port}>",
        "Max-Forwards: 70",
        *_more(random, method, dialog),
    ]
    return _with_body(lines, *_body(random, method))


def response(random: Random, to: str, to_tag: str) -> str:
    """:param to: the request that it answers. :returns: a whole answer of some code."""
    kept = [
        line
        for line in to.split(CRLF)
        if line.lower().startswith(("via:", "from:", "call-id:", "cseq:", "record-route:"))
    ]
    code = random.choice(CODES)
    wanted = next(line for line in to.split(CRLF) if line.lower().startswith("to:"))
    lines = [f"SIP/2.0 {code} Whatever", *kept, f"{wanted};tag={to_tag}", "Contact: <sip:b@127.0.0.1:9>"]
    if code in (401, 407):
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        lines.append(
            f'{name}: Digest realm="r", nonce="n", qop="auth", algorithm={random.choice(("MD5", "SHA-256", "x"))}'
        )
    if code in (422, 200):
        lines.append(
            f"{random.choice(('Min-SE', 'Session-Expires'))}: {random.choice(('90', '1800;refresher=uac', '5'))}"
        )
    return _with_body(lines, *(("application/sdp", _sdp(random)) if code in (180, 183, 200) else ("", "")))


def damaged(random: Random, message: str) -> bytes:
    """:returns: ``message``, damaged once or several times; now and then whole."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 5))):
        message = random.choice(_FAULTS)(random, message)
    data = (
        message.encode(errors="surrogatepass") if random.random() < 0.95 else message.encode("utf-16", errors="replace")
    )
    for _ in range(random.choice((0, 0, 0, 0, 1, 2, 8))):
        data = _flip(random, data)
    return data[:60_000]


def _more(random: Random, method: str, dialog: Dialog) -> list[str]:
    own = f"{dialog.call_id};to-tag={dialog.to_tag or 'x'};from-tag={dialog.from_tag}"
    found = {
        "REFER": ["Refer-To: <sip:+33199000003@127.0.0.1>", "Referred-By: <sip:a@127.0.0.1>"],
        "NOTIFY": ["Event: refer", "Subscription-State: active;expires=60"],
        "PRACK": ["RAck: 1 1 INVITE"],
        "UPDATE": ["Session-Expires: 1800;refresher=uas", "Supported: timer"],
        "INVITE": ["Session-Expires: 1800", "Min-SE: 90", "Supported: timer,100rel,replaces", "Allow: INVITE, BYE"],
    }.get(method, [])
    if method == "INVITE" and random.random() < 0.2:
        found = [*found, f"Replaces: {own}"]
    if random.random() < 0.2:
        found = [*found, "P-Asserted-Identity: <tel:+33199000002>", "Privacy: id", "Diversion: <tel:+331>"]
    return [*found, *(f"Record-Route: <sip:127.0.0.1:{dialog.port};lr>" for _ in range(random.choice((0, 0, 0, 1, 3))))]


def _body(random: Random, method: str) -> tuple[str, str]:
    if method in ("INVITE", "UPDATE", "ACK") and random.random() < 0.85:
        return "application/sdp", _sdp(random)
    return random.choice(_BODIES) if random.random() < 0.5 or method in ("INFO", "NOTIFY") else ("", "")


def _sdp(random: Random) -> str:
    lines = list(SDP if random.random() < 0.3 else SDP[: random.choice((13, 14, 14))])
    if random.random() < 0.2:
        lines[5] = lines[5].replace("RTP/AVP", random.choice(("RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF", "udptl")))
    if random.random() < 0.3:
        lines[13 if len(lines) > 13 else -1] = f"a={random.choice(('sendonly', 'recvonly', 'inactive'))}"
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        at = random.randrange(len(lines))
        match random.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, random.choice(lines))
            case 2:
                lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]
            case 3:
                lines[at] = lines[at].partition("=")[0] + "=" + random.choice(_NASTY)
            case _:
                lines[at] = _other_number(random, lines[at])
        if not lines:
            break
    return CRLF.join((*lines, ""))


def _with_body(lines: list[str], kind: str, text: str) -> str:
    if kind:
        lines = [*lines, f"Content-Type: {kind}"]
    return CRLF.join((*lines, f"Content-Length: {len(text.encode(errors='surrogatepass'))}", "", text))


# --- faults -----------------------------------------------------------------------------------------------


def _lines(change: Callable[[Random, list[str]], None]) -> Callable[[Random, str], str]:
    def fault(random: Random, message: str) -> str:
        lines = message.split(CRLF)
        change(random, lines)
        return CRLF.join(lines)

    return fault


def _drop(random: Random, lines: list[str]) -> None:
    del lines[random.randrange(len(lines))]


def _repeat(random: Random, lines: list[str]) -> None:
    at = random.randrange(len(lines))
    lines[at:at] = [lines[at]] * random.choice((1, 1, 2, 50))


def _swap(random: Random, lines: list[str]) -> None:
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _another_value(random: Random, lines: list[str]) -> None:
    at = random.randrange(len(lines))
    name, colon, value = lines[at].partition(":")
    kept = value[: random.randrange(len(value) + 1)] if random.random() < 0.3 else " "
    lines[at] = name + colon + kept + random.choice(_NASTY)


def _another_header(random: Random, lines: list[str]) -> None:
    lines.insert(random.randrange(1, max(2, len(lines))), f"{random.choice(_HEADERS)}: {random.choice(_NASTY)}")


def _without_name(random: Random, lines: list[str]) -> None:
    at = random.randrange(len(lines))
    lines[at] = lines[at].replace(":", random.choice(("", " ", "::", ":\t")), 1)


def _fold(random: Random, lines: list[str]) -> None:
    at = random.randrange(len(lines))
    lines[at] = lines[at].replace(" ", CRLF + random.choice((" ", "\t", "")), 1)


def _first_line(random: Random, lines: list[str]) -> None:
    words = ("SIP/2.0", "SIP/3.0", "sip/2.0", "HTTP/1.1", "", "INVITE", "sip:127.0.0.1", "200", random.choice(_NASTY))
    lines[0] = " ".join(random.choice((*words, *lines[0].split(" "))) for _ in range(random.choice((1, 2, 3, 3, 3, 4))))


def _numbers(random: Random, message: str) -> str:
    lines = message.split(CRLF)
    at = random.randrange(len(lines))
    lines[at] = _other_number(random, lines[at])
    return CRLF.join(lines)


def _other_number(random: Random, text: str) -> str:
    """A number that is no part of an address."""
    words = text.split(" ")
    numbers = [at for at, word in enumerate(words) if word.isdigit()]
    if numbers:
        words[random.choice(numbers)] = random.choice(("-1", "0", "65536", "4294967296", "9" * 40, "1.5", "", "x"))
    return " ".join(words)


def _cut(random: Random, message: str) -> str:
    return message[: random.randrange(len(message) + 1)]


def _line_ends(random: Random, message: str) -> str:
    return message.replace(CRLF, random.choice(("\n", "\r", "\n\r", "\r\r\n", "")), random.choice((1, 3, -1)))


def _append(random: Random, message: str) -> str:
    return message + random.choice((CRLF, "\0" * 20, "INVITE sip:a SIP/2.0\r\n\r\n", random.choice(_NASTY), "x" * 6000))


def _flip(random: Random, data: bytes) -> bytes:
    """Some bytes behind the first line, none of them a digit or a dot: an address stays what it is."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 6)):
        if changed:
            at = random.randrange(len(changed))
            if changed[at] not in b"0123456789.":
                changed[at] = random.choice((*range(0x30), *range(0x3A, 256)))
    return bytes(changed)


_FAULTS: tuple[Callable[[Random, str], str], ...] = (
    *map(_lines, (_drop, _drop, _repeat, _swap, _another_value, _another_value, _another_value, _another_header)),
    *map(_lines, (_another_header, _another_header, _without_name, _fold, _first_line)),
    *(_numbers, _numbers, _cut, _line_ends, _append),
)
