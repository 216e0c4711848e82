"""
One stream as it comes from a leg: statistics, what is missing, retransmissions taken in. Pure.

``relay.peer`` feeds it with decrypted packets and sends the RTCP it asks for.
"""

from relay.forwarding.cache import unwrap_rtx
from relay.forwarding.feedback import NackGenerator, ReceiveStatistics
from relay.forwarding.freezes import FreezeMeter
from relay.forwarding.h264_size import h264_frame_size
from relay.forwarding.rtp import RtpHeader, parse_header
from relay.forwarding.streams import APT_OF, H264, OPUS_CLOCK_RATE, VIDEO_CLOCK_RATE, VP8, Stream
from relay.forwarding.video_payload import Vp8Descriptor, h264_starts_key_frame, parse_vp8, vp8_frame_size


class MediaPacket:
    """
    A decrypted packet with what is known about it, read once and shared by all receivers.

    :param number_at: where the transport-wide sequence number lies in ``data``, None without one.
    """

    __slots__ = ("data", "header", "number_at", "starts_key_frame", "stream", "vp8")

    def __init__(self, stream: Stream, data: bytes, header: RtpHeader, number_at: int | None = None) -> None:
        self.stream = stream
        self.data = data
        self.header = header
        self.number_at = number_at
        self.vp8: Vp8Descriptor | None = None
        self.starts_key_frame = False
        if stream == "audio":
            return
        if header.payload_type == VP8:
            self.vp8 = parse_vp8(data, header.payload_start, header.payload_end)
            self.starts_key_frame = self.vp8 is not None and self.vp8.starts_key_frame
        elif header.payload_type == H264:
            self.starts_key_frame = h264_starts_key_frame(data, header.payload_start, header.payload_end)

    @property
    def is_base_layer(self) -> bool:
        """Enough to decode a picture now and then: temporal layer 0, or everything without layers."""
        return (
            self.vp8.temporal_id == 0 if self.vp8 is not None else self.header.payload_end > self.header.payload_start
        )


class InboundStream:
    """
    :param ssrc: the primary SSRC, once known.
    """

    def __init__(self, stream: Stream, ssrc: int) -> None:
        self.stream = stream
        self.ssrc = ssrc
        self.statistics = ReceiveStatistics(ssrc, OPUS_CLOCK_RATE if stream == "audio" else VIDEO_CLOCK_RATE)
        self.nack = NackGenerator() if stream != "audio" else None
        self.freezes = FreezeMeter()
        self.frame_size: tuple[int, int] | None = None  # pixels, of the last key frame
        self.payload_type: int | None = None

    def take(self, data: bytes, header: RtpHeader, number_at: int | None, now: float) -> MediaPacket:
        statistics = self.statistics
        frames_before = statistics.frames_received
        statistics.add(header.sequence, header.timestamp, len(data), now)
        packet = MediaPacket(self.stream, data, header, number_at)
        if self.nack is not None:
            self.nack.add(header.sequence, now)
            if statistics.frames_received != frames_before:
                self.freezes.add(now)
            if packet.starts_key_frame:
                self._read_key_frame(packet)
        return packet

    def take_rtx(self, data: bytes, header: RtpHeader, number_at: int | None) -> MediaPacket | None:
        """A retransmission of this stream: None for a probe, or one that was not missing."""
        original = unwrap_rtx(data, header, APT_OF[header.payload_type], self.ssrc)
        inner = parse_header(original) if original is not None else None
        if original is None or inner is None or self.nack is None or not self.nack.recover(inner.sequence):
            return None
        return MediaPacket(self.stream, original, inner, number_at)

    def _read_key_frame(self, packet: MediaPacket) -> None:
        header = packet.header
        self.payload_type = header.payload_type
        read = h264_frame_size if header.payload_type == H264 else vp8_frame_size
        size = read(packet.data, header.payload_start, header.payload_end)
        if size is not None:
            self.frame_size = size
