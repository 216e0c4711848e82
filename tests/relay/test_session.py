"""What a call makes of its legs' lines: bitrates and sizes asked of the other side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.audio_exchange import DatagramSender
from relay.config import MediaWorkerConfig
from relay.control_messages import EncodingWanted, LegState, LegStatsEvent
from relay.forwarding import rtcp
from relay.forwarding.media_path import MediaPath
from relay.forwarding.rtp import is_rtcp
from relay.forwarding.streams import STREAMS, VP8, AnsweredStream, OutgoingSsrcs, Stream
from relay.model import CallPlan, WebLeg
from relay.session import MediaSession
from relay.web_leg import WebLegMedia
from tests.helpers.packets import rtp, vp8_payload
from tests.helpers.simulated_call import Unprotected

CONFIG = MediaWorkerConfig("w", Path("control"), Path("audio"))
ANSWERED: dict[Stream, AnsweredStream] = {
    "audio": AnsweredStream(True, True, (1,)),
    "video": AnsweredStream(True, True, (2, 3), has_transport_cc=True, has_rtx=True),
    "video2": AnsweredStream(sends=False, receives=False),
}


class Call:
    """A session whose legs are connected to nothing but lists."""

    def __init__(self) -> None:
        self.events: list[LegState | LegStatsEvent | EncodingWanted] = []
        self.sender = DatagramSender()
        self.session = MediaSession("c", 1, CONFIG, emit=self.events.append, sender=self.sender, now=0.0)
        self.sent: dict[WebLeg, list[bytes]] = {"signer": [], "agent": []}
        for leg in ("signer", "agent"):
            self._connect(leg)
        self.session.update(CallPlan(bridged=True))

    def _connect(self, leg: WebLeg) -> None:
        media = WebLegMedia(self.session, leg, 4, ())
        ssrcs = {stream: OutgoingSsrcs(100 + index, 200 + index) for index, stream in enumerate(STREAMS)}
        media.peer.path = MediaPath(
            ANSWERED,
            ssrcs,
            Unprotected(self.sent[leg].append),
            media,
            cname="c",
            start_bitrate_bps=1_200_000,
            maximum_bitrate_bps=2_500_000,
        )
        media.peer.state = "connected"
        self.session._legs[leg] = media

    def path(self, leg: WebLeg) -> MediaPath:
        path = self.session._legs[leg].peer.path
        assert path is not None
        return path

    def picture(self, leg: WebLeg, now: float) -> None:
        packet = rtp(payload_type=VP8, sequence=int(now * 100), ssrc=2, payload=vp8_payload(key=True))
        self.path(leg).receive(packet, now)

    def bitrates(self, leg: WebLeg) -> list[int]:
        """Asked of the leg so far."""
        messages = [each for data in self.sent[leg] if is_rtcp(data) for each in rtcp.parse(data)]
        return [each.bitrate_bps for each in messages if isinstance(each, rtcp.MaximumBitrate)]

    def encodings(self) -> list[EncodingWanted]:
        return [event for event in self.events if isinstance(event, EncodingWanted)]

    def run(self, seconds: float, agent_line_bps: int, began_at: float = 0.0) -> float:
        """The agent's browser tells what its line carries."""
        for step in range(int(seconds * 10)):
            now = began_at + step / 10
            self.path("agent").receive(rtcp.build_remb(9, agent_line_bps, [101]), now)
            self.session.tick(now)
        return began_at + seconds


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    await call.session.close()
    call.sender.close()


async def test_sender_is_asked_at_once_for_no_more_than_its_viewers_line_carries(call: Call) -> None:
    call.picture("signer", 0.0)
    call.path("agent").receive(rtcp.build_remb(9, 400_000, [101]), 0.01)
    assert call.bitrates("signer") == [pytest.approx(400_000, rel=0.01)]
    assert call.bitrates("agent") == []


async def test_sender_without_viewer_is_bounded_by_the_policy_only(call: Call) -> None:
    call.session.update(CallPlan(bridged=False))
    call.picture("signer", 0.0)
    call.run(1.5, 400_000)
    assert call.bitrates("signer") == []
    assert call.encodings() == []


async def test_narrow_line_makes_the_other_side_send_smaller_pictures_and_says_so_once(call: Call) -> None:
    call.picture("signer", 0.0)
    call.run(10, 200_000)
    [wanted] = call.encodings()
    assert (wanted.leg, wanted.generation, wanted.call_id) == ("signer", 4, "c")
    assert wanted.encoding.scale_resolution_down_by > 2
    assert wanted.encoding.max_framerate == 30


async def test_good_line_asks_for_nothing(call: Call) -> None:
    call.picture("signer", 0.0)
    call.run(10, 2_400_000)
    assert call.encodings() == []


async def test_line_that_widens_gives_the_picture_its_size_back(call: Call) -> None:
    call.picture("signer", 0.0)
    now = call.run(10, 200_000)
    call.run(30, 2_400_000, now)
    assert [event.encoding.scale_resolution_down_by for event in call.encodings()][-1] == 1.0
    assert call.bitrates("signer")[-1] == pytest.approx(2_400_000, rel=0.01)
