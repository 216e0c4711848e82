"""
Reading RTP packets (RFC 3550, RFC 8285) without building objects for what is not needed.

Decides what a header says. What happens to a packet belongs to ``rewrite`` and ``outbound``.
"""

import struct
from typing import Final

MINIMUM_HEADER: Final = 12  # bytes, RFC 3550 §5.1
NEW_LIFE_S: Final = 10.0  # a timestamp this far from the newest one: its sender has begun again
_FIXED: Final = struct.Struct("!BBHII")
_ONE_BYTE_PROFILE: Final = 0xBEDE
_TWO_BYTE_PROFILE: Final = 0x1000


class RtpHeader:
    """
    :param payload_start: first byte after header, CSRCs and extension.
    :param payload_end: one past the last payload byte, padding left out.
    """

    __slots__ = ("marker", "payload_end", "payload_start", "payload_type", "sequence", "ssrc", "timestamp")

    def __init__(
        self,
        payload_type: int,
        marker: bool,
        sequence: int,
        timestamp: int,
        *,
        ssrc: int,
        payload_start: int,
        payload_end: int,
    ) -> None:
        self.payload_type = payload_type
        self.marker = marker
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload_start = payload_start
        self.payload_end = payload_end


def is_media(first_byte: int) -> bool:
    """RTP or RTCP rather than STUN or DTLS (RFC 7983 §7)."""
    return 127 < first_byte < 192


def is_rtcp(data: bytes | memoryview) -> bool:
    """RTP and RTCP on one port (RFC 5761 §4): packet types 192 to 223 are RTCP."""
    return len(data) > 1 and 191 < data[1] < 224


def parse_header(packet: bytes) -> RtpHeader | None:
    """:returns: None for anything that is not a whole RTP packet."""
    size = len(packet)
    if size < MINIMUM_HEADER:
        return None
    flags, marker_type, sequence, timestamp, ssrc = _FIXED.unpack_from(packet)
    if flags >> 6 != 2:
        return None
    start = MINIMUM_HEADER + 4 * (flags & 0x0F)
    if flags & 0x10:
        if start + 4 > size:
            return None
        start += 4 + 4 * (packet[start + 2] << 8 | packet[start + 3])
    end = size - packet[-1] if flags & 0x20 else size
    if start > end or (flags & 0x20 and packet[-1] == 0):
        return None
    return RtpHeader(
        marker_type & 0x7F, marker_type > 127, sequence, timestamp, ssrc=ssrc, payload_start=start, payload_end=end
    )


def find_extension(packet: bytes | bytearray, wanted: int) -> tuple[int, int] | None:
    """
    Where a header extension's data lies (RFC 8285, one- and two-byte forms).

    :returns: offset and length in bytes, or None when the packet does not carry it.
    """
    if not packet[0] & 0x10:
        return None
    offset = MINIMUM_HEADER + 4 * (packet[0] & 0x0F)
    profile = packet[offset] << 8 | packet[offset + 1]
    end = offset + 4 + 4 * (packet[offset + 2] << 8 | packet[offset + 3])
    offset += 4
    if profile == _ONE_BYTE_PROFILE:
        return _find_one_byte(packet, offset, end, wanted)
    if profile & 0xFFF0 == _TWO_BYTE_PROFILE:
        return _find_two_byte(packet, offset, end, wanted)
    return None


def with_extension(packet: bytes, wanted: int, value: bytes) -> bytes:
    """:returns: with another value of this extension, where the packet carries it and the length is the same."""
    found = find_extension(packet, wanted)
    if found is None or found[1] != len(value):
        return packet
    at = found[0]
    return packet[:at] + value + packet[at + len(value) :]


def _find_one_byte(packet: bytes | bytearray, offset: int, end: int, wanted: int) -> tuple[int, int] | None:
    while offset < end:
        head = packet[offset]
        if head == 0:  # padding
            offset += 1
            continue
        length = (head & 0x0F) + 1
        if head >> 4 == wanted and offset + 1 + length <= end:
            return offset + 1, length
        if head >> 4 == 15:  # reserved: stop reading (§4.2)
            return None
        offset += 1 + length
    return None


def _find_two_byte(packet: bytes | bytearray, offset: int, end: int, wanted: int) -> tuple[int, int] | None:
    while offset + 1 < end:
        if packet[offset] == 0:
            offset += 1
            continue
        length = packet[offset + 1]
        if packet[offset] == wanted and offset + 2 + length <= end:
            return offset + 2, length
        offset += 2 + length
    return None


def audio_level(packet: bytes, extension_id: int) -> float | None:
    """
    The sender's own measure of loudness (RFC 6464).

    :returns: 0..1 linear (W3C audioLevel), None when the packet does not say.
    """
    found = find_extension(packet, extension_id)
    if found is None:
        return None
    dbov = packet[found[0]] & 0x7F
    return 0.0 if dbov == 127 else float(10 ** (-dbov / 20))


def sequence_delta(newer: int, older: int) -> int:
    """:returns: signed distance from ``older`` to ``newer`` across the wrap, -32768..32767."""
    return ((newer - older + 0x8000) & 0xFFFF) - 0x8000


def timestamp_delta(newer: int, older: int) -> int:
    return ((newer - older + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


def is_new_life(timestamp: int, newest: int, clock_rate: int) -> bool:
    return abs(timestamp_delta(timestamp, newest)) > NEW_LIFE_S * clock_rate


def begins_frame(timestamp: int, newest: int, clock_rate: int) -> bool:
    """
    Newer than the newest frame so far, or so far from it that the stream has a new life: no packet comes that late, and
    one stray timestamp must not make all that follow look old.
    """
    return timestamp_delta(timestamp, newest) > 0 or is_new_life(timestamp, newest, clock_rate)
