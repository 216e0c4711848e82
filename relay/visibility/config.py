"""Settings of the visibility worker. ``signaling.config`` reads the environment and hands this over."""

from dataclasses import dataclass, field
from pathlib import Path

from relay.network_config import NetworkConfig


@dataclass(frozen=True)
class VisibilityWorkerConfig:
    """One visibility worker process."""

    worker_id: str = field(metadata={"doc": "name of this process in registry and logs"})
    control_socket: Path = field(metadata={"doc": "Unix socket where signaling commands this worker"})
    tap_socket: Path = field(metadata={"doc": "Unix datagram socket where media workers send taps"})
    models_dir: Path = field(metadata={"doc": "where the MediaPipe models are (passerelle models fetches them)"})
    hand_landmarker: Path | None = field(
        default=None, metadata={"doc": "the operator's own HandLandmarker .task file; None: the one in models_dir"}
    )
    redis_url: str | None = field(
        default=None, metadata={"doc": "redis:// or unix:// where the worker registers; None: it does not"}
    )
    network: NetworkConfig | None = field(default=None, metadata={"doc": "None: this machine alone"})
    capacity: int = field(
        default=40,
        metadata={"unit": "legs", "doc": "both pictures of 20 calls; a core's worth at a day's mix (measured)"},
    )
    processes: int = field(
        default=0, metadata={"unit": "processes", "doc": "at most, that analyse; 0: one for each core, at most 2"}
    )
    legs_per_process: int = field(
        default=6, metadata={"unit": "legs", "doc": "beyond, another process is started as long as there may be more"}
    )
    cores: float = field(
        default=1.0,
        metadata={"unit": "cores", "doc": "all of them together may use; beyond, pictures are looked at more rarely"},
    )
    thresholds: Path | None = field(
        default=None, metadata={"doc": "the centre's own thresholds of advice, calibrated; None: those that come along"}
    )
    silence_s: float = field(
        default=6.0, metadata={"unit": "s", "doc": "an analysis process that says nothing for so long is replaced"}
    )
    start_deadline_s: float = field(
        default=90.0, metadata={"unit": "s", "doc": "for MediaPipe to be loaded, on a busy machine"}
    )
    models_recheck_s: float = field(
        default=10.0, metadata={"unit": "s", "doc": "how often missing models are looked for again"}
    )
    max_pending_frames: int = field(
        default=60,
        metadata={"unit": "frames", "doc": "coded, per leg, awaiting their turn; beyond, wait for a key frame"},
    )
    abandoned_after_s: float = field(
        default=300.0, metadata={"unit": "s", "doc": "a leg without datagram nor command is forgotten"}
    )
