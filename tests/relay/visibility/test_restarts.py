"""Analysis processes that end or cannot load their models: when the next one starts, and what is told."""

from relay.visibility.restarts import ENDED_PAUSES_S, UNABLE_PAUSES_S, WELL_AFTER_S, Restart, Restarts

LONG = WELL_AFTER_S + 1


def test_process_that_ends_after_serving_well_is_replaced_at_once_each_time_and_told_of() -> None:
    restarts = Restarts()
    assert [restarts.failed("ended with -11", LONG, is_unable=False) for _ in range(3)] == [Restart(0.0, True)] * 3


def test_process_that_keeps_ending_early_is_started_ever_more_rarely_and_told_of_once() -> None:
    restarts = Restarts()
    found = [restarts.failed("ended with -11", 2.0, is_unable=False) for _ in range(9)]
    assert [each.pause_s for each in found[:5]] == list(ENDED_PAUSES_S[1:])
    assert {each.pause_s for each in found[5:]} == {ENDED_PAUSES_S[-1]}
    assert [each.is_news for each in found] == [True] + [False] * 8


def test_process_that_cannot_load_its_models_is_tried_for_ever_minutes_apart_and_told_of_once() -> None:
    restarts = Restarts()
    found = [restarts.failed("no libGL", 0.0, is_unable=True) for _ in range(20)]
    assert [each.pause_s for each in found[: len(UNABLE_PAUSES_S)]] == list(UNABLE_PAUSES_S)
    assert {each.pause_s for each in found[len(UNABLE_PAUSES_S) :]} == {300.0}
    assert [each.is_news for each in found] == [True] + [False] * 19


def test_another_reason_is_told_of_and_shortens_nothing() -> None:
    restarts = Restarts()
    restarts.failed("no libGL", 0.0, is_unable=True)
    restarts.failed("no libGL", 0.0, is_unable=True)
    assert restarts.failed("no memory", 0.0, is_unable=True) == Restart(UNABLE_PAUSES_S[2], True)
    assert restarts.failed("ended with -6", 1.0, is_unable=False) == Restart(ENDED_PAUSES_S[4], True)


def test_what_went_well_meanwhile_and_what_came_meanwhile_begin_anew() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.failed("no libGL", 0.0, is_unable=True)
    assert restarts.failed("ended with -9", LONG, is_unable=False) == Restart(0.0, True)
    assert restarts.failed("no libGL", 0.0, is_unable=True) == Restart(UNABLE_PAUSES_S[0], True)
    restarts.failed("no libGL", 0.0, is_unable=True)
    restarts.begin_anew()
    assert restarts.failed("no libGL", 0.0, is_unable=True) == Restart(UNABLE_PAUSES_S[0], True)
