"""
What is done to a good drawn picture for each code of advice.

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

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.visibility_material.drawn_plans import HEIGHT, WIDTH, Dice, Plan
from relay.drawn.camera import Light
from relay.model import AdviceCode


def _with(plan: Plan, variant: str = "", **changes: object) -> Plan:
    """:param changes: of the impaired camera (``framing``, ``light``, …), ``mouth``, ``obstacle``, ``gone``."""
    own = {key: changes.pop(key) for key in ("mouth", "obstacle", "gone") if key in changes}
    worse = replace(plan.good, camera=replace(plan.good.camera, **changes), **own)  # type: ignore[arg-type]
    return replace(plan, name=f"{plan.name}/{variant}" if variant else plan.name, worse=worse)


def _mix(a: float, b: float, severity: float) -> float:
    return a + (b - a) * severity


def _no_person(plan: Plan, severity: float, rng: Dice) -> Plan:
    return _with(_alone(plan), gone=1.0)


def _hands_cut(plan: Plan, severity: float, rng: Dice) -> Plan:
    scale = float(rng.uniform(0.85, 1.2))
    framing = replace(plan.good.camera.framing, scale=scale, y=1 - scale * _mix(0.10, -0.06, severity), tilt=0.0)
    return _with(plan, framing=framing)


def _hands_hidden(plan: Plan, severity: float, rng: Dice) -> Plan:
    thing = ("box", "sheet", "sleeves")[int(rng.integers(3))]
    close = replace(plan, script=replace(plan.script, width=0.6 if thing == "box" else 1.0))
    return _with(close, thing, obstacle=thing)


def _face_cut(plan: Plan, severity: float, rng: Dice) -> Plan:
    scale = float(rng.uniform(0.8, 1.1))
    framing = replace(plan.good.camera.framing, scale=scale, y=scale * _mix(0.275, 0.13, severity), tilt=0.0, roll=0.0)
    return _with(plan, framing=framing)


def _mouth_hidden(plan: Plan, severity: float, rng: Dice) -> Plan:
    thing = ("paper", "black", "mug", "scarf")[int(rng.integers(4))]
    return _with(plan, thing, mouth=thing)


def _too_near(plan: Plan, severity: float, rng: Dice) -> Plan:
    scale = _mix(2.3, 3.0, severity)
    framing = replace(plan.good.camera.framing, scale=scale, y=0.46 + 0.24 * scale, tilt=0.0)
    return _with(plan, framing=framing)


def _too_far(plan: Plan, severity: float, rng: Dice) -> Plan:
    framing = replace(plan.good.camera.framing, scale=_mix(0.33, 0.20, severity), y=float(rng.uniform(0.45, 0.6)))
    return _with(_alone(plan), framing=framing)


def _off_centre(plan: Plan, severity: float, rng: Dice) -> Plan:
    x = _mix(0.21, 0.17, severity)
    scale = float(rng.uniform(0.58, 0.68))
    side = x if rng.random() < 0.5 else 1 - x
    return _with(plan, framing=replace(plan.good.camera.framing, scale=scale, x=side, y=float(rng.uniform(0.4, 0.5))))


def _sideways(plan: Plan, severity: float, rng: Dice) -> Plan:
    kind = ("tilted", "on_its_side", "upside_down")[int(rng.choice(3, p=(0.35, 0.5, 0.15)))]
    roll = {"tilted": _mix(35, 55, severity), "on_its_side": 90.0, "upside_down": 180.0}[kind]
    roll *= 1 if rng.random() < 0.5 else -1
    down = 0.09 * HEIGHT  # of the breast bone from the middle
    x = 0.5 - np.sin(np.radians(roll)) * down / WIDTH
    y = 0.5 + np.cos(np.radians(roll)) * down / HEIGHT
    framing = replace(plan.good.camera.framing, scale=0.85, x=float(x), y=float(y), roll=float(roll), tilt=0.0)
    return _with(plan, kind, framing=framing)


def _alone(plan: Plan) -> Plan:
    """Nobody else is there who could be taken for her."""
    return replace(plan, scenery=replace(plan.scenery, company=False))


def _light(plan: Plan, **changes: float) -> Light:
    return replace(plan.good.camera.light, **changes)


def _too_dark(plan: Plan, severity: float, rng: Dice) -> Plan:
    light = _light(plan, level=_mix(0.20, 0.06, severity))
    return _with(plan, light=light, noise=_mix(3.0, 5.0, severity), shutter=0.04)


def _too_bright(plan: Plan, severity: float, rng: Dice) -> Plan:
    burnt = _mix(1.15, 1.9, severity) * 255 / float(np.mean(plan.person.skin))
    return _with(plan, light=_light(plan, level=max(1.8, burnt), side=0.0))


def _backlit(plan: Plan, severity: float, rng: Dice) -> Plan:
    light = _light(plan, level=1.0, person=_mix(0.30, 0.12, severity), glare=float(rng.uniform(0.8, 1.0)), side=0.0)
    return _with(plan, light=light)


def _blurred(plan: Plan, severity: float, rng: Dice) -> Plan:
    kind = ("defocus", "dirt", "shutter")[int(rng.integers(3))]
    if kind == "shutter":
        fast = replace(plan, script=replace(plan.script, tempo=1.3))
        return _with(fast, kind, shutter=_mix(0.12, 0.20, severity))
    changes = {"defocus": _mix(4.0, 9.0, severity)} if kind == "defocus" else {"dirt": _mix(0.7, 0.95, severity)}
    return _with(plan, kind, **changes)


def _covered(plan: Plan, severity: float, rng: Dice) -> Plan:
    cover = ("finger", "cloth", "lid")[int(rng.integers(3))]
    share = _mix(0.95, 1.0, severity)
    ready = replace(plan.good, camera=replace(plan.good.camera, cover=cover))  # type: ignore[arg-type]
    return _with(replace(plan, good=ready), cover, covered=share)


def _frozen(plan: Plan, severity: float, rng: Dice) -> Plan:
    camera = bool(rng.random() < 0.5)
    name = f"{plan.name}/{'camera' if camera else 'network'}"
    return replace(plan, name=name, worse_arrival=replace(plan.arrival, stuck_at=0.0, stuck_camera=camera))


def _low_frame_rate(plan: Plan, severity: float, rng: Dice) -> Plan:
    return replace(plan, worse_arrival=replace(plan.arrival, fps=round(_mix(11, 4, severity), 1)))


def _low_resolution(plan: Plan, severity: float, rng: Dice) -> Plan:
    height = round(_mix(192, 108, severity) / 12) * 12
    return replace(plan, worse_arrival=replace(plan.arrival, size=(height * 4 // 3, height)))


IMPAIRMENTS: dict[AdviceCode, Callable[[Plan, float, Dice], Plan]] = {
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
