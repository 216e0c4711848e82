"""
Real signaling processes in the test's own event loop, or as processes that can be killed: real Redis, real SQLite,
real WebSockets.
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from interpreter_queue.config import QueueConfig
from signaling.app import serve
from signaling.config import SignalingConfig
from signaling.records import Records
from signaling.records.bootstrap import ensure_reserved_brands
from tests.helpers.ports import free_port
from tests.helpers.redis_server import RedisServer, redis_server

DEADLINE_S = 45.0


@dataclass
class ControlPlane:
    """One signaling process and what it needs. ``stop_signaling`` and ``start_signaling`` restart it alone."""

    redis: RedisServer
    config: SignalingConfig
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self.config.public_url

    async def start_signaling(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(serve(self.config, self._stop))
        async with asyncio.timeout(DEADLINE_S):
            while not await self._healthy():
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.02)

    async def stop_signaling(self) -> None:
        if self._task is not None:
            self._stop.set()
            await asyncio.wait_for(self._task, DEADLINE_S)
            self._task = None

    def beside(self) -> "ControlPlane":
        """:returns: another process of the same centre, not yet started."""
        port = free_port()
        config = replace(
            self.config,
            http_port=port,
            public_url=f"http://127.0.0.1:{port}",
            allowed_origins=(),
            instance_id=f"test-{secrets.token_hex(4)}",
        )
        return ControlPlane(self.redis, config)

    async def checks(self) -> dict[str, str]:
        """What ``/readyz`` says of each part."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/readyz") as response:
            checks: dict[str, str] = (await response.json())["checks"]
            return checks

    async def _healthy(self) -> bool:
        async with aiohttp.ClientSession() as http:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{self.url}/healthz") as response:
                    return response.status == 200
        return False


@contextlib.asynccontextmanager
async def control_plane(**settings: Any) -> AsyncIterator[ControlPlane]:
    """:param settings: of ``SignalingConfig``; short times suit tests."""
    directory = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    port = free_port()
    try:
        async with redis_server() as redis:
            config = SignalingConfig(
                data_dir=directory,
                redis_url=redis.url,
                http_port=port,
                public_url=f"http://127.0.0.1:{port}",
                queue=settings.pop("queue", QueueConfig()),
                **{
                    "call_lease_s": 2.0,
                    "line_grace_s": settings.get("signer_grace_s", 120.0),
                    "heartbeat_timeout_s": 300.0,  # these pages send no beats
                    **settings,
                },
            )
            async with Records(config.database_url) as records:
                await ensure_reserved_brands(records, with_demo=True)
            plane = ControlPlane(redis, config)
            await plane.start_signaling()
            try:
                yield plane
            finally:
                await plane.stop_signaling()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class KillableProcess(ControlPlane):
    """The same as a process of its own (``passerelle signaling``), made by :meth:`beside` a running one."""

    _process: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> dict[str, object]:
        """Of the process, by the ends of their variables' names."""
        config = self.config
        return {
            "DATA_DIR": config.data_dir,
            "REDIS_URL": config.redis_url,
            "HTTP_PORT": config.http_port,
            "PUBLIC_URL": config.public_url,
            "OPERATOR_TOKEN": config.operator_token,
            "SECRET_KEY": config.secret_key,
            "CALL_LEASE_S": config.call_lease_s,
            "SIGNER_GRACE_S": config.signer_grace_s,
            "LINE_GRACE_S": config.line_grace_s,
            "AGENT_GRACE_S": config.agent_grace_s,
            "QUEUE_ALERT_S": config.queue.alert_s,
            "HEARTBEAT_TIMEOUT_S": config.heartbeat_timeout_s,
        }

    async def start_signaling(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
        environ |= {f"PASSERELLE_{name}": str(value) for name, value in self.settings.items()}
        command = (str(Path(sys.executable).with_name("passerelle")), "signaling")
        self._process = await asyncio.create_subprocess_exec(
            *command, env=environ, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(DEADLINE_S):
            while not await self._healthy():
                assert self._process.returncode is None
                await asyncio.sleep(0.05)

    async def stop_signaling(self) -> None:
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def hang(self, hung: bool) -> None:
        """Neither dead nor alive, until told otherwise."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP if hung else signal.SIGCONT)


class RawPage:
    """A page that can also misbehave: sends any text, keeps every message."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self._refs = itertools.count(1)
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self.socket:
            self.messages.append(json.loads(frame.data))
            self._changed.set()
        self._changed.set()

    async def send(self, type_: str, /, **fields: Any) -> None:
        await self.socket.send_json({"type": type_, **fields})

    async def ask(self, type_: str, /, **fields: Any) -> dict[str, Any]:
        """:returns: the ``ok``, ``pong`` or ``error`` that answers."""
        ref = f"r{next(self._refs)}"
        await self.send(type_, ref=ref, **fields)
        return await self.wait(lambda message: message.get("re") == ref)

    async def wait(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest message that fits, else the next."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found = [message for message in self.messages if fits(message)]
                if found:
                    return found[-1]
                if self.socket.closed:
                    raise ConnectionError("closed")
                self._changed.clear()
                await self._changed.wait()

    async def of_type(self, kind: str) -> dict[str, Any]:
        return await self.wait(lambda message: message["type"] == kind)

    async def state(self, name: str) -> dict[str, Any]:
        """Wait until the newest ``call.state`` says so."""
        await self.wait(lambda message: message["type"] == "call.state" and message["state"] == name)
        return self.call

    @property
    def call(self) -> dict[str, Any]:
        newest: dict[str, Any] = [each for each in self.messages if each["type"] == "call.state"][-1]
        return newest

    def newest(self, type_: str) -> dict[str, Any] | None:
        return next((message for message in reversed(self.messages) if message["type"] == type_), None)

    def errors(self) -> list[str]:
        return [message["code"] for message in self.messages if message["type"] == "error"]

    async def close(self) -> None:
        await self.socket.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Browser:
    """Opens pages; closes them all at the end."""

    def __init__(self, plane: ControlPlane, http: aiohttp.ClientSession) -> None:
        self.plane, self._http = plane, http
        self._pages: list[RawPage] = []

    async def open(self, query: str = "", **options: Any) -> RawPage:
        options.setdefault("origin", self.plane.url)
        page = RawPage(await self._http.ws_connect(f"{self.plane.url}/ws{query}", max_msg_size=1 << 20, **options))
        self._pages.append(page)
        return page

    async def rehearsal(self, role: str, **hello: Any) -> RawPage:
        page = await self.open()
        await page.send("hello", role=role, operator_token=self.plane.config.operator_token, **hello)
        await page.of_type("welcome")
        return page

    async def visitor(self, brand: str = "demo-mairie", **hello: Any) -> RawPage:
        page = await self.open()
        await page.send("hello", role="signer", brand=brand, **hello)
        await page.of_type("welcome")
        return page

    async def close(self) -> None:
        for page in self._pages:
            await page.close()


@contextlib.asynccontextmanager
async def browser(plane: ControlPlane) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        opened = Browser(plane, http)
        try:
            yield opened
        finally:
            await opened.close()
