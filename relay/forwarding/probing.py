"""
Testing whether a line carries more than was ever sent over it. Pure.

A forwarder sends only what the sender makes, and the sender makes only what the estimate allows: without a test the
estimate would climb by 8 % a second at best. A probe is a short train of RTX padding sent at once (RFC 4588 §4; the
receiver throws it away); how far the line pulls it apart shows the capacity (packet train dispersion). Trains last at
most ``TRAIN_S`` at the rate tested, so that on the narrowest line they hold up a picture by less than two frames.
"""

from dataclasses import dataclass

PACKET_BYTES = 255  # most padding that RFC 3550 §5.1 can count
WIRE_BYTES = PACKET_BYTES + 64  # with headers, extension, SRTP trailer, UDP and IP
MINIMUM_PACKETS, MAXIMUM_PACKETS = 6, 40
STEP = 2.0  # tested rate, of the estimate
TRAIN_S = 0.03
SHARE = 0.85  # of what was measured: audio and others use the line too
SUCCESS = 1.2  # of the estimate before: then the next step follows at once
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 30.0  # after a test that showed nothing new, doubled each time
PATIENCE_S = 1.0  # for feedback
NARROWEST_SPREAD_S = 0.001  # finer than the clock ticks of receivers
ENOUGH = 0.7  # of a train must arrive


@dataclass
class _Train:
    first: int  # transport-wide sequence number
    count: int
    tested_bps: float
    estimate_bps: float
    sent_at: float


class Prober:
    """When to test, how large, and what came out. One test at a time."""

    def __init__(self) -> None:
        self._train: _Train | None = None
        self._arrivals: list[float] = []
        self._pause_s = FIRST_PAUSE_S
        self._next_at = 0.0
        self._tested_bps = 0.0  # by the train due

    def soon(self, now: float) -> None:
        """The line may have changed: test at the next chance."""
        self._pause_s = FIRST_PAUSE_S
        self._next_at = now

    def later(self, now: float) -> None:
        """The line is full just now."""
        self._next_at = max(self._next_at, now + FIRST_PAUSE_S)

    def packets_due(self, estimate_bps: float, maximum_bps: float, now: float) -> int:
        """:returns: how many padding packets to send now, each of ``PACKET_BYTES``."""
        if self._train is not None and now - self._train.sent_at > PATIENCE_S:
            self._finish(now)
        if self._train is not None or now < self._next_at or estimate_bps >= maximum_bps:
            return 0
        self._tested_bps = tested = min(STEP * estimate_bps, maximum_bps / SHARE)
        return max(MINIMUM_PACKETS, min(MAXIMUM_PACKETS, int(tested * TRAIN_S / 8 / WIRE_BYTES)))

    def sent(self, first: int, count: int, estimate_bps: float, now: float) -> None:
        self._arrivals = []
        self._train = _Train(first, count, self._tested_bps, estimate_bps, now)

    def arrived(self, sequence: int, arrived_at: float, now: float) -> float | None:
        """:returns: bit/s that the line is good for, when this was the last packet of a train and it showed more."""
        train = self._train
        if train is None or (place := (sequence - train.first) & 0xFFFF) >= train.count:
            return None
        self._arrivals.append(arrived_at)
        return self._finish(now) if place == train.count - 1 else None

    @property
    def is_waiting(self) -> bool:
        return self._train is not None

    def _finish(self, now: float) -> float | None:
        train, arrivals = self._train, self._arrivals
        self._train = None
        if train is None or len(arrivals) < max(2, ENOUGH * train.count):
            self._back_off(now)
            return None
        spread = max(max(arrivals) - min(arrivals), NARROWEST_SPREAD_S)
        measured = min((len(arrivals) - 1) * WIRE_BYTES * 8 / spread, train.tested_bps) * SHARE
        if measured < SUCCESS * train.estimate_bps:
            self._back_off(now)
        else:
            self._next_at = now
        return measured if measured > train.estimate_bps else None

    def _back_off(self, now: float) -> None:
        self._next_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
