"""
How a sender should send its picture over a line of a given bitrate: frame rate first. Pure; time is given.

What the line carries decides, and what is seen at the other end of it: the same bitrate that is plenty before a plain
wall leaves a person before a bookshelf unclear. Then the size gives way once more.

Signing lives from movement: below 20 pictures a second it is hard to follow (EN 301 549 §6.5.3), so resolution gives
way first, then bitrate, and the frame rate last (PRODUCT "Numbers"). The bitrate itself follows the line at once by
REMB (``control_path``); a change of size costs a key frame and is made seldom.
"""

import math
from dataclasses import dataclass

from relay.model import Encoding

DOWN_AFTER_S = 1.0  # below the step for this long; the bitrate is met by REMB and temporal layers meanwhile
DOWN_AT_ONCE = 0.5  # below this share of where the step begins, ``DOWN_SOON_S`` is enough
DOWN_SOON_S = 0.4
DOWN_AGAIN_AFTER_S = 2.0  # since the last change
UP_AFTER_S = 5.0  # above the next step for this long: a line that has just recovered often fails again
UP_AGAIN_AFTER_S = 8.0
UP_MARGIN = 1.15  # above where the next step begins
FOLLOWED_AFTER_S = 3.0  # a page has set its sender by then; the key frames after it have the scale we asked for
LARGER = 1.2  # than thought when we asked: ask again
STARVED = 0.6  # below this share of what a size can use, the line makes a picture unclear; above, the lens or the light
CLEARER = 0.6  # the share of the bitrate by which the size is chosen then: one step smaller
CLEARER_S = 60.0  # then the larger size is tried again; each time it was in vain, twice as long passes
USUAL_CAMERA, LARGEST_CAMERA = 1280 * 720, 1920 * 1080  # pixels: until a key frame tells; whatever it tells


@dataclass(frozen=True)
class Step:
    """
    :param pixels: of the picture, whatever its shape. :param from_bps: the line must carry so much.
    :param maximum_bps: more would not be seen at this size (libwebrtc's formats for simulcast, ``simulcast.cc``).
    """

    pixels: int
    framerate: float
    from_bps: int
    maximum_bps: int


#: VP8 at the low end keeps 30 pictures a second sharp enough at these bitrates (libwebrtc's minimum for each format)
STEPS = (
    Step(1280 * 720, 30, 900_000, 2_500_000),
    Step(960 * 540, 30, 500_000, 1_200_000),
    Step(640 * 360, 30, 250_000, 700_000),
    Step(480 * 270, 30, 130_000, 450_000),
    Step(320 * 180, 30, 90_000, 250_000),
    Step(320 * 180, 24, 60_000, 150_000),
    Step(240 * 136, 20, 40_000, 100_000),
    Step(240 * 136, 12, 0, 60_000),  # Tran 2013: signing is still understood at 10 pictures a second and 60 kbit/s
)
#: No smaller for being unclear: below it a picture is critical (320x240, EN 301 549 §6.5.2), then the rate gives way.
SMALLEST_CLEAR = STEPS[3]


class EncodingPolicy:
    """One sender's steps, with patience in both directions so that the picture does not flap."""

    def __init__(self) -> None:
        self._step = 0
        self._changed_at = -math.inf
        self._tending = 0  # the step called for, since when
        self._since = -math.inf
        self._camera_pixels = 0.0
        self._asked_for_pixels = 0.0
        self._told: Encoding | None = None
        self._clearer_s = CLEARER_S
        self._clearer_until = -math.inf

    def update(
        self, bitrate_bps: int, sent_size: tuple[int, int] | None, now: float, *, is_unclear: bool = False
    ) -> Encoding | None:
        """
        :param bitrate_bps: of the slowest line to a viewer. :param sent_size: of the last key frame, in pixels.
        :param is_unclear: the person in the picture cannot be read for want of sharpness.
        :returns: what to ask for, when it changed; nothing as long as everything may be sent.
        """
        self._note_size(sent_size, now)
        self._note_clarity(bitrate_bps, now, is_unclear=is_unclear)
        carried = _clearer(bitrate_bps) if now < self._clearer_until else bitrate_bps
        target, after_s, again_after_s = self._target(carried)
        if target == self._step or (target > self._step) != (self._tending > self._step):
            self._tending, self._since = target, now
        if target != self._step and now - self._since >= after_s and now - self._changed_at >= again_after_s:
            self._step = self._tending = target
            return self._ask(now)
        is_larger = self._camera_pixels > LARGER * self._asked_for_pixels
        if self._told is not None and is_larger and now - self._changed_at > FOLLOWED_AFTER_S:
            return self._ask(now)
        return None

    def _target(self, bitrate_bps: float) -> tuple[int, float, float]:
        """:returns: the step to go to, how long it must be called for, how long after the last change."""
        lower, higher = _fitting(bitrate_bps), _fitting(bitrate_bps / UP_MARGIN)
        if lower > self._step:
            is_far = bitrate_bps < DOWN_AT_ONCE * STEPS[self._step].from_bps
            return lower, DOWN_SOON_S if is_far else DOWN_AFTER_S, DOWN_AGAIN_AFTER_S
        return min(self._step, higher), UP_AFTER_S, UP_AGAIN_AFTER_S

    def _note_clarity(self, bitrate_bps: int, now: float, *, is_unclear: bool) -> None:
        is_starved = self._step > 0 and bitrate_bps < STARVED * STEPS[self._step].maximum_bps
        if is_unclear and is_starved and now >= self._clearer_until and now - self._changed_at > FOLLOWED_AFTER_S:
            self._clearer_until = now + self._clearer_s
            self._clearer_s *= 2

    def _note_size(self, size: tuple[int, int] | None, now: float) -> None:
        """The camera's size is the largest seen, undone our own scale: browsers scale down by themselves too."""
        if size is None:
            return
        is_followed = self._told is not None and now - self._changed_at > FOLLOWED_AFTER_S
        scale = self._told.scale_resolution_down_by if self._told is not None and is_followed else 1.0
        pixels = min(size[0] * size[1] * scale**2, LARGEST_CAMERA)
        self._camera_pixels = max(self._camera_pixels, pixels)

    def _ask(self, now: float) -> Encoding | None:
        step = STEPS[self._step]
        self._changed_at = now
        pixels = self._asked_for_pixels = self._camera_pixels or USUAL_CAMERA
        scale = max(1.0, math.sqrt(pixels / step.pixels)) if self._step else 1.0
        wanted = Encoding(
            max_bitrate_bps=step.maximum_bps, scale_resolution_down_by=round(scale, 1), max_framerate=step.framerate
        )
        if wanted == self._told:
            return None
        self._told = wanted
        return wanted


def _clearer(bitrate_bps: float) -> float:
    """As if the line carried less, but never so little that a small picture, or fewer pictures, were asked for."""
    return max(bitrate_bps * CLEARER, min(bitrate_bps, SMALLEST_CLEAR.from_bps))


def _fitting(bitrate_bps: float) -> int:
    return next(index for index, step in enumerate(STEPS) if bitrate_bps >= step.from_bps)
