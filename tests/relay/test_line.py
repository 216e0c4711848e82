"""One leg's line: numbering, queue, dead and back."""

import pytest

from relay.forwarding.line import DEAD_AFTER_S, HISTORY, RESUME_SHARE, Line, QueueMeter, SendHistory
from relay.forwarding.transport_feedback import ArrivalTimes


def fed(line: Line, seconds: float, began_at: float = 0.0, *, rate_bps: float = 800_000) -> float:
    """Packets over a good line, fed back every 100 ms. :returns: the time after it."""
    steps = int(seconds * 10)
    for step in range(steps):
        now = began_at + step / 10
        count = int(rate_bps / 80 / 1000)
        numbers = [line.sent(956, now + index * 0.1 / count) for index in range(count)]
        times = tuple(900.0 + now + index * 0.1 / count for index in range(count))
        line.heard_arrivals(ArrivalTimes(numbers[0], times), now + 0.1)
    return began_at + seconds


def test_history_gives_each_packet_back_once_and_only_the_newest() -> None:
    history = SendHistory()
    first = history.add(100, 1.0)
    assert history.take(first) == (1.0, 100)
    assert history.take(first) is None
    second = history.add(200, 2.0)
    for _ in range(HISTORY):
        history.add(300, 3.0)
    assert history.take(second) is None
    assert history.take((history.newest + 1) & 0xFFFF) is None


def test_numbers_wrap() -> None:
    history = SendHistory()
    numbers = [history.add(100, float(index)) for index in range(70_000)]
    assert numbers[-1] == 70_000 & 0xFFFF
    assert history.take(numbers[-1]) == (69_999.0, 100)


def test_nothing_is_known_before_feedback() -> None:
    line = Line(1_000_000, 2_500_000)
    assert line.available_bps(0.0) is None
    fed(line, 1.0)
    available = line.available_bps(1.0)
    assert available is not None and available >= 1_000_000


def test_receivers_own_estimate_bounds_ours_while_it_repeats_it() -> None:
    line = Line(1_000_000, 2_500_000)
    line.heard_bitrate(300_000, 0.0)
    assert line.available_bps(1.0) == 300_000
    assert line.available_bps(60.0) is None


def test_loss_in_reports_lowers_the_estimate_of_a_line_without_arrival_times() -> None:
    line = Line(1_000_000, 2_500_000)
    for second in range(10):
        line.heard_bitrate(2_000_000, float(second))
        line.heard_loss(0.3, float(second))
    available = line.available_bps(9.0)
    assert available is not None and available < 500_000


def test_line_without_feedback_is_dead_and_comes_back_with_most_of_its_bitrate() -> None:
    line = Line(1_000_000, 2_500_000)
    now = fed(line, 3.0)
    before = line.available_bps(now)
    assert before is not None
    last = line.sent(1000, now)
    line.check(now + DEAD_AFTER_S - 0.1)
    assert not line.is_dead
    line.check(now + DEAD_AFTER_S + 0.1)
    assert line.is_dead
    assert line.padding_due(now + 1.0) == 1
    assert line.available_bps(now + 1.0) == pytest.approx(RESUME_SHARE * before, rel=0.01)
    assert line.heard_arrivals(ArrivalTimes(last, (905.0,)), now + 3.0)
    assert not line.is_dead
    assert line.available_bps(now + 3.0) == pytest.approx(RESUME_SHARE * before, rel=0.01)


def test_line_that_carries_nothing_now_is_not_dead() -> None:
    line = Line(1_000_000, 2_500_000)
    now = fed(line, 1.0)
    line.check(now + 60.0)
    assert not line.is_dead


def test_report_of_losses_alone_does_not_revive_a_line() -> None:
    line = Line(1_000_000, 2_500_000)
    now = fed(line, 1.0)
    number = line.sent(1000, now)
    line.check(now + 2.0)
    assert not line.heard_arrivals(ArrivalTimes(number, (None,)), now + 2.1)
    assert line.is_dead


def test_good_line_is_tested_and_its_estimate_rises_in_steps_to_the_maximum() -> None:
    line, now = Line(600_000, 2_500_000), 0.0
    for _ in range(10):
        now = fed(line, 0.5, now, rate_bps=400_000)
        line.sent(1000, now)
        count = line.padding_due(now)
        first = (line.history.newest + 1) & 0xFFFF
        for _ in range(count):
            line.sent(276, now)
        if count:
            line.padding_sent(first, count, now)
            line.heard_arrivals(ArrivalTimes(first, tuple(900.0 + now + i * 1e-4 for i in range(count))), now + 0.1)
    assert line.available_bps(now) == 2_500_000


def test_feedback_about_packets_never_sent_changes_nothing() -> None:
    line = Line(1_000_000, 2_500_000)
    line.heard_arrivals(ArrivalTimes(30_000, tuple(float(index) for index in range(500))), 1.0)
    assert not line.has_feedback


def test_queue_is_the_delay_beside_the_lines_own() -> None:
    meter = QueueMeter()
    meter.add([(0.0, 900.04, 1000)], 0.1)
    meter.add([(0.1, 900.29, 1000)], 0.3)
    assert meter.delay_s == pytest.approx(0.15)


def test_longer_way_is_no_queue_for_ever() -> None:
    meter = QueueMeter()
    for step in range(200):
        now = step / 10
        meter.add([(now, 900 + now + (0.02 if step < 50 else 0.12), 1000)], now)
    assert meter.delay_s == pytest.approx(0.0, abs=0.001)


def test_what_comes_out_while_packets_wait_is_the_capacity() -> None:
    meter = QueueMeter()
    meter.add([(0.0, 900.0, 1000)], 0.1)
    meter.add([(1.0 + i * 0.001, 901.0 + i * 0.04, 1000) for i in range(20)], 2.0)
    assert meter.busy_bps(2.0) == pytest.approx(200_000, rel=0.01)
    assert meter.busy_bps(9.0) is None


def test_arrival_times_that_cannot_be_true_are_not_believed() -> None:
    line = Line(1_000_000, 2_500_000)
    now = fed(line, 3.0)
    before = line.available_bps(now)
    for moment in (-1e6, 5.0, 4e6):
        numbers = [line.sent(956, now + index / 100) for index in range(8)]
        line.heard_arrivals(ArrivalTimes(numbers[0], (moment,) * 4 + (None,) * 4), now + 0.1)
        line.heard_arrivals(ArrivalTimes((numbers[0] + 20_000) & 0xFFFF, (moment,) * 4), now + 0.1)
        now += 0.1
    assert line.available_bps(now) == before
    now = fed(line, 1.0, now)
    assert line.queue.delay_s < 0.01
    assert (line.available_bps(now) or 0) >= (before or 0) > 0


def test_clock_that_was_set_is_believed_after_a_few_messages() -> None:
    line = Line(1_000_000, 2_500_000)
    now = fed(line, 3.0)
    for _ in range(5):
        number = line.sent(956, now)
        line.heard_arrivals(ArrivalTimes(number, (now + 50_000.0,)), now + 0.1)
        now += 0.1
    assert line.history.take(number) is None
    assert line.queue.delay_s < 0.01
    line.check(now + DEAD_AFTER_S - 0.1)
    assert not line.is_dead


def test_loss_alone_bounds_a_line_of_which_nothing_else_is_told() -> None:
    line = Line(1_000_000, 2_500_000)
    line.heard_loss(0.0, 0.0)
    assert line.available_bps(0.0) is None
    line.heard_loss(0.5, 1.0)
    fallen = line.available_bps(1.0)
    assert fallen is not None and fallen < 500_000
    for second in range(2, 12):
        line.heard_loss(0.0, float(second))
    assert fallen < (line.available_bps(12.0) or 0) < 2 * fallen
