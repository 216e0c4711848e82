"""
Do the STUN and TURN servers answer, and do they take our credential? Asked from this machine as a browser would ask.

A server that cannot be reached from here may still serve the pages: what is found is told, never acted upon.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from aioice import stun, turn

from relay.model import IceServer
from signaling.ice_servers import IceServers, read_url

IceProblem = Literal["unknown_host", "unreachable", "silent", "certificate", "credential", "full", "refused"]
DEADLINE_S = 2.0
ALLOCATION_S = 600  # RFC 8656 §7.2's default; given back at once
PERIOD_S = 60.0
FIRST_ANSWER_S = 0.3
_UNAUTHORIZED = frozenset({401, 403, 438, 441})  # RFC 8656 §18: Unauthorized, Forbidden, Stale Nonce, Wrong Credentials
_FULL = frozenset({486, 508})  # Allocation Quota Reached, Insufficient Capacity


class Answer(NamedTuple):
    """:param problem: None: it answers, a TURN server with a relay address."""

    url: str
    problem: IceProblem | None


async def ask_all(servers: Sequence[IceServer]) -> list[Answer]:
    """All at once, in at most ``DEADLINE_S``."""
    asked = [(server, url) for server in servers for url in server.urls]
    found = await asyncio.gather(*(_problem(server, url) for server, url in asked))
    return [Answer(url, problem) for (_, url), problem in zip(asked, found, strict=True)]


async def _problem(server: IceServer, url: str) -> IceProblem | None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            await _ask(server, url)
    except (TimeoutError, stun.TransactionTimeout):
        return "silent"
    except stun.TransactionFailed as error:
        code = error.response.error_code
        return "credential" if code in _UNAUTHORIZED else "full" if code in _FULL else "refused"
    except ssl.SSLCertVerificationError:
        return "certificate"
    except OSError as error:
        return "unknown_host" if isinstance(error, socket.gaierror) else "unreachable"
    return None


async def _ask(server: IceServer, url: str) -> None:
    scheme, host, port, transport = read_url(url)
    if scheme == "stun":
        await _bind(host, port)
        return
    relay, released = await turn.create_turn_endpoint(
        _Released,
        (host, port),
        server.username,
        server.credential,
        lifetime=ALLOCATION_S,
        ssl=scheme == "turns" or None,
        transport=transport,
    )
    relay.close()
    with contextlib.suppress(TimeoutError):  # it answered: what counts is known
        await asyncio.wait_for(released.done.wait(), DEADLINE_S / 4)


async def _bind(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    transport, probe = await loop.create_datagram_endpoint(_BindingProbe, remote_addr=(host, port))
    try:
        await probe.run(transport, (host, port))
    finally:
        transport.close()


class _Released(asyncio.DatagramProtocol):
    """Nothing is relayed; knows when the allocation was given back."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def connection_lost(self, _error: Exception | None) -> None:
        self.done.set()


class _BindingProbe(asyncio.DatagramProtocol):
    """One STUN Binding request (RFC 8489 §2), repeated until it is answered."""

    def __init__(self) -> None:
        self._request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        self._transaction: stun.Transaction | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        with contextlib.suppress(ValueError):
            message = stun.parse_message(data)
            if self._transaction is not None and message.transaction_id == self._request.transaction_id:
                self._transaction.response_received(message, address)

    def error_received(self, error: Exception) -> None:
        if not self._refused.done():
            self._refused.set_exception(error)

    def send_stun(self, message: stun.Message, _address: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(bytes(message))

    async def run(self, transport: asyncio.DatagramTransport, address: tuple[str, int]) -> None:
        """:raises OSError: the host says that nobody is there. :raises stun.TransactionError: a refusal, or silence."""
        self._transport, self._transaction = transport, stun.Transaction(self._request, address, self)
        answer = asyncio.ensure_future(self._transaction.run())
        either: set[asyncio.Future[Any]] = {answer, self._refused}
        try:
            done, _ = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            answer.cancel()
            self._refused.cancel()


class IceHealth:
    """
    For ``/readyz``, which must answer at once: what was found within the last minute, else what is known so far.

    :param clock: monotonic seconds.
    """

    def __init__(self, servers: IceServers, clock: Callable[[], float] = time.monotonic) -> None:
        self._servers, self._clock = servers, clock
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[list[Answer]] | None = None
        self._known: str | None = "unknown"

    async def __call__(self) -> str | None:
        """:returns: None: all well or none configured, else the problems' codes."""
        if self._asking is None and self._clock() - self._asked_at >= PERIOD_S:
            self._asked_at = self._clock()
            self._asking = asyncio.create_task(ask_all(self._servers.for_page()))
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=FIRST_ANSWER_S)
        if self._asking is not None and self._asking.done():
            done, self._asking = self._asking, None
            problems = {answer.problem for answer in done.result() if answer.problem is not None}
            self._known = ", ".join(sorted(problems)) or None
        return self._known
