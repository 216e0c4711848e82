"""
One leg's packets in both directions, between its SRTP and the rest of the call.

In: unprotect → which stream → statistics → ``sink``. Out: renumber → protect and send. RTCP belongs to
``control_path``, what the leg's line carries to ``line``, clock and socket to ``relay.peer``.
"""

from typing import Final, Protocol

from relay.forwarding import rtcp
from relay.forwarding.control_path import ControlPath, MediaSink
from relay.forwarding.inbound import InboundStream, MediaPacket
from relay.forwarding.line import DEFAULT_ROUND_TRIP_S, Line
from relay.forwarding.outbound import OutboundStream
from relay.forwarding.probing import PACKET_BYTES
from relay.forwarding.relief import LayerRelief, Pause
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
    VIDEO_STREAMS,
    AnsweredStream,
    OutgoingSsrcs,
    Stream,
)
from relay.forwarding.voices import VoiceChoice

__all__ = ["MediaPath", "MediaSink", "Srtp"]

SSRC_LIMIT: Final = 32  # a sender has five; more is somebody filling our tables
SILENCE_S: Final = 0.7  # nothing at all from a leg for this long: what comes next says that its line is back
MAXIMUM_RESERVE: Final = 0.2  # of the line, for retransmissions
KNOCK_BYTES: Final = 16  # of padding, to a line that may be dead
#: a header extension with the transport-wide number alone (RFC 8285 §4.2), the number still to be written
_NUMBER_EXTENSION: Final = bytes([0xBE, 0xDE, 0, 1, EXTENSION_TRANSPORT_CC << 4 | 1, 0, 0, 0])
_NUMBER_AT: Final = 17  # in a packet that begins with it


class Srtp(Protocol):
    """What ``relay.protection`` offers."""

    def unprotect(self, data: bytes | memoryview) -> bytes | None: ...
    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None: ...
    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None: ...
    def send_rtcp(self, message: bytes) -> None: ...


class MediaPath:
    """
    :param answered: what the leg agreed to.
    :param start_bitrate_bps: what the leg's line is taken for until its feedback comes.
    :param maximum_bitrate_bps: no leg is asked for more.
    """

    def __init__(
        self,
        answered: dict[Stream, AnsweredStream],
        ssrcs: dict[Stream, OutgoingSsrcs],
        srtp: Srtp,
        sink: MediaSink,
        *,
        cname: str,
        start_bitrate_bps: int,
        maximum_bitrate_bps: int,
    ) -> None:
        self._srtp = srtp
        self._sink = sink
        self._answered = answered
        self._by_ssrc: dict[int, tuple[Stream, bool] | None] = {}  # -> stream, is RTX
        for stream, answer in answered.items():
            for place, ssrc in enumerate(answer.ssrcs):
                self._by_ssrc[ssrc] = (stream, place == 1)
        self.inbound: dict[Stream, InboundStream] = {}
        self.outbound = {
            stream: OutboundStream(stream, ssrcs[stream], answer.payload_types, uses_rtx=answer.has_rtx)
            for stream, answer in answered.items()
            if answer.receives
        }
        self._videos = [self.outbound[stream] for stream in VIDEO_STREAMS if stream in self.outbound]
        self.line = Line(start_bitrate_bps, maximum_bitrate_bps)
        self._reliefs = [LayerRelief() for _ in self._videos]
        self._pause = Pause()
        self.voices: VoiceChoice | None = None  # while several may be heard
        self.control = ControlPath(
            self.inbound,
            self.outbound,
            ssrc=ssrcs["video"].media,
            cname=cname,
            line=self.line,
            sink=sink,
            send=self._send_rtcp,
            retransmit=self._retransmit,
            maximum_bitrate_bps=maximum_bitrate_bps,
            has_transport_cc=answered["video"].has_transport_cc,
        )
        self.last_media_at: float | None = None
        self._heard_at: float | None = None
        self.audio_packets = 0  # that told their level
        self.audio_level_sum = 0.0

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """Width and height of the picture the leg sends, of its last key frame."""
        return self.inbound["video"].frame_size if "video" in self.inbound else None

    def video_bitrate_bps(self, now: float) -> int | None:
        """What a sender may send to this leg: room for retransmissions is left. None as long as it is a guess."""
        available = self.line.available_bps(now) if not self.line.is_guess(now) else None
        return int(available * (1 - min(self.line.fraction_lost, MAXIMUM_RESERVE))) if available is not None else None

    def hear(self, voices: int) -> None:
        """:param voices: how many may be forwarded to this leg at once, unmixed."""
        if voices < 2:
            self.voices = None
        elif self.voices is None:
            self.voices = VoiceChoice()

    # --- in -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes | memoryview, now: float) -> None:
        """One SRTP or SRTCP datagram. What cannot be read is left out."""
        if is_rtcp(data):
            plain = self._srtp.unprotect_rtcp(data)
            if plain is not None:
                self._note_life(now)
                if self.control.receive(plain, now):
                    self._begin_again(now)
            return
        packet = self._srtp.unprotect(data)
        header = parse_header(packet) if packet is not None else None
        if packet is not None and header is not None:
            if self.line.is_dead:
                self._note_life(now)
            self._heard_at = now
            self._receive_rtp(packet, header, now)

    def _note_life(self, now: float) -> None:
        """A leg heard again after a silence: its line is back, whatever the feedback still says."""
        if self.line.is_dead and self._is_silent(now) and self.line.revive(now):
            self._begin_again(now)
        self._heard_at = now

    def _begin_again(self, now: float) -> None:
        for outbound in self._videos:
            if outbound.source is not None:
                outbound.restart()
                self._sink.on_key_frame_wanted(outbound.stream, now)

    def _receive_rtp(self, data: bytes, header: RtpHeader, now: float) -> None:
        known = self._by_ssrc[header.ssrc] if header.ssrc in self._by_ssrc else self._learn(data, header)
        if known is None:
            return
        stream, is_rtx = known
        self.last_media_at = now
        inbound = self.inbound.get(stream)
        if stream == "audio":
            number_at = None
            self._note_level(data)
        else:
            number_at = self._note_arrival(data, now)
            if is_rtx or header.payload_type in APT_OF:
                if inbound is not None and header.payload_type in APT_OF:
                    recovered = inbound.take_rtx(data, header, number_at)
                    if recovered is not None:
                        self._sink.on_packet(recovered, now)
                return
        if inbound is None or inbound.ssrc != header.ssrc:
            inbound = self.inbound[stream] = InboundStream(stream, header.ssrc)
        packet = inbound.take(data, header, number_at, now)
        nack = inbound.nack
        if nack is not None and (nack.next_at <= now or nack.wants_key_frame):
            self.control.ask_again(inbound, now)
        self._sink.on_packet(packet, now)

    def _note_level(self, data: bytes) -> None:
        level = audio_level(data, EXTENSION_AUDIO_LEVEL)
        if level is not None:
            self.audio_packets += 1
            self.audio_level_sum += level

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

    def _note_arrival(self, data: bytes, now: float) -> int | None:
        """:returns: where the transport-wide number lies."""
        found = find_extension(data, EXTENSION_TRANSPORT_CC)
        if found is None or found[1] != 2:
            return None
        at = found[0]
        self.control.feedback.add(data[at] << 8 | data[at + 1], now)
        return at

    # --- out ----------------------------------------------------------------------------------------------

    def forward(self, packet: MediaPacket, place: Stream, now: float) -> None:
        """:param place: of this leg's streams, the one that carries it."""
        outbound = self.outbound.get(place)
        if outbound is None:
            return
        if place == "audio":
            self._forward_voice(packet, outbound, now)
        elif not self.line.is_dead:
            out = outbound.forward(packet, now)
            if out is not None:
                self._send_video(out, packet.number_at, place, now)
                if outbound.has_held:
                    for held in outbound.take_held(packet.header):
                        self.forward(held, place, now)

    def _forward_voice(self, packet: MediaPacket, outbound: OutboundStream, now: float) -> None:
        """Into a line that is dead both ways, voices would only lengthen the queue that the picture waits in."""
        if self.line.is_dead and self._is_silent(now):
            return
        if self.voices is not None:
            level = audio_level(packet.data, EXTENSION_AUDIO_LEVEL)
            if not self.voices.passes(packet.header.ssrc, level, now):
                return
        out = outbound.forward(packet, now)
        if out is not None:
            self._srtp.send(out)

    def _is_silent(self, now: float) -> bool:
        return self._heard_at is not None and now - self._heard_at > SILENCE_S

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        line = self.line
        was_dead = line.is_dead
        line.check(now)
        if line.is_dead != was_dead:
            self._sink.on_line_changed(now)
        self.control.tick(now)
        self.relieve(now)
        self._send_padding(now)

    def relieve(self, now: float) -> None:
        """The first picture takes what it needs of the line; the second gives way to it, layer by layer."""
        available, queue_s, taken = self.line.available_bps(now), self.line.queue.delay_s, 0.0
        for outbound, relief in zip(self._videos, self._reliefs, strict=True):
            if outbound.source is None:
                if outbound.is_paused:
                    self._pause.forget()
                    outbound.pause(False)
                continue
            octets = tuple(outbound.layer_octets)
            outbound.layers.highest = relief.decide(octets, available, queue_s, now, taken_bps=taken)
            if outbound.stream == "video":
                taken = relief.passing_bps
            else:
                outbound.pause(self._pause.decide(relief.base_bps, relief.budget_bps, now))

    def _send_padding(self, now: float) -> None:
        """To test the line (``probing``), or to hear whether a dead one is back."""
        outbound = self.outbound.get("video")
        if outbound is None or not self._answered["video"].has_transport_cc:
            return
        count = self.line.padding_due(now)
        first = (self.line.history.newest + 1) & 0xFFFF
        size = KNOCK_BYTES if self.line.is_dead else PACKET_BYTES
        for done in range(count):
            packet = outbound.padding(_NUMBER_EXTENSION, size)
            if packet is None:
                count = done
                break
            self._send_video(packet, _NUMBER_AT, "video", now)
        if count:
            self.line.padding_sent(first, count, now)

    def _retransmit(self, outbound: OutboundStream, nack: rtcp.Nack, now: float) -> None:
        if self.line.is_dead:
            return
        available, round_trip = self.line.available_bps(now), self.control.round_trip_time_s or DEFAULT_ROUND_TRIP_S
        for sequence in nack.lost:
            packet = outbound.retransmit(sequence, now, round_trip, available)
            if packet is not None:
                found = find_extension(packet, EXTENSION_TRANSPORT_CC)
                number_at = found[0] if found is not None and found[1] == 2 else None
                self._send_video(packet, number_at, outbound.stream, now)

    def _send_video(self, packet: bytes, number_at: int | None, stream: Stream, now: float) -> None:
        if number_at is not None and self._answered[stream].has_transport_cc and len(packet) > number_at + 1:
            self._srtp.send(packet, number_at, self.line.sent(len(packet), now))
        else:
            self._srtp.send(packet)

    def _send_rtcp(self, message: bytes) -> None:
        self._srtp.send_rtcp(message)
