"""
What a bad line does to datagrams: when each leaves, how often, or never. Pure; ``line_process`` has sockets and clock.
"""

import random
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

OVERHEAD = 28  # bytes, IPv4 and UDP headers: they pass the line too


@dataclass(frozen=True)
class Way:
    """One direction of a line. Shares are 0..1 of the packets, each drawn for itself."""

    rate_kbps: float | None = None  # None: no bound
    queue_ms: float = 200.0  # what the queue before the line holds, in time; beyond it the newest is lost
    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # up to this much more delay, order kept
    loss: float = 0.0
    reorder: float = 0.0  # held back by ``reorder_ms``, so that later ones overtake
    reorder_ms: float = 20.0
    duplicate: float = 0.0


@dataclass
class Counts:
    """What a direction did so far. :param dropped: by the full queue. :param lost: by chance or while down."""

    taken: int = 0
    octets: int = 0
    delivered: int = 0
    lost: int = 0
    dropped: int = 0
    reordered: int = 0
    duplicated: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Shaper:
    """
    One direction.

    :param seed: same seed and same packets: same fate.
    """

    def __init__(self, way: Way, seed: int) -> None:
        self.way = way
        self.is_down = False
        self.counts = Counts()
        self._random = random.Random(seed)
        self._busy_until = 0.0
        self._last_delivery = 0.0

    def change(self, changes: dict[str, Any]) -> None:
        """:raises TypeError: no such property of a way."""
        self.way = replace(self.way, **changes)

    def send(self, size: int, now: float) -> tuple[float, ...]:
        """
        :param size: bytes of the datagram. :param now: seconds, never going back.
        :returns: when it arrives at the other end: empty when it never does, two times when it is duplicated.
        """
        way, counts, chance = self.way, self.counts, self._random
        counts.taken += 1
        counts.octets += size
        if self.is_down or chance.random() < way.loss:
            counts.lost += 1
            return ()
        leaves = self._through_the_bottleneck(size, now)
        if leaves is None:
            counts.dropped += 1
            return ()
        arrives = max(leaves + (way.delay_ms + chance.uniform(0, way.jitter_ms)) / 1000, self._last_delivery)
        self._last_delivery = arrives
        if chance.random() < way.reorder:
            counts.reordered += 1
            arrives += way.reorder_ms / 1000
        counts.delivered += 1
        if chance.random() >= way.duplicate:
            return (arrives,)
        counts.duplicated += 1
        return (arrives, arrives)

    def _through_the_bottleneck(self, size: int, now: float) -> float | None:
        if self.way.rate_kbps is None:
            return now
        begins = max(now, self._busy_until)
        if begins - now > self.way.queue_ms / 1000:
            return None
        self._busy_until = begins + (size + OVERHEAD) * 8 / (self.way.rate_kbps * 1000)
        return self._busy_until


def way_changes(way: Way) -> dict[str, Any]:
    return {field.name: getattr(way, field.name) for field in fields(way)}
