"""A call's network over time: what counters become, and that the record of a long call stays short."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.model import LegStats
from signaling.quality_series import FIRST_STEP_S, LegReadings, QualityRecorder, Reading
from signaling.records.call_records import SERIES_POINTS, LegSeries, QualitySeries
from signaling.records.calls import thinned

T0 = 1_795_348_800.0


def stats(**values: Any) -> LegStats:
    return LegStats(**({"frames_per_second": 25.0, "codec": "VP8"} | values))


def reading(fps: float | None = 25.0, **values: Any) -> Reading:
    return Reading(
        **{
            "frames_per_second": fps,
            "sent_frames_per_second": None,
            "freezes": 0,
            "frozen_s": 0.0,
            "loss_received": None,
            "loss_sent": None,
            "round_trip_s": None,
            "received_bps": 1_000_000,
            "sent_bps": 0,
            "available_bps": None,
        }
        | values
    )


def recorded(readings: Sequence[tuple[float, Reading]]) -> QualitySeries:
    recorder = QualityRecorder()
    for at, one in readings:
        recorder.add("signer", one, T0 + at)
    series = recorder.series()
    assert series is not None
    return series


def signer_of(series: QualitySeries) -> LegSeries:
    assert series.signer is not None
    return series.signer


def test_counters_become_what_happened_in_the_period() -> None:
    leg = LegReadings()
    leg.next(stats(packets_received=1000, packets_lost=50, freeze_count=3, total_freezes_duration_s=2.0))
    now = leg.next(stats(packets_received=1090, packets_lost=60, freeze_count=4, total_freezes_duration_s=2.5))
    assert (now.loss_received, now.freezes, now.frozen_s) == (0.1, 1, 0.5)


def test_a_new_peer_connection_counts_from_zero_again() -> None:
    leg = LegReadings()
    leg.next(stats(packets_received=1000, packets_lost=50, freeze_count=3))
    now = leg.next(stats(packets_received=98, packets_lost=2, freeze_count=1))
    assert (now.loss_received, now.freezes) == (0.02, 1)


def test_what_was_counted_before_the_first_reading_is_not_counted_again() -> None:
    first = LegReadings().next(stats(packets_received=1000, packets_lost=500, freeze_count=7))
    assert (first.loss_received, first.freezes) == (None, 0)


def test_packets_that_came_late_after_all_are_no_negative_loss() -> None:
    leg = LegReadings()
    leg.next(stats(packets_received=100, packets_lost=10))
    assert leg.next(stats(packets_received=210, packets_lost=4)).loss_received == 0.0


def test_a_frozen_picture_has_a_rate_of_zero_and_no_camera_has_none() -> None:
    assert LegReadings().next(stats(frames_per_second=0.0)).frames_per_second == 0.0
    assert LegReadings().next(LegStats()).frames_per_second is None


def test_a_step_has_the_mean_the_lowest_rate_and_the_sum_of_freezes() -> None:
    series = recorded(
        [
            (0, reading(24.0, freezes=1, loss_received=0.02, round_trip_s=0.1)),
            (2, reading(12.0, freezes=2, loss_received=0.04)),
            (12, reading(25.0)),
        ]
    )
    leg = signer_of(series)
    assert (series.began_at, series.step_s, series.agent) == (T0, FIRST_STEP_S, None)
    assert leg.frames_per_second == (18.0, 25.0)
    assert leg.frames_per_second_min == (12.0, 25.0)
    assert leg.freezes == (3, 0)
    assert leg.loss_received == (0.03, None)
    assert leg.round_trip_s == (0.1, None)


def test_a_time_without_readings_is_a_gap_and_not_a_zero() -> None:
    leg = signer_of(recorded([(0, reading()), (35, reading())]))
    assert leg.frames_per_second == (25.0, None, None, 25.0)
    assert leg.freezes == (0, None, None, 0)


def test_a_call_that_outgrows_the_steps_doubles_them_and_loses_nothing() -> None:
    last = FIRST_STEP_S * SERIES_POINTS
    readings = [(at, reading(freezes=1)) for at in range(0, int(last) + 1, 10)]
    series = recorded(readings)
    assert series.step_s == 2 * FIRST_STEP_S
    assert len(signer_of(series).freezes) == SERIES_POINTS / 2 + 1
    assert sum(point or 0 for point in signer_of(series).freezes) == len(readings)


def test_both_legs_share_one_axis() -> None:
    recorder = QualityRecorder()
    recorder.add("signer", reading(), T0)
    recorder.add("agent", reading(20.0), T0 + 25)
    series = recorder.series()
    assert series is not None and series.agent is not None
    assert series.agent.frames_per_second == (None, None, 20.0)


@given(st.lists(st.floats(-100, 40 * 86400), min_size=1, max_size=200))
def test_whatever_the_clock_does_the_record_stays_short_and_whole(times: list[float]) -> None:
    series = recorded([(at, reading(freezes=1)) for at in times])
    leg = signer_of(series)
    assert len(leg.freezes) <= SERIES_POINTS
    assert sum(point or 0 for point in leg.freezes) == len(times)


def test_a_trend_keeps_the_worst_moment_of_each_stretch() -> None:
    assert thinned((25.0, 9.0, None, 24.0, None, None, 22.0), 4) == (9.0, 24.0, None, 22.0)
    assert thinned((25.0, 24.0), 40) == (25.0, 24.0)
    assert thinned((), 40) == ()
    assert len(thinned(tuple(float(point) for point in range(SERIES_POINTS)), 40)) == 40
