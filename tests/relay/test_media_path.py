"""One leg's packets in and out, with encryption left out."""

import struct
from collections.abc import Callable

import pytest

from relay.forwarding import rtcp
from relay.forwarding.cache import unwrap_rtx
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.rtp import find_extension, is_rtcp
from relay.forwarding.streams import MEDIA_TYPES, STREAMS, VP8, VP8_RTX, AnsweredStream, OutgoingSsrcs, Stream
from relay.forwarding.transport_feedback import TransportFeedback
from tests.helpers.packets import header_of, rtp, vp8, vp8_payload

SSRCS: dict[Stream, OutgoingSsrcs] = {
    stream: OutgoingSsrcs(100 + index, 200 + index) for index, stream in enumerate(STREAMS)
}


class Plain:
    """Stands where SRTP stands; ``forged`` packets fail."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.send_rtcp = send

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return None if bytes(data).endswith(b"forged") else bytes(data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self.unprotect(data)

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        if number_at:
            packet = packet[:number_at] + number.to_bytes(2, "big") + packet[number_at + 2 :]
        self.send_rtcp(packet)


class Call:
    """Notes what a leg tells its call."""

    def __init__(self) -> None:
        self.packets: list[MediaPacket] = []
        self.wanted: list[Stream] = []
        self.reports: list[tuple[Stream, int]] = []
        self.line_changes = 0
        self.interruptions: list[Stream] = []

    def on_packet(self, packet: MediaPacket, now: float) -> None:
        self.packets.append(packet)

    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        self.reports.append((stream, ntp))

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        self.wanted.append(stream)

    def on_interrupted(self, stream: Stream) -> None:
        self.interruptions.append(stream)

    def on_line_changed(self, now: float) -> None:
        self.line_changes += 1


class Leg:
    def __init__(
        self,
        *,
        ssrcs: bool = True,
        transport_cc: bool = True,
        rtx: bool = True,
        reads: frozenset[int] | None = None,
    ) -> None:
        answered: dict[Stream, AnsweredStream] = {
            "audio": AnsweredStream(True, True, (1,) if ssrcs else ()),
            "video": AnsweredStream(True, True, (2, 3) if ssrcs else (), transport_cc, rtx, reads or MEDIA_TYPES),
            "video2": AnsweredStream(sends=False, receives=False),
        }
        self.sent: list[bytes] = []
        self.call = Call()
        self.path = MediaPath(
            answered,
            SSRCS,
            Plain(self.sent.append),
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
    leg.path.forward(packet, packet.stream, 0.0)
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
        leg.path.forward(sender.call.packets[-1], "video", 0.0)
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


def test_sender_is_told_a_bitrate_at_once_when_it_falls_and_every_second_from_then_on() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1), 10.0)
    leg.path.tick(10.05)
    assert bitrates_asked(leg) == []
    for bitrate in (1_960_000, 300_000, 400_000):
        leg.path.control.limit_bitrate(bitrate)
    assert bitrates_asked(leg) == [pytest.approx(300_000, rel=0.001)]
    leg.path.tick(11.1)
    assert bitrates_asked(leg)[1:] == [pytest.approx(400_000, rel=0.001)]


def test_sender_without_transport_feedback_is_told_a_bitrate_from_the_beginning() -> None:
    leg = Leg(transport_cc=False)
    leg.path.receive(video_packet(1), 10.0)
    leg.path.tick(10.05)
    assert bitrates_asked(leg) == [pytest.approx(2_000_000, rel=0.001)]


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
    leg.path.forward(vp8(1, key=True), "video", 10.0)
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


def layered(sequence: int, *, layer: int = 0, key: bool = False, sync: bool = False) -> MediaPacket:
    """One packet a picture, four pictures 0, 2, 1, 2."""
    return vp8(sequence, sequence * 3000, key=key, picture_id=sequence, tl0=sequence // 4, temporal_id=layer, sync=sync)


def test_layers_left_out_leave_no_hole_for_the_receiver() -> None:
    leg = Leg()
    leg.path.outbound["video"].set_source("agent")
    leg.path.forward(layered(0, key=True), "video", 0.0)
    leg.path.outbound["video"].layers.highest = 0
    for sequence in range(1, 9):
        leg.path.forward(layered(sequence, layer=(0, 2, 1, 2)[sequence % 4]), "video", sequence / 30)
    headers = [header_of(packet) for packet in leg.media_sent()]
    assert [header.sequence - headers[0].sequence for header in headers] == [0, 1, 2]
    assert [header.timestamp - headers[0].timestamp for header in headers] == [0, 12_000, 24_000]


def test_padding_of_a_sender_goes_no_further_and_leaves_no_hole() -> None:
    leg = Leg()
    leg.path.outbound["video"].set_source("agent")
    for sequence in range(4):
        packet = vp8(sequence, key=sequence == 0)
        if sequence in (1, 2):
            padding = rtp(payload_type=VP8, sequence=sequence, ssrc=1, payload=b"", padding=200)
            packet = MediaPacket("video", padding, header_of(padding))
        leg.path.forward(packet, packet.stream, sequence / 30)
    numbers = [header_of(packet).sequence for packet in leg.media_sent()]
    assert len(numbers) == 2
    assert numbers[1] == numbers[0] + 1


def test_sender_heard_again_after_an_interruption_is_asked_for_a_key_frame_at_once_and_for_nothing_else() -> None:
    leg = Leg()
    leg.path.receive(video_packet(1), 1.0)
    leg.path.receive(video_packet(90), 4.0)
    assert leg.rtcp_sent() == [rtcp.KeyFrameRequest(2)]


def feed(leg: Leg, now: float, numbers: range, *, arrived: bool = True) -> None:
    """The leg's feedback about what we sent it."""
    feedback = TransportFeedback()
    for index, number in enumerate(numbers):
        feedback.add(number & 0xFFFF, 500.0 + now + index / 1000)
    body = feedback.take(9, SSRCS["video"].media) if arrived else None
    if body is not None:
        leg.path.receive(rtcp.build_transport_feedback(body), now)


def sending_leg() -> Leg:
    """A leg that is sent a picture and says that it arrives, until 1.0 s."""
    leg = Leg()
    leg.path.outbound["video"].set_source("agent")
    sender = Leg()
    for sequence in range(30):
        now = sequence / 30
        sender.path.receive(video_packet(sequence, key=sequence == 0, number=sequence), now)
        leg.path.forward(sender.call.packets[-1], "video", now)
        newest = leg.path.line.history.newest
        feed(leg, now + 0.01, range(newest, newest + 1))
        leg.path.tick(now + 0.02)
    leg.sent.clear()
    return leg


def test_line_that_gives_no_sign_is_knocked_at_only() -> None:
    leg, sender = sending_leg(), Leg()
    for step in range(30):
        now = 1.0 + step / 10
        sender.path.receive(video_packet(100 + step, number=100 + step, key=True), now)
        leg.path.forward(sender.call.packets[-1], "video", now)
        leg.path.tick(now)
    sizes = [len(packet) for packet in leg.media_sent()]
    assert leg.path.line.is_dead
    assert all(size < 60 for size in sizes[-15:])
    assert {header_of(packet).ssrc for packet in leg.media_sent()[-15:]} == {SSRCS["video"].rtx}


def test_line_that_is_back_gets_a_key_frame_at_once_and_goes_on_without_a_hole() -> None:
    leg = sending_leg()
    leg.path.forward(vp8(50, 150_000, ssrc=2), "video", 1.0)
    leg.path.line.sent(1000, 1.0)
    leg.path.tick(2.5)
    assert leg.path.line.is_dead
    leg.call.wanted.clear()
    newest = leg.path.line.history.newest
    feed(leg, 4.0, range(newest, newest + 1))
    assert leg.call.wanted == ["video"]
    assert not leg.path.line.is_dead
    last = leg.media_sent()[0]
    leg.sent.clear()
    leg.path.forward(vp8(51, 153_000, ssrc=2), "video", 4.01)
    assert leg.media_sent() == []
    leg.path.forward(vp8(52, 156_000, key=True, ssrc=2), "video", 4.05)
    [first] = leg.media_sent()
    assert header_of(first).sequence == header_of(last).sequence + 1
    assert header_of(first).timestamp > header_of(last).timestamp


def test_what_was_lost_in_an_interruption_is_not_sent_again() -> None:
    leg = sending_leg()
    leg.path.forward(vp8(50, 150_000, ssrc=2), "video", 1.0)
    sequence = header_of(leg.media_sent()[-1]).sequence
    leg.path.line.sent(1000, 1.0)
    leg.path.tick(2.5)
    leg.path.receive(video_packet(5), 4.0)
    leg.sent.clear()
    leg.path.receive(rtcp.build_nack(9, SSRCS["video"].media, [sequence]), 4.1)
    assert leg.media_sent() == []


def test_leg_heard_again_after_silence_is_taken_for_alive_before_its_feedback_says_so() -> None:
    leg = sending_leg()
    leg.path.line.sent(1000, 1.0)
    leg.path.tick(2.5)
    leg.call.wanted.clear()
    leg.path.receive(video_packet(5), 4.0)
    assert leg.call.wanted == ["video"]
    assert not leg.path.line.is_dead


def test_voice_goes_on_over_a_line_whose_picture_is_lost_unless_nothing_at_all_is_heard() -> None:
    leg = sending_leg()
    leg.path.outbound["audio"].set_source("agent")
    leg.path.line.sent(1000, 1.0)
    leg.path.receive(rtp(ssrc=1), 2.4)
    leg.path.tick(2.5)
    leg.sent.clear()
    voice = rtp(ssrc=1)
    leg.path.forward(MediaPacket("audio", voice, header_of(voice)), "audio", 2.6)
    assert len(leg.media_sent()) == 1
    leg.path.forward(MediaPacket("audio", voice, header_of(voice)), "audio", 3.5)
    assert len(leg.media_sent()) == 1


def test_good_line_is_tested_with_padding_that_is_dropped_by_every_receiver() -> None:
    leg = sending_leg()
    sender = Leg()
    sender.path.receive(video_packet(40, number=40), 3.5)
    leg.path.forward(sender.call.packets[-1], "video", 3.5)
    leg.sent.clear()
    leg.path.line._prober.soon(3.5)
    leg.path.tick(3.6)
    padding = [header_of(packet) for packet in leg.media_sent()]
    assert 6 <= len(padding) <= 40
    assert all(header.payload_start == header.payload_end for header in padding)
    assert {(header.payload_type, header.ssrc) for header in padding} == {(VP8_RTX, SSRCS["video"].rtx)}
    assert [header.sequence for header in padding] == sorted(header.sequence for header in padding)


def test_leg_without_rtx_or_feedback_is_never_padded() -> None:
    for leg in (Leg(rtx=False), Leg(transport_cc=False)):
        leg.path.outbound["video"].set_source("agent")
        leg.path.forward(vp8(1, key=True), "video", 0.0)
        leg.sent.clear()
        for step in range(100):
            leg.path.tick(step / 10)
        assert leg.media_sent() == []


@pytest.mark.parametrize("kind", [203, 204, 207, 209, 223])
def test_other_rtcp_is_ignored(kind: int) -> None:
    leg = Leg()
    part = bytes([0x81, kind, 0, 2]) + bytes(8)
    leg.path.receive(part + rtcp.build_pli(9, SSRCS["video"].media), 0.0)
    assert leg.call.wanted == ["video"]


def test_figures_of_both_directions_are_complete() -> None:
    leg = sending_leg()
    payload = b"\x10\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 1280, 720) + b"rest"
    for sequence in range(60):
        data = rtp(payload_type=VP8, sequence=sequence, timestamp=sequence * 3000, ssrc=2, payload=payload)
        if sequence != 40:
            leg.path.receive(data, 2.0 + sequence / 30 + (0.5 if sequence >= 50 else 0.0))
        if sequence == 41:
            again = rtp(payload_type=VP8_RTX, sequence=1, timestamp=120_000, ssrc=3, payload=b"\x00\x28" + payload)
            leg.path.receive(again, 2.0 + 41.5 / 30)
    leg.path.control.request_key_frame("video", 4.0)
    window = StatsWindow(leg.path, 4.0)
    sender = Leg()
    for sequence in range(30):
        sender.path.receive(video_packet(200 + sequence, number=sequence), 4.0 + sequence / 30)
        leg.path.forward(sender.call.packets[-1], "video", 4.0 + sequence / 30)
    last = header_of(leg.media_sent()[-1]).sequence
    leg.path.receive(rtcp.build_nack(9, SSRCS["video"].media, [last]), 5.0)
    stats = window.take(5.0)
    assert (stats.frame_width, stats.frame_height, stats.codec) == (1280, 720, "VP8")
    assert (stats.freeze_count, stats.nack_count, stats.pli_count) == (1, 1, 1)
    assert stats.total_freezes_duration_s == pytest.approx(0.53, abs=0.02)
    assert stats.sent_frames_per_second == 30.0
    assert stats.sent_bitrate_bps == pytest.approx(30 * len(video_packet(0, number=0)) * 8, rel=0.01)
    assert (stats.packets_sent, stats.retransmitted_packets_sent) == (60, 1)
    assert stats.available_outgoing_bitrate_bps == pytest.approx(1_000_000, rel=0.05)
