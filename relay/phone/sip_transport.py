"""
Sockets of the SIP stack on asyncio: UDP, and TCP or TLS with Content-Length framing.

Hosts that were not made known are dropped before anything is parsed. Left to others: transactions and dialogs (sippy).
"""

import asyncio
import contextlib
import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Callable
from typing import Any

from sippy.Network_server import Network_server, Network_server_opts, Remote_address
from sippy.Time.MonoTime import MonoTime

DATAGRAM_LIMIT = 65_535
BURST = 50  # datagrams read in one go, so that a flood leaves the loop its turn
HEAD_LIMIT = 16_384  # bytes of one message's header lines on a stream
BODY_LIMIT = 65_536
CONNECT_DEADLINE_S = 5.0
_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})")
Address = tuple[str, int]
log = logging.getLogger(__name__)


class Peers:
    """IP addresses whose SIP messages are read."""

    def __init__(self, known: set[str]) -> None:
        self._known = set(known)

    def add(self, host: str) -> None:
        self._known.add(host)

    def knows(self, host: str) -> bool:
        return host in self._known


def is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


async def resolve(host: str, port: int, deadline_s: float = 5.0) -> Address:
    """:raises OSError: unknown, or no answer in time."""
    if is_ip(host):
        return host, port
    try:
        async with asyncio.timeout(deadline_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET)
    except TimeoutError:
        raise OSError("name resolution took too long") from None
    return str(found[0][4][0]), port


class UdpServer(Network_server):  # type: ignore[misc]
    """sippy makes it twice: a dry run to see that the port is free, then for good."""

    transport = "udp"

    def __init__(self, config: dict[str, Any], options: Any) -> None:
        super().__init__(options)
        self._peers: Peers = config["peers"]
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

    def _readable(self) -> None:
        for _ in range(BURST):
            try:
                data, address = self._socket.recvfrom(DATAGRAM_LIMIT)
            except (BlockingIOError, ConnectionError):
                return
            if self._peers.knows(address[0]):
                self.handle_read(data, Remote_address(address[:2], "udp"), MonoTime())

    def send_to(self, data: bytes | str, address: Address, delayed: bool = False) -> None:
        payload = data if isinstance(data, bytes) else data.encode()
        if is_ip(address[0]):
            self._send(payload, address)
        else:
            _keep(self._tasks, self._send_resolved(payload, address))

    async def _send_resolved(self, payload: bytes, address: Address) -> None:
        try:
            found = await resolve(*address)
        except OSError:
            log.warning("a SIP peer's name cannot be resolved")
            return
        self._peers.add(found[0])
        self._send(payload, found)

    def _send(self, payload: bytes, address: Address) -> None:
        with contextlib.suppress(OSError):  # lost like any datagram: the transaction sends it again
            self._socket.sendto(payload, address)

    def join(self) -> None:
        """sippy's own server has threads to wait for; this one has none."""

    def shutdown(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in list(self._tasks):
            task.cancel()


class StreamServer(Network_server):  # type: ignore[misc]
    """
    TCP or TLS: connects on demand, answers on the connection a request came by.

    TLS is spoken as a client only; peers send their requests over the connection we opened (RFC 5923).
    """

    def __init__(
        self, address: Address, callback: Callable[..., None], transport: str, peers: Peers, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(Network_server_opts(address, callback))
        self.transport = transport
        self._peers = peers
        self._tls = tls
        self._names: dict[Address, str] = {}
        self._writers: dict[Address, asyncio.StreamWriter] = {}
        self._waiting: dict[Address, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None

    def expect_name(self, address: Address, name: str) -> None:
        """The host name that the certificate of ``address`` must carry."""
        self._names[address] = name

    async def listen(self) -> None:
        if self._tls is None:
            host, port = self.uopts.laddress
            self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_LIMIT)

    def send_to(self, data: bytes | str, address: Address, delayed: bool = False) -> None:
        payload = data if isinstance(data, bytes) else data.encode()
        target = (address[0], address[1])
        writer = self._writers.get(target) or self._for_response(payload, target)
        if writer is not None:
            writer.write(payload)
        elif target in self._waiting:
            self._waiting[target].append(payload)
        else:
            self._waiting[target] = [payload]
            _keep(self._tasks, self._connect(target))

    def _for_response(self, payload: bytes, target: Address) -> asyncio.StreamWriter | None:
        if not payload.startswith(b"SIP/2.0"):
            return None
        return next((writer for address, writer in self._writers.items() if address[0] == target[0]), None)

    async def _connect(self, target: Address) -> None:
        name = self._names.get(target, target[0]) if self._tls else None
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                reader, writer = await asyncio.open_connection(
                    *target, ssl=self._tls, server_hostname=name, limit=HEAD_LIMIT
                )
        except (OSError, TimeoutError) as error:
            self._waiting.pop(target, None)
            log.warning("no SIP connection over %s: %s", self.transport, type(error).__name__)
            return
        self._peers.add(target[0])
        self._writers[target] = writer
        for payload in self._waiting.pop(target, []):
            writer.write(payload)
        await self._read(target, reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[:2]
        if not self._peers.knows(address[0]):
            writer.close()
            return
        self._writers[address] = writer
        await self._read(address, reader, writer)

    async def _read(self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if head:  # else a keep-alive of empty lines (RFC 5626)
                    self.handle_read(
                        head + await _body(head, reader), Remote_address(address, self.transport), MonoTime()
                    )
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # this connection only; a new request opens another
        finally:
            if self._writers.get(address) is writer:
                del self._writers[address]
            writer.close()

    def join(self) -> None:
        """Nothing to wait for."""

    def shutdown(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers.values()):
            writer.close()
        for task in list(self._tasks):
            task.cancel()


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    found = _LENGTH.search(head)
    size = int(found[1]) if found else 0
    if size > BODY_LIMIT:
        raise ValueError("SIP body too large")
    return await reader.readexactly(size) if size else b""


def _keep(tasks: set[asyncio.Task[None]], work: Any) -> None:
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
