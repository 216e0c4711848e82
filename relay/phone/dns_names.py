"""
Names to addresses: SRV (RFC 3263, 2782), A and AAAA, kept for their TTL; the last answer serves while the DNS is dead.

Left to others: which address is tried after which failure (``relay.phone.trunk_routes``).
"""

import asyncio
import ipaddress
import logging
import random
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdatatype import RdataType

from relay.phone.leg import Transport
from relay.phone.trunks import Draw, by_weight

DEADLINE_S = 4.0  # for one name, all questions together
NAMES_KEPT = 256
TARGETS_LIMIT = 8  # of one SRV record set; more would only be more waiting
DEFAULT_PORT: dict[Transport, int] = {"udp": 5060, "tcp": 5060, "tls": 5061}
_SERVICE: dict[Transport, str] = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}
Address = tuple[str, int]
log = logging.getLogger(__name__)


def is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class SrvRecord:
    priority: int
    weight: int
    host: str
    port: int


def srv_order(records: Iterable[SrvRecord], draw: Draw) -> list[SrvRecord]:
    """By priority, within one drawn by weight. A target of ``.`` says that the service is not there (RFC 2782)."""
    usable = sorted((record for record in records if record.host), key=lambda record: record.priority)
    order: list[SrvRecord] = []
    for _, group in groupby(usable, key=lambda record: record.priority):
        order += by_weight([(record, record.weight) for record in group], draw)
    return order


class Names:
    """
    :param nameservers: address and port; None takes the system's, and its file of hosts.
    :param families: ``AF_INET``, ``AF_INET6``, in the order wished for.
    """

    def __init__(
        self,
        families: tuple[int, ...] = (socket.AF_INET,),
        nameservers: tuple[Address, ...] | None = None,
        draw: Draw = random.randrange,
    ) -> None:
        self._families = families
        self._has_hosts_file = nameservers is None
        self._draw = draw
        self._last: dict[tuple[str, int, str], list[Address]] = {}
        self._resolver = _resolver(nameservers)

    async def addresses(self, host: str, port: int, transport: Transport) -> list[Address]:
        """
        :param port: 0 asks for SRV records, and takes the usual port where there are none.
        :returns: where to go, in order; at least one.
        :raises OSError: the name is unknown, or nobody answered and nothing is remembered.
        """
        bare = host.strip("[]")
        if is_ip(bare):
            return [(bare, port or DEFAULT_PORT[transport])]
        key = (host, port, transport)
        try:
            async with asyncio.timeout(DEADLINE_S):
                found = await self._ask(host, port, transport)
        except (TimeoutError, dns.exception.DNSException) as error:
            log.warning("the DNS gives no answer for a SIP host: %s", type(error).__name__)
            found = []
        if found:
            self._remember(key, found)
        elif key not in self._last:
            raise OSError("no address for a SIP host")
        return self._last[key]

    async def _ask(self, host: str, port: int, transport: Transport) -> list[Address]:
        if port:
            return [(address, port) for address in await self._hosts(host)]
        found = await self._srv(_SERVICE[transport] + host)
        if not found:
            return [(address, DEFAULT_PORT[transport]) for address in await self._hosts(host)]
        records = srv_order(found, self._draw)[:TARGETS_LIMIT]
        hosts = await asyncio.gather(*(self._hosts(record.host) for record in records))
        return [(ip, record.port) for record, ips in zip(records, hosts, strict=True) for ip in ips]

    async def _srv(self, name: str) -> list[SrvRecord]:
        if self._resolver is None:
            return []
        try:
            answer = await self._resolver.resolve(name, RdataType.SRV, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        return [
            SrvRecord(record.priority, record.weight, str(record.target).rstrip("."), record.port) for record in answer
        ]

    async def _hosts(self, host: str) -> list[str]:
        found = await asyncio.gather(*(self._host(host, family) for family in self._families))
        addresses = [address for one in found for address in one]
        return addresses or await self._from_system(host)

    async def _host(self, host: str, family: int) -> list[str]:
        if self._resolver is None:
            return []
        kind = RdataType.A if family == socket.AF_INET else RdataType.AAAA
        try:
            answer = await self._resolver.resolve(host, kind, search=False)
        except dns.exception.DNSException:
            return []
        return [str(record.address) for record in answer]

    async def _from_system(self, host: str) -> list[str]:
        """Names of the machine's own file of hosts, which the DNS does not know."""
        if not self._has_hosts_file:
            return []
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except OSError:
            return []
        ips = [(family, str(address[0])) for family, _, _, _, address in found if family in self._families]
        return [ip for _, ip in sorted(ips, key=lambda pair: self._families.index(pair[0]))]

    def _remember(self, key: tuple[str, int, str], found: list[Address]) -> None:
        self._last.pop(key, None)
        self._last[key] = found
        while len(self._last) > NAMES_KEPT:
            del self._last[next(iter(self._last))]


def _resolver(nameservers: tuple[Address, ...] | None) -> dns.asyncresolver.Resolver | None:
    """None: this machine names no server."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=nameservers is None)
    except (dns.resolver.NoResolverConfiguration, OSError):
        return None
    if nameservers is not None:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in nameservers]
    resolver.cache = dns.resolver.LRUCache(NAMES_KEPT)
    resolver.timeout, resolver.lifetime = DEADLINE_S / 4, DEADLINE_S / 2
    return resolver
