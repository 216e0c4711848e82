"""Rates of right advice are counted as they are told, with intervals that hold for few seconds."""

import pytest

from relay.visibility.accuracy import Rate, Tally, merged, table, wilson


def test_intervals_are_wilson_s() -> None:
    # R: prop.test(…, correct=FALSE); Newcombe 1998, table I
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson(29, 29)[1] == 1.0


def test_seconds_count_as_detected_missed_alarmed_or_not_at_all() -> None:
    tally = Tally(videos=1)
    tally.add(("hands_cut", "too_near"), "too_near")
    tally.add(("hands_cut",), "good")
    tally.add(("good",), "good")
    tally.add(("good",), "blurred")
    tally.add(("good", "off_centre"), "off_centre")
    tally.add((), "covered")
    assert tally.detection == Rate(1, 2)
    assert tally.false_alarm == Rate(1, 3)
    report = tally.as_json()
    assert report["per_advice"]["hands_cut"]["detection"]["rate"] == 0.5
    assert report["per_advice"]["hands_cut"]["said_instead"] == {"too_near": 1, "good": 1}
    assert report["per_advice"]["blurred"]["false_alarm"]["hits"] == 1
    assert "covered" not in report["per_advice"]


def test_tallies_add_up_and_make_a_table() -> None:
    one, other = Tally(videos=1), Tally(videos=2)
    one.add(("too_far",), "too_far")
    other.add(("too_far",), "good")
    other.add(("good",), "good")
    total = merged((one, other))
    assert (total.videos, total.detection, total.false_alarm) == (3, Rate(1, 2), Rate(0, 1))
    lines = table(total)
    assert lines[1].startswith("too_far")
    assert "50.0 %" in lines[1]
    assert "3 videos" in lines[-1]
    assert merged(()).as_json()["detection"] is None
