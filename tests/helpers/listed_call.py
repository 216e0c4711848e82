"""A call of a media worker whose legs are connected to nothing but lists."""

from pathlib import Path

from relay.audio_exchange import DatagramSender
from relay.config import MediaWorkerConfig
from relay.control_messages import EncodingWanted, LegState, LegStatsEvent
from relay.forwarding import rtcp
from relay.forwarding.media_path import MediaPath
from relay.forwarding.rtp import is_rtcp, parse_header
from relay.forwarding.streams import OPUS, STREAMS, VP8, AnsweredStream, OutgoingSsrcs, Stream
from relay.model import CallPlan, WebLeg
from relay.session import MediaSession
from relay.web_leg import WebLegMedia
from tests.helpers.packets import rtp, vp8_payload
from tests.helpers.simulated_call import Unprotected

CONFIG = MediaWorkerConfig("w", Path("control"), Path("audio"))
PICTURE_SSRC: dict[WebLeg, int] = {"signer": 2, "agent": 22, "second": 42}
VOICE_SSRC: dict[WebLeg, int] = {"signer": 1, "agent": 21, "second": 41}
#: of what every leg is sent
SSRCS: dict[Stream, OutgoingSsrcs] = {each: OutgoingSsrcs(100 + n, 200 + n) for n, each in enumerate(STREAMS)}


class ListedCall:
    """:param legs: connected from the beginning."""

    def __init__(self, *legs: WebLeg) -> None:
        self.events: list[LegState | LegStatsEvent | EncodingWanted] = []
        self.sender = DatagramSender()
        self.session = MediaSession("c", 1, CONFIG, emit=self.events.append, sender=self.sender, now=0.0)
        self.sent: dict[WebLeg, list[bytes]] = {}
        for leg in legs:
            self.connect(leg)
        self.session.update(CallPlan(bridged=True))

    def connect(self, leg: WebLeg, generation: int = 4) -> WebLegMedia:
        media = WebLegMedia(self.session, leg, generation, ())
        self.sent[leg] = []
        picture = AnsweredStream(True, True, (PICTURE_SSRC[leg], PICTURE_SSRC[leg] + 1), True, True)
        media.peer.path = MediaPath(
            {
                "audio": AnsweredStream(True, True, (VOICE_SSRC[leg],)),
                "video": picture,
                "video2": AnsweredStream(False, True, (), True, True),
            },
            SSRCS,
            Unprotected(self.sent[leg].append),
            media,
            cname="c",
            start_bitrate_bps=1_200_000,
            maximum_bitrate_bps=2_500_000,
        )
        media.peer.state = "connected"
        self.session._legs[leg] = media
        self.session._refresh()
        return media

    def path(self, leg: WebLeg) -> MediaPath:
        path = self.session._legs[leg].peer.path
        assert path is not None
        return path

    def picture(
        self, leg: WebLeg, now: float, *, key: bool = True, path: MediaPath | None = None, size: int = 0
    ) -> None:
        """
        A picture of one packet comes from the leg.

        :param path: of who has another name in the call by now. :param size: bytes, beside what names the sender.
        """
        packet = rtp(
            payload_type=VP8,
            sequence=round(now * 100),
            timestamp=int(now * 90_000),
            ssrc=PICTURE_SSRC[leg],
            payload=vp8_payload(key=key) + bytes(size) + leg.encode(),
            extensions={1: b"1"},
        )
        (path or self.path(leg)).receive(packet, now)

    def voice(self, leg: WebLeg, now: float, level: int = 20) -> None:
        """:param level: -dBov, of RFC 6464."""
        packet = rtp(
            payload_type=OPUS,
            sequence=int(now * 1000) // 20,
            timestamp=int(now * 48_000),
            ssrc=VOICE_SSRC[leg],
            payload=leg.encode(),
            extensions={2: bytes([level])},
        )
        self.path(leg).receive(packet, now)

    def got(self, leg: WebLeg, stream: Stream) -> list[bytes]:
        """RTP packets of the stream that went to the leg so far."""
        return [
            data
            for data in self.sent[leg]
            if not is_rtcp(data) and (header := parse_header(data)) is not None and header.ssrc == SSRCS[stream].media
        ]

    def shown(self, leg: WebLeg) -> dict[Stream, list[WebLeg]]:
        """Whose pictures the leg got so far, and heard, by stream."""
        names: tuple[WebLeg, ...] = ("signer", "agent", "second")
        return {
            stream: [name for data in self.got(leg, stream) for name in names if data.endswith(name.encode())]
            for stream in STREAMS
        }

    def forget(self) -> None:
        for sent in self.sent.values():
            sent.clear()

    def key_frames_asked(self, leg: WebLeg) -> int:
        """Of the leg, as sender, so far."""
        messages = [each for data in self.sent[leg] if is_rtcp(data) for each in rtcp.parse(data)]
        return sum(isinstance(each, rtcp.KeyFrameRequest) for each in messages)

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

    async def close(self) -> None:
        await self.session.close()
        self.sender.close()
