"""
RTCP of one leg, both ways: this hop's is ended and begun here.

Reception reports, negative acknowledgements, transport-wide feedback and the bitrate asked of the leg are ours; its own
feedback goes to ``line``; key frame requests and sender reports pass on through the sink. Packets of media belong to
``media_path``.
"""

from collections.abc import Callable
from typing import Protocol

from relay.forwarding import rtcp
from relay.forwarding.inbound import InboundStream, MediaPacket
from relay.forwarding.line import DEFAULT_ROUND_TRIP_S, Line
from relay.forwarding.outbound import OutboundStream
from relay.forwarding.streams import Stream
from relay.forwarding.transport_feedback import ArrivalTimes, TransportFeedback

KEY_FRAME_INTERVAL_S = 0.3  # at most one request to a sender in this time: each costs it a large picture
REPORT_INTERVAL_S = 1.0
URGENT_FALL = 0.97  # a bitrate lower than this share of the last one told does not wait for the next report
_NTP_STEP = 1 << 32  # one second


class MediaSink(Protocol):
    """Where a leg's media goes: the call."""

    def on_packet(self, packet: MediaPacket, now: float) -> None: ...
    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        """:param ntp: the report's time on our clock."""

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        """This leg, as receiver of ``stream``, needs a key frame."""

    def on_interrupted(self, stream: Stream) -> None:
        """Packets of this leg are given up: its viewers begin again with its next key frame, which is asked for."""

    def on_line_changed(self, now: float) -> None:
        """What this leg's line carries may have changed."""


class ControlPath:
    """
    :param ssrc: ours, as sender of RTCP. :param send: protects and sends one RTCP packet.
    :param retransmit: answers a negative acknowledgement.
    :param maximum_bitrate_bps: asked of the leg as long as no viewer needs less.
    :param has_transport_cc: the leg adapts to its line by itself: it is told a bitrate only once a viewer needs less,
        as a bound from the beginning ends Chromium's first tests of its own line.
    """

    def __init__(
        self,
        inbound: dict[Stream, InboundStream],
        outbound: dict[Stream, OutboundStream],
        *,
        ssrc: int,
        cname: str,
        line: Line,
        sink: MediaSink,
        send: Callable[[bytes], None],
        retransmit: Callable[[OutboundStream, rtcp.Nack, float], None],
        maximum_bitrate_bps: int,
        has_transport_cc: bool,
    ) -> None:
        self.feedback = TransportFeedback()
        self.fraction_lost = 0.0
        self.round_trip_time_s: float | None = None
        self.nack_count = 0
        self.pli_count = 0
        self._ssrc = ssrc
        self._cname = cname
        self._inbound = inbound
        self._outbound = outbound
        self._line = line
        self._sink = sink
        self._send = send
        self._retransmit = retransmit
        self._bitrate_bps = self._bitrate_told_bps = maximum_bitrate_bps
        self._tells_bitrate = not has_transport_cc
        self._key_frame_asked_at: dict[Stream, float] = {}
        self._reported_at = 0.0
        self._ntp_offset: int | None = None  # ours minus theirs, 64-bit NTP

    # --- in -----------------------------------------------------------------------------------------------

    def receive(self, plain: bytes, now: float) -> bool:
        """:returns: the leg's line has come back from the dead."""
        is_back, is_changed = False, False
        for message in rtcp.parse(plain):
            match message:
                case ArrivalTimes():
                    is_back |= self._line.heard_arrivals(message, now)
                    is_changed = True
                case rtcp.MaximumBitrate():
                    self._line.heard_bitrate(message.bitrate_bps, now)
                    is_changed = True
                case rtcp.SenderReport():
                    self._heard_sender_report(message, now)
                case rtcp.ReportBlock():
                    self._heard_report_block(message, now)
                case rtcp.Nack():
                    outbound = self._outbound_by_ssrc(message.media_ssrc)
                    if outbound is not None:
                        self._retransmit(outbound, message, now)
                case rtcp.KeyFrameRequest():
                    outbound = self._outbound_by_ssrc(message.media_ssrc)
                    if outbound is not None and outbound.stream != "audio" and outbound.is_passing:
                        self._sink.on_key_frame_wanted(outbound.stream, now)
        if is_changed:
            self._sink.on_line_changed(now)
        return is_back

    def _heard_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        inbound = next((each for each in self._inbound.values() if each.ssrc == report.ssrc), None)
        if inbound is None:
            return
        inbound.statistics.heard_sender_report(report.ntp, now)
        self._sink.on_sender_report(inbound.stream, report, self._on_our_clock(report.ntp, now), now)

    def _on_our_clock(self, ntp: int, now: float) -> int:
        """One offset for audio and video of a leg, so that they stay together; renewed when its clock is set."""
        ours = rtcp.ntp_time(now)
        if self._ntp_offset is None or abs(ours - ntp - self._ntp_offset) > _NTP_STEP:
            self._ntp_offset = ours - ntp
        return (ntp + self._ntp_offset) & 0xFFFF_FFFF_FFFF_FFFF

    def _heard_report_block(self, block: rtcp.ReportBlock, now: float) -> None:
        outbound = self._outbound_by_ssrc(block.ssrc)
        if outbound is None:
            return
        if outbound.stream == "video":
            self.fraction_lost = block.fraction_lost / 256
            self._line.heard_loss(self.fraction_lost, now)
        rtt = outbound.round_trip_s(block, now)
        if rtt is not None:
            self.round_trip_time_s = self._line.round_trip_s = round(rtt, 4)

    def _outbound_by_ssrc(self, ssrc: int) -> OutboundStream | None:
        return next((each for each in self._outbound.values() if each.ssrcs.media == ssrc), None)

    # --- out ----------------------------------------------------------------------------------------------

    def relay_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        outbound = self._outbound.get(stream)
        translated = outbound.relay_report(report, ntp, now) if outbound is not None else None
        if outbound is not None and translated is not None:
            self._send(translated + rtcp.build_cname(outbound.ssrcs.media, self._cname))

    def send_own_report(self, stream: Stream, now: float) -> None:
        """For a source without sender reports."""
        outbound = self._outbound.get(stream)
        report = outbound.own_report(rtcp.ntp_time(now), now) if outbound is not None else None
        if outbound is not None and report is not None:
            self._send(report + rtcp.build_cname(outbound.ssrcs.media, self._cname))

    def request_key_frame(self, stream: Stream, now: float) -> None:
        """Ask this leg, as sender; at most one request in ``KEY_FRAME_INTERVAL_S``."""
        inbound = self._inbound.get(stream)
        if inbound is None or now - self._key_frame_asked_at.get(stream, -1.0) < KEY_FRAME_INTERVAL_S:
            return
        self._key_frame_asked_at[stream] = now
        self.pli_count += 1
        self._send(rtcp.build_pli(self._ssrc, inbound.ssrc))

    def limit_bitrate(self, bitrate_bps: int) -> None:
        """What the leg, as sender, may send at most; told at once when it falls, with the next report else."""
        self._bitrate_bps = bitrate_bps
        self._tells_bitrate |= bitrate_bps < self._bitrate_told_bps
        if bitrate_bps < URGENT_FALL * self._bitrate_told_bps:
            message = self._bitrate_request()
            if message:
                self._send(message)

    def ask_again(self, inbound: InboundStream, now: float) -> None:
        """For what is missing of a stream, when it is time; for a key frame, when that is too late."""
        nack = inbound.nack
        if nack is None:
            return
        if nack.next_at <= now:
            lost = nack.due(now, self.round_trip_time_s or DEFAULT_ROUND_TRIP_S)
            if lost:
                self.nack_count += len(lost)
                self._send(rtcp.build_nack(self._ssrc, inbound.ssrc, lost))
        if nack.is_interrupted:
            nack.is_interrupted = False
            self._sink.on_interrupted(inbound.stream)
        if nack.wants_key_frame:
            nack.wants_key_frame = False
            self.request_key_frame(inbound.stream, now)

    def tick(self, now: float) -> None:
        """Every 100 ms: feedback; every second: reports. From connect on, or the sender misses its first probe."""
        video = self._inbound.get("video")
        body = self.feedback.take(self._ssrc, video.ssrc if video is not None else 0)
        if body is not None:
            self._send(rtcp.build_transport_feedback(body))
        for inbound in self._inbound.values():
            self.ask_again(inbound, now)
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            self._report(now)

    def _report(self, now: float) -> None:
        blocks = [block for each in self._inbound.values() if (block := each.statistics.report(now)) is not None]
        message = rtcp.build_receiver_report(self._ssrc, blocks)
        self._send(message + rtcp.build_cname(self._ssrc, self._cname) + self._bitrate_request())

    def _bitrate_request(self) -> bytes:
        """REMB: Chromium and Firefox take it as a bound beside their own estimate from transport-wide feedback."""
        video = self._inbound.get("video")
        if not self._tells_bitrate or video is None:
            return b""
        self._bitrate_told_bps = self._bitrate_bps
        return rtcp.build_remb(self._ssrc, self._bitrate_bps, [video.ssrc])
