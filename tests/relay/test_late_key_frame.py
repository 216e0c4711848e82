"""A key frame's first packet that is lost on its way in comes last, sent again: what came meanwhile must follow it."""

from relay.forwarding.inbound import MediaPacket
from relay.forwarding.outbound import HELD_PACKETS
from relay.forwarding.video_payload import parse_vp8
from tests.helpers.packets import header_of, media, rtp, vp8
from tests.relay.test_media_path import SSRCS, Leg


def continuation(sequence: int, timestamp: int) -> MediaPacket:
    """A packet inside a picture."""
    payload = bytes([0x00]) + b"more"
    return media(rtp(payload_type=96, sequence=sequence, timestamp=timestamp, payload=payload), "video")


def sent_video(leg: Leg) -> list[tuple[int, int]]:
    """:returns: sequence number and timestamp of each, from the first on."""
    headers = [header_of(each) for each in leg.sent]
    media_headers = [each for each in headers if each.ssrc == SSRCS["video"].media]
    first = media_headers[0]
    return [((each.sequence - first.sequence) & 0xFFFF, each.timestamp - first.timestamp) for each in media_headers]


def test_what_came_before_the_key_frame_s_first_packet_follows_it_without_a_hole() -> None:
    leg = Leg()
    leg.path.outbound["video"].set_source("somebody")
    leg.path.forward(vp8(9, 0), "video", 1.0)  # a picture nobody can decode
    for packet in (continuation(11, 3000), continuation(12, 3000), vp8(14, 6000), vp8(13, 5000)):
        leg.path.forward(packet, "video", 1.0)
    assert leg.sent == []
    leg.path.forward(vp8(10, 3000, key=True), "video", 1.1)
    leg.path.forward(vp8(15, 9000), "video", 1.1)
    assert sent_video(leg) == [(0, 0), (1, 0), (2, 0), (3, 2000), (4, 3000), (5, 6000)]
    assert not leg.path.outbound["video"].has_held


def test_nothing_of_another_source_and_nothing_old_follows_a_key_frame() -> None:
    leg = Leg()
    outbound = leg.path.outbound["video"]
    outbound.set_source("first")
    leg.path.forward(vp8(11), "video", 1.0)
    outbound.set_source("second")
    for sequence in range(20, 20 + 2 * HELD_PACKETS):
        leg.path.forward(vp8(sequence), "video", 1.0)
    leg.path.forward(vp8(10, key=True), "video", 1.1)
    leg.path.forward(vp8(11), "video", 1.2)
    assert [sequence for sequence, _ in sent_video(leg)] == [0, 1]


def test_a_packet_inside_a_picture_starts_no_key_frame() -> None:
    packet = continuation(1, 0)
    assert parse_vp8(packet.data, packet.header.payload_start, packet.header.payload_end) is not None
    assert not packet.starts_key_frame
