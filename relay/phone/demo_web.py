"""
The page of the demonstration phone: shows what rings, lets a person answer, call, hear, speak, press keys, hang up.

One WebSocket per page: JSON for calls and buttons, binary frames for sound (PCM16 little-endian, 8 kHz, mono). Loopback
names only, and the WebSocket takes pages of its own origin only, so that no web site can pick up the receiver.
"""

import asyncio
import contextlib
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler

from relay.phone.demo_calls import DemoCall, DemoPhone, ReceivedCall
from relay.phone.rtp_packets import DTMF_DIGITS

FILES = Path(__file__).parent / "demo_page"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MESSAGE_LIMIT = 16_384  # bytes: a second of sound
PAGES_LIMIT = 20
HEARTBEAT_S = 15.0
SOUND_EVERY_S = 0.02
WRONG_NUMBER = 404
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
log = logging.getLogger(__name__)


class DemoPage:
    def __init__(self, phone: DemoPhone) -> None:
        self._phone = phone
        self._pages: set[_Page] = set()
        self._runner: web.AppRunner | None = None
        phone.on_change = self._tell_all

    async def start(self) -> None:
        """:raises OSError: the port is taken."""
        app = web.Application(middlewares=[_loopback_only], client_max_size=MESSAGE_LIMIT)
        app.router.add_get("/", self._index)
        app.router.add_get("/calls.json", self._calls)
        app.router.add_get("/ws", self._websocket)
        app.router.add_static("/files", FILES)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        config = self._phone.config
        await web.TCPSite(self._runner, config.http_host, config.http_port).start()

    async def close(self) -> None:
        for page in list(self._pages):
            await page.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(FILES / "index.html")

    async def _calls(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": [call.summary() for call in self._phone.calls.values()]})

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="origin")
        if len(self._pages) >= PAGES_LIMIT:
            raise web.HTTPServiceUnavailable(text="too many pages")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_LIMIT)
        await socket.prepare(request)
        page = _Page(self._phone, socket)
        self._pages.add(page)
        try:
            await page.serve()
        finally:
            self._pages.discard(page)
        return socket

    def _tell_all(self) -> None:
        for page in self._pages:
            page.tell()


class _Page:
    """One open page. It holds at most one call; closing it hangs up, as putting down a receiver does."""

    def __init__(self, phone: DemoPhone, socket: web.WebSocketResponse) -> None:
        self._phone = phone
        self._socket = socket
        self._call: DemoCall | None = None
        self._failed: int | None = None  # SIP code, told once
        self._news = asyncio.Event()

    def tell(self) -> None:
        self._news.set()

    async def serve(self) -> None:
        self.tell()
        sender = asyncio.create_task(self._send())
        try:
            async for message in self._socket:
                if message.type == WSMsgType.BINARY and self._call is not None:
                    self._call.page.said(message.data)
                elif message.type == WSMsgType.TEXT:
                    await self._command(message.data)
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            if self._call is not None:
                self._call.hang_up()

    async def close(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.close(code=1001)

    async def _command(self, text: str) -> None:
        """Anything that is not a command of ours is left unanswered."""
        try:
            command = json.loads(text)
            call = self._phone.calls.get(command["call"])
            kind, digits, number = command["type"], str(command.get("digits", "")), str(command.get("number", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if kind == "call" and self._call is None:
            await self._place(number)
        if call is None or call.behaviour.kind != "person":
            return
        if isinstance(call, ReceivedCall) and kind == "answer" and self._call is None:
            await self._answer(call)
        elif isinstance(call, ReceivedCall) and kind == "decline" and call.state == "ringing":
            call.decline()
        elif kind == "hang_up" and call is self._call:
            call.hang_up()
        elif kind == "dtmf" and call is self._call and 0 < len(digits) <= 8 and set(digits) <= set(DTMF_DIGITS):
            call.press(digits)

    async def _answer(self, call: ReceivedCall) -> None:
        if call.state != "ringing":
            return
        self._call = call
        try:
            await call.answer()
        except OSError:
            call.hang_up()

    async def _place(self, number: str) -> None:
        call = self._call = self._phone.new_call(number)
        if call is None:
            self._failed = WRONG_NUMBER
            self.tell()
        else:
            await self._phone.place(call)

    async def _send(self) -> None:
        """News when there are, sound every 20 ms while a call is held."""
        with contextlib.suppress(ConnectionError):
            while True:
                if self._call is not None and self._call.state == "ended":
                    self._failed = self._call.sip_code
                    self._call = None
                    self.tell()
                if self._news.is_set():
                    self._news.clear()
                    state, self._failed = self._state(), None
                    await self._socket.send_str(json.dumps(state))
                if self._call is None:
                    await self._news.wait()
                else:
                    while self._call.page.to_page:
                        await self._socket.send_bytes(self._call.page.to_page.popleft())
                    await asyncio.sleep(SOUND_EVERY_S)

    def _state(self) -> dict[str, Any]:
        calls = [
            {"id": call.id, "number": call.number, "caller": call.caller, "state": call.state, "digits": call.digits}
            for call in self._phone.calls.values()
            if call.behaviour.kind == "person"
        ]
        mine = self._call.id if self._call is not None else None
        return {"type": "calls", "calls": calls, "mine": mine, "failed": self._failed}


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A name of somewhere else in Host would be DNS rebinding."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK_NAMES:
        raise web.HTTPForbidden(text="host")
    response = await handler(request)
    if not response.prepared:
        response.headers.update(HEADERS)
    return response
