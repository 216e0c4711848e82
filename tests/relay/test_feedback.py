"""What a receiver tells its sender."""

import pytest

from relay.forwarding.feedback import NackGenerator, ReceiveStatistics


def fed(sequences: list[int], start: float = 0.0) -> ReceiveStatistics:
    statistics = ReceiveStatistics(9, 90_000)
    for index, sequence in enumerate(sequences):
        statistics.add(sequence, sequence * 3000, 1000, start + index / 30)
    return statistics


def test_loss_is_counted_across_the_sequence_wrap() -> None:
    statistics = fed([65_533, 65_534, 1, 2])
    report = statistics.report(1.0)
    assert report is not None
    assert (report.packets_lost, report.highest_sequence) == (2, 65_538)
    assert report.fraction_lost == 2 * 256 // 6


def test_fraction_lost_is_of_the_time_since_the_last_report() -> None:
    statistics = fed([1, 2, 5])
    statistics.report(1.0)
    statistics.add(6, 0, 1000, 1.0)
    report = statistics.report(2.0)
    assert report is not None
    assert (report.fraction_lost, report.packets_lost) == (0, 2)


def test_nothing_is_reported_before_the_first_packet() -> None:
    assert ReceiveStatistics(9, 90_000).report(1.0) is None


def test_restart_of_a_sender_is_no_loss() -> None:
    statistics = fed([1, 2, 3])
    statistics.add(40_000, 0, 1000, 1.0)
    assert statistics.packets_lost == 0
    assert statistics.packets_received == 4


def test_frames_are_counted_by_their_timestamps() -> None:
    statistics = ReceiveStatistics(9, 90_000)
    for sequence, timestamp in ((1, 0xFFFF_F000), (2, 0xFFFF_F000), (3, 500), (4, 500), (5, 0xFFFF_F000)):
        statistics.add(sequence, timestamp, 1000, 0.0)
    assert statistics.frames_received == 2


@pytest.mark.parametrize("stray", [0x3000_0000, 0x7FFF_0000, 0x9000_0000])
def test_stray_timestamp_far_away_costs_no_frame_after_it_and_no_jitter(stray: int) -> None:
    statistics = ReceiveStatistics(9, 90_000)
    for index in range(100):
        statistics.add(index, 1000 + index * 3000 if index != 50 else stray, 1000, index / 30)
    assert statistics.frames_received == 100
    assert statistics.jitter_s < 0.0005


def test_even_pace_has_no_jitter_and_uneven_pace_has() -> None:
    even, uneven = ReceiveStatistics(9, 90_000), ReceiveStatistics(9, 90_000)
    for index in range(200):
        even.add(index, index * 3000, 1000, index / 30)
        uneven.add(index, index * 3000, 1000, index / 30 + (0.02 if index % 2 else 0.0))
    assert even.jitter_s < 0.0005
    assert uneven.jitter_s == pytest.approx(0.02, rel=0.1)


def test_delay_since_the_last_sender_report_is_told() -> None:
    statistics = fed([1])
    statistics.heard_sender_report(0x0000_1234_5678_0000, now=10.0)
    report = statistics.report(10.5)
    assert report is not None
    assert (report.last_sr, report.delay_since_last_sr) == (0x1234_5678, 32_768)


def test_gap_is_asked_for_at_once_and_again_after_a_round_trip_until_it_is_filled() -> None:
    nack = NackGenerator()
    for sequence in (65_534, 65_535, 2):
        nack.add(sequence, 1.0)
    assert nack.next_at <= 1.0
    assert nack.due(1.0, 0.1) == (0, 1)
    assert nack.due(1.1, 0.1) == ()
    nack.add(0, 1.11)
    assert nack.next_at == pytest.approx(1.125)
    assert nack.due(1.13, 0.1) == (1,)
    assert nack.recover(1)
    assert nack.due(2.0, 0.1) == ()
    assert not nack.recover(1)


@pytest.mark.parametrize(("round_trip_s", "tries"), [(0.01, NackGenerator.MAX_TRIES), (0.4, 3)])
def test_asking_ends_after_a_number_of_tries_or_a_second_and_a_key_frame_is_wanted(
    round_trip_s: float, tries: int
) -> None:
    nack = NackGenerator()
    nack.add(1, 0.0)
    nack.add(3, 0.0)
    asked = sum(bool(nack.due(step / 100, round_trip_s)) for step in range(150))
    assert asked == tries
    assert nack.wants_key_frame
    assert nack.next_at > 1e9


@pytest.mark.parametrize(("sequence", "now"), [(5000, 0.02), (200, 0.02), (20, 0.9)])
def test_what_was_lost_in_an_interruption_is_not_asked_for_but_a_key_frame_is(sequence: int, now: float) -> None:
    nack = NackGenerator()
    nack.add(1, 0.0)
    nack.add(sequence, now)
    assert nack.due(now, 0.1) == ()
    assert nack.wants_key_frame


def test_sender_that_pauses_and_goes_on_loses_nothing() -> None:
    nack = NackGenerator()
    nack.add(1, 0.0)
    nack.add(2, 30.0)
    assert not nack.wants_key_frame


def test_waiting_packets_are_bounded() -> None:
    nack = NackGenerator()
    for step in range(100):
        nack.add(step * 90, step / 1000)
        nack.due(step / 1000, 0.1)
    assert len(nack.due(0.5, 0.1)) <= 2 * NackGenerator.MAX_GAP
