"""How late sound comes out of a bridge: what came out is found in what went in, packet by packet. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE

SEGMENT = 25  # packets that are looked up together, 0.5 s
SEARCH_S = 1.5  # the longest delay that is found
ALIKE = 0.7  # correlation of a segment with what it was made of
QUIET = 100.0  # RMS; a silent segment could be anything


class Packet(NamedTuple):
    """:param at: when it was sent or received, s. :param sound: its 20 ms at 8 kHz, decoded."""

    at: float
    sound: PCM


class Delay(NamedTuple):
    """:param at: when the packet came out. :param seconds: since its first sample had gone in."""

    at: float
    seconds: float


def delays(sent: Sequence[Packet], received: Sequence[Packet]) -> list[Delay]:
    """
    For each packet received how long ago its first sample could have been sent on, had the bridge no delay at all.

    A packet holds 20 ms that were all there when it was sent; so a bridge that hands packets on at once has none.
    """
    said = np.concatenate([packet.sound for packet in sent]).astype(np.float64)
    found: list[Delay] = []
    for first in range(0, len(received) - SEGMENT + 1, SEGMENT):
        segment = received[first : first + SEGMENT]
        begin = _search(sent, segment)
        position = _find(np.concatenate([packet.sound for packet in segment]), said[begin:])
        if position is not None:
            found += [_delay(sent, packet, begin + position + i * PHONE_FRAME) for i, packet in enumerate(segment)]
    return found


def _search(sent: Sequence[Packet], segment: Sequence[Packet]) -> int:
    """:returns: the sample from which on the segment is looked for."""
    earliest = segment[0].at - SEARCH_S
    return next((i for i, packet in enumerate(sent) if packet.at >= earliest), 0) * PHONE_FRAME


def _find(segment: PCM, said: NDArray[np.float64]) -> int | None:
    said = said[: len(segment) + round((SEARCH_S + 0.1) * PHONE_RATE)]
    heard = segment.astype(np.float64)
    if len(said) < len(heard) or np.sqrt(np.mean(heard**2)) < QUIET:
        return None
    products = np.correlate(said, heard, "valid")
    energy = np.cumsum(np.concatenate([[0.0], said**2]))
    norms = np.sqrt((energy[len(heard) :] - energy[: -len(heard)]) * (heard @ heard)) + 1e-9
    best = int(np.argmax(products / norms))
    return best if products[best] / norms[best] > ALIKE else None


def _delay(sent: Sequence[Packet], packet: Packet, sample: int) -> Delay:
    index, offset = divmod(sample, PHONE_FRAME)
    index = min(index, len(sent) - 1)
    return Delay(packet.at, packet.at - sent[index].at - offset / PHONE_RATE)


class Recovery(NamedTuple):
    """
    :param seconds: until the delay was again what it had been, and stayed so; None: it never was.
    :param left_s: what was more than before at the end; nothing heard counts as the longest delay that is found.
    """

    seconds: float | None
    left_s: float


def recovery(before: Sequence[Delay], after: Sequence[Delay], since: float, tolerance_s: float = 0.002) -> Recovery:
    """
    By the lower quartile of half a second: what a busy machine adds comes and goes, what a buffer holds stays.

    :param before: of the undisturbed line. :param after: of what came out after ``since``, when the disturbance ended.
    """
    groups = [after[start : start + SEGMENT] for start in range(0, len(after), SEGMENT)]
    if not before or not groups:
        return Recovery(None, SEARCH_S)
    usual = _least_s(before)
    left = _least_s(groups[-1]) - usual
    late = [i for i, group in enumerate(groups) if _least_s(group) > usual + tolerance_s]
    if not late:
        return Recovery(0.0, left)
    return Recovery(None if late[-1] == len(groups) - 1 else groups[late[-1]][-1].at - since, left)


def worse(found: Sequence[Recovery]) -> Recovery:
    """Of several directions; never is worst."""
    times = [each.seconds for each in found]
    known = [each for each in times if each is not None]
    return Recovery(max(known) if len(known) == len(times) else None, max(each.left_s for each in found))


def _least_s(found: Sequence[Delay]) -> float:
    return float(np.percentile([delay.seconds for delay in found], 25))
