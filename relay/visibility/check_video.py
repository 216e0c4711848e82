"""
A video file through the same eyes as a call: one reading for each second, then a summary.

Pictures are taken at the rate at which a call's are analysed, so that what is said of a file is what the signer in it
would have been told. Nothing of the file is kept.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame

from relay.errors import RelayError
from relay.model import WatchFor
from relay.visibility.model_files import ModelFiles
from relay.visibility.monitor import Reading
from relay.visibility.watch_video import watch_video

FALLBACK_FPS = 25.0  # of a file that does not say
READABLE_LEVELS = {"good", "fair"}
SUMMED_UP = ("hands_found", "hands_in_frame", "hands_cut", "face_found", "face_height", "luma", "sharpness", "signing")


class VideoUnreadableError(RelayError):
    """The file is not there, is no video or holds no picture. ``message_fr`` and ``message_en`` are for people."""

    def __init__(self, path: Path, reason_fr: str, reason_en: str) -> None:
        self.message_fr = f"{path.name} : {reason_fr}"
        self.message_en = f"{path.name}: {reason_en}"
        super().__init__("video_unreadable", self.message_fr)


def check_video(path: Path, models: ModelFiles, watch_for: WatchFor = "signing") -> Iterator[dict[str, Any]]:
    """
    :returns: for each second begun ``{"t", "measures", "level", "advice"}``, ``t`` counting from 0, then one
        ``{"summary": …}`` (:func:`summary`).
    :raises VideoUnreadableError: on the first step, or later when the file breaks off before any picture.
    """
    readings: list[Reading] = []
    for t, reading in enumerate(watch_file(path, models, watch_for)):
        yield {"t": t, "measures": reading.measures, "level": reading.level, "advice": reading.advice}
        readings.append(reading)
    yield {"summary": summary(readings)}


def watch_file(path: Path, models: ModelFiles, watch_for: WatchFor = "signing") -> Iterator[Reading]:
    """
    :returns: a reading for each second begun.
    :raises VideoUnreadableError: as :func:`check_video`.
    """
    read = False
    with _open(path) as container:
        for reading in watch_video(_frames(container, _frame_rate(container)), models, watch_for):
            read = True
            yield reading
    if not read:
        raise VideoUnreadableError(path, "aucune image lisible dans ce fichier.", "no readable picture in this file.")


def summary(readings: list[Reading]) -> dict[str, Any]:
    """
    ``seconds``; ``readable_share`` (of seconds with level good or fair, 0..1); seconds by ``levels`` and ``advice``;
    ``main_advice`` (that of most seconds, not ``good`` when equal); ``measures`` (means over the seconds).
    """
    levels = Counter(reading.level for reading in readings)
    advice = Counter(reading.advice for reading in readings)
    readable = sum(count for level, count in levels.items() if level in READABLE_LEVELS)
    return {
        "seconds": len(readings),
        "readable_share": round(readable / len(readings), 3),
        "levels": dict(levels),
        "advice": dict(advice),
        "main_advice": max(advice, key=lambda code: (advice[code], code != "good")),
        "measures": {name: _mean_of(readings, name) for name in SUMMED_UP},
    }


def _frames(container: InputContainer, fps: float) -> Iterator[tuple[float, VideoFrame]]:
    """Pictures with their time since the first, s. A file that breaks off ends there."""
    start: float | None = None
    try:
        for index, frame in enumerate(container.decode(video=0)):
            time = frame.time if frame.time is not None else index / fps
            start = time if start is None else start
            yield max(0.0, time - start), frame
    except FFmpegError:
        return


def _open(path: Path) -> InputContainer:
    if not path.is_file():
        raise VideoUnreadableError(path, "ce fichier n'existe pas.", "there is no such file.")
    try:
        container = av.open(str(path), mode="r")
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoUnreadableError(
            path, "ce fichier n'est pas une vidéo lisible.", "this file is not a readable video."
        ) from error
    if not container.streams.video:
        container.close()
        raise VideoUnreadableError(path, "ce fichier ne contient pas d'image.", "this file has no picture.")
    return container


def _frame_rate(container: InputContainer) -> float:
    stream = container.streams.video[0]
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else FALLBACK_FPS


def _mean_of(readings: list[Reading], name: str) -> float | None:
    values = [value for reading in readings if (value := reading.measures.get(name)) is not None]
    return round(sum(values) / len(values), 4) if values else None
