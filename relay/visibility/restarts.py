"""
When an analysis process that is no more is started again, and what of it goes into the log.

One that ends or hangs is started again soon, and ever more rarely while it keeps doing so. One that cannot load
MediaPipe or its models will hardly do better a second later: a library, a file or memory is missing, which somebody
mends or which comes back. Both are told of once, and again when it is for another reason or has gone well meanwhile.

Pure: times are arguments.
"""

from typing import NamedTuple

ENDED_PAUSES_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
UNABLE_PAUSES_S = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
WELL_AFTER_S = 30.0  # of looking at pictures; what ends earlier counts as doing so again


class Restart(NamedTuple):
    """:param pause_s: before the next start. :param is_news: it has not been told of."""

    pause_s: float
    is_news: bool


class Restarts:
    """Of the processes in one place, one after the other."""

    def __init__(self) -> None:
        self._failed = 0  # times in a row
        self._told = ""

    @property
    def is_repeating(self) -> bool:
        """What happens now has happened before, and was told of then."""
        return self._failed > 1

    def failed(self, why: str, served_s: float, *, is_unable: bool) -> Restart:
        """
        :param why: for the log.
        :param served_s: s that it looked at pictures, 0 when it never came so far.
        :param is_unable: it could not load what it needs.
        """
        was_well = served_s >= WELL_AFTER_S
        self._failed = 0 if was_well else self._failed + 1
        is_news = was_well or why != self._told
        self._told = why
        if is_unable:
            return Restart(UNABLE_PAUSES_S[min(self._failed, len(UNABLE_PAUSES_S)) - 1], is_news)
        return Restart(ENDED_PAUSES_S[min(self._failed, len(ENDED_PAUSES_S) - 1)], is_news)

    def begin_anew(self) -> None:
        """What it needs has come or changed: it may go well now, and if not, that is news."""
        self._failed, self._told = 0, ""
