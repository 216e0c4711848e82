"""What VP8 and H.264 payloads say to a forwarder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.video_payload import h264_starts_key_frame, parse_vp8
from tests.helpers.packets import vp8_payload


@pytest.mark.parametrize(("bits", "picture_id"), [(7, 127), (15, 0), (15, 32767)])
def test_picture_id_is_read_in_both_widths(bits: int, picture_id: int) -> None:
    payload = vp8_payload(picture_id, bits=bits, tl0=200, temporal_id=2, key=True)
    found = parse_vp8(payload, 0, len(payload))
    assert found is not None
    assert (found.picture_id, found.picture_id_bits, found.tl0_index, found.temporal_id) == (picture_id, bits, 200, 2)
    assert found.starts_key_frame


def test_stream_without_layers_is_all_base_layer() -> None:
    payload = vp8_payload(key=False)
    found = parse_vp8(payload, 0, len(payload))
    assert found is not None
    assert (found.temporal_id, found.picture_id_offset, found.starts_key_frame) == (0, None, False)


def test_only_the_first_packet_of_a_key_frame_starts_it() -> None:
    continuation = b"\x00\x10frame"
    later_partition = b"\x11\x10frame"
    for payload in (continuation, later_partition):
        found = parse_vp8(payload, 0, len(payload))
        assert found is not None
        assert not found.starts_key_frame


@given(st.binary(max_size=8))
def test_cut_descriptors_are_no_exception(payload: bytes) -> None:
    parse_vp8(payload, 0, len(payload))
    h264_starts_key_frame(payload, 0, len(payload))


def test_empty_payload_has_no_descriptor() -> None:
    assert parse_vp8(b"padding", 7, 7) is None


@pytest.mark.parametrize(
    ("payload", "is_key"),
    [
        (b"\x67\x42", True),  # SPS
        (b"\x65\x88", True),  # IDR slice
        (b"\x41\x9a", False),  # non-IDR slice
        (b"\x78\x00\x02\x67\x42\x00\x02\x68\x42", True),  # STAP-A that begins with SPS
        (b"\x78\x00\x02\x41\x42", False),
        (b"\x7c\x85\x00", True),  # FU-A, first fragment of an IDR slice
        (b"\x7c\x05\x00", False),  # a later fragment
        (b"\x7c\x81\x00", False),
        (b"", False),
    ],
)
def test_h264_key_frames_are_recognised(payload: bytes, is_key: bool) -> None:
    assert h264_starts_key_frame(payload, 0, len(payload)) is is_key
