"""RTP packets made by hand for tests of the forwarding."""

import struct
from typing import Any

from relay.forwarding.inbound import MediaPacket
from relay.forwarding.rtp import RtpHeader, parse_header
from relay.forwarding.streams import OPUS, VP8, Stream


def rtp(
    *,
    payload_type: int = OPUS,
    sequence: int = 0,
    timestamp: int = 0,
    ssrc: int = 1,
    payload: bytes = b"payload",
    marker: bool = False,
    extensions: dict[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    """:param extensions: id -> data, in the one-byte form of RFC 8285."""
    flags = 0x80 | (0x10 if extensions else 0) | (0x20 if padding else 0)
    packet = struct.pack("!BBHII", flags, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    if extensions:
        body = b"".join(bytes([key << 4 | len(value) - 1]) + value for key, value in extensions.items())
        body += bytes(-len(body) % 4)
        packet += struct.pack("!HH", 0xBEDE, len(body) // 4) + body
    packet += payload
    return packet + bytes(padding - 1) + bytes([padding]) if padding else packet


def header_of(packet: bytes) -> RtpHeader:
    header = parse_header(packet)
    assert header is not None
    return header


def vp8_payload(
    picture_id: int | None = None,
    *,
    bits: int = 15,
    tl0: int | None = None,
    temporal_id: int | None = None,
    sync: bool = False,
    key: bool,
) -> bytes:
    """
    A first packet of a frame: descriptor (RFC 7741 §4.2) and the beginning of a frame tag.

    :param sync: Y bit: the picture needs the base layer only.
    """
    flags = (0x80 if picture_id is not None else 0) | (0x40 if tl0 is not None else 0)
    flags |= 0x20 if temporal_id is not None else 0
    descriptor = bytes([0x90, flags]) if flags else bytes([0x10])
    if picture_id is not None:
        descriptor += struct.pack("!H", 0x8000 | picture_id) if bits == 15 else bytes([picture_id])
    if tl0 is not None:
        descriptor += bytes([tl0])
    if temporal_id is not None:
        descriptor += bytes([temporal_id << 6 | sync << 5])
    return descriptor + (b"\x10" if key else b"\x11") + b"frame"


def vp8(sequence: int, timestamp: int = 0, *, key: bool = False, ssrc: int = 1, **descriptor: Any) -> MediaPacket:
    payload = vp8_payload(key=key, **descriptor)
    return media(
        rtp(payload_type=VP8, sequence=sequence, timestamp=timestamp, ssrc=ssrc, payload=payload), stream="video"
    )


def media(packet: bytes, stream: Stream = "audio") -> MediaPacket:
    return MediaPacket(stream, packet, header_of(packet))
