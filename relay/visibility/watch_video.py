"""
Pictures at their times in, a reading a second out: what a file, a benchmark and a calibration are judged by.

The same glances, looks, measures and advice as in a call. The figures that a call has from RTP come from the times of
the pictures when none are given.
"""

from collections.abc import Callable, Iterable, Iterator

from av.video.frame import VideoFrame

from relay.model import LegStats, WatchFor
from relay.visibility.config import DEFAULT_ANALYSES_PER_SECOND
from relay.visibility.decoder import to_gray, to_rgb
from relay.visibility.detector import Analyzer
from relay.visibility.model_files import ModelFiles
from relay.visibility.monitor import LegMonitor, Reading

FREEZE_S, FREEZE_FACTOR = 0.15, 3.0  # W3C webrtc-stats freezeCount: a gap of 3 times the mean, and 150 ms more than it
WHOLE_S = 0.9  # of a second, from which on it counts as one: the last of a film is cut anywhere

Rtp = Callable[[int], LegStats | None]


def watch_video(
    pictures: Iterable[tuple[float, VideoFrame]],
    models: ModelFiles,
    watch_for: WatchFor = "signing",
    rtp: Rtp | None = None,
    analyses_per_second: float = DEFAULT_ANALYSES_PER_SECOND,
) -> Iterator[Reading]:
    """
    :param pictures: time since the first, s, never falling, and the picture.
    :param rtp: figures of a second, by its number; None: made of the pictures' times and size.
    :param analyses_per_second: at most; a call's base layer brings 6 to 8 pictures a second.
    :returns: a reading for each second begun; none without pictures.
    """
    analyzer = Analyzer(models)
    monitor = LegMonitor(watch_for)
    arrival = Arrival()
    second, due, t = 0, 0.0, 0.0
    try:
        for t, picture in pictures:
            while t >= second + 1:
                monitor.set_rtp(_figures(rtp, arrival, second, 1.0))
                yield monitor.reading(1.0, second + 1.0, receiving=arrival.close() > 0)
                second += 1
            arrival.add(t, picture.width, picture.height)
            if t + 1e-6 >= due:
                due = max(due + 1 / analyses_per_second, t)
                monitor.add_glance(analyzer.glance(to_gray(picture)), t)
                monitor.add_look(analyzer.look(to_rgb(picture), round(t * 1000)), t)
        if arrival.pictures:
            monitor.set_rtp(_figures(rtp, arrival, second, t - second))
            yield monitor.reading(1.0, second + 1.0)
    finally:
        analyzer.close()


class Arrival:
    """Times of pictures, as the figures that RTP would give of them."""

    def __init__(self) -> None:
        self.pictures = 0  # of this second
        self._size: tuple[int, int] | None = None
        self._last_s: float | None = None
        self._mean_gap_s = 0.0
        self._fps = 0.0
        self._freezes, self._frozen_s = 0, 0.0

    def add(self, t: float, width: int, height: int) -> None:
        self.pictures += 1
        self._size = (width, height)
        if self._last_s is not None:
            gap = t - self._last_s
            if self._mean_gap_s and gap > max(FREEZE_FACTOR * self._mean_gap_s, self._mean_gap_s + FREEZE_S):
                self._freezes += 1
                self._frozen_s += gap
            else:
                self._mean_gap_s += (gap - self._mean_gap_s) * (0.1 if self._mean_gap_s else 1.0)
        self._last_s = t

    def stats(self, elapsed_s: float) -> LegStats:
        """:param elapsed_s: of the second, so far; of too short a one the rate before is given."""
        if elapsed_s >= WHOLE_S or not self._fps:
            rate = 1 / self._mean_gap_s if elapsed_s < WHOLE_S and self._mean_gap_s else float(self.pictures)
            self._fps = round(rate, 2)
        width, height = self._size or (None, None)
        return LegStats(
            frames_per_second=self._fps,
            frame_width=width,
            frame_height=height,
            freeze_count=self._freezes,
            total_freezes_duration_s=round(self._frozen_s, 3),
        )

    def close(self) -> int:
        """:returns: the pictures of the second that ends."""
        pictures, self.pictures = self.pictures, 0
        return pictures


def _figures(rtp: Rtp | None, arrival: Arrival, second: int, elapsed_s: float) -> LegStats:
    given = rtp(second) if rtp else None
    return given or arrival.stats(elapsed_s)
