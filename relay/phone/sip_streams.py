"""
SIP over TCP and TLS: connections opened on demand, connections of peers accepted, both reused (RFC 5923).

Decides by which connection a message leaves. Left to others: who is known (``relay.phone.peers``), which name a
certificate must carry (told by ``expect_name``).
"""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sippy.Network_server import Network_server, Network_server_opts, Remote_address
from sippy.Time.MonoTime import MonoTime

from relay.phone.dns_names import Address
from relay.phone.peers import Peers

HEAD_LIMIT = 16_384  # bytes of one message's header lines on a stream
BODY_LIMIT = 65_536
CONNECT_DEADLINE_S = 5.0
CONNECTIONS_LIMIT = 256
CONNECTIONS_PER_HOST = 16  # accepted ones
WAITING_LIMIT = 64  # messages while a connection is being opened
UNREAD_LIMIT = 1_048_576  # bytes; a peer that does not read is disconnected
IDLE_S = 900.0  # an accepted connection on which nothing comes; peers that want to stay send empty lines
_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})")
_VIA = re.compile(rb"(?im)^(?:via|v)[ \t]*:[ \t]*SIP/2\.0/\w+[ \t]+([^;,\s]+)([^,\r\n]*)")
PING, PONG = b"\r\n\r\n", b"\r\n"
log = logging.getLogger(__name__)


@dataclass
class Connection:
    """:param aliases: where the peer says that it listens: our requests to there take this connection."""

    writer: asyncio.StreamWriter
    is_accepted: bool
    aliases: set[Address] = field(default_factory=set)


@dataclass(frozen=True)
class StreamOptions:
    """
    :param bind: our address and port, the latter None when nobody is to connect to us.
    :param advertised: written into Via and Contact, host as in a URI.
    :param server_tls: accepted connections are TLS. :param client_tls: ours are, unless told otherwise for a peer.
    """

    bind: tuple[str, int | None]
    advertised: Address
    server_tls: ssl.SSLContext | None = None
    client_tls: ssl.SSLContext | None = None


class StreamServer(Network_server):  # type: ignore[misc]
    """
    TCP, or TLS.

    :param on_unreachable: told the address that cannot be connected to, or whose connection broke.
    """

    def __init__(
        self,
        options: StreamOptions,
        transport: str,
        peers: Peers,
        callback: Callable[..., None],
        on_unreachable: Callable[[Any, Address], None] = lambda *_: None,
    ) -> None:
        super().__init__(Network_server_opts(options.advertised, callback))
        self.transport = transport
        self._options, self._peers, self._on_unreachable = options, peers, on_unreachable
        self._names: dict[str, tuple[str, ssl.SSLContext | None]] = {}
        self._connections: dict[Address, Connection] = {}
        self._waiting: dict[Address, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._loop = asyncio.get_running_loop()

    def expect_name(self, host: str, name: str, context: ssl.SSLContext | None = None) -> None:
        """The name that the certificate of the address ``host`` must carry, and who must have signed it."""
        self._names[host] = (name, context)

    def has_connection_to(self, address: Address) -> bool:
        return self._connection_to(_bare(address)) is not None

    def listen(self) -> None:
        """:raises OSError: the port is taken."""
        host, port = self._options.bind
        if port is None or (self.transport == "tls" and self._options.server_tls is None):
            return
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, port), family=family, backlog=64)
        self._listening.setblocking(False)
        self._keep(self._accept(self._listening))

    # --- out

    def send_to(self, data: bytes | str, address: Address, delayed: bool = False) -> None:
        payload = data if isinstance(data, bytes) else data.encode()
        target = _bare(address)
        connection = self._connection_to(target)
        if connection is not None:
            self._write(connection, payload)
        elif target in self._waiting:
            if len(self._waiting[target]) < WAITING_LIMIT:
                self._waiting[target].append(payload)
        elif not payload.startswith(b"SIP/2.0"):  # a response whose connection is gone has nowhere to go
            self._waiting[target] = [payload]
            self._keep(self._connect(target))

    def _connection_to(self, target: Address) -> Connection | None:
        found = self._connections.get(target)
        if found is not None:
            return found
        return next((each for each in self._connections.values() if target in each.aliases), None)

    def _write(self, connection: Connection, payload: bytes) -> None:
        if connection.writer.transport.get_write_buffer_size() > UNREAD_LIMIT:
            connection.writer.transport.abort()
        else:
            connection.writer.write(payload)

    async def _connect(self, target: Address) -> None:
        name, context = self._names.get(target[0], (target[0], None))
        tls = (context or self._options.client_tls) if self.transport == "tls" else None
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                reader, writer = await asyncio.open_connection(
                    *target,
                    ssl=tls,
                    server_hostname=name if tls else None,
                    local_addr=(self._options.bind[0], 0),
                    limit=HEAD_LIMIT,
                )
        except (OSError, TimeoutError) as error:
            self._waiting.pop(target, None)
            log.warning("no SIP connection over %s: %s", self.transport, type(error).__name__)
            self._on_unreachable(self, target)
            return
        self._peers.expect(writer.get_extra_info("peername")[0], self._loop.time())
        connection = self._connections[target] = Connection(writer, is_accepted=False)
        for payload in self._waiting.pop(target, []):
            self._write(connection, payload)
        await self._read(target, reader, connection)
        self._on_unreachable(self, target)

    # --- in

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, address = await self._loop.sock_accept(listening)
            except OSError:  # out of descriptors: some are given back soon
                await asyncio.sleep(1)
                continue
            host = str(address[0])
            if self._peers.knows(host, self._loop.time()) and self._has_room(host):
                self._keep(self._serve(connection, (host, int(address[1]))))
            else:
                connection.close()

    def _has_room(self, host: str) -> bool:
        accepted = [address for address, each in self._connections.items() if each.is_accepted]
        same = sum(address[0] == host for address in accepted)
        return len(accepted) < CONNECTIONS_LIMIT and same < CONNECTIONS_PER_HOST

    async def _serve(self, accepted: socket.socket, address: Address) -> None:
        reader = asyncio.StreamReader(limit=HEAD_LIMIT)
        protocol = asyncio.StreamReaderProtocol(reader)
        tls = self._options.server_tls
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=tls, ssl_handshake_timeout=CONNECT_DEADLINE_S if tls else None
            )
        except OSError:
            accepted.close()
            return
        connection = Connection(asyncio.StreamWriter(transport, protocol, reader, self._loop), is_accepted=True)
        self._connections[address] = connection
        await self._read(address, reader, connection)

    async def _read(self, address: Address, reader: asyncio.StreamReader, connection: Connection) -> None:
        try:
            while True:
                async with asyncio.timeout(IDLE_S if connection.is_accepted else None):
                    head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if head:
                    await self._take(address, head + await _body(head, reader), connection)
                else:
                    self._write(connection, PONG)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError, ValueError):
            pass  # this connection only; a new request opens another
        finally:
            if self._connections.get(address) is connection:
                del self._connections[address]
            connection.writer.close()

    async def _take(self, address: Address, message: bytes, connection: Connection) -> None:
        while not self._peers.admits(address[0], message, self._loop.time()):
            if not self._peers.knows(address[0], self._loop.time()):
                raise ValueError("no longer a peer of ours")
            await asyncio.sleep(0.1)  # a stream loses nothing: who sends too much waits
        if connection.is_accepted and len(connection.aliases) < CONNECTIONS_PER_HOST:
            self._learn_alias(address[0], message, connection)
        source = Remote_address((f"[{address[0]}]" if ":" in address[0] else address[0], address[1]), self.transport)
        source.received = address[0]
        self.handle_read(message, source, MonoTime())

    def _learn_alias(self, host: str, message: bytes, connection: Connection) -> None:
        """RFC 5923: over TLS only from a peer that showed a certificate of its own."""
        found = _VIA.search(message[:HEAD_LIMIT])
        if found is None or b";alias" not in found[2].lower():
            return
        if self.transport == "tls" and not connection.writer.get_extra_info("peercert"):
            return
        sent_by = found[1].decode(errors="replace").rpartition(":")
        port = int(sent_by[2]) if sent_by[2].isdigit() else (5061 if self.transport == "tls" else 5060)
        connection.aliases.add((host, port))

    # --- end

    def join(self) -> None:
        """Nothing to wait for."""

    def shutdown(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for connection in list(self._connections.values()):
            connection.writer.close()
        for task in list(self._tasks):
            task.cancel()

    def _keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bare(address: Address) -> Address:
    return address[0].strip("[]"), address[1]


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    found = _LENGTH.search(head)
    size = int(found[1]) if found else 0
    if size > BODY_LIMIT:
        raise ValueError("SIP body too large")
    async with asyncio.timeout(CONNECT_DEADLINE_S * 4):
        return await reader.readexactly(size) if size else b""
