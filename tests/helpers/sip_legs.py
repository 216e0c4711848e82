"""A SIP stack with legs that write down what happens to them, for tests against :mod:`tests.helpers.sipp_script`."""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from relay.phone.leg import DialogConfig, Invite, LegEvent
from relay.phone.sdp import LocalAudio
from relay.phone.sippy_adapter import SippyStack, StackConfig
from relay.phone.sippy_calls import IncomingSippyLeg, OutgoingLeg
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import Sipp, sipp, until
from tests.helpers.sipp_script import Script
from tests.helpers.tls_front import client_tls, server_tls

HOST = "127.0.0.1"
NUMBER = "+33199000002"


def audio() -> LocalAudio:
    return LocalAudio(HOST, 40_000, secrets.randbits(31))


class Line:
    """A leg with everything it told."""

    def __init__(self) -> None:
        self.events: list[LegEvent] = []
        self.leg: Any = None

    def hear(self, event: LegEvent) -> None:
        self.events.append(event)

    def all(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type, count: int = 1) -> Any:
        """:returns: the last event of this kind, once there are so many."""
        await until(lambda: len(self.all(kind)) >= count, 30)
        return self.all(kind)[-1]


class Legs:
    def __init__(self, config: StackConfig) -> None:
        self.port = config.port
        self.incoming: list[Line] = []
        self.on_incoming: Callable[[IncomingSippyLeg], object] = lambda leg: leg.answer(audio())
        self.stack = SippyStack(config, self._on_incoming)
        self._tasks: set[asyncio.Future[Any]] = set()

    def dial(self, port: int, **options: Any) -> Line:
        line = Line()
        number = options.pop("number", NUMBER)
        transport, sound = options.pop("transport", "udp"), options.pop("audio", None) or audio()
        invite = Invite(number, HOST, (HOST, port), transport, HOST, sound, **options)
        line.leg = self.stack.dial(invite, line.hear)
        return line

    def _on_incoming(self, leg: IncomingSippyLeg, *_: object) -> None:
        line = Line()
        line.leg = leg
        leg.listen(line.hear)
        self.incoming.append(line)
        found = self.on_incoming(leg)
        if isinstance(found, Awaitable):
            task = asyncio.ensure_future(found)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


@contextlib.asynccontextmanager
async def legs(
    dialog: DialogConfig | None = None, *, trunk: str = "", certificate: Path | None = None
) -> AsyncIterator[Legs]:
    """
    Over UDP and TCP, and with a certificate over TLS.

    :param trunk: name of the trunk that this machine is; empty: a known host without a trunk.
    """
    found = Legs(
        StackConfig(
            HOST,
            free_port(),
            transports=frozenset({"udp", "tcp", "tls"} if certificate else {"udp", "tcp"}),
            tls_port=free_port(),
            client_tls=client_tls(certificate) if certificate else None,
            server_tls=server_tls(certificate) if certificate else None,
            known_hosts=frozenset(() if trunk else {HOST}),
            dialog=dialog or DialogConfig(),
        )
    )
    if trunk:
        found.stack.peers.know(frozenset({HOST}), trunk)
    await found.stack.start()
    try:
        yield found
    finally:
        await found.stack.close(0.5)


@contextlib.asynccontextmanager
async def playing(script: Script, *, calls: int | None = None, **options: Any) -> AsyncIterator[Sipp]:
    """:param calls: port that it calls; None: it waits to be called."""
    with tempfile.TemporaryDirectory(prefix="psr-script-") as folder:
        async with sipp(script.write(Path(folder)), calls=calls, **options) as peer:
            yield peer


async def answered(legs: Legs, peer: Sipp, **options: Any) -> Line:
    from relay.phone.leg import Answered

    line = legs.dial(peer.port, **options)
    await line.until(Answered)
    return line


async def played(peer: Sipp) -> None:
    assert await peer.passed(40), peer.why()


__all__ = ["HOST", "NUMBER", "Legs", "Line", "OutgoingLeg", "answered", "audio", "legs", "played", "playing"]
