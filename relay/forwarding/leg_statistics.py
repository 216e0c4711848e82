"""One leg's figures in W3C names, from the counters of its media path. Pure."""

from typing import NamedTuple

from relay.forwarding.media_path import MediaPath
from relay.forwarding.streams import H264, VP8
from relay.model import LegStats, VideoCodec

_CODECS: dict[int | None, VideoCodec] = {VP8: "VP8", H264: "H264"}


class _Counters(NamedTuple):
    at: float
    frames: int
    octets: int
    sent_frames: int
    sent_bytes: int
    sent_second_frames: int
    audio_packets: int
    audio_level_sum: float


class StatsWindow:
    """One consumer's view of the counters: rates since its last question."""

    def __init__(self, path: MediaPath, now: float) -> None:
        self._path = path
        self._before = self._count(now)

    def take(self, now: float) -> LegStats:
        path, before, after = self._path, self._before, self._count(now)
        self._before = after
        elapsed = max(now - before.at, 0.001)
        spoken = after.audio_packets - before.audio_packets
        control, video = path.control, path.inbound.get("video")
        width, height = video.frame_size if video is not None and video.frame_size is not None else (None, None)
        return LegStats(
            frames_per_second=round((after.frames - before.frames) / elapsed, 1),
            bitrate_bps=int((after.octets - before.octets) * 8 / elapsed),
            packets_received=sum(each.statistics.packets_received for each in path.inbound.values()),
            packets_lost=sum(each.statistics.packets_lost for each in path.inbound.values()),
            jitter_s=round(video.statistics.jitter_s, 4) if video is not None else None,
            audio_level=round((after.audio_level_sum - before.audio_level_sum) / spoken, 4) if spoken else None,
            frame_width=width,
            frame_height=height,
            freeze_count=video.freezes.count if video is not None else 0,
            total_freezes_duration_s=round(video.freezes.total_s, 3) if video is not None else 0.0,
            nack_count=control.nack_count,
            pli_count=control.pli_count,
            codec=_CODECS.get(video.payload_type) if video is not None else None,
            fraction_lost=round(control.fraction_lost, 4),
            round_trip_time_s=control.round_trip_time_s,
            sent_frames_per_second=round((after.sent_frames - before.sent_frames) / elapsed, 1),
            sent_second_frames_per_second=round((after.sent_second_frames - before.sent_second_frames) / elapsed, 1),
            sent_bitrate_bps=int((after.sent_bytes - before.sent_bytes) * 8 / elapsed),
            available_outgoing_bitrate_bps=path.line.available_bps(now),
            packets_sent=sum(each.packets_sent for each in path.outbound.values()),
            retransmitted_packets_sent=sum(each.retransmitted_packets_sent for each in path.outbound.values()),
        )

    def _count(self, now: float) -> _Counters:
        path = self._path
        inbound, outbound, second = path.inbound.get("video"), path.outbound.get("video"), path.outbound.get("video2")
        return _Counters(
            now,
            inbound.statistics.frames_received if inbound is not None else 0,
            inbound.statistics.bytes_received if inbound is not None else 0,
            outbound.frames_sent if outbound is not None else 0,
            sum(each.bytes_sent for each in path.outbound.values()),
            second.frames_sent if second is not None else 0,
            path.audio_packets,
            path.audio_level_sum,
        )
