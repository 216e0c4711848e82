"""What a line carries, from when packets arrived."""

import random

import pytest

from relay.forwarding.bandwidth import (
    DECREASE,
    GENTLE_DECREASE,
    MINIMUM_BPS,
    AcknowledgedRate,
    Arrival,
    BandwidthEstimator,
    LossBound,
)
from relay.forwarding.delay_trend import Signal, TrendDetector

OTHER_CLOCK = 5000.0  # of the receiver


def signals(delays: list[float], period_s: float = 0.033) -> set[Signal]:
    """Of a detector that saw one packet a period, each delayed so long."""
    detector, seen = TrendDetector(), set[Signal]()
    for index, delay in enumerate(delays):
        detector.add([(index * period_s, OTHER_CLOCK + index * period_s + delay, 1000)])
        seen.add(detector.signal)
    return seen


def test_even_delay_is_no_queue() -> None:
    assert signals([0.04] * 300) == {"normal"}


def test_delay_that_grows_is_a_queue_and_one_that_shrinks_empties() -> None:
    assert "overuse" in signals([index * 0.01 for index in range(30)])
    assert "underuse" in signals([max(0.0, 0.6 - index * 0.01) for index in range(30)])


def test_jitter_alone_is_no_queue() -> None:
    chance = random.Random(1)
    assert "overuse" not in signals([chance.uniform(0, 0.008) for _ in range(1000)])


def test_packets_held_up_and_let_go_together_are_no_queue() -> None:
    """A receiver that was busy for 60 ms now and then."""
    detector, seen = TrendDetector(), set[Signal]()
    for index in range(600):
        sent_at = index * 0.01
        arrived_at = max(sent_at, 0.06 + index // 100) if index % 100 < 6 else sent_at
        detector.add([(sent_at, OTHER_CLOCK + arrived_at, 1000)])
        seen.add(detector.signal)
    assert "overuse" not in seen


def test_long_pause_begins_anew() -> None:
    detector = TrendDetector()
    for index in range(30):
        detector.add([(index * 0.033, index * 0.05, 1000)])
    detector.add([(100.0, 110.0, 1000), (100.1, 110.1, 1000), (100.2, 110.2, 1000)])
    assert detector.signal == "normal"


def test_acknowledged_rate_is_that_of_the_last_half_second() -> None:
    rate = AcknowledgedRate()
    for index in range(100):
        rate.add([(0.0, OTHER_CLOCK + index / 100, 1250 if index < 40 else 125)])
    assert rate.bps == pytest.approx(100_000, rel=0.05)


def test_acknowledged_rate_is_unknown_at_first_and_after_a_pause() -> None:
    rate = AcknowledgedRate()
    assert rate.bps is None
    rate.add([(0.0, 1.0, 1000)])
    assert rate.bps is None
    rate.add([(0.0, 1.3, 1000)])
    assert rate.bps is not None
    rate.add([(0.0, 9.0, 1000)])
    assert rate.bps is None


def test_little_loss_bounds_nothing_and_much_loss_does() -> None:
    bound = LossBound()
    for index in range(20):
        bound.add(97, 3, 1_000_000, 1_000_000, index * 0.4)
    assert bound.bps > 1e12
    bound.add(70, 30, 1_000_000, 400_000, 9.0)
    assert bound.bps == 400_000
    assert bound.fraction_lost == 0.3


def test_loss_bound_never_falls_far_below_what_passes() -> None:
    bound, bitrate = LossBound(), 1_000_000.0
    for index in range(20):
        bound.add(40, 60, bitrate, 300_000, index * 0.4)
        bitrate = min(bitrate, bound.bps)
    assert bitrate >= DECREASE * 300_000


def test_loss_bound_rises_again_when_the_loss_is_gone() -> None:
    bound = LossBound()
    bound.judge(0.5, 1_000_000, 0.0)
    before = bound.bps
    for second in range(1, 11):
        bound.judge(0.0, 500_000, float(second))
    assert bound.bps > 1.5 * before


def run(
    estimator: BandwidthEstimator, rate_bps: float, capacity_bps: float, seconds: float, began_at: float = 0.0
) -> None:
    """Send evenly over a line with a long queue, feedback every 100 ms."""
    size, now, free_at, arrivals = 500, began_at, began_at, list[Arrival]()
    told_at = began_at
    while now < began_at + seconds:
        free_at = max(free_at, now) + size * 8 / capacity_bps
        arrivals.append((now, OTHER_CLOCK + free_at, size))
        now += size * 8 / rate_bps
        if now - told_at >= 0.1:
            estimator.add(arrivals, 0, now, round_trip_s=0.05, queue_s=max(0.0, free_at - now))
            arrivals, told_at = [], now


def test_estimate_falls_below_the_capacity_when_more_is_sent() -> None:
    estimator = BandwidthEstimator(1_200_000, 2_500_000)
    run(estimator, 1_200_000, 500_000, 2.0)
    assert 0.7 * 500_000 < estimator.bps < 500_000


def test_estimate_grows_while_what_is_sent_arrives_but_not_beyond_it_without_bound() -> None:
    estimator = BandwidthEstimator(300_000, 2_500_000)
    run(estimator, 400_000, 10_000_000, 60.0)
    assert 1.4 * 400_000 < estimator.bps < 1.6 * 400_000


def test_sender_that_makes_little_does_not_lower_the_estimate() -> None:
    estimator = BandwidthEstimator(1_200_000, 2_500_000)
    run(estimator, 100_000, 10_000_000, 30.0)
    assert estimator.bps == pytest.approx(1_200_000)


def test_estimate_grows_slowly_near_the_capacity_it_met() -> None:
    estimator = BandwidthEstimator(1_200_000, 2_500_000)
    run(estimator, 1_200_000, 500_000, 2.0)
    before = estimator.bps
    run(estimator, before, 10_000_000, 1.0, began_at=10.0)
    assert before < estimator.bps < 1.06 * before


@pytest.mark.parametrize(
    ("queue_s", "busy_bps", "expected"),
    [(0.3, 390_000, DECREASE * 390_000), (0.03, None, GENTLE_DECREASE * 400_000), (0.3, None, DECREASE * 200_000)],
)
def test_queue_that_a_burst_makes_lowers_the_estimate_no_further_than_it_shows(
    queue_s: float, busy_bps: float | None, expected: float
) -> None:
    estimator = BandwidthEstimator(400_000, 2_500_000)
    run(estimator, 100_000, 10_000_000, 2.0)
    arrivals = [(10.0 + i * 0.02, OTHER_CLOCK + 10.0 + i * 0.04, 1000) for i in range(30)]
    estimator.add(arrivals, 0, 10.7, round_trip_s=0.05, queue_s=queue_s, busy_bps=busy_bps)
    assert estimator.bps == pytest.approx(expected, rel=0.05)


def test_successful_test_of_the_line_raises_the_estimate_at_once_and_another_does_nothing() -> None:
    estimator = BandwidthEstimator(300_000, 2_500_000)
    estimator.probed(900_000)
    assert estimator.bps == 900_000
    estimator.probed(400_000)
    assert estimator.bps == 900_000


def test_estimate_stays_within_its_bounds() -> None:
    estimator = BandwidthEstimator(300_000, 2_500_000)
    estimator.probed(9e9)
    assert estimator.bps == 2_500_000
    for index in range(100):
        estimator.loss.judge(1.0, estimator.bps, float(index))
    assert estimator.bps == MINIMUM_BPS


def test_after_an_interruption_the_estimate_is_what_it_is_told_to_be() -> None:
    estimator = BandwidthEstimator(1_000_000, 2_500_000)
    run(estimator, 800_000, 300_000, 2.0)
    estimator.resume(600_000)
    assert estimator.bps == 600_000
    assert estimator.signal == "normal"


def test_clocks_that_jump_do_no_harm() -> None:
    estimator = BandwidthEstimator(500_000, 2_500_000)
    chance = random.Random(2)
    for index in range(2000):
        arrivals = [(index * 0.1, chance.uniform(-1e6, 1e6), chance.randrange(1, 1500)) for _ in range(5)]
        estimator.add(arrivals, chance.randrange(5), index * 0.1, round_trip_s=chance.random())
    assert MINIMUM_BPS <= estimator.bps <= 2_500_000
