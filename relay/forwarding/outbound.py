"""
One stream as a leg receives it: source, numbering, retransmission, sender reports. Pure; ``relay.peer`` sends.
"""

import random
from collections import OrderedDict, deque
from typing import Any, Final

from relay.forwarding import rtcp
from relay.forwarding.cache import RetransmissionBudget, RetransmissionCache, rtx_padding, wrap_rtx
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.relief import LAYERS, LayerFilter
from relay.forwarding.rewrite import Rewriter
from relay.forwarding.rtp import RtpHeader, begins_frame, parse_header, sequence_delta, with_extension
from relay.forwarding.streams import (
    EXTENSION_MID,
    MEDIA_TYPES,
    MIDS,
    OPUS_CLOCK_RATE,
    RTX_OF,
    VIDEO_CLOCK_RATE,
    OutgoingSsrcs,
    Stream,
)

_REPORTS_REMEMBERED: Final = 16
HELD_PACKETS: Final = 128  # while a key frame is awaited: its first packet may come last, sent again after a loss
MINIMUM_RESEND_S: Final = 0.02  # a packet is not sent again sooner, however short the round trip


class OutboundStream:
    """
    :param source: who is sent here now; any comparable value, None for nobody. Set through :meth:`set_source`.
    :param payload_types: what the leg reads; nothing else is sent.
    """

    def __init__(
        self, stream: Stream, ssrcs: OutgoingSsrcs, payload_types: frozenset[int] = MEDIA_TYPES, *, uses_rtx: bool
    ) -> None:
        self.stream = stream
        self.ssrcs = ssrcs
        self.source: Any = None
        self.packets_sent = 0
        self.octets_sent = 0
        self.bytes_sent = 0  # whole packets
        self.frames_sent = 0
        self.retransmitted_packets_sent = 0
        self.layers = LayerFilter()
        self.layer_octets = [0] * LAYERS  # of the source, passed on or not
        self._payload_type: int | None = None  # of the last packet
        self._newest_timestamp = 0  # of the source
        self._source_ssrc: int | None = None
        self._source_type: int | None = None
        self._payload_types = payload_types
        self.is_readable = True  # by the leg, as far as the source's codec is known
        self.is_paused = False
        self.is_switching = False  # gently: the source before is still the one that is sent
        self._left_ssrc: int | None = None  # of the source before, whose packets may still come
        self._other_mid: bytes | None = MIDS[stream].encode() if stream == "video2" else None
        self._held: deque[MediaPacket] = deque(maxlen=HELD_PACKETS)
        self._rewriter = Rewriter(
            ssrcs.media,
            OPUS_CLOCK_RATE if stream == "audio" else VIDEO_CLOCK_RATE,
            random.randrange(1, 1 << 15),
            random.getrandbits(32),
            needs_key_frame=stream != "audio",
        )
        self._uses_rtx = uses_rtx
        self._rtx_sequence = random.randrange(1, 1 << 15)
        self._cache = RetransmissionCache() if stream != "audio" else None
        self._budget = RetransmissionBudget()
        self._reports: OrderedDict[int, float] = OrderedDict()  # middle 32 bits of NTP -> when we sent it

    @property
    def wants_key_frame(self) -> bool:
        return self.source is not None and self.is_passing and (self.is_switching or self._rewriter.awaiting_key_frame)

    @property
    def is_passing(self) -> bool:
        """What comes may be passed on; else no key frame helps."""
        return self.is_readable and not self.is_paused

    def set_source(self, source: Any, *, gently: bool = False) -> None:
        """
        :param gently: the one before stays in view and goes on until the next one's key frame is there: both must come.
        """
        if source == self.source:
            return
        self.source = source
        self._left_ssrc = None
        self.is_switching = gently and not self._rewriter.awaiting_key_frame and not self.is_paused
        if not self.is_switching:
            self.is_readable, self._source_type = True, None
            self.await_key_frame()

    def stay(self, source: Any) -> None:
        """While switching: back to the one before, who is still the one that is sent."""
        self.source, self.is_switching = source, False

    def switch_now(self) -> None:
        """The next one's key frame stays away."""
        if self.is_switching:
            self.is_switching = False
            self._left_ssrc = self._source_ssrc
            self.await_key_frame()

    def pause(self, is_paused: bool) -> None:
        """Pass nothing on for a while; then begin again with a key frame."""
        if is_paused and not self.is_paused:
            self.await_key_frame()
        self.is_paused = is_paused

    def restart(self) -> None:
        """
        Begin again with a key frame, after an interruption of the receiver's line.

        What was lost in it is not sent again: pictures that are seconds old mislead the receiver's clock (Chromium
        then shows everything that follows late by as much).
        """
        self.await_key_frame()
        if self._cache is not None:
            self._cache = RetransmissionCache()

    def await_key_frame(self) -> None:
        """What comes next follows what was sent without a hole, and begins with a key frame."""
        self._rewriter.switch()
        self._held.clear()

    def take_held(self, first: RtpHeader) -> list[MediaPacket]:
        """
        :param first: of the key frame just begun. :returns: what came before it but belongs behind it, in order; once.
        """
        held, self._held = self._held, deque(maxlen=HELD_PACKETS)
        behind = [(sequence_delta(each.header.sequence, first.sequence), each) for each in held]
        return [each for distance, each in sorted(behind, key=lambda pair: pair[0]) if 0 < distance <= HELD_PACKETS]

    @property
    def has_held(self) -> bool:
        return bool(self._held) and not self._rewriter.awaiting_key_frame

    def forward(self, packet: MediaPacket, now: float) -> bytes | None:
        """:returns: the packet to protect and send, or None."""
        header, vp8 = packet.header, packet.vp8
        is_known = header.ssrc == self._source_ssrc and header.payload_type == self._source_type
        if not is_known and not self._meet(packet):
            return None
        if not self.is_readable or self.is_paused:
            self._leave_out(packet)
            return None
        if packet.starts_key_frame:
            self.layers.key_frame()
        elif self._cache is not None and self._rewriter.awaiting_key_frame:
            self._held.append(packet)
            return None
        if vp8 is not None:
            self.layer_octets[vp8.temporal_id] += len(packet.data)
            if vp8.temporal_id and not self.layers.passes(
                vp8.temporal_id, header.timestamp, is_layer_sync=vp8.is_layer_sync
            ):
                return self._rewriter.skip(header, vp8)
        elif self._cache is not None:
            self.layer_octets[0] += len(packet.data)
            if header.payload_end == header.payload_start:  # padding: the sender tests its own line with it
                self._rewriter.skip(header)
                return None
        out = self._rewriter.rewrite(packet.data, header, now, vp8, key_frame=packet.starts_key_frame)
        if out is None:
            return None
        if self._other_mid is not None:
            out = with_extension(out, EXTENSION_MID, self._other_mid)
        self.packets_sent += 1
        self.octets_sent += header.payload_end - header.payload_start
        if self._cache is not None:
            self.bytes_sent += len(out)
            if header.timestamp != self._newest_timestamp:
                self._note_frame(header)
            self._cache.put(out[2] << 8 | out[3], out)
        return out

    def _is_awaited(self, packet: MediaPacket) -> bool:
        """:returns: False: it has been left, or the source before goes on until a key frame."""
        ssrc = packet.header.ssrc
        if ssrc == self._left_ssrc:
            return False
        if self.is_switching and ssrc != self._source_ssrc:
            if not packet.starts_key_frame:
                return False
            self.is_switching = False
            self._left_ssrc = self._source_ssrc
        return True

    def _leave_out(self, packet: MediaPacket) -> None:
        """What a paused picture would take of the line decides when it returns."""
        if self.is_readable:
            self.layer_octets[packet.vp8.temporal_id if packet.vp8 is not None else 0] += len(packet.data)

    def _meet(self, packet: MediaPacket) -> bool:
        """Another source, or another codec of the same one. :returns: False: one whose packets are not sent now."""
        header = packet.header
        if not self._is_awaited(packet):
            return False
        self._source_type = header.payload_type
        self.is_readable = header.payload_type in self._payload_types
        if header.ssrc != self._source_ssrc:
            self._source_ssrc = header.ssrc
            self._newest_timestamp = (header.timestamp - 1) & 0xFFFF_FFFF
            self.restart()
        elif not self.is_readable:
            self.await_key_frame()
        return True

    def _note_frame(self, header: RtpHeader) -> None:
        """:param header: the source's, of another timestamp than the packet before."""
        if self.frames_sent == 0 or begins_frame(header.timestamp, self._newest_timestamp, VIDEO_CLOCK_RATE):
            self._newest_timestamp = header.timestamp
            self._payload_type = header.payload_type
            self.frames_sent += 1

    def retransmit(self, sequence: int, now: float, round_trip_s: float, available_bps: int | None) -> bytes | None:
        """
        :returns: the packet once more, as RTX when that was negotiated; None when it is too old, was sent again just
            now, or the line's share for retransmissions is used up.
        """
        spacing = max(MINIMUM_RESEND_S, round_trip_s)
        packet = self._cache.take_again(sequence, now, spacing) if self._cache is not None else None
        header = parse_header(packet) if packet is not None else None
        if packet is None or header is None or not self._budget.take(len(packet), available_bps, now):
            return None
        self.retransmitted_packets_sent += 1
        rtx = RTX_OF.get(header.payload_type)
        if not self._uses_rtx or rtx is None:
            return packet
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        return wrap_rtx(packet, header, rtx, self._rtx_sequence, self.ssrcs.rtx)

    def padding(self, extension: bytes, size: int) -> bytes | None:
        """
        :param extension: whole header extension. :param size: bytes of padding, 1..255.
        :returns: an empty RTX packet; None before media was sent, or without RTX.
        """
        rtx = RTX_OF.get(self._payload_type or 0)
        if not self._uses_rtx or rtx is None:
            return None
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        return rtx_padding(rtx, self._rtx_sequence, self.ssrcs.rtx, extension, size)

    def relay_report(self, report: rtcp.SenderReport, ntp: int, now: float) -> bytes | None:
        """
        The source's sender report in this stream's terms; None of somebody whose packets are not sent here now.

        :param ntp: the report's time on our clock.
        """
        if report.ssrc != self._source_ssrc:
            return None
        timestamp = self._rewriter.map_timestamp(report.rtp_timestamp)
        return None if timestamp is None else self._report(ntp, timestamp, now)

    def own_report(self, ntp: int, now: float) -> bytes | None:
        """For a source that sends none (the phone's mix)."""
        return self._report(ntp, self._rewriter.timestamp_at(now), now) if self.packets_sent else None

    def round_trip_s(self, block: rtcp.ReportBlock, now: float) -> float | None:
        """RFC 3550 §6.4.1, by the time we sent the report the block refers to."""
        sent_at = self._reports.get(block.last_sr)
        return None if sent_at is None else max(0.0, now - sent_at - block.delay_since_last_sr / 65536)

    def _report(self, ntp: int, timestamp: int, now: float) -> bytes:
        self._reports[ntp >> 16 & 0xFFFF_FFFF] = now
        while len(self._reports) > _REPORTS_REMEMBERED:
            self._reports.popitem(last=False)
        report = rtcp.SenderReport(self.ssrcs.media, ntp, timestamp, self.packets_sent, self.octets_sent)
        return rtcp.build_sender_report(report)
