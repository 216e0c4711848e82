"""Settings of the visibility worker. ``signaling.config`` reads the environment and hands this over."""

from dataclasses import dataclass, field
from pathlib import Path

from relay.network_config import NetworkConfig

DEFAULT_ANALYSES_PER_SECOND = 8.0


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
        default=6, metadata={"unit": "legs", "doc": "one core analyses 6 legs at 8 pictures/s (measured: 20 ms each)"}
    )
    threads: int = field(
        default=1, metadata={"unit": "threads", "doc": "decode and analyse side by side; one per core given"}
    )
    analyses_per_second: float = field(
        default=DEFAULT_ANALYSES_PER_SECOND,
        metadata={"unit": "1/s", "doc": "per leg, at most; the base layer brings 6 to 8 pictures a second"},
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
    closing_deadline_s: float = field(
        default=5.0, metadata={"unit": "s", "doc": "for analyses under way when the worker stops"}
    )
