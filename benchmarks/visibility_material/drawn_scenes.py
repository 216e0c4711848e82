"""
Drawn clips with known truth for the evaluation of readability: 30 s each, 640 x 480, 25 pictures a second, made while
one looks (no picture is kept), with what each second should say.

**Even seeds are for choosing thresholds, odd ones for the figures that are told**: whoever tunes looks at even seeds
only.

An impaired clip begins good and becomes impaired between the 8th and the 13th second; half of them become good again.
The second of the change itself has no label; how many seconds after it are left out is for the evaluation to decide.
What a code stands for: :mod:`benchmarks.visibility_material.drawn_impairments`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.visibility_material.drawn_impairments import IMPAIRMENTS
from benchmarks.visibility_material.drawn_plans import FPS, GOOD, HEIGHT, WIDTH, Arrival, Plan, good_plan
from relay.drawn.camera import between
from relay.drawn.person import MONK_TONES
from relay.drawn.signing import Pose, Style
from relay.drawn.stage import Situation, Stage
from relay.drawn.truth import Truth
from relay.model import AdviceCode, LegStats

__all__ = ["FPS", "GOOD", "IMPAIRMENTS", "DrawnScene", "good_scene", "idle_scene", "impaired_scene", "scenes"]

SECONDS = 30
CHANGE_S = 0.6  # how long it takes to become impaired
LOOKS = 5  # at the truth of a second, for its label
CUT_INSIDE = 0.8  # share of a hand's landmarks inside, below which it is cut
MOSTLY, SELDOM = 0.5, 0.2  # shares of a second's hands

Picture = NDArray[np.uint8]
Label = AdviceCode | None


@dataclass(frozen=True, slots=True)
class DrawnScene:
    """
    :param name: ``good/…`` or the code, with what is done or how it is impaired.
    :param labels: one a second; None is left out of the evaluation.
    :param tone: index of the skin's tone, 0..9. :param severity: 0 clearly impaired .. 1 severe; None: good.
    """

    name: str
    seconds: int
    fps: float
    labels: tuple[Label, ...]
    tone: int
    severity: float | None
    stage: Stage
    arrivals: tuple[Arrival, ...] = field(repr=False)

    def frame(self, t: float) -> Picture:
        """
        The last picture that has arrived at ``t`` seconds.

        :returns: RGB, shape (480, 640, 3), smaller where the resolution is.
        """
        arrival = self._arrival(t)
        seen = t if arrival.stuck_at is None else min(t, arrival.stuck_at)
        picture = self.stage.frame(int(seen * arrival.fps + 1e-6) / arrival.fps)
        if arrival.size == (WIDTH, HEIGHT):
            return picture
        return np.asarray(cv2.resize(picture, arrival.size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def truth(self, t: float) -> Truth:
        """Of the person, whatever arrives of her picture."""
        return self.stage.truth(t)

    def rtp(self, second: int) -> LegStats:
        """What the media worker tells of the second before ``second + 1``."""
        arrival = self._arrival(second + 0.5)
        stuck = arrival.stuck_at is not None and not arrival.stuck_camera
        frozen_s = max(0.0, second + 1 - (arrival.stuck_at or 0.0)) if stuck else 0.0
        fps = 0.0 if stuck else arrival.fps
        return LegStats(
            frames_per_second=fps,
            bitrate_bps=round(fps * arrival.size[0] * arrival.size[1] * 0.1),
            packets_received=round((second + 1) * 120),
            jitter_s=0.004,
            frame_width=arrival.size[0],
            frame_height=arrival.size[1],
            freeze_count=int(frozen_s > 0),
            total_freezes_duration_s=frozen_s,
            codec="VP8",
        )

    def _arrival(self, t: float) -> Arrival:
        return self.arrivals[max(0, min(self.seconds - 1, int(t)))]


def scenes(seed: int) -> Iterator[DrawnScene]:
    """
    :param seed: even for tuning, odd for the figures that are told.
    :returns: one clip of each impaired code, then the good ones, each with another person.
    """
    for number, code in enumerate(IMPAIRMENTS):
        yield impaired_scene(code, seed, number)
    for number, name in enumerate(GOOD):
        yield good_scene(name, seed, number + len(IMPAIRMENTS))


def impaired_scene(code: AdviceCode, seed: int, number: int = 0, tone: int | None = None) -> DrawnScene:
    """:param tone: of the skin, in place of the one that seed and number give; clothes and hair go with it."""
    rng = np.random.default_rng([seed, number, 11])
    tone = (seed // 2 + 3 * number) % len(MONK_TONES) if tone is None else tone
    severity = float(rng.random())
    style: Style = "two_handed" if code == "hands_hidden" or rng.random() < 0.7 else "one_handed"
    good = good_plan(code, style, tone, rng)
    plan = replace(IMPAIRMENTS[code](good, severity, rng))
    begin = int(rng.integers(8, 14))
    end = int(rng.integers(21, 25)) if rng.random() < 0.5 else SECONDS
    return _made(plan, tone, severity, code, begin=begin, end=end)


def good_scene(name: str, seed: int, number: int = 0, tone: int | None = None) -> DrawnScene:
    """:param name: of :data:`GOOD`. :param tone: as of :func:`impaired_scene`."""
    rng = np.random.default_rng([seed, number, 13])
    tone = (seed // 2 + 3 * number) % len(MONK_TONES) if tone is None else tone
    plan = GOOD[name](good_plan(f"good/{name}", "mixed", tone, rng), rng)
    return _made(plan, tone, None, "good")


@dataclass(frozen=True, slots=True)
class _Still:
    held: Pose

    def pose(self, t: float) -> Pose:
        return self.held


def idle_scene(seed: int, still_s: int = 270) -> DrawnScene:
    """Somebody sits as on a photograph, only the noise changes; ``idle`` after 4 minutes of it."""
    rng = np.random.default_rng([seed, 17])
    tone = seed // 2 % len(MONK_TONES)
    plan = good_plan("idle", "listening", tone, rng)
    scenery = replace(plan.scenery, moving=False)
    stage = Stage(plan.person, scenery, _Still(plan.script.pose(0.5)), lambda _t: plan.good, width=WIDTH, height=HEIGHT)
    labels: tuple[Label, ...] = tuple("idle" if second >= 240 else "good" for second in range(still_s))
    return DrawnScene("idle", still_s, FPS, labels, tone, 0.0, stage, (Arrival(),) * still_s)


def _stage(plan: Plan, situation: Callable[[float], Situation]) -> Stage:
    return Stage(plan.person, plan.scenery, plan.script, situation, width=WIDTH, height=HEIGHT)


def _made(
    plan: Plan, tone: int, severity: float | None, code: AdviceCode, *, begin: int = SECONDS, end: int = SECONDS
) -> DrawnScene:
    """:param begin, end: the second in which it becomes impaired, and in which it becomes good again."""
    stage = _stage(plan, partial(_situation, plan, begin, end))
    worse = plan.worse_arrival
    if worse.stuck_at is not None:
        worse = replace(worse, stuck_at=begin + 0.3)
    arrivals = tuple(worse if begin <= second < end else plan.arrival for second in range(SECONDS))
    labels = tuple(_label(stage, second, code, begin, end) for second in range(SECONDS))
    return DrawnScene(plan.name, SECONDS, FPS, labels, tone, severity, stage, arrivals)


def _situation(plan: Plan, begin: int, end: int, t: float) -> Situation:
    worse = min(1.0, max(0.0, (t - begin - 0.2) / CHANGE_S))
    better = min(1.0, max(0.0, (t - end - 0.2) / CHANGE_S))
    return between(between(plan.good, plan.worse, worse), plan.good, better) if worse > 0 else plan.good


def _label(stage: Stage, second: int, code: AdviceCode, begin: int, end: int) -> Label:
    """What the second should say; None when the truth does not bear it out plainly."""
    if second in {begin, end}:
        return None
    truths = [stage.truth(second + (look + 0.5) / LOOKS) for look in range(LOOKS)]
    cut = _share([hand.inside < CUT_INSIDE for truth in truths if truth.signing for hand in truth.hands if hand.in_use])
    if not begin < second < end:
        return "good" if cut <= SELDOM else None
    if code == "hands_cut":
        return code if cut >= MOSTLY else None
    if code == "off_centre" and cut > SELDOM:
        return None
    if code == "hands_hidden":
        hidden = [hand.hidden for truth in truths for hand in truth.hands if hand.in_use]
        return code if _share(hidden) >= MOSTLY else None
    return code


def _share(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
