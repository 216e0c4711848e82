"""
One page's WebSocket, as a program: sends typed messages, keeps the last ``call.state``, lets others wait for messages.

Decides nothing about the course of a call.
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import TypeVar

import aiohttp
from pydantic import ValidationError

from signaling.call_terms import CallState, PageRole
from signaling.messages import AnyServerMessage, ServerMessageAdapter
from signaling.messages.base import ClientMessage
from signaling.messages.call_state import CallStateMessage
from signaling.messages.session import Error, Hello, Ok, Ping, Pong, Welcome
from signaling.messages.visibility import VisibilityMessage

M = TypeVar("M")
KEPT_MESSAGES = 500  # for waits that begin after the message came; the newest stay
REPLY_DEADLINE_S = 10.0


class RehearsalError(Exception):
    """
    A step that did not come about.

    :param code: ``timeout``, ``closed``, or the service's own error code.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnreachableError(Exception):
    """No service answers at this address."""


class PageClient:
    """
    A page of ``role``. Use as an asynchronous context manager: it says hello on entry and closes on exit.

    :param http: shared session, closed by its owner.
    :param url: origin of the service, e.g. ``http://127.0.0.1:8080``.
    :param on_message: called with every message, in order, before any waiter wakes.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        role: PageRole,
        on_message: Callable[[AnyServerMessage], None] = lambda message: None,
    ) -> None:
        self.role = role
        self._http, self._url, self._token = http, url.rstrip("/"), token
        self._on_message = on_message
        self._refs = itertools.count(1)
        self._waiters: list[tuple[Callable[[AnyServerMessage], bool], asyncio.Future[AnyServerMessage]]] = []
        self._kept: deque[AnyServerMessage] = deque(maxlen=KEPT_MESSAGES)
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.welcome: Welcome | None = None
        self.call: CallStateMessage | None = None
        self.states: list[tuple[float, CallState]] = []  # (monotonic s, state), changes only
        self.visibility_levels: list[str] = []
        self.visibility_advice: Counter[str] = Counter()
        self.error_codes: list[str] = []

    async def __aenter__(self) -> "PageClient":
        await self._open(None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        return self._socket is not None and not self._socket.closed

    async def reopen(self) -> Welcome:
        """
        After :meth:`close`: the same page again, by its resume token, as after a reload. It knows nothing but that.

        :raises UnreachableError: it was not let in.
        """
        token = self.welcome.resume_token if self.welcome is not None else None
        self._kept.clear()
        self.call = None
        return await self._open(token)

    async def _open(self, resume_token: str | None) -> Welcome:
        address = self._url.replace("http", "ws", 1) + "/ws"
        try:
            async with asyncio.timeout(REPLY_DEADLINE_S):
                self._socket = await self._http.ws_connect(address, origin=self._url, max_msg_size=1 << 20)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnreachableError(f"{self._url} : {type(error).__name__}") from error
        self._tasks.append(asyncio.create_task(self._read(self._socket), name=f"{self.role}-read"))
        try:
            await self.send(Hello(role=self.role, operator_token=self._token, resume_token=resume_token))
            greeting = await self.wait(
                lambda message: isinstance(message, (Welcome, Error)), REPLY_DEADLINE_S, "l’accueil du service"
            )
        except RehearsalError as error:
            await self.close()
            raise UnreachableError(f"{self._url} : {error}") from error
        if not isinstance(greeting, Welcome):
            await self.close()
            raise UnreachableError(f"{self._url} : accès refusé ({self.error_codes[-1]})")
        self.welcome = greeting
        self._tasks.append(asyncio.create_task(self._beat(greeting.heartbeat_s), name=f"{self.role}-beat"))
        return greeting

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def send(self, message: ClientMessage) -> None:
        if self._socket is None or self._socket.closed:
            raise RehearsalError("closed", f"{self.role} : connexion fermée")
        try:
            await self._socket.send_str(message.model_dump_json(exclude_none=True))
        except ConnectionError as error:
            raise RehearsalError("closed", f"{self.role} : connexion rompue") from error

    async def ask(self, message: ClientMessage, deadline_s: float = REPLY_DEADLINE_S) -> None:
        """
        Send and wait for the answer.

        :raises RehearsalError: the service refused (its code), or did not answer in time.
        """
        ref = f"{self.role}-{next(self._refs)}"
        await self.send(message.model_copy(update={"ref": ref}))
        reply = await self.wait(lambda got: isinstance(got, (Ok, Error, Pong)) and got.re == ref, deadline_s, "réponse")
        if isinstance(reply, Error):
            raise RehearsalError(reply.code, f"{self.role} : {reply.code}")

    async def refusal(self, message: ClientMessage) -> str | None:
        """
        Ask for what must be refused.

        :returns: the service's code, which then counts as no error; None: it was taken.
        """
        try:
            await self.ask(message)
        except RehearsalError as error:
            if error.code in self.error_codes:
                self.error_codes.remove(error.code)
            return error.code
        return None

    async def wait(self, fits: Callable[[AnyServerMessage], bool], timeout: float, what: str) -> AnyServerMessage:
        """
        The newest message kept that fits, else the next one.

        :raises RehearsalError: ``timeout`` after that many seconds, ``closed`` when the connection ends first.
        """
        for message in reversed(self._kept):
            if fits(message):
                return message
        future: asyncio.Future[AnyServerMessage] = asyncio.get_running_loop().create_future()
        self._waiters.append((fits, future))
        if self._socket is None or self._socket.closed:
            future.set_exception(RehearsalError("closed", f"{self.role} : connexion fermée"))
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise RehearsalError("timeout", f"{self.role} : {what} attendu {timeout:g} s en vain") from None
        finally:
            self._waiters = [waiter for waiter in self._waiters if waiter[1] is not future]

    async def wait_for(self, kind: type[M], timeout: float, fits: Callable[[M], bool] = lambda message: True) -> M:
        got = await self.wait(lambda message: isinstance(message, kind) and fits(message), timeout, kind.__name__)
        assert isinstance(got, kind)
        return got

    async def wait_call(
        self, fits: Callable[[CallStateMessage], bool], timeout: float, what: str = "état de l’appel"
    ) -> CallStateMessage:
        """The call as it is now, when it fits, else the next state that does."""
        if self.call is not None and fits(self.call):
            return self.call
        known = self.call
        got = await self.wait(
            lambda message: isinstance(message, CallStateMessage) and message is not known and fits(message),
            timeout,
            what,
        )
        assert isinstance(got, CallStateMessage)
        return got

    def forget(self, kind: type[AnyServerMessage]) -> None:
        """Earlier messages of this kind must not satisfy the next wait."""
        self._kept = deque((message for message in self._kept if not isinstance(message, kind)), KEPT_MESSAGES)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                message = ServerMessageAdapter.validate_json(frame.data)
            except ValidationError:
                self.error_codes.append("unknown_server_message")
                continue
            self._take(message)
        for _, future in self._waiters:
            if not future.done():
                future.set_exception(RehearsalError("closed", f"{self.role} : le service a fermé la connexion"))

    def _take(self, message: AnyServerMessage) -> None:
        self._note(message)
        self._on_message(message)
        for fits, future in self._waiters:
            if not future.done() and fits(message):
                future.set_result(message)

    def _note(self, message: AnyServerMessage) -> None:
        if isinstance(message, VisibilityMessage) and message.whose == "signer":
            self.visibility_levels.append(message.level)
            self.visibility_advice[message.advice] += 1
        elif isinstance(message, CallStateMessage):
            if not self.states or self.states[-1][1] is not message.state:
                self.states.append((time.monotonic(), message.state))
            self.call = message
        else:
            if isinstance(message, Error):
                self.error_codes.append(message.code)
            self._kept.append(message)

    async def _beat(self, heartbeat_s: float) -> None:
        with contextlib.suppress(RehearsalError, ConnectionError):
            while True:
                await asyncio.sleep(heartbeat_s)
                await self.send(Ping())
