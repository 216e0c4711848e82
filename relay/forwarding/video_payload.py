"""
What a video payload says to a forwarder: where a picture starts, key frame or not, which temporal layer.

VP8: RFC 7741 §4.2; H.264: RFC 6184 §5.
"""

_NAL_IDR, _NAL_SPS, _STAP_A, _FU_A = 5, 7, 24, 28


class Vp8Descriptor:
    """
    :param picture_id_offset: of the picture id's first byte in the packet, None without one.
    :param picture_id_bits: 7 or 15 (0 without one).
    :param temporal_id: 0 when the stream has no layers.
    :param starts_key_frame: this packet begins a key frame.
    :param is_layer_sync: this picture needs the base layer only (Y bit): a receiver may take up its layer here.
    """

    __slots__ = (
        "is_layer_sync",
        "picture_id",
        "picture_id_bits",
        "picture_id_offset",
        "starts_key_frame",
        "temporal_id",
        "tl0_index",
        "tl0_offset",
    )

    def __init__(
        self,
        picture_id: int,
        picture_id_offset: int | None,
        picture_id_bits: int,
        tl0_index: int,
        tl0_offset: int | None,
        *,
        temporal_id: int,
        starts_key_frame: bool,
        is_layer_sync: bool,
    ) -> None:
        self.picture_id = picture_id
        self.picture_id_offset = picture_id_offset
        self.picture_id_bits = picture_id_bits
        self.tl0_index = tl0_index
        self.tl0_offset = tl0_offset
        self.temporal_id = temporal_id
        self.starts_key_frame = starts_key_frame
        self.is_layer_sync = is_layer_sync


def parse_vp8(packet: bytes, start: int, end: int) -> Vp8Descriptor | None:
    """
    :param start: first payload byte. :param end: one past the last.
    :returns: None when the descriptor is cut short or empty.
    """
    try:
        return _parse_vp8(packet[:end], start) if start < end else None
    except IndexError:
        return None


def _parse_vp8(packet: bytes, start: int) -> Vp8Descriptor:
    first = packet[start]
    begins_partition_zero = first & 0x10 and not first & 0x07
    at = start + 1
    picture_id, picture_id_offset, bits, tl0, tl0_offset, temporal_id, is_sync = 0, None, 0, 0, None, 0, False
    if first & 0x80:  # X: extended
        flags = packet[at]
        at += 1
        if flags & 0x80:  # I: picture id
            picture_id_offset = at
            bits = 15 if packet[at] & 0x80 else 7
            picture_id = (packet[at] & 0x7F) << 8 | packet[at + 1] if bits == 15 else packet[at]
            at += 2 if bits == 15 else 1
        if flags & 0x40:  # L: TL0PICIDX
            tl0, tl0_offset = packet[at], at
            at += 1
        if flags & 0x30:  # T or K share a byte
            if flags & 0x20:
                temporal_id, is_sync = packet[at] >> 6, bool(packet[at] & 0x20)
            at += 1
    is_key = bool(begins_partition_zero) and not packet[at] & 0x01  # P bit of the VP8 frame tag, RFC 6386 §9.1
    return Vp8Descriptor(
        picture_id,
        picture_id_offset,
        bits,
        tl0,
        tl0_offset,
        temporal_id=temporal_id,
        starts_key_frame=is_key,
        is_layer_sync=is_sync,
    )


def vp8_frame_size(packet: bytes, start: int, end: int) -> tuple[int, int] | None:
    """
    Of a key frame (RFC 6386 §9.1).

    :param start: of the payload of the packet that starts the key frame.
    :returns: width and height in pixels, None when they are not there.
    """
    at = packet.find(b"\x9d\x01\x2a", start, min(end, start + 16))
    if at < 0 or at + 7 > end:
        return None
    width, height = packet[at + 3] | packet[at + 4] << 8, packet[at + 5] | packet[at + 6] << 8
    return width & 0x3FFF, height & 0x3FFF  # the two highest bits ask for scaling at display


def h264_starts_key_frame(packet: bytes, start: int, end: int) -> bool:
    """A key frame as senders packetise it begins with SPS, alone or in a STAP-A, or with an IDR slice."""
    if start >= end:
        return False
    nal_type = packet[start] & 0x1F
    if nal_type == _STAP_A:
        return start + 3 < end and packet[start + 3] & 0x1F in (_NAL_SPS, _NAL_IDR)
    if nal_type == _FU_A:
        return start + 1 < end and bool(packet[start + 1] & 0x80) and packet[start + 1] & 0x1F == _NAL_IDR
    return nal_type in (_NAL_SPS, _NAL_IDR)
