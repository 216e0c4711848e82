"""Settings of the centre's network. ``signaling.config`` reads the environment and hands this over."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

CENTRE_DOMAIN = "passerelle.internal"  # .internal is nobody's on the Internet (ICANN, 2024)


@dataclass(frozen=True)
class NetworkConfig:
    """
    How the processes of one centre on several machines reach each other: lines over mutual TLS, datagrams sealed.
    Without ``listen`` there is one machine, and Unix sockets alone.
    """

    name: str = field(metadata={"doc": "of this machine, part of its workers' names; two machines, two names"})
    ca_file: Path = field(metadata={"unit": "PEM file", "doc": "the centre's own certificate authority"})
    certificate_file: Path = field(metadata={"unit": "PEM file", "doc": "of this machine, for both ends of TLS"})
    key_file: Path = field(metadata={"unit": "PEM file", "doc": "belongs to certificate_file"})
    listen: str | None = field(
        default=None, metadata={"unit": "IP address", "doc": "of the private network; none: Unix sockets alone"}
    )
    announce: str | None = field(
        default=None, metadata={"unit": "IP address", "doc": "where the other machines connect to; none: listen"}
    )
    ports: tuple[int, int] = field(
        default=(7400, 7599),
        metadata={"unit": "first, last", "doc": "TCP and UDP: each process takes the first free one"},
    )
    names: tuple[str, ...] = field(
        default=(f"*.{CENTRE_DOMAIN}",),
        metadata={"doc": "certificates that count: a name of theirs is here; with a list of machines, no other one"},
    )
    datagram_key: str = field(
        default="",
        repr=False,
        metadata={"is_secret": True, "doc": "the centre's: seals sound and tap between machines"},
    )

    def __post_init__(self) -> None:
        for address in (self.listen, self.announce):
            if address is not None:
                ipaddress.ip_address(address)  # raises ValueError
        if self.listen is not None and ipaddress.ip_address(self.announced).is_unspecified:
            raise ValueError("announce must be a concrete address: the other machines connect there")
        first, last = self.ports
        if not 0 <= first <= last <= 65_535:
            raise ValueError("ports must be two numbers, the first one not above the last one")

    @property
    def announced(self) -> str:
        return self.announce or self.listen or ""
