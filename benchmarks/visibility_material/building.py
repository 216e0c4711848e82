"""
From clips to labelled videos: good, impaired, good again, coded as files with a ``labels.json``.

Nothing is stored in the repository: the folder is the caller's, and temporary.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import av
from av.video.stream import VideoStream

from benchmarks.visibility_material.cases import CASE_NAMED, Case
from benchmarks.visibility_material.moments import Clip, Moment
from benchmarks.visibility_material.truth import Codes, well_framed
from relay.visibility.labels import SETTLING_S, LabelledVideo, Span

BIT_RATE = 1_200_000  # bit/s: a good line
#: share of a second's pictures of which something must be true for it to be true of the second
SHARE_OF_SECOND = 0.4
#: Clips that are not a good picture by themselves, and why: only what is impaired is judged in them.
NOT_GOOD = {"webcam_selfie.mp4": "one hand close to the lens, blurred, little light, aside"}
#: What cannot be judged in such a clip, since something else is as wrong.
NEEDS_GOOD_CLIP = (
    "slow_shutter",
    "off_centre",
    "low_camera",
    "near_hands",
    "object_before_hands",
    "stutter",
    "nobody",  # no wall beside the person
    "backlit",  # nor a plain one behind
    "too_far",
    "far_low",
)
HELD_OUT = ("asl_different.gif",)  # never looked at while thresholds are chosen


@dataclass(frozen=True, slots=True)
class Parts:
    """How long each part of a video is, s; whole seconds."""

    good: int = 8
    impaired: int = 12
    after: int = 10

    @property
    def length(self) -> int:
        return self.good + self.impaired + self.after

    @property
    def changes(self) -> tuple[int, ...]:
        return 0, self.good, self.good + self.impaired

    def is_impaired(self, t: float) -> bool:
        return self.good <= t < self.good + self.impaired


WHOLE = Parts()
SHORT = Parts(6, 9, 5)


def is_judged(clip: str, case: Case) -> bool:
    """Whether the case says something true of the clip."""
    if clip not in NOT_GOOD:
        return True
    return case.truth is not well_framed and not case.name.startswith(NEEDS_GOOD_CLIP)


def build(folder: Path, clip: Clip, case_name: str, parts: Parts = WHOLE) -> LabelledVideo:
    """Write one video; its labels are returned, and written by whoever has all of them."""
    case = CASE_NAMED[case_name]
    path = folder / f"{Path(clip.name).stem}-{case.name}.mp4"
    right: dict[int, list[Codes]] = {}
    write_video(path, _noted(_moments(clip, case, parts), clip, case, parts, right))
    return LabelledVideo(path, "signing", tuple(spans(right, parts)), held_out=clip.name in HELD_OUT)


def write_video(path: Path, moments: Iterable[Moment]) -> None:
    """H.264 at the bit rate of a call on a good line, the pictures at their times."""
    with av.open(str(path), "w") as container:
        stream: VideoStream | None = None
        for moment in moments:
            if stream is None:
                stream = container.add_stream("libx264", rate=1000, options={"preset": "ultrafast"})
                stream.bit_rate = BIT_RATE
                stream.height, stream.width = moment.picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = Fraction(1, 1000)
                stream.codec_context.thread_count = 1
            frame = av.VideoFrame.from_ndarray(moment.picture, format="rgb24")
            frame.pts, frame.time_base = round(moment.t * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())


def _moments(clip: Clip, case: Case, parts: Parts) -> Iterator[Moment]:
    impair = case.make(clip)
    moments = clip.moments(parts.length)
    for impaired, part in groupby(moments, key=lambda moment: parts.is_impaired(moment.t)):
        yield from (impair if impaired else iter)(part)


def _noted(
    moments: Iterable[Moment], clip: Clip, case: Case, parts: Parts, right: dict[int, list[Codes]]
) -> Iterator[Moment]:
    """The moments; what is right to say of each is noted by the second."""
    for moment in moments:
        if parts.is_impaired(moment.t):
            codes = case.truth(moment)
        else:
            codes = () if clip.name in NOT_GOOD else well_framed(moment)
        right.setdefault(int(moment.t), []).append(codes)
        yield moment


def spans(right: dict[int, list[Codes]], parts: Parts) -> Iterator[Span]:
    """
    Seconds of which the same is right, together; the first three after a change of part are left out. Of a second
    without a picture the same is right as of the picture before.
    """
    every: dict[int, Codes] = {}
    for second in range(parts.length):
        noted = right.setdefault(second, right.get(second - 1, [])[-1:])
        settling = any(change <= second < change + SETTLING_S for change in parts.changes)
        every[second] = () if settling else right_of_second(noted)
    for codes, seconds in groupby(every, key=lambda second: every[second]):
        together = list(seconds)
        yield Span(together[0], together[-1] + 1, codes)


def right_of_second(codes: list[Codes]) -> Codes:
    """
    What is right of a second, from what is right of its pictures: the codes of enough of them, the most frequent first
    code first; nothing when too few say something. ``good`` needs all of them.
    """
    said = [one for one in codes if one]
    if not said or len(said) < SHARE_OF_SECOND * len(codes):
        return ()
    first = Counter(one[0] for one in said).most_common(1)[0][0]
    if first == "good":
        return ("good",) if all(one == ("good",) for one in codes) else ()
    every = [code for one in said for code in one]
    return tuple(dict.fromkeys([first, *every]))
