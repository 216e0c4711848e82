"""Whole frames out of tapped packets: each as it was coded, and after a loss only what a decoder can use."""

import random

import numpy as np
import pytest

from relay.drawn_signer import DrawnSigner
from relay.visibility.decoder import Codec, Decoder, to_rgb
from relay.visibility.depacketize import (
    KEY_FRAME_PATIENCE_S,
    CodedFrame,
    FrameAssembler,
    h264_fragment,
    vp8_fragment,
)
from tests.helpers.clips import coded_frames, h264_packets, rtp, vp8_packets

SIGNER = DrawnSigner(320, 240)
FRAMES = list(coded_frames(SIGNER.frames(0.4)))
H264_FRAMES = list(coded_frames(SIGNER.frames(0.4), "libx264"))


def vp8_stream(*, layered: bool = True) -> list[list[bytes]]:
    """Packets of each frame. With layers, sequence numbers have holes where the other layers were left out."""
    stream, sequence = [], 65_500  # wraps round
    for index, coded in enumerate(FRAMES):
        packets = vp8_packets(coded, index, sequence, layered=layered)
        stream.append(packets)
        sequence += len(packets) + (17 if layered else 0)
    return stream


def feed(assembler: FrameAssembler, packets: list[bytes], now: float = 0.0) -> list[CodedFrame]:
    return [frame for packet in packets if (frame := assembler.add(packet, now))]


@pytest.mark.parametrize("layered", [True, False])
def test_every_vp8_frame_comes_out_as_it_was_coded(layered: bool) -> None:
    assembler = FrameAssembler(vp8_fragment)
    out = [frame for packets in vp8_stream(layered=layered) for frame in feed(assembler, packets)]
    assert [frame.data for frame in out] == FRAMES
    assert [frame.is_key for frame in out] == [True] + [False] * (len(FRAMES) - 1)


def test_every_h264_frame_comes_out_and_decodes_to_the_picture() -> None:
    assembler, decoder, sequence, out = FrameAssembler(h264_fragment), Decoder("h264"), 65_500, []
    for index, coded in enumerate(H264_FRAMES):
        packets = h264_packets(coded, index, sequence)
        sequence += len(packets)
        out += feed(assembler, packets)
    assert len(out) == len(H264_FRAMES)
    assert out[0].is_key
    *_, picture = [picture for frame in out for picture in decoder.decode(frame)]
    assert np.abs(to_rgb(picture).astype(int) - SIGNER.frame(9 / 25)).mean() < 6


def test_aggregated_h264_units_are_taken_apart() -> None:
    units = [b"\x67\x01\x02", b"\x68\x03", b"\x65" + b"\x07" * 9]
    payload = b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
    fragment = h264_fragment(payload)
    assert fragment is not None
    assert fragment.is_key
    assert fragment.data == b"".join(b"\x00\x00\x00\x01" + unit for unit in units)


def test_frame_with_a_missing_packet_is_withheld_and_so_is_all_until_the_next_key_frame() -> None:
    stream = vp8_stream()
    damaged = vp8_packets(FRAMES[1], 1, 3000, size=50)
    del damaged[1]
    key_again = vp8_packets(FRAMES[0], 3, 4000)
    assembler = FrameAssembler(vp8_fragment)
    assert feed(assembler, stream[0])
    assert feed(assembler, damaged) == []
    assert feed(assembler, stream[2]) == []
    assert [frame.is_key for frame in feed(assembler, key_again)] == [True]


@pytest.mark.parametrize("lost", ["first", "middle", "last"])
def test_key_frame_that_lacks_a_packet_is_not_given_out(lost: str) -> None:
    packets = vp8_stream()[0]
    assert len(packets) > 2
    del packets[{"first": 0, "middle": len(packets) // 2, "last": -1}[lost]]
    assembler = FrameAssembler(vp8_fragment)
    assert feed(assembler, packets) == []
    assert feed(assembler, vp8_stream()[1]) == []


@pytest.mark.parametrize("layered", [True, False])
def test_whole_frame_lost_is_noticed_by_the_frame_counter(layered: bool) -> None:
    stream = vp8_stream(layered=layered)
    assembler = FrameAssembler(vp8_fragment)
    feed(assembler, stream[0])
    assert feed(assembler, stream[2]) == []


def test_lost_h264_frame_is_noticed_by_the_sequence_number() -> None:
    assembler, sequence, out = FrameAssembler(h264_fragment), 10, []
    for index, coded in enumerate(H264_FRAMES):
        packets = h264_packets(coded, index, sequence)
        sequence += len(packets)
        out.append(feed(assembler, packets) if index != 2 else [])
    assert [bool(frames) for frames in out[:5]] == [True, True, False, False, False]


def test_without_a_key_frame_for_half_a_second_a_damaged_picture_is_better_than_none() -> None:
    stream = vp8_stream()
    assembler = FrameAssembler(vp8_fragment)
    feed(assembler, stream[0], 0.0)
    assert feed(assembler, stream[2], 1.0) == []
    assert feed(assembler, stream[3], 1.0 + KEY_FRAME_PATIENCE_S - 0.01) == []
    assert len(feed(assembler, stream[4], 1.0 + KEY_FRAME_PATIENCE_S)) == 1
    assert len(feed(assembler, stream[5], 1.1 + KEY_FRAME_PATIENCE_S)) == 1


def test_joining_in_the_middle_of_a_stream_waits_for_a_key_frame_however_long() -> None:
    assembler = FrameAssembler(vp8_fragment)
    stream = vp8_stream()
    assert feed(assembler, stream[3], 0.0) == []
    assert feed(assembler, stream[4], 60.0) == []
    assert feed(assembler, vp8_packets(FRAMES[0], 5, 90), 61.0)


def test_decoder_that_skipped_frames_gets_a_key_frame_next() -> None:
    assembler = FrameAssembler(vp8_fragment)
    stream = vp8_stream()
    feed(assembler, stream[0])
    assembler.skip_to_key_frame(0.0)
    assert feed(assembler, stream[1]) == []
    assert feed(assembler, vp8_packets(FRAMES[0], 2, 90))


def test_any_bytes_at_all_do_no_harm() -> None:
    noise = random.Random(5)
    for parse in (vp8_fragment, h264_fragment):
        assembler = FrameAssembler(parse)
        for i in range(3000):
            size = noise.randrange(40)
            assembler.add(noise.randbytes(size), 0.0)
            assembler.add(rtp(noise.randbytes(size), noise.randrange(65536), i // 4, marker=noise.random() < 0.3), 0.0)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_decoder_passes_over_damaged_frames(codec: Codec) -> None:
    frames = FRAMES if codec == "vp8" else H264_FRAMES
    decoder = Decoder(codec)
    assert decoder.decode(CodedFrame(b"\xff" * 50, 0, False)) == []
    assert len(decoder.decode(CodedFrame(frames[0], 0, True))) == 1


def test_no_memory_is_taken_for_a_picture_that_claims_to_be_huge() -> None:
    """Its size stands in the header of a VP8 key frame, after the start code (RFC 6386 §9.1)."""
    decoder, side = Decoder("vp8"), (16_000).to_bytes(2, "little")
    huge = FRAMES[0][:6] + side + side + FRAMES[0][10:]
    assert decoder.decode(CodedFrame(huge, 0, True)) == []
    assert len(decoder.decode(CodedFrame(FRAMES[0], 0, True))) == 1


def test_pictures_are_scaled_down_to_640_and_laid_out_row_after_row() -> None:
    import av

    wide = to_rgb(av.VideoFrame.from_ndarray(np.zeros((720, 1280, 3), np.uint8), format="rgb24"))
    odd = to_rgb(av.VideoFrame.from_ndarray(np.zeros((600, 540, 3), np.uint8), format="rgb24"))
    assert (wide.shape, odd.shape) == ((360, 640, 3), (600, 540, 3))
    assert wide.flags.c_contiguous
    assert odd.flags.c_contiguous
