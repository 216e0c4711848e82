"""A relay call leaves no text in SQL: the schema has no place for it, the values refuse it, the tables refuse it."""

from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import JSON, String, Text, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from signaling.messages.records import ContactForm
from signaling.records.call_records import CallRecord, PhoneLegRecord, RatingGiven, WrapUp
from signaling.records.database import create_engine
from signaling.records.errors import NotInRelayError
from signaling.records.outbox import decode, encode
from signaling.records.tables import Base, CallRow, PhoneLegRow, WrapUpRow
from tests.signaling.records.samples import (
    LEG_SERIES,
    NOON,
    direct_call,
    interpreter,
    opened,
    relay_call,
    signer,
    sqlite_url,
)
from tests.signaling.records.test_migrations import go_back

#: Tables that can be reached from a call, whatever its kind.
ABOUT_A_CALL = {"calls", "call_phone_legs", "call_quality", "ratings", "rating_problems", "abuse_reports"}
#: Their columns of characters that are no code: identifiers, a dialled number, figures by fixed names.
NO_TEXT = {
    "calls.id",
    "calls.brand_id",
    "calls.signer_id",
    "calls.agent_id",
    "calls.network",
    "calls.readability",
    "call_phone_legs.call_id",
    "call_quality.call_id",
    "call_quality.series",
    "call_phone_legs.number",
    "ratings.call_id",
    "ratings.signer_id",
    "rating_problems.call_id",
    "abuse_reports.call_id",
}
SENTENCE = "elle a dit que son médecin"


def test_every_text_column_about_a_call_is_a_checked_code_or_an_identifier() -> None:
    for name in ABOUT_A_CALL:
        table = Base.metadata.tables[name]
        checked = " ".join(str(rule.sqltext) for rule in table.constraints if hasattr(rule, "sqltext"))
        for column in table.columns:
            if isinstance(column.type, (String, Text, JSON)) and str(column) not in NO_TEXT:
                assert f"{column.name} IN (" in checked, f"{column} takes any text"


def test_only_the_direct_wrap_up_points_to_a_call_beside_these_tables() -> None:
    pointing = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ABOUT_A_CALL
    }
    assert pointing - ABOUT_A_CALL == {"wrap_ups"}


def test_a_wrap_up_of_a_relay_call_cannot_even_be_made() -> None:
    with pytest.raises(NotInRelayError):
        WrapUp("relay-1", "relay", "a", note=SENTENCE)


async def test_a_wrap_up_that_lies_about_the_kind_is_refused(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        with pytest.raises(NotInRelayError):
            await records.calls.wrap_up(WrapUp("relay-1", "direct", "a", "other", SENTENCE, ContactForm(name="x")))
        assert_nowhere(tmp_path)


@pytest.mark.parametrize("kind", ["direct", "relay"])
async def test_the_database_itself_refuses_a_note_on_a_relay_call(tmp_path: Path, kind: str) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        with pytest.raises(IntegrityError):
            async with records.database.writing() as session:
                await session.execute(
                    insert(WrapUpRow).values(call_id="relay-1", call_kind=kind, note=SENTENCE, at=NOON)
                )
        assert_nowhere(tmp_path)


async def test_a_direct_call_with_a_note_cannot_become_a_relay_call(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(direct_call())
        await records.calls.wrap_up(WrapUp("direct-1", "direct", "a", note="note"))
        with pytest.raises(IntegrityError):
            async with records.database.writing() as session:
                await session.execute(update(CallRow).values(kind="relay"))


@pytest.mark.parametrize("column", ["end_reason", "end_fault", "mode", "trade", "kind"])
async def test_the_database_refuses_a_sentence_where_a_code_belongs(tmp_path: Path, column: str) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        with pytest.raises(IntegrityError):
            async with records.database.writing() as session:
                await session.execute(update(CallRow).values({column: SENTENCE}))


@pytest.mark.parametrize(
    "changes",
    [
        {"call_id": SENTENCE},
        {"brand_id": SENTENCE},
        {"agent_id": SENTENCE},
        {"signer_id": SENTENCE},
        {"end_reason": SENTENCE},
        {"talk_s": SENTENCE},
        {"queued_at": SENTENCE},
        {"network": {SENTENCE: 1.0}},
        {"network": {"reconnects": SENTENCE}},
        {"quality": {"began_at": SENTENCE, "step_s": 10}},
        {"quality": {"began_at": NOON, "step_s": 10, "note": SENTENCE}},
        {"quality": {"began_at": NOON, "step_s": 10, "signer": asdict(LEG_SERIES) | {"freezes": (SENTENCE,)}}},
        {"note": SENTENCE},
    ],
)
def test_no_field_of_a_call_takes_a_sentence_and_the_error_does_not_repeat_it(changes: dict[str, object]) -> None:
    values: dict[str, object] = {"call_id": "c", "kind": "relay", "mode": "LSF", "queued_at": NOON}
    with pytest.raises((ValidationError, TypeError)) as caught:
        CallRecord(**(values | changes))  # type: ignore[arg-type]
    assert SENTENCE not in str(caught.value) or changes == {"network": {SENTENCE: 1.0}}


def test_problems_of_a_rating_are_tick_boxes() -> None:
    with pytest.raises(ValidationError):
        RatingGiven("c", None, 3, (SENTENCE,))  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", [SENTENCE, "sip:someone@example.org", "", "+" + "9" * 21])
def test_what_is_no_number_is_not_kept_as_one(typed: str) -> None:
    assert PhoneLegRecord(typed, NOON).number is None


def test_a_relay_call_keeps_no_number_whoever_passes_one() -> None:
    legs = (PhoneLegRecord("+33199000001", NOON), PhoneLegRecord("15", NOON))
    kept = relay_call(phone_legs=legs).phone_legs
    assert [leg.number for leg in kept] == [None, None]
    assert [leg.dialled_at for leg in kept] == [NOON, NOON], "times and endings stay"
    assert direct_call(phone_legs=legs).phone_legs == legs


def test_a_write_with_a_number_that_an_earlier_version_left_waiting_loses_it() -> None:
    item = encode(direct_call(phone_legs=(PhoneLegRecord("+33199000001", NOON),)))
    write = decode(item.replace('"kind": "direct"', '"kind": "relay"'))
    assert isinstance(write, CallRecord) and write.kind == "relay"
    assert write.phone_legs[0].number is None


async def test_numbers_of_relay_calls_of_an_earlier_version_go_at_the_start(tmp_path: Path) -> None:
    legs = (PhoneLegRecord("+33199000001", NOON),)
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call(phone_legs=legs))
        await records.calls.record(direct_call(phone_legs=legs))
    await go_back(sqlite_url(tmp_path), "0001")
    engine = create_engine(sqlite_url(tmp_path))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE call_phone_legs SET number = '+33199000001'"))
    await engine.dispose()
    async with opened(sqlite_url(tmp_path)) as records, records.database.reading() as session:
        rows = await session.execute(select(PhoneLegRow.call_id, PhoneLegRow.number))
        assert {row.call_id: row.number for row in rows} == {"relay-1": None, "direct-1": "+33199000001"}


async def test_erasing_a_person_leaves_calls_as_figures(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, ines = await signer(records), await interpreter(records)
        await records.calls.record(relay_call(signer_id=camille.id, agent_id=ines.id))
        async with records.database.writing() as session:
            await session.execute(delete(Base.metadata.tables["people"]))
        assert await records.calls.find("relay-1") == relay_call()


def assert_nowhere(directory: Path) -> None:
    """The sentence is in no file of the database, its write-ahead log included."""
    for path in directory.iterdir():
        assert SENTENCE.encode() not in path.read_bytes()
