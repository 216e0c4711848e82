"""
Packets between our own processes: media worker ↔ phone worker (audio), media worker → visibility worker (tap), which
asks for key frames.

One Unix datagram holds an 18-byte header and a plaintext (decrypted) RTP packet, or JSON for ``STATS``::

    0      version (1)
    1      kind << 4 | leg: 0 signer, 1 agent, 2 second
    2..17  call key: BLAKE2s-128 of the call_id

The sockets are non-blocking on the sending side: what the receiver cannot take at once is dropped, never queued,
so that nothing here can slow the forwarding down.
"""

import hashlib
import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from relay.model import WEB_LEGS, WebLeg

VERSION = 1
HEADER = struct.Struct("!BB16s")
HEADER_SIZE = HEADER.size
BATCH_LIMIT = 48_000  # bytes; below a receiver's 64 KiB and well below the send buffer
_LENGTH = struct.Struct("!H")


class Kind(IntEnum):
    AUDIO = 1  # Opus RTP: worker -> phone: from `leg`; phone -> worker: the mix for `leg`
    VP8 = 2  # tap: VP8 RTP packets of the base temporal layer from `leg`, a frame at a time (`batch`)
    H264 = 3
    STATS = 4  # tap: JSON of relay.model.TapStats about `leg`, once a second
    TEXT = 5  # T.140 text (UTF-8): worker -> phone: what `leg` wrote; phone -> worker: the phone party's, for `leg`
    KEY_FRAME = 6  # visibility -> worker: what the tap of `leg` brings cannot be decoded; no payload


class Datagram(NamedTuple):
    kind: Kind
    call_key: bytes
    leg: WebLeg
    payload: bytes


def call_key(call_id: str) -> bytes:
    """:returns: 16 bytes that stand for the call inside datagrams."""
    return hashlib.blake2s(call_id.encode(), digest_size=16).digest()


def header(kind: Kind, key: bytes, leg: WebLeg) -> bytes:
    return HEADER.pack(VERSION, kind << 4 | WEB_LEGS.index(leg), key)


def pack(kind: Kind, key: bytes, leg: WebLeg, payload: bytes) -> bytes:
    return header(kind, key, leg) + payload


def batch(packets: Iterable[bytes]) -> bytes:
    """Several packets as one payload: the kernel queues ten datagrams a socket, and a frame is more packets."""
    return b"".join(piece for packet in packets for piece in (_LENGTH.pack(len(packet)), packet))


def unbatch(payload: bytes) -> list[bytes]:
    """:returns: the packets; what is cut off at the end is left out."""
    packets, offset = [], 0
    while offset + _LENGTH.size <= len(payload):
        (length,) = _LENGTH.unpack_from(payload, offset)
        offset += _LENGTH.size
        if offset + length > len(payload):
            break
        packets.append(payload[offset : offset + length])
        offset += length
    return packets


def unpack(data: bytes) -> Datagram | None:
    """:returns: None for anything that is not ours (wrong version, short, unknown kind or leg)."""
    if len(data) < HEADER_SIZE:
        return None
    version, kind_leg, key = HEADER.unpack_from(data)
    kind, leg = kind_leg >> 4, kind_leg & 15
    if version != VERSION or kind not in Kind._value2member_map_ or leg >= len(WEB_LEGS):
        return None
    return Datagram(Kind(kind), key, WEB_LEGS[leg], data[HEADER_SIZE:])
