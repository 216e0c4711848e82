"""
The table of rules: which measures make which advice, in order of usefulness, for what is watched.

A :class:`Limit` is one measure with two thresholds: beyond ``enter`` it is evidence for the advice, and once the advice
is shown it stays evidence until ``leave``. A :class:`Rule` needs all its limits broken. Thresholds without a published
source are marked *to calibrate*: they were chosen on drawn signers and on impaired clips, and wait for trials with deaf
signers. :func:`relay.visibility.thresholds.with_limits` puts a centre's own numbers in their place. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from relay.model import Advice, VisibilityLevel, WatchFor
from relay.visibility.measures.space import ROOMY

Measures = Mapping[str, float | None]

#: Measures of what arrives, known also in a second without pictures.
ARRIVAL = {"stopped_s", "blind_s", "frozen_s"}
SIGNING_SHARE = 0.2  # of the pictures of the last seconds, from which on it counts as signing
#: Of those with hands that move, before a slow line is told, and to go on: somebody who attends sways, in up to 0.4 of
#: the pictures, and few pictures a second hinder nobody meanwhile. Hands that sign move in 0.5 to 1.
CLEARLY = 0.45, 0.2
LIT = 0.05, 0.04  # highlights: no night is black, and before a lid is closed it gets dark
IDLE_S = 240.0  # without movement: the agent is told at 4 min and decides
STOPPED_S = 30.0  # for so long a picture that stops is "frozen"; from then on there is none


@dataclass(frozen=True, slots=True)
class Limit:
    """
    :param name: of the threshold, for configuration and calibration.
    :param measure: as in ``relay.visibility.measures.summary``.
    :param side: evidence are values ``below`` or ``above`` the threshold.
    :param enter, leave: unit of the measure; ``leave`` is the better value.
    :param source: where the numbers come from.
    :param unknown: what the measure counts as where there was nothing to measure; None: then the limit tells nothing.
    """

    name: str
    measure: str
    side: Literal["below", "above"]
    enter: float
    leave: float
    source: str = "to calibrate"
    unknown: float | None = None

    def is_broken(self, measures: Measures, *, active: bool) -> bool | None:
        """:returns: None where there was nothing to measure."""
        value = measures.get(self.measure)
        value = self.unknown if value is None else value
        if value is None:
            return None
        threshold = self.leave if active else self.enter
        return value < threshold if self.side == "below" else value > threshold


@dataclass(frozen=True, slots=True)
class Rule:
    """
    :param limits: all must be broken.
    :param watch: for what is watched this rule speaks.
    :param while_signing: other seconds say nothing for or against it.
    :param enter_s: s of evidence, not contradicted, until it holds. :param leave_s: s of contrary evidence.
    :param fades_s: s in which it goes by itself while the measures say nothing about it.
    :param yields: gathers no evidence while a rule above it holds, which may be the reason for it.
    :param at_once: holds with the first pictures of a call (it does not come and go).
    """

    code: Advice
    level: VisibilityLevel
    limits: tuple[Limit, ...]
    watch: frozenset[WatchFor]
    while_signing: bool = False
    enter_s: float = 1.5
    leave_s: float = 1.5
    fades_s: float = 12.0
    at_once: bool = True
    yields: bool = False

    def speaks(self, measures: Measures, *, active: bool) -> bool | None:
        """:returns: whether the measures of a second are for the advice or against it; None: they do not tell."""
        if self.while_signing and (measures.get("signing") or 0.0) < SIGNING_SHARE:
            return None
        broken = [limit.is_broken(measures, active=active) for limit in self.limits]
        if False in broken:
            return False
        return None if None in broken else True

    @property
    def about_arrival(self) -> bool:
        """It can be judged in seconds without pictures too."""
        return all(limit.measure in ARRIVAL for limit in self.limits)


ALL: frozenset[WatchFor] = frozenset(("signing", "cued_speech", "lips", "camera_check"))
HANDS: frozenset[WatchFor] = ALL - {"lips"}
CHECK: frozenset[WatchFor] = frozenset(("camera_check",))

EN = "EN 301 549 §6.5, ITU-T H-series Supplement 1"
ITU = "ITU-T H-series Supplement 1: 100 kbit/s at least"
FCC = "the agent is told at 4 min (FCC rule, softened)"

_KNOWN: dict[str, Any] = {"enter_s": 0.5, "leave_s": 0.5}  # such measures have waited themselves
#: The line's figures matter to signing only: a movement at the beginning is no sign yet, a pause ends it soon.
_SIGNING: dict[str, Any] = {"while_signing": True, "at_once": False, "fades_s": 4.0}
_COMES_AND_GOES: dict[str, Any] = {"while_signing": True, "at_once": False, "yields": True}
_COARSE: dict[str, Any] = {"at_once": False, "yields": True, "enter_s": 2.5, "leave_s": 2.5}  # key frames are coarse


def _above(name: str, measure: str, enter: float, leave: float, source: str = "to calibrate") -> Limit:
    return Limit(name, measure, "above", enter, leave, source)


def _below(
    name: str, measure: str, enter: float, leave: float, source: str = "to calibrate", *, unknown: float | None = None
) -> Limit:
    return Limit(name, measure, "below", enter, leave, source, unknown)


def _rule(
    code: Advice, level: VisibilityLevel, *limits: Limit, watch: frozenset[WatchFor] = ALL, **timing: Any
) -> Rule:
    return Rule(code, level, limits, watch, **timing)


#: In order of usefulness: of the rules that hold, the first is shown. First what leaves nothing to see, then what
#: keeps one from being found at all, then what is out of the picture, then how well the rest can be read.
RULES: tuple[Rule, ...] = (
    # nothing can be seen
    _rule("no_video", "off", _above("stopped", "stopped_s", STOPPED_S, 1.0), **_KNOWN),
    _rule("not_measured", "off", _above("blind", "blind_s", 3.0, 1.0), **_KNOWN),
    _rule("frozen", "poor", _above("interrupted", "stopped_s", 1.8, 0.5), **_KNOWN),
    _rule(
        "covered",
        "poor",
        _below("covered", "structure", 0.075, 0.12),
        _below("covered_light", "luma", 0.60, 0.65),  # what lies over a lens keeps light out; a bright wall does not
        # a bare wall was there before; of one that was never seen with somebody, nobody reads the advice
        _below("covered_room", "room_kept", 0.45, 0.52, unknown=0.0),
        _below("covered_face", "face_found", 0.3, 0.5, unknown=0.0),  # somebody far away before a bare wall
        _below("covered_shape", "room_shape", 0.30, 0.45, unknown=0.0),  # grease leaves what is large
    ),
    _rule(
        "covered",
        "poor",
        _below("black", "highlights", 0.055, 0.08),  # a sixth of the light leaves 0.11, and a night its lamps
        _below("black_face", "face_found", 0.3, 0.5),
    ),
    # nothing can be found
    _rule(
        "too_dark", "poor", _below("very_dark", "highlights", 0.22, 0.27), _above("very_dark_lit", "highlights", *LIT)
    ),
    _rule(
        "too_dark", "poor", _below("unlit", "highlights", 0.055, 0.065), _above("unlit_face", "face_found", 0.6, 0.4)
    ),
    _rule("backlit", "poor", _above("very_backlit", "backlight", 1.7, 1.5)),
    _rule(
        "backlit",
        "poor",
        _below("silhouette_face", "face_found", 0.3, 0.5),  # against the light nothing is found of it
        _above("silhouette_contrast", "contrast", 0.28, 0.25),
        _above("silhouette_black", "underexposed", 0.12, 0.08),
        _above("silhouette_around", "luma", 0.35, 0.30),
    ),
    _rule("too_bright", "poor", _above("very_bright", "overexposed", 0.50, 0.40)),
    _rule(
        "blurred",
        "poor",
        _below("very_blurred", "sharpness", 0.75, 0.90),
        _above("very_blurred_seen", "structure", 0.06, 0.045),  # what covers the lens has no edges
    ),
    _rule(
        "blurred",
        "poor",
        _below("veil", "structure", 0.25, 0.30),  # the lens so dirty that no face is found, and grain looks sharp
        _above("veil_shape", "room_shape", 0.60, 0.45),
        _below("veil_face", "face_found", 0.3, 0.5),
    ),
    _rule("sideways", "poor", _above("sideways", "face_tilt", 50.0, 40.0)),
    # a face too far or too near is not found in every picture
    _rule("too_far", "poor", _below("very_small_face", "face_height", 0.07, 0.08), fades_s=6.0),
    _rule("too_near", "poor", _above("very_wide_face", "face_width", 0.42, 0.38), fades_s=3.0),
    _rule("too_near", "poor", _above("very_high_face", "face_height", 0.45, 0.42), fades_s=3.0),
    _rule(
        "face_cut",
        "poor",
        _below("moving_nobody", "person", 0.25, 0.40),  # somebody signs whose face is nowhere
        _above("moving_signing", "signing", 0.60, 0.50),
        _above("moving_much", "motion", 0.04, 0.015),
        _above("moving_sharp", "sharpness", 1.00, 0.90),
        _below("moving_face", "face_height", 0.01, 0.05, unknown=0.0),  # a dark face in dim light is found now and then
    ),
    _rule(
        "no_person",
        "poor",
        _below("nobody", "person", 0.25, 0.40),
        _below("nobody_signs", "signing", 0.60, 0.70),  # somebody is there whom the models do not find
    ),
    _rule(
        "frozen",
        "poor",
        _above("frozen", "frozen_s", 1.8, 0.5),
        _above("frozen_person", "person", 0.5, 0.3),  # an empty room stands still
        **_KNOWN,
    ),
    # it is out of the picture
    _rule("face_cut", "poor", _above("face_cut", "face_cut", 0.6, 0.3)),
    # of a face with a mug before it the body's head seems to be cut
    _rule("mouth_hidden", "poor", _above("mouth_hidden", "mouth_hidden", 0.15, 0.08), at_once=False),
    _rule(
        "face_cut",
        "poor",
        _below("head_cut", "head_in_frame", 0.75, 0.90),
        _above("head_cut_sharp", "sharpness", 0.90, 0.80),
    ),
    _rule(
        "too_far",
        "poor",
        _below("lost_face", "face_found", 0.40, 0.60),
        _above("lost_head", "head_in_frame", 0.95, 0.90),
        _above("lost_sharp", "sharpness", 1.00, 0.90),
        _below("lost_near", "face_height", 0.12, 0.14, unknown=0.0),  # a hand may hide the face of somebody near
        at_once=False,
    ),
    # where hands cannot be found for certain
    _rule(
        "too_dark",
        "fair",
        _below("dark", "luma", 0.16, 0.20),
        _below("dim", "highlights", 0.36, 0.42),
        _above("dim_lit", "highlights", *LIT),
    ),
    # dim light and a slow shutter: streaks where the signing hand is, and the one at rest may be cut
    _rule(
        "blurred",
        "poor",
        _above("very_smeared", "motion_blur", 0.43, 0.37),
        # hands that are found can be read: of streaks they are found in half of the pictures at most
        _below("very_smeared_seen", "hands_visible", 0.60, 0.75),
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    _rule(
        "hands_cut",
        "poor",
        _above("hands_cut", "hands_cut", 0.52, 0.45),
        _below("hands_cut_seen", "hands_visible", 0.42, 0.47),
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    _rule(
        "hands_cut",
        "poor",
        _above("hands_beyond", "hands_beyond", 0.52, 0.45),
        _below("hands_beyond_seen", "hands_visible", 0.42, 0.47),
        _below("hands_beyond_space", "signing_space", ROOMY, 0.75),
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    # it cannot be read well
    _rule(
        "low_frame_rate",
        "poor",
        _below("very_slow", "received_fps", 12.0, 14.0, EN),
        _above("very_slow_signing", "hands_moving", *CLEARLY),
        **_SIGNING,
    ),
    _rule("sideways", "fair", _above("tilted", "face_tilt", 25.0, 20.0)),
    _rule("too_far", "fair", _below("small_face", "face_height", 0.085, 0.095)),
    _rule("too_near", "fair", _above("wide_face", "face_width", 0.38, 0.35)),
    _rule("too_near", "fair", _above("high_face", "face_height", 0.36, 0.34)),
    _rule("off_centre", "fair", _above("off_centre", "off_centre", 0.27, 0.22)),
    _rule("low_resolution", "fair", _below("few_lines", "received_lines", 240.0, 270.0, EN)),
    _rule("backlit", "fair", _above("backlit", "backlight", 1.4, 1.25)),
    _rule("too_bright", "fair", _above("bright", "overexposed", 0.30, 0.22)),
    _rule("too_bright", "fair", _above("bright_face", "face_overexposed", 0.35, 0.25)),
    _rule(
        "low_frame_rate",
        "fair",
        _below("slow", "received_fps", 20.0, 22.0, EN),
        _above("slow_signing", "hands_moving", *CLEARLY),
        **_SIGNING,
    ),
    _rule(
        "blurred",
        "fair",
        _below("blurred", "sharpness", 0.92, 1.00),
        _above("blurred_person", "person", 0.3, 0.1),  # a bare wall, or one of cloth, has no edges either
    ),
    _rule(
        "blurred",
        "fair",
        _below("veiled", "face_contrast", 0.17, 0.20),  # a lens so dirty that it veils; dark faces in dim light 0.14
        _below("veiled_room", "structure", 0.30, 0.36),  # but there the room has its steps, 0.36 and more
        _above("veiled_light", "highlights", 0.36, 0.30),
    ),
    _rule("low_resolution", "fair", _above("very_blocky", "blockiness", 1.4, 1.15), **_COARSE),  # cloth: 1.1 at most
    _rule(
        "low_resolution",
        "fair",
        _above("blocky", "blockiness", 0.5, 0.3),  # patterns of cloth have blocks too, but sharp ones
        _below("blocky_edges", "sharpness", 1.25, 1.35),
        **_COARSE,
    ),
    _rule(
        "low_resolution",
        "fair",
        _below("coarse", "sharpness", 1.05, 1.12),
        _above("coarse_blocks", "blockiness", 0.025, 0.010),
        **_COARSE,
    ),
    _rule(
        "blurred",
        "fair",
        _below("soft", "sharpness", 1.02, 1.08),  # without blocks: the lens, or few pixels scaled up
        _above("soft_person", "person", 0.3, 0.1),
        at_once=False,
        yields=True,
        enter_s=2.0,
        leave_s=2.0,
    ),
    _rule(
        "low_resolution",
        "fair",
        _below("few_bits", "received_kbps", 100.0, 120.0, ITU),
        _above("few_bits_signing", "hands_moving", *CLEARLY),
        **_SIGNING,
    ),
    _rule(
        "blurred",
        "fair",
        _above("smeared", "motion_blur", 0.36, 0.27),
        _below("smeared_seen", "hands_visible", 0.60, 0.75),
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    _rule(
        "blurred",
        "fair",
        _above("all_smeared", "motion_blur", 0.46, 0.40),  # however often hands are found: fast shutters 0.37 at most,
        _above("all_smeared_light", "highlights", 0.36, 0.32),  # but where grain hides what edges dim light leaves 0.48
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    _rule(
        "blurred",
        "poor",
        _above("lost_smeared", "motion_blur", 0.29, 0.24),  # beside what hides hands, arms are sharp: up to 0.11
        _above("lost_smeared_missing", "hands_missing", 0.62, 0.45),
        _above("lost_smeared_usual", "hands_usual", 0.60, 0.40),
        watch=HANDS,
        **_COMES_AND_GOES,
    ),
    _rule(
        "hands_hidden",
        "poor",
        _above("hands_missing", "hands_missing", 0.74, 0.60),  # never a hand, although the picture leaves them room
        _below("hands_missing_cut", "hands_beyond", 0.60, 0.70, unknown=0.0),
        _above("hands_usual", "hands_usual", 0.70, 0.45),  # of hands that the models found before; a clip's 0.63
        _above("hands_missing_motion", "motion", 0.04, 0.02),
        _above("hands_missing_space", "signing_space", ROOMY, 0.68),
        watch=HANDS - {"cued_speech"},  # a hand that cues is one hand, at the face
        **_COMES_AND_GOES,
    ),
    _rule(
        "hands_hidden",
        "poor",
        _above("lost_often", "hands_lost", 0.40, 0.20),  # whose hands were mostly found until now
        _above("lost_missing", "hands_missing", 0.74, 0.60),
        _above("lost_usual", "hands_usual", 0.60, 0.40),
        _above("lost_space", "signing_space", ROOMY, 0.68),
        watch=HANDS - {"cued_speech"},
        **_COMES_AND_GOES,
    ),
    _rule(
        "hands_hidden",
        "poor",
        _above("hands_lost", "hands_lost", 0.85, 0.60),  # never found at all; a hand at the face may be missed for long
        _above("hands_lost_missing", "hands_missing", 0.90, 0.74),
        _above("hands_lost_space", "signing_space", ROOMY, 0.68),
        _below("hands_lost_usual", "hands_usual", 0.08, 0.20, unknown=0.0),
        _above("hands_lost_moving", "hands_moving", 0.10, 0.05),  # elbows beside what hides hands: 0.4 and more
        # beside a box move elbows and shoulders, 0.010 to 0.014; where more does, the models do not make the hands out,
        # or long hair moves with a head that nods, 0.015 to 0.02
        _below("hands_lost_motion", "motion", 0.016, 0.022),
        watch=HANDS - {"cued_speech"},
        enter_s=2.5,
        leave_s=2.5,
        **_COMES_AND_GOES,
    ),
    _rule("too_near", "fair", _above("face_for_space", "face_width", 0.26, 0.24), watch=CHECK),
    _rule("too_near", "fair", _below("signing_space", "signing_space", 0.7, 0.75), watch=CHECK),
    _rule("idle", "fair", _above("idle", "idle_s", IDLE_S, 2.0, FCC), **_KNOWN),
)


def rules_for(watch_for: WatchFor, rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """:returns: those that speak for what is watched, in the same order."""
    return tuple(rule for rule in rules if watch_for in rule.watch)


def limits(rules: tuple[Rule, ...] = RULES) -> dict[str, Limit]:
    """:returns: every threshold by name."""
    return {limit.name: limit for rule in rules for limit in rule.limits}
