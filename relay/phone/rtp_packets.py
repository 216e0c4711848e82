"""RTP, RTCP and telephone-event bytes (RFC 3550, RFC 4733) as a telephone needs them. Pure."""

import struct
from typing import NamedTuple

RTP_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_REPORT = struct.Struct("!IB3sIIII")
DTMF_DIGITS = "0123456789*#ABCD"
EVENT_VOLUME = 10  # -dBm0
SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203
NTP_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970


class RtpPacket(NamedTuple):
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False


class Payload(NamedTuple):
    """
    One packet of sound as it came.

    :param timestamp: in units of the codec's clock. :param lost: packets that are missing right before this one.
    :param marker: a talkspurt begins.
    """

    data: bytes
    timestamp: int
    lost: int = 0
    marker: bool = False


class DtmfEvent(NamedTuple):
    """:param duration: in units of the event's clock (125 µs or 21 µs) since the event began."""

    digit: str
    end: bool
    duration: int


class ReportBlock(NamedTuple):
    """What the peer says of our stream. ``fraction_lost`` in 0…1, ``jitter`` in timestamp units."""

    ssrc: int
    fraction_lost: float
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_sr: int


def build_rtp(packet: RtpPacket) -> bytes:
    marker_type = packet.marker << 7 | packet.payload_type
    header = RTP_HEADER.pack(
        0x80, marker_type, packet.sequence & 0xFFFF, packet.timestamp & 0xFFFFFFFF, packet.ssrc & 0xFFFFFFFF
    )
    return header + packet.payload


def parse_rtp(data: bytes) -> RtpPacket | None:
    """:returns: None for anything that is not a whole RTP packet of version 2."""
    if len(data) < RTP_HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = RTP_HEADER.unpack_from(data)
    start = RTP_HEADER.size + 4 * (first & 0x0F)
    end = len(data)
    if first & 0x10 and len(data) >= start + 4:  # header extension
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:  # padding
        end -= data[-1]
    if first >> 6 != 2 or start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


def newer(sequence: int, than: int) -> bool:
    """Whether a 16-bit sequence number comes after another (RFC 1982)."""
    return 0 < (sequence - than) & 0xFFFF < 0x8000


def build_event(event: DtmfEvent) -> bytes:
    return _EVENT.pack(DTMF_DIGITS.index(event.digit), event.end << 7 | EVENT_VOLUME, min(event.duration, 0xFFFF))


def parse_event(payload: bytes) -> DtmfEvent | None:
    if len(payload) < _EVENT.size:
        return None
    number, flags, duration = _EVENT.unpack_from(payload)
    if number >= len(DTMF_DIGITS):
        return None
    return DtmfEvent(DTMF_DIGITS[number], bool(flags & 0x80), duration)


class SentSoFar(NamedTuple):
    """:param timestamp: RTP time of now."""

    timestamp: int
    packets: int
    octets: int


def _ntp(now_s: float) -> int:
    return (int(now_s) + NTP_EPOCH_S & 0xFFFFFFFF) << 32 | int((now_s % 1) * (1 << 32))


def middle_ntp(now_s: float) -> int:
    """:returns: the 32 bits that reports name a moment by, in units of 1/65536 s."""
    return _ntp(now_s) >> 16 & 0xFFFFFFFF


def build_sender_report(ssrc: int, now_s: float, sent: SentSoFar, block: ReportBlock | None) -> bytes:
    """:param now_s: seconds since 1970, the wall clock that goes with ``sent.timestamp``."""
    sender = struct.pack(
        "!IQIII",
        ssrc,
        _ntp(now_s),
        sent.timestamp & 0xFFFFFFFF,
        sent.packets & 0xFFFFFFFF,
        sent.octets & 0xFFFFFFFF,
    )
    return _packet(SENDER_REPORT, 1 if block else 0, sender + (_build_block(block) if block else b""))


def build_receiver_report(ssrc: int, block: ReportBlock | None) -> bytes:
    return _packet(
        RECEIVER_REPORT, 1 if block else 0, struct.pack("!I", ssrc) + (_build_block(block) if block else b"")
    )


def build_description(ssrc: int, cname: str) -> bytes:
    """SDES with a CNAME; the caller passes a random one (RFC 7022), never a host name."""
    item = b"\x01" + bytes([len(cname)]) + cname.encode()
    chunk = struct.pack("!I", ssrc) + item
    return _packet(SOURCE_DESCRIPTION, 1, chunk + b"\0" * (4 - len(chunk) % 4))


def build_goodbye(ssrc: int) -> bytes:
    return _packet(GOODBYE, 1, struct.pack("!I", ssrc))


def parse_reports(data: bytes) -> tuple[int | None, list[ReportBlock]]:
    """:returns: of a compound packet, the middle 32 bits of its sender report's NTP time and its report blocks."""
    last_sr: int | None = None
    blocks: list[ReportBlock] = []
    while len(data) >= 8 and data[0] >> 6 == 2:
        kind, count, size = data[1], data[0] & 31, 4 * (int.from_bytes(data[2:4], "big") + 1)
        body, data = data[8:size], data[size:]
        if kind == SENDER_REPORT and len(body) >= 20:
            last_sr = int.from_bytes(body[2:6], "big")
            body = body[20:]
        elif kind != RECEIVER_REPORT:
            continue
        blocks.extend(_parse_block(body[i * _REPORT.size :]) for i in range(min(count, len(body) // _REPORT.size)))
    return last_sr, blocks


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _build_block(block: ReportBlock) -> bytes:
    return _REPORT.pack(
        block.ssrc,
        min(255, int(block.fraction_lost * 256)),
        max(-(1 << 23), min(block.packets_lost, (1 << 23) - 1)).to_bytes(3, "big", signed=True),
        block.highest_sequence & 0xFFFFFFFF,
        block.jitter,
        block.last_sr,
        block.delay_since_sr & 0xFFFFFFFF,
    )


def _parse_block(data: bytes) -> ReportBlock:
    ssrc, fraction, lost, highest, jitter, last_sr, delay = _REPORT.unpack_from(data)
    return ReportBlock(ssrc, fraction / 256, int.from_bytes(lost, "big", signed=True), highest, jitter, last_sr, delay)
