"""Retransmission: the last packets sent on a stream, and the RTX form of RFC 4588."""

from relay.forwarding.rtp import RtpHeader

CACHE_PACKETS = 512  # about 2 s of 720p video, 0.6 MB a stream


class RetransmissionCache:
    """A ring by sequence number; plaintext packets as sent."""

    def __init__(self, size: int = CACHE_PACKETS) -> None:
        self._size = size
        self._ring: list[tuple[int, bytes] | None] = [None] * size

    def put(self, sequence: int, packet: bytes) -> None:
        self._ring[sequence % self._size] = (sequence, packet)

    def get(self, sequence: int) -> bytes | None:
        entry = self._ring[sequence % self._size]
        return entry[1] if entry is not None and entry[0] == sequence else None


def wrap_rtx(packet: bytes, header: RtpHeader, payload_type: int, sequence: int, ssrc: int) -> bytearray:
    """:returns: the RTX packet: original sequence number in front of the payload (RFC 4588 §4)."""
    out = bytearray(packet[: header.payload_start])
    out[0] &= 0xDF  # padding is not repeated
    out[1] = packet[1] & 0x80 | payload_type
    out[2:4] = sequence.to_bytes(2, "big")
    out[8:12] = ssrc.to_bytes(4, "big")
    return out + packet[2:4] + packet[header.payload_start : header.payload_end]


def unwrap_rtx(packet: bytes, header: RtpHeader, payload_type: int, ssrc: int) -> bytes | None:
    """:returns: the packet as first sent; None for a probe without payload."""
    start, end = header.payload_start, header.payload_end
    if end - start < 2:
        return None
    out = bytearray(packet[:start] + packet[start + 2 : end])
    out[0] &= 0xDF
    out[1] = packet[1] & 0x80 | payload_type
    out[2:4] = packet[start : start + 2]
    out[8:12] = ssrc.to_bytes(4, "big")
    return bytes(out)
