"""
A hearing person who calls the relay: the demonstration phone, told by its page's WebSocket, with a tone for a voice.

What it hears is measured by the demonstration phone itself (``phone_ear``); here only whether it hears anything.
"""

import asyncio
import contextlib
import json
import time

import aiohttp
import numpy as np

from relay.audio import PHONE_FRAME, PHONE_RATE, level_dbfs, sine
from signaling.rehearsal.client import RehearsalError

FRAME_S = PHONE_FRAME / PHONE_RATE
AUDIBLE_DBFS = -45.0


class CallerPhone:
    """:param url: of the demonstration phone's page (``Welcome.demo_phone_url``). :param hz: its voice."""

    def __init__(self, http: aiohttp.ClientSession, url: str, hz: float) -> None:
        self._http, self._url, self._hz = http, url.rstrip("/"), hz
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._call: str | None = None
        self.has_heard = False

    async def call(self, number: str) -> None:
        """:param number: digits. :raises RehearsalError: the demonstration phone cannot be had."""
        try:
            self._socket = await self._http.ws_connect(self._url + "/ws", origin=self._url)
            await self._send("call", number=number)
        except (aiohttp.ClientError, OSError) as error:
            raise RehearsalError("no_demo_phone", "le téléphone de démonstration ne répond pas") from error
        self._tasks = [asyncio.create_task(self._hear(self._socket)), asyncio.create_task(self._speak(self._socket))]

    async def press(self, digits: str) -> None:
        await self._send("dtmf", digits=digits)

    async def hang_up(self) -> None:
        await self._send("hang_up")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, kind: str, **fields: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(json.dumps({"type": kind, "call": self._call, **fields}))

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._call = json.loads(message.data).get("mine")
            elif message.type is aiohttp.WSMsgType.BINARY:
                pcm = np.frombuffer(message.data, "<i2").astype(np.int16)
                self.has_heard |= level_dbfs(pcm) > AUDIBLE_DBFS

    async def _speak(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """A frame every 20 ms; late ones at once."""
        at, began = 0, time.monotonic()
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                frame = sine(self._hz, PHONE_FRAME, at * PHONE_FRAME)
                await socket.send_bytes(frame.astype("<i2").tobytes())
                at += 1
                await asyncio.sleep(max(0.0, began + at * FRAME_S - time.monotonic()))
