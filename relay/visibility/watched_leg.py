"""
One watched leg in an analysis process: tapped packets in, glances and looks, a reading a second out.

Each whole base-layer picture is decoded, since the next one needs it; as many are glanced at as the schedule wants, and
the newest one is looked at when it says so. Coded pictures wait for the decoder, bounded; a
key frame makes those before it needless.
"""

import logging
from collections import deque
from typing import Protocol

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from pydantic import ValidationError

from relay.datagram import Datagram, Kind, unbatch
from relay.model import TapStats, WatchFor
from relay.visibility.decoder import Codec, Decoder, to_gray, to_rgb
from relay.visibility.depacketize import CodedFrame, FrameAssembler, h264_fragment, vp8_fragment
from relay.visibility.model import Glance, Gray, Look, Part
from relay.visibility.monitor import LegMonitor, Reading
from relay.visibility.pool_messages import WatchLeg
from relay.visibility.rules import RULES, Rule
from relay.visibility.schedule import LegSchedule

STATS_LIFETIME_S = 5.0  # sent once a second; older says nothing about now
KEY_FRAME_ASKED_AFTER_S = 0.5  # video without a picture of it; viewers may have asked already
KEY_FRAME_ASKED_EVERY_S = 2.0  # the tap itself asks the camera more rarely
VIDEO_CLOCK = 90_000  # Hz, of RTP timestamps

log = logging.getLogger(__name__)


class PictureAnalyzer(Protocol):
    """What :class:`relay.visibility.detector.Analyzer` offers; named here so that MediaPipe loads only when needed."""

    def glance(self, gray: Gray, at_s: float) -> Glance: ...

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int, parts: frozenset[Part] = ...) -> Look: ...

    def close(self) -> None: ...


class WatchedLeg:
    """
    :param analyzer: this leg's own; closed with it.
    :param max_pending: coded pictures that may wait.
    :param now: s, any monotonic clock, here and below.
    :param rules: a centre's own.
    """

    def __init__(
        self,
        watch: WatchLeg,
        analyzer: PictureAnalyzer,
        max_pending: int,
        now: float,
        rules: tuple[Rule, ...] = RULES,
    ) -> None:
        self.call_id, self.leg = watch.call_id, watch.leg
        self.schedule = LegSchedule(watch.watch_for, is_own_staff=watch.leg != "signer")
        self._dropped = 0  # coded pictures, since they were counted
        self._analyzer = analyzer
        self._monitor = LegMonitor(watch.watch_for, rules)
        self._pending: deque[CodedFrame] = deque(maxlen=max_pending)
        self._codec: Codec | None = None
        self._assembler: FrameAssembler | None = None
        self._decoder: Decoder | None = None
        self._picture: VideoFrame | None = None  # the newest, until it is looked at
        self._glanced_at: int | None = None  # RTP timestamp
        self._stats_at = now
        self._received_video = False
        self._undecoded_since: float | None = None
        self._key_frame_asked_at = float("-inf")

    @property
    def has_picture(self) -> bool:
        """One that was not looked at."""
        return self._picture is not None

    def watch_for(self, watch_for: WatchFor) -> None:
        self.schedule.watch_for = watch_for
        self._monitor.watch(watch_for)

    def receive(self, datagram: Datagram, now: float) -> None:
        if datagram.kind is Kind.STATS:
            self._receive_stats(datagram.payload, now)
        elif datagram.kind in (Kind.VP8, Kind.H264):
            self._received_video = True
            codec: Codec = "vp8" if datagram.kind is Kind.VP8 else "h264"
            for packet in unbatch(datagram.payload):
                self._receive_packet(codec, packet, now)

    def decode(self, now: float) -> None:
        """What waits, in order, and glances where they are due."""
        if self._decoder is None:
            return
        while self._pending:
            coded = self._pending.popleft()
            for picture in self._decoder.decode(coded):
                self._picture, self._undecoded_since = picture, None
                self._glance(picture, coded.timestamp, now)

    def look(self, now: float) -> None:
        """At the newest picture, which then has been looked at."""
        picture, self._picture = self._picture, None
        if picture is None:
            return
        look = self._analyzer.look(to_rgb(picture), round(now * 1000), self.schedule.parts)
        self._monitor.add_look(look, now)
        self.schedule.looked(look, now)

    def reading(self, elapsed_s: float, now: float) -> Reading:
        if now - self._stats_at > STATS_LIFETIME_S:
            self._monitor.set_rtp(None)
        receiving, self._received_video = self._received_video, False
        reading = self._monitor.reading(elapsed_s, now, receiving=receiving)
        self.schedule.told(reading.level, reading.advice, now)
        return reading

    def take_dropped(self) -> int:
        """:returns: coded pictures that found no time, since this was asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def wants_key_frame(self, now: float) -> bool:
        """:returns: whether to ask for one now: pictures come and cannot be decoded."""
        since = self._undecoded_since
        if since is None or now - since < KEY_FRAME_ASKED_AFTER_S:
            return False
        if now - self._key_frame_asked_at < KEY_FRAME_ASKED_EVERY_S:
            return False
        self._key_frame_asked_at = now
        return True

    def close(self) -> None:
        self._analyzer.close()

    def _glance(self, picture: VideoFrame, timestamp: int, now: float) -> None:
        since = None if self._glanced_at is None else ((timestamp - self._glanced_at) & 0xFFFFFFFF) / VIDEO_CLOCK
        if since is not None and since < self.schedule.glance_period_s(now):
            return
        self._glanced_at = timestamp
        glance = self._analyzer.glance(to_gray(picture), timestamp / VIDEO_CLOCK)
        self._monitor.add_glance(glance, now)
        self.schedule.glanced(glance, now)

    def _receive_stats(self, payload: bytes, now: float) -> None:
        try:
            stats = TapStats.model_validate_json(payload)
        except ValidationError:
            log.warning("unreadable statistics from a media worker", extra={"call_id": self.call_id, "leg": self.leg})
            return
        self._stats_at = now
        self._monitor.set_rtp(stats)

    def _receive_packet(self, codec: Codec, packet: bytes, now: float) -> None:
        if codec != self._codec or self._assembler is None:
            self._codec, self._decoder = codec, Decoder(codec)
            self._assembler = FrameAssembler(vp8_fragment if codec == "vp8" else h264_fragment)
            self._pending.clear()
        frame = self._assembler.add(packet, now)
        if frame is None:
            if self._undecoded_since is None and not self._assembler.is_decodable:
                self._undecoded_since = now
            return
        if frame.is_key:
            self._skip_pending()
        elif len(self._pending) == self._pending.maxlen:
            self._skip_pending()
            self._assembler.skip_to_key_frame(now)
            return
        self._pending.append(frame)

    def _skip_pending(self) -> None:
        self._dropped += len(self._pending)
        self._pending.clear()
