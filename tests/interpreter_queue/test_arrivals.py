"""Arrivals follow their profile, are Poisson, and come again with the same seed."""

import math
from itertools import islice, pairwise
from random import Random

import pytest

from interpreter_queue.arrivals import DAY_S, Profile, arrivals, steady, until

#: nothing at night, a peak in the morning: 24 hours
WORKDAY = Profile((0,) * 8 + (30, 60, 90, 60, 20, 30, 60, 40, 20, 10) + (0,) * 6)


def test_the_same_seed_gives_the_same_arrivals_and_another_one_others() -> None:
    first, again, other = (list(islice(arrivals(WORKDAY, Random(seed)), 100)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_nobody_comes_in_a_slot_without_calls_and_times_only_rise() -> None:
    times = list(until(arrivals(WORKDAY, Random(1)), 20 * DAY_S))
    assert all(WORKDAY.per_s(at) > 0 for at in times)
    assert all(before < after for before, after in pairwise(times))


def test_each_hour_gets_its_share() -> None:
    days = 200
    counts = [0] * 24
    for at in until(arrivals(WORKDAY, Random(3)), days * DAY_S):
        counts[int(at % DAY_S // 3600)] += 1
    for count, expected in zip(counts, WORKDAY.calls, strict=True):
        assert abs(count - days * expected) <= 4 * math.sqrt(days * expected)  # Poisson: variance = mean


def test_gaps_at_a_steady_rate_are_exponential() -> None:
    gaps = [b - a for a, b in pairwise(islice(arrivals(steady(60), Random(4)), 20_000))]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(60, rel=0.03)
    assert sum(gap**2 for gap in gaps) / len(gaps) == pytest.approx(2 * mean**2, rel=0.06)
    assert sum(gap > 60 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), rel=0.03)


@pytest.mark.parametrize("begin", [0.0, 5_000.0, 9.5 * 3600, DAY_S + 10 * 3600])
def test_a_later_beginning_is_kept(begin: float) -> None:
    first = next(arrivals(WORKDAY, Random(5), begin))
    assert begin < first < begin + DAY_S


def test_scaling_keeps_the_shape() -> None:
    scaled = WORKDAY.scaled_to(10_000)
    assert scaled.total == pytest.approx(10_000)
    assert scaled.per_s(10 * 3600) == pytest.approx(WORKDAY.per_s(10 * 3600) * 10_000 / WORKDAY.total)


@pytest.mark.parametrize("calls", [(), (0.0, 0.0), (1.0, -1.0)])
def test_a_profile_without_calls_is_refused(calls: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="a profile needs slots"):
        Profile(calls)
