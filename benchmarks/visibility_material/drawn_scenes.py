"""
Drawn clips with known truth for the evaluation of readability: 30 s each, 640 x 480, 25 pictures a second, made while
one looks (no picture is kept), with what each second should say.

**Even seeds are for choosing thresholds, odd ones for the figures that are told**: whoever tunes looks at even seeds
only.

An impaired clip begins good and becomes impaired between the 8th and the 13th second; half of them become good again.
The second of the change itself has no label; how many seconds after it are left out is for the evaluation to decide.
What a code stands for here (severity 0 clearly impaired .. 1 severe, between the two numbers):

====================  =================================================================================
``no_person``         she has left the picture
``hands_cut``         the lower border runs 0.10 .. -0.06 below the breast bone (unit: 85 cm): at the palms or above
``hands_hidden``      she signs on behind a box, a sheet held up, in sleeves that are too long
``face_cut``          the upper border runs through the eyes .. the chin
``mouth_hidden``      paper or black mask, a mug, a scarf before the mouth
``too_near``          face 0.43 .. 0.57 of the picture's height
``too_far``           face 0.063 .. 0.038 of it
``off_centre``        middle of the face at 0.21 .. 0.17 of the width from one side, hands still inside
``sideways``          camera turned by 35 .. 55, 90 or 180 degrees
``too_dark``          0.20 .. 0.06 of the light, with noise
``too_bright``        skin 1.15 .. 1.9 times what the sensor takes
``backlit``           0.30 .. 0.12 of the light on her, the wall like bright sky
``blurred``           defocus 4 .. 9 pixels, greasy lens, or shutter open 0.12 .. 0.20 s while signing fast
``covered``           finger, cloth or lid on the lens
``frozen``            the same picture again and again, or no new one arrives
``low_frame_rate``    11 .. 4 pictures a second arrive, while she signs
``low_resolution``    256 x 192 .. 144 x 108 arrive (``frame`` is as small as that)
====================  =================================================================================
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.drawn.camera import Camera, Framing, Light, between
from relay.drawn.person import MONK_TONES, Person, random_person
from relay.drawn.scenery import Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation, Stage
from relay.drawn.truth import Truth
from relay.model import AdviceCode, LegStats

SECONDS, FPS, WIDTH, HEIGHT = 30, 25.0, 640, 480
CHANGE_S = 0.6  # how long it takes to become impaired
LOOKS = 5  # at the truth of a second, for its label
CUT_INSIDE = 0.8  # share of a hand's landmarks inside, below which it is cut
MOSTLY, SELDOM = 0.5, 0.2  # shares of a second's hands

Picture = NDArray[np.uint8]
Dice = np.random.Generator
Label = AdviceCode | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrives of the camera's pictures. :param stuck_at: the second from which on nothing new is seen."""

    fps: float = FPS
    size: tuple[int, int] = (WIDTH, HEIGHT)
    stuck_at: float | None = None
    stuck_camera: bool = False


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


@dataclass(frozen=True, slots=True)
class _Plan:
    """A clip before it is made: good at first, ``worse`` between two seconds."""

    name: str
    person: Person
    scenery: Scenery
    script: Script
    good: Situation
    arrival: Arrival
    worse: Situation
    worse_arrival: Arrival


def scenes(seed: int) -> Iterator[DrawnScene]:
    """
    :param seed: even for tuning, odd for the figures that are told.
    :returns: one clip of each impaired code, then the good ones, each with another person.
    """
    for number, code in enumerate(IMPAIRMENTS):
        yield impaired_scene(code, seed, number)
    for number, name in enumerate(GOOD):
        yield good_scene(name, seed, number + len(IMPAIRMENTS))


def impaired_scene(code: AdviceCode, seed: int, number: int = 0) -> DrawnScene:
    rng = np.random.default_rng([seed, number, 11])
    tone = (seed + 3 * number) % len(MONK_TONES)
    severity = float(rng.random())
    style: Style = "two_handed" if code == "hands_hidden" or rng.random() < 0.7 else "one_handed"
    good = _good_plan(code, style, tone, rng)
    plan = replace(IMPAIRMENTS[code](good, severity, rng))
    begin = int(rng.integers(8, 14))
    end = int(rng.integers(21, 25)) if rng.random() < 0.5 else SECONDS
    return _made(plan, tone, severity, code, begin=begin, end=end)


def good_scene(name: str, seed: int, number: int = 0) -> DrawnScene:
    """:param name: of :data:`GOOD`."""
    rng = np.random.default_rng([seed, number, 13])
    tone = (seed + 3 * number) % len(MONK_TONES)
    plan = GOOD[name](_good_plan(f"good/{name}", "mixed", tone, rng), rng)
    return _made(plan, tone, None, "good")


def idle_scene(seed: int, still_s: int = 270) -> DrawnScene:
    """Somebody sits without any movement but breathing; ``idle`` after 4 minutes of it."""
    rng = np.random.default_rng([seed, 17])
    tone = seed % len(MONK_TONES)
    plan = _good_plan("idle", "listening", tone, rng)
    stage = _stage(plan, lambda _t: plan.good)
    labels: tuple[Label, ...] = tuple("idle" if second >= 240 else "good" for second in range(still_s))
    return DrawnScene("idle", still_s, FPS, labels, tone, 0.0, stage, (Arrival(),) * still_s)


def _good_plan(name: str, style: Style, tone: int, rng: Dice) -> _Plan:
    """Everything that is acceptable, drawn anew."""
    person = random_person(rng, tone)
    scenery = _scenery(rng)
    tempo = float(rng.uniform(0.8, 1.25))
    script = Script(int(rng.integers(1 << 20)), style, tempo, right_handed=bool(rng.random() < 0.85))
    camera = _good_camera(rng, in_hand=style == "one_handed")
    good = Situation(camera=camera)
    arrival = Arrival(fps=float(rng.choice([25.0, 25.0, 24.0, 30.0])))
    return _Plan(name, person, scenery, script, good, arrival, good, arrival)


def _scenery(rng: Dice) -> Scenery:
    colours = ((150, 168, 176), (196, 190, 178), (112, 140, 120), (214, 212, 206), (96, 104, 128), (170, 140, 120))
    backdrops = ("plain", "textured", "shelf", "window", "cluttered")
    return Scenery(
        backdrops[int(rng.integers(len(backdrops)))],  # type: ignore[arg-type]
        colours[int(rng.integers(len(colours)))],
        int(rng.integers(1 << 16)),
        moving=bool(rng.random() < 0.25),
        company=bool(rng.random() < 0.12),
    )


def _good_camera(rng: Dice, *, in_hand: bool) -> Camera:
    scale = float(rng.uniform(0.72, 1.1))
    margin = float(rng.uniform(0.05, 0.14))  # above the crown
    level = float(rng.uniform(0.7, 1.05))
    warm = float(rng.uniform(-0.12, 0.12))
    framing = Framing(
        scale,
        float(rng.uniform(0.44, 0.56)),
        margin + 0.45 * scale,
        roll=float(rng.uniform(-5, 5)) if in_hand else 0.0,
        tilt=float(rng.uniform(-0.15, 0.2)),
    )
    return Camera(
        framing,
        Light(level, red=1 + warm, blue=1 - warm, side=float(rng.uniform(-0.5, 0.5))),
        defocus=float(rng.uniform(0.0, 0.7)),
        shutter=float(rng.uniform(0.008, 0.03)),
        shake=float(rng.uniform(0.5, 1.5)) if in_hand else 0.0,
        noise=float(rng.uniform(0.5, 2.5)),
        quality=float(rng.choice([0, 60, 75, 88])),
    )


def _with(plan: _Plan, variant: str = "", **changes: object) -> _Plan:
    """:param changes: of the impaired camera (``framing``, ``light``, …), ``mouth``, ``obstacle``, ``gone``."""
    own = {key: changes.pop(key) for key in ("mouth", "obstacle", "gone") if key in changes}
    worse = replace(plan.good, camera=replace(plan.good.camera, **changes), **own)  # type: ignore[arg-type]
    return replace(plan, name=f"{plan.name}/{variant}" if variant else plan.name, worse=worse)


def _mix(a: float, b: float, severity: float) -> float:
    return a + (b - a) * severity


def _no_person(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    return _with(plan, gone=1.0)


def _hands_cut(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    scale = float(rng.uniform(0.85, 1.2))
    framing = replace(plan.good.camera.framing, scale=scale, y=1 - scale * _mix(0.10, -0.06, severity), tilt=0.0)
    return _with(plan, framing=framing)


def _hands_hidden(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    thing = ("box", "sheet", "sleeves")[int(rng.integers(3))]
    return _with(plan, thing, obstacle=thing)


def _face_cut(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    scale = float(rng.uniform(0.8, 1.1))
    framing = replace(plan.good.camera.framing, scale=scale, y=scale * _mix(0.275, 0.13, severity), tilt=0.0, roll=0.0)
    return _with(plan, framing=framing)


def _mouth_hidden(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    thing = ("paper", "black", "mug", "scarf")[int(rng.integers(4))]
    return _with(plan, thing, mouth=thing)


def _too_near(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    scale = _mix(2.3, 3.0, severity)
    framing = replace(plan.good.camera.framing, scale=scale, y=0.46 + 0.24 * scale, tilt=0.0)
    return _with(plan, framing=framing)


def _too_far(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    framing = replace(plan.good.camera.framing, scale=_mix(0.33, 0.20, severity), y=float(rng.uniform(0.45, 0.6)))
    return _with(plan, framing=framing)


def _off_centre(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    x = _mix(0.21, 0.17, severity)
    scale = float(rng.uniform(0.58, 0.68))
    side = x if rng.random() < 0.5 else 1 - x
    return _with(plan, framing=replace(plan.good.camera.framing, scale=scale, x=side, y=float(rng.uniform(0.4, 0.5))))


def _sideways(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    kind = ("tilted", "on_its_side", "upside_down")[int(rng.choice(3, p=(0.35, 0.5, 0.15)))]
    roll = {"tilted": _mix(35, 55, severity), "on_its_side": 90.0, "upside_down": 180.0}[kind]
    roll *= 1 if rng.random() < 0.5 else -1
    down = 0.09 * HEIGHT  # of the breast bone from the middle
    x = 0.5 - np.sin(np.radians(roll)) * down / WIDTH
    y = 0.5 + np.cos(np.radians(roll)) * down / HEIGHT
    framing = replace(plan.good.camera.framing, scale=0.85, x=float(x), y=float(y), roll=float(roll), tilt=0.0)
    return _with(plan, kind, framing=framing)


def _light(plan: _Plan, **changes: float) -> Light:
    return replace(plan.good.camera.light, **changes)


def _too_dark(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    light = _light(plan, level=_mix(0.20, 0.06, severity))
    return _with(plan, light=light, noise=_mix(3.0, 5.0, severity), shutter=0.04)


def _too_bright(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    burnt = _mix(1.15, 1.9, severity) * 255 / float(np.mean(plan.person.skin))
    return _with(plan, light=_light(plan, level=max(1.8, burnt), side=0.0))


def _backlit(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    light = _light(plan, level=1.0, person=_mix(0.30, 0.12, severity), glare=float(rng.uniform(0.8, 1.0)), side=0.0)
    return _with(plan, light=light)


def _blurred(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    kind = ("defocus", "dirt", "shutter")[int(rng.integers(3))]
    if kind == "shutter":
        fast = replace(plan, script=replace(plan.script, tempo=1.3))
        return _with(fast, kind, shutter=_mix(0.12, 0.20, severity))
    changes = {"defocus": _mix(4.0, 9.0, severity)} if kind == "defocus" else {"dirt": _mix(0.7, 0.95, severity)}
    return _with(plan, kind, **changes)


def _covered(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    cover = ("finger", "cloth", "lid")[int(rng.integers(3))]
    share = _mix(0.95, 1.0, severity)
    ready = replace(plan.good, camera=replace(plan.good.camera, cover=cover))  # type: ignore[arg-type]
    return _with(replace(plan, good=ready), cover, covered=share)


def _frozen(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    camera = bool(rng.random() < 0.5)
    name = f"{plan.name}/{'camera' if camera else 'network'}"
    return replace(plan, name=name, worse_arrival=replace(plan.arrival, stuck_at=0.0, stuck_camera=camera))


def _low_frame_rate(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    return replace(plan, worse_arrival=replace(plan.arrival, fps=round(_mix(11, 4, severity), 1)))


def _low_resolution(plan: _Plan, severity: float, rng: Dice) -> _Plan:
    height = round(_mix(192, 108, severity) / 12) * 12
    return replace(plan, worse_arrival=replace(plan.arrival, size=(height * 4 // 3, height)))


IMPAIRMENTS: dict[AdviceCode, Callable[[_Plan, float, Dice], _Plan]] = {
    "no_person": _no_person,
    "hands_cut": _hands_cut,
    "hands_hidden": _hands_hidden,
    "face_cut": _face_cut,
    "mouth_hidden": _mouth_hidden,
    "too_near": _too_near,
    "too_far": _too_far,
    "off_centre": _off_centre,
    "sideways": _sideways,
    "too_dark": _too_dark,
    "too_bright": _too_bright,
    "backlit": _backlit,
    "blurred": _blurred,
    "covered": _covered,
    "frozen": _frozen,
    "low_frame_rate": _low_frame_rate,
    "low_resolution": _low_resolution,
}


def _doing(style: Style) -> Callable[[_Plan, Dice], _Plan]:
    def plan_for(plan: _Plan, rng: Dice) -> _Plan:
        camera = _good_camera(rng, in_hand=style == "one_handed")
        return replace(plan, script=replace(plan.script, style=style), good=replace(plan.good, camera=camera))

    return plan_for


def _dim(plan: _Plan, rng: Dice) -> _Plan:
    """Little light, but enough: an evening lamp from one side."""
    light = Light(float(rng.uniform(0.55, 0.65)), red=1.12, blue=0.85, side=float(rng.choice([-0.5, 0.5])))
    camera = replace(plan.good.camera, light=light, noise=float(rng.uniform(2.5, 4.0)), shutter=0.033)
    return replace(plan, good=replace(plan.good, camera=camera))


def _head_turned(plan: _Plan, rng: Dice) -> _Plan:
    return replace(plan, script=replace(plan.script, turns_head=True))


def _busy(plan: _Plan, rng: Dice) -> _Plan:
    """Much behind her, something moves, somebody sits there."""
    return replace(plan, scenery=replace(plan.scenery, backdrop="cluttered", moving=True, company=True))


def _slow_but_quiet(plan: _Plan, rng: Dice) -> _Plan:
    """Few pictures arrive, and nobody signs."""
    style: Style = "nodding" if rng.random() < 0.5 else "listening"
    script = replace(plan.script, style=style)
    return replace(plan, script=script, arrival=replace(plan.arrival, fps=float(rng.uniform(6, 10))))


GOOD: dict[str, Callable[[_Plan, Dice], _Plan]] = {
    **{
        style: _doing(style)
        for style in (
            "two_handed",
            "one_handed",
            "at_face",
            "fingerspelling",
            "listening",
            "nodding",
            "folded",
            "mixed",
        )
    },
    "dim": _dim,
    "head_turned": _head_turned,
    "busy": _busy,
    "slow_but_quiet": _slow_but_quiet,
}


def _stage(plan: _Plan, situation: Callable[[float], Situation]) -> Stage:
    return Stage(plan.person, plan.scenery, plan.script, situation, width=WIDTH, height=HEIGHT)


def _made(
    plan: _Plan, tone: int, severity: float | None, code: AdviceCode, *, begin: int = SECONDS, end: int = SECONDS
) -> DrawnScene:
    """:param begin, end: the second in which it becomes impaired, and in which it becomes good again."""
    stage = _stage(plan, partial(_situation, plan, begin, end))
    worse = plan.worse_arrival
    if worse.stuck_at is not None:
        worse = replace(worse, stuck_at=begin + 0.3)
    arrivals = tuple(worse if begin <= second < end else plan.arrival for second in range(SECONDS))
    labels = tuple(_label(stage, second, code, begin, end) for second in range(SECONDS))
    return DrawnScene(plan.name, SECONDS, FPS, labels, tone, severity, stage, arrivals)


def _situation(plan: _Plan, begin: int, end: int, t: float) -> Situation:
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
