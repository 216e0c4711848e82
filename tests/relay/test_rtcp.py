"""RTCP read and written."""

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket, unpack_remb_fci
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding import rtcp
from relay.forwarding.rtcp import KeyFrameRequest, Nack, ReportBlock, SenderReport

BLOCK = ReportBlock(9, 64, -3, 70_000, 12, 0x1234_5678, 65_536)


def test_sender_report_survives_writing_and_reading() -> None:
    report = SenderReport(1, 0xE000_0000_8000_0000, 90_000, 10, 2000)
    assert rtcp.parse(rtcp.build_sender_report(report)) == [report]


def test_receiver_report_survives_with_negative_loss() -> None:
    assert rtcp.parse(rtcp.build_receiver_report(1, [BLOCK, BLOCK])) == [BLOCK, BLOCK]


def test_compound_packet_is_read_part_by_part() -> None:
    report = SenderReport(1, 5, 6, 7, 8)
    data = (
        rtcp.build_sender_report(report)
        + rtcp.build_cname(1, "abc")
        + rtcp.build_pli(1, 2)
        + rtcp.build_nack(1, 3, [7])
    )
    assert rtcp.parse(data) == [report, KeyFrameRequest(2), Nack(3, (7,))]


def test_padded_transport_feedback_does_not_hide_what_follows() -> None:
    feedback = rtcp.build_transport_feedback(struct.pack("!II", 1, 2) + bytes(11))
    assert feedback[0] & 0x20
    assert rtcp.parse(feedback + rtcp.build_pli(1, 2)) == [KeyFrameRequest(2)]


@pytest.mark.parametrize("bitrate", [0, 30_000, 262_143, 2_500_000, 1_000_000_000_000])
def test_receivers_bitrate_survives_writing_and_reading(bitrate: int) -> None:
    [found] = rtcp.parse(rtcp.build_remb(1, bitrate, [5, 6]))
    assert isinstance(found, rtcp.MaximumBitrate)
    assert found.bitrate_bps == pytest.approx(bitrate, rel=0.0001)


def test_full_intra_request_is_a_key_frame_request() -> None:
    fir = struct.pack("!BBHIIIBBH", 0x84, 206, 4, 1, 0, 77, 3, 0, 0)
    assert rtcp.parse(fir) == [KeyFrameRequest(77)]


@pytest.mark.parametrize("lost", [(1,), (1, 2, 17), (1, 18), (65_534, 65_535, 0, 5), tuple(range(0, 100, 3))])
def test_lost_packets_survive_the_bit_mask(lost: tuple[int, ...]) -> None:
    [nack] = rtcp.parse(rtcp.build_nack(1, 2, lost))
    assert isinstance(nack, Nack)
    assert nack.lost == lost


@given(st.binary(max_size=80))
def test_no_bytes_from_the_network_raise(data: bytes) -> None:
    for kind in (200, 201, 202, 203, 205, 206):
        rtcp.parse(b"\x81" + bytes([kind]) + data)


@pytest.mark.parametrize("length", range(1, 28))
def test_cut_sender_report_is_left_out(length: int) -> None:
    assert rtcp.parse(rtcp.build_sender_report(SenderReport(1, 2, 3, 4, 5))[:length]) == []


def test_another_implementation_reads_what_we_write() -> None:
    data = rtcp.build_receiver_report(1, [BLOCK]) + rtcp.build_cname(1, "c") + rtcp.build_pli(1, 2)
    data += rtcp.build_nack(1, 2, [3, 5]) + rtcp.build_remb(1, 2_500_000, [9, 8])
    receiver, _names, pli, nack, remb = RtcpPacket.parse(data)
    assert isinstance(receiver, RtcpRrPacket) and receiver.reports[0].packets_lost == -3
    assert isinstance(pli, RtcpPsfbPacket) and pli.media_ssrc == 2
    assert isinstance(nack, RtcpRtpfbPacket) and nack.lost == [3, 5]
    assert isinstance(remb, RtcpPsfbPacket)
    bitrate, ssrcs = unpack_remb_fci(remb.fci)
    assert abs(bitrate - 2_500_000) < 16 and ssrcs == [9, 8]
    [sender] = RtcpPacket.parse(rtcp.build_sender_report(SenderReport(1, 2, 3, 4, 5)))
    assert isinstance(sender, RtcpSrPacket) and sender.sender_info.rtp_timestamp == 3
