"""
From tapped RTP packets to whole coded frames, in order, tolerant of loss.

The tap carries the base temporal layer only and drops what the socket cannot take, so sequence numbers have holes that
are no loss. Within a frame they have none; between frames VP8's TL0PICIDX or picture id tells, for H.264 the sequence
number alone. After a loss frames are withheld until the next key frame, at most for ``KEY_FRAME_PATIENCE_S``: then a
picture with traces of the loss is better than none.

Pure: the arrival time is an argument. VP8: RFC 7741 §4.2; H.264: RFC 6184 §5.
"""

from collections.abc import Callable
from typing import NamedTuple

from relay.forwarding.rtp import parse_header

KEY_FRAME_PATIENCE_S = 0.5  # viewers who miss the same packet ask for a key frame, which comes within that time
MAX_FRAME_PACKETS = 512  # 600 kB; a frame that grows beyond is no frame
START_CODE = b"\x00\x00\x00\x01"
_NAL_IDR, _NAL_SPS, _STAP_A, _FU_A = 5, 7, 24, 28


class Fragment(NamedTuple):
    """
    One packet's share of a frame.

    :param data: for the decoder, without RTP and payload descriptor (H.264: Annex B).
    :param starts_frame: the frame begins here (H.264: may begin here).
    :param is_key: it starts a key frame.
    :param counter: what counts base-layer frames, with its modulus; None when the packet does not say.
    """

    data: bytes
    starts_frame: bool
    is_key: bool
    counter: tuple[int, int] | None


class CodedFrame(NamedTuple):
    """:param timestamp: RTP, 90 kHz."""

    data: bytes
    timestamp: int
    is_key: bool


class FrameAssembler:
    """
    One leg's packets in, whole frames out.

    :param parse: :func:`vp8_fragment` or :func:`h264_fragment`.
    """

    def __init__(self, parse: Callable[[bytes], Fragment | None]) -> None:
        self._parse = parse
        self._parts: list[Fragment] = []
        self._timestamp: int | None = None
        self._next_sequence: int | None = None  # the one that continues the frame
        self._broken = False  # this frame misses a packet
        self._next_counter: tuple[int, int] | None = None
        self._decodable = False
        self._lost_at: float | None = None
        self._had_key_frame = False

    def add(self, packet: bytes, now: float) -> CodedFrame | None:
        """
        :param packet: RTP. :param now: s, any monotonic clock.
        :returns: the frame that this packet completes, when a decoder can use it.
        """
        header = parse_header(packet)
        fragment = self._parse(packet[header.payload_start : header.payload_end]) if header else None
        if header is None or fragment is None:
            return None
        if header.timestamp != self._timestamp:
            self._begin(header.timestamp, header.sequence, fragment, now)
        elif header.sequence != self._next_sequence or len(self._parts) >= MAX_FRAME_PACKETS:
            self._broken = True
        self._next_sequence = (header.sequence + 1) & 0xFFFF
        if self._broken:
            self._lose(now)
        else:
            self._parts.append(fragment)
        return self._finish(now) if header.marker else None

    @property
    def is_decodable(self) -> bool:
        """False while what comes is withheld for want of a key frame."""
        return self._decodable

    def skip_to_key_frame(self, now: float) -> None:
        """The decoder has missed frames that this assembler gave out."""
        self._lose(now)

    def _begin(self, timestamp: int, sequence: int, first: Fragment, now: float) -> None:
        unfinished = bool(self._parts)
        counted_on = first.counter is not None and first.counter == self._next_counter
        continues = counted_on if first.counter is not None else sequence == self._next_sequence
        if unfinished or (self._timestamp is not None and not continues):
            self._lose(now)
        self._timestamp, self._parts, self._broken = timestamp, [], not first.starts_frame
        if first.counter is not None:
            value, modulus = first.counter
            self._next_counter = ((value + 1) % modulus, modulus)

    def _finish(self, now: float) -> CodedFrame | None:
        parts, self._parts = self._parts, []
        if self._broken or not parts or self._timestamp is None:
            return None
        is_key = parts[0].is_key
        if is_key:
            self._had_key_frame, self._decodable, self._lost_at = True, True, None
        elif self._lost_at is not None and self._had_key_frame and now - self._lost_at >= KEY_FRAME_PATIENCE_S:
            self._decodable, self._lost_at = True, None
        if not self._decodable:
            return None
        return CodedFrame(b"".join(part.data for part in parts), self._timestamp, is_key)

    def _lose(self, now: float) -> None:
        self._decodable = False
        if self._lost_at is None:
            self._lost_at = now


def vp8_fragment(payload: bytes) -> Fragment | None:
    """:returns: None when the payload descriptor is cut short or nothing follows it."""
    try:
        first, at = payload[0], 1
        counter: tuple[int, int] | None = None
        if first & 0x80:  # X: extended
            flags, at = payload[1], 2
            if flags & 0x80:  # I: picture id of 7 or 15 bits
                long = payload[at] & 0x80
                counter = (((payload[at] & 0x7F) << 8 | payload[at + 1]), 1 << 15) if long else (payload[at], 1 << 7)
                at += 2 if long else 1
            if flags & 0x40:  # L: TL0PICIDX counts base-layer frames, which are all we get
                counter = (payload[at], 1 << 8)
                at += 1
            at += 1 if flags & 0x30 else 0  # T and K share a byte
        starts = bool(first & 0x10) and not first & 0x07  # S and partition 0
        is_key = starts and not payload[at] & 0x01  # P bit of the frame tag, RFC 6386 §9.1
    except IndexError:
        return None
    return Fragment(payload[at:], starts, is_key, counter) if at < len(payload) else None


def h264_fragment(payload: bytes) -> Fragment | None:
    """:returns: None for what is cut short or is a packetisation that browsers do not use."""
    if len(payload) < 2:
        return None
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        starts = bool(payload[1] & 0x80)
        rebuilt = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
        data = (START_CODE + rebuilt if starts else b"") + payload[2:]
        return Fragment(data, starts, starts and payload[1] & 0x1F == _NAL_IDR, None)
    if kind == _STAP_A:
        units = _stap_units(payload)
        is_key = any(unit[0] & 0x1F in (_NAL_IDR, _NAL_SPS) for unit in units)
        return Fragment(b"".join(START_CODE + unit for unit in units), True, is_key, None) if units else None
    if 0 < kind < _STAP_A:
        return Fragment(START_CODE + payload, True, kind in (_NAL_IDR, _NAL_SPS), None)
    return None


def _stap_units(payload: bytes) -> list[bytes]:
    """:returns: the NAL units inside a STAP-A; empty when a length does not fit."""
    units: list[bytes] = []
    at = 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        unit = payload[at + 2 : at + 2 + size]
        if size == 0 or len(unit) != size:
            return []
        units.append(unit)
        at += 2 + size
    return units
