"""
One watched leg: tapped packets in, measures of its latest picture out.

``receive`` runs in the event loop and only sorts bytes; ``analyse`` runs in a worker thread, one call at a time per
leg. Coded frames wait between the two, bounded; a key frame makes those before it needless.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from relay.datagram import Datagram, Kind, unbatch
from relay.model import LegStats, WebLeg
from relay.visibility.decoder import Codec, Decoder, to_gray, to_rgb
from relay.visibility.depacketize import CodedFrame, FrameAssembler, h264_fragment, vp8_fragment
from relay.visibility.model import Glance, Gray, Look
from relay.visibility.monitor import LegMonitor, Reading

STATS_LIFETIME_S = 5.0  # sent once a second; older says nothing about now

log = logging.getLogger(__name__)


class PictureAnalyzer(Protocol):
    """What :class:`relay.visibility.detector.Analyzer` offers; named here so that MediaPipe loads only when needed."""

    def glance(self, gray: Gray) -> Glance: ...

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> Look: ...

    def close(self) -> None: ...


class WatchedLeg:
    """
    :param make_analyzer: called in the worker thread with the first picture; may raise.
    :param max_pending: coded frames that may wait.
    """

    def __init__(
        self, call_id: str, leg: WebLeg, make_analyzer: Callable[[], PictureAnalyzer], max_pending: int, now: float
    ) -> None:
        self.call_id, self.leg = call_id, leg
        self.last_heard_s = now
        self._make_analyzer = make_analyzer
        self._monitor = LegMonitor()
        self._pending: deque[CodedFrame] = deque(maxlen=max_pending)
        self._codec: Codec | None = None
        self._assembler: FrameAssembler | None = None
        self._decoder: tuple[Codec, Decoder] | None = None
        self._analyzer: PictureAnalyzer | None = None
        self._stats_at_s = now
        self._received_video = False

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    def receive(self, datagram: Datagram, now: float) -> None:
        """:param now: s, the loop's clock."""
        self.last_heard_s = now
        if datagram.kind is Kind.STATS:
            self._receive_stats(datagram.payload, now)
        elif datagram.kind in (Kind.VP8, Kind.H264):
            self._received_video = True
            for packet in unbatch(datagram.payload):
                self._receive_packet("vp8" if datagram.kind is Kind.VP8 else "h264", packet, now)

    def take(self) -> tuple[Codec, list[CodedFrame]] | None:
        """:returns: what waits to be decoded, which then waits no longer; None when nothing does."""
        if not self._pending or self._codec is None:
            return None
        frames = list(self._pending)
        self._pending.clear()
        return self._codec, frames

    def analyse(self, codec: Codec, frames: list[CodedFrame], timestamp_ms: int) -> tuple[Glance, Look] | None:
        """
        In a worker thread. Decodes all the frames, glances at the last picture and looks at it.

        :returns: None when no picture came out.
        """
        if self._decoder is None or self._decoder[0] != codec:
            self._decoder = (codec, Decoder(codec))
        picture = self._decoder[1].decode(frames)
        if picture is None:
            return None
        if self._analyzer is None:
            self._analyzer = self._make_analyzer()
        return self._analyzer.glance(to_gray(picture)), self._analyzer.look(to_rgb(picture), timestamp_ms)

    def add(self, glance: Glance, look: Look) -> None:
        self._monitor.add_glance(glance)
        self._monitor.add_look(look)

    def reading(self, elapsed_s: float, now: float) -> Reading:
        if now - self._stats_at_s > STATS_LIFETIME_S:
            self._monitor.set_received_fps(None)
        receiving, self._received_video = self._received_video, False
        return self._monitor.reading(elapsed_s, receiving=receiving)

    def close(self) -> None:
        """In a worker thread, when no analysis is under way."""
        if self._analyzer is not None:
            self._analyzer.close()
            self._analyzer = None

    def _receive_stats(self, payload: bytes, now: float) -> None:
        try:
            stats = LegStats.model_validate_json(payload)
        except ValidationError:
            log.warning("unreadable statistics from a media worker", extra={"call_id": self.call_id, "leg": self.leg})
            return
        self._stats_at_s = now
        self._monitor.set_received_fps(stats.frames_per_second)

    def _receive_packet(self, codec: Codec, packet: bytes, now: float) -> None:
        if codec != self._codec or self._assembler is None:
            self._codec = codec
            self._assembler = FrameAssembler(vp8_fragment if codec == "vp8" else h264_fragment)
            self._pending.clear()
        frame = self._assembler.add(packet, now)
        if frame is None:
            return
        if frame.is_key:
            self._pending.clear()
        elif len(self._pending) == self._pending.maxlen:
            self._pending.clear()
            self._assembler.skip_to_key_frame(now)
            return
        self._pending.append(frame)
