"""
Pictures at their times in, a reading a second out: what a file, a benchmark and a calibration are judged by.

The same glances, looks when they are due, measures and advice as in a call. The figures that a call has from RTP come
from the times of the pictures when none are given.
"""

from collections.abc import Callable, Iterable, Iterator

from av.video.frame import VideoFrame

from relay.model import LegStats, WatchFor
from relay.visibility.decoder import to_gray, to_rgb
from relay.visibility.detector import Analyzer
from relay.visibility.model_files import ModelFiles
from relay.visibility.monitor import LegMonitor, Reading
from relay.visibility.rules import RULES, Rule
from relay.visibility.schedule import GLANCE_S, LegSchedule

PICTURE_S = 0.125  # between two pictures at least: a call's base layer brings 6 to 8 pictures a second
FREEZE_S, FREEZE_FACTOR = 0.15, 3.0  # W3C webrtc-stats freezeCount: a gap of 3 times the mean, and 150 ms more than it
WHOLE_S = 0.9  # of a second, from which on it counts as one: the last of a film is cut anywhere

Rtp = Callable[[int], LegStats | None]


def watch_video(
    pictures: Iterable[tuple[float, VideoFrame]],
    models: ModelFiles,
    watch_for: WatchFor = "signing",
    rtp: Rtp | None = None,
    rules: tuple[Rule, ...] = RULES,
) -> Iterator[Reading]:
    """
    :param pictures: time since the first, s, never falling, and the picture.
    :param rtp: figures of a second, by its number; None: made of the pictures' times and size.
    :param rules: a centre's own (:func:`relay.visibility.thresholds.with_limits`).
    :returns: a reading for each second begun; none without pictures.
    """
    watched = _Watched(models, watch_for, rules)
    arrival = Arrival()
    second, due, t = 0, 0.0, 0.0
    try:
        for t, picture in pictures:
            while t >= second + 1:
                yield watched.reading(_figures(rtp, arrival, second, 1.0), second, receiving=arrival.close() > 0)
                second += 1
            arrival.add(t, picture.width, picture.height)
            if t + 1e-6 >= due:
                due = max(due + PICTURE_S, t)
                watched.see(picture, t)
        if arrival.pictures:
            yield watched.reading(_figures(rtp, arrival, second, t - second), second, receiving=True)
    finally:
        watched.close()


class _Watched:
    """What :class:`relay.visibility.watched_leg.WatchedLeg` does with pictures, in the film's own time."""

    def __init__(self, models: ModelFiles, watch_for: WatchFor, rules: tuple[Rule, ...]) -> None:
        self._analyzer = Analyzer(models)
        self._monitor = LegMonitor(watch_for, rules)
        self._schedule = LegSchedule(watch_for)
        self._glanced_at = float("-inf")

    def see(self, picture: VideoFrame, t: float) -> None:
        """A glance and a look, when they are due. :param picture: such pictures come as those of a base layer do."""
        period_s = self._schedule.glance_period_s(t)
        if period_s == GLANCE_S or t - self._glanced_at >= period_s:
            self._glanced_at = t
            glance = self._analyzer.glance(to_gray(picture), t)
            self._monitor.add_glance(glance, t)
            self._schedule.glanced(glance, t)
        if self._schedule.due_at(self._schedule.want(t).period_s) <= t:
            look = self._analyzer.look(to_rgb(picture), round(t * 1000), self._schedule.parts)
            self._monitor.add_look(look, t)
            self._schedule.looked(look, t)

    def reading(self, stats: LegStats, second: int, *, receiving: bool) -> Reading:
        self._monitor.set_rtp(stats)
        reading = self._monitor.reading(1.0, second + 1.0, receiving=receiving)
        self._schedule.told(reading.level, reading.advice, second + 1.0)
        return reading

    def close(self) -> None:
        self._analyzer.close()


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
