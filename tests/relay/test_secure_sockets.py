"""Lines between machines: real TLS between loopback addresses; strangers of every kind get nothing and harm nobody."""

import asyncio
import secrets
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from relay import secure_sockets
from relay.addresses import TLS, parse_network
from relay.control import ControlClient, ControlServer
from relay.control_messages import AnyCommand, AnyEvent, CloseCall, LegState, WorkerState
from relay.errors import RelayError
from relay.network_config import NetworkConfig
from relay.secure_sockets import LINE_LIMIT, Dialer, failure_code, place_of
from tests.helpers.certificates import network
from tests.helpers.peers import until

STATE = WorkerState(worker_id="w1", kind="media", capacity=5, load=0.0)
UNEXPLAINED = ("connection_lost", None)  # the side that refuses knows why
COMMAND = CloseCall(call_id="c1", epoch=1)
A, B, C = "127.0.0.2", "127.0.0.3", "127.0.0.4"


async def handle(_command: AnyCommand) -> dict[str, Any]:
    return {"done": True}


class Worker(ControlServer):
    def __init__(self, directory: Path, config: NetworkConfig) -> None:
        super().__init__(directory / "control", handle, lambda: STATE, config)

    @property
    def address(self) -> str:
        assert self.network_address is not None
        return self.network_address

    @property
    def place(self) -> tuple[str, int]:
        where = parse_network(self.address, TLS)
        return where.host, where.port

    @property
    def refusals(self) -> dict[str, int]:
        assert self._server._port is not None
        return dict(self._server._port.refusals.counts)


@pytest.fixture
async def worker(directory: Path) -> AsyncIterator[Worker]:
    worker = Worker(directory, network(directory, "a", A))
    await worker.start()
    yield worker
    await worker.close()


class Client:
    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.closed = asyncio.Event()
        self.control = ControlClient(self.events.append, self.closed.set)


async def served(worker: Worker, config: NetworkConfig) -> Client:
    client = Client()
    await client.control.connect(worker.address, Dialer(config))
    assert await client.control.request(COMMAND) == {"done": True}
    assert client.events == [STATE]
    return client


async def refused(worker: Worker, config: NetworkConfig) -> str | None:
    """:returns: the code that the client learns, when it connects or when it reads."""
    client = Client()
    try:
        await client.control.connect(worker.address, Dialer(config))
        await asyncio.wait_for(client.closed.wait(), 10)
    except OSError as error:
        return failure_code(error)
    assert client.events == [], "nothing was told"
    return client.control.failure


async def test_another_machine_of_the_centre_commands_and_is_told(worker: Worker, directory: Path) -> None:
    client = await served(worker, network(directory, "b", B))
    worker.emit(LegState(call_id="c1", leg="agent", generation=2, state="connected"))
    await until(lambda: len(client.events) == 2, "the event")
    await client.control.close()


async def test_neighbours_need_no_certificate(worker: Worker, directory: Path) -> None:
    client = Client()
    await client.control.connect(directory / "control")
    assert await client.control.request(COMMAND) == {"done": True}
    await client.control.close()


async def test_large_lines_pass_both_ways_and_endless_ones_end_their_own_connection(
    worker: Worker, directory: Path
) -> None:
    config = network(directory, "b", B)
    client = await served(worker, config)
    assert await client.control.request(CloseCall(call_id="c" * 500_000, epoch=1)) == {"done": True}
    _, writer = await Dialer(config).connect(worker.address)
    writer.write(b"x" * (LINE_LIMIT * 2 + 1))
    reader, other = await Dialer(config).connect(worker.address)
    await reader.readline()
    assert await client.control.request(COMMAND) == {"done": True}
    for each in (writer, other):
        each.close()
    await client.control.close()


async def test_a_machine_of_another_centre_is_refused_by_both_sides(worker: Worker, directory: Path) -> None:
    stranger = network(directory, "b", B, centre="elsewhere")
    assert await refused(worker, stranger) == "certificate_of_stranger"
    ours = network(directory, "b", B)
    disguised = replace(stranger, ca_file=ours.ca_file)
    assert await refused(worker, disguised) in UNEXPLAINED
    assert worker.refusals["certificate_of_stranger"] == 1
    await (await served(worker, ours)).control.close()


async def test_an_expired_certificate_is_refused_on_either_side(worker: Worker, directory: Path) -> None:
    assert await refused(worker, network(directory, "b", B, expired=True)) in UNEXPLAINED
    assert worker.refusals == {"certificate_expired": 1}
    await worker.close()
    late = Worker(directory, network(directory, "late", C, expired=True, centre="centre"))
    await late.start()
    assert await refused(late, network(directory, "b", B)) == "certificate_expired"
    await late.close()


async def test_a_restart_takes_the_renewed_certificate(worker: Worker, directory: Path) -> None:
    late = Worker(directory, network(directory, "late", C, expired=True))
    await late.start()
    await late.close()
    renewed = Worker(directory, network(directory, "late", C))
    await renewed.start()
    await (await served(renewed, network(directory, "b", B))).control.close()
    await renewed.close()


async def test_a_certificate_for_another_address_is_not_this_machine(worker: Worker, directory: Path) -> None:
    await worker.close()
    moved = Worker(directory, replace(network(directory, "a", A), listen=C))
    await moved.start()
    assert await refused(moved, network(directory, "b", B)) == "certificate_for_other_address"
    await moved.close()


async def test_a_machine_taken_off_the_list_is_refused_by_both_sides(worker: Worker, directory: Path) -> None:
    b = network(directory, "b", B)
    assert await refused(worker, replace(b, names=("c.passerelle.internal",))) == "certificate_name"
    await worker.close()
    strict = Worker(directory, replace(network(directory, "a", A), names=("a.passerelle.internal",)))
    await strict.start()
    assert await refused(strict, b) in UNEXPLAINED
    await until(lambda: strict.refusals == {"certificate_name": 1}, "the refusal")
    await strict.close()


def _bare_context(directory: Path, *, version: ssl.TLSVersion, with_certificate: bool) -> ssl.SSLContext:
    config = network(directory, "b", B)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = version
    context.load_verify_locations(str(config.ca_file))
    if with_certificate:
        context.load_cert_chain(str(config.certificate_file), str(config.key_file))
    return context


@pytest.mark.parametrize(
    ("version", "with_certificate"),
    [(ssl.TLSVersion.TLSv1_3, False), (ssl.TLSVersion.TLSv1_2, True)],
    ids=["no certificate", "TLS 1.2"],
)
async def test_less_than_tls_1_3_with_a_certificate_is_nothing(
    worker: Worker, directory: Path, version: ssl.TLSVersion, with_certificate: bool
) -> None:
    context = _bare_context(directory, version=version, with_certificate=with_certificate)
    host, port = worker.place
    with pytest.raises(OSError):
        reader, _ = await asyncio.open_connection(host, port, ssl=context)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        raise ConnectionError("closed without a word")
    await (await served(worker, network(directory, "b", B))).control.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"v":1,"id":1}\n',
        b"\x16\x03\x01\x40\x00" + b"x" * 20_000,
        bytes(range(256)) * 99,
    ],
    ids=["nothing", "http", "a command without tls", "broken hello", "noise"],
)
async def test_plain_garbage_at_the_port_harms_nobody(worker: Worker, directory: Path, garbage: bytes) -> None:
    client = await served(worker, network(directory, "b", B))
    for _ in range(20):
        _, writer = await asyncio.open_connection(*worker.place)
        writer.write(garbage)
        if writer.can_write_eof():
            writer.write_eof()
    await until(lambda: sum(worker.refusals.values()) >= 20, "the refusals")
    assert await client.control.request(COMMAND) == {"done": True}
    await client.control.close()


async def test_one_that_connects_and_says_nothing_is_dropped(
    worker: Worker, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_sockets, "HANDSHAKE_DEADLINE_S", 0.2)
    reader, writer = await asyncio.open_connection(*worker.place)
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


async def test_a_crowd_that_never_shows_a_certificate_does_not_keep_a_machine_out(
    worker: Worker, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_sockets, "HANDSHAKE_DEADLINE_S", 100.0)
    crowd = [await asyncio.open_connection(*worker.place, local_addr=("127.0.0.9", 0)) for _ in range(60)]
    await until(lambda: worker.refusals.get("too_many_connections", 0) >= 60 - 8, "the crowd is turned away")
    await (await served(worker, network(directory, "b", B))).control.close()
    for _, writer in crowd:
        writer.close()


async def test_what_keeps_a_machine_from_answering_has_a_code(directory: Path) -> None:
    b = network(directory, "b", B)
    with socket.socket() as taken:
        taken.bind((C, 0))
        port = taken.getsockname()[1]
        for address, code in (
            (f"tls://{C}:{port}", "nobody_listens"),
            ("/nonexistent/socket", "nobody_listens"),
            ("tls://name.example:1", "connection_lost"),
        ):
            with pytest.raises(OSError) as caught:
                await Dialer(b).connect(address)
            assert failure_code(caught.value) == code
        with pytest.raises(OSError) as caught:
            await Dialer().connect(f"tls://{C}:{port}")
        assert failure_code(caught.value) == "unreachable", "without network settings there is no other machine"


async def test_a_client_that_sends_commands_without_end_is_read_no_further(directory: Path) -> None:
    """200 commands are under way at once; the others wait in its own buffers."""
    held, seen = asyncio.Event(), 0

    async def slow(_command: AnyCommand) -> dict[str, Any]:
        nonlocal seen
        seen += 1
        await held.wait()
        return {}

    server = ControlServer(directory / "control", slow, lambda: STATE)
    await server.start()
    client = Client()
    await client.control.connect(directory / "control")
    waiting = [asyncio.create_task(client.control.request(COMMAND, deadline_s=60)) for _ in range(500)]
    await until(lambda: seen == 200, "two hundred")
    other = Client()
    await other.control.connect(directory / "control")
    await until(lambda: other.events == [STATE], "somebody else is greeted")
    assert seen == 200
    held.set()
    assert await asyncio.gather(*waiting) == [{}] * 500
    for each in (client, other):
        await each.control.close()
    await server.close()


async def test_the_worker_that_goes_away_is_told_once_over_tls_too(worker: Worker, directory: Path) -> None:
    client = await served(worker, network(directory, "b", B))
    await worker.close()
    await asyncio.wait_for(client.closed.wait(), 10)
    with pytest.raises(RelayError) as caught:
        await client.control.request(COMMAND)
    assert caught.value.code == "worker_gone"


def test_the_media_workers_event_loop_serves_tls_as_well(directory: Path) -> None:
    async def scenario() -> None:
        worker = Worker(directory, network(directory, "a", A))
        await worker.start()
        client = await served(worker, network(directory, "b", B))
        assert await refused(worker, network(directory, "b", B, centre="elsewhere")) == "certificate_of_stranger"
        _, writer = await asyncio.open_connection(*worker.place)
        writer.write(b"garbage" * 100)
        await until(lambda: sum(worker.refusals.values()) == 2, "both refusals")
        assert await client.control.request(COMMAND) == {"done": True}
        await client.control.close()
        await worker.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


async def test_processes_take_the_first_free_port_of_the_range(directory: Path) -> None:
    address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.2"  # nobody else's
    config = replace(network(directory, "a", address), ports=(47_411, 47_413))
    workers = []
    for number in range(3):
        (directory / str(number)).mkdir()
        worker = Worker(directory / str(number), config)
        await worker.start()
        workers.append(worker)
    assert [worker.place[1] for worker in workers] == [47_411, 47_412, 47_413]
    with pytest.raises(OSError, match="no free port"):
        await Worker(directory, config).start()
    for worker in workers:
        await worker.close()


def test_a_place_is_one_directory_of_one_kernel(directory: Path) -> None:
    assert place_of(directory / "run") == place_of(directory / "run")
    assert place_of(directory / "run") != place_of(directory / "other")
