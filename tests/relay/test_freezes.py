"""Freezes as W3C webrtc-stats counts them."""

import pytest

from relay.forwarding.freezes import FreezeMeter


def fed(gaps: list[float]) -> FreezeMeter:
    meter, now = FreezeMeter(), 0.0
    meter.add(now)
    for gap in gaps:
        now += gap
        meter.add(now)
    return meter


def test_even_pictures_never_freeze() -> None:
    assert fed([1 / 30] * 300).count == 0


def test_gap_of_average_and_150_ms_more_is_a_freeze() -> None:
    meter = fed([1 / 30] * 60 + [0.2] + [1 / 30] * 60 + [0.17])
    assert meter.count == 1
    assert meter.total_s == pytest.approx(0.2)


def test_slow_stream_freezes_at_three_times_its_own_pace() -> None:
    assert fed([0.2] * 40 + [0.59]).count == 0
    assert fed([0.2] * 40 + [0.61]).count == 1
