"""What of a leg's picture goes to its watcher."""

from collections.abc import Iterator

import pytest

from relay.audio_exchange import DatagramSender
from relay.datagram import Kind, call_key, unbatch, unpack
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.router import Router
from relay.forwarding.streams import H264, VP8
from relay.model import Tap, WebLeg
from relay.tap import CallTaps
from tests.helpers.packets import media, rtp, vp8_payload

KEY = call_key("c")
SIGNER, AGENT = Tap(leg="signer", socket="/s"), Tap(leg="agent", socket="/a")


class Sender(DatagramSender):
    """Notes what is sent; takes nothing when it is full."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False
        self.sent: list[tuple[str, Kind, WebLeg, list[bytes]]] = []

    def send(self, data: bytes, address: str) -> bool:
        message = unpack(data)
        assert message is not None and message.call_key == KEY
        if not self.is_full:
            self.sent.append((address, message.kind, message.leg, unbatch(message.payload)))
        return not self.is_full

    @property
    def frames(self) -> list[list[bytes]]:
        return [packets for _, kind, _, packets in self.sent if kind is not Kind.STATS]


@pytest.fixture
def sender() -> Iterator[Sender]:
    made = Sender()
    yield made
    made.close()


def taps(sender: Sender, *plan: Tap) -> CallTaps:
    made = CallTaps(KEY, sender, lambda _: None)
    made.update(plan)
    return made


def picture(number: int, temporal_id: int | None = None, packets: int = 2) -> list[MediaPacket]:
    """One VP8 picture in several packets, the last one marked."""
    payload = vp8_payload(number, temporal_id=temporal_id, key=number == 0)
    return [
        media(
            rtp(payload_type=VP8, sequence=number * packets + at, payload=payload, marker=at == packets - 1),
            stream="video",
        )
        for at in range(packets)
    ]


def pass_on(made: CallTaps, leg: WebLeg, packet: MediaPacket) -> None:
    """As the leg's router does."""
    router = Router()
    router.to_tap = made.receiver(leg)
    router.on_packet(packet, 0.0)


def feed(made: CallTaps, leg: WebLeg, pictures: list[list[MediaPacket]]) -> None:
    for packets in pictures:
        for packet in packets:
            pass_on(made, leg, packet)


def test_only_the_base_temporal_layer_goes_there_each_picture_in_one_datagram(sender: Sender) -> None:
    pictures = [picture(number, temporal_id=(0, 2, 1, 2)[number % 4]) for number in range(12)]
    feed(taps(sender, SIGNER), "signer", pictures)
    assert sender.frames == [[packet.data for packet in pictures[number]] for number in (0, 4, 8)]


def test_every_picture_goes_there_where_the_sender_has_no_layers(sender: Sender) -> None:
    pictures = [picture(number) for number in range(5)]
    h264 = [media(rtp(payload_type=H264, sequence=50, payload=b"\x65frame", marker=True), stream="video")]
    feed(taps(sender, SIGNER), "signer", [*pictures, h264])
    assert sender.frames == [[packet.data for packet in each] for each in (*pictures, h264)]
    assert [kind for _, kind, _, _ in sender.sent] == [Kind.VP8] * 5 + [Kind.H264]


def test_each_tapped_leg_goes_to_its_own_watcher(sender: Sender) -> None:
    made = taps(sender, SIGNER, AGENT)
    feed(made, "signer", [picture(0)])
    feed(made, "agent", [picture(1)])
    assert [(address, leg) for address, _, leg, _ in sender.sent] == [("/s", "signer"), ("/a", "agent")]


def test_leg_that_nobody_watches_any_more_is_not_copied_and_the_other_goes_on(sender: Sender) -> None:
    made = taps(sender, SIGNER, AGENT)
    pass_on(made, "agent", picture(0)[0])  # half a picture is on its way
    made.update([AGENT])
    feed(made, "signer", [picture(1)])
    pass_on(made, "agent", picture(0)[1])
    assert [(leg, len(packets)) for _, _, leg, packets in sender.sent] == [("agent", 2)]


def test_what_the_watcher_cannot_take_is_dropped_and_not_kept(sender: Sender) -> None:
    made = taps(sender, SIGNER)
    sender.is_full = True
    feed(made, "signer", [picture(number) for number in range(1000)])
    sender.is_full = False
    feed(made, "signer", [picture(1000)])
    assert sender.frames == [[packet.data for packet in picture(1000)]]
