"""
Real-time text of one call's telephones: what a party types goes to the media worker for the web legs and to the
other telephone; what a web leg types goes to every telephone that takes text. Nothing is kept or logged.

Left to others: RFC 4103 (``relay.phone.text_endpoint``), the pages' channels (``relay.session``).
"""

from collections.abc import Callable, Iterable

from relay import datagram
from relay.control_messages import AnyEvent
from relay.model import WEB_LEGS
from relay.phone.party import PhoneParty
from relay.phone_messages import PhoneTextOffered


class CallText:
    """:param send: a datagram to the media worker at this address; never blocks. :param emit: tells signaling."""

    def __init__(self, call_id: str, send: Callable[[str, bytes], object], emit: Callable[[AnyEvent], None]) -> None:
        self._call_id, self._key = call_id, datagram.call_key(call_id)
        self._send, self._emit = send, emit
        self._is_offered = False
        self.worker_socket: str | None = None

    def from_phone(self, writer: PhoneParty, text: str, parties: Iterable[PhoneParty]) -> None:
        """:param parties: all of the call."""
        if self.worker_socket is not None:
            for leg in WEB_LEGS:
                payload = datagram.pack(datagram.Kind.TEXT, self._key, leg, text.encode("utf-8", "replace"))
                self._send(self.worker_socket, payload)
        _write(text, (party for party in parties if party is not writer))

    def from_web(self, payload: bytes, parties: Iterable[PhoneParty]) -> None:
        """:param payload: UTF-8, from the media worker."""
        _write(payload.decode("utf-8", "replace"), parties)

    def changed(self, parties: Iterable[PhoneParty]) -> None:
        """A party came, went or negotiated anew."""
        is_offered = any(party.takes_text for party in parties)
        if is_offered != self._is_offered:
            self._is_offered = is_offered
            self._emit(PhoneTextOffered(call_id=self._call_id, enabled=is_offered))


def _write(text: str, parties: Iterable[PhoneParty]) -> None:
    for party in parties:
        if party.takes_text and party.text is not None:
            party.text.send_text(text)
