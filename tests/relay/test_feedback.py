"""What a receiver tells its sender."""

import struct

import pytest

from relay.forwarding.feedback import NackGenerator, ReceiveStatistics, TransportFeedback


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


def test_gap_is_asked_for_at_once_and_again_until_it_is_filled() -> None:
    nack = NackGenerator()
    assert [nack.add(sequence) for sequence in (65_534, 65_535, 2)] == [False, False, True]
    assert nack.due() == (0, 1)
    nack.add(0)
    assert nack.due() == (1,)
    assert nack.recover(1)
    assert nack.due() == ()
    assert not nack.recover(1)


def test_asking_ends_after_a_number_of_tries() -> None:
    nack = NackGenerator()
    nack.add(1)
    nack.add(3)
    asked = sum(bool(nack.due()) for _ in range(50))
    assert asked == NackGenerator.MAX_TRIES


def test_a_jump_asks_for_nothing() -> None:
    nack = NackGenerator()
    nack.add(1)
    assert not nack.add(5000)
    assert nack.due() == ()


def read_feedback(body: bytes) -> tuple[int, dict[int, float]]:
    """:returns: message count and sequence -> arrival in s, by the draft's rules."""
    _ssrc, _media, base, count, reference = struct.unpack_from("!IIHHI", body)
    symbols: list[int] = []
    at = 16
    while len(symbols) < count:
        (word,) = struct.unpack_from("!H", body, at)
        assert word >> 14 == 3
        symbols += [word >> shift & 3 for shift in range(12, -1, -2)]
        at += 2
    clock, arrivals = (reference >> 8) * 256, {}
    for index, symbol in enumerate(symbols[:count]):
        if symbol == 1:
            clock += body[at]
            at += 1
        elif symbol == 2:
            clock += struct.unpack_from("!h", body, at)[0]
            at += 2
        else:
            continue
        arrivals[(base + index) & 0xFFFF] = clock / 4000
    assert at == len(body)
    return reference & 0xFF, arrivals


def test_transport_feedback_tells_each_arrival_to_a_quarter_millisecond() -> None:
    feedback = TransportFeedback()
    arrivals = {65_534: 100.0, 65_535: 100.001, 1: 100.2, 2: 100.19}
    for sequence, now in arrivals.items():
        feedback.add(sequence, now)
    body = feedback.take(1, 2)
    assert body is not None
    count, told = read_feedback(body)
    assert count == 0
    assert told.keys() == arrivals.keys()
    assert all(abs(told[each] - arrivals[each]) <= 0.00026 for each in arrivals)


def test_lost_packets_between_two_messages_are_told_as_lost() -> None:
    feedback = TransportFeedback()
    feedback.add(10, 1.0)
    feedback.take(1, 2)
    feedback.add(13, 1.1)
    body = feedback.take(1, 2)
    assert body is not None
    assert struct.unpack_from("!HH", body, 8) == (11, 3)
    count, told = read_feedback(body)
    assert count == 1
    assert told == {13: pytest.approx(1.1, abs=0.00026)}


def test_idle_sender_gets_no_feedback() -> None:
    assert TransportFeedback().take(1, 2) is None


def test_jump_of_the_numbering_does_not_make_a_giant_message() -> None:
    feedback = TransportFeedback()
    feedback.add(10, 1.0)
    feedback.take(1, 2)
    feedback.add(30_000, 1.1)
    body = feedback.take(1, 2)
    assert body is not None
    assert len(body) < 40
    assert set(read_feedback(body)[1]) == {30_000}


def test_flood_is_bounded() -> None:
    feedback = TransportFeedback()
    for sequence in range(5000):
        feedback.add(sequence, 1.0)
    body = feedback.take(1, 2)
    assert body is not None
    assert len(body) < 1100
