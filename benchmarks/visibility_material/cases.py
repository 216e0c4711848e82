"""
Which impairments are made of a clip, and what is right to say of them.

The last ones change the picture in ways that hinder nobody: what is said of them besides ``good`` is a false alarm.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.visibility_material.impairments import delivery, framing, light, obstacles, sharpness
from benchmarks.visibility_material.impairments.base import Impairment, chain, each, pictures
from benchmarks.visibility_material.moments import Clip
from benchmarks.visibility_material.truth import (
    Truth,
    always,
    face_out,
    hands_out,
    well_framed,
    while_signing,
    with_hands,
)
from relay.visibility.model import Box

ELBOW = 0.12  # of the width: how far an elbow is outside the hand


@dataclass(frozen=True)
class Case:
    """
    :param make: for a clip, since some depend on where its face and hands are.
    :param quick: in the short run as well.
    """

    name: str
    make: Callable[[Clip], Impairment]
    truth: Truth
    quick: bool = False


def plain(impairment: Impairment) -> Callable[[Clip], Impairment]:
    return lambda clip: impairment


def face_of(clip: Clip) -> Box:
    """Its face in the middle of the clip."""
    faces = [face for face in clip.faces if face]
    return faces[len(faces) // 2] if faces else Box(0.4, 0.15, 0.2, 0.25)


def face_to(x: float | None = None, y: float | None = None) -> Callable[[Clip], Impairment]:
    """The camera turned until the middle of the face is at ``x``, ``y``."""

    def make(clip: Clip) -> Impairment:
        face = face_of(clip)
        dx = 0.0 if x is None else x - (face.x + face.width / 2)
        dy = 0.0 if y is None else y - (face.y + face.height / 2)
        return framing.view(1.0, dx, dy)

    return make


def zoomed(face_height: float, y: float) -> Callable[[Clip], Impairment]:
    """The camera nearer or farther until the face is so high, its middle at ``y`` and in the middle of the width."""

    def make(clip: Clip) -> Impairment:
        face = face_of(clip)
        scale = face_height / face.height
        x0, y0 = face.x + face.width / 2, face.y + face.height / 2
        return framing.view(scale, -(x0 - 0.5) * scale, y - 0.5 - (y0 - 0.5) * scale)

    return make


def hands_behind(clip: Clip) -> Impairment:
    """A thing between the camera and all the places where the hands are."""
    boxes = [hand for hands in clip.hands for hand in hands] or [Box(0.3, 0.5, 0.4, 0.4)]
    face = face_of(clip)
    left, right = min(box.x for box in boxes) - 0.04, max(box.x + box.width for box in boxes) + 0.04
    top = max(face.y + 1.15 * face.height, min(box.y for box in boxes) - 0.04)
    bottom = min(0.93, max(box.y + box.height for box in boxes) + 0.04)
    return obstacles.object_before(Box(left, top, right - left, bottom - top))


def without_anybody(clip: Clip) -> Impairment:
    """The room beside face, shoulders and all the places where the hands are."""
    hands = [hand for found in clip.hands for hand in found]
    face = face_of(clip)
    left = min([face.x - 1.3 * face.width, *(hand.x - ELBOW for hand in hands)])
    right = max([face.x + 2.3 * face.width, *(hand.x + hand.width + ELBOW for hand in hands)])
    return obstacles.empty_room(clip.pictures[0], left, right)


CASES: tuple[Case, ...] = (
    # framing
    Case("low_camera_hands_below", face_to(y=0.62), hands_out("hands_cut"), quick=True),
    Case("near_hands_below", zoomed(0.42, 0.42), with_hands(hands_out("hands_cut", "too_near"))),
    Case("off_centre_left", face_to(x=0.14), with_hands(always("off_centre")), quick=True),
    Case("off_centre_right", face_to(x=0.86), with_hands(always("off_centre"))),
    Case("face_cut_top", face_to(y=0.03), face_out("face_cut"), quick=True),
    Case("face_gone_top", face_to(y=-0.22), face_out("face_cut")),
    Case("face_cut_left", face_to(x=0.02), with_hands(face_out("face_cut", "off_centre"))),
    Case("face_cut_right", face_to(x=0.98), with_hands(face_out("face_cut", "off_centre"))),
    Case("too_far", zoomed(0.06, 0.5), always("too_far"), quick=True),
    Case("far_low", zoomed(0.075, 0.7), always("too_far")),
    Case("too_near", zoomed(0.62, 0.5), with_hands(always("too_near")), quick=True),
    Case("very_near", zoomed(0.85, 0.5), with_hands(always("too_near", "face_cut"))),
    Case("turned_90", plain(framing.rotated(90)), always("sideways"), quick=True),
    Case("turned_180", plain(framing.rotated(180)), always("sideways")),
    Case("turned_270", plain(framing.rotated(270)), always("sideways")),
    # light
    Case("dark", plain(light.darkened(0.3, 4)), always("too_dark"), quick=True),
    Case("night", plain(light.darkened(0.16, 5)), always("too_dark")),
    Case("burnt_out", plain(light.burnt_out(2.6)), always("too_bright"), quick=True),
    Case("backlit", lambda clip: light.backlit({}, 0.22), always("backlit"), quick=True),
    Case("backlit_less", lambda clip: light.backlit({}, 0.32), always("backlit")),
    # sharpness
    Case("defocus", plain(sharpness.defocused(8)), always("blurred"), quick=True),
    Case("defocus_strong", plain(sharpness.defocused(14)), always("blurred")),
    Case("dirty_lens", plain(pictures(sharpness.dirty_lens)), always("blurred")),
    Case("shaken", plain(sharpness.shaken(33)), always("blurred")),
    Case("slow_shutter", plain(sharpness.slow_shutter(8)), while_signing("blurred"), quick=True),
    Case("narrow_line", plain(delivery.compressed(25_000, (240, 180))), always("low_resolution", "blurred")),
    Case(
        "tiny_picture", plain(delivery.compressed(40_000, (112, 84))), always("low_resolution", "blurred"), quick=True
    ),
    # arrival
    Case("fps_5", plain(delivery.dropped(5)), while_signing("low_frame_rate"), quick=True),
    Case("fps_8", plain(delivery.dropped(8)), while_signing("low_frame_rate")),
    Case("fps_10", plain(delivery.dropped(10)), while_signing("low_frame_rate")),
    Case("frozen", plain(delivery.frozen), always("frozen"), quick=True),
    Case("stopped", plain(delivery.stopped), always("frozen")),
    Case("stutter", plain(delivery.stuttering(0.4, 1.2)), while_signing("low_frame_rate", "frozen")),
    # occlusion
    Case("covered_black", plain(obstacles.covered((9, 8, 8))), always("covered"), quick=True),
    Case("covered_finger", plain(obstacles.covered((120, 34, 26))), always("covered")),
    Case("covered_paper", plain(obstacles.covered((150, 146, 140))), always("covered")),
    Case("mask", plain(each(obstacles.masked)), always("mouth_hidden"), quick=True),
    Case("object_before_hands", hands_behind, while_signing("hands_hidden"), quick=True),
    Case("nobody", without_anybody, always("no_person"), quick=True),
    # what hinders nobody
    Case("as_it_is", plain(chain()), well_framed, quick=True),
    Case("mirrored", plain(each(framing.mirrored)), well_framed),
    Case("evening", plain(light.graded((0.72, 0.66, 0.58), noise=3)), well_framed, quick=True),
    Case("sunny", plain(light.graded((1.12, 1.12, 1.1))), well_framed),
    Case("pale", plain(light.graded((0.75, 0.75, 0.75), lift=40)), well_framed),
    Case("grainy", plain(light.graded((0.95, 0.95, 0.95), noise=7)), well_framed),
    Case("cold_lamp", plain(light.graded((0.86, 1.0, 1.12))), well_framed),
    Case("a_step_back", zoomed(0.19, 0.25), well_framed),
    Case("a_little_aside", face_to(x=0.42), well_framed),
    Case("call_quality", plain(delivery.compressed(500_000)), well_framed),
    Case("in_a_frame", plain(framing.in_bars(0.85)), well_framed),
    Case("fps_20", plain(delivery.dropped(20)), well_framed),
)
CASE_NAMED = {case.name: case for case in CASES}
