"""The demonstration phone in this process, with or without a relay, and a page of it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np

from relay.audio import PHONE_FRAME, PHONE_RATE, sine
from relay.phone import demo
from relay.phone.config import DemoPhoneConfig, TrunkConfig
from tests.helpers.phone_rig import Rig, phone_worker
from tests.helpers.ports import free_port


@dataclass
class Demo:
    sip_port: int
    url: str
    http: aiohttp.ClientSession

    async def calls(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/calls.json") as response:
            listed: list[dict[str, Any]] = (await response.json())["calls"]
        return listed

    async def hears(self) -> set[int]:
        """:returns: the tones the only call hears, in Hz rounded to 10."""
        calls = await self.calls()
        return {round(tone["hz"], -1) for tone in calls[0]["tones"] if tone["dbfs"] > -30} if calls else set()


@contextlib.asynccontextmanager
async def demonstration(ring_s: float = 0.2, relay_port: int = 9) -> AsyncIterator[Demo]:
    sip_port, http_port, first = free_port(), free_port(), free_port(40)
    config = DemoPhoneConfig(
        sip_port=sip_port,
        http_port=http_port,
        rtp_ports=(first, first + 39),
        ring_s=ring_s,
        relay_port=relay_port,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(demo.run(config, stop))
    try:
        async with aiohttp.ClientSession() as http:
            phone = Demo(sip_port, f"http://127.0.0.1:{http_port}", http)
            async with asyncio.timeout(45):
                while not await _answers(phone):
                    assert not running.done(), running
                    await asyncio.sleep(0.05)
            yield phone
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await running


async def _answers(phone: Demo) -> bool:
    try:
        await phone.calls()
    except aiohttp.ClientError:
        return False
    return True


@contextlib.asynccontextmanager
async def relay_that_is_called(ring_s: float = 0.2) -> AsyncIterator[tuple[Demo, Rig]]:
    """The demonstration phone knows where the phone worker is."""
    port = free_port()
    async with (
        demonstration(ring_s, port) as phone,
        phone_worker(TrunkConfig(port=phone.sip_port), sip_port=port) as rig,
    ):
        yield phone, rig


@contextlib.asynccontextmanager
async def both(ring_s: float = 0.2) -> AsyncIterator[tuple[Demo, Rig]]:
    async with demonstration(ring_s) as phone, phone_worker(TrunkConfig(port=phone.sip_port)) as rig:
        yield phone, rig


async def until_heard(phone: Demo, wanted: set[int]) -> None:
    async with asyncio.timeout(45):
        while await phone.hears() != wanted:
            await asyncio.sleep(0.1)


class Page:
    """What a browser's page does, over its WebSocket."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self.calls: list[dict[str, Any]] = []
        self.mine: str | None = None
        self.failed: list[int] = []
        self.sound = np.zeros(0, np.int16)
        self._socket = socket_

    async def read(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                news = json.loads(message.data)
                self.calls, self.mine = news["calls"], news["mine"]
                self.failed += [news["failed"]] if news["failed"] else []
            elif message.type == aiohttp.WSMsgType.BINARY:
                self.sound = np.concatenate([self.sound, np.frombuffer(message.data, "<i2")])[-PHONE_RATE:]

    async def speak(self, hz: float) -> None:
        at = 0
        while True:
            await self._socket.send_bytes(sine(hz, PHONE_FRAME, at).tobytes())
            at += PHONE_FRAME
            await asyncio.sleep(0.02)

    async def send(self, kind: str, call: str | None = None, **more: str) -> None:
        await self._socket.send_json({"type": kind, "call": self.calls[0]["id"] if call is None else call, **more})


@contextlib.asynccontextmanager
async def open_page(phone: Demo) -> AsyncIterator[Page]:
    async with phone.http.ws_connect(f"{phone.url}/ws", headers={"Origin": phone.url}) as socket_:
        page = Page(socket_)
        reading = asyncio.create_task(page.read())
        try:
            yield page
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
