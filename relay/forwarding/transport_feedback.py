"""
Transport-wide congestion feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1), written and read. Pure.

What the arrival times mean for the bitrate is decided in ``bandwidth``.
"""

import math
import struct
from dataclasses import dataclass
from typing import Final

from relay.forwarding.rtp import sequence_delta

STATUS_LIMIT: Final = 4096  # packets a message may speak of: beyond it, it is no browser that speaks
_NEVER: Final = math.inf
_TICKS_PER_S: Final = 4000  # 250 us
_REFERENCE_TICKS: Final = 256  # 64 ms


@dataclass(frozen=True, slots=True)
class ArrivalTimes:
    """
    :param base: transport-wide sequence number of the first packet.
    :param times: seconds of the receiver's clock, one for each packet from ``base`` on; None for a lost one.
    """

    base: int
    times: tuple[float | None, ...]


def read_arrival_times(part: bytes) -> ArrivalTimes | None:
    """:param part: one RTCP packet, padding removed. :returns: None when it is cut short or makes no sense."""
    if len(part) < 20:
        return None
    base, count, reference = struct.unpack_from("!HHI", part, 12)
    if not 0 < count <= STATUS_LIMIT:
        return None
    found = _read_symbols(part, count)
    return ArrivalTimes(base, times) if found and (times := _read_deltas(part, reference >> 8, *found)) else None


def _read_symbols(part: bytes, count: int) -> tuple[list[int], int] | None:
    """:returns: a status for each packet, and where the deltas begin; None when chunks are missing."""
    symbols: list[int] = []
    at, end = 20, len(part) - 1
    while len(symbols) < count:
        if at >= end:
            return None
        word = part[at] << 8 | part[at + 1]
        at += 2
        if not word & 0x8000:  # run length (§3.1.3)
            symbols += [word >> 13 & 3] * min(word & 0x1FFF, count - len(symbols))
            if not word & 0x1FFF:
                return None
        elif word & 0x4000:  # seven two-bit symbols (§3.1.4)
            symbols += [word >> shift & 3 for shift in (12, 10, 8, 6, 4, 2, 0)]
        else:  # fourteen one-bit symbols
            symbols += [word >> shift & 1 for shift in range(13, -1, -1)]
    del symbols[count:]
    return symbols, at


def _read_deltas(part: bytes, reference: int, symbols: list[int], at: int) -> tuple[float | None, ...] | None:
    clock = reference * _REFERENCE_TICKS
    times: list[float | None] = []
    try:
        for symbol in symbols:
            if symbol == 1:
                clock += part[at]
                at += 1
            elif symbol == 2:
                clock += ((part[at] << 8 | part[at + 1]) ^ 0x8000) - 0x8000
                at += 2
            else:
                times.append(None)
                continue
            times.append(clock / _TICKS_PER_S)
    except IndexError:
        return None
    return tuple(times)


class TransportFeedback:
    """
    Arrival times of one sender's packets, as the draft's §3.1 wants them.

    Two-bit status symbols only (§3.1.4): 14 bits name seven packets; run lengths would save little at 100 ms.
    """

    MAX_PACKETS: Final = 400  # per message: about 900 bytes

    def __init__(self) -> None:
        self._arrivals: list[tuple[int, float]] = []
        self._next: int | None = None  # first sequence number of the next message
        self._count = 0

    def add(self, sequence: int, now: float) -> None:
        """:param now: monotonic seconds."""
        if len(self._arrivals) < self.MAX_PACKETS:
            self._arrivals.append((sequence, now))

    def take(self, ssrc: int, media_ssrc: int) -> bytes | None:
        """:returns: the message body for ``rtcp.build_transport_feedback`` and begins the next; None when idle."""
        arrivals, self._arrivals = self._arrivals, []
        if not arrivals:
            return None
        base = self._next if self._next is not None else arrivals[0][0]
        if not 0 <= sequence_delta(arrivals[-1][0], base) <= self.MAX_PACKETS:
            base = min((sequence for sequence, _ in arrivals), key=lambda s: sequence_delta(s, arrivals[0][0]))
        times: list[float] = []  # from ``base`` on
        for sequence, arrival in arrivals:
            index = sequence_delta(sequence, base)
            if not 0 <= index <= self.MAX_PACKETS:
                continue
            while len(times) <= index:
                times.append(_NEVER)
            if times[index] == _NEVER:
                times[index] = arrival
        if not times:
            return None
        self._next = (base + len(times)) & 0xFFFF
        return self._body(ssrc, media_ssrc, base, times)

    def _body(self, ssrc: int, media_ssrc: int, base: int, times: list[float]) -> bytes:
        reference = int(min(times) * 1000) // 64  # 64 ms units
        clock = reference * _REFERENCE_TICKS
        symbols, deltas = [0] * (len(times) + -len(times) % 7), bytearray()
        for index, time in enumerate(times):
            if time == _NEVER:
                continue
            delta = int(time * _TICKS_PER_S) - clock
            if 0 <= delta <= 255:
                symbols[index] = 1
                deltas.append(delta)
            else:
                delta = max(-32768, min(32767, delta))
                symbols[index] = 2
                deltas += struct.pack("!h", delta)
            clock += delta
        counted = (reference & 0xFFFFFF) << 8 | self._count & 0xFF
        self._count += 1
        head = struct.pack("!IIHHI", ssrc, media_ssrc, base, len(times), counted)
        return head + _status_chunks(symbols) + bytes(deltas)


def _status_chunks(symbols: list[int]) -> bytes:
    chunks = []
    for at in range(0, len(symbols), 7):
        word = 0xC000  # status vector, two-bit symbols
        for place, symbol in enumerate(symbols[at : at + 7]):
            word |= symbol << (12 - 2 * place)
        chunks.append(word)
    return struct.pack(f"!{len(chunks)}H", *chunks)
