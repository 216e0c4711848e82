"""RTP time of what we send, and the length of its packets. Pure."""

RESUME_AFTER_S = 0.2  # a longer pause was a silence: its time is kept; a shorter one the process was late
BYTES_A_MS = 8  # of G.711 and G.722


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


class Packetiser:
    """
    Packets of 20 ms made into those of another length, for the codecs of 8 bytes a millisecond (G.711, G.722).

    :param ptime_ms: wanted; 20 changes nothing.
    """

    def __init__(self, ptime_ms: int) -> None:
        self.ptime_ms = ptime_ms
        self._rest = b""

    def cut(self, payload: bytes) -> list[bytes]:
        """:returns: the packets that are whole now."""
        size = self.ptime_ms * BYTES_A_MS
        data = self._rest + payload
        whole = len(data) // size * size
        self._rest = data[whole:]
        return [data[start : start + size] for start in range(0, whole, size)]

    def forget(self) -> None:
        """What was begun belongs to the time before a gap."""
        self._rest = b""
