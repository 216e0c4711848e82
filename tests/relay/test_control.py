"""The control socket between signaling and workers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.control import ControlClient, ControlServer
from relay.control_messages import AnyCommand, AnyEvent, CloseCall, LegState, Notification, OpenLeg, WorkerState
from relay.errors import RelayError, UnknownCallError
from relay.secure_sockets import LINE_LIMIT
from tests.helpers.peers import until

STATE = WorkerState(worker_id="w1", kind="media", capacity=5, load=0.0)


class Worker:
    """Handles commands the way a test wants."""

    def __init__(self, path: Path) -> None:
        self.commands: list[AnyCommand] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.server = ControlServer(path, self.handle, lambda: STATE)

    async def handle(self, command: AnyCommand) -> dict[str, Any]:
        self.commands.append(command)
        await self.hold.wait()
        if command.call_id == "unknown":
            raise UnknownCallError("unknown")
        if command.call_id == "broken":
            raise ZeroDivisionError
        return {"sdp": "v=0"}


@pytest.fixture
async def worker(directory: Path) -> AsyncIterator[Worker]:
    worker = Worker(directory / "control")
    await worker.server.start()
    yield worker
    worker.hold.set()
    await worker.server.close()


class Client:
    def __init__(self, *, ends_on_silence: bool = False) -> None:
        self.events: list[AnyEvent] = []
        self.closed = asyncio.Event()
        self.control = ControlClient(self.events.append, self.closed.set, ends_on_silence=ends_on_silence)


@pytest.fixture
async def client(worker: Worker, directory: Path) -> AsyncIterator[Client]:
    client = Client()
    await client.control.connect(directory / "control")
    yield client
    await client.control.close()


def command(call_id: str = "c1") -> OpenLeg:
    return OpenLeg(call_id=call_id, epoch=1, leg="signer", generation=1)


async def test_worker_greets_with_its_state(client: Client) -> None:
    await until(lambda: client.events == [STATE], "the greeting")


async def test_command_reaches_the_worker_and_its_result_comes_back(worker: Worker, client: Client) -> None:
    assert await client.control.request(command()) == {"sdp": "v=0"}
    assert worker.commands == [command()]


async def test_refusal_keeps_its_code(client: Client) -> None:
    with pytest.raises(RelayError) as caught:
        await client.control.request(command("unknown"))
    assert caught.value.code == "unknown_call"


async def test_fault_in_one_command_leaves_the_worker_serving(client: Client) -> None:
    with pytest.raises(RelayError) as caught:
        await client.control.request(command("broken"))
    assert caught.value.code == "internal"
    assert await client.control.request(command()) == {"sdp": "v=0"}


async def test_silent_worker_is_an_error_after_the_deadline(worker: Worker, client: Client) -> None:
    worker.hold.clear()
    with pytest.raises(RelayError) as caught:
        await client.control.request(command(), deadline_s=0.05)
    assert caught.value.code == "worker_silent"


async def test_answers_may_come_in_another_order(worker: Worker, client: Client) -> None:
    worker.hold.clear()
    slow = [asyncio.create_task(client.control.request(command(str(each)))) for each in range(5)]
    await until(lambda: len(worker.commands) == 5, "all commands")
    worker.hold.set()
    assert await asyncio.gather(*slow) == [{"sdp": "v=0"}] * 5


async def test_events_go_to_every_client(worker: Worker, client: Client, directory: Path) -> None:
    other = Client()
    await other.control.connect(directory / "control")
    await until(lambda: bool(other.events) and bool(client.events), "greetings")
    event = LegState(call_id="c1", leg="agent", generation=2, state="connected")
    worker.server.emit(event)
    await until(lambda: client.events[1:] == [event] and other.events[1:] == [event], "the event")
    await other.control.close()


async def test_loss_of_the_worker_is_told_once_and_fails_what_waits(worker: Worker, client: Client) -> None:
    worker.hold.clear()
    waiting = asyncio.create_task(client.control.request(command()))
    await until(lambda: bool(worker.commands), "the command")
    await worker.server.close()
    with pytest.raises(RelayError) as caught:
        await waiting
    assert caught.value.code == "worker_gone"
    await asyncio.wait_for(client.closed.wait(), 5)
    with pytest.raises(RelayError) as caught:
        await client.control.request(CloseCall(call_id="c1", epoch=1))
    assert caught.value.code == "worker_gone"


async def exchange(path: Path, line: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    await reader.readline()
    writer.write(line)
    reply: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), 5))
    writer.close()
    return reply


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'{"v":2,"id":1,"command":{}}\n',
        b'{"v":1,"id":1,"command":{"type":"fly","call_id":"c","epoch":1}}\n',
        b'{"v":1,"id":1,"command":{"type":"open_leg","call_id":"c","epoch":-1,"leg":"signer","generation":1}}\n',
        b'{"v":1,"id":1,"command":{"type":"close_call","call_id":"c","epoch":1,"extra":1}}\n',
    ],
)
async def test_malformed_command_is_refused_and_costs_nothing_else(
    worker: Worker, directory: Path, client: Client, line: bytes
) -> None:
    reply = await exchange(directory / "control", line)
    assert reply["ok"] is False
    assert reply["error"]["code"] == "bad_command"
    assert await client.control.request(command()) == {"sdp": "v=0"}


async def test_endless_line_ends_its_own_connection_only(worker: Worker, directory: Path, client: Client) -> None:
    reader, writer = await asyncio.open_unix_connection(str(directory / "control"))
    await reader.readline()
    writer.write(b"x" * (LINE_LIMIT * 2 + 1))
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert await client.control.request(command()) == {"sdp": "v=0"}


async def test_socket_is_for_its_owner_only_and_gone_afterwards(worker: Worker, directory: Path) -> None:
    path = directory / "control"
    assert path.stat().st_mode & 0o777 == 0o600
    await worker.server.close()
    assert not path.exists()


async def test_nobody_there_is_an_oserror(directory: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await Client().control.connect(directory / "nothing")


async def test_worker_that_hangs_is_given_up_and_one_without_work_is_not(worker: Worker, directory: Path) -> None:
    greeting = Notification(event=STATE).model_dump_json().encode() + b"\n"

    async def greet_and_hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await asyncio.sleep(60)

    hanging = await asyncio.start_unix_server(greet_and_hang, str(directory / "hanging"))
    given_up, kept, patient = Client(ends_on_silence=True), Client(ends_on_silence=True), Client()
    await given_up.control.connect(directory / "hanging")
    await patient.control.connect(directory / "hanging")
    await kept.control.connect(directory / "control")
    await asyncio.wait_for(given_up.closed.wait(), 20)
    assert given_up.control.failure == "silent"
    assert not kept.closed.is_set() and not patient.closed.is_set()
    assert len(kept.events) == 1, "its signs of life are no news"
    assert await kept.control.request(command()) == {"sdp": "v=0"}
    for client in (kept, patient):
        await client.control.close()
    hanging.close()
