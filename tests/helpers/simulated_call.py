"""
A sender, two media paths and a viewer on a bad line, in virtual time: seconds of a call in milliseconds.

The sender encodes as browsers do (30 pictures a second in three temporal layers, following the bitrate it is asked
for), the viewer feeds back as browsers do. Everything between them is the real forwarding.
"""

import heapq
import itertools
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from relay.forwarding import rtcp
from relay.forwarding.adaptation import EncodingPolicy
from relay.forwarding.feedback import NackGenerator, ReceiveStatistics
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.media_path import MediaPath
from relay.forwarding.rtp import find_extension, is_rtcp, parse_header
from relay.forwarding.streams import STREAMS, VP8, AnsweredStream, OutgoingSsrcs, Stream
from relay.forwarding.transport_feedback import TransportFeedback
from relay.forwarding.video_payload import parse_vp8
from relay.model import Encoding
from tests.helpers.packets import rtp, vp8_payload
from tests.helpers.shaping import Shaper, Way

FPS = 30
PATTERN = (0, 2, 1, 2)
SHARES = {0: 0.4 / 7.5, 1: 0.2 / 7.5, 2: 0.4 / 15}  # of a second's bits, per picture of each layer
SYNC_EVERY = 8  # pictures, as libvpx
PAYLOAD = 1100
KEY_FRAME = 5.0  # times an average picture
MAXIMUM_BPS = 2_500_000
START_BPS = 1_200_000
PLAYED_WITHIN_S = 0.6  # a picture later than this is no movement any more
SENDER, SENDER_RTX = 2, 3


class Unprotected:
    """:param send: gets what would be protected and sent."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.send_rtcp = send

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return bytes(data)

    unprotect_rtcp = unprotect

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        if number_at:
            packet = packet[:number_at] + number.to_bytes(2, "big") + packet[number_at + 2 :]
        self.send_rtcp(packet)


class _Leg:
    """One leg's sink; ``other`` is where its media goes."""

    def __init__(self, call: "SimulatedCall", send: Callable[[bytes], None], first_ssrc: int, *, tells: bool) -> None:
        answered: dict[Stream, AnsweredStream] = {
            "audio": AnsweredStream(False, False),
            "video": AnsweredStream(True, True, (SENDER, SENDER_RTX), has_transport_cc=tells, has_rtx=True),
            "video2": AnsweredStream(False, False),
        }
        ssrcs: dict[Stream, OutgoingSsrcs] = {
            stream: OutgoingSsrcs(first_ssrc + index, first_ssrc + 50 + index) for index, stream in enumerate(STREAMS)
        }
        self.call = call
        self.other: _Leg | None = None
        self.ssrcs = ssrcs["video"]
        self.path = MediaPath(
            answered,
            ssrcs,
            Unprotected(send),
            self,
            cname="c",
            start_bitrate_bps=START_BPS,
            maximum_bitrate_bps=MAXIMUM_BPS,
        )

    def on_packet(self, packet: MediaPacket, now: float) -> None:
        if self.other is not None:
            self.other.path.forward(packet, packet.stream, now)

    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None: ...

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        if self.other is not None:
            self.other.path.control.request_key_frame(stream, now)

    def on_interrupted(self, stream: Stream) -> None:
        if self.other is not None:
            self.other.path.outbound[stream].await_key_frame()

    def on_line_changed(self, now: float) -> None:
        self.call.adapt()


class SimulatedCall:
    """
    :param way: from the relay to the viewer. :param content_bps: more the sender never makes.
    :param has_layers: else every picture needs the one before it, as with H.264.
    :param tells_arrivals: the viewer knows transport-wide feedback; else it sends reception reports only.

    ``played`` has arrival and lateness of each whole picture, in seconds.
    """

    def __init__(
        self,
        way: Way,
        *,
        content_bps: float = MAXIMUM_BPS,
        has_layers: bool = True,
        tells_arrivals: bool = True,
        seed: int = 1,
    ) -> None:
        self.now = 100.0
        self.down = Shaper(way, seed)
        self.played: list[tuple[float, float]] = []
        self.encodings: list[tuple[float, Encoding]] = []
        self.key_frames = 0
        self.estimates: list[tuple[float, int]] = []
        self.is_cut = False
        self._content_bps = content_bps
        self._target_bps: float = START_BPS
        self._framerate: float = FPS
        self._sent_size = (1280, 720)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wants_key = True
        self._picture, self._sequence, self._tl0, self._number = 0, 100, 0, 0
        self._since_key = 0
        self._parts: dict[int, dict[int, bool]] = defaultdict(dict)  # timestamp -> sequence -> is last
        self._first: dict[int, int] = {}  # timestamp -> sequence of its first packet
        self._feedback, self._nack = TransportFeedback(), NackGenerator()
        self._has_layers, self._tells_arrivals = has_layers, tells_arrivals
        self.nacked = 0
        self._policy = EncodingPolicy()
        self.sender = _Leg(self, self._to_sender, 1000, tells=True)
        self.viewer = _Leg(self, self._to_viewer, 2000, tells=tells_arrivals)
        self._received = ReceiveStatistics(self.viewer.ssrcs.media, 90_000)
        self.sender.other = self.viewer
        self.viewer.other = self.sender
        self.viewer.path.outbound["video"].set_source("sender")
        self._after(0.0, self._capture)
        self._after(1.0, self._ramp_up)
        self._after(0.05, self._tick)
        self._after(0.02, self._feed_back)
        self._after(1.0, self._report)

    # --- time ---------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, action = heapq.heappop(self._events)
            action()
        self.now = end

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), action))

    def _tick(self) -> None:
        self.sender.path.tick(self.now)
        self.viewer.path.tick(self.now)
        self.adapt()
        available = self.viewer.path.line.available_bps(self.now)
        if available is not None:
            self.estimates.append((self.now, available))
            encoding = self._policy.update(available, self._sent_size, self.now)
            if encoding is not None:
                self.encodings.append((self.now, encoding))
                scale = encoding.scale_resolution_down_by
                self._sent_size = (int(1280 / scale), int(720 / scale))
                self._framerate = encoding.max_framerate
                self._wants_key = True  # a new size begins with one
        self._after(0.1, self._tick)

    def adapt(self) -> None:
        bitrate = self.viewer.path.video_bitrate_bps(self.now)
        self.sender.path.control.limit_bitrate(min(bitrate or MAXIMUM_BPS, MAXIMUM_BPS))

    # --- sender -------------------------------------------------------------------------------------------

    def _capture(self) -> None:
        self._after(1 / self._framerate, self._capture)
        is_key, self._wants_key = self._wants_key, False
        self._since_key = 0 if is_key else self._since_key + 1
        layer = PATTERN[self._since_key % 4] if self._has_layers else 0
        share = SHARES[layer] if self._has_layers else 1 / FPS
        bitrate = min(self._target_bps, self._content_bps) * 0.96  # headers
        size = int(bitrate / 8 * (KEY_FRAME / FPS if is_key else share * FPS / self._framerate))
        self.key_frames += is_key
        self._picture += 1
        self._tl0 += layer == 0
        is_sync = self._since_key % SYNC_EVERY < 4 and layer > 0 and self._since_key % 4 < 3
        timestamp = int(self.now * 90_000) & 0xFFFFFFFF
        count = max(1, -(-size // PAYLOAD))
        for place in range(count):
            head = vp8_payload(
                self._picture & 0x7FFF, tl0=self._tl0 & 0xFF, temporal_id=layer, sync=is_sync, key=is_key
            )
            head = head if place == 0 else bytes([head[0] & 0xEF]) + head[1:]  # S bit: begins the picture
            body = head + bytes(max(0, size // count - len(head) - 8)) + struct.pack("!d", self.now)
            self._number += 1
            self._sequence += 1
            packet = rtp(
                payload_type=VP8,
                sequence=self._sequence,
                timestamp=timestamp,
                ssrc=SENDER,
                payload=body,
                marker=place == count - 1,
                extensions={3: (self._number & 0xFFFF).to_bytes(2, "big")},
            )
            self._after(0.001 * place, partial(self._receive, self.sender, packet))

    def _ramp_up(self) -> None:
        """The sender has found its own line good; as long as nobody bounds it, it sends all it can."""
        if self._target_bps == START_BPS:
            self._target_bps = MAXIMUM_BPS

    def _to_sender(self, data: bytes) -> None:
        """Over 20 ms; the encoder needs a moment to follow."""
        if is_rtcp(data):
            for message in rtcp.parse(data):
                if isinstance(message, rtcp.MaximumBitrate):
                    self._after(0.12, partial(setattr, self, "_target_bps", message.bitrate_bps))
                elif isinstance(message, rtcp.KeyFrameRequest):
                    self._after(0.02, partial(setattr, self, "_wants_key", True))

    def pictures_per_second(self, since_s: float) -> float:
        """Over the last so many seconds."""
        return sum(at > self.now - since_s for at, _ in self.played) / since_s

    def lateness(self, since_s: float) -> list[float]:
        """Of each picture of the last so many seconds, ascending; capture to whole arrival."""
        return sorted(late for at, late in self.played if at > self.now - since_s)

    # --- viewer -------------------------------------------------------------------------------------------

    def cut(self, is_cut: bool) -> None:
        """Both directions."""
        self.is_cut = self.down.is_down = is_cut

    def change(self, **changes: Any) -> None:
        self.down.way = replace(self.down.way, **changes)

    def _to_viewer(self, data: bytes) -> None:
        for at in self.down.send(len(data) + 16, self.now):
            self._after(at - self.now, partial(self._arrived, data))

    def _arrived(self, data: bytes) -> None:
        header = parse_header(data)
        if is_rtcp(data) or header is None:
            return
        found = find_extension(data, 3)
        if found is not None:
            self._feedback.add(int.from_bytes(data[found[0] : found[0] + 2], "big"), self.now)
        if header.ssrc == self.viewer.ssrcs.media:
            self._received.add(header.sequence, header.timestamp, len(data), self.now)
        if header.ssrc == self.viewer.ssrcs.rtx:
            start = header.payload_start
            if header.payload_end - start < 2:
                return
            sequence = int.from_bytes(data[start : start + 2], "big")
            self._nack.recover(sequence)
            self._take(sequence, header.timestamp, data, start + 2, header.payload_end, last=header.marker)
        elif header.payload_end > header.payload_start:
            self._nack.add(header.sequence, self.now)
            start, end = header.payload_start, header.payload_end
            self._take(header.sequence, header.timestamp, data, start, end, last=header.marker)
        else:
            self._nack.add(header.sequence, self.now)
        self._ask_again()

    def _take(self, sequence: int, timestamp: int, data: bytes, start: int, end: int, *, last: bool) -> None:
        vp8 = parse_vp8(data, start, end)
        assert vp8 is not None
        parts = self._parts[timestamp]
        parts[sequence] = last
        if data[start] & 0x10:
            self._first[timestamp] = sequence
        first = self._first.get(timestamp)
        if first is None or not any(parts.values()):
            return
        count = len(parts)
        if not parts.get((first + count - 1) & 0xFFFF):
            return
        lateness = self.now - struct.unpack("!d", data[end - 8 : end])[0]
        if lateness < PLAYED_WITHIN_S:
            self.played.append((self.now, lateness))

    def _ask_again(self) -> None:
        if self._nack.next_at <= self.now:
            lost = self._nack.due(self.now, 2 * self.down.way.delay_ms / 1000 + 0.02)
            if lost:
                self.nacked += len(lost)
                self._answer(rtcp.build_nack(9, self.viewer.ssrcs.media, lost))
        if self._nack.wants_key_frame:
            self._nack.wants_key_frame = False
            self._answer(rtcp.build_pli(9, self.viewer.ssrcs.media))

    def _feed_back(self) -> None:
        body = self._feedback.take(9, self.viewer.ssrcs.media)
        if body is not None and self._tells_arrivals:
            self._answer(rtcp.build_transport_feedback(body))
        self._ask_again()
        self._after(0.1, self._feed_back)

    def _report(self) -> None:
        block = self._received.report(self.now)
        if block is not None:
            self._answer(rtcp.build_receiver_report(9, [block]))
        self._after(1.0, self._report)

    def answer(self, message: bytes) -> None:
        """RTCP from the viewer, whatever it is."""
        self._receive(self.viewer, message)

    def _answer(self, message: bytes) -> None:
        if not self.is_cut:
            self._after(self.down.way.delay_ms / 1000, partial(self._receive, self.viewer, message))

    def _receive(self, leg: _Leg, data: bytes) -> None:
        leg.path.receive(data, self.now)
