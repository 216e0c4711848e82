"""
One call's media in this worker: its legs, what the plan says, and who gets whose packets.

The plan is turned into routes by ``relay.routing``; here the routes become tables that a packet passes in two
look-ups. Commands, epochs and events to signaling belong to ``relay.worker``.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from relay import datagram
from relay.audio_exchange import DatagramSender
from relay.config import MediaWorkerConfig
from relay.control_messages import CallSummary, EncodingWanted, LegState, LegStatsEvent
from relay.datagram import Kind
from relay.description import Answer
from relay.errors import RelayError, UnknownLegError
from relay.forwarding import rtcp
from relay.forwarding.adaptation import EncodingPolicy
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.router import Router
from relay.forwarding.rtp import parse_header
from relay.forwarding.streams import OPUS, VIDEO_STREAMS, Stream
from relay.model import WEB_LEGS, CallPlan, IceServer, Leg, LegConnection, VideoCodec, WebLeg
from relay.peer import Peer
from relay.routing import Routes, routes
from relay.tap import CallTaps
from relay.text import TextLimiter

Emit = Callable[[LegState | LegStatsEvent | EncodingWanted], None]
PHONE_REPORT_PERIOD_S = 1.0
OTHER: dict[WebLeg, WebLeg] = {"signer": "agent", "agent": "signer", "second": "agent"}
log = logging.getLogger(__name__)


def new_limiter(config: MediaWorkerConfig) -> TextLimiter:
    return TextLimiter(config.text_rate_cps, config.text_burst, config.text_backlog, config.text_message_limit)


class WebLegMedia:
    """One leg, one generation: its peer and what the call does with what comes from it."""

    def __init__(self, call: "MediaSession", leg: WebLeg, generation: int, ice_servers: Sequence[IceServer]) -> None:
        self.leg = leg
        self.generation = generation
        self.offer: str | None = None
        self.audio_header = datagram.header(Kind.AUDIO, call.key, leg)
        config = call.config
        self.peer = Peer((OTHER[leg],), ice_servers, self, config)
        self.text = new_limiter(config)
        self.router = Router()
        self.on_packet = self.router.on_packet
        self.event_stats: StatsWindow | None = None
        self.policy = EncodingPolicy()
        self._call = call

    @property
    def has_media(self) -> bool:
        return self.peer.path is not None and self.peer.state in ("connected", "disconnected")

    def on_state(self, state: LegConnection) -> None:
        self._call.leg_changed(self, state)

    def on_text(self, reader: Leg, text: str) -> None:
        if reader == "phone":
            self._call.text_to_phone(self.leg, text)
            return
        self.text.add(text)
        self._call.pass_text(self, time.monotonic())

    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        receiver = self.router.receiver(stream)
        if receiver is not None:
            receiver.control.relay_report(stream, report, ntp, now)

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        self._call.pass_key_frame_request(self, stream, now)

    def on_interrupted(self, stream: Stream) -> None:
        receiver = self.router.receiver(stream)
        outbound = receiver.outbound.get(stream) if receiver is not None else None
        if outbound is not None:
            outbound.await_key_frame()

    def on_line_changed(self, now: float) -> None:
        self._call.pass_bitrate(self, now)


class MediaSession:
    """
    :param emit: tells signaling. :param sender: for phone worker and tap.
    """

    def __init__(
        self, call_id: str, epoch: int, config: MediaWorkerConfig, *, emit: Emit, sender: DatagramSender, now: float
    ) -> None:
        self.call_id = call_id
        self.epoch = epoch
        self.key = datagram.call_key(call_id)
        self.config = config
        self.plan = CallPlan()
        self.touched_at = now  # last command, or last time a leg lived
        self._emit = emit
        self._sender = sender
        self._legs: dict[WebLeg, WebLegMedia] = {}
        self._routes: Routes = routes(set(), self.plan)
        self._phone_texts: dict[WebLeg, TextLimiter] = {leg: new_limiter(config) for leg in WEB_LEGS}
        self._lock = asyncio.Lock()
        self.taps = CallTaps(self.key, sender, self._path_of)
        self._stats_at = self._phone_report_at = now

    # --- commands -----------------------------------------------------------------------------------------

    async def open_leg(
        self,
        leg: WebLeg,
        generation: int,
        ice_servers: Sequence[IceServer],
        video_codecs: tuple[VideoCodec, ...] = ("VP8", "H264"),
    ) -> str:
        """:returns: the offer, of these codecs. :raises RelayError: ``stale_generation``, ``bad_ice_server``."""
        async with self._lock:
            current = self._legs.get(leg)
            if current is not None and current.generation > generation:
                raise RelayError("stale_generation", f"generation {generation} is older than {current.generation}")
            if current is None or current.generation < generation:
                try:
                    media = WebLegMedia(self, leg, generation, ice_servers)
                except ValueError:
                    raise RelayError("bad_ice_server", "STUN or TURN URL cannot be read") from None
                await self._replace(current, media)
                current = media
            if current.offer is None:
                current.offer = await current.peer.offer(video_codecs)
            return current.offer

    async def answer_leg(self, leg: WebLeg, generation: int, sdp: str) -> Answer:
        async with self._lock:
            current = self._legs.get(leg)
            if current is not None and current.generation > generation:
                raise RelayError("stale_generation", f"generation {generation} is older than {current.generation}")
            if current is None or current.generation != generation or current.offer is None:
                raise UnknownLegError(leg, generation)
            return current.peer.answer(sdp)

    async def close_leg(self, leg: WebLeg) -> None:
        async with self._lock:
            current = self._legs.pop(leg, None)
            self._refresh()
            if current is not None:
                await current.peer.close()
                self._emit_state(current, "closed")

    def update(self, plan: CallPlan) -> None:
        self.plan = plan
        self.taps.update(plan.taps)
        self._refresh()

    async def close(self) -> None:
        async with self._lock:
            legs, self._legs = list(self._legs.values()), {}
            self._refresh()
            await asyncio.gather(*(each.peer.close() for each in legs), return_exceptions=True)

    def summary(self) -> CallSummary:
        return CallSummary(
            call_id=self.call_id,
            epoch=self.epoch,
            legs={leg: each.peer.state for leg, each in self._legs.items()},
            generations={leg: each.generation for leg, each in self._legs.items()},
        )

    @property
    def live_legs(self) -> int:
        return sum(each.peer.state != "closed" for each in self._legs.values())

    # --- from the legs ------------------------------------------------------------------------------------

    def leg_changed(self, media: WebLegMedia, state: LegConnection) -> None:
        if self._legs.get(media.leg) is not media:
            return
        self._refresh()
        self._emit_state(media, state)

    def pass_text(self, writer: WebLegMedia, now: float) -> None:
        """What a reader misses while it reconnects waits, within the limiter's bound."""
        reader = self._legs.get(OTHER[writer.leg])
        if not self.plan.bridged:
            writer.text.clear()
        elif (
            reader is not None
            and writer.leg in self._routes.reads[reader.leg]
            and reader.peer.can_take_text(writer.leg)
        ):
            text = writer.text.due(now)
            if text:
                reader.peer.send_text(writer.leg, text)

    def text_to_phone(self, leg: WebLeg, text: str) -> None:
        if self.plan.phone_text and self.plan.phone_socket is not None:
            payload = text.encode("utf-8", "replace")[: self.config.text_message_limit]
            self._sender.send(datagram.pack(Kind.TEXT, self.key, leg, payload), self.plan.phone_socket)

    def phone_text(self, leg: WebLeg, payload: bytes, now: float) -> None:
        """The phone party's text for ``leg``; what waits for a channel waits within the limiter's bound."""
        if self.plan.phone_text:
            self._phone_texts[leg].add(payload.decode("utf-8", "replace"))
            self._pass_phone_text(leg, now)

    def _pass_phone_text(self, leg: WebLeg, now: float) -> None:
        media = self._legs.get(leg)
        if media is not None and media.peer.can_take_text("phone"):
            text = self._phone_texts[leg].due(now)
            if text:
                media.peer.send_text("phone", text)

    def _phone_sender(self, media: WebLegMedia) -> Callable[[MediaPacket], None]:
        def send(packet: MediaPacket) -> None:
            if self.plan.phone_socket is not None:
                self._sender.send(media.audio_header + packet.data, self.plan.phone_socket)

        return send

    def phone_audio(self, leg: WebLeg, data: bytes, now: float) -> None:
        """The phone worker's mix for ``leg``; whatever payload type it wrote, the leg was offered ours."""
        media = self._legs.get(leg)
        data = bytes((data[0], data[1] & 0x80 | OPUS)) + data[2:] if len(data) > 1 else data
        header = parse_header(data)
        if media is None or media.peer.path is None or header is None:
            return
        if self.plan.phone_socket is not None and self._routes.hears[leg]:
            media.peer.path.forward(MediaPacket("audio", data, header), now)

    def pass_key_frame_request(self, receiver: WebLegMedia, stream: Stream, now: float) -> None:
        source = next(iter(self._routes.sees[receiver.leg]), None)
        media = self._legs.get(source) if source is not None else None
        if media is not None and media.peer.path is not None:
            media.peer.path.control.request_key_frame(stream, now)

    def pass_bitrate(self, receiver: WebLegMedia, now: float) -> None:
        """What ``receiver``'s line carries bounds what it is sent: its source is told, at once when it falls."""
        source = next(iter(self._routes.sees[receiver.leg]), None)
        media = self._legs.get(source) if source is not None else None
        if media is not None and media.peer.path is not None:
            self._limit(media.peer.path, self._needed_bitrate(media, now))

    def _limit(self, path: MediaPath, bitrate_bps: int | None) -> None:
        limit = self.config.maximum_bitrate_bps
        path.control.limit_bitrate(min(limit, bitrate_bps) if bitrate_bps is not None else limit)

    def _needed_bitrate(self, media: WebLegMedia, now: float) -> int | None:
        """:returns: bit/s that all viewers' lines carry; None without viewer or before any of them said anything."""
        viewers = [self._path_of(leg) for leg in self._legs if media.leg in self._routes.sees[leg]]
        bitrates = [path.video_bitrate_bps(now) for path in viewers if path is not None]
        return min((bitrate for bitrate in bitrates if bitrate is not None), default=None)

    # --- time ---------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        for media in list(self._legs.values()):
            media.peer.tick(now)
            if media.text.is_waiting:
                self.pass_text(media, now)
        for leg, waiting in self._phone_texts.items():
            if waiting.is_waiting:
                self._pass_phone_text(leg, now)
        self._request_wanted_key_frames(now)
        self._adapt(now)
        if self.plan.phone_socket is not None and now - self._phone_report_at >= PHONE_REPORT_PERIOD_S:
            self._phone_report_at = now
            self._report_phone_audio(now)
        self.taps.tick(now)
        if now - self._stats_at >= self.config.stats_period_s:
            self._stats_at = now
            self._emit_stats(now)
        if self.live_legs:
            self.touched_at = now

    def _request_wanted_key_frames(self, now: float) -> None:
        for media in self._legs.values():
            if media.peer.path is None:
                continue
            for stream in VIDEO_STREAMS:
                outbound = media.peer.path.outbound.get(stream)
                if outbound is not None and outbound.wants_key_frame:
                    self.pass_key_frame_request(media, stream, now)

    def _adapt(self, now: float) -> None:
        """Bitrates and sizes asked of each sender, after what its viewers' lines carry."""
        for media in self._legs.values():
            path = media.peer.path
            if path is None:
                continue
            bitrate = self._needed_bitrate(media, now)
            self._limit(path, bitrate)
            encoding = media.policy.update(bitrate, path.frame_size, now) if bitrate is not None else None
            if encoding is not None:
                self._emit(
                    EncodingWanted(call_id=self.call_id, leg=media.leg, generation=media.generation, encoding=encoding)
                )

    def _report_phone_audio(self, now: float) -> None:
        for media in self._legs.values():
            if media.peer.path is not None and self._routes.hears[media.leg]:
                media.peer.path.control.send_own_report("audio", now)

    def _emit_stats(self, now: float) -> None:
        for media in self._legs.values():
            if media.peer.path is None or media.peer.state != "connected":
                continue
            if media.event_stats is None:
                media.event_stats = StatsWindow(media.peer.path, now)
                continue
            stats = media.event_stats.take(now)
            self._emit(LegStatsEvent(call_id=self.call_id, leg=media.leg, stats=stats))

    def _path_of(self, leg: WebLeg) -> MediaPath | None:
        media = self._legs.get(leg)
        return media.peer.path if media is not None else None

    # --- routes -------------------------------------------------------------------------------------------

    async def _replace(self, previous: WebLegMedia | None, media: WebLegMedia) -> None:
        """Unsent text of the previous generation goes on: it is the same person."""
        if previous is not None:
            media.text = previous.text
            writer = self._legs.get(OTHER[media.leg])
            if writer is not None and previous.peer.may_have_lost_text(writer.leg):
                writer.text.mark_missing()
            if previous.peer.may_have_lost_text("phone"):
                self._phone_texts[media.leg].mark_missing()
        self._legs[media.leg] = media
        self._refresh()
        self._emit_state(media, "connecting")
        if previous is not None:
            await previous.peer.close()

    def _refresh(self) -> None:
        """Derive the routes again and write them into the tables that packets use."""
        present: set[Leg] = {leg for leg, media in self._legs.items() if media.has_media}
        if self.plan.phone_socket is not None:
            present.add("phone")
        self._routes = routes(present, self.plan)
        for media in self._legs.values():
            media.router.disconnect()
            media.router.to_tap = self.taps.receiver(media.leg)
            media.router.to_phone = self._phone_sender(media) if self.plan.phone_socket is not None else None
            if self.plan.phone_text:
                media.peer.open_text("phone")
        for leg, media in self._legs.items():
            source = next(iter(self._routes.sees[leg]), None)
            self._connect(media, self._legs.get(source) if source is not None else None, VIDEO_STREAMS)
            self._connect_audio(media)
        self._request_wanted_key_frames(time.monotonic())

    def _connect_audio(self, media: WebLegMedia) -> None:
        if self.plan.phone_socket is None:
            hears = self._routes.hears[media.leg]
            source = self._legs.get(OTHER[media.leg]) if OTHER[media.leg] in hears else None
            self._connect(media, source, ("audio",))
        elif media.peer.path is not None and "audio" in media.peer.path.outbound:
            media.peer.path.outbound["audio"].set_source("phone" if self._routes.hears[media.leg] else None)

    @staticmethod
    def _connect(receiver: WebLegMedia, source: WebLegMedia | None, streams: Sequence[Stream]) -> None:
        path = receiver.peer.path
        if path is None:
            return
        for stream in streams:
            outbound = path.outbound.get(stream)
            if outbound is None:
                continue
            outbound.set_source((source.leg, source.generation) if source is not None else None)
            if source is not None:
                source.router.connect(stream, path)

    def _emit_state(self, media: WebLegMedia, state: LegConnection) -> None:
        event = LegState(
            call_id=self.call_id,
            leg=media.leg,
            generation=media.generation,
            state=state,
            video_codecs=media.peer.video_codecs,
        )
        self._emit(event)
        if state in ("connected", "closed"):
            log.info("leg %s", state, extra={"call_id": self.call_id, "leg": media.leg})
