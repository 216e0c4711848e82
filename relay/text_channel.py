"""
One T.140 data channel to one leg (RFC 8865): its label names the remote party who writes there.

What was written into a channel that is replaced may not have arrived. It is not sent again, for it may have arrived as
well; the next channel begins with the missing-text mark instead (``relay.text``).
"""

from collections.abc import Callable

from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport

from relay.aiortc_internals.sctp import unacknowledged_bytes

T140_PROTOCOL = "t140"  # RFC 8865 §4.1
UNACKNOWLEDGED_LIMIT = 256  # bytes on their way; more waits in the writer's backlog, where no lost line can lose it


class TextChannel:
    """:param on_text: called with what the leg's person wrote to this party."""

    def __init__(self, sctp: RTCSctpTransport, remote_party: str, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._sctp = sctp
        # ordered, and neither max-retr nor max-time (RFC 8865 §4.1): nothing is given up while the channel lives
        parameters = RTCDataChannelParameters(label=remote_party, protocol=T140_PROTOCOL, ordered=True)
        self._channel = RTCDataChannel(sctp, parameters)
        self._channel.on("message", self._received)

    @property
    def can_take_text(self) -> bool:
        return bool(self._channel.readyState == "open" and self._unacknowledged < UNACKNOWLEDGED_LIMIT)

    @property
    def may_have_lost_text(self) -> bool:
        """Something sent is not known to have arrived; if the channel ends now, it may never."""
        return self._unacknowledged > 0

    def send(self, text: str) -> None:
        """Only when :attr:`can_take_text`."""
        self._channel.send(text)

    @property
    def _unacknowledged(self) -> int:
        return unacknowledged_bytes(self._sctp, self._channel)

    def _received(self, message: object) -> None:
        if isinstance(message, str) and message:
            self._on_text(message)
