"""One unbroken stream for the receiver, whatever happens to its source."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.inbound import MediaPacket
from relay.forwarding.rewrite import Rewriter
from relay.forwarding.rtp import find_extension, sequence_delta
from relay.forwarding.streams import H264
from relay.forwarding.video_payload import parse_vp8
from tests.helpers.packets import header_of, media, rtp, vp8


def video(first_sequence: int = 100, first_timestamp: int = 1000) -> Rewriter:
    return Rewriter(7, 90_000, first_sequence, first_timestamp, needs_key_frame=True)


def audio(first_sequence: int = 100) -> Rewriter:
    return Rewriter(7, 48_000, first_sequence, 0, needs_key_frame=False)


def send(rewriter: Rewriter, packet: MediaPacket, now: float = 0.0) -> bytes | None:
    out = rewriter.rewrite(packet.data, packet.header, now, packet.vp8, key_frame=packet.starts_key_frame)
    return bytes(out) if out is not None else None


def sequence_of(packet: bytes | None) -> int:
    assert packet is not None
    return header_of(packet).sequence


def picture_id_of(packet: bytes | None) -> int:
    assert packet is not None
    header = header_of(packet)
    found = parse_vp8(packet, header.payload_start, header.payload_end)
    assert found is not None
    return found.picture_id


def tl0_of(packet: bytes | None) -> int:
    assert packet is not None
    header = header_of(packet)
    found = parse_vp8(packet, header.payload_start, header.payload_end)
    assert found is not None
    return found.tl0_index


def test_receiver_gets_the_promised_ssrc_and_an_untouched_payload() -> None:
    out = send(audio(), media(rtp(ssrc=5, payload=b"voice", extensions={2: b"\x10"})))
    assert out is not None
    header = header_of(out)
    assert header.ssrc == 7
    assert out[header.payload_start :] == b"voice"
    assert find_extension(out, 2) is not None


def test_video_begins_with_a_key_frame_only() -> None:
    rewriter = video()
    assert send(rewriter, vp8(1)) is None
    assert rewriter.awaiting_key_frame
    assert sequence_of(send(rewriter, vp8(2, key=True))) == 100
    assert not rewriter.awaiting_key_frame
    assert sequence_of(send(rewriter, vp8(3))) == 101


def test_sequence_and_timestamp_continue_across_a_source_switch() -> None:
    rewriter = video()
    send(rewriter, vp8(65535, 0xFFFF_FFF0, key=True), now=10.0)
    last = send(rewriter, vp8(0, 0xFFFF_FFF0 + 3000), now=10.033)
    rewriter.switch()
    assert send(rewriter, vp8(40_000, 5), now=10.5) is None
    first = send(rewriter, vp8(40_001, 6, key=True), now=11.033)
    assert sequence_of(last) == 101
    assert sequence_of(first) == 102
    assert last is not None and first is not None
    assert header_of(first).timestamp - header_of(last).timestamp == 90_000


def test_time_never_stands_still_at_a_switch() -> None:
    rewriter = audio()
    before = send(rewriter, media(rtp(timestamp=500)), now=1.0)
    rewriter.switch()
    after = send(rewriter, media(rtp(timestamp=9)), now=1.0)
    assert before is not None and after is not None
    assert header_of(after).timestamp == header_of(before).timestamp + 1


def test_gaps_and_reordering_of_the_source_are_kept() -> None:
    rewriter = audio()
    sequences = [sequence_of(send(rewriter, media(rtp(sequence=each)))) for each in (10, 13, 12, 14)]
    assert sequences == [100, 103, 102, 104]


def test_packets_from_before_the_switch_are_left_out() -> None:
    rewriter = audio()
    send(rewriter, media(rtp(sequence=500)))
    rewriter.switch()
    send(rewriter, media(rtp(sequence=900)))
    assert send(rewriter, media(rtp(sequence=899))) is None
    assert sequence_of(send(rewriter, media(rtp(sequence=901)))) == 102


def test_long_pause_of_the_same_source_leaves_no_gap() -> None:
    rewriter = video()
    send(rewriter, vp8(1, key=True))
    rewriter.switch()  # hidden, and shown again 5000 packets later
    assert sequence_of(send(rewriter, vp8(5001, key=True), now=60)) == 101


def test_15_bit_picture_ids_continue_across_wrap_and_switch() -> None:
    rewriter = video()
    ids = [
        picture_id_of(send(rewriter, vp8(1, key=True, picture_id=32766, tl0=255))),
        picture_id_of(send(rewriter, vp8(2, picture_id=32767, tl0=0))),
        picture_id_of(send(rewriter, vp8(3, picture_id=0, tl0=0))),
    ]
    rewriter.switch()
    out = send(rewriter, vp8(9, key=True, picture_id=12_345, tl0=77))
    ids.append(picture_id_of(out))
    assert ids == [32766, 32767, 0, 1]
    assert tl0_of(out) == 1


def test_7_bit_picture_ids_stay_7_bits_wide() -> None:
    rewriter = video()
    ids = [
        picture_id_of(send(rewriter, vp8(1, key=True, picture_id=126, bits=7))),
        picture_id_of(send(rewriter, vp8(2, picture_id=127, bits=7))),
        picture_id_of(send(rewriter, vp8(3, picture_id=0, bits=7))),
    ]
    rewriter.switch()
    ids.append(picture_id_of(send(rewriter, vp8(9, key=True, picture_id=50, bits=7))))
    ids.append(picture_id_of(send(rewriter, vp8(10, picture_id=51, bits=7))))
    assert ids == [126, 127, 0, 1, 2]


def test_retransmitted_packet_gets_its_old_place() -> None:
    rewriter = video()
    send(rewriter, vp8(1, key=True, picture_id=5))
    send(rewriter, vp8(3, picture_id=7))
    late = send(rewriter, vp8(2, picture_id=6))
    assert (sequence_of(late), picture_id_of(late)) == (101, 6)
    rewriter.switch()
    assert picture_id_of(send(rewriter, vp8(1, key=True, picture_id=900))) == 8


def test_sender_report_timestamps_follow_the_stream() -> None:
    rewriter = audio()
    assert rewriter.map_timestamp(5) is None
    out = send(rewriter, media(rtp(timestamp=1000)))
    assert out is not None
    assert rewriter.map_timestamp(1480) == header_of(out).timestamp + 480
    rewriter.switch()
    assert rewriter.map_timestamp(1480) is None


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(1, 30)), min_size=1, max_size=12))
def test_any_chain_of_sources_is_one_ascending_sequence(sources: list[tuple[int, int]]) -> None:
    rewriter = audio(first_sequence=32_000)
    sent: list[int] = []
    for start, count in sources:
        rewriter.switch()
        sent += [sequence_of(send(rewriter, media(rtp(sequence=start + step)))) for step in range(count)]
    assert all(sequence_delta(after, before) == 1 for before, after in itertools.pairwise(sent))


def skip(rewriter: Rewriter, packet: MediaPacket) -> bytes | None:
    return rewriter.skip(packet.header, packet.vp8)


def layered(rewriter: Rewriter, wanted: str, *, first: int = 65_530, late: int | None = None) -> list[bytes]:
    """
    Two packets a picture; ``wanted`` has a letter a picture: ``x`` is left out. Picture 0 is the key frame.

    :param late: index of a packet that comes after all others.
    """
    packets = [
        (vp8(first + index, index // 2 * 3000, key=index == 0, picture_id=32_760 + index // 2 & 0x7FFF, tl0=1), letter)
        for index, letter in enumerate(letter for letter in wanted for _ in range(2))
    ]
    if late is not None:
        packets.append(packets.pop(late))
    out = [skip(rewriter, packet) if letter == "x" else send(rewriter, packet) for packet, letter in packets]
    return [packet for packet in out if packet is not None]


def test_pictures_left_out_leave_no_hole_in_numbers_nor_picture_ids() -> None:
    out = layered(video(), ".x.xx..x.")
    assert [sequence_of(packet) for packet in out] == list(range(100, 110))
    ids = [picture_id_of(packet) for packet in out]
    assert ids == [(ids[0] + index // 2) & 0x7FFF for index in range(10)]


def test_late_packet_of_a_picture_that_passed_keeps_the_number_that_waits_for_it() -> None:
    in_order = layered(video(), "..x.x.")
    for index in (2, 3, 6, 7, 10):
        assert sorted(layered(video(), "..x.x.", late=index)) == sorted(in_order)


def test_late_packet_of_a_picture_left_out_fills_its_number_with_nothing() -> None:
    out = layered(video(), "..x.x.", late=4)
    assert sorted(sequence_of(packet) for packet in out) == list(range(100, 109))
    filler = header_of(out[-1])
    assert filler.payload_start == filler.payload_end
    assert filler.sequence == 104


def test_nothing_is_left_out_before_something_was_sent() -> None:
    rewriter = video()
    assert skip(rewriter, vp8(1)) is None
    assert sequence_of(send(rewriter, vp8(2, key=True))) == 100


@given(st.text(".x", min_size=1, max_size=40), st.lists(st.integers(0, 78), max_size=10))
def test_no_order_of_arrival_gives_two_packets_one_number(wanted: str, swaps: list[int]) -> None:
    rewriter = video()
    packets = [
        (vp8(index, index // 2 * 3000, key=index == 0, picture_id=index // 2), letter)
        for index, letter in enumerate(letter for letter in "." + wanted for _ in range(2))
    ]
    for at in swaps:
        if 0 < at < len(packets) - 1:
            packets[at], packets[at + 1] = packets[at + 1], packets[at]
    out = [skip(rewriter, packet) if letter == "x" else send(rewriter, packet) for packet, letter in packets]
    numbers = [sequence_of(packet) for packet in out if packet is not None]
    assert len(set(numbers)) == len(numbers)
    assert sorted(numbers) == list(range(100, 100 + len(numbers)))


def h264(sequence: int, timestamp: int, *, key: bool = True) -> MediaPacket:
    payload = bytes([0x67, 0x42, 0xE0, 0x1F]) if key else bytes([0x41, 0x9A])
    packet = rtp(payload_type=H264, sequence=sequence, timestamp=timestamp, ssrc=9, payload=payload + b"data")
    return media(packet, "video")


def test_source_of_another_codec_continues_numbers_and_time_and_leaves_its_payload_alone() -> None:
    rewriter = video()
    first = [send(rewriter, vp8(1, 90_000, key=True, picture_id=500, tl0=7), 1.0)]
    first.append(send(rewriter, vp8(2, 93_000, picture_id=501, tl0=7), 1.033))
    rewriter.switch()
    assert send(rewriter, h264(700, 5, key=False), 1.1) is None
    second = [send(rewriter, h264(701, 3005), 1.2), send(rewriter, h264(702, 6005, key=False), 1.233)]
    rewriter.switch()
    third = [send(rewriter, vp8(9000, 77, key=True, picture_id=3, tl0=200), 2.0)]
    out = [*first, *second, *third]
    assert [sequence_of(packet) for packet in out] == [100, 101, 102, 103, 104]
    times = [header_of(packet).timestamp for packet in out if packet is not None]
    assert times == sorted(set(times))
    assert times[2] - times[1] == int((1.2 - 1.033) * 90_000)
    assert second[0] is not None and second[0].endswith(b"\x67\x42\xe0\x1fdata")
    assert picture_id_of(third[0]) == picture_id_of(first[1]) + 1
    assert tl0_of(third[0]) == tl0_of(first[1]) + 1
