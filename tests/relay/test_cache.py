"""Retransmission: what is kept, how often it goes out again, what an empty one looks like."""

from relay.forwarding.cache import RetransmissionBudget, RetransmissionCache, rtx_padding
from relay.forwarding.rtp import find_extension
from tests.helpers.packets import header_of


def test_packet_is_sent_again_at_most_once_a_round_trip() -> None:
    cache = RetransmissionCache()
    cache.put(7, b"packet")
    sent = [cache.take_again(7, now, 0.1) for now in (1.0, 1.05, 1.11)]
    assert sent == [b"packet", None, b"packet"]
    assert cache.take_again(8, 1.0, 0.1) is None


def test_cache_forgets_what_is_old() -> None:
    cache = RetransmissionCache(4)
    for sequence in range(2000):
        cache.put(sequence, b"packet")
        assert cache.take_again(sequence, sequence / 100, 0.1) is not None
    assert cache.get(1990) is None
    assert len(cache._again_at) <= 4


def test_retransmissions_have_a_share_of_the_line() -> None:
    budget = RetransmissionBudget()
    sent = sum(1000 * 8 for step in range(10_000) if budget.take(1000, 500_000, step / 1000))
    expected = RetransmissionBudget.SHARE * 500_000 * (10 + RetransmissionBudget.DEPTH_S)
    assert 0.9 * expected < sent <= expected


def test_padding_is_a_whole_rtx_packet_without_payload() -> None:
    extension = bytes([0xBE, 0xDE, 0, 1, 0x31, 0x12, 0x34, 0])
    packet = bytes(rtx_padding(97, 500, 77, extension, 255))
    header = header_of(packet)
    assert (header.payload_type, header.sequence, header.ssrc) == (97, 500, 77)
    assert header.payload_start == header.payload_end
    assert find_extension(packet, 3) == (17, 2)
    assert len(packet) == 12 + 8 + 255
