"""Workers found in the registry, here and on other machines: which address is used, who is chosen, what doctor says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.control import ControlServer
from relay.control_messages import AnyCommand, Notification, WorkerKind, WorkerState
from relay.network_config import NetworkConfig
from relay.registry import Registration, registered
from relay.secure_sockets import Dialer, place_of
from signaling.config import SignalingConfig
from signaling.machine_check import check_machines
from signaling.workers import WorkerPool
from tests.helpers.certificates import network
from tests.helpers.peers import until
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.integration
HERE, THERE = "127.0.0.2", "127.0.0.3"


@pytest.fixture
async def redis() -> AsyncIterator[RedisServer]:
    async with redis_server() as server:
        yield server


async def handle(_command: AnyCommand) -> dict[str, Any]:
    return {}


@asynccontextmanager
async def worker(
    redis: RedisServer, run_dir: Path, name: str, config: NetworkConfig | None, kind: WorkerKind = "visibility"
) -> AsyncIterator[None]:
    """A worker that is registered, with a tap at ``<run_dir>/<name>.tap`` and ``udp://10.0.0.9:1/<name>``."""
    place = place_of(run_dir)
    state = WorkerState(
        worker_id=name, kind=kind, capacity=5, load=0.0, place=place,
        datagram_socket=f"{run_dir}/{name}.tap", datagram_address=f"udp://10.0.0.9:1/{name}" if config else None,
    )  # fmt: skip
    server = ControlServer(run_dir / name, handle, lambda: state, config)
    await server.start()
    entry = Registration(
        worker_id=name, kind=kind, address=str(run_dir / name), capacity=5, load=0.0, place=place,
        network_address=server.network_address,
    )  # fmt: skip
    async with redis.client() as client:
        await client.set(f"passerelle:worker:{kind}:{name}", entry.model_dump_json())
    yield
    await server.close()


@asynccontextmanager
async def pool(redis: RedisServer, run_dir: Path, config: NetworkConfig | None) -> AsyncIterator[WorkerPool]:
    async with redis.client() as client:
        nothing = lambda *_: None  # noqa: E731
        found = WorkerPool(client, nothing, nothing, nothing, dialer=Dialer(config), place=place_of(run_dir))
        task = asyncio.create_task(found.run())
        yield found
        await ended(task)


async def test_neighbours_are_reached_by_path_and_others_over_the_network(redis: RedisServer, directory: Path) -> None:
    here, there = directory / "here", directory / "there"
    mine, other = network(directory, "here", HERE), network(directory, "there", THERE)
    async with (
        worker(redis, here, "media", mine, "media"),
        worker(redis, here, "near", mine),
        worker(redis, there, "a-far", other),
        pool(redis, here, mine) as found,
    ):
        await until(lambda: len(found.links("visibility")) == 2 and len(found.links("media")) == 1, "three workers")
        media, near, far = (found.link(name) for name in ("media", "near", "a-far"))
        assert media is not None and near is not None and far is not None
        assert near.datagrams_from(media) == f"{here}/near.tap"
        assert far.datagrams_from(media) == "udp://10.0.0.9:1/a-far"
        assert media.datagrams_from(far) == "udp://10.0.0.9:1/media"
        assert found.choose("visibility", near=media) is near, "at equal load the neighbour"
        assert found.choose("visibility", near=media) is far, "at unequal load the less loaded one"


async def test_without_network_settings_the_paths_are_used_whatever_the_place(
    redis: RedisServer, directory: Path
) -> None:
    async with worker(redis, directory / "x", "one", None), pool(redis, directory / "y", None) as found:
        await until(lambda: bool(found.links("visibility")), "the worker")
        (link,) = found.links("visibility")
        assert link.datagrams_from(link) == f"{directory}/x/one.tap"


async def test_a_worker_that_cannot_be_reached_is_told_once_with_its_reason(
    redis: RedisServer, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = network(directory, "here", HERE)
    stranger = network(directory, "there", THERE, centre="elsewhere")
    async with (
        worker(redis, directory / "there", "stranger", stranger),
        worker(redis, directory / "fine", "fine", network(directory, "fine", "127.0.0.4")),
        pool(redis, directory / "here", mine) as found,
    ):
        await until(lambda: bool(found.links("visibility")), "the worker that is fine")
        await until(lambda: "stranger (certificate_of_stranger)" in caplog.text, "the reason")
        await asyncio.sleep(1.2)  # two more looks
        assert caplog.text.count("stranger (certificate_of_stranger)") == 1


async def test_an_entry_that_nobody_understands_costs_the_others_nothing(redis: RedisServer, directory: Path) -> None:
    async with redis.client() as client, worker(redis, directory, "fine", None):
        for number, value in enumerate(("", "{}", "no json", '{"worker_id":"new","later":1}')):
            await client.set(f"passerelle:worker:visibility:{number}", value)
        assert [entry.worker_id for entry in await registered(client, "visibility")] == ["fine"]


async def test_a_media_or_phone_worker_that_hangs_is_lost_and_one_that_nobody_waits_for_is_not(
    redis: RedisServer, directory: Path
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for kind in ("media", "phone", "visibility"):
            await stack.enter_async_context(hung_worker(redis, directory, kind))
        lost: list[str] = []
        client = await stack.enter_async_context(redis.client())
        nothing = lambda *_: None  # noqa: E731
        found = WorkerPool(client, nothing, lambda link: lost.append(link.worker_id), nothing)
        task = asyncio.create_task(found.run())
        await until(lambda: {"media", "phone"} <= set(lost), "both are noticed")
        assert "visibility" not in lost
        await ended(task)


@pytest.mark.parametrize("is_stopping", [True, False])
async def test_workers_that_end_with_the_service_are_nothing_to_warn_of(
    redis: RedisServer, directory: Path, caplog: pytest.LogCaptureFixture, is_stopping: bool
) -> None:
    caplog.set_level("INFO", "signaling.workers")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(hung_worker(redis, directory, "media"))
        client = await stack.enter_async_context(redis.client())
        nothing = lambda *_: None  # noqa: E731
        pool = WorkerPool(client, nothing, nothing, nothing)
        task = asyncio.create_task(pool.run())
        await until(lambda: bool(pool.links("media")), "it is found")
        pool.is_stopping = is_stopping
        await pool.links("media")[0].close()
        await until(lambda: not pool.links("media") or "worker lost" in caplog.text, "it is lost")
        await ended(task)
    levels = {record.levelname for record in caplog.records if "worker lost" in record.getMessage()}
    assert levels == ({"INFO"} if is_stopping else {"WARNING"})


async def ended(task: asyncio.Task[None]) -> None:
    """A Redis client may swallow a cancellation (redis-py on Python 3.11): asked until it is heard."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)


@asynccontextmanager
async def hung_worker(redis: RedisServer, directory: Path, kind: WorkerKind) -> AsyncIterator[None]:
    """It greets, and says nothing more."""
    greeting = Notification(event=WorkerState(worker_id=kind, kind=kind, capacity=5, load=0.0))

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting.model_dump_json().encode() + b"\n")
        await reader.read()
        writer.close()

    path = directory / kind
    server = await asyncio.start_unix_server(greet, path)
    entry = Registration(worker_id=kind, kind=kind, address=str(path), capacity=5, load=0.0)
    async with redis.client() as client:
        await client.set(f"passerelle:worker:{kind}:{kind}", entry.model_dump_json())
    yield
    server.close()


async def test_doctor_names_each_process_that_this_machine_does_not_reach_and_why(
    redis: RedisServer, directory: Path
) -> None:
    run_dir = directory / "here"
    mine = network(directory, "here", HERE)
    config = SignalingConfig(data_dir=directory, run_dir=run_dir, redis_url=redis.url, network=mine)
    async with (
        worker(redis, run_dir, "neighbour", mine),
        worker(redis, directory / "b", "fine", network(directory, "b", THERE)),
    ):
        assert [finding.code for finding in await check_machines(config)] == [None]
        async with (
            worker(redis, directory / "c", "late", network(directory, "c", "127.0.0.4", expired=True)),
            worker(redis, directory / "d", "stranger", network(directory, "d", "127.0.0.5", centre="elsewhere")),
            worker(redis, directory / "e", "strict", replace(network(directory, "e", "127.0.0.6"), names=("e",))),
        ):
            async with worker(redis, directory / "f", "gone", network(directory, "f", "127.0.0.7")):
                pass
            found = {finding.words.partition(" : ")[0]: finding.code for finding in await check_machines(config)}
    assert found == {
        "late": "certificate_expired",
        "stranger": "certificate_of_stranger",
        "strict": "connection_lost",
        "gone": "nobody_listens",
    }


async def test_one_machine_has_nothing_to_check(directory: Path) -> None:
    assert [finding.code for finding in await check_machines(SignalingConfig(data_dir=directory))] == [None]
