"""
How a sender should send its picture over a line of a given bitrate: frame rate first. Pure; time is given.

Signing lives from movement: below 20 pictures a second it is hard to follow (EN 301 549 §6.5.3), so resolution gives
way first, then bitrate, and the frame rate last (PRODUCT "Numbers"). The bitrate itself follows the line at once by
REMB (``control_path``); a change of size costs a key frame and is made seldom.
"""

import math
from dataclasses import dataclass

from relay.model import Encoding

DOWN_AFTER_S = 1.0  # below the step for this long; the bitrate is met by REMB and temporal layers meanwhile
DOWN_AGAIN_AFTER_S = 2.0  # since the last change
UP_AFTER_S = 5.0  # above the next step for this long: a line that has just recovered often fails again
UP_AGAIN_AFTER_S = 8.0
UP_MARGIN = 1.15  # above where the next step begins
USUAL_CAMERA = (1280, 720)  # until a key frame tells


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


class EncodingPolicy:
    """One sender's steps, with patience in both directions so that the picture does not flap."""

    def __init__(self) -> None:
        self._step = 0
        self._changed_at = -math.inf
        self._below_since: float | None = None
        self._above_since: float | None = None
        self._camera = (0, 0)
        self._told: Encoding | None = None

    def update(self, bitrate_bps: int, sent_size: tuple[int, int] | None, now: float) -> Encoding | None:
        """
        :param bitrate_bps: of the slowest line to a viewer. :param sent_size: of the last key frame, in pixels.
        :returns: what to ask for, when it changed; nothing as long as everything may be sent.
        """
        self._note_size(sent_size)
        fitting = _fitting(bitrate_bps)
        if fitting > self._step:
            self._above_since = None
            self._below_since = now if self._below_since is None else self._below_since
            waited = now - self._below_since >= DOWN_AFTER_S and now - self._changed_at >= DOWN_AGAIN_AFTER_S
        elif _fitting(bitrate_bps / UP_MARGIN) < self._step:
            self._below_since = None
            self._above_since = now if self._above_since is None else self._above_since
            waited = now - self._above_since >= UP_AFTER_S and now - self._changed_at >= UP_AGAIN_AFTER_S
            fitting = _fitting(bitrate_bps / UP_MARGIN)
        else:
            self._below_since = self._above_since = None
            waited = False
        if waited:
            self._step, self._changed_at = fitting, now
            self._below_since = self._above_since = None
        return self._news()

    def _note_size(self, size: tuple[int, int] | None) -> None:
        """The camera's size is the largest seen: what is sent now may be scaled down, by us or by the browser."""
        if size is not None and size[0] * size[1] > self._camera[0] * self._camera[1]:
            self._camera = size

    def _news(self) -> Encoding | None:
        step = STEPS[self._step]
        width, height = self._camera if self._camera[0] else USUAL_CAMERA
        scale = max(1.0, math.sqrt(width * height / step.pixels)) if self._step else 1.0
        wanted = Encoding(
            max_bitrate_bps=step.maximum_bps, scale_resolution_down_by=round(scale, 2), max_framerate=step.framerate
        )
        if wanted == self._told or (self._told is None and self._step == 0):
            return None
        self._told = wanted
        return wanted


def _fitting(bitrate_bps: float) -> int:
    return next(index for index, step in enumerate(STEPS) if bitrate_bps >= step.from_bps)
