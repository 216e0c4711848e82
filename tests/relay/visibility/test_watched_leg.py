"""One watched leg: what is decoded of tapped packets, what is glanced at, what is looked at."""

import re
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from relay.datagram import Datagram, Kind, batch, call_key
from relay.drawn_signer import DrawnSigner
from relay.visibility.decoder import Decoder
from relay.visibility.depacketize import CodedFrame
from relay.visibility.model import Glance, Gray, Look, Part
from relay.visibility.pool_messages import WatchLeg
from relay.visibility.schedule import EVERYTHING
from relay.visibility.watched_leg import WatchedLeg
from tests.helpers import clips
from tests.relay.visibility.frames import glance, look

SECONDS = 2


class Noting:
    """Sees nothing and notes when it was asked."""

    def __init__(self) -> None:
        self.glanced_at: list[float] = []

    def glance(self, gray: Gray, at_s: float) -> Glance:
        assert gray.shape == (120, 160)
        self.glanced_at.append(at_s)
        return glance()

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int, parts: frozenset[Part] = EVERYTHING) -> Look:
        assert rgb.shape == (120, 160, 3)
        return look()

    def close(self) -> None:
        pass


def pictures(fps: float) -> Iterator[NDArray[np.uint8]]:
    return DrawnSigner(160, 120, fps, scene="signing").frames(SECONDS)


@pytest.mark.parametrize(
    ("kind", "fps", "glances"),
    [(Kind.VP8, 8.0, 16), (Kind.VP8, 7.5, 15), (Kind.VP8, 30.0, 15), (Kind.H264, 15.0, 15), (Kind.H264, 30.0, 15)],
)
def test_pictures_are_glanced_at_as_often_as_a_base_layer_has_them_though_more_come(
    kind: Kind, fps: float, glances: int
) -> None:
    seen = Noting()
    leg = WatchedLeg(WatchLeg(call_id="one", leg="signer", watch_for="signing"), seen, max_pending=60, now=0.0)
    sequence = 0
    coded = clips.coded_frames(pictures(fps), "libvpx" if kind is Kind.VP8 else "libx264")
    for index, frame in enumerate(coded):
        packetize = clips.vp8_packets if kind is Kind.VP8 else clips.h264_packets
        packets = packetize(frame, index, sequence, fps=fps)
        sequence += len(packets)
        leg.receive(Datagram(kind, call_key("one"), "signer", batch(packets)), index / fps)
        leg.decode(index / fps)
        assert leg.has_picture  # the newest one, which may be looked at
        leg.look(index / fps)
    assert len(seen.glanced_at) == glances
    assert leg.reading(1.0, SECONDS).measures["analysed"]


def test_pictures_that_no_other_needs_are_not_decoded() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.max_b_frames = 160, 120, "yuv420p", 2
    encoder.time_base = Fraction(1, 8)
    packets = []
    for index, picture in enumerate(pictures(8.0)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    needed = sum(is_referred_to(bytes(packet)) for packet in packets)
    assert 0 < needed < len(packets)
    decoder = Decoder("h264")
    found = [each for packet in packets for each in decoder.decode(CodedFrame(bytes(packet), 0, is_key=False))]
    assert 0 < len(found) <= needed


def is_referred_to(coded: bytes) -> bool:
    """nal_ref_idc of a slice, ITU-T H.264 7.4.1."""
    units = [match[1][0] for match in re.finditer(rb"\x00\x00\x01(.)", coded, re.DOTALL)]
    return any(unit >> 5 for unit in units if unit & 0x1F in (1, 5))
