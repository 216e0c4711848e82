"""Signers with relay numbers, their devices at several signaling processes, and a scripted phone worker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from signaling.auth import SESSION_COOKIE
from signaling.records import Records
from signaling.records.model import Person, Qualification
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.helpers.scripted_phone import ScriptedPhone, scripted_phone

CAMILLE, SACHA, FRONT = "+33199009001", "+33199009002", "+33199009000"
PHONE, DESK = "phone-0001", "desk-00001"


@dataclass
class Site:
    planes: list[ControlPlane]
    browsers: list[Browser]
    records: Records
    phone: ScriptedPhone
    redis: Redis
    camille: Person
    sacha: Person

    async def page(self, who: Person, process: int = 0, device: str = PHONE, role: str = "signer") -> RawPage:
        token = f"token-{who.login}-{device}"
        if await self.records.sessions.find(token) is None:
            await self.records.sessions.add(token, who.id, 3600)
        page = await self.browsers[process].open(headers={"Cookie": f"{SESSION_COOKIE}={token}"})
        await page.send("hello", role=role, device=device)
        await page.of_type("welcome")
        return page

    async def agent(self, process: int = 0) -> RawPage:
        ines = await self.records.people.add(
            login="ines", name="Inès", role="agent", password_hash="-",
            qualifications=[Qualification("interpreter", "Master")],
        )  # fmt: skip
        page = await self.page(ines, process, role="agent")
        assert (await page.ask("presence.set", presence="available"))["type"] == "ok"
        return page

    async def code_of(self, who: Person) -> str:
        return str(await self.records.people.code_of(who.id))


@contextlib.asynccontextmanager
async def site(processes: int = 1, **settings: Any) -> AsyncIterator[Site]:
    settings = {"front_numbers": (FRONT,), "queue": QueueConfig(alert_s=60.0), **settings}
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(control_plane(**settings))
        planes = [first, *(first.beside() for _ in range(processes - 1))]
        for plane in planes[1:]:
            await plane.start_signaling()
            stack.push_async_callback(plane.stop_signaling)
        browsers = [await stack.enter_async_context(browser(plane)) for plane in planes]
        records = await stack.enter_async_context(Records(first.config.database_url))
        people = [
            await records.people.add(login=login, name=login, role="signer", password_hash="-", numbers=[number])
            for login, number in (("camille", CAMILLE), ("sacha", SACHA))
        ]
        redis = await stack.enter_async_context(first.redis.client())
        phone = await stack.enter_async_context(scripted_phone(redis))
        for plane in planes:
            async with asyncio.timeout(30):
                while (await plane.checks())["phone"] != "ok":
                    await asyncio.sleep(0.05)
        yield Site(planes, browsers, records, phone, redis, people[0], people[1])
