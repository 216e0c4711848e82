"""Retransmission: the last packets sent on a stream, how often they may be sent again, and the RTX form of RFC 4588."""

from typing import Final

from relay.forwarding.rtp import RtpHeader

CACHE_PACKETS: Final = 512  # about 2 s of 720p video, 0.6 MB a stream


class RetransmissionCache:
    """A ring by sequence number; plaintext packets as sent."""

    def __init__(self, size: int = CACHE_PACKETS) -> None:
        self._size = size
        self._sequences = [-1] * size
        self._packets = [b""] * size
        self._again_at: dict[int, float] = {}  # sequence -> when last sent again; bounded by the ring

    def put(self, sequence: int, packet: bytes) -> None:
        place = sequence % self._size
        self._sequences[place] = sequence
        self._packets[place] = packet

    def get(self, sequence: int) -> bytes | None:
        place = sequence % self._size
        return self._packets[place] if self._sequences[place] == sequence else None

    def take_again(self, sequence: int, now: float, spacing_s: float) -> bytes | None:
        """:returns: the packet to send once more; None when it is too old, or was sent again just now."""
        packet = self.get(sequence)
        if packet is None or now - self._again_at.get(sequence, -spacing_s) < spacing_s:
            return None
        if len(self._again_at) >= self._size:
            self._again_at = {number: at for number, at in self._again_at.items() if self.get(number) is not None}
        self._again_at[sequence] = now
        return packet


class RetransmissionBudget:
    """So that a receiver's wishes do not fill a line that loses because it is full. A token bucket."""

    SHARE: Final = 0.3  # of what the line carries
    DEPTH_S: Final = 1.0
    UNKNOWN_BPS: Final = 1_000_000  # before there is an estimate

    def __init__(self) -> None:
        self._bits = 0.0
        self._at: float | None = None

    def take(self, size: int, available_bps: int | None, now: float) -> bool:
        """:param size: bytes. :returns: whether they may be sent."""
        rate = self.SHARE * (available_bps or self.UNKNOWN_BPS)
        elapsed = now - self._at if self._at is not None else self.DEPTH_S
        self._at = now
        self._bits = min(rate * self.DEPTH_S, self._bits + rate * elapsed)
        if self._bits < size * 8:
            return False
        self._bits -= size * 8
        return True


def wrap_rtx(packet: bytes, header: RtpHeader, payload_type: int, sequence: int, ssrc: int) -> bytes:
    """:returns: the RTX packet: original sequence number in front of the payload (RFC 4588 §4)."""
    out = bytearray(packet[: header.payload_start])
    out[0] &= 0xDF  # padding is not repeated
    out[1] = packet[1] & 0x80 | payload_type
    out[2:4] = sequence.to_bytes(2, "big")
    out[8:12] = ssrc.to_bytes(4, "big")
    return bytes(out + packet[2:4] + packet[header.payload_start : header.payload_end])


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


def rtx_padding(payload_type: int, sequence: int, ssrc: int, extension: bytes, size: int) -> bytes:
    """:param extension: whole header extension. :returns: an RTX packet of padding only, which every receiver drops."""
    out = bytes([0xB0, payload_type]) + sequence.to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big")
    return out + extension + bytes(size - 1) + bytes([size])
