"""Writes that SQL cannot take now are kept, in order, and nothing is lost."""

import asyncio
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from signaling.messages.records import ContactForm
from signaling.records import Records
from signaling.records.call_records import AbuseReported, RatingGiven, WrapUp, Write
from signaling.records.errors import NotInRelayError, OutboxFullError, UnknownRecordError
from signaling.records.outbox import LIST, REFUSED, Outbox, OutboxConfig, decode, encode
from signaling.records.tables import RatingRow, WrapUpRow
from tests.helpers.redis_server import RedisServer, redis_server
from tests.signaling.records.samples import NOON, direct_call, opened, relay_call, sqlite_url

QUICK = OutboxConfig(first_retry_s=0.02, longest_retry_s=0.1, redis_deadline_s=1.0, sql_deadline_s=10.0)
WAIT_S = 20.0


@pytest.mark.parametrize(
    "write",
    [
        relay_call(),
        RatingGiven("c", None, 3, ("freeze",)),
        WrapUp("c", "direct", "a", "resolved", "noté", ContactForm(name="N")),
        AbuseReported("c", "agent", NOON),
    ],
)
def test_a_write_comes_back_from_redis_as_it_was(write: Write) -> None:
    assert decode(encode(write)) == write
    assert encode(write) != encode(write)


@pytest.fixture
async def redis() -> AsyncIterator[RedisServer]:
    async with redis_server() as server:
        yield server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB (SQLite checkpoints its log at 4), where the system lets us make one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(directory)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_empty(outbox: Outbox) -> None:
    async with asyncio.timeout(WAIT_S):
        while await outbox.waiting():
            await asyncio.sleep(0.01)


def a_direct_call_and_what_follows(number: int) -> list[Write]:
    call_id = f"direct-{number}"
    return [
        direct_call(call_id),
        RatingGiven(call_id, None, 4),
        WrapUp(call_id, "direct", "a", "resolved", f"note {number}"),
        AbuseReported(call_id, "agent", NOON),
    ]


async def assert_written(records: Records, numbers: range) -> None:
    for number in numbers:
        call_id = f"direct-{number}"
        assert await records.calls.find(call_id) == direct_call(call_id)
        async with records.database.reading() as session:
            wrap_up, rating = await session.get(WrapUpRow, call_id), await session.get(RatingRow, call_id)
        assert wrap_up is not None and wrap_up.note == f"note {number}"
        assert rating is not None and rating.stars == 4


@pytest.mark.integration
async def test_a_full_disk_delays_writes_and_loses_none(redis: RedisServer, small_disk: Path) -> None:
    async with opened(sqlite_url(small_disk)) as records, redis.client() as client:
        outbox = Outbox(client, records, QUICK)
        await put_all(outbox, range(2))
        assert await outbox.waiting() == 0
        ballast = fill(small_disk)
        async with running(outbox):
            await put_all(outbox, range(2, 60))
            assert await outbox.waiting() > 0
            ballast.unlink()
            await until_empty(outbox)
        await assert_written(records, range(60))


@pytest.mark.integration
async def test_a_database_at_its_page_limit_delays_writes_and_loses_none(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        outbox = Outbox(client, records, QUICK)
        async with records.database.writing() as session:
            pages = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count = {pages}"))
        await put_all(outbox, range(40))
        assert await outbox.waiting() > 0
        assert await outbox.drain() is False
        async with records.database.writing() as session:
            await session.execute(text("PRAGMA max_page_count = 100000"))
        assert await outbox.drain() is True
        assert await outbox.waiting() == 0
        await assert_written(records, range(40))


@pytest.mark.integration
async def test_writes_kept_by_a_process_that_died_are_written_by_the_next(redis: RedisServer, tmp_path: Path) -> None:
    async with redis.client() as client:
        closed = Records(f"sqlite+aiosqlite:///{tmp_path}/no/such/directory.sqlite3")
        await closed.open(migrate=False)
        shutil.rmtree(tmp_path / "no")
        await put_all(Outbox(client, closed, QUICK), range(3))
        await closed.close()
        assert await client.llen(LIST) == 12
        async with opened(sqlite_url(tmp_path)) as records:
            outbox = Outbox(client, records, QUICK)
            async with running(outbox):
                await until_empty(outbox)
            await assert_written(records, range(3))


@pytest.mark.integration
async def test_without_sql_and_redis_writes_wait_in_memory_in_order(redis: RedisServer, tmp_path: Path) -> None:
    directory = tmp_path / "gone"
    async with redis.client() as client:
        records = Records(sqlite_url(directory))
        await records.open(migrate=False)
        directory.rmdir()
        outbox = Outbox(client, records, QUICK)
        first, *rest = a_direct_call_and_what_follows(0)
        await outbox.put(first)
        await redis.stop()
        for write in rest:
            await outbox.put(write)
        assert await outbox.drain() is False
        async with opened(sqlite_url(directory)):
            assert await outbox.drain() is False  # the rating waits for its call, which lies in Redis
            assert await outbox.waiting() == len(rest)
            await redis.start()
            async with running(outbox):
                await until_empty(outbox)
            await assert_written(records, range(1))
        await records.close()


@pytest.mark.integration
async def test_stopping_ends_the_retries_even_while_redis_connects(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        outbox = Outbox(client, records, QUICK)
        for steps in range(1, 12):
            await client.connection_pool.disconnect()
            task = asyncio.create_task(outbox.run())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            async with asyncio.timeout(WAIT_S):
                await asyncio.wait([task])
            assert task.cancelled()


@pytest.mark.integration
async def test_without_redis_alone_writes_go_straight_to_sql(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        await redis.stop()
        outbox = Outbox(client, records, QUICK)
        await put_all(outbox, range(1))
        await assert_written(records, range(1))


@pytest.mark.integration
async def test_two_processes_empty_the_outbox_one_at_a_time(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client, redis.client() as second:
        for number in range(20):
            for write in a_direct_call_and_what_follows(number):
                await client.rpush(LIST, encode(write))
        outboxes = Outbox(client, records, QUICK), Outbox(second, records, QUICK)
        async with running(outboxes[0]), running(outboxes[1]):
            await until_empty(outboxes[0])
        await assert_written(records, range(20))
        assert await client.llen(REFUSED) == 0


@pytest.mark.integration
async def test_a_write_refused_for_good_is_put_aside_and_does_not_stop_the_others(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        await records.calls.record(relay_call())
        lie = encode(WrapUp("relay-1", "direct", "a", note="secret"))
        for item in (lie, "not JSON", encode(direct_call())):
            await client.rpush(LIST, item)
        with caplog.at_level(logging.INFO):
            assert await Outbox(client, records, QUICK).drain() is True
        assert await client.lrange(REFUSED, 0, -1) == [lie.encode(), b"not JSON"]
        assert await records.calls.find("direct-1") == direct_call()
        assert "relay-1" in caplog.text and "secret" not in caplog.text


@pytest.mark.integration
async def test_broken_rules_are_told_at_once(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        outbox = Outbox(client, records, QUICK)
        await outbox.put(relay_call())
        with pytest.raises(NotInRelayError):
            await outbox.put(WrapUp("relay-1", "direct", "a", note="secret"))
        with pytest.raises(UnknownRecordError):
            await outbox.put(RatingGiven("unknown", None, 3))
        assert await outbox.waiting() == 0


@pytest.mark.integration
async def test_an_outbox_has_an_end_and_says_so(redis: RedisServer, tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, redis.client() as client:
        await client.rpush(LIST, encode(relay_call()))
        outbox = Outbox(client, records, OutboxConfig(redis_limit=1, memory_limit=1))
        with pytest.raises(OutboxFullError):
            await outbox.put(relay_call("relay-2"))


async def put_all(outbox: Outbox, numbers: range) -> None:
    for number in numbers:
        for write in a_direct_call_and_what_follows(number):
            await outbox.put(write)


def fill(directory: Path) -> Path:
    """A file that takes all that is left."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                if not file.write(bytes(4096)):
                    return ballast
            except OSError:
                return ballast
