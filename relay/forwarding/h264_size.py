"""The size of an H.264 picture, from the sequence parameter set before its key frame (ITU-T H.264 §7.3.2.1.1)."""

_SPS, _STAP_A = 7, 24
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)
_READ_LIMIT = 64  # bytes: the fields we need come first


class _Bits:
    """:raises IndexError: read past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def golomb(self) -> int:
        """ue(v), §9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def h264_frame_size(packet: bytes, start: int, end: int) -> tuple[int, int] | None:
    """
    :param start: first payload byte of the packet that starts a key frame.
    :returns: width and height in pixels; None when no parameter set is in this packet.
    """
    if end - start < 5:
        return None
    if packet[start] & 0x1F == _STAP_A:
        start += 3
    if packet[start] & 0x1F != _SPS:
        return None
    try:
        return _read(packet[start + 1 : min(end, start + 1 + _READ_LIMIT)].replace(b"\x00\x00\x03", b"\x00\x00"))
    except IndexError:
        return None


def _read(sps: bytes) -> tuple[int, int] | None:
    bits = _Bits(sps)
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()  # seq_parameter_set_id
    chroma = _skip_high_profile(bits) if profile in _HIGH_PROFILES else 1
    bits.golomb()  # log2_max_frame_num_minus4
    _skip_order_count(bits)
    bits.golomb()  # max_num_ref_frames
    bits.take(1)
    width = 16 * (bits.golomb() + 1)
    height_units = bits.golomb() + 1
    is_frames_only = bits.take(1)
    if not is_frames_only:
        bits.take(1)
    height = 16 * height_units * (2 - is_frames_only)
    bits.take(1)
    if bits.take(1):  # frame_cropping_flag
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1) * (2 - is_frames_only)
    return (width, height) if width > 0 and height > 0 else None


def _skip_high_profile(bits: _Bits) -> int:
    """:returns: chroma_format_idc. :raises IndexError: scaling lists, which no browser sends."""
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        raise IndexError
    return chroma


def _skip_order_count(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(256, bits.golomb())):
            bits.signed_golomb()
