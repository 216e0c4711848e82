"""
How readable the people of one call are: what is said of each picture now, and what is kept of it (seconds). Pure.

Comes once a second from the visibility worker; nothing but levels, codes and figures ever gets here.
"""

from collections import Counter
from typing import cast, get_args

from relay.control_messages import VisibilityReading
from relay.model import Advice, AdviceCode, WatchFor
from relay.visibility.rules import IDLE_S, SIGNING_SHARE
from signaling.records.call_records import Readability

READING_S = 1.0  # one reading stands for this long
FRESH_S = 3.0  # an older reading says nothing about now
#: Nothing to read for so long as it lasts; ``idle``, and the measure ``idle_s``, count what does not move.
NOBODY: frozenset[Advice] = frozenset({"no_video", "no_person", "covered", "frozen"})
#: Nothing that the person mends by moving the camera: all is well, or it is the network's and the device's.
NO_REQUEST: frozenset[Advice] = frozenset({"good", "idle", "frozen", "low_frame_rate", "low_resolution"})
CODES: frozenset[str] = frozenset(get_args(AdviceCode))


def askable(advice: Advice) -> AdviceCode | None:
    """:returns: what somebody may be asked for; None: to move the camera, nothing in particular."""
    return code_of(advice) if advice not in NO_REQUEST else None


def code_of(advice: Advice) -> AdviceCode | None:
    """:returns: None: nothing is said of the picture."""
    return cast(AdviceCode, advice) if advice in CODES else None


class LegReadability:
    """One person's."""

    def __init__(self) -> None:
        self.signing_s = self.readable_s = 0.0
        self._advice: Counter[AdviceCode] = Counter()
        self._last: tuple[float, Advice] | None = None
        self._nobody_since: float | None = None
        self._idle_s = 0.0
        self._is_told = False

    def add(self, reading: VisibilityReading, at: float, watch_for: WatchFor = "signing") -> tuple[float, float]:
        """:returns: seconds of signing in this reading, and how much of it can be read; none where lips are read."""
        if self._last is not None and at - self._last[0] > FRESH_S:
            self._nobody_since, self._is_told = None, False  # it was not analysed meanwhile
        self._last = at, reading.advice
        self._idle_s = reading.measures.get("idle_s") or 0.0
        moves = (reading.measures.get("signing") or 0.0) >= SIGNING_SHARE
        signs = moves and reading.level != "off" and watch_for != "lips"
        signing_s = READING_S if signs else 0.0
        readable_s = signing_s if reading.level in ("good", "fair") else 0.0
        self.signing_s, self.readable_s = self.signing_s + signing_s, self.readable_s + readable_s
        if (code := code_of(reading.advice)) is not None:
            self._advice[code] += 1
        return signing_s, readable_s

    def became_still(self, at: float) -> bool:
        """:returns: True once when the picture has shown nothing of anybody for four minutes."""
        advice = self._last[1] if self._last is not None else "not_measured"
        self._nobody_since = (self._nobody_since or at) if advice in NOBODY else None
        is_nobody = self._nobody_since is not None and at - self._nobody_since >= IDLE_S
        is_due = advice == "idle" or self._idle_s >= IDLE_S or is_nobody
        if not is_due:
            self._is_told = False
        is_news, self._is_told = is_due and not self._is_told, self._is_told or is_due
        return is_news

    def request(self, at: float) -> AdviceCode | None:
        """:returns: what may be asked of this person now; None: nothing in particular."""
        if self._last is None or at - self._last[0] > FRESH_S:
            return None
        return askable(self._last[1])

    def figures(self) -> Readability:
        advice = {code: seconds * READING_S for code, seconds in sorted(self._advice.items())}
        return Readability(signing_s=self.signing_s, readable_s=self.readable_s, advice_s=advice)
