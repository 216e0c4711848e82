"""Keys as RFC 4733 events: what is sent, 20 ms at a time, and what is heard. Pure."""

from collections import deque
from typing import NamedTuple

from relay.phone.rtp_packets import DtmfEvent, RtpPacket, parse_event

DTMF_FRAMES = 5  # 100 ms a digit, ITU-T Q.24 asks for 40 at least
DTMF_END_PACKETS = 3
DTMF_GAP_FRAMES = 3  # silence between two digits
DTMF_QUEUE = 64  # digits
_SEGMENT = 0xF000  # a key held for longer than a duration can tell goes on under a new timestamp (§2.5.1.3)


class DtmfStep(NamedTuple):
    """What one 20 ms step sends in place of sound; ``event`` None is the gap between digits."""

    event: DtmfEvent | None
    first: bool = False


class DtmfSender:
    """Keys that wait to be sent, 20 ms at a time."""

    def __init__(self) -> None:
        self._digits: deque[tuple[str, int]] = deque(maxlen=DTMF_QUEUE)
        self._steps: deque[DtmfStep] = deque()

    def press(self, digits: str, frame: int) -> None:
        """:param frame: 20 ms in units of the events' clock."""
        self._digits.extend((digit, frame) for digit in digits)

    @property
    def busy(self) -> bool:
        return bool(self._digits or self._steps)

    def step(self) -> DtmfStep:
        """Only while ``busy``."""
        if not self._steps:
            self._steps.extend(_steps(*self._digits.popleft()))
        return self._steps.popleft()


def _steps(digit: str, frame: int) -> list[DtmfStep]:
    lasting = [DtmfStep(DtmfEvent(digit, False, frame * i), i == 1) for i in range(1, DTMF_FRAMES + 1)]
    ending = [DtmfStep(DtmfEvent(digit, True, frame * DTMF_FRAMES))] * DTMF_END_PACKETS
    return [*lasting, *ending, *[DtmfStep(None)] * DTMF_GAP_FRAMES]


class DtmfReceiver:
    """
    Keys of the peer. A key counts at the first of its packets that arrives, whichever that is: lost beginnings and
    lost ends change nothing.
    """

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._digit = ""
        self._ended = True

    def hear(self, packet: RtpPacket) -> str | None:
        """:returns: a key that is new."""
        event = parse_event(packet.payload)
        if event is None:
            return None
        is_new = packet.timestamp != self._timestamp and not self._goes_on(packet, event)
        self._timestamp, self._digit, self._ended = packet.timestamp, event.digit, event.end
        return event.digit if is_new else None

    def _goes_on(self, packet: RtpPacket, event: DtmfEvent) -> bool:
        if self._timestamp is None or self._ended or packet.marker or event.digit != self._digit:
            return False
        return _SEGMENT <= (packet.timestamp - self._timestamp) & 0xFFFFFFFF <= 0xFFFF
