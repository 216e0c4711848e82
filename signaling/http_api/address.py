"""Where a request comes from, behind proxies that are named in the configuration and nobody else."""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from signaling.config import LOCAL_HOSTS, SignalingConfig

LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP")


def client_address(request: web.Request, config: SignalingConfig) -> str:
    """The peer's address; behind trusted proxies, the last address in X-Forwarded-For that is not one of them."""
    peer = request.remote or "-"
    if peer not in config.trusted_proxies:
        return peer
    forwarded = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    for address in reversed(forwarded):
        if address and address not in config.trusted_proxies:
            return address
    return peer


def is_from_this_machine(request: web.Request) -> bool:
    """A program on this machine that came without a proxy: by address, by Host, and nobody passed it on."""
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    return request.remote in LOOPBACK and host in LOCAL_HOSTS and not is_forwarded


def address_group(address: str) -> str:
    """
    What limits count as one client: an IPv4 address, the /64 of an IPv6 address (one subscriber has at least that
    many, RFC 6177), else the text as it is.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))
