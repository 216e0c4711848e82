"""The RTP endpoint without a network: bytes in, callbacks and bytes out."""

import itertools

from relay.audio import PHONE_FRAME, a_law_encode, silence, sine
from relay.phone import rtp_packets as packets
from relay.phone.rtp import RtpEndpoint, RtpPorts
from relay.phone.rtp_packets import DtmfEvent, Payload, RtpPacket
from relay.phone.rtp_sending import DTMF_END_PACKETS, DTMF_FRAMES, DTMF_GAP_FRAMES
from relay.phone.sdp import Negotiated

PEER = ("198.51.100.7", 30_000)
AGREED = Negotiated(*PEER, "PCMA", 8, 101)


class Wire:
    """Stands where asyncio's transport stands and keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        self.sent.append((data, address))

    def close(self) -> None:
        self.sent.append((b"closed", ("", 0)))

    def packets(self) -> list[RtpPacket]:
        return [packet for data, _ in self.sent if (packet := packets.parse_rtp(data)) is not None]


def endpoint(agreed: Negotiated | None = AGREED) -> tuple[RtpEndpoint, Wire, Wire, list[Payload], list[str]]:
    rtp, rtcp, sound, digits = Wire(), Wire(), list[Payload](), list[str]()
    made = RtpEndpoint("192.0.2.1", 20_000)
    made.attach(rtp, rtcp)  # type: ignore[arg-type]
    made.on_payload, made.on_dtmf = sound.append, digits.append
    if agreed is not None:
        made.connect(agreed)
    return made, rtp, rtcp, sound, digits


def step(made: RtpEndpoint) -> None:
    """20 ms of an owner's life."""
    made.tick()
    made.send(a_law_encode(silence(PHONE_FRAME)), PHONE_FRAME)


def voice(sequence: int, ssrc: int = 1, payload_type: int = 8) -> bytes:
    payload = a_law_encode(sine(440, PHONE_FRAME))
    return packets.build_rtp(RtpPacket(payload_type, sequence, sequence * PHONE_FRAME, ssrc, payload))


def key(sequence: int, timestamp: int, event: DtmfEvent) -> bytes:
    return packets.build_rtp(RtpPacket(101, sequence, timestamp, 1, packets.build_event(event)))


def test_voice_of_the_negotiated_host_is_heard_and_answered_at_the_port_it_came_from() -> None:
    made, rtp, _, sound, _ = endpoint()
    made.rtp_received(voice(1), (PEER[0], 44_444))
    assert len(sound) == 1
    step(made)
    assert rtp.sent[-1][1] == (PEER[0], 44_444)


def test_voice_of_another_host_is_never_heard_and_draws_no_sound_to_it() -> None:
    made, rtp, _, sound, _ = endpoint()
    made.rtp_received(voice(1), ("203.0.113.66", PEER[1]))
    step(made)
    assert sound == []
    assert rtp.sent[-1][1] == PEER
    assert made.statistics.packets_dropped == 1


def test_nothing_passes_before_something_is_negotiated() -> None:
    made, rtp, _, sound, _ = endpoint(None)
    made.rtp_received(voice(1), PEER)
    step(made)
    assert not sound
    assert not rtp.sent
    assert not made.press("1")


def test_late_repeated_and_foreign_packets_are_dropped() -> None:
    made, _, _, sound, _ = endpoint()
    for data in (voice(10), voice(10), voice(9), voice(11, payload_type=0), voice(12), b"\x80", b""):
        made.rtp_received(data, PEER)
    assert len(sound) == 2, "10 and 12"


def test_new_stream_of_the_peer_is_followed_at_once() -> None:
    made, _, _, sound, _ = endpoint()
    for data in (voice(40_000), voice(5, ssrc=2), voice(6, ssrc=2)):
        made.rtp_received(data, PEER)
    assert len(sound) == 3


def test_stream_is_continuous_and_marked_at_its_start() -> None:
    made, rtp, _, _, _ = endpoint()
    for _ in range(3):
        step(made)
    sent = rtp.packets()
    assert [packet.marker for packet in sent] == [True, False, False]
    assert {packet.payload_type for packet in sent} == {8}
    assert [(packet.sequence - sent[0].sequence) & 0xFFFF for packet in sent] == [0, 1, 2]
    assert [(packet.timestamp - sent[0].timestamp) & 0xFFFFFFFF for packet in sent] == [0, 160, 320]


def test_key_is_sent_as_rfc_4733_one_packet_every_twenty_milliseconds() -> None:
    made, rtp, _, _, _ = endpoint()
    assert made.press("5#")
    steps = DTMF_FRAMES + DTMF_END_PACKETS + DTMF_GAP_FRAMES
    for _ in range(2 * steps + 1):
        step(made)
    sent = rtp.packets()
    keys = [packet for packet in sent if packet.payload_type == 101]
    first, second = keys[: len(keys) // 2], keys[len(keys) // 2 :]
    for group, digit in ((first, "5"), (second, "#")):
        events = [packets.parse_event(packet.payload) for packet in group]
        assert [packet.marker for packet in group] == [True] + [False] * (len(group) - 1)
        assert len({packet.timestamp for packet in group}) == 1
        assert [event.end for event in events if event] == [False] * DTMF_FRAMES + [True] * DTMF_END_PACKETS
        assert [event.duration for event in events if event] == [160, 320, 480, 640, 800, 800, 800, 800]
        assert {event.digit for event in events if event} == {digit}
    assert (second[0].timestamp - first[0].timestamp) & 0xFFFFFFFF == steps * PHONE_FRAME
    assert sent[-1].payload_type == 8, "the voice goes on"


def test_key_of_the_peer_counts_once_and_the_same_key_again_counts_again() -> None:
    made, _, _, sound, digits = endpoint()
    steps = [(0, False), (0, False), (0, True), (0, True), (0, True), (1600, False), (1600, True), (1600, True)]
    for sequence, (timestamp, end) in enumerate(steps):
        made.rtp_received(key(sequence, timestamp, DtmfEvent("7", end, 800)), PEER)
    assert digits == ["7", "7"]
    assert sound == []


def test_held_peer_gets_no_sound_and_old_hold_address_is_not_sent_to() -> None:
    made, rtp, rtcp, _, _ = endpoint()
    step(made)
    made.connect(Negotiated("0.0.0.0", 30_000, "PCMA", 8, 101, we_send=False, we_receive=False))
    before = len(rtp.sent)
    for _ in range(300):
        step(made)
    assert len(rtp.sent) == before
    assert {address[0] for _, address in rtp.sent + rtcp.sent} == {PEER[0]}


def test_reports_say_what_was_lost_and_the_end_is_said() -> None:
    made, _, rtcp, _, _ = endpoint()
    for sequence in (65_534, 65_535, 0, 3):
        made.rtp_received(voice(sequence), PEER)
    step(made)
    made.tick()
    data, address = rtcp.sent[0]
    assert address == (PEER[0], PEER[1] + 1)
    _, blocks = packets.parse_reports(data)
    assert (blocks[0].ssrc, blocks[0].packets_lost, blocks[0].highest_sequence) == (1, 2, 65_536 + 3)
    made.close()
    assert any(data[-7] == packets.GOODBYE for data, _ in rtcp.sent if len(data) > 8)


def test_ports_are_even_within_their_range_and_not_taken_again_at_once() -> None:
    ports = RtpPorts(20_001, 20_009)
    taken = [next(ports) for _ in range(8)]
    assert set(taken) == {20_002, 20_004, 20_006, 20_008}
    assert all(one != two for one, two in itertools.pairwise(taken))
