"""
How drawn clips are while all is good: who is seen how, before what, doing what.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from relay.drawn.camera import Camera, Framing, Light
from relay.drawn.person import Person, random_person
from relay.drawn.scenery import Backdrop, Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation

FPS, WIDTH, HEIGHT = 25.0, 640, 480
Dice = np.random.Generator


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrives of the camera's pictures. :param stuck_at: the second from which on nothing new is seen."""

    fps: float = FPS
    size: tuple[int, int] = (WIDTH, HEIGHT)
    stuck_at: float | None = None
    stuck_camera: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A clip before it is made: good at first, ``worse`` between two seconds."""

    name: str
    person: Person
    scenery: Scenery
    script: Script
    good: Situation
    arrival: Arrival
    worse: Situation
    worse_arrival: Arrival


def good_plan(name: str, style: Style, tone: int, rng: Dice) -> Plan:
    """Everything that is acceptable, drawn anew."""
    person = random_person(rng, tone)
    scenery = _scenery(rng)
    tempo = float(rng.uniform(0.8, 1.25))
    script = Script(
        int(rng.integers(1 << 20)),
        style,
        tempo,
        right_handed=bool(rng.random() < 0.85),
        width=float(rng.uniform(0.75, 1.05)),
    )
    camera = _good_camera(rng, in_hand=style == "one_handed")
    good = Situation(camera=camera)
    arrival = Arrival(fps=float(rng.choice([25.0, 25.0, 24.0, 30.0])))
    return Plan(name, person, scenery, script, good, arrival, good, arrival)


def _scenery(rng: Dice) -> Scenery:
    colours = ((150, 168, 176), (196, 190, 178), (112, 140, 120), (214, 212, 206), (96, 104, 128), (170, 140, 120))
    backdrops = get_args(Backdrop)
    return Scenery(
        backdrops[int(rng.integers(len(backdrops)))],
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


def _doing(style: Style) -> Callable[[Plan, Dice], Plan]:
    def plan_for(plan: Plan, rng: Dice) -> Plan:
        camera = _good_camera(rng, in_hand=style == "one_handed")
        return replace(plan, script=replace(plan.script, style=style), good=replace(plan.good, camera=camera))

    return plan_for


def _dim(plan: Plan, rng: Dice) -> Plan:
    """Little light, but enough: an evening lamp from one side."""
    light = Light(float(rng.uniform(0.55, 0.65)), red=1.12, blue=0.85, side=float(rng.choice([-0.5, 0.5])))
    camera = replace(plan.good.camera, light=light, noise=float(rng.uniform(2.5, 4.0)), shutter=0.033)
    return replace(plan, good=replace(plan.good, camera=camera))


def _head_turned(plan: Plan, rng: Dice) -> Plan:
    return replace(plan, script=replace(plan.script, turns_head=True))


def _busy(plan: Plan, rng: Dice) -> Plan:
    """Much behind her, something moves, somebody sits there."""
    return replace(plan, scenery=replace(plan.scenery, backdrop="cluttered", moving=True, company=True))


def _slow_but_quiet(plan: Plan, rng: Dice) -> Plan:
    """Few pictures arrive, and nobody signs."""
    style: Style = "nodding" if rng.random() < 0.5 else "listening"
    script = replace(plan.script, style=style)
    return replace(plan, script=script, arrival=replace(plan.arrival, fps=float(rng.uniform(6, 10))))


GOOD: dict[str, Callable[[Plan, Dice], Plan]] = {
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
