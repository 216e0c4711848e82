"""A page as a program: it comes back by itself, to any process, as the real pages do."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from signaling.auth import SESSION_COOKIE

SILENT_S = 3.0  # nothing heard for so long: the page connects anew
ANSWER_S = 8.0
AWAY_S = (0.1, 0.8)  # before a page comes back
FRESH_S = 2.0
Message = dict[str, Any]


class Page:
    """
    :param urls: of all processes: each connection goes to one of them, as a proxy in front would choose.
    :param chance: of this page alone.
    """

    role = ""

    def __init__(
        self, http: aiohttp.ClientSession, urls: Sequence[str], name: str, token: str, chance: random.Random
    ) -> None:
        self.name, self.chance = name, chance
        self._http, self._urls, self._token = http, urls, token
        self._resume: str | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._refs = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._news = asyncio.Event()
        self.heard_at = 0.0
        self.welcomed_at = 0.0
        self.connections = 0

    @property
    def is_fresh(self) -> bool:
        """Connected, and what it shows is of now."""
        return self._socket is not None and time.monotonic() - self.heard_at < FRESH_S

    async def stay_connected(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ConnectionError):
                await self._connection()
            self._gone()
            await asyncio.sleep(self.chance.uniform(*AWAY_S))

    async def _connection(self) -> None:
        url = self.chance.choice(self._urls)
        cookie = {"Cookie": f"{SESSION_COOKIE}={self._token}"}
        async with asyncio.timeout(SILENT_S):
            socket = await self._http.ws_connect(f"{url}/ws", origin=url, headers=cookie)
        try:
            hello: Message = {"type": "hello", "role": self.role, "device": f"device-{self.name}"}
            await socket.send_json(hello | ({"resume_token": self._resume} if self._resume else {}))
            self.connections += 1
            pinging = asyncio.create_task(self._ping(socket))
            try:
                while True:
                    frame = await socket.receive(SILENT_S)
                    if frame.type is not aiohttp.WSMsgType.TEXT:
                        return
                    self._hear(frame.json(), socket)
            finally:
                pinging.cancel()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while True:
                await socket.send_json({"type": "ping"})
                await asyncio.sleep(1.0)

    def _hear(self, message: Message, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.heard_at = time.monotonic()
        if message["type"] == "welcome":
            self._resume, self.welcomed_at = message["resume_token"], time.monotonic()
            self._socket = socket
        answer = self._answers.get(message.get("re") or "")
        if answer is not None and not answer.done():
            answer.set_result(message)
        self.on(message)
        self._news.set()

    def on(self, message: Message) -> None:
        """Overridden: what this page keeps of a message."""

    def _gone(self) -> None:
        self._socket = None
        for answer in self._answers.values():
            answer.cancel()
        self._news.set()

    def drop(self) -> None:
        """As a lost network would: the socket is cut without a word."""
        transport = self._socket._response.connection if self._socket else None  # aiohttp has no other way
        if transport is not None and transport.transport is not None:
            transport.transport.abort()

    async def ask(self, type_: str, /, **fields: Any) -> Message | None:
        """:returns: the ``ok`` or ``error``; None: nobody knows whether it was done."""
        socket, ref = self._socket, f"r{next(self._refs)}"
        if socket is None:
            return None
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            await socket.send_json({"type": type_, "ref": ref, **fields})
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except (TimeoutError, ConnectionError, aiohttp.ClientError):
            return None
        except asyncio.CancelledError:
            if answer.cancelled() and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
                return None  # the connection went
            raise
        finally:
            del self._answers[ref]

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """:returns: False: not within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.5):  # some conditions change with time alone
                            await self._news.wait()
                return True
        return False
