"""
A video file through the same eyes as a call: one reading for each second, then a summary.

Pictures are taken at the rate at which a call's are analysed, so that what is said of a file is what the signer in it
would have been told. Nothing of the file is kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame

from relay.model import Advice, WatchFor
from relay.visibility.model_files import ModelFiles
from relay.visibility.monitor import Reading
from relay.visibility.rules import RULES, Rule
from relay.visibility.video_file import VideoFile
from relay.visibility.watch_video import watch_video

Show = Callable[[float, VideoFrame], None]

READABLE_LEVELS = {"good", "fair"}
WELL_SEEN = 0.9  # of the seconds ``good``: what is rarer is no main hindrance
SUMMED_UP = ("hands_found", "hands_in_frame", "hands_cut", "face_found", "face_height", "luma", "sharpness", "signing")


def check_video(
    path: Path,
    models: ModelFiles,
    watch_for: WatchFor = "signing",
    show: Show | None = None,
    rules: tuple[Rule, ...] = RULES,
) -> Iterator[dict[str, Any]]:
    """
    :param show: called with each picture's time and the picture, upright, before it is analysed.
    :param rules: a centre's own (:func:`relay.visibility.thresholds.rules_of`).
    :returns: for each second begun ``{"t", "measures", "level", "advice"}``, ``t`` counting from 0, then one
        ``{"summary": …}`` (:func:`summary`).
    :raises VideoUnreadableError: on the first step.
    """
    readings: list[Reading] = []
    for t, reading in enumerate(watch_file(path, models, watch_for, show, rules)):
        yield {"t": t, "measures": reading.measures, "level": reading.level, "advice": reading.advice}
        readings.append(reading)
    yield {"summary": summary(readings)}


def watch_file(
    path: Path,
    models: ModelFiles,
    watch_for: WatchFor = "signing",
    show: Show | None = None,
    rules: tuple[Rule, ...] = RULES,
) -> Iterator[Reading]:
    """
    :returns: a reading for each second begun.
    :raises VideoUnreadableError: as :func:`check_video`.
    """
    with VideoFile(path) as video:
        yield from watch_video(_shown(video, show), models, watch_for, rules=rules)


def summary(readings: list[Reading]) -> dict[str, Any]:
    """
    ``seconds``; ``readable_share`` (of seconds with level good or fair, 0..1); seconds by ``levels`` and ``advice``;
    ``main_advice`` (``good`` from 9 in 10 seconds on, else the most frequent other); ``measures`` (means of seconds).
    """
    levels = Counter(reading.level for reading in readings)
    advice = Counter(reading.advice for reading in readings)
    readable = sum(count for level, count in levels.items() if level in READABLE_LEVELS)
    return {
        "seconds": len(readings),
        "readable_share": round(readable / len(readings), 3),
        "levels": dict(levels),
        "advice": dict(advice),
        "main_advice": _main(advice),
        "measures": {name: _mean_of(readings, name) for name in SUMMED_UP},
    }


def _main(advice: Counter[Advice]) -> Advice:
    others: list[Advice] = [code for code in advice if code != "good"]
    if not others or advice["good"] >= WELL_SEEN * advice.total():
        return "good"
    return max(others, key=lambda code: advice[code])


def _shown(video: VideoFile, show: Show | None) -> Iterator[tuple[float, VideoFrame]]:
    for t, picture in video.pictures():
        if show is not None:
            show(t, picture)
        yield t, picture


def _mean_of(readings: list[Reading], name: str) -> float | None:
    values = [value for reading in readings if (value := reading.measures.get(name)) is not None]
    return round(sum(values) / len(values), 4) if values else None
