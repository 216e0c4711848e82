"""Measures of a well-seen signer's picture, to be changed one at a time."""

from dataclasses import replace
from typing import Any

from relay.visibility.model import FrameMeasures

SIGNING = FrameMeasures(
    hands_found=2,
    hands_in_frame=1.0,
    hand_size=0.2,
    hands_at_border=False,
    face_found=True,
    face_in_frame=1.0,
    face_width=0.16,
    face_height=0.21,
    luma=0.5,
    contrast=0.2,
    overexposed=0.01,
    face_luma=0.65,
    backlight=-0.1,
    sharpness=0.6,
    motion=0.05,
)


def frame(**changes: Any) -> FrameMeasures:
    return replace(SIGNING, **changes)
