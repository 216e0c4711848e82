"""One unbroken stream for the receiver, whatever happens to its source."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.inbound import MediaPacket
from relay.forwarding.rewrite import Rewriter
from relay.forwarding.rtp import find_extension, sequence_delta
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
