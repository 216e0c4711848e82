"""A SIPp speaks no TLS: between it and us, this speaks TLS in its place."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from tests.helpers.ports import free_port

HOST = "127.0.0.1"
BYTES = 65_536


def client_tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


class TlsFront:
    """
    :param sipp: TCP port of the SIPp, which it writes into Contact; in its place we read that of the front.
    :param called: our TLS port, when the SIPp calls; None: it is called.
    """

    def __init__(self, certificate: Path, sipp: int, called: int | None = None) -> None:
        self._certificate, self._sipp, self._called = certificate, sipp, called
        self._own = free_port()  # our connection's, when the SIPp calls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        tls = server_tls(self._certificate) if self._called is None else None
        self._server = await asyncio.start_server(self._joined, HOST, 0, ssl=tls)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._called is None:
            from_sipp, to_sipp = await asyncio.open_connection(HOST, self._sipp)
            from_us, to_us = reader, writer
            shown = self.port
        else:
            from_us, to_us = await asyncio.open_connection(
                HOST, self._called, ssl=client_tls(self._certificate), local_addr=(HOST, self._own)
            )
            from_sipp, to_sipp = reader, writer
            shown = self._own
        ours = b"%s:%d;transport=TCP" % (HOST.encode(), self._sipp), b"%s:%d;transport=TLS" % (HOST.encode(), shown)
        for pump in (_pump(from_sipp, to_us, ours), _pump(from_us, to_sipp)):
            task = asyncio.create_task(pump)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rewritten: tuple[bytes, bytes] = (b"", b"")
) -> None:
    try:
        while data := await reader.read(BYTES):
            writer.write(data.replace(*rewritten) if rewritten[0] else data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def tls_front(certificate: Path, sipp: int, called: int | None = None) -> AsyncIterator[TlsFront]:
    front = TlsFront(certificate, sipp, called)
    await front.start()
    try:
        yield front
    finally:
        await front.close()
