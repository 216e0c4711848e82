"""The benchmark of the simulation compares two runs of the same day."""

from benchmarks.simulation import measure


def test_both_ways_answer_every_call_of_the_day() -> None:
    found = measure(120, 6, rounds=1)
    assert found["all_answered"] is True
    assert found["calls_per_s_120"] > 0 and found["ratio_to_bare_loop_120"] > 0
