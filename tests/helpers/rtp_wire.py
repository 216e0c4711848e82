"""RTP endpoints without a network: bytes in, callbacks and bytes out."""

from relay.audio import PHONE_FRAME, a_law_encode, silence, sine
from relay.phone import rtp_packets as packets
from relay.phone.rtp import RtpEndpoint
from relay.phone.rtp_packets import DtmfEvent, Payload, RtpPacket
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


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def endpoint(
    agreed: Negotiated | None = AGREED, clock: Clock | None = None
) -> tuple[RtpEndpoint, Wire, Wire, list[Payload], list[str]]:
    rtp, rtcp, sound, digits = Wire(), Wire(), list[Payload](), list[str]()
    made = RtpEndpoint("192.0.2.1", 20_000, clock or Clock())
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


def talk(made: RtpEndpoint, clock: Clock, steps: int) -> None:
    for _ in range(steps):
        step(made)
        clock.now += 0.02
