"""
The phone worker's trunks at work: their addresses learned, the firewall's way kept open, registrations kept up.

Decides what the SIP stack is told about them. Left to others: their order (``relay.phone.trunk_routes``).
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.dns_names import Address, Names
from relay.phone.leg import DialogConfig, Transport
from relay.phone.peers import PeerLimits
from relay.phone.registration import Registration
from relay.phone.sippy_adapter import SippyStack, StackConfig
from relay.phone.target import split_port
from relay.phone.trunk_routes import AddressBook, Route, Routes

LEARN_EVERY_S = 60.0  # the DNS itself is asked when its answer's TTL has passed
LEARN_DEADLINE_S = 5.0
CONTACT_USER = "passerelle"
log = logging.getLogger(__name__)


class TrunkService:
    """:param on_change: called when ``notice`` may be another one. :param names: None: as the settings say."""

    def __init__(
        self,
        config: PhoneWorkerConfig,
        stack: SippyStack,
        on_change: Callable[[], None] = lambda: None,
        names: AddressBook | None = None,
    ) -> None:
        self._config, self._stack, self._on_change = config, stack, on_change
        self._contexts = {trunk.label: _context(trunk.ca_file) for trunk in config.all_trunks if trunk.ca_file}
        self.routes = Routes(config, names or _names(config), self._met, on_change)
        self.registrations: list[Registration] = []
        self._latest: dict[str, Route] = {}
        self._addresses: dict[str, tuple[Address, ...]] = {trunk.label: () for trunk in config.all_trunks}
        self._told: dict[str, bool] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """After the stack. Waits a moment for names, so that calls of trunks are known as theirs at once."""
        self._stack.transactions.on_retry_after = self.routes.wants_rest
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEARN_DEADLINE_S):
                await self._learn()
        self._tasks = [asyncio.create_task(self._keep_learning())]
        for trunk in self._config.all_trunks:
            if trunk.keep_alive_s:
                self._tasks.append(asyncio.create_task(self._keep_alive(trunk)))
            if trunk.register:
                self._register(trunk)

    async def close(self) -> None:
        """Before the stack."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(registration.leave() for registration in self.registrations))

    @property
    def notice(self) -> str | None:
        """For ``WorkerState``: trunks that do not take us; None: all is well."""
        lacking = [each.trunk.label for each in self.registrations if each.state != "registered"]
        return f"trunk_unregistered: {', '.join(lacking)}" if lacking else None

    @property
    def up(self) -> dict[str, bool]:
        """By name: it has an address that does not rest after a failure, and took our registration where it must."""
        lacking = {each.trunk.label for each in self.registrations if each.state != "registered"}
        self._told = {
            trunk.label: trunk.label not in lacking and self._works(trunk) for trunk in self._config.all_trunks
        }
        return self._told

    def _works(self, trunk: TrunkConfig) -> bool:
        return any(not self.routes.rests(trunk, address) for address in self._addresses[trunk.label])

    def of(self, label: str) -> TrunkConfig | None:
        """:param label: as told with a call to us."""
        return next((trunk for trunk in self._config.all_trunks if trunk.label == label), None)

    def _register(self, trunk: TrunkConfig) -> None:
        async def routes() -> list[Route]:
            found = await self.routes.of_trunk(trunk, "")
            for route in found:
                self._met(route)
            return found

        registration = Registration(
            trunk, self._stack.transactions, routes, contact_user=CONTACT_USER, on_change=self._on_change
        )
        self.registrations.append(registration)
        self._tasks.append(asyncio.create_task(registration.run()))

    async def _keep_learning(self) -> None:
        while True:
            await asyncio.sleep(LEARN_EVERY_S)
            await self._learn()
            if self._told != self.up:  # a rest is over, or a name has no address any more
                self._on_change()

    async def _learn(self) -> None:
        await asyncio.gather(*(self._learn_trunk(trunk) for trunk in self._config.all_trunks))

    async def _learn_trunk(self, trunk: TrunkConfig) -> None:
        """The trunk may speak to us before we spoke to it (a call, or a BYE after our restart)."""
        found = await self.routes.of_trunk(trunk, "")
        self._addresses[trunk.label] = tuple(route.address for route in found)
        if found:
            self._stack.peers.learn(trunk.label, [route.address[0] for route in found])
            self._latest.setdefault(trunk.label, found[0])
            for route in found:
                self._met(route)

    async def _keep_alive(self, trunk: TrunkConfig) -> None:
        while True:
            route = self._latest.get(trunk.label)
            if route is not None:
                self._stack.servers.keep_alive(route.address, route.transport)
            await asyncio.sleep(trunk.keep_alive_s)

    def _met(self, route: Route) -> None:
        label = route.trunk.label if route.trunk else ""
        name = route.trunk.host if route.trunk else route.address[0]
        if route.trunk is not None:
            self._latest[label] = route
            if route.trunk.also_tcp:
                self._stack.transactions.also_tcp.add(route.address)
        self._stack.meet(route.address, route.transport, name, self._contexts.get(label))


def families(config: PhoneWorkerConfig) -> tuple[int, ...]:
    """Of our own addresses, in their order."""
    hosts = [host for host in (config.sip_host, config.sip_host_2) if host]
    return tuple(socket.AF_INET6 if ":" in host else socket.AF_INET for host in hosts)


def _names(config: PhoneWorkerConfig) -> Names:
    servers = tuple((host.strip("[]"), port or 53) for host, port in map(split_port, config.dns_servers))
    return Names(families(config), servers or None)


def stack_config(config: PhoneWorkerConfig) -> StackConfig:
    """:raises OSError: a certificate that cannot be read."""
    needed: set[Transport] = {"udp", *(trunk.transport for trunk in config.all_trunks if trunk.register)}
    if config.sip_certificate:
        needed.add("tls")
    own = {config.sip_host, config.sip_host_2, config.sip_public_host, *(t.from_domain for t in config.all_trunks)}
    return StackConfig(
        host=config.sip_host,
        port=config.sip_port,
        host_2=config.sip_host_2,
        public_host=config.sip_public_host,
        transports=frozenset({"udp", "tcp", "tls"}),
        needed=frozenset(needed),
        tls_port=config.sip_tls_port,
        trunks=config.all_trunks,
        client_tls=_context(None),
        server_tls=_server_context(config),
        incoming_limit=config.incoming_limit,
        limits=PeerLimits.of(config.sip_messages_per_s),
        dialog=DialogConfig(own_hosts=frozenset(host for host in own if host)),
    )


def _context(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def _server_context(config: PhoneWorkerConfig) -> ssl.SSLContext | None:
    """A peer may show a certificate; whose calls are taken is decided by its address, and by digest where asked."""
    if config.sip_certificate is None or config.sip_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.sip_certificate, config.sip_key)
    for ca_file in {trunk.ca_file for trunk in config.all_trunks if trunk.ca_file}:
        context.load_verify_locations(cafile=str(ca_file))
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
