"""What a viewer gets when its sender's packets stop coming, jump, or are of a codec that the viewer does not read."""

import pytest

from relay.forwarding import rtcp
from relay.forwarding.streams import H264, OPUS, VP8, AnsweredStream
from tests.helpers.packets import header_of, media, rtp
from tests.relay.test_media_path import SSRCS, Leg, video_packet


class TwoLegs:
    """A sender and its viewer, as the call connects them."""

    def __init__(self, reads: frozenset[int] | None = None) -> None:
        self.sender, self.viewer = Leg(), Leg(reads=reads)
        self.viewer.path.outbound["video"].set_source("sender")

    def receive(self, packet: bytes, now: float) -> None:
        call = self.sender.call
        self.sender.path.receive(packet, now)
        for stream in call.interruptions:
            self.viewer.path.outbound[stream].await_key_frame()
        for each in call.packets:
            self.viewer.path.forward(each, "video", now)
        call.interruptions.clear()
        call.packets.clear()

    def seen(self) -> list[int]:
        """:returns: sequence numbers that the viewer got, from the first on."""
        headers = [header_of(each) for each in self.viewer.media_sent()]
        return [(each.sequence - headers[0].sequence) & 0xFFFF for each in headers]

    def key_frames_asked(self) -> int:
        return sum(isinstance(each, rtcp.KeyFrameRequest) for each in self.sender.rtcp_sent())


@pytest.mark.parametrize(
    ("next_sequence", "next_at"),
    [(300, 0.1), (20_000, 0.1), (50_000, 0.1), (5, 2.0)],
    ids=["long gap", "jump forward", "jump back", "silence"],
)
def test_after_a_gap_that_nobody_can_fill_the_viewer_gets_the_next_key_frame_without_a_hole(
    next_sequence: int, next_at: float
) -> None:
    legs = TwoLegs()
    legs.receive(video_packet(1, key=True), 0.0)
    legs.receive(video_packet(2), 0.03)
    legs.receive(video_packet(next_sequence), next_at)
    assert legs.key_frames_asked() == 1
    assert legs.viewer.path.outbound["video"].wants_key_frame
    legs.receive(video_packet(next_sequence + 1), next_at)
    legs.receive(video_packet(next_sequence + 2, key=True), next_at + 0.1)
    legs.receive(video_packet(next_sequence + 3), next_at + 0.1)
    assert legs.seen() == [0, 1, 2, 3]
    assert not [each for each in legs.sender.rtcp_sent() if isinstance(each, rtcp.Nack)]


def test_what_the_viewer_lost_before_the_gap_is_still_sent_again() -> None:
    legs = TwoLegs()
    for sequence in (1, 2, 300):
        legs.receive(video_packet(sequence, key=sequence == 1), 0.0)
    lost = header_of(legs.viewer.media_sent()[1]).sequence
    before = len(legs.viewer.media_sent())
    legs.viewer.path.receive(rtcp.build_nack(9, SSRCS["video"].media, [lost]), 0.1)
    assert len(legs.viewer.media_sent()) == before + 1


def test_one_stray_sequence_number_stops_no_picture_for_good() -> None:
    legs = TwoLegs()
    legs.receive(video_packet(1, key=True), 0.0)
    legs.receive(video_packet(2), 0.03)
    legs.receive(video_packet(30_000), 0.03)  # garbage
    legs.receive(video_packet(3), 0.06)
    assert legs.viewer.path.outbound["video"].wants_key_frame
    legs.receive(video_packet(4, key=True), 0.2)
    legs.receive(video_packet(6), 0.25)
    assert legs.seen() == [0, 1, 2, 4]
    assert rtcp.Nack(2, (5,)) in legs.sender.rtcp_sent()


def test_one_stray_timestamp_stops_neither_sender_s_nor_viewer_s_count_of_frames() -> None:
    legs = TwoLegs()
    for index in range(60):
        timestamp = 5_000 + index * 3000 if index != 20 else 0x6000_0000
        packet = rtp(payload_type=VP8, sequence=index, timestamp=timestamp, ssrc=2, payload=b"\x10\x10key")
        legs.receive(packet, index / 30)
    assert legs.sender.path.inbound["video"].statistics.frames_received == 60
    assert legs.viewer.path.outbound["video"].frames_sent == 60


def test_codec_that_the_viewer_does_not_read_is_not_sent_and_no_key_frame_of_it_asked() -> None:
    legs = TwoLegs(reads=frozenset((OPUS, H264)))
    outbound = legs.viewer.path.outbound["video"]
    assert outbound.wants_key_frame, "nothing is known of the source yet"
    for sequence in range(3):
        legs.receive(video_packet(sequence, key=sequence == 1), 0.0)
    assert legs.viewer.media_sent() == []
    assert not outbound.wants_key_frame
    legs.viewer.path.receive(rtcp.build_pli(9, SSRCS["video"].media), 0.1)
    assert legs.viewer.call.wanted == []
    key_frame = rtp(payload_type=H264, sequence=3, timestamp=9000, ssrc=2, payload=b"\x67\x42\xe0\x1f")
    legs.receive(key_frame, 0.2)
    assert len(legs.viewer.media_sent()) == 1, "the sender has gone over to one that it reads"


def test_another_source_may_be_read_again() -> None:
    legs = TwoLegs(reads=frozenset((OPUS, H264)))
    legs.receive(video_packet(1, key=True), 0.0)
    legs.viewer.path.outbound["video"].set_source("somebody else")
    assert legs.viewer.path.outbound["video"].wants_key_frame


def test_audio_of_another_payload_type_is_left_out() -> None:
    leg = Leg()
    leg.path.outbound["audio"].set_source("sender")
    leg.path.forward(media(rtp(payload_type=0)), "audio", 0.0)
    leg.path.forward(media(rtp(payload_type=OPUS, sequence=1)), "audio", 0.0)
    assert [header_of(each).payload_type for each in leg.media_sent()] == [OPUS]


def test_leg_reads_every_codec_offered_unless_its_answer_says_less() -> None:
    assert AnsweredStream(sends=True, receives=True).payload_types == {OPUS, VP8, H264}
