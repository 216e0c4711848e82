"""Settings of the media worker. ``signaling.config`` reads the environment and hands this over."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from relay.network_config import NetworkConfig

LAST_PORT = 65_535


@dataclass(frozen=True)
class MediaWorkerConfig:
    """One media worker process."""

    worker_id: str = field(metadata={"doc": "name of this process in registry and logs"})
    control_socket: Path = field(metadata={"doc": "Unix socket where signaling commands this worker"})
    audio_socket: Path = field(metadata={"doc": "Unix datagram socket where the phone worker's mixes arrive"})
    redis_url: str | None = field(
        default=None, metadata={"doc": "redis:// or unix:// where the worker registers; None: it does not"}
    )
    network: NetworkConfig | None = field(default=None, metadata={"doc": "None: this machine alone"})
    capacity: int = field(
        default=20, metadata={"unit": "calls", "doc": "what one core carries with room (measured: 40)"}
    )
    offer_loopback: bool = field(
        default=True,
        metadata={
            "doc": "offer 127.0.0.1 too, for browsers on this machine; it is always offered when the only address"
        },
    )
    public_address: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "IPv4 and IPv6 addresses announced beside the host addresses, behind one-to-one NAT"},
    )
    udp_port: int | None = field(
        default=None,
        metadata={
            "unit": "UDP port",
            "doc": "one for all legs of this worker; worker N of a machine takes udp_port + N",
        },
    )
    udp_ports: tuple[int, int] | None = field(
        default=None,
        metadata={
            "unit": "first, last UDP port",
            "doc": "each leg takes one on each address; None: the kernel's range",
        },
    )
    dscp: int = field(
        default=34,
        metadata={
            "unit": "0 to 63",
            "doc": "AF41, interactive video with or without audio (RFC 8837 §5), for the whole of a leg; 0: no mark",
            "at_least": 0,
            "at_most": 63,
        },
    )
    fast_path: bool = field(
        default=True,
        metadata={
            "doc": "SRTP in place and own sockets; without it the plain ways of aiortc's libraries, for a fifth more"
        },
    )
    compiled: bool = field(
        default=True, metadata={"doc": "the forwarding as `passerelle compile` made it, where it is there and fits"}
    )
    start_bitrate_kbps: int = field(
        default=1500,
        metadata={"unit": "kbit/s", "doc": "where browsers begin to send; Chromium makes 720p of it, not of 1000"},
    )
    maximum_bitrate_bps: int = field(
        default=2_500_000,
        metadata={"unit": "bit/s", "doc": "REMB for senders without transport-wide feedback: 720p signing"},
    )
    gather_timeout_s: float = field(
        default=1.0, metadata={"unit": "s", "doc": "for STUN and TURN candidates; host addresses need no time"}
    )
    connect_timeout_s: float = field(
        default=30.0,
        metadata={"unit": "s", "doc": "from answer to connected; then the leg is closed and a new one may come"},
    )
    silence_sending_s: float = field(
        default=3.0, metadata={"unit": "s", "doc": "no packet at all from a leg that was sending media: disconnected"}
    )
    silence_idle_s: float = field(
        default=8.0, metadata={"unit": "s", "doc": "the same for a leg that sent no media: ICE consent comes every 5 s"}
    )
    stats_period_s: float = field(default=2.0, metadata={"unit": "s", "doc": "leg_stats events"})
    text_rate_cps: float = field(
        default=30.0, metadata={"unit": "characters/s", "doc": "sustained typing per person (RFC 4103 §6 cps)"}
    )
    text_burst: int = field(default=120, metadata={"unit": "characters", "doc": "what a paste may send at once"})
    text_backlog: int = field(
        default=2000,
        metadata={"unit": "characters", "doc": "waiting text per person; beyond it text is marked missing"},
    )
    text_message_limit: int = field(default=2048, metadata={"unit": "bytes", "doc": "one T.140 block"})
    drain_s: float = field(
        default=600.0,
        metadata={"unit": "s", "doc": "SIGTERM: no new calls, leave when the last one ends, or after this long"},
    )
    abandoned_after_s: float = field(
        default=300.0, metadata={"unit": "s", "doc": "a call without live leg nor command is forgotten"}
    )

    def __post_init__(self) -> None:
        for address in self.public_address:
            _check_address(address)
        if self.udp_port is not None and self.udp_ports is not None:
            raise ValueError("udp_port ou udp_ports, pas les deux")
        first, last = self.udp_ports or (1024 if self.udp_port is None else self.udp_port,) * 2
        if not 1 <= first <= last <= LAST_PORT:
            raise ValueError("udp_port et udp_ports vont de 1 à 65535, le premier pas après le dernier")


def _check_address(address: str) -> None:
    try:
        ip_address(address)
    except ValueError:
        raise ValueError(f"public_address : {address!r} n’est pas une adresse IPv4 ou IPv6") from None
