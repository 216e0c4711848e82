"""
The copy of a leg's base temporal layer for the visibility worker, frame by frame. Dropped rather than queued.

Which leg is watched, and by whom, the call's plan says.
"""

import json
from collections.abc import Callable

from relay import datagram
from relay.audio_exchange import DatagramSender
from relay.datagram import Kind
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.streams import VP8
from relay.model import Tap, WebLeg

STATS_PERIOD_S = 1.0
KEY_FRAME_PERIOD_S = 3.0  # a tap that loses packets must not cost the call its bitrate


class CallTap:
    """
    One call's.

    :param path_of: the media path of a leg's present generation, None without media.
    """

    def __init__(
        self, key: bytes, sender: DatagramSender, path_of: Callable[[WebLeg], MediaPath | None], now: float
    ) -> None:
        self._key = key
        self._sender = sender
        self._path_of = path_of
        self._plan: Tap | None = None
        self._wants_key_frame = False
        self._is_reached = False
        self._frame: list[bytes] = []
        self._size = 0
        self._kind = Kind.VP8
        self._has_key = False
        self._receiver: tuple[int, int] | None = None
        self._key_frame_asked_at = self._stats_at = now
        self._stats: StatsWindow | None = None
        self._stats_path: MediaPath | None = None

    def update(self, plan: Tap | None) -> None:
        if plan != self._plan:
            self._plan = plan
            self._wants_key_frame = plan is not None

    def packet(self, leg: WebLeg, packet: MediaPacket) -> None:
        """Of the leg's picture."""
        plan = self._plan
        if plan is None or plan.leg != leg or not packet.is_base_layer:
            return
        kind = Kind.VP8 if packet.header.payload_type == VP8 else Kind.H264
        if self._frame and kind is not self._kind:
            self._clear()
        self._kind = kind
        self._frame.append(packet.data)
        self._size += len(packet.data)
        self._has_key |= packet.starts_key_frame
        if packet.header.marker or self._size > datagram.BATCH_LIMIT:
            self._send_frame(leg, plan.socket)

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        plan = self._plan
        path = self._path_of(plan.leg) if plan is not None else None
        if plan is None:
            return
        is_wanted = self._wants_key_frame and self._is_reached
        if is_wanted and path is not None and now - self._key_frame_asked_at >= KEY_FRAME_PERIOD_S:
            self._key_frame_asked_at = now
            path.control.request_key_frame("video", now)
        if now - self._stats_at >= STATS_PERIOD_S:
            self._stats_at = now
            self._send_stats(plan, path, now)

    def _send_frame(self, leg: WebLeg, socket: str) -> None:
        payload = datagram.batch(self._frame)
        self._is_reached = self._sender.send(datagram.pack(self._kind, self._key, leg, payload), socket)
        if not self._is_reached:
            self._wants_key_frame = True  # what follows cannot be decoded without it
        elif self._has_key:
            self._wants_key_frame = False
        self._clear()

    def _clear(self) -> None:
        self._frame.clear()
        self._size = 0
        self._has_key = False

    def _send_stats(self, plan: Tap, path: MediaPath | None, now: float) -> None:
        receiver = self._sender.identity(plan.socket)
        if receiver != self._receiver:
            self._receiver, self._wants_key_frame = receiver, True  # somebody new, who has seen no key frame
        if path is None:
            return
        if self._stats is None or path is not self._stats_path:
            self._stats, self._stats_path = StatsWindow(path, now), path
            return
        stats = json.dumps(self._stats.take(now).model_dump()).encode()
        self._sender.send(datagram.pack(Kind.STATS, self._key, plan.leg, stats), plan.socket)
