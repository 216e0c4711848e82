"""
Datagrams that no honest peer sends: what a port on the open internet meets, and what a broken or hostile participant
with a valid session could send. Pure; seeded by the caller's ``Random``.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from relay.forwarding.streams import (
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_MID,
    EXTENSION_TRANSPORT_CC,
    H264,
    H264_RTX,
    OPUS,
    VP8,
    VP8_RTX,
)

MAGIC_COOKIE = 0x2112A442
RTCP_LIMIT = 1300  # bytes, what pylibsrtp protects
_STUN_TYPES = (0x0001, 0x0011, 0x0101, 0x0111, 0x0003, 0x0113, 0x0017, 0x3FFF)
_STUN_ATTRIBUTES = (0x0001, 0x0006, 0x0008, 0x0009, 0x0013, 0x0014, 0x0020, 0x0024, 0x0025, 0x8022, 0x8028, 0x802A)
_RTCP_TYPES = (200, 201, 202, 203, 204, 205, 206, 207, 192, 223)


# --- without a session ------------------------------------------------------------------------------------


def datagram(random: Random) -> bytes:
    """Anything; the protocols that share the port (RFC 7983) in turn."""
    made: bytes = random.choice((_noise, _stun, _stun, _dtls, _dtls, _srtp_like, _srtcp_like, _channel_data))(random)
    return _cut(random, made) if random.random() < 0.2 else made


def _noise(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 0, 1, 2, 3, 7, 11, 12, 20, 100, 1400, 2047, 2048, 2049, 8000)))


def _stun(random: Random) -> bytes:
    attributes = b"".join(_stun_attribute(random) for _ in range(random.randrange(6)))
    length = len(attributes) if random.random() < 0.8 else random.getrandbits(16)
    cookie = MAGIC_COOKIE if random.random() < 0.9 else random.getrandbits(32)
    head = struct.pack("!HHI", random.choice(_STUN_TYPES), length, cookie)
    return head + random.randbytes(12) + attributes


def _stun_attribute(random: Random) -> bytes:
    value = random.randbytes(random.choice((0, 1, 2, 3, 4, 8, 20, 21, 64)))
    length = len(value) if random.random() < 0.8 else random.randrange(1 << 16)
    return struct.pack("!HH", random.choice(_STUN_ATTRIBUTES), length) + value + bytes(-len(value) % 4)


def _dtls(random: Random) -> bytes:
    """Records with wrong epochs, lengths, fragments; plain alerts; half a ClientHello."""
    body = random.randbytes(random.choice((0, 1, 2, 13, 60, 600)))
    kind = random.choice((20, 21, 22, 23, 24, 63))
    if kind == 21:
        body = bytes((random.choice((1, 2)), random.randrange(256)))
    elif kind == 22:
        whole, at, here = (random.choice((0, len(body), 1 << 23)) for _ in range(3))
        fragment = whole.to_bytes(3, "big") + random.randbytes(2) + at.to_bytes(3, "big") + here.to_bytes(3, "big")
        body = bytes((random.choice((1, 2, 11, 14, 20)),)) + fragment + body
    version = random.choice((0xFEFD, 0xFEFF, 0xFEFC, 0x0303))
    length = len(body) if random.random() < 0.8 else random.getrandbits(16)
    return struct.pack("!BHHHIH", kind, version, random.randrange(3), 0, random.getrandbits(32), length) + body


def _srtp_like(random: Random) -> bytes:
    payload_type = random.choice((OPUS, VP8, VP8_RTX, H264, H264_RTX, random.randrange(128)))
    return bytes((random.randrange(128, 192), payload_type)) + random.randbytes(random.choice((0, 9, 10, 40, 1200)))


def _srtcp_like(random: Random) -> bytes:
    return bytes((random.randrange(128, 192), random.randrange(192, 224))) + random.randbytes(random.randrange(80))


def _channel_data(random: Random) -> bytes:
    return struct.pack("!HH", random.randrange(0x4000, 0x5000), random.getrandbits(16)) + random.randbytes(40)


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


# --- inside a session -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """
    What a participant knows of its own leg.

    :param sending: SSRCs it sends (audio, video, RTX…). :param receiving: SSRCs it was offered.
    """

    sending: tuple[int, ...]
    receiving: tuple[int, ...]


def rtp(random: Random, real: Sequence[bytes]) -> bytes:
    """:param real: packets as they were sent. :returns: one of them, damaged once or several times."""
    packet = bytearray(random.choice(real))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        random.choice(_RTP_FAULTS)(random, packet)
    return bytes(packet)


def _flip(random: Random, packet: bytearray) -> None:
    for _ in range(random.randrange(1, 8)):
        if len(packet) > 12:
            packet[random.randrange(12, len(packet))] = random.randrange(256)


def _truncate(random: Random, packet: bytearray) -> None:
    del packet[random.randrange(12, len(packet) + 1) :]


def _padding(random: Random, packet: bytearray) -> None:
    packet[0] |= 0x20
    packet[-1] = random.choice((0, 1, 2, 255, min(255, len(packet) - 12), len(packet) & 0xFF))


def _csrcs(random: Random, packet: bytearray) -> None:
    packet[0] = packet[0] & 0xF0 | random.randrange(16)


def _extension_length(random: Random, packet: bytearray) -> None:
    at = 12 + 4 * (packet[0] & 0x0F)
    if len(packet) >= at + 4:
        packet[0] |= 0x10
        words = (len(packet) - at - 4) // 4
        packet[at + 2 : at + 4] = random.choice((0, 1, words, max(0, words - 1))).to_bytes(2, "big")


def _extension_elements(random: Random, packet: bytearray) -> None:
    """An extension block of our own making, its elements longer than itself."""
    ids = (EXTENSION_MID, EXTENSION_AUDIO_LEVEL, EXTENSION_TRANSPORT_CC, 0, 14, 15)
    two_byte = random.random() < 0.3
    body = bytearray()
    for _ in range(random.randrange(1, 6)):
        length = random.randrange(16)
        head = (random.choice(ids), random.randrange(256)) if two_byte else (random.choice(ids) << 4 | length,)
        body += bytes(head) + random.randbytes(random.choice((length + 1, length, 0)))
    body += bytes(-len(body) % 4)
    at = 12 + 4 * (packet[0] & 0x0F)
    packet[0] |= 0x10
    packet[at:at] = struct.pack("!HH", 0x1000 if two_byte else 0xBEDE, len(body) // 4) + body


def _payload_type(random: Random, packet: bytearray) -> None:
    kinds = (OPUS, VP8, VP8_RTX, H264, H264_RTX, random.randrange(128))
    packet[1] = packet[1] & 0x80 | random.choice([kind for kind in kinds if not 64 <= kind < 96])  # those are RTCP's


def _timestamp(random: Random, packet: bytearray) -> None:
    packet[4:8] = random.randbytes(4)


def _payload(random: Random, packet: bytearray) -> None:
    """Payload descriptors cut short or with every flag set, H.264 aggregates with wrong sizes."""
    at = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10 and len(packet) >= at + 4:
        at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
    descriptor = bytes((random.choice((0x90, 0x80, 0xFF, 0x10, 0x18, 0x1C, 0x7C, 0x67)), random.randrange(256)))
    packet[at:] = (descriptor + random.randbytes(8))[: random.randrange(11)]


_RTP_FAULTS: tuple[Callable[[Random, bytearray], None], ...] = (
    _flip,
    _truncate,
    _padding,
    _csrcs,
    _extension_length,
    _extension_elements,
    _payload_type,
    _timestamp,
    _payload,
)


def rtx(random: Random, real: Sequence[bytes], ssrc: int, sequence: int) -> bytes:
    """Retransmissions of what was never sent, of nothing, of themselves."""
    packet = bytearray(random.choice(real))
    if random.random() < 0.5:
        random.choice(_RTP_FAULTS)(random, packet)
    packet[1] = packet[1] & 0x80 | random.choice((VP8_RTX, VP8_RTX, H264_RTX))
    packet[2:4] = (sequence & 0xFFFF).to_bytes(2, "big")
    packet[8:12] = ssrc.to_bytes(4, "big")
    return bytes(packet)


def rtcp(random: Random, target: Target) -> bytes:
    """A compound packet of one to four parts, some with wrong lengths, counts, padding and bodies."""
    made = b"".join(_rtcp_part(random, target) for _ in range(random.choice((1, 1, 2, 3, 4))))
    made = _cut(random, made) if random.random() < 0.15 else made
    return made[:RTCP_LIMIT].ljust(8, b"\0")  # SRTCP needs a whole first header


def _rtcp_part(random: Random, target: Target) -> bytes:
    kind, count, body = random.choice((_nack, _nack, _remb, _transport_cc, _transport_cc, _pli, _reports, _any))(
        random, target
    )
    count = count if random.random() < 0.8 else random.randrange(32)
    body += bytes(-len(body) % 4)
    words = len(body) // 4 if random.random() < 0.8 else random.choice((0, 1, 2, 200, 0xFFFF))
    is_padded = random.random() < 0.15
    if is_padded and body:
        body = body[:-1] + bytes((random.choice((0, 1, 3, 4, 8, 255)),))
    return struct.pack("!BBH", 0x80 | is_padded << 5 | count, kind, words) + body


def _ssrc(random: Random, target: Target) -> bytes:
    known = target.sending + target.receiving
    return random.choice((*known, random.getrandbits(32))).to_bytes(4, "big")


def _nack(random: Random, target: Target) -> tuple[int, int, bytes]:
    return 205, 1, _ssrc(random, target) + _ssrc(random, target) + random.randbytes(random.choice((0, 2, 4, 64, 1000)))


def _remb(random: Random, target: Target) -> tuple[int, int, bytes]:
    ssrcs = b"".join(_ssrc(random, target) for _ in range(random.randrange(4)))
    body = b"REMB" + bytes((random.randrange(256),)) + random.randbytes(3) + ssrcs
    return 206, 15, _ssrc(random, target) + bytes(4) + body


def _transport_cc(random: Random, target: Target) -> tuple[int, int, bytes]:
    status = struct.pack("!HH", random.getrandbits(16), random.choice((0, 1, 7, 100, 0xFFFF)))
    rest = random.randbytes(4) + random.randbytes(random.choice((0, 1, 2, 5, 40, 300)))
    return 205, 15, _ssrc(random, target) + _ssrc(random, target) + status + rest


def _pli(random: Random, target: Target) -> tuple[int, int, bytes]:
    return 206, random.choice((1, 4)), _ssrc(random, target) + _ssrc(random, target) + random.randbytes(8)


def _reports(random: Random, target: Target) -> tuple[int, int, bytes]:
    blocks = b"".join(_ssrc(random, target) + random.randbytes(20) for _ in range(random.randrange(4)))
    sender = random.randbytes(20) if (is_sender := random.random() < 0.5) else b""
    return 200 if is_sender else 201, len(blocks) // 24, _ssrc(random, target) + sender + blocks


def _any(random: Random, target: Target) -> tuple[int, int, bytes]:
    return random.choice(_RTCP_TYPES), random.randrange(32), _ssrc(random, target) + random.randbytes(60)
