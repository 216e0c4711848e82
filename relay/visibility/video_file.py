"""
Pictures of a video file as a player shows them: turned upright, with square pixels, at their times.

Whatever PyAV reads: containers, codecs, sizes. Phones write their films lying on their side with a rotation in the
container; television and old cameras write pixels that are not square. Nothing but the file itself is read: a list of
other files or addresses that calls itself a film is refused.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from relay.errors import RelayError

FALLBACK_FPS = 25.0  # of a file that does not say
DEADLINE_S = 60.0  # to open a file, and for each reading of it
HEAD = 4096  # bytes in which a film has a zero byte; lists of films (HLS, DASH, ffconcat) and SDP are text
UNCODED = b"YUV4MPEG2"  # a film's header that is text
#: Degrees of PyAV's ``VideoFrame.rotation`` (counter-clockwise, after the container's display matrix) to filters.
TURNS = {-90: ("transpose=clock",), 90: ("transpose=cclock",), 180: ("hflip", "vflip"), -180: ("hflip", "vflip")}


class VideoUnreadableError(RelayError):
    """The file is not there, is no video or holds no picture. ``message_fr`` and ``message_en`` are for people."""

    def __init__(self, path: Path, reason_fr: str, reason_en: str) -> None:
        self.message_fr = f"{path.name} : {reason_fr}"
        self.message_en = f"{path.name}: {reason_en}"
        super().__init__("video_unreadable", self.message_fr)


class VideoFile:
    """
    Open for the length of a ``with`` block.

    :raises VideoUnreadableError: from the constructor, and from :meth:`pictures` when none can be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise VideoUnreadableError(path, "ce fichier n'existe pas.", "there is no such file.")
        try:
            if _is_text(path):
                raise ValueError(path.name)
            self._container = av.open(
                str(path), mode="r", options={"protocol_whitelist": "file"}, timeout=(DEADLINE_S, DEADLINE_S)
            )
        except (FFmpegError, OSError, ValueError) as error:
            raise VideoUnreadableError(
                path, "ce fichier n'est pas une vidéo lisible.", "this file is not a readable video."
            ) from error
        if not self._container.streams.video:
            self._container.close()
            raise VideoUnreadableError(path, "ce fichier ne contient pas d'image.", "this file has no picture.")
        self._path = path
        self._stream: VideoStream = self._container.streams.video[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def fps(self) -> float:
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate else FALLBACK_FPS

    def pictures(self) -> Iterator[tuple[float, VideoFrame]]:
        """Time since the first, s, never falling, and the picture. A file that breaks off ends there."""
        start, before = None, 0.0
        upright = _Upright(self._stream)
        try:
            for index, frame in enumerate(self._container.decode(self._stream)):
                at = frame.time if frame.time is not None else index / self.fps
                start = at if start is None else start
                before = max(before, at - start)
                yield before, upright.turn(frame)
        except FFmpegError:
            pass
        if start is None:
            raise VideoUnreadableError(
                self._path, "aucune image lisible dans ce fichier.", "no readable picture in this file."
            )


def _is_text(path: Path) -> bool:
    """:raises OSError: it cannot be read."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return b"\0" not in head and not head.startswith(UNCODED)


class _Upright:
    """Turns pictures and makes their pixels square; those that need neither pass as they are."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._graph: Graph | None = None
        self._made_for: tuple[int, int, str, int] | None = None

    def turn(self, frame: VideoFrame) -> VideoFrame:
        shape = (frame.width, frame.height, frame.format.name, round(frame.rotation))
        if shape != self._made_for:  # a size may change within a file
            self._made_for, self._graph = shape, self._make(frame)
        if self._graph is None:
            return frame
        self._graph.vpush(frame)
        turned = self._graph.vpull()
        assert isinstance(turned, VideoFrame)
        return turned

    def _make(self, frame: VideoFrame) -> Graph | None:
        aspect = self._stream.sample_aspect_ratio or Fraction(1)
        steps = TURNS.get(round(frame.rotation), ())
        if aspect not in (0, 1):
            width = max(2, round(frame.width * aspect))
            steps = (f"scale={width}:{frame.height}", "setsar=1", *steps)
        if not steps:
            return None
        graph = Graph()
        last = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._stream.time_base
        )
        for step in steps:
            name, _, arguments = step.partition("=")
            node = graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph
