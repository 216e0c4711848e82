"""Today's figures of the queues: the formulas of the reports, on what ended and what runs."""

import pytest

from signaling.board_figures import Day, DayCall, by_queue

MIDNIGHT, NOW = 0.0, 36_000.0
RELAY = "relay/LSF"


def call(
    call_id: str, wait_s: float, over_at: float = NOW - 7_200, *, answered: bool = True, queue: str = RELAY
) -> DayCall:
    return DayCall(call_id, queue, "LSF", over_at, wait_s, answered, not answered)


def test_both_levels_are_answered_in_time_of_answered_and_abandons_that_were_not_short() -> None:
    day = Day()
    day.add(
        [
            call("a", 30),
            call("b", 119),
            call("c", 200),
            call("d", 60, answered=False),
            call("e", 4, answered=False),
            call("f", 500, NOW - 1_000),
            call("g", 10, NOW - 600),
        ]
    )
    found = by_queue(day.queues(), MIDNIGHT, NOW, {})[RELAY]
    assert (found.answered, found.abandoned) == (5, 2)
    assert found.service_level == pytest.approx(3 / 6), "in time: a, b, g; of five answered and one long abandon"
    assert found.service_level_now == pytest.approx(1 / 2)
    assert found.mean_wait_s == pytest.approx((30 + 119 + 200 + 500 + 10) / 5)


def test_a_brand_is_held_to_its_own_target() -> None:
    day = Day()
    day.add([call("a", 30, queue="mairie/LSF"), call("b", 30)])
    found = by_queue(day.queues(), MIDNIGHT, NOW, {"mairie/LSF": 20.0})
    assert (found["mairie/LSF"].service_level, found[RELAY].service_level) == (0.0, 1.0)


def test_a_running_call_is_counted_once_though_its_record_comes() -> None:
    day = Day()
    day.add([call("a", 30)])
    found = by_queue(day.queues([call("a", 30), call("b", 40)]), MIDNIGHT, NOW, {})
    assert found[RELAY].answered == 2


def test_a_record_read_again_counts_once() -> None:
    day = Day()
    day.add([call("a", 30)])
    day.add([call("a", 30)])
    assert by_queue(day.queues(), MIDNIGHT, NOW, {})[RELAY].answered == 1


def test_yesterday_is_forgotten_and_the_last_half_hour_before_midnight_still_counts_as_now() -> None:
    day, just_after = Day(), 600.0
    day.add([call("a", 30, over_at=-900.0), call("b", 300, over_at=300.0), call("old", 1, over_at=-5_000.0)])
    day.forget_before(just_after - 1_800)
    found = by_queue(day.queues(), MIDNIGHT, just_after, {})[RELAY]
    assert (found.answered, found.service_level, found.service_level_now) == (1, 0.0, 0.5)


def test_a_call_back_flatters_neither_the_mean_wait_nor_the_service_level() -> None:
    day, missed = Day(), DayCall("d", RELAY, "LSF", NOW, 0, is_answered=False, is_abandoned=False, is_callback=True)
    back = [
        DayCall(name, RELAY, "LSF", NOW, 0, is_answered=True, is_abandoned=False, is_callback=True) for name in "bc"
    ]
    day.add([call("a", 200), *back, missed])
    found = by_queue(day.queues(), MIDNIGHT, NOW, {})[RELAY]
    assert (found.answered, found.abandoned, found.callbacks) == (1, 0, 2)
    assert (found.mean_wait_s, found.service_level) == (200, 0.0)


def test_a_call_that_was_neither_answered_nor_abandoned_is_in_no_share() -> None:
    day = Day()
    day.add([DayCall("a", RELAY, "LSF", NOW - 60, 400, is_answered=False, is_abandoned=False)])
    found = by_queue(day.queues(), MIDNIGHT, NOW, {})[RELAY]
    assert (found.answered, found.abandoned, found.service_level) == (0, 0, None), "a call-back was asked for"
