"""What a failing database tells, to whom, and what it keeps to itself."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from signaling.records import Records
from signaling.records.database import is_temporary
from signaling.records.errors import UnreachableError
from tests.signaling.records.samples import opened, sqlite_url


async def test_an_error_of_sql_shows_no_number_name_or_note(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        with pytest.raises(DBAPIError) as caught:
            await broken(records, "elle a dit")
        assert "elle a dit" not in str(caught.value)


async def broken(records: Records, note: str) -> None:
    async with records.database.writing() as session:
        await session.execute(text("INSERT INTO wrap_ups (call_id, note) VALUES ('x', :note)"), {"note": note})


async def test_a_lost_connection_to_the_database_is_temporary_and_a_client_that_hangs_up_is_none(
    tmp_path: Path,
) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        with pytest.raises(UnreachableError) as caught:
            async with records.database.reading():
                raise ConnectionRefusedError
    assert is_temporary(caught.value)
    assert not is_temporary(ConnectionResetError("Cannot write to closing transport"))
