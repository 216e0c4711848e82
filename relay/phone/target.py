"""Where a dial command goes: through the trunk, or straight to a ``sip:`` URI. Pure."""

import ipaddress
import re
from dataclasses import dataclass

from relay.errors import RelayError
from relay.phone.leg import Transport

_NUMBER = re.compile(r"^\+?[0-9]{2,15}$")
_URI = re.compile(
    r"^sip:(?P<user>[A-Za-z0-9+*#._~-]{1,64})@(?P<host>[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:;transport=(?P<transport>udp|tcp))?$",
    re.IGNORECASE,
)
_DEFAULT_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061}

_OWN_NETWORKS = tuple(
    ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


@dataclass(frozen=True)
class Target:
    """
    :param domain: as written in the request, with the port when it is not the usual one.
    :param by_trunk: whichever trunk serves the number knows host, port and transport (``relay.phone.trunk_routes``).
    """

    user: str
    host: str = ""
    port: int = 0
    transport: Transport = "udp"
    by_trunk: bool = False

    @property
    def domain(self) -> str:
        return self.host if self.port == _DEFAULT_PORT[self.transport] else f"{self.host}:{self.port}"


def uri_host(host: str) -> str:
    """:returns: as written in a URI: an IPv6 address has brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def split_port(domain: str) -> tuple[str, int | None]:
    """:returns: host, an IPv6 address with its brackets, and port; None where none is written."""
    host, colon, port = domain.rpartition(":")
    return (host, int(port)) if colon and port.isdigit() and not port.endswith("]") else (domain, None)


def read_target(target: str) -> Target:
    """:raises RelayError: ``bad_target``, neither a number nor a usable ``sip:`` URI."""
    if _NUMBER.fullmatch(target):
        return Target(target, by_trunk=True)
    found = _URI.fullmatch(target)
    if found is None or int(found["port"] or 5060) > 65535:
        raise RelayError("bad_target", "neither E.164 nor a sip: URI")
    transport: Transport = "tcp" if (found["transport"] or "").lower() == "tcp" else "udp"
    return Target(found["user"], found["host"], int(found["port"] or 5060), transport)


def is_on_own_network(target: str) -> bool:
    """
    :returns: whether it is a ``sip:`` URI of this machine or a private network (RFC 1918, 4193), where a rehearsal's
        telephone may stand; names other than ``localhost`` are not trusted.
    """
    found = _URI.fullmatch(target)
    if found is None:
        return False
    host = found["host"].strip("[]")
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in _OWN_NETWORKS)
