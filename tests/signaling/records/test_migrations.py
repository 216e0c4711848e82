import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from signaling.messages.records import ContactForm
from signaling.records import Records
from signaling.records.call_records import RatingGiven, WrapUp
from signaling.records.database import alembic_config, create_engine, head_revision
from signaling.records.errors import NewerSchemaError, NotInRelayError
from signaling.records.tables import Base
from tests.signaling.records import postgres
from tests.signaling.records.samples import (
    Clock,
    direct_call,
    interpreter,
    mairie,
    opened,
    relay_call,
    signer,
    sqlite_url,
)


async def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        assert await run_sync(records, differences) == []


async def test_the_migrations_make_every_check_of_the_code(tmp_path: Path) -> None:
    """Alembic does not compare CHECK rules: a code added to a Literal needs a migration too."""

    def checks(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            name: {words(rule["sqltext"]) for rule in inspector.get_check_constraints(name)}
            for name in Base.metadata.tables
        }

    async with opened(sqlite_url(tmp_path)) as records:
        found = await run_sync(records, checks)
    for name, table in Base.metadata.tables.items():
        wanted = {words(str(rule.sqltext)) for rule in table.constraints if isinstance(rule, CheckConstraint)}
        assert found[name] == wanted, f"{name}: write a migration"


async def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    starting = [Records(sqlite_url(tmp_path)) for _ in range(4)]
    try:
        await asyncio.gather(*(records.open() for records in starting))
        assert await revision(starting[0]) == head_revision()
    finally:
        for records in starting:
            await records.close()


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, records.database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError):
        await Records(sqlite_url(tmp_path)).open()


async def test_sqlite_keeps_readers_and_the_writer_apart_and_checks_references(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records, records.database.reading() as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        assert await session.scalar(text("PRAGMA busy_timeout")) == 5000


async def test_two_processes_that_read_then_write_wait_for_each_other(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as one, opened(sqlite_url(tmp_path)) as other:
        calls = [relay_call(f"call-{index}") for index in range(20)]
        await asyncio.gather(*((one if index % 2 else other).calls.record(call) for index, call in enumerate(calls)))
        assert await one.calls.find("call-19") == calls[19]


@pytest.mark.integration
@pytest.mark.skipif(not postgres.is_installed(), reason="PostgreSQL is not installed")
async def test_postgresql_takes_the_same_records_by_the_same_migrations() -> None:
    async with postgres.postgres() as url:
        starting = [Records(url, Clock()) for _ in range(3)]
        await asyncio.gather(*(records.open() for records in starting))
        for records in starting[1:]:
            await records.close()
        records = starting[0]
        try:
            assert await run_sync(records, differences) == []
            await a_day_of_work(records)
        finally:
            await records.close()


async def a_day_of_work(records: Records) -> None:
    camille, adam, brand = await signer(records), await interpreter(records, "adam"), await mairie(records)
    direct = direct_call(brand_id=brand.id, signer_id=camille.id, agent_id=adam.id)
    form = ContactForm(name="Camille")
    for call in (direct, direct, relay_call()):
        await records.calls.record(call)
    await records.calls.wrap_up(WrapUp("direct-1", "direct", adam.id, "resolved", "note", form))
    await records.calls.rate(RatingGiven("direct-1", camille.id, 5, ("wait",)))
    with pytest.raises(NotInRelayError):
        await records.calls.wrap_up(WrapUp("relay-1", "direct", adam.id, note="texte"))
    assert await records.calls.find("direct-1") == direct
    assert await records.calls.contact_for(brand.id, camille.id) == (form, 1)
    assert [row.disposition for row in await records.calls.today(adam.id)] == ["resolved"]
    (reported,) = await records.reports.calls(brand.id, 0, 2e9)
    assert reported.stars == 5
    await records.sessions.add("token", adam.id, 60)
    session = await records.sessions.find("token")
    assert session is not None and session.person == adam


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


async def revision(records: Records) -> str:
    async with records.database.reading() as session:
        return str(await session.scalar(text("SELECT version_num FROM alembic_version")))


async def run_sync(records: Records, work: Any) -> Any:
    async with records.database.reading() as session:
        return await (await session.connection()).run_sync(work)


def words(rule: str) -> str:
    return re.sub(r"[\s()]+", "", rule)


async def test_a_migration_that_makes_tables_anew_loses_no_row_that_refers_to_them(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await a_day_of_work(records)
        before = await run_sync(records, count_rows)
    await go_back(sqlite_url(tmp_path), "0003")
    async with opened(sqlite_url(tmp_path)) as records:
        assert await revision(records) == head_revision()
        assert await run_sync(records, count_rows) == before
        assert await run_sync(records, differences) == []


def count_rows(connection: Connection) -> dict[str, int]:
    return {
        name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in Base.metadata.tables
    }


async def go_back(url: str, target: str) -> None:
    def downgrade(connection: Connection) -> None:
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        config = alembic_config()
        config.attributes["connection"] = connection
        with connection.begin():
            command.downgrade(config, target)

    engine = create_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(downgrade)
    await engine.dispose()
