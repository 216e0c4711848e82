"""Where one leg's packets go, as the call's plan says: a packet looks nothing up but this."""

from collections.abc import Callable

from relay.forwarding.inbound import MediaPacket
from relay.forwarding.media_path import MediaPath
from relay.forwarding.streams import Stream

#: a leg, and as which of its streams it gets the packets: the picture of one may be the second one of another
Receiver = tuple[MediaPath, Stream]


class Router:
    """
    :param to_phone: gets audio; :param to_tap: gets video, while they are set.
    """

    def __init__(self) -> None:
        self.to_phone: Callable[[MediaPacket], None] | None = None
        self.to_tap: Callable[[MediaPacket], None] | None = None
        self._receivers: dict[Stream, list[Receiver]] = {}

    def connect(self, stream: Stream, receiver: MediaPath, place: Stream) -> None:
        """:param stream: of the sender. :param place: the receiver's stream that carries it."""
        self._receivers.setdefault(stream, []).append((receiver, place))

    def disconnect(self) -> None:
        """From all receivers."""
        self._receivers.clear()

    def receivers(self, stream: Stream) -> list[Receiver]:
        return self._receivers.get(stream, [])

    def on_packet(self, packet: MediaPacket, now: float) -> None:
        receivers = self._receivers.get(packet.stream)
        if receivers is not None:
            for receiver, place in receivers:
                receiver.forward(packet, place, now)
        if packet.stream == "audio":
            if self.to_phone is not None:
                self.to_phone(packet)
        elif self.to_tap is not None and packet.stream == "video" and packet.is_base_layer:
            self.to_tap(packet)
