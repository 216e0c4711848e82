"""
The ways a call may take, one after the other: trunks in their order, each with its addresses in theirs.

Decides what is resolved when, and who rests after a failure. Left to others: the order itself
(``relay.phone.trunks``), the DNS (``relay.phone.dns_names``), trying a way (``relay.phone.party``).
"""

import ipaddress
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.dns_names import DEFAULT_PORT, Address
from relay.phone.leg import Transport
from relay.phone.target import Target, uri_host
from relay.phone.trunks import Circuit, Draw, rests_after, trunks_for

log = logging.getLogger(__name__)


class AddressBook(Protocol):
    async def addresses(self, host: str, port: int, transport: Transport) -> list[Address]:
        """:raises OSError: no address."""


@dataclass(frozen=True)
class Route:
    """
    One way to place a call.

    :param user: user part of the Request-URI. :param domain: host (and port) written there and in To.
    :param from_domain: host written in From.
    :param address: IP address, without brackets, and port.
    :param local_host: IP address of ours, of the same family: where RTP is bound.
    :param public_host: what the peer is told of it, in SDP: another one behind a NAT.
    :param trunk: None: straight to a ``sip:`` URI.
    """

    user: str
    domain: str
    from_domain: str
    address: Address
    transport: Transport
    local_host: str
    public_host: str
    trunk: TrunkConfig | None = None

    @property
    def key(self) -> Hashable:
        return (self.trunk.label if self.trunk else None, self.address, self.transport)


class Routes:
    """
    :param met: told every address before it is used: the SIP stack must read what comes from there.
    :param on_change: called when a way begins or ends its rest because of what came of a call.
    """

    def __init__(
        self,
        config: PhoneWorkerConfig,
        names: AddressBook,
        met: Callable[[Route], None] = lambda _: None,
        on_change: Callable[[], None] = lambda: None,
        *,
        draw: Draw = random.randrange,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._names, self._met, self._on_change = config, names, met, on_change
        self._draw, self._clock = draw, clock
        self._circuit = Circuit()

    async def find(self, target: Target) -> AsyncIterator[Route]:
        """The ways in the order of trying; those that rest come last. None at all: no name has an address."""
        if not target.by_trunk:
            async for route in self._straight(target):
                yield route
            return
        resting: list[Route] = []
        for trunk in trunks_for(target.user, self._config.all_trunks, self._draw):
            for route in await self.of_trunk(trunk, target.user):
                if self._circuit.rests(route.key, self._clock()):
                    resting.append(route)
                else:
                    self._met(route)
                    yield route
        for route in resting:
            self._met(route)
            yield route

    async def of_trunk(self, trunk: TrunkConfig, user: str) -> list[Route]:
        """:returns: empty when its name has no address."""
        try:
            found = await self._names.addresses(trunk.host, trunk.port, trunk.transport)
        except OSError:
            log.warning("a trunk's name has no address trunk=%s", trunk.label)
            return []
        return [route for address in found if (route := self._route(trunk, user, address)) is not None]

    def failed(self, route: Route, sip_code: int | None) -> None:
        """The way rests when it is dead or full. :param sip_code: None: no answer."""
        log.warning("a trunk fails trunk=%s sip_code=%s", route.trunk.label if route.trunk else "-", sip_code)
        if rests_after(sip_code) and not self._circuit.rests(route.key, self._clock()):  # Retry-After may have come
            self._circuit.failed(route.key, self._clock())
            self._on_change()

    def wants_rest(self, address: Address, seconds: float) -> None:
        """A 503 with Retry-After came from there."""
        for trunk in self._config.all_trunks:
            key = (trunk.label, (address[0].strip("[]"), address[1]), trunk.transport)
            self._circuit.failed(key, self._clock(), seconds)
        self._on_change()

    def worked(self, route: Route) -> None:
        rested = self._circuit.rests(route.key, self._clock())
        self._circuit.worked(route.key)
        if rested:
            self._on_change()

    def rests(self, trunk: TrunkConfig, address: Address) -> bool:
        return self._circuit.rests((trunk.label, address, trunk.transport), self._clock())

    def local_host(self, address: str) -> str | None:
        """:returns: our IP address of the family of ``address``; None: we have none."""
        version = ipaddress.ip_address(address).version
        ours = (self._config.sip_host, self._config.sip_host_2)
        return next((host for host in ours if host and ipaddress.ip_address(host).version == version), None)

    def own_hosts(self, peer: str) -> tuple[str, str]:
        """:returns: our address for RTP with this peer, and what it is told of it."""
        local = self.local_host(peer.strip("[]")) or self._config.sip_host
        return local, self.public_host(local)

    def public_host(self, local_host: str) -> str:
        public = self._config.sip_public_host
        return public if public and local_host == self._config.sip_host else local_host

    async def _straight(self, target: Target) -> AsyncIterator[Route]:
        try:
            found = await self._names.addresses(target.host, target.port, target.transport)
        except OSError:
            return
        for address in found:
            local = self.local_host(address[0])
            if local is not None:
                public = self.public_host(local)
                route = Route(target.user, target.domain, uri_host(public), address, target.transport, local, public)
                self._met(route)
                yield route

    def _route(self, trunk: TrunkConfig, user: str, address: Address) -> Route | None:
        local = self.local_host(address[0])
        if local is None:
            return None
        public = self.public_host(local)
        usual = trunk.port in (0, DEFAULT_PORT[trunk.transport])
        host = uri_host(trunk.host)
        domain = trunk.from_domain or (host if usual else f"{host}:{trunk.port}")
        return Route(
            user, domain, trunk.from_domain or uri_host(public), address, trunk.transport, local, public, trunk
        )
