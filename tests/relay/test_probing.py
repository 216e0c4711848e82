"""Testing whether a line carries more."""

import pytest

from relay.forwarding.probing import FIRST_PAUSE_S, LONGEST_PAUSE_S, SHARE, WIRE_BYTES, Prober

MAXIMUM = 2_500_000


def outcome(prober: Prober, estimate_bps: float, capacity_bps: float, now: float, *, first: int = 10) -> float | None:
    """One whole test. :returns: what it showed."""
    count = prober.packets_due(estimate_bps, MAXIMUM, now)
    assert count
    prober.sent(first, count, estimate_bps, now)
    found = None
    for place in range(count):
        sequence = (first + place) & 0xFFFF
        found = prober.arrived(sequence, 77.0 + place * WIRE_BYTES * 8 / capacity_bps, now + 0.1)
    return found


def test_line_without_bound_is_found_good_for_its_share_of_the_rate_tested() -> None:
    assert outcome(Prober(), 500_000, 1e9, 0.0) == pytest.approx(SHARE * 1_000_000)


def test_line_is_found_good_for_its_share_of_the_capacity() -> None:
    assert outcome(Prober(), 500_000, 800_000, 0.0, first=65_530) == pytest.approx(SHARE * 800_000, rel=0.01)


def test_line_that_carries_no_more_shows_nothing() -> None:
    assert outcome(Prober(), 500_000, 500_000, 0.0) is None


def test_success_is_followed_at_once_and_failure_later_and_later() -> None:
    prober = Prober()
    outcome(prober, 500_000, 1e9, 0.0)
    assert prober.packets_due(850_000, MAXIMUM, 0.1)
    now, pauses = 0.2, []
    for _ in range(5):
        outcome(prober, 850_000, 850_000, now)
        began = now
        while not prober.packets_due(850_000, MAXIMUM, now):
            now += 0.1
        pauses.append(round(now - began, 1))
    assert pauses[0] == pytest.approx(FIRST_PAUSE_S, abs=0.3)
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S, abs=0.3)


def test_nothing_is_tested_beyond_what_is_wanted_nor_twice_at_once() -> None:
    prober = Prober()
    assert not prober.packets_due(MAXIMUM, MAXIMUM, 0.0)
    prober.sent(1, prober.packets_due(500_000, MAXIMUM, 0.0), 500_000, 0.0)
    assert not prober.packets_due(500_000, MAXIMUM, 0.5)


def test_test_whose_end_is_lost_counts_as_failed_after_a_while() -> None:
    prober = Prober()
    prober.sent(1, prober.packets_due(500_000, MAXIMUM, 0.0), 500_000, 0.0)
    prober.arrived(1, 5.0, 0.1)
    assert not prober.packets_due(500_000, MAXIMUM, 1.5)
    assert not prober.is_waiting
    assert prober.packets_due(500_000, MAXIMUM, 1.6 + FIRST_PAUSE_S)


@pytest.mark.parametrize("estimate", [30_000, 200_000, 2_400_000])
def test_test_holds_the_picture_up_for_less_than_a_tenth_of_a_second(estimate: float) -> None:
    """Of the line as we know it; on the narrowest one of all a train cannot be shorter."""
    count = Prober().packets_due(estimate, MAXIMUM, 0.0)
    assert count * WIRE_BYTES * 8 / max(estimate, 160_000) < 0.1
