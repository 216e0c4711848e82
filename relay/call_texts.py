"""
Real-time text of one call in a media worker: what a page writes into a party's channel goes to that party (RFC 8865).

Who reads whom ``relay.routing`` says; what is written to somebody else goes nowhere. What a reader misses while it
reconnects waits, within the limiter's bound. Left to others: pace and loss (``relay.text``), the channels
(``relay.text_channel``), the telephones (``relay.phone.call_text``).
"""

from collections.abc import Callable
from typing import Protocol

from relay import datagram
from relay.audio_exchange import DatagramSender
from relay.config import MediaWorkerConfig
from relay.datagram import Kind
from relay.model import WEB_LEGS, CallPlan, Leg, WebLeg
from relay.routing import EVERYBODY, Routes, routes
from relay.text import TextLimiter


class TextPeer(Protocol):
    """What ``relay.peer`` offers."""

    def open_text(self, party: Leg) -> None: ...
    def can_take_text(self, writer: Leg) -> bool: ...
    def send_text(self, writer: Leg, text: str) -> None: ...
    def may_have_lost_text(self, writer: Leg) -> bool: ...


class CallTexts:
    """:param peer_of: a leg's present peer, None without."""

    def __init__(
        self,
        key: bytes,
        config: MediaWorkerConfig,
        sender: DatagramSender,
        peer_of: Callable[[WebLeg], TextPeer | None],
    ) -> None:
        self._key, self._config, self._sender, self._peer_of = key, config, sender, peer_of
        self._waiting: dict[tuple[Leg, WebLeg], TextLimiter] = {}  # writer, reader
        self._reads: dict[Leg, frozenset[Leg]] = {}
        self._phone_socket: str | None = None

    def update(self, plan: CallPlan, now_there: Routes) -> None:
        """Who is away for a moment is written to all the same, and stays readable to who is there."""
        planned = routes(EVERYBODY, plan)
        self._reads = {leg: frozenset(planned.reads[leg]) | set(now_there.reads[leg]) for leg in planned.reads}
        self._phone_socket = plan.phone_socket
        for (writer, reader), waiting in self._waiting.items():
            if writer not in self._reads[reader]:
                waiting.clear()
        for leg in WEB_LEGS:
            peer = self._peer_of(leg)
            if peer is not None:
                for party, read in self._reads.items():
                    if leg in read or party in self._reads[leg]:  # what is not read may still be written to
                        peer.open_text(party)

    def wrote(self, writer: WebLeg, channel: Leg, text: str, now: float) -> None:
        """:param channel: the party it was written to."""
        if writer not in self._reads.get(channel, ()):
            return
        if channel == "phone":
            self._to_phone(writer, text)
        else:
            self._add(writer, channel, text, now)

    def phone_wrote(self, reader: WebLeg, payload: bytes, now: float) -> None:
        """:param payload: UTF-8."""
        if "phone" in self._reads.get(reader, ()):
            self._add("phone", reader, payload.decode("utf-8", "replace"), now)

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        for (writer, reader), waiting in self._waiting.items():
            if waiting.is_waiting:
                self._pass(writer, reader, waiting, now)

    def replaced(self, leg: WebLeg, previous: TextPeer) -> None:
        """The same person comes back: what waits goes on, what was on its way may be lost."""
        for (writer, reader), waiting in self._waiting.items():
            if reader == leg and previous.may_have_lost_text(writer):
                waiting.mark_missing()

    def left(self, leg: WebLeg) -> None:
        """Whoever comes next as this leg is somebody else; an agent's successor reads what the agent did not."""
        for (writer, reader), waiting in self._waiting.items():
            if writer == leg or (reader == leg == "second"):
                waiting.clear()

    def promoted(self) -> None:
        """The second is the agent now, with what was on its way from and to it."""
        names: dict[Leg, Leg] = {"signer": "signer", "second": "agent", "phone": "phone"}
        web: dict[WebLeg, WebLeg] = {"signer": "signer", "second": "agent"}
        self._waiting = {
            (names[writer], web[reader]): waiting
            for (writer, reader), waiting in self._waiting.items()
            if writer in names and reader in web
        }

    def _add(self, writer: Leg, reader: WebLeg, text: str, now: float) -> None:
        waiting = self._waiting.get((writer, reader))
        if waiting is None:
            config = self._config
            waiting = self._waiting[writer, reader] = TextLimiter(
                config.text_rate_cps, config.text_burst, config.text_backlog, config.text_message_limit
            )
        waiting.add(text)
        self._pass(writer, reader, waiting, now)

    def _pass(self, writer: Leg, reader: WebLeg, waiting: TextLimiter, now: float) -> None:
        peer = self._peer_of(reader)
        if peer is not None and peer.can_take_text(writer):
            text = waiting.due(now)
            if text:
                peer.send_text(writer, text)

    def _to_phone(self, writer: WebLeg, text: str) -> None:
        if self._phone_socket is not None:
            payload = text.encode("utf-8", "replace")[: self._config.text_message_limit]
            self._sender.send(datagram.pack(Kind.TEXT, self._key, writer, payload), self._phone_socket)
