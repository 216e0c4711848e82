"""
Token buckets in memory, one for each key (an address, a login). Pure: the time is an argument.

Limits of one process: with several signaling processes, each gives its own share, which is enough against guessing.
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``burst`` at once, then ``burst`` per ``period_s``."""

    burst: int
    period_s: float

    @property
    def per_s(self) -> float:
        return self.burst / self.period_s


class TokenBuckets:
    """
    :param limit: keys kept; the one used longest ago goes first. It was full again unless more than ``limit``
        keys are busy at once.
    """

    def __init__(self, rate: Rate, limit: int = 10_000) -> None:
        self._rate, self._limit = rate, limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (tokens, at)

    def take(self, key: str, now: float, amount: float = 1.0) -> float:
        """:returns: 0 when taken; else nothing is taken, and after so many seconds it would be."""
        wait_s = self.wait_s(key, now, amount)
        if not wait_s:
            self._keep(key, self._tokens(key, now) - amount, now)
        return wait_s

    def wait_s(self, key: str, now: float, amount: float = 1.0) -> float:
        """What :meth:`take` would say; nothing is taken."""
        return max(0.0, amount - self._tokens(key, now)) / self._rate.per_s

    def give_back(self, key: str, now: float, amount: float = 1.0) -> None:
        """What was taken did not count after all."""
        self._keep(key, min(self._rate.burst, self._tokens(key, now) + amount), now)

    def __len__(self) -> int:
        return len(self._buckets)

    def _tokens(self, key: str, now: float) -> float:
        tokens, at = self._buckets.get(key, (float(self._rate.burst), now))
        return min(float(self._rate.burst), tokens + max(0.0, now - at) * self._rate.per_s)

    def _keep(self, key: str, tokens: float, now: float) -> None:
        self._buckets[key] = (tokens, now)
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._limit:
            self._buckets.popitem(last=False)
