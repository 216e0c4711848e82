"""
Real-time text to and from one telephone (RFC 4103), over a pair of UDP ports beside those of the sound.

Left to others: whose packets count and encryption (``relay.phone.rtp_link``), what a packet says
(``relay.phone.text_packets``).
"""

import secrets
import time
from collections.abc import Callable

from relay.phone import rtp_packets as packets
from relay.phone.rtp import KEEP_ALIVE_S, unassigned_type
from relay.phone.rtp_link import Bound, RtpLink, RtpPorts, RtpStatistics, open_pair
from relay.phone.rtp_packets import RtpPacket, SentSoFar
from relay.phone.rtp_reception import Reception
from relay.phone.rtp_reports import Reports
from relay.phone.sdp import NegotiatedText
from relay.phone.text_packets import CLOCK_RATE, TextReceiver, TextSender


class TextEndpoint(Bound):
    """
    Made by :func:`open_text`. The owner calls :meth:`tick` at least every 100 ms and :meth:`close` at the end.
    ``on_text`` is given characters as they come, ``\\ufffd`` where some were lost, ``\\b`` for one taken back (T.140).
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """:param clock: s."""
        super().__init__(host, port)
        self.on_text: Callable[[str], None] = lambda _: None
        self.link = RtpLink(self._received, self._report_received, clock)
        self._clock = clock
        self._agreed: NegotiatedText | None = None
        self._start = secrets.randbits(31)
        self._sender: TextSender | None = None
        self._receiver = TextReceiver(frozenset(), frozenset())
        self._reception: Reception | None = None
        self._reports = Reports(secrets.token_hex(8), time.time() - clock())

    @property
    def statistics(self) -> RtpStatistics:
        return self.link.statistics

    def connect(self, agreed: NegotiatedText | None) -> None:
        """Start with, or change to, what was negotiated; None: the peer has no text any more."""
        before, self._agreed = self._agreed, agreed
        if agreed is None:
            return
        if before is None or _formats(before) != _formats(agreed):
            self._sender = TextSender(agreed.t140, agreed.red, self._clock(), agreed.characters_per_s)
            self._receiver = TextReceiver(*_received_types(agreed))
        self.link.connect((agreed.host, agreed.port), agreed.rtcp, agreed.srtp)

    def send_text(self, text: str) -> bool:
        """:param text: typed characters, ``\\b`` takes one back. :returns: whether the peer takes text."""
        if self._agreed is None or self._sender is None or not self._agreed.we_send:
            return False
        self._sender.write(text)
        return True

    def tick(self, now: float) -> None:
        """Send what is due: text and its repetitions once in 300 ms, reports, keep-alive. :param now: s."""
        agreed = self._agreed
        if agreed is None or self._sender is None:
            return
        due = self._sender.due(now) if agreed.we_send else None
        if due is not None:
            timestamp = self._start + due.timestamp & 0xFFFFFFFF
            self.link.send(RtpPacket(due.payload_type, 0, timestamp, 0, due.payload, due.marker))
        elif now - self.link.sent_at >= KEEP_ALIVE_S:
            number = unassigned_type(agreed.t140, agreed.red, agreed.t140_received, agreed.red_received)
            self.link.send(RtpPacket(number, 0, self._timestamp(now), 0, b""))
        if self.statistics.packets_sent and self._reports.is_due(now):
            self.link.send_report(self._report(now))

    def close(self) -> None:
        if self._agreed is not None and self.statistics.packets_sent:
            self.link.send_report(self._report(self._clock()) + packets.build_goodbye(self.link.ssrc))
        self.link.close()
        self._agreed = None

    def _timestamp(self, now: float) -> int:
        return self._start + round((now - self._sender.began if self._sender else 0) * CLOCK_RATE) & 0xFFFFFFFF

    def _report(self, now: float) -> bytes:
        sent = SentSoFar(self._timestamp(now), self.statistics.packets_sent, self.statistics.octets_sent)
        return self._reports.write(self.link.ssrc, now, sent, self._reception)

    def _report_received(self, data: bytes) -> None:
        self._reports.read(data, self.link.ssrc, self._clock())

    def _received(self, packet: RtpPacket) -> bool:
        if self._agreed is None:
            return False
        text = self._receiver.take(packet)
        if text is None:
            return False
        if self._reception is None or self._reception.ssrc != packet.ssrc:
            self._reception = Reception(packet, CLOCK_RATE, self._clock())
        else:
            self._reception.take(packet, self._clock())
        if text:
            self.on_text(text)
        return True


def _formats(agreed: NegotiatedText) -> tuple[int | None, ...]:
    return agreed.t140, agreed.red, agreed.t140_received, agreed.red_received, agreed.characters_per_s


def _received_types(agreed: NegotiatedText) -> tuple[frozenset[int], frozenset[int]]:
    """:returns: of bare text and of text with redundancy, under our numbers and the peer's."""
    t140 = frozenset({agreed.t140, agreed.t140_received} - {None})
    red = frozenset({agreed.red, agreed.red_received} - {None})
    return t140, red  # type: ignore[return-value]


async def open_text(host: str, ports: RtpPorts) -> TextEndpoint:
    """:raises OSError: no pair of ports is free."""
    return await open_pair(TextEndpoint, host, ports)
