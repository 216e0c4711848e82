"""
The media worker's event loop: uvloop (half the cost a packet of the standard loop) with own UDP sockets under aioice.

aioice opens its sockets only through ``loop.create_datagram_endpoint``: the public place to put a transport of our own.
Only connections of a ``MediaLink`` get one; for all others this is uvloop.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import uvloop

from relay.aiortc_internals.ice import local_addresses, opening_of
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.shared_port import SharedPort
from relay.sockets import DatagramProtocol, MediaTransport, Opening, OwnPort, bind_in_range, bound_socket


class MediaSockets:
    """The sockets of one worker's peers, as its settings want them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, config: MediaWorkerConfig) -> None:
        self.config = config
        self._loop = loop
        self._shared: dict[str, SharedPort] = {}

    def bind_shared(self) -> None:
        """
        With a fixed port: take it on each local address now, so that it is seen at the start when it cannot be had.

        :raises RelayError: ``udp_port_in_use``, ``udp_port_refused``.
        """
        if self.config.udp_port is None:
            return
        for host in local_addresses(offer_loopback=True):
            try:
                self._shared_port(host)
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    code = "udp_port_in_use" if error.errno == errno.EADDRINUSE else "udp_port_refused"
                    raise RelayError(code, f"UDP port {self.config.udp_port}: {error.strerror}") from None
        if not self._shared:
            raise RelayError("udp_port_refused", f"UDP port {self.config.udp_port}: no address can be bound")

    def open(self, host: str, protocol: DatagramProtocol, opening: Opening) -> MediaTransport:
        """:raises OSError: no port can be had on this address."""
        if self.config.udp_port is not None:
            return self._shared_port(host).join(opening.ufrag, protocol, opening.take_media)
        return OwnPort(self._loop, self.bind(host), protocol, opening.take_media)

    def bind(self, host: str) -> Any:
        """:raises OSError: no port can be had on this address."""
        if self.config.udp_ports is not None:
            return bind_in_range(host, self.config.udp_ports, self.config.dscp)
        return bound_socket(host, 0, self.config.dscp)

    def close(self) -> None:
        for port in self._shared.values():
            port.stop()
        self._shared.clear()

    def _shared_port(self, host: str) -> SharedPort:
        if host not in self._shared:
            sock = bound_socket(host, self.config.udp_port or 0, self.config.dscp)
            self._shared[host] = SharedPort(self._loop, sock)
        return self._shared[host]


class MediaLoop(uvloop.Loop):
    def __init__(self) -> None:
        super().__init__()
        self._sockets: dict[int, MediaSockets] = {}  # by the identity of the settings, which the value keeps

    def sockets_of(self, config: MediaWorkerConfig) -> MediaSockets:
        """Of the worker with these settings; a process of the service has one."""
        if id(config) not in self._sockets:
            self._sockets[id(config)] = MediaSockets(self, config)
        return self._sockets[id(config)]

    def close_sockets(self, config: MediaWorkerConfig) -> None:
        sockets = self._sockets.pop(id(config), None)
        if sockets is not None:
            sockets.close()

    async def create_datagram_endpoint(
        self, protocol_factory: Callable[[], Any], local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        if local_addr is None or remote_addr is not None or options:
            return await super().create_datagram_endpoint(protocol_factory, local_addr, remote_addr, **options)
        protocol = protocol_factory()
        opening = opening_of(protocol)
        if opening is None:
            return await super().create_datagram_endpoint(lambda: protocol, local_addr=local_addr)
        sockets = self.sockets_of(opening.config)
        if opening.take_media is None and opening.config.udp_port is None:
            return await super().create_datagram_endpoint(lambda: protocol, sock=sockets.bind(local_addr[0]))
        transport = sockets.open(local_addr[0], protocol, opening)
        protocol.connection_made(transport)
        return transport, protocol


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For ``asyncio.Runner(loop_factory=new_event_loop)``."""
    return MediaLoop()


def bind_fixed_port(config: MediaWorkerConfig) -> None:
    """
    At the worker's start. :raises RelayError: ``udp_port_in_use``, ``udp_port_refused``; ``wrong_event_loop`` for a
    loop that cannot keep to the settings about ports.
    """
    loop = asyncio.get_running_loop()
    if isinstance(loop, MediaLoop):
        loop.sockets_of(config).bind_shared()
    elif config.udp_port is not None or config.udp_ports is not None:
        raise RelayError("wrong_event_loop", "udp_port and udp_ports need relay.event_loop.new_event_loop")


def release_sockets(config: MediaWorkerConfig) -> None:
    """At the worker's end."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, MediaLoop):
        loop.close_sockets(config)
