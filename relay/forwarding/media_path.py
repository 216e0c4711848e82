"""
One leg's packets in both directions, between its SRTP and the rest of the call.

In: unprotect → which stream → statistics → ``sink``. Out: renumber → protect → ``send``. RTCP of this hop is ended and
begun here: reception reports, negative acknowledgements and transport-wide feedback are ours; key frame requests and
sender reports pass on through the sink. Clock and socket belong to ``relay.peer``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from relay.forwarding import rtcp
from relay.forwarding.feedback import TransportFeedback
from relay.forwarding.inbound import InboundStream, MediaPacket
from relay.forwarding.outbound import OutboundStream
from relay.forwarding.rtp import RtpHeader, audio_level, find_extension, is_rtcp, parse_header
from relay.forwarding.streams import (
    APT_OF,
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_MID,
    EXTENSION_TRANSPORT_CC,
    MIDS,
    OPUS,
    RTX_OF,
    STREAMS,
    AnsweredStream,
    OutgoingSsrcs,
    Stream,
)
from relay.model import LegStats

KEY_FRAME_INTERVAL_S = 0.3  # at most one request to a sender in this time: each costs it a large picture
REPORT_INTERVAL_S = 1.0
SSRC_LIMIT = 32  # a sender has five; more is somebody filling our tables
_NTP_STEP = 1 << 32  # one second


class Srtp(Protocol):
    def unprotect(self, data: bytes | memoryview) -> bytes | None: ...
    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None: ...
    def protect(self, packet: bytes | bytearray) -> memoryview | None: ...
    def protect_rtcp(self, packet: bytes) -> memoryview | None: ...


class MediaSink(Protocol):
    """Where a leg's media goes: the call."""

    def on_packet(self, packet: MediaPacket, now: float) -> None: ...
    def on_sender_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        """:param ntp: the report's time on our clock."""

    def on_key_frame_wanted(self, stream: Stream, now: float) -> None:
        """This leg, as receiver of ``stream``, needs a key frame."""


@dataclass
class _Counters:
    at: float
    frames: int
    octets: int
    audio_packets: int
    audio_level_sum: float


class StatsWindow:
    """One consumer's view of the counters: rates since its last question."""

    def __init__(self, path: "MediaPath", now: float) -> None:
        self._path = path
        self._before = self._count(now)

    def take(self, now: float) -> LegStats:
        path, before, after = self._path, self._before, self._count(now)
        self._before = after
        elapsed = max(now - before.at, 0.001)
        spoken = after.audio_packets - before.audio_packets
        return LegStats(
            frames_per_second=round((after.frames - before.frames) / elapsed, 1),
            bitrate_bps=int((after.octets - before.octets) * 8 / elapsed),
            packets_received=path.packets_received,
            packets_lost=path.packets_lost,
            fraction_lost=round(path.fraction_lost, 4),
            round_trip_time_s=path.round_trip_time_s,
            jitter_s=path.jitter_s,
            audio_level=round((after.audio_level_sum - before.audio_level_sum) / spoken, 4) if spoken else None,
        )

    def _count(self, now: float) -> _Counters:
        path = self._path
        return _Counters(now, path.video_frames, path.video_bytes, path.audio_packets, path.audio_level_sum)


class MediaPath:
    """
    :param answered: what the leg agreed to.
    :param send: takes one protected datagram; must use it at once.
    :param maximum_bitrate_bps: REMB for a sender that has no transport-wide feedback.
    """

    def __init__(
        self,
        answered: dict[Stream, AnsweredStream],
        ssrcs: dict[Stream, OutgoingSsrcs],
        srtp: Srtp,
        send: Callable[[memoryview], None],
        sink: MediaSink,
        *,
        cname: str,
        maximum_bitrate_bps: int,
    ) -> None:
        self._srtp = srtp
        self._send = send
        self._sink = sink
        self._answered = answered
        self._cname = cname
        self._maximum_bitrate_bps = maximum_bitrate_bps
        self._rtcp_ssrc = ssrcs["video"].media
        self._inbound: dict[Stream, InboundStream] = {}
        self._by_ssrc: dict[int, tuple[Stream, bool] | None] = {}  # -> stream, is RTX
        self.outbound = {
            stream: OutboundStream(stream, ssrcs[stream], uses_rtx=answered[stream].has_rtx)
            for stream in STREAMS
            if answered[stream].receives
        }
        for stream, answer in answered.items():
            for place, ssrc in enumerate(answer.ssrcs):
                self._by_ssrc[ssrc] = (stream, place == 1)
        self._feedback = TransportFeedback()
        self._transport_sequence = 0
        self._key_frame_asked_at: dict[Stream, float] = {}
        self._reported_at = 0.0
        self._ntp_offset: int | None = None  # ours minus theirs, 64-bit NTP
        self.last_media_at: float | None = None
        self.fraction_lost = 0.0
        self.round_trip_time_s: float | None = None
        self.audio_packets = 0  # that told their level
        self.audio_level_sum = 0.0

    @property
    def video_frames(self) -> int:
        return self._inbound["video"].statistics.frames_received if "video" in self._inbound else 0

    @property
    def video_bytes(self) -> int:
        return self._inbound["video"].statistics.bytes_received if "video" in self._inbound else 0

    @property
    def packets_received(self) -> int:
        return sum(each.statistics.packets_received for each in self._inbound.values())

    @property
    def packets_lost(self) -> int:
        return sum(each.statistics.packets_lost for each in self._inbound.values())

    @property
    def jitter_s(self) -> float | None:
        video = self._inbound.get("video")
        return round(video.statistics.jitter_s, 4) if video is not None else None

    # --- in -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes | memoryview, now: float) -> None:
        """One SRTP or SRTCP datagram. What cannot be read is left out."""
        if is_rtcp(data):
            plain = self._srtp.unprotect_rtcp(data)
            if plain is not None:
                self._receive_rtcp(plain, now)
            return
        packet = self._srtp.unprotect(data)
        header = parse_header(packet) if packet is not None else None
        if packet is not None and header is not None:
            self._receive_rtp(packet, header, now)

    def _receive_rtp(self, data: bytes, header: RtpHeader, now: float) -> None:
        known = self._by_ssrc[header.ssrc] if header.ssrc in self._by_ssrc else self._learn(data, header)
        if known is None:
            return
        stream, is_rtx = known
        self.last_media_at = now
        if stream != "audio":
            self._note_arrival(data, now)
        inbound = self._inbound.get(stream)
        if is_rtx or header.payload_type in APT_OF:
            recovered = (
                inbound.take_rtx(data, header) if inbound is not None and header.payload_type in APT_OF else None
            )
            if recovered is not None:
                self._sink.on_packet(recovered, now)
            return
        if inbound is None or inbound.ssrc != header.ssrc:
            inbound = self._inbound[stream] = InboundStream(stream, header.ssrc)
        packet, has_gap = inbound.take(data, header, now)
        if stream == "audio":
            level = audio_level(data, EXTENSION_AUDIO_LEVEL)
            if level is not None:
                self.audio_packets += 1
                self.audio_level_sum += level
        if has_gap:
            self._ask_again(inbound)
        self._sink.on_packet(packet, now)

    def _learn(self, data: bytes, header: RtpHeader) -> tuple[Stream, bool] | None:
        """An SSRC that the answer did not announce: by its MID (RFC 8843 §9.2), else by its payload type."""
        is_rtx = header.payload_type in APT_OF
        stream: Stream | None = None
        found = find_extension(data, EXTENSION_MID)
        if found is not None:
            mid = data[found[0] : found[0] + found[1]]
            stream = next((each for each in STREAMS if MIDS[each].encode() == mid), None)
        elif header.payload_type == OPUS:
            stream = "audio"
        elif header.payload_type in RTX_OF or is_rtx:
            stream = "video"
        known = (stream, is_rtx) if stream is not None and self._answered[stream].sends else None
        if len(self._by_ssrc) < SSRC_LIMIT:
            self._by_ssrc[header.ssrc] = known
        return known

    def _note_arrival(self, data: bytes, now: float) -> None:
        found = find_extension(data, EXTENSION_TRANSPORT_CC)
        if found is not None and found[1] == 2:
            self._feedback.add(data[found[0]] << 8 | data[found[0] + 1], now)

    def _receive_rtcp(self, plain: bytes, now: float) -> None:
        for message in rtcp.parse(plain):
            if isinstance(message, rtcp.SenderReport):
                self._heard_sender_report(message, now)
            elif isinstance(message, rtcp.ReportBlock):
                self._heard_report_block(message, now)
            elif isinstance(message, rtcp.Nack):
                self._retransmit(message)
            elif isinstance(message, rtcp.KeyFrameRequest):
                outbound = self._outbound_by_ssrc(message.media_ssrc)
                if outbound is not None:
                    self._sink.on_key_frame_wanted(outbound.stream, now)

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
        rtt = outbound.round_trip_s(block, now)
        if rtt is not None:
            self.round_trip_time_s = round(rtt, 4)

    def _outbound_by_ssrc(self, ssrc: int) -> OutboundStream | None:
        return next((each for each in self.outbound.values() if each.ssrcs.media == ssrc), None)

    # --- out ----------------------------------------------------------------------------------------------

    def forward(self, packet: MediaPacket, now: float) -> None:
        outbound = self.outbound.get(packet.stream)
        out = outbound.forward(packet, now) if outbound is not None else None
        if out is not None:
            self._send_media(out, packet.stream)

    def relay_report(self, stream: Stream, report: rtcp.SenderReport, ntp: int, now: float) -> None:
        outbound = self.outbound.get(stream)
        translated = outbound.relay_report(report, ntp, now) if outbound is not None else None
        if outbound is not None and translated is not None:
            self._send_rtcp(translated + rtcp.build_cname(outbound.ssrcs.media, self._cname))

    def send_own_report(self, stream: Stream, now: float) -> None:
        """For a source without sender reports."""
        outbound = self.outbound.get(stream)
        report = outbound.own_report(rtcp.ntp_time(now), now) if outbound is not None else None
        if outbound is not None and report is not None:
            self._send_rtcp(report + rtcp.build_cname(outbound.ssrcs.media, self._cname))

    def request_key_frame(self, stream: Stream, now: float) -> None:
        """Ask this leg, as sender; at most one request in ``KEY_FRAME_INTERVAL_S``."""
        inbound = self._inbound.get(stream)
        if inbound is None or now - self._key_frame_asked_at.get(stream, -1.0) < KEY_FRAME_INTERVAL_S:
            return
        self._key_frame_asked_at[stream] = now
        self._send_rtcp(rtcp.build_pli(self._rtcp_ssrc, inbound.ssrc))

    def tick(self, now: float) -> None:
        """Every 100 ms: feedback; every second: reports. From connect on, or the sender misses its first probe."""
        video = self._inbound.get("video")
        body = self._feedback.take(self._rtcp_ssrc, video.ssrc if video is not None else 0)
        if body is not None:
            self._send_rtcp(rtcp.build_transport_feedback(body))
        for inbound in self._inbound.values():
            self._ask_again(inbound)
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            self._report(now)

    def _report(self, now: float) -> None:
        blocks = [block for each in self._inbound.values() if (block := each.statistics.report(now)) is not None]
        message = rtcp.build_receiver_report(self._rtcp_ssrc, blocks)
        message += rtcp.build_cname(self._rtcp_ssrc, self._cname)
        video = self._inbound.get("video")
        if video is not None and not self._answered["video"].has_transport_cc:
            message += rtcp.build_remb(self._rtcp_ssrc, self._maximum_bitrate_bps, [video.ssrc])
        self._send_rtcp(message)

    def _ask_again(self, inbound: InboundStream) -> None:
        lost = inbound.nack.due() if inbound.nack is not None else ()
        if lost:
            self._send_rtcp(rtcp.build_nack(self._rtcp_ssrc, inbound.ssrc, lost))

    def _retransmit(self, nack: rtcp.Nack) -> None:
        outbound = self._outbound_by_ssrc(nack.media_ssrc)
        if outbound is None:
            return
        for sequence in nack.lost:
            packet = outbound.retransmit(sequence)
            if packet is not None:
                self._send_media(packet, outbound.stream)

    def _send_media(self, packet: bytearray, stream: Stream) -> None:
        if stream != "audio" and self._answered[stream].has_transport_cc:
            found = find_extension(packet, EXTENSION_TRANSPORT_CC)
            if found is not None and found[1] == 2:
                self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
                packet[found[0] : found[0] + 2] = self._transport_sequence.to_bytes(2, "big")
        protected = self._srtp.protect(packet)
        if protected is not None:
            self._send(protected)

    def _send_rtcp(self, message: bytes) -> None:
        protected = self._srtp.protect_rtcp(message)
        if protected is not None:
            self._send(protected)
