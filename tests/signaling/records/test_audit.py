"""The audit log and what the board keeps: appended, read, served its time; never changed."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from signaling.audit import Acted
from signaling.messages.board import BoardThresholds
from signaling.records.call_records import CallRecord
from tests.signaling.records.samples import NOON, direct_call, interpreter, mairie, opened, relay_call, sqlite_url


async def test_acts_are_read_newest_first_with_the_names_of_people(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        noa = await records.people.add(login="noa", name="Noa", role="supervisor", password_hash="-")
        ines = await interpreter(records)
        await records.audit.add(Acted(noa.id, "presence", 10.0, agent_id=ines.id, detail="paused"))
        await records.audit.add(Acted(noa.id, "move", 11.0, subject="relay/LSF", detail="head"))
        entries, has_more = await records.audit.latest()
    assert [(each.at, each.by, each.act, each.subject, each.detail) for each in entries] == [
        (11.0, "Noa", "move", "relay/LSF", "head"),
        (10.0, "Noa", "presence", ines.name, "paused"),
    ]
    assert not has_more


async def test_whoever_is_erased_is_not_named_here_either(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.audit.add(Acted("gone", "say", 10.0, agent_id="gone-too"))
        [entry], _ = await records.audit.latest()
    assert (entry.by, entry.subject) == ("", None)


async def test_older_acts_are_read_page_by_page_and_none_twice(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        for at in range(120):
            await records.audit.add(Acted("noa", "say", float(at)))
        seen: list[float] = []
        before, has_more = None, True
        while has_more:
            entries, has_more = await records.audit.latest(before)
            seen += [entry.at for entry in entries]
            before = entries[-1].at
    assert seen == [float(at) for at in reversed(range(120))]


async def test_an_act_written_again_is_there_once(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        acted = Acted("noa", "joined", 10.0, subject="c1")
        await records.audit.add(acted)
        await records.audit.add(acted)
        assert len((await records.audit.latest())[0]) == 1


async def test_nobody_changes_an_act(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.audit.add(Acted("noa", "say", 10.0))
        with pytest.raises(DBAPIError, match="append-only"):
            async with records.database.writing() as session:
                await session.execute(text("UPDATE audit SET act = 'left'"))
        [entry], _ = await records.audit.latest()
    assert entry.act == "say"


async def test_what_has_served_its_time_is_deleted(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        for at in (10.0, 20.0, 30.0):
            await records.audit.add(Acted("noa", "say", at))
        await records.audit.forget_before(20.0)
        assert [entry.at for entry in (await records.audit.latest())[0]] == [30.0, 20.0]


async def test_thresholds_are_kept_for_each_queue_and_an_empty_one_is_not_the_default(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.board.set_thresholds("relay/LSF", BoardThresholds(waiting=5))
        await records.board.set_thresholds("relay/LSF", BoardThresholds(longest_wait_s=60))
        assert await records.board.thresholds() == {"relay/LSF": BoardThresholds(longest_wait_s=60)}


async def test_the_boards_calls_of_the_day_are_real_ended_and_of_a_queue(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        brand = await mairie(records)
        kept: tuple[CallRecord, ...] = (
            relay_call("answered"),
            relay_call("left", together_at=None, wait_s=50.0, abandoned=True, end_reason="abandoned"),
            direct_call("town", brand_id=brand.id),
            relay_call("running", ended_at=None, end_reason=None, end_fault=None),
            relay_call("played", rehearsal=True),
            relay_call("peers", kind="video", trade=None, phone_legs=(), phone_s=0.0),
            relay_call("yesterday", queued_at=NOON - 90_000),
            relay_call("read-before", ended_at=NOON - 80),
        )
        for call in kept:
            await records.calls.record(call)
        found = {call.call_id: call for call in await records.board.calls(NOON - 3_600, NOON - 60)}
    assert set(found) == {"answered", "left", "town"}
    assert (found["answered"].queue, found["town"].queue) == ("relay/LSF", "mairie/LSF")
    assert (found["answered"].over_at, found["answered"].is_answered) == (NOON - 100, True)
    assert (found["left"].over_at, found["left"].is_abandoned) == (NOON, True)
