"""
Connections between processes of one centre: a Unix socket on one machine, TLS 1.3 with certificates of the centre's own
authority on both sides between machines.

Decides who may connect and how a failure is called. What is said on a connection belongs to ``relay.control`` and
``signaling.peers``. Certificate files are read when a process starts; a restart takes new ones.
"""

import asyncio
import contextlib
import errno
import fnmatch
import hashlib
import logging
import os
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from relay.addresses import TLS, NetworkAddress, is_path, parse_network
from relay.network_config import NetworkConfig
from relay.refusals import Refusals

LINE_LIMIT = 1 << 20  # bytes; an SDP is 10 kB, a worker's whole state with 100 calls 30 kB
CONNECT_DEADLINE_S = 3.0
HANDSHAKE_DEADLINE_S = 5.0
CONNECTION_LIMIT = 128  # of one process; a centre has a handful of signaling processes
HANDSHAKE_LIMIT = 32  # connections that have not yet shown a certificate
HANDSHAKE_LIMIT_PER_HOST = 8  # a stranger must not keep the others out
#: A machine that lost its power says nothing: silent for IDLE, then asked COUNT times every INTERVAL (seconds).
KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT = 2, 1, 3
UNSENT_DEADLINE_MS = 5000  # TCP_USER_TIMEOUT (tcp(7)): the same for what was sent and never acknowledged
ACCEPT_PAUSE_S = 0.2  # out of file descriptors: not in a circle

#: X509_V_ERR_* (openssl verify(1)) -> code
_VERIFY_CODES = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "certificate_of_stranger",
    19: "certificate_of_stranger",
    20: "certificate_of_stranger",
    21: "certificate_of_stranger",
    62: "certificate_for_other_address",
    64: "certificate_for_other_address",
}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT}
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
log = logging.getLogger(__name__)


class CertificateNameError(ConnectionError):
    """Signed by the authority, and for nobody of this centre."""


def place_of(directory: Path) -> str:
    """
    :returns: the same for processes that reach each other's Unix sockets below ``directory``: one running kernel and
        one directory, made when it is not there. Containers with directories of their own are different places.
    :raises OSError: it cannot be made.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.stat()
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        kernel = socket.gethostname()
    return hashlib.blake2s(f"{kernel}:{found.st_dev}:{found.st_ino}".encode(), digest_size=8).hexdigest()


def failure_code(error: BaseException) -> str:
    """
    What went wrong with a connection, for programs and ``passerelle doctor``. The side that refuses a certificate knows
    why; the other one sees ``connection_lost``, since asyncio sends no TLS alert.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CODES.get(error.verify_code, "certificate_refused")
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    if isinstance(error, CertificateNameError):
        return "certificate_name"
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return "nobody_listens"
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in _UNREACHABLE):
        return "unreachable"
    return "connection_lost"


# --- connecting


class Dialer:
    """
    :param network: None: Unix sockets alone.
    :raises OSError: a certificate file cannot be read (``ssl.SSLError`` when it is none).
    """

    def __init__(self, network: NetworkConfig | None = None) -> None:
        self._names = network.names if network else ()
        self._context = _context(network, ssl.PROTOCOL_TLS_CLIENT) if network else None

    async def connect(
        self, address: str | Path, deadline_s: float = CONNECT_DEADLINE_S
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """:raises OSError: see :func:`failure_code`; TimeoutError is one."""
        async with asyncio.timeout(deadline_s):
            if is_path(str(address)):
                return await asyncio.open_unix_connection(str(address), limit=LINE_LIMIT)
            return await self._connect_tls(str(address))

    async def _connect_tls(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._context is None:
            raise OSError(errno.ENETUNREACH, "this machine has no network settings")
        try:
            where = parse_network(address, TLS)
        except ValueError:
            raise OSError(errno.EADDRNOTAVAIL, "not an address") from None
        reader, writer = await asyncio.open_connection(where.host, where.port, ssl=self._context, limit=LINE_LIMIT)
        try:
            _require_name(writer.transport, self._names)
        except CertificateNameError:
            writer.transport.abort()
            raise
        _notice_dead_machines(writer.get_extra_info("socket"))
        return reader, writer


# --- listening


class LineServer:
    """
    A Unix socket (mode 0600), and a TLS port when there is a network. A connection is ``serve``'s, then closed.

    :raises OSError: a certificate file cannot be read.
    """

    def __init__(self, path: Path, serve: Serve, network: NetworkConfig | None = None) -> None:
        self.path = path
        self._serve = serve
        self._server: asyncio.AbstractServer | None = None
        self._neighbours: set[asyncio.Task[None]] = set()
        self._port = SecurePort(network, serve) if network is not None and network.listen is not None else None

    @property
    def network_address(self) -> str | None:
        """What to announce to other machines, once started."""
        return self._port.address if self._port is not None else None

    async def start(self) -> None:
        """:raises OSError: the path or every port is taken."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._port is not None:
            self._port.start()
        listening = listen_at(self.path)
        self._server = await asyncio.start_unix_server(self._accept, sock=listening, limit=LINE_LIMIT)

    async def close(self) -> None:
        if self._port is not None:
            await self._port.close()
        if self._server is not None:
            self._server.close()
            self.path.unlink(missing_ok=True)
        for task in self._neighbours:
            task.cancel()
        await asyncio.gather(*self._neighbours, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_closing(self._serve, reader, writer))
        self._neighbours.add(task)
        task.add_done_callback(self._neighbours.discard)


class SecurePort:
    """
    Accepts TLS connections of this centre's machines. The accepting is done here, so that what has not yet shown a
    certificate is counted and bounded too.
    """

    def __init__(self, network: NetworkConfig, serve: Serve) -> None:
        self._network, self._serve = network, serve
        self._context = _context(network, ssl.PROTOCOL_TLS_SERVER)
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._handshakes: Counter[str] = Counter()
        self.refusals = Refusals("connections refused", log)

    @property
    def address(self) -> str | None:
        if self._socket is None:
            return None
        return str(NetworkAddress(TLS, self._network.announced, self._socket.getsockname()[1]))

    def start(self) -> None:
        """:raises OSError: every port is taken."""
        self._socket = bind_first_free(self._network, socket.SOCK_STREAM)
        self._socket.listen(HANDSHAKE_LIMIT)
        self._accepting = asyncio.create_task(self._accept(self._socket))

    async def close(self) -> None:
        tasks = [*self._connections, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            host = str(address[0])
            if self._is_full_for(host):
                self.refusals.add("too_many_connections", loop.time())
                connection.close()
                continue
            self._handshakes[host] += 1
            task = asyncio.create_task(self._talk(connection, host))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    def _is_full_for(self, host: str) -> bool:
        return (
            len(self._connections) >= CONNECTION_LIMIT
            or self._handshakes.total() >= HANDSHAKE_LIMIT
            or self._handshakes[host] >= HANDSHAKE_LIMIT_PER_HOST
        )

    async def _talk(self, connection: socket.socket, host: str) -> None:
        try:
            reader, writer = await self._shake_hands(connection)
        except (OSError, TimeoutError) as error:
            self.refusals.add(failure_code(error), asyncio.get_running_loop().time())
            connection.close()
            return
        finally:
            self._handshakes -= Counter((host,))
        await _closing(self._serve, reader, writer)

    async def _shake_hands(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """:raises OSError: no certificate of this centre, or no TLS at all."""
        loop = asyncio.get_running_loop()
        _notice_dead_machines(connection)
        reader = asyncio.StreamReader(limit=LINE_LIMIT, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        async with asyncio.timeout(HANDSHAKE_DEADLINE_S + 1.0):
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_DEADLINE_S
            )
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            _require_name(transport, self._network.names)
        except CertificateNameError:
            transport.abort()
            raise
        return reader, writer


def listen_at(path: Path) -> socket.socket:
    """
    Whoever finds the path can connect: it is there, with its rights, once the socket listens. What was there goes.

    :raises OSError: it cannot be made.
    """
    beginning = path.with_name(f"~{os.getpid():x}")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        beginning.unlink(missing_ok=True)
        listening.bind(str(beginning))
        beginning.chmod(0o600)
        listening.listen(HANDSHAKE_LIMIT)
        beginning.replace(path)
    except OSError:
        listening.close()
        beginning.unlink(missing_ok=True)
        raise
    return listening


async def _closing(serve: Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await serve(reader, writer)
    except Exception:  # one connection's fault must not end the others, nor go unseen
        log.exception("connection failed")
    finally:
        writer.close()


def bind_first_free(network: NetworkConfig, kind: socket.SocketKind) -> socket.socket:
    """
    :returns: not blocking, not yet listening, on the first free port of the network's range.
    :raises OSError: none is free, or the address is not this machine's.
    """
    assert network.listen is not None
    family = socket.AF_INET6 if ":" in network.listen else socket.AF_INET
    first, last = network.ports
    for port in range(first, last + 1):
        found = socket.socket(family, kind)
        try:
            if kind is socket.SOCK_STREAM:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.setblocking(False)
            found.bind((network.listen, port))
            if kind is socket.SOCK_STREAM:
                found.listen(HANDSHAKE_LIMIT)  # two sockets may be bound with SO_REUSEADDR; one of them may listen
        except OSError as error:
            found.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return found
    raise OSError(errno.EADDRINUSE, f"no free port between {first} and {last}")


# --- certificates


def _context(network: NetworkConfig, protocol: int) -> ssl.SSLContext:
    """The centre's authority alone, no public one; both sides show a certificate."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=str(network.ca_file))
    context.load_cert_chain(str(network.certificate_file), str(network.key_file))
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0  # a resumed session would outlive a certificate
    return context


def _require_name(transport: Any, patterns: Iterable[str]) -> None:
    """:raises CertificateNameError: none of the certificate's names is one of the centre's."""
    certificate = transport.get_extra_info("peercert") or {}
    names = [name for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS"]
    if not any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns):
        raise CertificateNameError("certificate of no machine of this centre")


def _notice_dead_machines(connection: Any) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_COUNT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_DEADLINE_MS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
