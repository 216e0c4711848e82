"""RTP time of what we send, and keys as RFC 4733 packets. Pure."""

from collections import deque
from typing import NamedTuple

from relay.phone.rtp_packets import DtmfEvent

RESUME_AFTER_S = 0.2  # a longer pause was a silence: its time is kept; a shorter one the process was late
DTMF_FRAMES = 5  # 100 ms a digit, ITU-T Q.24 asks for 40 at least
DTMF_END_PACKETS = 3
DTMF_GAP_FRAMES = 3  # silence between two digits
DTMF_QUEUE = 64  # digits


class SendClock:
    """
    Timestamps that run with the sound, and with the wall clock through silences.

    :param start: first timestamp (random, RFC 3550 §5.1).
    """

    def __init__(self, start: int) -> None:
        self._next = start
        self._due: float | None = None

    def take(self, now: float, samples: int, rate: int, gap: int | None = None) -> tuple[int, bool]:
        """
        :param now: s. :param samples: that the packet lasts. :param gap: samples since the end of the last packet when
            the caller knows them. :returns: the packet's timestamp, and whether it begins a talkspurt.
        """
        missed = 0.0 if self._due is None else now - self._due
        if gap is None:
            gap = round(missed * rate) if missed > RESUME_AFTER_S else 0
        begins = self._due is None or gap > RESUME_AFTER_S * rate
        timestamp = (self._next + gap) & 0xFFFFFFFF
        self._next = timestamp + samples
        self._due = now + samples / rate
        return timestamp, begins

    def at(self, now: float, rate: int) -> int:
        """:returns: the timestamp that belongs to this moment, for a sender report."""
        ahead = 0.0 if self._due is None else (now - self._due) * rate
        return (self._next + round(ahead)) & 0xFFFFFFFF


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
