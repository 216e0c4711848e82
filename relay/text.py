"""
Real-time text (T.140) from one writer to one reader: how fast and how much, pure. Nothing is stored or logged.

The channels themselves (RFC 8865) belong to ``relay.text_channel``, who reads whom to ``relay.routing``.
"""

from collections import deque

MISSING_TEXT = "\ufffd"  # RFC 4103 §5.4: marks lost text
WINDOW_S = 10.0  # RFC 4103 §6: cps is a mean over any interval of this length


class TextLimiter:
    """
    One writer's text on its way to a reader. Excess waits; what does not fit into the backlog is lost and marked, once.

    Two limits: the reader's of RFC 4103 §6, ``rate_cps`` over any 10 s, and a token bucket, so that a paste comes as
    a stream rather than in lumps 10 s apart.

    :param rate_cps: characters per second, sustained.
    :param burst: characters that may pass at once.
    :param backlog_limit: characters that may wait.
    :param message_limit: UTF-8 bytes of one message; the rest of a longer one is lost and marked.
    """

    def __init__(self, rate_cps: float, burst: int, backlog_limit: int, message_limit: int) -> None:
        self._rate_cps = rate_cps
        self._burst = burst
        self._backlog_limit = backlog_limit
        self._message_limit = message_limit
        self._tokens = float(burst)
        self._refilled_at: float | None = None
        self._passed: deque[tuple[float, int]] = deque()  # within the last 10 s: when, how many
        self._backlog = ""

    @property
    def is_waiting(self) -> bool:
        return bool(self._backlog)

    def add(self, text: str) -> None:
        """Text just written; :meth:`due` gives it out."""
        self._append(self._shorten(text))

    def mark_missing(self) -> None:
        """What passed last may not have reached the reader: the mark comes before all that waits."""
        if not self._backlog.startswith(MISSING_TEXT):
            self._backlog = MISSING_TEXT + self._backlog

    def due(self, now: float) -> str:
        """
        :param now: monotonic seconds.
        :returns: waiting text that may be passed on now, possibly empty.
        """
        self._refill(now)
        count = min(int(self._tokens), self._room(now), len(self._backlog))
        if count <= 0:
            return ""
        passed, self._backlog = self._backlog[:count], self._backlog[count:]
        self._tokens -= count
        self._passed.append((now, count))
        return passed

    def clear(self) -> None:
        """Nobody is to read this: nothing waits for the next reader."""
        self._backlog = ""

    def _shorten(self, text: str) -> str:
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= self._message_limit:
            return encoded.decode()
        return encoded[: self._message_limit].decode("utf-8", "ignore") + MISSING_TEXT

    def _append(self, text: str) -> None:
        room = self._backlog_limit - len(self._backlog)
        if len(text) <= room:
            self._backlog += text
        elif not self._backlog.endswith(MISSING_TEXT):
            self._backlog += text[: max(0, room - 1)] + MISSING_TEXT

    def _refill(self, now: float) -> None:
        if self._refilled_at is not None:
            self._tokens = min(float(self._burst), self._tokens + (now - self._refilled_at) * self._rate_cps)
        self._refilled_at = now

    def _room(self, now: float) -> int:
        while self._passed and now - self._passed[0][0] >= WINDOW_S:
            self._passed.popleft()
        return int(self._rate_cps * WINDOW_S) - sum(count for _, count in self._passed)
