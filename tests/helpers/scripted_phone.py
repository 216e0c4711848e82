"""A phone worker without telephones: keeps every command and says what a test has it say."""

import asyncio
import contextlib
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis

from relay.control import ControlServer
from relay.control_messages import AnyCommand, WorkerState
from relay.errors import UnknownLegError
from relay.model import Announcement
from relay.phone_messages import (
    AnnouncementEnded,
    HangUpPhone,
    Keep,
    PhoneDtmf,
    PhoneIncoming,
    PhoneState,
    PlayAnnouncement,
    RefuseIncoming,
    TakeIncoming,
)
from relay.registry import Registration
from relay.secure_sockets import place_of

DEADLINE_S = 30.0
C = TypeVar("C", bound=AnyCommand)


class ScriptedPhone:
    """:param directory: of its socket."""

    def __init__(self, redis: Redis, directory: Path) -> None:
        self.commands: list[AnyCommand] = []
        self.gone: set[str] = set()  # calls whose telephone has hung up
        self._changed = asyncio.Event()
        self._redis, self._path = redis, directory / "phone"
        self.worker_id = f"phone-{secrets.token_hex(4)}"
        self._state = WorkerState(
            worker_id=self.worker_id, kind="phone", capacity=50, load=0.0, place=place_of(directory)
        )
        self._server = ControlServer(self._path, self._handle, lambda: self._state)

    async def start(self) -> None:
        await self._server.start()
        entry = Registration(
            worker_id=self.worker_id,
            kind="phone",
            address=str(self._path),
            capacity=50,
            load=0.0,
            place=self._state.place,
        )
        await self._redis.set(f"passerelle:worker:phone:{self.worker_id}", entry.model_dump_json())

    async def close(self) -> None:
        await self._redis.delete(f"passerelle:worker:phone:{self.worker_id}")
        await self._server.close()

    async def _handle(self, command: AnyCommand) -> dict[str, Any]:
        self.commands.append(command)
        self._changed.set()
        if isinstance(command, Keep):
            return {"progress": "ended" if command.call_id in self.gone else "answered"}
        if isinstance(command, TakeIncoming) and command.call_id in self.gone:
            raise UnknownLegError("phone")
        return {}

    def rings(self, number: str, caller: str | None = "+33199000001", trunk: str = "trunk") -> str:
        """A telephone calls. :returns: the call's id."""
        call_id = secrets.token_hex(16)
        self._server.emit(PhoneIncoming(call_id=call_id, number=number, caller=caller, trunk=trunk))
        return call_id

    def presses(self, call_id: str, keys: str) -> None:
        for digit in keys:
            self._server.emit(PhoneDtmf(call_id=call_id, digit=digit, attempt=f"{call_id}-1"))

    def has_played(self, call_id: str, name: Announcement) -> None:
        self._server.emit(AnnouncementEnded(call_id=call_id, name=name))

    def emit(self, event: Any) -> None:
        self._server.emit(event)

    def hangs_up(self, call_id: str) -> None:
        self.gone.add(call_id)
        self._server.emit(
            PhoneState(call_id=call_id, attempt=f"{call_id}-1", progress="ended", outcome="hung_up", sip_code=None)
        )

    def told(self, call_id: str, kind: type[C]) -> list[C]:
        return [each for each in self.commands if isinstance(each, kind) and each.call_id == call_id]

    async def wait(self, call_id: str, kind: type[C], fits: Callable[[C], bool] = lambda _: True) -> C:
        """The newest command of this kind that fits, else the next."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found = [command for command in self.told(call_id, kind) if fits(command)]
                if found:
                    return found[-1]
                self._changed.clear()
                await self._changed.wait()

    async def plays(self, call_id: str, name: Announcement, times: int = 1) -> None:
        """Wait until it has been told to play this so often."""
        await self.wait(
            call_id,
            PlayAnnouncement,
            lambda _: sum(each.name == name for each in self.told(call_id, PlayAnnouncement)) >= times,
        )

    async def refused(self, call_id: str) -> int:
        return int((await self.wait(call_id, RefuseIncoming)).sip_code)

    async def is_hung_up(self, call_id: str) -> None:
        await self.wait(call_id, HangUpPhone)


@contextlib.asynccontextmanager
async def scripted_phone(redis: Redis) -> AsyncIterator[ScriptedPhone]:
    directory = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    phone = ScriptedPhone(redis, directory)
    await phone.start()
    try:
        yield phone
    finally:
        await phone.close()
        shutil.rmtree(directory, ignore_errors=True)
