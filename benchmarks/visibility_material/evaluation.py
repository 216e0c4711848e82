"""Videos watched as a call is, and each second held against what it should say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import av
from av.video.frame import VideoFrame

from benchmarks.visibility_material.drawn_scenes import DrawnScene
from relay.model import Advice, AdviceCode
from relay.visibility.accuracy import Tally
from relay.visibility.check_video import watch_file
from relay.visibility.labels import SETTLING_S, LabelledVideo
from relay.visibility.model_files import ModelFiles
from relay.visibility.watch_video import watch_video

BASE_LAYER_FPS = 6.25  # pictures a second that reach the analysis of a call, at least (a quarter of 25)


@dataclass(frozen=True, slots=True)
class Result:
    """
    One video.

    :param group: the skin's tone of a drawn signer, or the group of a labelled video.
    :param wrong: what each second that was not right should have said, and what was said.
    """

    name: str
    group: str
    held_out: bool
    tally: Tally
    wrong: tuple[tuple[int, str, str], ...] = field(default=())


def evaluate_file(video: LabelledVideo, models: ModelFiles) -> Result:
    said = [reading.advice for reading in watch_file(video.path, models, video.watch_for)]
    expected = [video.expected(second) for second in range(len(said))]
    return _result(video.path.stem, video.group, expected, said, held_out=video.held_out)


def evaluate_scene(scene: DrawnScene, models: ModelFiles, seconds: int) -> Result:
    """:param seconds: of its beginning that are watched."""
    pictures = scene_pictures(scene, seconds)
    said = [reading.advice for reading in watch_video(pictures, models, "signing", scene.rtp)][:seconds]
    return _result(scene.name, f"tone {scene.tone}", settled(scene.labels[: len(said)]), said)


def scene_pictures(scene: DrawnScene, seconds: int) -> Iterator[tuple[float, VideoFrame]]:
    """What of a drawn signer reaches the analysis: the base layer, as often as it arrives."""
    for second in range(seconds):
        arrival = scene.arrivals[second]
        step = max(1, int(arrival.fps // BASE_LAYER_FPS))
        for index in range(0, round(arrival.fps), step):
            t = second + index / arrival.fps
            if arrival.stuck_at is not None and not arrival.stuck_camera and t >= arrival.stuck_at:
                continue
            yield t, av.VideoFrame.from_ndarray(scene.frame(t), format="rgb24")
    yield float(seconds), av.VideoFrame.from_ndarray(scene.frame(seconds - 0.01), format="rgb24")


def settled(labels: Sequence[AdviceCode | None]) -> list[tuple[AdviceCode, ...]]:
    """What each second should say, the first three seconds after each change, and of the video, left out."""
    result: list[tuple[AdviceCode, ...]] = []
    current, change = None, 0
    for second, label in enumerate(labels):
        if label is not None and label != current:
            unlabelled = second > 0 and labels[second - 1] is None
            current, change = label, second - 1 if unlabelled else second
        result.append((label,) if label is not None and second >= change + SETTLING_S else ())
    return result


def _result(
    name: str,
    group: str,
    expected: Sequence[tuple[AdviceCode, ...]],
    said: Sequence[Advice],
    *,
    held_out: bool = False,
) -> Result:
    tally = Tally(videos=1)
    wrong = []
    for second, (right, heard) in enumerate(zip(expected, said, strict=True)):
        tally.add(right, heard)
        if right and heard not in right:
            wrong.append((second, right[0], heard))
    return Result(name, group, held_out, tally, tuple(wrong))
