"""
The connection to SQL: SQLite by default, PostgreSQL by URL, one behaviour.

Reading and writing are two kinds of transactions. SQLite gets ``BEGIN IMMEDIATE`` for writing: a transaction that
reads first and writes later would fail at once when another process writes in between, without waiting.
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from signaling.records.errors import NewerSchemaError, RecordsError, UnreachableError

BUSY_TIMEOUT_MS = 5_000  # another process's transaction is a few ms; five seconds means something is stuck
WAL_ATTEMPTS, WAL_PAUSE_S = 100, 0.02  # the first one needs a few ms
MIGRATION_BUSY_TIMEOUT_MS = 60_000  # the siblings wait while the first one migrates
POOL_TIMEOUT_S = 5.0
MIGRATION_LOCK = 7_733_261  # any number, the same in every process: key of PostgreSQL's advisory lock
_WRITES = "passerelle_writes"


class Database:
    """Owns the engine; ``close`` it. Sessions are short: one transaction each."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: AsyncEngine | None = None
        self._reading: async_sessionmaker[AsyncSession] | None = None
        self._writing: async_sessionmaker[AsyncSession] | None = None

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    async def open(self, *, migrate: bool = True) -> None:
        """:raises NewerSchemaError: the database is ahead of this version."""
        if self.is_sqlite and self._url.database not in (None, "", ":memory:"):
            Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
        self._engine = engine = create_engine(self._url.render_as_string(hide_password=False))
        writer = engine.execution_options(**{_WRITES: True})
        self._reading = async_sessionmaker(engine, expire_on_commit=False)
        self._writing = async_sessionmaker(writer, expire_on_commit=False)
        if migrate:
            async with writer.connect() as connection:
                await connection.run_sync(migrate_to_head)

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
        self._engine = self._reading = self._writing = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        with _told_apart():
            async with _opened(self._reading)() as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        with _told_apart():
            async with _opened(self._writing)() as session, session.begin():
                yield session


@contextmanager
def _told_apart() -> Iterator[None]:
    """
    Drivers let a refused or lost connection through as an OSError, which a client that hangs up raises as well.

    :raises UnreachableError: instead of it.
    """
    try:
        yield
    except OSError as error:
        raise UnreachableError from error


def _opened(maker: async_sessionmaker[AsyncSession] | None) -> async_sessionmaker[AsyncSession]:
    if maker is None:
        raise RecordsError("closed", "the records are not open")
    return maker


def create_engine(url: str) -> AsyncEngine:
    """Errors name the statement and hide its parameters: these are numbers, names and notes."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT_S, hide_parameters=True)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL: readers and the writer do not wait for each other. The driver must not begin transactions by itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _keep_a_log_ahead(cursor)
    cursor.close()


def _keep_a_log_ahead(cursor: Any) -> None:
    """Of two that open a new file at once SQLite tells one "locked", without a wait; its next try finds WAL."""
    for _ in range(WAL_ATTEMPTS - 1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(WAL_PAUSE_S)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate_to_head(connection: Connection) -> None:
    """
    Bring the schema up to date, one process at a time: the lock is the write transaction itself (SQLite) or an
    advisory lock that ends with it (PostgreSQL). All or nothing.

    :raises NewerSchemaError: unknown revision.
    """
    with _sqlite_rests(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config = alembic_config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise NewerSchemaError from error
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise RecordsError("references", "a migration would leave rows that refer to nothing")


@contextmanager
def _sqlite_rests(connection: Connection) -> Iterator[None]:
    """
    SQLite while its tables change: waits longer for its lock, and does not follow references. It makes a table anew to
    change it, and dropping the old one would delete what refers to its rows.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={MIGRATION_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def alembic_config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def head_revision() -> str:
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def is_temporary(error: BaseException) -> bool:
    """
    Whether the same write may succeed later: disk full, locked, server gone, file away. A broken constraint or a
    bad value will not. An OSError from elsewhere (a client that hung up) says nothing about the database.
    """
    if isinstance(error, (IntegrityError, DataError, ProgrammingError, NotSupportedError)):
        return False
    return isinstance(error, (DBAPIError, PoolTimeoutError, UnreachableError))
