"""
A call's network over time: one reading for each leg every 2 s becomes at most 120 points for each. Pure.

Both legs share one axis. A step is 10 s; when a call outgrows 120 of them, neighbours are joined and the step doubles
(20 minutes at 10 s, 40 at 20 s, …), so that the record of a long call is no longer than that of a short one.
"""

from dataclasses import dataclass, field, fields
from typing import get_args

from relay.model import LegStats
from signaling.call_terms import Party
from signaling.records.call_records import SERIES_POINTS, LegSeries, QualitySeries

FIRST_STEP_S = 10.0
_DIGITS = {
    "frames_per_second": 1,
    "frames_per_second_min": 1,
    "loss_received": 4,
    "loss_sent": 4,
    "round_trip_s": 3,
    "received_bps": 0,
    "sent_bps": 0,
    "signing_s": 0,
    "readable_s": 0,
}


@dataclass(frozen=True)
class Reading:
    """
    One leg over one period of 2 s.

    :param frames_per_second: received from the leg; None: it sends no picture. :param sent_frames_per_second: to it.
    :param loss_received: share 0..1 of the packets from the leg; None: none were expected. :param loss_sent: to it.
    :param freezes: begun in this period. :param frozen_s: how long they held in it.
    """

    frames_per_second: float | None
    sent_frames_per_second: float | None
    freezes: int
    frozen_s: float
    loss_received: float | None
    loss_sent: float | None
    round_trip_s: float | None
    received_bps: int
    sent_bps: int
    available_bps: int | None


class LegReadings:
    """
    Turns the counters of one leg into readings. A new peer connection counts from zero again; what was counted before
    the first reading belongs to another owner of the call.
    """

    def __init__(self) -> None:
        self._last: LegStats | None = None

    def next(self, stats: LegStats) -> Reading:
        last, self._last = self._last or stats, stats
        if stats.packets_received < last.packets_received:
            last = LegStats()
        received = stats.packets_received - last.packets_received
        lost = max(0, stats.packets_lost - last.packets_lost)
        sends_picture = stats.codec is not None or stats.frames_per_second > 0
        return Reading(
            frames_per_second=stats.frames_per_second if sends_picture else None,
            sent_frames_per_second=stats.sent_frames_per_second or None,
            freezes=max(0, stats.freeze_count - last.freeze_count),
            frozen_s=max(0.0, stats.total_freezes_duration_s - last.total_freezes_duration_s),
            loss_received=lost / (lost + received) if lost + received > 0 else None,
            loss_sent=stats.fraction_lost if stats.sent_bitrate_bps else None,
            round_trip_s=stats.round_trip_time_s,
            received_bps=stats.bitrate_bps,
            sent_bps=stats.sent_bitrate_bps,
            available_bps=stats.available_outgoing_bitrate_bps,
        )


@dataclass
class Mean:
    """Of what was measured."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float | None) -> None:
        if value is not None:
            self.total, self.count = self.total + value, self.count + 1

    def join(self, other: "Mean") -> None:
        self.total, self.count = self.total + other.total, self.count + other.count

    @property
    def value(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass
class _Bucket:
    """One step of one leg."""

    readings: int = 0
    freezes: int = 0
    frames_per_second_min: float | None = None
    signing_s: float | None = None
    readable_s: float | None = None
    frames_per_second: Mean = field(default_factory=Mean)
    loss_received: Mean = field(default_factory=Mean)
    loss_sent: Mean = field(default_factory=Mean)
    round_trip_s: Mean = field(default_factory=Mean)
    received_bps: Mean = field(default_factory=Mean)
    sent_bps: Mean = field(default_factory=Mean)

    def add(self, reading: Reading) -> None:
        self.readings += 1
        self.freezes += reading.freezes
        self.frames_per_second_min = _least(self.frames_per_second_min, reading.frames_per_second)
        for name in _MEANS:
            getattr(self, name).add(getattr(reading, name))

    def join(self, later: "_Bucket") -> None:
        self.readings += later.readings
        self.freezes += later.freezes
        self.frames_per_second_min = _least(self.frames_per_second_min, later.frames_per_second_min)
        self.signing_s = _sum(self.signing_s, later.signing_s)
        self.readable_s = _sum(self.readable_s, later.readable_s)
        for name in _MEANS:
            getattr(self, name).join(getattr(later, name))

    def point(self, name: str) -> float | None:
        """None where nothing was measured."""
        if name == "freezes":
            return self.freezes if self.readings else None
        found = getattr(self, name)
        value = found.value if isinstance(found, Mean) else found
        return None if value is None else round(value, _DIGITS[name])


_MEANS = ("frames_per_second", "loss_received", "loss_sent", "round_trip_s", "received_bps", "sent_bps")


def _sum(one: float | None, other: float | None) -> float | None:
    measured = [value for value in (one, other) if value is not None]
    return sum(measured) if measured else None


def _least(one: float | None, other: float | None) -> float | None:
    measured = [value for value in (one, other) if value is not None]
    return min(measured, default=None)


class QualityRecorder:
    """Collects both legs' readings; memory is bounded by ``SERIES_POINTS`` buckets for each leg."""

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._step_s = FIRST_STEP_S
        self._legs: dict[Party, list[_Bucket]] = {party: [] for party in get_args(Party)}

    def add(self, party: Party, reading: Reading, at: float) -> None:
        """:param at: Unix seconds; a clock that was set back counts for the first step."""
        self._bucket(party, at).add(reading)

    def add_signing(self, party: Party, signing_s: float, readable_s: float, at: float) -> None:
        """:param at: as in :meth:`add`."""
        bucket = self._bucket(party, at)
        bucket.signing_s, bucket.readable_s = _sum(bucket.signing_s, signing_s), _sum(bucket.readable_s, readable_s)

    def _bucket(self, party: Party, at: float) -> _Bucket:
        if self._began_at is None:
            self._began_at = at
        elapsed_s = max(0.0, at - self._began_at)
        while elapsed_s >= self._step_s * SERIES_POINTS:
            self._double()
        buckets, index = self._legs[party], int(elapsed_s / self._step_s)
        buckets.extend(_Bucket() for _ in range(index + 1 - len(buckets)))
        return buckets[index]

    def _double(self) -> None:
        self._step_s *= 2
        for buckets in self._legs.values():
            for early, late in zip(buckets[::2], buckets[1::2], strict=False):
                early.join(late)
            del buckets[1::2]

    def series(self) -> QualitySeries | None:
        """:returns: None: nothing was measured."""
        if self._began_at is None:
            return None
        return QualitySeries(
            began_at=self._began_at,
            step_s=self._step_s,
            signer=_leg_series(self._legs["signer"]),
            agent=_leg_series(self._legs["agent"]),
        )


def _leg_series(buckets: list[_Bucket]) -> LegSeries | None:
    if not buckets:
        return None
    return LegSeries(
        **{column.name: tuple(bucket.point(column.name) for bucket in buckets) for column in fields(LegSeries)}
    )
