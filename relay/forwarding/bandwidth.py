"""
What a line carries, estimated from the arrival times of what was sent over it. Pure; time is given.

Google congestion control (draft-ietf-rmcat-gcc-02): additive and multiplicative increase, decrease when ``delay_trend``
sees a queue grow, a bound from loss. Left to others: which packets these are (``line``), testing whether more would
pass (``probing``), what to do with the figure (``adaptation``, ``relief``).
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from relay.forwarding.delay_trend import Signal, TrendDetector

ACKNOWLEDGED_WINDOW_S: Final = 0.5
ACKNOWLEDGED_MINIMUM_S: Final = 0.2  # less than this is no rate yet
DECREASE: Final = 0.85  # beta, draft §5.5
GENTLE_DECREASE, STANDING_QUEUE_S = 0.75, 0.1  # a sender that makes little shows little of a line whose queue is short
INCREASE_PER_S: Final = 1.08  # draft §5.5
APPLICATION_LIMIT: Final = 1.5  # of what is acknowledged: a line is not known to carry what nobody sent
APPLICATION_LIMIT_BPS: Final = 10_000
KNOWN_CAPACITY_LEFT: Final = 1.3  # acknowledging so much more than at the last decrease: it is another line now
RESPONSE_TIME_S: Final = 0.1  # of the sender, beside the round trip (draft §5.5)
LOSS_HIGH, LOSS_LOW = 0.10, 0.05  # draft §6: 10 % and 2 %; radio loses more than 2 % without any queue
LOSS_FLOOD: Final = 0.2  # so much is lost only where more is sent than passes: then what passed is the capacity
LOSS_INTERVAL_S: Final = 0.3
INCREASE_ALONE_PER_S: Final = 1.03  # where loss is all that is known
LOSS_MINIMUM_PACKETS: Final = 20
MINIMUM_BPS: Final = 30_000  # below it no picture passes at all


#: a packet: when it was sent, when it arrived by the receiver's clock (both s), its size on the wire in bytes
Arrival = tuple[float, float, int]


class AcknowledgedRate:
    """What arrived, over the last half second of the receiver's clock."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[float, int]] = deque()
        self._began_at = 0.0
        self._newest = -math.inf
        self._size = 0

    def add(self, arrivals: Sequence[Arrival]) -> None:
        kept, newest, bytes_kept = self._arrivals, self._newest, self._size
        for _, arrived_at, size in arrivals:
            if not -ACKNOWLEDGED_WINDOW_S <= arrived_at - newest <= ACKNOWLEDGED_WINDOW_S:
                kept.clear()
                bytes_kept = 0
                self._began_at = newest = arrived_at
            elif arrived_at > newest:
                newest = arrived_at
            kept.append((arrived_at, size))
            bytes_kept += size
        while kept and kept[0][0] < newest - ACKNOWLEDGED_WINDOW_S:
            bytes_kept -= kept.popleft()[1]
        self._newest, self._size = newest, bytes_kept

    @property
    def bps(self) -> float | None:
        """:returns: None while too little has arrived without a pause."""
        span = min(self._newest - self._began_at, ACKNOWLEDGED_WINDOW_S) if self._arrivals else 0.0
        return None if span < ACKNOWLEDGED_MINIMUM_S else self._size * 8 / span


class LossBound:
    """An upper bound from loss alone: what has short buffers shows no delay (draft §6)."""

    def __init__(self) -> None:
        self.bps = math.inf
        self.fraction_lost = 0.0  # of the last whole interval
        self._judged_at: float | None = None
        self._received = self._lost = 0

    def add(self, received: int, lost: int, bitrate_bps: float, passed_bps: float | None, now: float) -> None:
        """:param bitrate_bps: estimate in force. :param passed_bps: what the line was seen to carry."""
        self._received += received
        self._lost += lost
        if self._judged_at is None:
            self._judged_at = now
        total = self._received + self._lost
        if now - self._judged_at < LOSS_INTERVAL_S or total < LOSS_MINIMUM_PACKETS:
            return
        fraction, self._received, self._lost = self._lost / total, 0, 0
        self.judge(fraction, bitrate_bps, now)
        if fraction > LOSS_HIGH and passed_bps is not None:
            highest = passed_bps if fraction > LOSS_FLOOD else self.bps
            self.bps = max(MINIMUM_BPS, min(highest, max(self.bps, DECREASE * passed_bps)))

    def judge(self, fraction_lost: float, bitrate_bps: float, now: float) -> None:
        """:param bitrate_bps: estimate in force."""
        elapsed = min(1.0, now - self._judged_at) if self._judged_at is not None else LOSS_INTERVAL_S
        self._judged_at = now
        self.fraction_lost = fraction_lost
        if fraction_lost > LOSS_HIGH:
            self.bps = max(MINIMUM_BPS, bitrate_bps * (1 - 0.5 * fraction_lost))
        elif fraction_lost < LOSS_LOW:
            self.bps *= INCREASE_PER_S ** (2 * elapsed)

    def judge_alone(self, fraction_lost: float, bitrate_bps: float, now: float) -> None:
        """Where loss is all that is known: growth ends in a full queue, so grow slowly and fall below what passed."""
        elapsed = min(1.0, now - self._judged_at) if self._judged_at is not None else 0.0
        self._judged_at = now
        self.fraction_lost = fraction_lost
        if fraction_lost > LOSS_HIGH:
            self.bps = max(MINIMUM_BPS, DECREASE * (1 - fraction_lost) * bitrate_bps)
        elif fraction_lost < LOSS_LOW:
            self.bps *= INCREASE_ALONE_PER_S**elapsed

    def forget(self) -> None:
        self.bps, self._received, self._lost, self._judged_at = math.inf, 0, 0, None


class BandwidthEstimator:
    """
    :param start_bps: until feedback says otherwise. :param maximum_bps: more is never wanted.
    """

    def __init__(self, start_bps: float, maximum_bps: float) -> None:
        self.maximum_bps = maximum_bps
        self.loss = LossBound()
        self._delay_based_bps = min(start_bps, maximum_bps)
        self._detector = TrendDetector()
        self._acknowledged = AcknowledgedRate()
        self._capacity_bps: float | None = None  # acknowledged when the queue last grew
        self._decreased_at = -math.inf
        self._updated_at: float | None = None

    @property
    def bps(self) -> float:
        return max(MINIMUM_BPS, min(self._delay_based_bps, self.loss.bps, self.maximum_bps))

    @property
    def signal(self) -> Signal:
        return self._detector.signal

    def add(
        self,
        arrivals: Sequence[Arrival],
        lost: int,
        now: float,
        *,
        round_trip_s: float,
        queue_s: float = 0.0,
        busy_bps: float | None = None,
    ) -> None:
        """
        One feedback message.

        :param lost: packets it tells as not arrived.
        :param queue_s: how long packets wait in the line now.
        :param busy_bps: what came out of the line while packets waited in it, if they did.
        """
        self._acknowledged.add(arrivals)
        overused = self._detector.add(arrivals)
        passed = self._acknowledged.bps
        if passed is not None and busy_bps is not None:
            passed = max(passed, busy_bps)
        if overused:
            self._decrease(passed, now, queue_s, round_trip_s + RESPONSE_TIME_S)
        elif passed is not None and self._detector.signal == "normal":  # a queue that empties is let empty
            self._increase(passed, now, round_trip_s + RESPONSE_TIME_S)
        self._updated_at = now
        self.loss.add(len(arrivals), lost, self.bps, passed, now)

    def probed(self, bps: float) -> None:
        """The line was seen to carry this much."""
        if bps > self.bps:
            self._delay_based_bps = min(bps, self.maximum_bps)
            self._capacity_bps = None
            self.loss.forget()

    def resume(self, bps: float) -> None:
        """After an interruption: what was measured in it is no measure."""
        self._delay_based_bps = bps
        self._detector.reset()
        self._acknowledged = AcknowledgedRate()
        self._updated_at = None
        self.loss.forget()

    def _decrease(self, passed: float | None, now: float, queue_s: float, response_s: float) -> None:
        """:param passed: bit/s that the line is known to have carried just now."""
        if passed is None or now - self._decreased_at < response_s:
            return
        lowest = GENTLE_DECREASE * self._delay_based_bps if queue_s < STANDING_QUEUE_S else MINIMUM_BPS
        lowered = max(MINIMUM_BPS, lowest, DECREASE * passed)
        if lowered < self._delay_based_bps:
            self._delay_based_bps = lowered
            self._capacity_bps = lowered / DECREASE
            self._decreased_at = now

    def _increase(self, passed: float, now: float, response_s: float) -> None:
        elapsed = min(1.0, now - self._updated_at) if self._updated_at is not None else 0.0
        if self._capacity_bps is not None and passed > KNOWN_CAPACITY_LEFT * self._capacity_bps:
            self._capacity_bps = None
        if self._capacity_bps is None:
            grown = self._delay_based_bps * INCREASE_PER_S**elapsed + 1000 * elapsed
        else:  # near the known capacity: half a packet a response time (draft §5.5)
            frame_bits = self._delay_based_bps / 30
            packet_bits = frame_bits / math.ceil(frame_bits / (1200 * 8))
            grown = self._delay_based_bps + max(4000.0, 0.5 * packet_bits / response_s) * elapsed
        limit = APPLICATION_LIMIT * passed + APPLICATION_LIMIT_BPS
        self._delay_based_bps = min(grown, max(self._delay_based_bps, limit), self.maximum_bps)
