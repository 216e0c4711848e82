"""
Real-time text in RTP: T.140 characters (RFC 4103) with redundancy (RFC 2198), sent and heard. Pure.

Left to others: sockets and reports (``relay.phone.text_endpoint``).
"""

from collections import deque
from typing import NamedTuple

from relay.phone.rtp_packets import RtpPacket
from relay.phone.rtp_reception import MAX_DROPOUT
from relay.phone.sdp import CPS_LIMIT, RED_GENERATIONS
from relay.text import MISSING_TEXT, WINDOW_S, TextLimiter

CLOCK_RATE = 1_000  # Hz
BUFFERING_S = 0.3  # RFC 4103 §5.1
PACKET_CHARACTERS = 250  # 1000 bytes at most: a redundant block's length has 10 bits
BACKLOG_LIMIT = 10_000  # characters; more than anybody types while the line is slow
MESSAGE_LIMIT = 4 * BACKLOG_LIMIT  # bytes
OFFSET_LIMIT = (1 << 14) - 1  # ms
LENGTH_LIMIT = (1 << 10) - 1  # bytes
BYTE_ORDER_MARK = "\ufeff"  # T.140 §8.1: begins a session, says nothing


class Block(NamedTuple):
    """:param offset: ms before the packet's timestamp."""

    payload_type: int
    offset: int
    data: bytes


def build_red(blocks: list[Block]) -> bytes:
    """:param blocks: the oldest first, the newest (primary) last."""
    headers = b"".join(
        (1 << 31 | block.payload_type << 24 | block.offset << 10 | len(block.data)).to_bytes(4, "big")
        for block in blocks[:-1]
    )
    return headers + bytes([blocks[-1].payload_type]) + b"".join(block.data for block in blocks)


def parse_red(payload: bytes) -> list[Block] | None:
    """:returns: the oldest first, the newest last; None for what is no whole packet."""
    headers: list[tuple[int, int, int]] = []
    at = 0
    while at + 4 <= len(payload) and payload[at] & 0x80:
        word = int.from_bytes(payload[at : at + 4], "big")
        headers.append((word >> 24 & 0x7F, word >> 10 & OFFSET_LIMIT, word & LENGTH_LIMIT))
        at += 4
    if at >= len(payload) or payload[at] & 0x80:
        return None
    primary, at = payload[at], at + 1
    blocks: list[Block] = []
    for payload_type, offset, length in headers:
        blocks.append(Block(payload_type, offset, payload[at : at + length]))
        at += length
    if at > len(payload):
        return None
    return [*blocks, Block(primary, 0, payload[at:])]


class TextPacket(NamedTuple):
    """What is due. :param timestamp: ms since the stream began. :param marker: the first after a silence."""

    payload_type: int
    payload: bytes
    timestamp: int
    marker: bool


class TextSender:
    """
    Characters gathered for 300 ms, each sent once and repeated in the next two packets.

    :param t140: payload type of bare text. :param red: of text with redundancy; None sends none.
    :param characters_per_s: that the peer reads. :param now: s.
    """

    def __init__(self, t140: int, red: int | None, now: float, characters_per_s: int = CPS_LIMIT) -> None:
        self._t140, self._red = t140, red
        self.began = now
        burst = min(PACKET_CHARACTERS, int(characters_per_s * WINDOW_S))
        self._waiting = TextLimiter(characters_per_s, burst, BACKLOG_LIMIT, MESSAGE_LIMIT)
        self._waiting.add(BYTE_ORDER_MARK)
        self._sent_at = now - BUFFERING_S
        self._earlier: deque[tuple[int, bytes]] = deque([(0, b"")] * RED_GENERATIONS, maxlen=RED_GENERATIONS)
        self._idle = True

    def write(self, text: str) -> None:
        """What does not fit beside all that waits is lost and marked."""
        self._waiting.add(text)

    def due(self, now: float) -> TextPacket | None:
        """:returns: new text, or what repeats the last, once in 300 ms; None in between and when all is said."""
        if now - self._sent_at < BUFFERING_S - 0.001:
            return None
        data = self._waiting.due(now).encode()
        if not data and (self._red is None or not any(earlier for _, earlier in self._earlier)):
            self._idle = True
            return None
        timestamp = round((now - self.began) * CLOCK_RATE)
        payload = data if self._red is None else self._redundant(timestamp, data)
        self._earlier.append((timestamp, data))
        packet = TextPacket(self._t140 if self._red is None else self._red, payload, timestamp, self._idle)
        self._sent_at, self._idle = now, False
        return packet

    def _redundant(self, timestamp: int, data: bytes) -> bytes:
        """All generations are always there, empty ones too: a receiver counts them backwards (§4.2)."""
        earlier = [
            Block(self._t140, min(timestamp - when, OFFSET_LIMIT), said if timestamp - when <= OFFSET_LIMIT else b"")
            for when, said in self._earlier
        ]
        return build_red([*earlier, Block(self._t140, 0, data)])


class TextReceiver:
    """
    The peer's text, each character once. What was lost is taken from the repetitions of the next packet, and marked as
    missing where they do not reach back so far.

    :param t140: payload types of bare text. :param red: of text with redundancy.
    """

    def __init__(self, t140: frozenset[int], red: frozenset[int]) -> None:
        self._t140, self._red = t140, red
        self._ssrc: int | None = None
        self._sequence = 0

    def take(self, packet: RtpPacket) -> str | None:
        """
        A stream that begins may have lost its very first packets: the repetitions tell.

        :returns: what is new, without byte order marks; None for a packet that is late, repeated or unreadable.
        """
        blocks = self._blocks(packet)
        if blocks is None:
            return None
        begins = packet.ssrc != self._ssrc
        lost = RED_GENERATIONS if begins else self._lost_before(packet.sequence)
        if lost is None or (begins and packet.payload_type not in self._t140 | self._red):
            return None
        self._ssrc, self._sequence = packet.ssrc, packet.sequence
        recovered = [block.data for block in blocks[:-1]][-lost:] if lost else []
        missing = MISSING_TEXT if lost > len(recovered) and not begins else ""
        text = b"".join([*recovered, blocks[-1].data]).decode(errors="replace")
        return missing + text.replace(BYTE_ORDER_MARK, "")

    def _blocks(self, packet: RtpPacket) -> list[Block] | None:
        """A packet of another kind, a keep-alive, takes a number of the row and says nothing."""
        if packet.payload_type in self._red:
            blocks = parse_red(packet.payload)
            return blocks if blocks and all(block.payload_type in self._t140 for block in blocks) else None
        data = packet.payload if packet.payload_type in self._t140 else b""
        return [Block(packet.payload_type, 0, data)]

    def _lost_before(self, sequence: int) -> int | None:
        step = (sequence - self._sequence) & 0xFFFF
        return step - 1 if 0 < step < MAX_DROPOUT else None
