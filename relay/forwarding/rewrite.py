"""
One outgoing stream's numbering: pure.

A receiver must see one unbroken stream although its source changes (bridged, hidden, the other side came back with a
new peer connection, the phone's mix instead of the agent's voice). After :meth:`Rewriter.switch` the next packet taken
is placed right behind the last one sent: sequence number, timestamp, VP8 picture id and TL0PICIDX continue. A video
stream starts again only with a key frame, so that nobody sees a broken picture. Packets left out
(:meth:`Rewriter.skip`) leave no hole: the receiver would ask for them again and hold back what follows.
"""

import struct
from collections import deque
from typing import Final

from relay.forwarding.rtp import RtpHeader, begins_frame, sequence_delta
from relay.forwarding.video_payload import Vp8Descriptor

_SEQUENCE_TO_SSRC: Final = struct.Struct("!HII")
REORDERING_LIMIT: Final = 1000  # packets; older ones than this are another life of the stream
SKIPS_REMEMBERED: Final = 128  # groups of packets left out, for late packets from before them: some seconds


class Rewriter:
    """
    :param ssrc: what the receiver was promised in the offer.
    :param clock_rate: Hz.
    :param first_sequence: below 32768, so that an early wrap cannot confuse SRTP's roll-over counter (RFC 3711 §3.3.1).
    :param needs_key_frame: wait for a key frame after each switch.
    """

    def __init__(
        self, ssrc: int, clock_rate: int, first_sequence: int, first_timestamp: int, *, needs_key_frame: bool
    ) -> None:
        self.ssrc = ssrc
        self._clock_rate = clock_rate
        self._needs_key_frame = needs_key_frame
        self._last_sequence = (first_sequence - 1) & 0xFFFF
        self._last_timestamp = first_timestamp
        self._last_sent_at: float | None = None
        self._last_picture_id: int | None = None
        self._last_tl0: int | None = None
        self._anchor: int | None = None  # source sequence number of the first packet taken since the switch
        self._newest = 0
        self._span = 0  # packets between anchor and newest, to know what is older than the anchor
        self._sequence_offset = self._timestamp_offset = self._picture_offset = self._tl0_offset = 0
        self._newest_picture: int | None = None  # of the source
        self._skips: deque[tuple[int, int, int]] = deque(maxlen=SKIPS_REMEMBERED)  # from source sequence: offsets

    @property
    def awaiting_key_frame(self) -> bool:
        return self._needs_key_frame and self._anchor is None

    def switch(self) -> None:
        """What comes next is from another source, or from the same one after a pause."""
        self._anchor = None

    def rewrite(
        self, packet: bytes, header: RtpHeader, now: float, vp8: Vp8Descriptor | None = None, *, key_frame: bool = False
    ) -> bytes | None:
        """
        :param now: monotonic seconds.
        :returns: the packet to send, or None when it must not be sent (no key frame yet, older than the switch).
        """
        if self._anchor is None:
            if self._needs_key_frame and not key_frame:
                return None
            self._begin(header, vp8, now)
        elif not self._advance(header.sequence):
            return None
        sequence_offset, picture_offset = self._sequence_offset, self._picture_offset
        if header.sequence != self._newest and self._skips:
            found = self._offsets_before_skips(header.sequence)
            if found is None:
                return None
            sequence_offset, picture_offset = found
        sequence = (header.sequence + sequence_offset) & 0xFFFF
        timestamp = (header.timestamp + self._timestamp_offset) & 0xFFFF_FFFF
        out = bytearray(packet)
        _SEQUENCE_TO_SSRC.pack_into(out, 2, sequence, timestamp, self.ssrc)
        if vp8 is not None:
            self._rewrite_vp8(out, vp8, picture_offset)
        if sequence_delta(sequence, self._last_sequence) > 0:
            self._last_sequence = sequence
        if timestamp == self._last_timestamp or begins_frame(timestamp, self._last_timestamp, self._clock_rate):
            self._last_timestamp = timestamp
            self._last_sent_at = now
        return bytes(out)

    def skip(self, header: RtpHeader, vp8: Vp8Descriptor | None = None) -> bytes | None:
        """
        Leave this packet out, closing its sequence number and picture id.

        :returns: an empty packet to send instead, when it is late and its number was kept open for it.
        """
        if self._anchor is None:
            return None
        is_newer = sequence_delta(header.sequence, self._newest) > 0
        if not self._advance(header.sequence):
            return None
        if not is_newer:
            return self._placeholder(header)
        if not self._skips:
            self._skips.append((self._anchor, self._sequence_offset, self._picture_offset))
        self._sequence_offset -= 1
        if vp8 is not None and vp8.picture_id_offset is not None and self._is_new_picture(vp8):
            self._picture_offset -= 1
        if self._skips[-1][0] == header.sequence and len(self._skips) > 1:
            self._skips.pop()  # the group before goes on
        self._skips.append(((header.sequence + 1) & 0xFFFF, self._sequence_offset, self._picture_offset))
        return None

    def map_timestamp(self, timestamp: int) -> int | None:
        """A source timestamp (of a sender report) in this stream's terms; None while nothing is sent."""
        return None if self._anchor is None else (timestamp + self._timestamp_offset) & 0xFFFF_FFFF

    def timestamp_at(self, now: float) -> int:
        """This stream's timestamp at a moment, extrapolated from the last packet."""
        elapsed = 0.0 if self._last_sent_at is None else now - self._last_sent_at
        return (self._last_timestamp + int(elapsed * self._clock_rate)) & 0xFFFF_FFFF

    def _begin(self, header: RtpHeader, vp8: Vp8Descriptor | None, now: float) -> None:
        self._anchor = self._newest = header.sequence
        self._span = 0
        self._sequence_offset = self._last_sequence + 1 - header.sequence
        gap = 0
        if self._last_sent_at is not None:
            gap = max(1, int((now - self._last_sent_at) * self._clock_rate))
        self._timestamp_offset = self._last_timestamp + gap - header.timestamp
        self._newest_picture = None
        self._skips.clear()
        if vp8 is not None and self._last_picture_id is not None:
            self._picture_offset = self._last_picture_id + 1 - vp8.picture_id
        if vp8 is not None and self._last_tl0 is not None:
            self._tl0_offset = self._last_tl0 + 1 - vp8.tl0_index

    def _advance(self, sequence: int) -> bool:
        """:returns: False for a packet from before the switch, or out of all order."""
        delta = sequence_delta(sequence, self._newest)
        if delta > 0:
            self._newest = sequence
            self._span = min(self._span + delta, REORDERING_LIMIT)
            return True
        return -delta <= self._span

    def _offsets_before_skips(self, sequence: int) -> tuple[int, int] | None:
        """:returns: offsets of sequence number and picture id for a late packet; None when it is too late."""
        for begin, sequence_offset, picture_offset in reversed(self._skips):
            if sequence_delta(sequence, begin) >= 0:
                return sequence_offset, picture_offset
        return None

    def _placeholder(self, header: RtpHeader) -> bytes | None:
        """Padding only, so that the receiver does not wait for a number that comes to nothing."""
        found = (self._sequence_offset, 0) if not self._skips else self._offsets_before_skips(header.sequence)
        if found is None:
            return None
        sequence = (header.sequence + found[0]) & 0xFFFF
        timestamp = (header.timestamp + self._timestamp_offset) & 0xFFFF_FFFF
        return bytes([0xA0, header.payload_type]) + _SEQUENCE_TO_SSRC.pack(sequence, timestamp, self.ssrc) + b"\x01"

    def _is_new_picture(self, vp8: Vp8Descriptor) -> bool:
        newest = self._newest_picture
        self._newest_picture = _newer(vp8.picture_id, newest, vp8.picture_id_bits)
        return newest != self._newest_picture

    def _rewrite_vp8(self, out: bytearray, vp8: Vp8Descriptor, picture_offset: int) -> None:
        if vp8.picture_id_offset is not None:
            at = vp8.picture_id_offset
            bits = vp8.picture_id_bits
            self._newest_picture = _newer(vp8.picture_id, self._newest_picture, bits)
            picture_id = (vp8.picture_id + picture_offset) % (1 << bits)
            if bits == 15:
                out[at] = 0x80 | picture_id >> 8
                out[at + 1] = picture_id & 0xFF
            else:
                out[at] = picture_id
            self._last_picture_id = _newer(picture_id, self._last_picture_id, bits)
        if vp8.tl0_offset is not None:
            tl0 = (vp8.tl0_index + self._tl0_offset) & 0xFF
            out[vp8.tl0_offset] = tl0
            self._last_tl0 = _newer(tl0, self._last_tl0, 8)


def _newer(value: int, last: int | None, bits: int) -> int:
    if last is None:
        return value
    return value if (value - last) % (1 << bits) < 1 << (bits - 1) else last
