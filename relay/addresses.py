"""
Where a process of the centre listens, as text that travels in the registry and in commands.

Pure. A path is a Unix socket, for whoever is at the same place (one kernel and one directory). Others need
``tls://host:port`` for lines and ``udp://host:port/incarnation`` for datagrams; hosts are IP addresses, so that nothing
has to be looked up while packets flow.
"""

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

TLS, UDP = "tls", "udp"


class NetworkAddress(NamedTuple):
    """
    :param host: IP address, without brackets.
    :param incarnation: of the listener: new each time it opens, so that old datagrams mean nothing to a new one.
    """

    scheme: str
    host: str
    port: int
    incarnation: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}" + (f"/{self.incarnation}" if self.incarnation else "")


def is_path(address: str) -> bool:
    return address.startswith("/")


def parse_network(text: str, scheme: str) -> NetworkAddress:
    """:raises ValueError: not an address of this scheme, with an IP address and a port."""
    parts = urlsplit(text)
    if parts.scheme != scheme or not parts.hostname or not parts.port or parts.query or parts.username:
        raise ValueError(f"not a {scheme} address")
    host = str(ipaddress.ip_address(parts.hostname))
    return NetworkAddress(scheme, host, parts.port, parts.path.strip("/"))


def reach(path: str, network: str | None, *, is_same_place: bool) -> str:
    """:returns: the Unix socket for a neighbour, and for everybody when nothing else was announced."""
    return path if is_same_place or network is None else network
