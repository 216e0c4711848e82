"""Which of the peer's ports is answered (symmetric RTP, RFC 4961; behind a NAT it is not the negotiated one). Pure."""

from relay.phone.rtp_packets import RtpPacket, newer

LIVE_S = 0.5  # a source heard so lately is not left for another one
CONSISTENT = 3  # packets in order from a new port before it is believed

Address = tuple[str, int]


class Latch:
    """
    :param host: the negotiated one; nobody else is ever believed. :param port: where we send until the peer is heard.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.remote: Address = (host, port)
        self._heard_at: float | None = None
        self._candidate: tuple[Address, int] | None = None
        self._sequence = 0
        self._count = 0

    def takes(self, packet: RtpPacket, source: Address, now: float, *, proven: bool = False) -> bool:
        """
        :param now: s. :param proven: the packet is authenticated, so that it moves the port at once.
        :returns: whether the packet belongs to the stream.
        """
        if source[0] != self.host:
            return False
        if source != self.remote and not proven and not self._may_move(packet, source, now):
            return False
        self.remote, self._heard_at, self._count = source, now, 0
        return True

    def _may_move(self, packet: RtpPacket, source: Address, now: float) -> bool:
        if self._heard_at is None:
            return True
        return now - self._heard_at >= LIVE_S and self._is_consistent(packet, source)

    def _is_consistent(self, packet: RtpPacket, source: Address) -> bool:
        same = (source, packet.ssrc) == self._candidate and newer(packet.sequence, self._sequence)
        self._count = self._count + 1 if same else 1
        self._candidate, self._sequence = (source, packet.ssrc), packet.sequence
        return self._count >= CONSISTENT
