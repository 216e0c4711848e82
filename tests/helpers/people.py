"""A signer with devices and an interpreter, signed in at one signaling process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from relay.audio import PHONE_RATE, sine
from relay.model import Announcement
from signaling.auth import SESSION_COOKIE
from signaling.records import Records
from signaling.records.model import Person, Qualification
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.relay.phone.test_announcements import write_wav

NUMBER = "+33199000050"  # the signer's own
PHONE, DESK = "phone-0001", "desk-00001"


@dataclass
class People:
    """A signer with two devices, and an interpreter."""

    plane: ControlPlane
    pages: Browser

    async def page(self, role: str, device: str | None = None, of: Browser | None = None) -> RawPage:
        page = await (of or self.pages).open(headers={"Cookie": f"{SESSION_COOKIE}={role}-token"})
        await page.send("hello", role=role, **({"device": device} if device else {}))
        await page.of_type("welcome")
        return page

    async def interpreter(self) -> RawPage:
        agent = await self.page("agent")
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        return agent


@contextlib.asynccontextmanager
async def signed_in() -> AsyncIterator[People]:
    async with control_plane() as plane, browser(plane) as pages:
        async with Records(plane.config.database_url) as records:
            await add_pair(records, "Camille", "Dominique", NUMBER)
        yield People(plane, pages)


async def add_pair(records: Records, signer_name: str, agent_name: str, number: str) -> Person:
    """
    A signer and an interpreter, signed in as ``signer-token`` and ``agent-token``.

    :param number: the signer's own, E.164. :returns: the signer.
    """
    signer = await records.people.add(
        login=signer_name.lower(), name=signer_name, role="signer", password_hash="-", numbers=[number]
    )
    agent = await records.people.add(
        login=agent_name.lower(),
        name=agent_name,
        role="agent",
        password_hash="-",
        qualifications=[Qualification("interpreter", "Master")],
    )
    await records.sessions.add("signer-token", signer.id, 3600)
    await records.sessions.add("agent-token", agent.id, 3600)
    return signer


def write_short_announcements(folder: Path) -> None:
    """What is said to telephones takes a second instead of eight."""
    for name in get_args(Announcement):
        write_wav(folder / f"{name}.opus", sine(300.0, PHONE_RATE))


async def phone_known(plane: ControlPlane) -> None:
    async with asyncio.timeout(30):
        while (await plane.checks())["phone"] != "ok":
            await asyncio.sleep(0.05)


async def act(page: RawPage, action: str, **fields: object) -> None:
    answer = await page.ask("call.act", call_id=page.call["call_id"], action=action, **fields)
    assert answer["type"] == "ok", answer
