"""
When a picture is looked at with MediaPipe: often where it pays, rarely where nothing changes, within a budget.

Glances, which cost little, are taken of the pictures of a base layer, of every other one where all is well and nothing
moves; this module decides from them, from the last looks and from the last reading when the next look is due.
Everything that judges a second copes with seconds without a look.

Pure: the time is an argument (s, any monotonic clock).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from relay.model import VisibilityLevel, WatchFor
from relay.visibility.measures.movement import shows_signing
from relay.visibility.measures.space import ROOMY
from relay.visibility.model import Glance, Look, Part

EVERYTHING: frozenset[Part] = frozenset(("hands", "faces", "pose"))
BODY: frozenset[Part] = frozenset(("faces", "pose"))
FACE: frozenset[Part] = frozenset(("faces",))
Activity = Literal["still", "moving"]
Verdict = Literal["well", "badly", "unsettled"]

#: Seconds between two looks, when the budget allows. ``unsettled``: what is said is about to change, or just did.
PERIODS_S: dict[tuple[Verdict, Activity], float] = {
    ("well", "still"): 8.0,
    ("well", "moving"): 1.0,
    ("badly", "still"): 2.0,
    ("badly", "moving"): 0.5,
    ("unsettled", "still"): 0.5,
    ("unsettled", "moving"): 0.25,
}
STAFF_FACTOR = 5.0  # the agent's own picture, checked when the shift began: looked at so much more rarely
STAFF_LONGEST_S = 20.0
CHECK_LONGEST_S = 0.5  # somebody watches the camera check and moves the camera meanwhile
SHORTEST_S = 0.25  # 4 looks a second tell what 8 do
LONGEST_S = 10.0  # with the budget spent, a picture that seems well is still looked at so often

#: Between two glances at least: a base layer's pictures come so far apart, those of a sender without layers do not.
GLANCE_S, RARE_GLANCE_S = 0.11, 0.22
RARE_AFTER_S = 2.0  # without movement: signing is told from so long, in which all pictures are to weigh the same

UNSETTLED_S = 2.0  # after a change: what lasts 2 s is shown
#: Before a doubtful look counts again, when the one before it changed nothing; twice as long each time. The models find
#: real hands in one picture out of three: most doubts end in nothing, and looks a second apart see a fault that stays.
CALM_S, LONGEST_CALM_S = 3.0, 24.0
MOVING_AFTER_S, STILL_AFTER_S = 0.3, 1.5  # of movement or stillness without a break
#: What a glance must differ by from that of the last look, to be looked at at once: of brightness, and as a share of
#: the contrast and of the detail (a hand before the lens, a lamp, another scene)
LUMA_CHANGED, SHARE_CHANGED = 0.08, 0.4
SCENE_CHANGED = 0.12  # mean change of brightness from one picture to the next


class Want(NamedTuple):
    """:param period_s: between looks. :param is_urgent: bad or changing: served before the others."""

    period_s: float
    is_urgent: bool


class LegSchedule:
    """
    One picture's.

    :param is_own_staff: of the service's own people, rarely looked at.
    """

    def __init__(self, watch_for: WatchFor, *, is_own_staff: bool = False) -> None:
        self.watch_for = watch_for
        self._is_own_staff = is_own_staff
        self._looked_at: float | None = None
        self._reference: Glance | None = None  # the glance at the picture looked at last
        self._glance: Glance | None = None
        self._has_face = False  # in the last look
        self._is_cut = False  # its signing space is
        self._is_lost = False  # hands and body, when they were looked for last
        self._is_moving = False
        self._moved_at: float | None = None  # the last picture in which something did, or the first one
        self._otherwise_since: float | None = None  # pictures contradict ``_is_moving``
        self._is_changed = False  # a glance says that another look is due
        self._told: tuple[VisibilityLevel, str] = ("off", "")
        self._unsettled_until = float("-inf")
        self._calm_s = CALM_S

    @property
    def parts(self) -> frozenset[Part]:
        """
        What the next look is to look for. Hands at rest are nobody's business, and cost four times a face, unless the
        face is not found: then hands and body tell whether somebody is there. Where speech is read from the lips, hands
        do not count at all.
        """
        if self._has_face and not self._is_moving and self.watch_for != "camera_check":
            return FACE
        return BODY if self.watch_for == "lips" else EVERYTHING

    def glanced(self, glance: Glance, now: float) -> None:
        if self._moved_at is None or shows_signing(glance, is_cut=self._is_cut):
            self._moved_at = now
        self._glance = glance
        was_moving = self._is_moving
        self._follow_movement(glance, now)
        if self._reference is not None and (self._is_moving != was_moving or is_other_picture(self._reference, glance)):
            self._is_changed = True

    def looked(self, look: Look, now: float) -> None:
        if self._is_changed:
            self._unsettled_until = now + UNSETTLED_S
        self._looked_at, self._reference, self._is_changed = now, self._glance, False
        self._has_face = bool(look.faces_found)
        self._is_cut = look.signing_space is not None and look.signing_space < ROOMY
        if look.hands_lost is not None:
            self._is_lost = look.hands_lost
        is_handless = self._is_moving and look.hands_found == 0
        is_doubtful = not look.faces_found or is_handless or bool(look.hands_cut or look.face_cut)
        if is_doubtful and self._told[0] == "good" and now > self._unsettled_until + self._calm_s:
            self._unsettled_until = now + UNSETTLED_S
            self._calm_s = min(2 * self._calm_s, LONGEST_CALM_S)

    def told(self, level: VisibilityLevel, advice: str, now: float) -> None:
        """What the last reading said."""
        if (level, advice) != self._told and self._told[0] != "off":
            self._unsettled_until, self._calm_s = now + UNSETTLED_S, CALM_S
        self._told = level, advice

    def want(self, now: float) -> Want:
        if self._looked_at is None or self._is_changed:
            return Want(SHORTEST_S, is_urgent=True)
        verdict: Verdict = "well" if self._told[0] == "good" else "badly"
        if now < self._unsettled_until:
            verdict = "unsettled"
        period = PERIODS_S[verdict, "moving" if self._is_moving else "still"]
        if self._is_own_staff:
            period = min(period * STAFF_FACTOR, STAFF_LONGEST_S)
        if self.watch_for == "camera_check":
            period = min(period, CHECK_LONGEST_S)
        return Want(period, is_urgent=verdict != "well")

    def glance_period_s(self, now: float) -> float:
        """:returns: s between two glances at least."""
        is_still = self._moved_at is not None and now - self._moved_at >= RARE_AFTER_S and not self._is_changed
        is_well = self._told[0] == "good" and now >= self._unsettled_until
        return RARE_GLANCE_S if is_still and is_well and self.watch_for != "camera_check" else GLANCE_S

    def due_at(self, period_s: float) -> float:
        """:returns: when the next look is due with this time between two; in the past without any look."""
        return float("-inf") if self._looked_at is None else self._looked_at + period_s

    def _follow_movement(self, glance: Glance, now: float) -> None:
        if shows_signing(glance, is_cut=self._is_cut, is_lost=self._is_lost) == self._is_moving:
            self._otherwise_since = None
            return
        if self._otherwise_since is None:
            self._otherwise_since = now
        if now - self._otherwise_since >= (STILL_AFTER_S if self._is_moving else MOVING_AFTER_S):
            self._is_moving, self._otherwise_since = not self._is_moving, None


def is_other_picture(before: Glance, now: Glance) -> bool:
    """The light, the scene or what is before the lens has changed between the two."""
    return (
        abs(now.luma - before.luma) > LUMA_CHANGED
        or _share(before.contrast, now.contrast) > SHARE_CHANGED
        or _share(before.detail, now.detail) > SHARE_CHANGED
        or (now.difference or 0.0) > SCENE_CHANGED
    )


def stretch(wants: Sequence[Want], look_s: float, cores: float) -> tuple[float, float]:
    """
    How much rarer looks must be than wanted. The urgent ones get what they want as long as the others still get a look
    every ``LONGEST_S``; beyond, all wait.

    :param look_s: CPU time of one look. :param cores: what looks may use.
    :returns: factors for the periods of urgent and of other looks, each at least 1.
    """
    urgent = sum(look_s / want.period_s for want in wants if want.is_urgent)
    others = sum(look_s / want.period_s for want in wants if not want.is_urgent)
    if urgent + others <= cores:
        return 1.0, 1.0
    least = sum(look_s / max(LONGEST_S, want.period_s) for want in wants if not want.is_urgent)
    if urgent + least <= cores:
        return 1.0, others / (cores - urgent)
    both = (urgent + least) / cores if cores > 0 else float("inf")
    return both, (both * others / least if least else 1.0)


def _share(before: float, now: float) -> float:
    """:returns: the change as a share of the larger, 0..1."""
    larger = max(before, now)
    return abs(now - before) / larger if larger > 0 else 0.0
