"""
Addresses that strangers give us to connect to: public ones alone, decided after name resolution.

Else a page could have this service knock at doors inside the centre's own network (server-side request forgery).
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

#: Other characters may become an address inside in the client (IDNA: ``①27.0.0.1``).
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64, RFC 6052: the last 32 bits are an IPv4 address
_TRANSLATED_LOCALLY = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215


def is_public(address: str) -> bool:
    """:param address: IPv4 or IPv6, also one that holds the other inside."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(ip.packed[-4:])
        if inner is not None:
            ip = inner
        elif ip in _TRANSLATED_LOCALLY:
            return False
    return ip.is_global and not ip.is_multicast


def may_ask(url: str, allowed_hosts: Collection[str] = ()) -> bool:
    """
    Whether a URL may be asked at all: ``https``, the usual port, no password in it. What a name stands for is decided
    by :class:`PublicResolver`.

    :param allowed_hosts: of the own network; any port.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or not host or _HOST.fullmatch(host) is None or "@" in parts.netloc:
        return False
    if host in allowed_hosts:
        return True
    return port in (None, 443) and (not _is_literal(host) or is_public(host))


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class PublicResolver(AbstractResolver):
    """Names to public addresses, for an ``aiohttp.TCPConnector``: the address that was judged is the one asked."""

    def __init__(self, allowed_hosts: Collection[str] = (), resolver: AbstractResolver | None = None) -> None:
        self._allowed, self._resolver = frozenset(allowed_hosts), resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """:raises OSError: unknown, or none of its addresses is public."""
        found = await self._resolver.resolve(host, port, family)
        public = [each for each in found if host in self._allowed or is_public(each["host"])]
        if not public:
            raise OSError("no public address")
        return public

    async def close(self) -> None:
        await self._resolver.close()
