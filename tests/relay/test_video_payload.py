"""What VP8 and H.264 payloads say to a forwarder."""

import struct
from fractions import Fraction
from typing import Literal

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.h264_size import h264_frame_size
from relay.forwarding.video_payload import h264_starts_key_frame, parse_vp8, vp8_frame_size
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


def encoded(codec: Literal["libvpx", "libx264"], width: int, height: int) -> bytes:
    """:returns: one key frame."""
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, height, "yuv420p", Fraction(1, 25)
    picture = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="bgr24")
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 360), (322, 182), (1080, 1920), (176, 144)])


@SIZES
def test_size_of_a_vp8_key_frame_is_read(width: int, height: int) -> None:
    payload = b"\x90\x80\x81\x02" + encoded("libvpx", width, height)[:1000]
    assert vp8_frame_size(payload, 0, len(payload)) == (width, height)


@SIZES
@pytest.mark.parametrize("is_aggregated", [True, False])
def test_size_of_an_h264_key_frame_is_read(width: int, height: int, is_aggregated: bool) -> None:
    units = encoded("libx264", width, height).replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    sps = next(unit for unit in units if unit and unit[0] & 0x1F == 7)
    payload = b"\x78" + struct.pack("!H", len(sps)) + sps + b"\x00\x04\x68\xce\x38\x80" if is_aggregated else sps
    assert h264_frame_size(payload, 0, len(payload)) == (width, height)


@given(st.binary(max_size=80))
def test_nonsense_has_no_size_or_some_but_raises_nothing(payload: bytes) -> None:
    vp8_frame_size(payload, 0, len(payload))
    for begin in (b"", b"\x67", b"\x78\0\x20\x67", b"\x67\x64"):
        h264_frame_size(begin + payload, 0, len(begin + payload))


def test_layer_sync_is_read() -> None:
    for sync in (True, False):
        payload = vp8_payload(5, tl0=1, temporal_id=2, sync=sync, key=False)
        found = parse_vp8(payload, 0, len(payload))
        assert found is not None
        assert (found.temporal_id, found.is_layer_sync) == (2, sync)
