"""Certificates of machines on loopback, made as ``passerelle machine add`` makes them."""

import datetime
from pathlib import Path

from relay.network_config import NetworkConfig
from signaling.machine_certificates import MACHINE_LIFETIME, issue


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def network(
    directory: Path, name: str, address: str, *, centre: str = "centre", expired: bool = False
) -> NetworkConfig:
    """:param centre: machines of one centre share its authority and its datagram key."""
    folder = directory / f"{centre}-{name}"
    made_at = now() - MACHINE_LIFETIME - datetime.timedelta(days=1) if expired else now()
    issue(directory / centre, folder, name, [address], made_at)
    return NetworkConfig(
        name=name,
        ca_file=folder / "ca.pem",
        certificate_file=folder / "certificate.pem",
        key_file=folder / "key.pem",
        listen=address,
        ports=(0, 0),  # the kernel chooses
        datagram_key=(folder / "datagrams.key").read_text(),
    )
