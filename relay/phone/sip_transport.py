"""
The sockets of the SIP stack on asyncio: UDP here, TCP and TLS in ``relay.phone.sip_streams``; IPv4 and IPv6 at once.

Decides which of them a message leaves by. What peers who are not known send is dropped before anything is parsed.
Left to others: who is known (``relay.phone.peers``), transactions and dialogs (sippy).
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any

from sippy.Network_server import Network_server, Remote_address
from sippy.Time.MonoTime import MonoTime

from relay.phone.dns_names import Address, is_ip
from relay.phone.peers import Peers
from relay.phone.sip_streams import StreamServer
from relay.phone.target import uri_host

DATAGRAM_LIMIT = 8192  # bytes; an INVITE with every codec is 2 kB, fragments beyond that are somebody's attack
BURST = 50  # datagrams read in one go, so that a flood leaves the loop its turn
KEEP_ALIVE = b"\r\n\r\n"  # RFC 5626 §3.5.1; over UDP it only keeps the firewall's way open
log = logging.getLogger(__name__)


async def resolve(host: str, port: int, deadline_s: float = 5.0) -> Address:
    """:raises OSError: unknown, or no answer in time."""
    if is_ip(host):
        return host.strip("[]"), port
    try:
        async with asyncio.timeout(deadline_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET)
    except TimeoutError:
        raise OSError("name resolution took too long") from None
    return str(found[0][4][0]), port


class UdpServer(Network_server):  # type: ignore[misc]
    """sippy makes the first one twice: a dry run to see that the port is free, then for good."""

    transport = "udp"

    def __init__(self, config: dict[str, Any], options: Any) -> None:
        super().__init__(options)
        self._peers: Peers = config["peers"]
        self._advertised: Callable[[str], str] = config["advertised"]
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket = socket.socket(options.family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(options.laddress)
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._readable)

    def getSIPaddr(self) -> tuple[Address, str]:  # noqa: N802
        host, port = self.uopts.laddress[:2]
        return (uri_host(self._advertised(host)), port), self.transport

    def _readable(self) -> None:
        now = self._loop.time()
        for _ in range(BURST):
            try:
                data, address = self._socket.recvfrom(DATAGRAM_LIMIT + 1)
            except (BlockingIOError, ConnectionError):
                return
            if len(data) <= DATAGRAM_LIMIT and self._peers.admits(address[0], data, now):
                self.handle_read(data, remote(address[0], address[1], "udp"), MonoTime())

    def send_to(self, data: bytes | str, address: Address, delayed: bool = False) -> None:
        payload = data if isinstance(data, bytes) else data.encode()
        host = address[0].strip("[]")
        if is_ip(host):
            self._send(payload, (host, address[1]))
        else:
            keep_task(self._tasks, self._send_resolved(payload, (host, address[1])))

    async def _send_resolved(self, payload: bytes, address: Address) -> None:
        try:
            found = await resolve(*address)
        except OSError:
            log.warning("a SIP peer's name cannot be resolved")
            return
        self._send(payload, found)

    def _send(self, payload: bytes, address: Address) -> None:
        self._peers.expect(address[0], self._loop.time())
        with contextlib.suppress(OSError, OverflowError):  # lost like any datagram; a port that is none
            self._socket.sendto(payload, address)

    def join(self) -> None:
        """sippy's own server has threads to wait for; this one has none."""

    def shutdown(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in list(self._tasks):
            task.cancel()


class SipServers:
    """Every socket of the stack, by transport and address family."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, bool], Network_server] = {}

    def add(self, server: Any, host: str) -> None:
        """:param host: the address it is bound to."""
        self._all[server.transport, ":" in host] = server

    @property
    def streams(self) -> list[StreamServer]:
        return [server for server in self._all.values() if isinstance(server, StreamServer)]

    def towards(self, address: Address, transport: str, *, in_dialog: bool = False) -> Any:
        """
        :param transport: of the URI, ``udp`` also when it said nothing.
        :param in_dialog: then a peer whose Contact said nothing, and to whom we have a connection, means that.
        :raises RuntimeError: we have no socket of this kind.
        """
        is_v6 = ":" in address[0]
        if transport == "udp" and in_dialog:
            for stream in self.streams:
                if stream.has_connection_to(address):
                    return stream
        server = self._all.get((transport, is_v6))
        if server is None:
            raise RuntimeError(f"no socket for SIP over {transport}, {'IPv6' if is_v6 else 'IPv4'}")
        return server

    def keep_alive(self, address: Address, transport: str) -> None:
        """Let the firewall see that the way is in use; opens none."""
        with contextlib.suppress(RuntimeError):
            server = self.towards(address, transport)
            if transport == "udp" or server.has_connection_to(address):
                server.send_to(KEEP_ALIVE, address)

    def close(self) -> None:
        for server in self._all.values():
            server.shutdown()


def remote(host: str, port: int, transport: str) -> Remote_address:
    """As sippy compares it with a Via: with brackets; as it writes it into ``received``: without (RFC 3261 §25.1)."""
    found = Remote_address((uri_host(host), port), transport)
    found.received = host
    return found


def keep_task(tasks: set[asyncio.Task[None]], work: Any) -> None:
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
