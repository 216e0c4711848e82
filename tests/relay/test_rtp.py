"""Reading RTP headers and extensions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.rtp import (
    audio_level,
    find_extension,
    is_media,
    is_rtcp,
    parse_header,
    sequence_delta,
    timestamp_delta,
)
from tests.helpers.packets import header_of, rtp


def test_header_fields_are_read() -> None:
    header = header_of(rtp(payload_type=96, sequence=65535, timestamp=7, ssrc=9, payload=b"abc", marker=True))
    read = (header.payload_type, header.marker, header.sequence, header.timestamp, header.ssrc)
    assert read == (96, True, 65535, 7, 9)
    assert header.payload_end - header.payload_start == 3


def test_payload_lies_behind_the_extension_and_before_the_padding() -> None:
    packet = rtp(payload=b"abc", extensions={1: b"1", 3: b"\0\7"}, padding=5)
    header = header_of(packet)
    assert packet[header.payload_start : header.payload_end] == b"abc"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x80" * 11,
        b"\x40" + rtp()[1:],  # version 1
        rtp(extensions={1: b"1"})[:14],  # cut in the extension
        b"\x9f" + rtp()[1:],  # 15 CSRCs and an extension that are not there
        b"\xa0" + rtp(payload=b"\xff")[1:],  # more padding than packet
        b"\xa0" + rtp(payload=b"\x00")[1:],  # padding of nothing
    ],
)
def test_what_is_no_whole_packet_is_refused(packet: bytes) -> None:
    assert parse_header(packet) is None


@given(st.binary(max_size=60))
def test_no_bytes_from_the_network_raise(data: bytes) -> None:
    packet = b"\x90" + data
    if parse_header(packet) is not None:
        for wanted in range(16):
            find_extension(packet, wanted)


def test_extension_is_found_in_the_one_byte_form() -> None:
    packet = rtp(extensions={1: b"0", 2: b"\x85", 3: b"\x12\x34"})
    found = find_extension(packet, 3)
    assert found is not None
    assert packet[found[0] : found[0] + found[1]] == b"\x12\x34"
    assert find_extension(packet, 4) is None
    assert find_extension(rtp(), 1) is None


def test_extension_is_found_in_the_two_byte_form_behind_padding() -> None:
    packet = b"\x90" + rtp()[1:12] + b"\x10\x00\x00\x02" + b"\x00\x01\x01A\x03\x02\x12\x34" + b"x"
    found = find_extension(packet, 3)
    assert found is not None
    assert packet[found[0] : found[0] + found[1]] == b"\x12\x34"


def test_audio_level_is_linear_and_127_is_silence() -> None:
    assert audio_level(rtp(extensions={2: bytes([20])}), 2) == pytest.approx(0.1)
    assert audio_level(rtp(extensions={2: bytes([0x80 | 127])}), 2) == 0.0
    assert audio_level(rtp(), 2) is None


def test_first_byte_tells_media_from_stun_and_dtls() -> None:
    assert [is_media(first) for first in (0, 22, 64, 127, 128, 191, 192)] == [False] * 4 + [True] * 2 + [False]
    assert is_rtcp(b"\x80\xc8") and not is_rtcp(b"\x80\x6f") and not is_rtcp(b"\x80")


def test_distances_cross_the_wrap() -> None:
    assert sequence_delta(2, 65534) == 4
    assert sequence_delta(65534, 2) == -4
    assert timestamp_delta(5, 0xFFFF_FFFB) == 10
    assert timestamp_delta(0xFFFF_FFFB, 5) == -10
