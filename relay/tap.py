"""
Copies of legs' base temporal layer for visibility workers, frame by frame. Dropped rather than queued.

Which legs are watched, and by whom, the call's plan says.
"""

from collections.abc import Callable, Iterable

from relay import datagram
from relay.audio_exchange import DatagramSender
from relay.datagram import Kind
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.leg_statistics import StatsWindow
from relay.forwarding.media_path import MediaPath
from relay.forwarding.streams import VP8
from relay.model import Tap, TapStats, WebLeg

STATS_PERIOD_S = 1.0
KEY_FRAME_PERIOD_S = 3.0  # a tap that loses packets must not cost the call its bitrate


class CallTaps:
    """
    One call's, at most one for each leg.

    :param path_of: the media path of a leg's present generation, None without media.
    """

    def __init__(self, key: bytes, sender: DatagramSender, path_of: Callable[[WebLeg], MediaPath | None]) -> None:
        self._key, self._sender, self._path_of = key, sender, path_of
        self._taps: dict[WebLeg, LegTap] = {}

    def update(self, plan: Iterable[Tap]) -> None:
        """What was tapped before and still is goes on."""
        before, self._taps = self._taps, {}
        for tap in plan:
            known = before.get(tap.leg)
            if known is None or known.plan != tap:
                known = LegTap(self._key, tap, self._sender)
            self._taps[tap.leg] = known

    def receiver(self, leg: WebLeg) -> Callable[[MediaPacket], None] | None:
        """:returns: what gets the base layer of the leg's picture now; None: nobody."""
        tap = self._taps.get(leg)
        return tap.packet if tap is not None else None

    def ask_key_frame(self, leg: WebLeg) -> None:
        """The watcher cannot decode what it gets."""
        if (tap := self._taps.get(leg)) is not None:
            tap.wants_key_frame = True

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        for leg, tap in self._taps.items():
            tap.tick(self._path_of(leg), now)


class LegTap:
    """One leg's picture to one receiver."""

    def __init__(self, key: bytes, plan: Tap, sender: DatagramSender) -> None:
        self.plan = plan
        self._key = key
        self._sender = sender
        self.wants_key_frame = True
        self._is_reached = False
        self._frame: list[bytes] = []
        self._size = 0
        self._kind = Kind.VP8
        self._has_key = False
        self._receiver: tuple[int, int] | None = None
        self._key_frame_asked_at = self._stats_at = float("-inf")
        self._stats: StatsWindow | None = None
        self._stats_path: MediaPath | None = None

    def packet(self, packet: MediaPacket) -> None:
        """Of the base layer."""
        kind = Kind.VP8 if packet.header.payload_type == VP8 else Kind.H264
        if self._frame and kind is not self._kind:
            self._clear()
        self._kind = kind
        self._frame.append(packet.data)
        self._size += len(packet.data)
        self._has_key |= packet.starts_key_frame
        if packet.header.marker or self._size > datagram.BATCH_LIMIT:
            self._send_frame()

    def tick(self, path: MediaPath | None, now: float) -> None:
        """:param path: the leg's, None without media."""
        is_wanted = self.wants_key_frame and self._is_reached
        if is_wanted and path is not None and now - self._key_frame_asked_at >= KEY_FRAME_PERIOD_S:
            self._key_frame_asked_at = now
            path.control.request_key_frame("video", now)
        if now - self._stats_at >= STATS_PERIOD_S:
            self._stats_at = now
            self._send_stats(path, now)

    def _send_frame(self) -> None:
        payload = datagram.pack(self._kind, self._key, self.plan.leg, datagram.batch(self._frame))
        self._is_reached = self._sender.send(payload, self.plan.socket)
        if not self._is_reached:
            self.wants_key_frame = True  # what follows cannot be decoded without it
        elif self._has_key:
            self.wants_key_frame = False
        self._clear()

    def _clear(self) -> None:
        self._frame.clear()
        self._size = 0
        self._has_key = False

    def _send_stats(self, path: MediaPath | None, now: float) -> None:
        receiver = self._sender.identity(self.plan.socket)
        if receiver != self._receiver:
            self._receiver, self.wants_key_frame = receiver, True  # somebody new, who has seen no key frame
        if path is None:
            return
        if self._stats is None or path is not self._stats_path:
            self._stats, self._stats_path = StatsWindow(path, now), path
            return
        ask_at = self._sender.answers_from(self.plan.socket)
        stats = TapStats(**dict(self._stats.take(now)), ask_at=ask_at).model_dump_json().encode()
        self._sender.send(datagram.pack(Kind.STATS, self._key, self.plan.leg, stats), self.plan.socket)
