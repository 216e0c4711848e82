"""What arrives of a picture, and since when it stands still: from RTP's figures and from glances. Pure."""

from relay.model import LegStats
from relay.visibility.model import Glance

MOVES = 0.004  # share of cells: less is noise and a breathing chest, not somebody who is there and moves


class Arrival:
    """
    One picture's arrival, closed once a second. What it gives (:meth:`close`):

    - ``analysed``: pictures glanced at in this second;
    - ``receiving``: 1 when video arrived at all, 0 otherwise;
    - ``stopped_s``: s since video arrived last, 0 while it does;
    - ``blind_s``: s for which video arrives and no picture of it could be glanced at;
    - ``frozen_s``: s for which the picture has not changed, or has not come at all;
    - ``idle_s``: s for which nothing has moved in it;
    - ``received_fps``: pictures received per second, all temporal layers;
    - ``received_kbps``: kbit/s of the leg's media;
    - ``received_lines``: the shorter side of the received picture, pixels;
    - ``freezes``: how often the picture stood still in the last period, by W3C's freezeCount;
    - ``packet_loss``: share of the leg's packets lost before repair, in the last period, 0..1;
    - ``jitter_s``, ``round_trip_time_s``: s, as in webrtc-stats.

    The last seven are None while RTP says nothing.
    """

    def __init__(self) -> None:
        self._glances = 0  # of this second
        self._received_at: float | None = None
        self._glanced_at: float | None = None
        self._changed_at: float | None = None
        self._moved_at: float | None = None
        self._stats: LegStats | None = None
        self._before: LegStats | None = None

    def glanced(self, glance: Glance, now: float) -> None:
        self._glances += 1
        self._glanced_at = now
        if self._changed_at is None or glance.alive:
            self._changed_at = now
        if self._moved_at is None or glance.movement > MOVES:
            self._moved_at = now

    def set_rtp(self, stats: LegStats | None) -> None:
        if stats is not None:
            self._before = self._stats
        self._stats = stats

    def close(self, now: float, *, receiving: bool) -> dict[str, float | None]:
        """:param receiving: video arrived since the call before."""
        glances, self._glances = self._glances, 0
        if receiving or glances or self._received_at is None:
            self._received_at = now
        return {
            "analysed": float(glances),
            "receiving": float(receiving or glances > 0),
            "stopped_s": round(now - self._received_at, 2),
            **self._stands_still(now, receiving=receiving, glances=glances),
            **self._rtp(),
        }

    def _stands_still(self, now: float, *, receiving: bool, glances: int) -> dict[str, float | None]:
        if self._glanced_at is None or self._changed_at is None or self._moved_at is None:
            return {"blind_s": 0.0, "frozen_s": 0.0, "idle_s": 0.0}
        blind_s = now - self._glanced_at if receiving and not glances else 0.0
        return {
            "blind_s": round(blind_s, 2),
            "frozen_s": round(0.0 if blind_s else now - self._changed_at, 2),
            "idle_s": round(now - self._moved_at, 1),
        }

    def _rtp(self) -> dict[str, float | None]:
        stats = self._stats
        lines = None if stats is None else min(stats.frame_width or 0, stats.frame_height or 0) or None
        return {
            "received_fps": None if stats is None else stats.frames_per_second,
            "received_kbps": None if stats is None or not stats.bitrate_bps else stats.bitrate_bps / 1000,
            "received_lines": None if lines is None else float(lines),
            "freezes": self._freezes(),
            "packet_loss": self._loss(),
            "jitter_s": None if stats is None else stats.jitter_s,
            "round_trip_time_s": None if stats is None else stats.round_trip_time_s,
        }

    def _loss(self) -> float | None:
        if self._stats is None or self._before is None:
            return None
        lost = _grown(self._before.packets_lost, self._stats.packets_lost)
        received = _grown(self._before.packets_received, self._stats.packets_received)
        return round(lost / (lost + received), 4) if lost + received else None

    def _freezes(self) -> float | None:
        if self._stats is None or self._before is None:
            return None
        return float(_grown(self._before.freeze_count, self._stats.freeze_count))


def _grown(before: int, now: int) -> int:
    """Counts begin anew with a new peer connection."""
    return max(0, now - before)
