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
from relay.bitrates import needed_bitrate
from relay.call_texts import CallTexts
from relay.config import MediaWorkerConfig
from relay.control_messages import CallSummary, EncodingWanted, LegState, LegStatsEvent
from relay.description import Answer
from relay.errors import RelayError, UnknownLegError
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.outbound import OutboundStream
from relay.forwarding.rtp import parse_header
from relay.forwarding.streams import OPUS, VIDEO_STREAMS, Stream
from relay.model import WEB_LEGS, CallPlan, IceServer, Leg, LegConnection, VideoCodec, WebLeg
from relay.peer import Peer
from relay.routing import Routes, routes
from relay.tap import CallTaps
from relay.web_leg import WebLegMedia

Emit = Callable[[LegState | LegStatsEvent | EncodingWanted], None]
PHONE_REPORT_PERIOD_S = 1.0
SWAP_LIMIT_S = 2.0
log = logging.getLogger(__name__)


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
        self.texts = CallTexts(self.key, config, sender, self._peer_of)
        self._lock = asyncio.Lock()
        self.taps = CallTaps(self.key, sender, self._path_of)
        self._stats_at = self._phone_report_at = now
        self._before: dict[OutboundStream, WebLegMedia] = {}  # who is still sent, of two who swap
        self._swap_until = now

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
            self.texts.left(leg)
            self._refresh()
            if current is not None:
                await current.peer.close()
                self._emit_state(current, "closed")

    async def promote_second(self) -> None:
        """
        The second is the ``agent`` leg from now on, with its peer connection and its generation; the leg that was the
        agent's is closed without a word, as a replaced generation is. Without a second nothing changes.
        """
        async with self._lock:
            media = self._legs.pop("second", None)
            if media is None:
                return
            previous = self._legs.get("agent")
            media.become("agent")
            self._legs["agent"] = media
            self.texts.promoted()
            self._refresh()
            self._emit_state(media, media.peer.state)
            if previous is not None:
                await previous.peer.close()

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

    @property
    def weight(self) -> int:
        """In calls of two legs: of three, each sends to two."""
        return max(1, self.live_legs - 1)

    # --- from the legs ------------------------------------------------------------------------------------

    def leg_changed(self, media: WebLegMedia, state: LegConnection) -> None:
        if self._legs.get(media.leg) is not media:
            return
        self._refresh()
        self._emit_state(media, state)

    def wrote(self, media: WebLegMedia, channel: Leg, text: str) -> None:
        self.texts.wrote(media.leg, channel, text, time.monotonic())

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
            media.peer.path.forward(MediaPacket("audio", data, header), "audio", now)

    def pass_key_frame_request(self, receiver: WebLegMedia, stream: Stream, now: float) -> None:
        source = self._source_of(receiver.leg, stream)
        path = self._path_of(source) if source is not None else None
        if path is not None:
            path.control.request_key_frame("video", now)

    def pass_bitrate(self, receiver: WebLegMedia, now: float) -> None:
        """What ``receiver``'s line carries bounds what it is sent: its sources are told, at once when it falls."""
        for source in self._routes.sees[receiver.leg]:
            path = self._path_of(source)
            if path is not None:
                self._limit(path, self._needed_bitrate(source, now))

    def _limit(self, path: MediaPath, bitrate_bps: int | None) -> None:
        limit = self.config.maximum_bitrate_bps
        path.control.limit_bitrate(min(limit, bitrate_bps) if bitrate_bps is not None else limit)

    def _needed_bitrate(self, source: WebLeg, now: float) -> int | None:
        def carries(leg: WebLeg) -> int | None:
            path = self._path_of(leg)
            return path.video_bitrate_bps(now) if path is not None else None

        return needed_bitrate(source, self._routes.sees, carries)

    def _source_of(self, leg: WebLeg, stream: Stream) -> WebLeg | None:
        """Whose picture the leg sees in this stream."""
        sources, place = self._routes.sees[leg], VIDEO_STREAMS.index(stream)
        return sources[place] if place < len(sources) else None

    # --- time ---------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        for media in list(self._legs.values()):
            media.peer.tick(now)
        self.texts.tick(now)
        self._finish_swaps(now)
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
            bitrate = self._needed_bitrate(media.leg, now)
            self._limit(path, bitrate)
            if bitrate is None:
                continue
            is_unclear = media.leg in self.plan.unclear
            encoding = media.policy.update(bitrate, path.frame_size, now, is_unclear=is_unclear)
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

    def _peer_of(self, leg: WebLeg) -> Peer | None:
        media = self._legs.get(leg)
        return media.peer if media is not None else None

    # --- routes -------------------------------------------------------------------------------------------

    async def _replace(self, previous: WebLegMedia | None, media: WebLegMedia) -> None:
        """Unsent text of the previous generation goes on: it is the same person."""
        if previous is not None:
            self.texts.replaced(media.leg, previous.peer)
        self._legs[media.leg] = media
        self._refresh()
        self._emit_state(media, "connecting")
        if previous is not None:
            await previous.peer.close()

    def _finish_swaps(self, now: float) -> None:
        """Who was shown before goes on until the next one is there, but not for ever."""
        if not self._before or (any(each.is_switching for each in self._before) and now < self._swap_until):
            return
        for outbound in self._before:
            outbound.switch_now()
        self._refresh()

    def _refresh(self) -> None:
        """Derive the routes again and write them into the tables that packets use."""
        present: set[Leg] = {leg for leg, media in self._legs.items() if media.has_media}
        if self.plan.phone_socket is not None:
            present.add("phone")
        self._routes = routes(present, self.plan)
        self.texts.update(self.plan, self._routes)
        for media in self._legs.values():
            media.router.disconnect()
            media.router.to_tap = self.taps.receiver(media.leg)
            media.router.to_phone = self._phone_sender(media) if self.plan.phone_socket is not None else None
        for leg, media in self._legs.items():
            if media.path is not None:
                media.path.line.expect(max(1, len(self._routes.sees[leg])))
                for place in VIDEO_STREAMS:
                    self._connect_picture(leg, media.path, place)
                self._connect_audio(media.path, self._routes.hears[leg])
        self._request_wanted_key_frames(time.monotonic())

    def _connect_audio(self, path: MediaPath, hears: tuple[Leg, ...]) -> None:
        outbound = path.outbound.get("audio")
        if outbound is None:
            return
        if self.plan.phone_socket is not None:
            path.hear(1)
            outbound.set_source("phone" if hears else None)
            return
        voices = tuple(self._legs[leg] for leg in WEB_LEGS if leg in hears)
        path.hear(len(voices))
        outbound.set_source(voices or None)
        for voice in voices:
            voice.router.connect("audio", path, "audio")

    def _connect_picture(self, leg: WebLeg, path: MediaPath, place: Stream) -> None:
        """Of two who swap places both stay in view: neither picture stops before the next one is there."""
        outbound, source = path.outbound.get(place), self._source_of(leg, place)
        if outbound is None:
            return
        after = self._legs[source] if source is not None else None
        in_view = [self._legs[each] for each in self._routes.sees[leg]]
        if after is not None and after is self._before.get(outbound):
            outbound.stay(after)
        elif after is not None and after is not outbound.source and outbound.source in in_view:
            self._before[outbound], self._swap_until = outbound.source, time.monotonic() + SWAP_LIMIT_S
            outbound.set_source(after, gently=True)
        else:
            outbound.set_source(after)
        if after is not None:
            after.router.connect("video", path, place)
        if outbound.is_switching and self._before.get(outbound) in in_view:
            self._before[outbound].router.connect("video", path, place)
        else:
            self._before.pop(outbound, None)

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
