from hypothesis import given
from hypothesis import strategies as st

from relay.phone import rtp_packets as packets
from relay.phone.rtp_packets import DtmfEvent, ReportBlock, RtpPacket, SentSoFar


@given(
    st.builds(
        RtpPacket,
        payload_type=st.integers(0, 127),
        sequence=st.integers(0, 0xFFFF),
        timestamp=st.integers(0, 0xFFFFFFFF),
        ssrc=st.integers(0, 0xFFFFFFFF),
        payload=st.binary(max_size=200),
        marker=st.booleans(),
    )
)
def test_packet_is_read_as_it_was_written(packet: RtpPacket) -> None:
    assert packets.parse_rtp(packets.build_rtp(packet)) == packet


def test_extension_contributors_and_padding_are_no_sound() -> None:
    header = bytes([0x80 | 0x20 | 0x10 | 2, 8]) + b"\0\1" + b"\0\0\0\2" + b"\0\0\0\3"
    data = header + b"\0" * 8 + b"\xbe\xde\0\1" + b"\0" * 4 + b"sound" + b"\0\0\3"
    packet = packets.parse_rtp(data)
    assert packet is not None
    assert packet.payload == b"sound"


@given(st.binary(max_size=64))
def test_noise_is_no_packet_or_a_packet_and_never_an_error(data: bytes) -> None:
    packets.parse_rtp(data)
    packets.parse_event(data)
    packets.parse_reports(data)


def test_order_survives_the_turn_of_the_counter() -> None:
    assert packets.newer(2, 1)
    assert packets.newer(0, 0xFFFF)
    assert not packets.newer(1, 1)
    assert not packets.newer(0xFFFF, 0)


def test_key_press_is_rfc_4733() -> None:
    """§2.3.1: event, end and volume, duration."""
    assert packets.build_event(DtmfEvent("5", False, 160)) == bytes([5, 10, 0, 160])
    assert packets.build_event(DtmfEvent("#", True, 800)) == bytes([11, 0x80 | 10, 3, 32])
    assert packets.parse_event(bytes([11, 0x80 | 10, 3, 32])) == DtmfEvent("#", True, 800)
    assert packets.parse_event(bytes([36, 0, 0, 0])) is None, "not a key: a fax tone"


def test_report_of_the_sender_carries_what_we_say_of_the_peer() -> None:
    block = ReportBlock(7, 0.25, 3, 0x1_0005, 0, 0xABCD_EF01, 65_536)
    data = packets.build_sender_report(1, 1_700_000_000.5, SentSoFar(160, 10, 1600), block)
    compound = data + packets.build_description(1, "abc") + packets.build_goodbye(1)
    assert len(compound) % 4 == 0
    last_sr, blocks = packets.parse_reports(compound)
    assert blocks == [block]
    assert last_sr == ((1_700_000_000 + packets.NTP_EPOCH_S) & 0xFFFF) << 16 | 0x8000


def test_description_ends_with_a_null_and_fills_the_word() -> None:
    for length in range(1, 9):
        data = packets.build_description(1, "x" * length)
        assert len(data) % 4 == 0
        assert data[-1] == 0
        assert int.from_bytes(data[2:4], "big") == len(data) // 4 - 1
