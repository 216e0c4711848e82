"""One web leg of a call, of one generation: its peer, and what becomes of what comes from it."""

from collections.abc import Sequence
from typing import Protocol

from relay import datagram
from relay.config import MediaWorkerConfig
from relay.datagram import Kind
from relay.forwarding import rtcp
from relay.forwarding.adaptation import EncodingPolicy
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.router import Router
from relay.forwarding.streams import Stream
from relay.model import IceServer, Leg, LegConnection, WebLeg
from relay.peer import Peer

#: with whom each has a text channel from the beginning; the others' come with them
FIRST_PARTY: dict[WebLeg, WebLeg] = {"signer": "agent", "agent": "signer", "second": "agent"}


class LegOwner(Protocol):
    """The call, as its legs see it."""

    @property
    def key(self) -> bytes: ...
    @property
    def config(self) -> MediaWorkerConfig: ...
    def leg_changed(self, media: "WebLegMedia", state: LegConnection) -> None: ...
    def wrote(self, media: "WebLegMedia", channel: Leg, text: str) -> None: ...
    def pass_key_frame_request(self, receiver: "WebLegMedia", stream: Stream, now: float) -> None: ...
    def pass_bitrate(self, receiver: "WebLegMedia", now: float) -> None: ...


class WebLegMedia:
    def __init__(self, call: LegOwner, leg: WebLeg, generation: int, ice_servers: Sequence[IceServer]) -> None:
        self.leg = leg
        self.generation = generation
        self.offer: str | None = None
        self.audio_header = datagram.header(Kind.AUDIO, call.key, leg)
        self.peer = Peer((FIRST_PARTY[leg],), ice_servers, self, call.config)
        self.router = Router()
        self.on_packet = self.router.on_packet
        self.event_stats: StatsWindow | None = None
        self.policy = EncodingPolicy()
        self._call = call

    @property
    def has_media(self) -> bool:
        return self.peer.path is not None and self.peer.state in ("connected", "disconnected")

    @property
    def path(self) -> MediaPath | None:
        return self.peer.path

    def become(self, leg: WebLeg) -> None:
        """The same person goes on as another leg of the call, on the same connection."""
        self.leg = leg
        self.audio_header = datagram.header(Kind.AUDIO, self._call.key, leg)

    def on_state(self, state: LegConnection) -> None:
        self._call.leg_changed(self, state)

    def on_text(self, reader: Leg, text: str) -> None:
        self._call.wrote(self, reader, text)

    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        for receiver, place in self.router.receivers(stream):
            receiver.control.relay_report(place, report, ntp, now)

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        self._call.pass_key_frame_request(self, stream, now)

    def on_interrupted(self, stream: Stream) -> None:
        for receiver, place in self.router.receivers(stream):
            outbound = receiver.outbound.get(place)
            if outbound is not None:
                outbound.await_key_frame()

    def on_line_changed(self, now: float) -> None:
        self._call.pass_bitrate(self, now)
