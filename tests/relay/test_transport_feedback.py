"""Transport-wide congestion feedback, written and read."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding import rtcp
from relay.forwarding.transport_feedback import STATUS_LIMIT, ArrivalTimes, TransportFeedback, read_arrival_times


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


def read(body: bytes) -> ArrivalTimes:
    [found] = rtcp.parse(rtcp.build_transport_feedback(body))
    assert isinstance(found, ArrivalTimes)
    return found


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 500)), min_size=1, max_size=120), st.integers(0, 65_535))
def test_what_is_written_is_read_again(steps: list[tuple[int, int]], first: int) -> None:
    """:param steps: packets and milliseconds from one arrival to the next."""
    feedback, sequence, now = TransportFeedback(), first, 50.0
    arrivals = {}
    for packets, pause in steps[: TransportFeedback.MAX_PACKETS // 6]:
        feedback.add(sequence, now)
        arrivals[sequence] = now
        sequence, now = (sequence + packets) & 0xFFFF, now + pause / 1000
    body = feedback.take(1, 2)
    assert body is not None
    found = read(body)
    told = {(found.base + index) & 0xFFFF: at for index, at in enumerate(found.times) if at is not None}
    assert told.keys() == arrivals.keys()
    assert all(abs(told[each] - arrivals[each]) <= 0.00026 for each in arrivals)


def message(base: int, count: int, chunks: list[int], deltas: bytes, reference: int = 10) -> bytes:
    head = struct.pack("!IIHHI", 1, 2, base, count, reference << 8 | 5)
    return head + struct.pack(f"!{len(chunks)}H", *chunks) + deltas


def test_run_lengths_and_one_bit_vectors_are_read() -> None:
    runs = read(message(65_535, 5, [0x2000 | 3, 0x0000 | 2], bytes([4, 8, 12])))
    assert (runs.base, runs.times) == (65_535, (0.641, 0.643, 0.646, None, None))
    bits = read(message(7, 14, [0x8000 | 0b10100000000001], bytes([4, 4, 4])))
    assert [index for index, at in enumerate(bits.times) if at is not None] == [0, 2, 13]


def test_deltas_may_go_back_in_time() -> None:
    found = read(message(1, 2, [0xC000 | 2 << 12 | 2 << 10], struct.pack("!hh", 4000, -2000)))
    assert found.times == (1.64, 1.14)


@pytest.mark.parametrize(
    "body",
    [
        message(1, 0, [], b""),
        message(1, STATUS_LIMIT + 1, [0x2000 | 0x1FFF], bytes(5000)),
        message(1, 20, [0xC000], b""),
        message(1, 3, [0x2000 | 3], b"\x01"),
        message(1, 10, [0x2000, 0x2000, 0x2000], bytes(40)),
        bytes(9),
    ],
    ids=["none", "too many", "chunks cut", "deltas cut", "empty runs", "no head"],
)
def test_nonsense_is_left_out(body: bytes) -> None:
    assert not any(isinstance(each, ArrivalTimes) for each in rtcp.parse(rtcp.build_transport_feedback(body)))


@given(st.binary(max_size=200))
def test_no_bytes_raise_or_claim_more_than_their_count(data: bytes) -> None:
    found = read_arrival_times(data)
    if found is not None:
        assert len(found.times) == struct.unpack_from("!H", data, 14)[0]
