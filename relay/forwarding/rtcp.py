"""
RTCP, read and written by ourselves: RFC 3550 §6, RFC 4585, RFC 5104 (FIR), REMB draft.

aiortc's own parser refuses padded transport-wide feedback and drops the whole compound packet with it.
Malformed parts are skipped, never an exception: this runs on what the network sends.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from relay.forwarding.transport_feedback import ArrivalTimes, read_arrival_times

_SR, _RR, _SDES, _RTPFB, _PSFB = 200, 201, 202, 205, 206
_NACK, _TRANSPORT_CC = 1, 15
_PLI, _FIR, _APPLICATION = 1, 4, 15
_BLOCK = struct.Struct("!IIIIII")
_SENDER_INFO = struct.Struct("!IIIIII")
NTP_EPOCH_OFFSET = 2_208_988_800  # seconds from 1900 to 1970


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """:param fraction_lost: 0..255. :param jitter: in timestamp units. :param delay_since_last_sr: 1/65536 s."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """:param ntp: 64-bit NTP time of the source's clock."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packet_count: int
    octet_count: int


@dataclass(frozen=True, slots=True)
class Nack:
    media_ssrc: int
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """PLI or FIR: to a forwarder the same wish."""

    media_ssrc: int


@dataclass(frozen=True, slots=True)
class MaximumBitrate:
    """REMB: what the receiver thinks its line carries, of all streams together."""

    bitrate_bps: int


Message = ReportBlock | SenderReport | Nack | KeyFrameRequest | MaximumBitrate | ArrivalTimes


def parse(data: bytes) -> list[Message]:
    """:returns: what we act on, in order; the rest (SDES, BYE, APP, XR, what is unknown) is left out."""
    messages: list[Message] = []
    offset = 0
    while offset + 8 <= len(data) and data[offset] >> 6 == 2:
        size = 4 * ((data[offset + 2] << 8 | data[offset + 3]) + 1)
        part = data[offset : offset + size]
        if len(part) < size:
            break
        if part[0] & 0x20 and part[-1] <= size - 8:
            part = part[: size - part[-1]]
        messages += _parse_one(part)
        offset += size
    return messages


def _parse_one(part: bytes) -> Iterable[Message]:
    count, kind = part[0] & 0x1F, part[1]
    if kind == _SR and len(part) >= 28:
        ssrc, high, low, rtp_timestamp, packets, octets = _SENDER_INFO.unpack_from(part, 4)
        report = SenderReport(ssrc, high << 32 | low, rtp_timestamp, packets, octets)
        return [report, *_report_blocks(part, 28, count)]
    if kind == _RR:
        return _report_blocks(part, 8, count)
    if kind == _RTPFB and count == _NACK and len(part) >= 16:
        return [Nack(_word(part, 8), tuple(_nack_sequences(part)))]
    if kind == _RTPFB and count == _TRANSPORT_CC:
        times = read_arrival_times(part)
        return [times] if times is not None else ()
    if kind == _PSFB and count == _PLI and len(part) >= 12:
        return [KeyFrameRequest(_word(part, 8))]
    if kind == _PSFB and count == _FIR:
        return [KeyFrameRequest(_word(part, at)) for at in range(12, len(part) - 7, 8)]
    if kind == _PSFB and count == _APPLICATION and len(part) >= 20 and part[12:16] == b"REMB":
        return [MaximumBitrate((_word(part, 16) & 0x3FFFF) << (part[17] >> 2))]
    return ()


def _word(part: bytes, offset: int) -> int:
    return int.from_bytes(part[offset : offset + 4], "big")


def _report_blocks(part: bytes, offset: int, count: int) -> list[ReportBlock]:
    blocks = []
    for _ in range(count):
        if offset + _BLOCK.size > len(part):
            break
        ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(part, offset)
        lost = ((loss & 0xFFFFFF) ^ 0x800000) - 0x800000  # 24-bit signed
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
        offset += _BLOCK.size
    return blocks


def _nack_sequences(part: bytes) -> Iterable[int]:
    for at in range(12, len(part) - 3, 4):
        first, mask = struct.unpack_from("!HH", part, at)
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def ntp_time(now: float) -> int:
    """
    :param now: monotonic seconds: receivers compare reports of one sender only, and nobody sets this clock (§4).
    :returns: 64-bit NTP time.
    """
    return int((now + NTP_EPOCH_OFFSET) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def build_sender_report(report: SenderReport) -> bytes:
    body = _SENDER_INFO.pack(
        report.ssrc,
        report.ntp >> 32,
        report.ntp & 0xFFFF_FFFF,
        report.rtp_timestamp & 0xFFFF_FFFF,
        report.packet_count & 0xFFFF_FFFF,
        report.octet_count & 0xFFFF_FFFF,
    )
    return _header(_SR, 0, body) + body


def build_receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    body = struct.pack("!I", ssrc)
    for block in blocks[:31]:
        loss = (block.fraction_lost & 0xFF) << 24 | max(-0x800000, min(0x7FFFFF, block.packets_lost)) & 0xFFFFFF
        body += _BLOCK.pack(
            block.ssrc,
            loss,
            block.highest_sequence & 0xFFFF_FFFF,
            block.jitter & 0xFFFF_FFFF,
            block.last_sr,
            block.delay_since_last_sr & 0xFFFF_FFFF,
        )
    return _header(_RR, len(blocks[:31]), body) + body


def build_cname(ssrc: int, cname: str) -> bytes:
    """SDES with a CNAME: what ties the audio and video of one party together."""
    name = cname.encode()[:255]
    body = struct.pack("!IBB", ssrc, 1, len(name)) + name
    body += bytes(4 - len(body) % 4)  # at least one zero ends the list
    return _header(_SDES, 1, body) + body


def build_pli(ssrc: int, media_ssrc: int) -> bytes:
    body = struct.pack("!II", ssrc, media_ssrc)
    return _header(_PSFB, _PLI, body) + body


def build_nack(ssrc: int, media_ssrc: int, lost: Sequence[int]) -> bytes:
    """:param lost: sequence numbers, in ascending order (across the wrap)."""
    body = struct.pack("!II", ssrc, media_ssrc)
    at = 0
    while at < len(lost):
        first, mask = lost[at], 0
        at += 1
        while at < len(lost) and 0 < (lost[at] - first) & 0xFFFF <= 16:
            mask |= 1 << (((lost[at] - first) & 0xFFFF) - 1)
            at += 1
        body += struct.pack("!HH", first, mask)
    return _header(_RTPFB, _NACK, body) + body


def build_remb(ssrc: int, bitrate_bps: int, media_ssrcs: Sequence[int]) -> bytes:
    """Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 §2.2)."""
    exponent = max(0, bitrate_bps.bit_length() - 18)
    rate = exponent << 18 | bitrate_bps >> exponent
    body = struct.pack("!II", ssrc, 0) + b"REMB" + (len(media_ssrcs) << 24 | rate).to_bytes(4, "big")
    body += b"".join(media.to_bytes(4, "big") for media in media_ssrcs)
    return _header(_PSFB, _APPLICATION, body) + body


def build_transport_feedback(body: bytes) -> bytes:
    """:param body: from ``transport_feedback.TransportFeedback``, not yet padded to 32 bits."""
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    return _header(_RTPFB, _TRANSPORT_CC, body, padded=padding > 0) + body


def _header(kind: int, count: int, body: bytes, *, padded: bool = False) -> bytes:
    return struct.pack("!BBH", 0x80 | padded << 5 | count, kind, len(body) // 4)
