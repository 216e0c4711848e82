"""Transport-wide congestion feedback, written and read."""

import struct

import pytest

from relay.forwarding.transport_feedback import TransportFeedback


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
