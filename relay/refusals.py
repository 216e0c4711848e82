"""Counts what strangers and broken neighbours send, and says so in the log now and then, never once a packet."""

import logging
from collections import Counter

PERIOD_S = 10.0


class Refusals:
    """
    :param what: begins each line of the log.
    """

    def __init__(self, what: str, log: logging.Logger) -> None:
        self.counts: Counter[str] = Counter()  # code -> since the start
        self._what, self._log = what, log
        self._told: Counter[str] = Counter()
        self._told_at: float | None = None

    def add(self, code: str, now: float) -> None:
        """:param now: monotonic seconds."""
        self.counts[code] += 1
        if self._told_at is None or now - self._told_at >= PERIOD_S:
            self._told_at = now
            new = self.counts - self._told
            self._told = self.counts.copy()
            self._log.warning("%s: %s", self._what, ", ".join(f"{code} {count}" for code, count in sorted(new.items())))
