"""One leg's packets in and out, with encryption left out."""

import struct

import pytest

from relay.forwarding import rtcp
from relay.forwarding.cache import unwrap_rtx
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.rtp import find_extension, is_rtcp
from relay.forwarding.streams import STREAMS, VP8, VP8_RTX, AnsweredStream, OutgoingSsrcs, Stream
from tests.helpers.packets import header_of, rtp, vp8, vp8_payload

SSRCS: dict[Stream, OutgoingSsrcs] = {
    stream: OutgoingSsrcs(100 + index, 200 + index) for index, stream in enumerate(STREAMS)
}


class Plain:
    """Stands where SRTP stands; ``forged`` packets fail."""

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return None if bytes(data).endswith(b"forged") else bytes(data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self.unprotect(data)

    def protect(self, packet: bytes | bytearray) -> memoryview | None:
        return memoryview(bytes(packet))

    def protect_rtcp(self, packet: bytes) -> memoryview | None:
        return memoryview(packet)


class Call:
    """Notes what a leg tells its call."""

    def __init__(self) -> None:
        self.packets: list[MediaPacket] = []
        self.wanted: list[Stream] = []
        self.reports: list[tuple[Stream, int]] = []
        self.line_changes = 0

    def on_packet(self, packet: MediaPacket, now: float) -> None:
        self.packets.append(packet)

    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        self.reports.append((stream, ntp))

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        self.wanted.append(stream)

    def on_line_changed(self, now: float) -> None:
        self.line_changes += 1


class Leg:
    def __init__(self, *, ssrcs: bool = True, transport_cc: bool = True, rtx: bool = True) -> None:
        answered: dict[Stream, AnsweredStream] = {
            "audio": AnsweredStream(True, True, (1,) if ssrcs else ()),
            "video": AnsweredStream(True, True, (2, 3) if ssrcs else (), transport_cc, rtx),
            "video2": AnsweredStream(sends=False, receives=False),
        }
        self.sent: list[bytes] = []
        self.call = Call()
        self.path = MediaPath(
            answered,
            SSRCS,
            Plain(),
            lambda data: self.sent.append(bytes(data)),
            self.call,
            cname="c",
            start_bitrate_bps=1_000_000,
            maximum_bitrate_bps=2_000_000,
        )

    def rtcp_sent(self) -> list[rtcp.Message]:
        return [message for data in self.sent if is_rtcp(data) for message in rtcp.parse(data)]

    def media_sent(self) -> list[bytes]:
        return [data for data in self.sent if not is_rtcp(data)]


def video_packet(sequence: int, *, ssrc: int = 2, key: bool = False, number: int | None = None) -> bytes:
    extensions = {3: number.to_bytes(2, "big")} if number is not None else None
    return rtp(
        payload_type=VP8,
        sequence=sequence,
        timestamp=sequence * 3000,
        ssrc=ssrc,
        payload=vp8_payload(key=key),
        extensions=extensions,
    )


def test_forged_and_broken_packets_are_left_out() -> None:
    leg = Leg()
    for data in (rtp(payload=b"forged"), b"\x80", b"\x80\x6f\x00", b"\x80\xc8\x00\x06"):
        leg.path.receive(data, 0.0)
    assert leg.call.packets == []


def test_streams_are_known_by_announced_ssrc_by_mid_or_by_type() -> None:
    announced, by_mid, by_type = Leg(), Leg(ssrcs=False), Leg(ssrcs=False)
    announced.path.receive(video_packet(1), 0.0)
    by_mid.path.receive(rtp(payload_type=VP8, ssrc=77, payload=b"\x10\x10", extensions={1: b"1"}), 0.0)
    by_type.path.receive(rtp(ssrc=78), 0.0)
    assert [leg.call.packets[0].stream for leg in (announced, by_mid, by_type)] == ["video", "video", "audio"]


def test_stream_that_was_not_agreed_is_left_out() -> None:
    leg = Leg(ssrcs=False)
    leg.path.receive(rtp(payload_type=VP8, ssrc=77, payload=b"\x10\x10", extensions={1: b"2"}), 0.0)
    leg.path.receive(rtp(payload_type=55, ssrc=79), 0.0)
    assert leg.call.packets == []


def test_lost_packet_is_asked_for_and_its_retransmission_taken_once() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1), 0.0)
    leg.path.receive(video_packet(3), 0.0)
    assert rtcp.Nack(2, (2,)) in leg.rtcp_sent()
    retransmission = rtp(payload_type=VP8_RTX, sequence=9, ssrc=3, payload=b"\x00\x02" + vp8_payload(key=False))
    leg.path.receive(retransmission, 0.0)
    leg.path.receive(retransmission, 0.0)
    assert [packet.header.sequence for packet in leg.call.packets] == [1, 3, 2]
    assert leg.call.packets[2].header.ssrc == 2


def test_receivers_wish_for_a_key_frame_reaches_the_call() -> None:
    leg = Leg()
    leg.path.receive(rtcp.build_pli(9, SSRCS["video"].media), 0.0)
    leg.path.receive(rtcp.build_pli(9, 12345), 0.0)
    assert leg.call.wanted == ["video"]


def test_sender_is_asked_for_a_key_frame_at_most_every_300_ms() -> None:
    leg = Leg()
    leg.path.control.request_key_frame("video", 0.0)  # it sends nothing yet
    leg.path.receive(video_packet(1), 1.0)
    for now in (1.0, 1.1, 1.29, 1.31):
        leg.path.control.request_key_frame("video", now)
    assert leg.rtcp_sent() == [rtcp.KeyFrameRequest(2)] * 2


@pytest.mark.parametrize("rtx", [True, False])
def test_lost_packet_is_sent_again_in_the_agreed_form(rtx: bool) -> None:
    leg = Leg(rtx=rtx)
    packet = vp8(5, key=True)
    leg.path.outbound["video"].set_source("agent")
    leg.path.forward(packet, 0.0)
    [first] = leg.media_sent()
    leg.path.receive(rtcp.build_nack(9, SSRCS["video"].media, [header_of(first).sequence]), 0.1)
    leg.path.receive(rtcp.build_nack(9, SSRCS["video"].media, [header_of(first).sequence - 1]), 0.1)
    again = leg.media_sent()[1:]
    assert len(again) == 1
    if rtx:
        header = header_of(again[0])
        assert (header.ssrc, header.payload_type) == (SSRCS["video"].rtx, VP8_RTX)
        assert unwrap_rtx(again[0], header, VP8, SSRCS["video"].media) == first
    else:
        assert again == [first]


def test_receiver_gets_its_own_transport_wide_numbering() -> None:
    leg = Leg()
    leg.path.outbound["video"].set_source("agent")
    sender, numbers = Leg(), []
    for sequence, number in ((1, 500), (2, 40_000), (3, 7)):
        sender.path.receive(video_packet(sequence, key=True, number=number), 0.0)
        leg.path.forward(sender.call.packets[-1], 0.0)
        found = find_extension(leg.sent[-1], 3)
        assert found is not None
        numbers.append(int.from_bytes(leg.sent[-1][found[0] : found[0] + 2], "big"))
    assert numbers == [1, 2, 3]


def test_arrivals_are_fed_back_and_reports_sent() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1, number=9), 10.0)
    leg.path.tick(10.05)
    feedback = next(data for data in leg.sent if data[:2] in (b"\x8f\xcd", b"\xaf\xcd"))
    assert struct.unpack_from("!IH", feedback, 8) == (2, 9)
    [report] = [message for message in leg.rtcp_sent() if isinstance(message, rtcp.ReportBlock)]
    assert report.ssrc == 2


def bitrates_asked(leg: Leg) -> list[int]:
    return [message.bitrate_bps for message in leg.rtcp_sent() if isinstance(message, rtcp.MaximumBitrate)]


def test_sender_is_told_a_bitrate_every_second_and_at_once_when_it_falls() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1), 10.0)
    leg.path.tick(10.05)
    assert bitrates_asked(leg) == [pytest.approx(2_000_000, rel=0.001)]
    for bitrate in (1_960_000, 300_000, 400_000):
        leg.path.control.limit_bitrate(bitrate)
    assert bitrates_asked(leg)[1:] == [pytest.approx(300_000, rel=0.001)]
    leg.path.tick(11.1)
    assert bitrates_asked(leg)[2:] == [pytest.approx(400_000, rel=0.001)]


def test_voice_and_picture_of_a_leg_share_one_clock() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1), 10.0)
    leg.path.receive(rtp(ssrc=1), 10.0)
    second = 1 << 32
    leg.path.receive(rtcp.build_sender_report(rtcp.SenderReport(2, 100 * second, 1, 1, 1)), 10.0)
    leg.path.receive(rtcp.build_sender_report(rtcp.SenderReport(1, 100 * second + second // 2, 1, 1, 1)), 10.7)
    (_, video), (stream, audio) = leg.call.reports
    assert stream == "audio"
    assert audio - video == second // 2


def test_round_trip_time_comes_from_our_own_reports() -> None:
    leg = Leg()
    leg.path.outbound["video"].set_source("agent")
    leg.path.forward(vp8(1, key=True), 10.0)
    ntp = rtcp.ntp_time(10.0)
    leg.path.control.relay_report("video", rtcp.SenderReport(1, 0, 0, 1, 1), ntp, 10.0)
    block = rtcp.ReportBlock(SSRCS["video"].media, 128, 0, 1, 0, ntp >> 16 & 0xFFFF_FFFF, 65_536 // 2)
    leg.path.receive(rtcp.build_receiver_report(9, [block]), 10.54)
    assert leg.path.control.round_trip_time_s == pytest.approx(0.04, abs=0.001)
    assert leg.path.control.fraction_lost == 0.5


def test_statistics_are_rates_since_the_last_question() -> None:
    leg = Leg()
    window = StatsWindow(leg.path, 0.0)
    for sequence in range(50):
        leg.path.receive(video_packet(sequence), sequence / 25)
    leg.path.receive(rtp(ssrc=1, extensions={2: bytes([20])}), 1.0)
    first = window.take(2.0)
    assert first.frames_per_second == 25.0
    assert first.bitrate_bps == pytest.approx(50 * len(video_packet(0)) * 8 / 2, rel=0.01)
    assert first.audio_level == pytest.approx(0.1)
    second = window.take(4.0)
    assert (second.frames_per_second, second.bitrate_bps, second.audio_level) == (0.0, 0, None)
    assert second.packets_received == 51
