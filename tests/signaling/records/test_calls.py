from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from signaling.messages.records import ContactForm
from signaling.records.call_records import AbuseReported, PhoneLegRecord, RatingGiven, WrapUp
from signaling.records.errors import UnknownRecordError
from signaling.records.tables import (
    AbuseReportRow,
    CallQualityRow,
    CallRow,
    ContactRow,
    RatingProblemRow,
    RatingRow,
)
from tests.signaling.records.samples import (
    LEG_SERIES,
    NOON,
    QUALITY,
    Clock,
    direct_call,
    interpreter,
    mairie,
    opened,
    relay_call,
    signer,
    sqlite_url,
)


async def test_a_call_recorded_twice_is_one_call_with_the_latest_facts(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        under_way = relay_call(ended_at=None, end_reason=None, phone_legs=())
        for call in (under_way, relay_call(), relay_call()):
            await records.calls.record(call)
        assert await records.calls.find("relay-1") == relay_call()


async def test_a_late_summary_without_end_does_not_reopen_a_call(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        await records.calls.record(relay_call(ended_at=None, end_reason=None))
        assert await records.calls.find("relay-1") == relay_call()


async def test_fewer_phone_legs_replace_more(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        shorter = relay_call(phone_legs=(PhoneLegRecord("3631", NOON),))
        await records.calls.record(shorter)
        assert await records.calls.find("relay-1") == shorter


async def test_people_and_brands_without_a_row_are_left_out_of_the_record(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        ines = await interpreter(records)
        await records.calls.record(relay_call(signer_id="gone", agent_id=ines.id, brand_id="gone"))
        assert await records.calls.find("relay-1") == relay_call(agent_id=ines.id)


async def test_the_last_rating_of_a_call_counts(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        await records.calls.rate(RatingGiven("relay-1", None, 2, ("freeze", "picture")))
        await records.calls.rate(RatingGiven("relay-1", None, 4, ("wait",)))
        async with records.database.reading() as session:
            rating = await session.get(RatingRow, "relay-1")
            problem = await session.get(RatingProblemRow, ("relay-1", "wait"))
            earlier = await session.get(RatingProblemRow, ("relay-1", "freeze"))
        assert rating is not None and rating.stars == 4
        assert problem is not None and earlier is None


@pytest.mark.parametrize("stars", [0, 6])
def test_a_rating_has_one_to_five_stars(stars: int) -> None:
    with pytest.raises(ValueError, match="RatingGiven"):
        RatingGiven("c", None, stars)


async def test_what_is_added_to_a_call_needs_the_call(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        with pytest.raises(UnknownRecordError, match="unknown_call"):
            await records.calls.rate(RatingGiven("none", None, 3))
        with pytest.raises(UnknownRecordError, match="unknown_call"):
            await records.calls.wrap_up(WrapUp("none", "direct", "a"))
        with pytest.raises(UnknownRecordError, match="unknown_call"):
            await records.calls.report_abuse(AbuseReported("none", "agent", NOON))


async def test_an_abuse_report_is_kept_once_for_each_party(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        for at in (NOON, NOON + 1):
            await records.calls.report_abuse(AbuseReported("relay-1", "agent", at))
        async with records.database.reading() as session:
            row = await session.get(AbuseReportRow, ("relay-1", "agent"))
        assert row is not None and row.at == NOON + 1


async def test_contact_of_a_signer_is_found_again_in_the_next_call_with_the_same_brand(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, adam, brand = await signer(records), await interpreter(records, "adam"), await mairie(records)
        form = ContactForm(name="Camille", reference="D-12")
        for call_id in ("direct-1", "direct-2"):
            await records.calls.record(direct_call(call_id, brand_id=brand.id, signer_id=camille.id, agent_id=adam.id))
            await records.calls.wrap_up(WrapUp(call_id, "direct", adam.id, "resolved", None, form))
        assert await records.calls.contact_for(brand.id, camille.id) == (form, 2)
        assert await records.calls.contact_for("another", camille.id) is None
        assert await records.calls.contact_for(brand.id, None) is None


async def test_wrap_up_repeated_keeps_one_contact_and_the_last_words(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        adam, brand = await interpreter(records, "adam"), await mairie(records)
        await records.calls.record(direct_call(brand_id=brand.id, agent_id=adam.id))
        first = WrapUp("direct-1", "direct", adam.id, "call_back", "à rappeler", ContactForm(name="M. D."))
        await records.calls.wrap_up(first)
        await records.calls.wrap_up(replace(first, disposition="resolved", contact=ContactForm(name="M. Durand")))
        (row,) = await records.calls.today(adam.id)
        assert row.disposition == "resolved"
        async with records.database.reading() as session:
            contacts = list(await session.scalars(ContactRow.__table__.select()))
        assert len(contacts) == 1


async def test_todays_calls_begin_at_midnight_where_the_agent_is(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        ines = await interpreter(records)
        midnight_in_paris = NOON - 13 * 3600
        for call_id, queued_at in (("before", midnight_in_paris - 1), ("early", midnight_in_paris), ("late", NOON)):
            await records.calls.record(relay_call(call_id, queued_at=queued_at, together_at=None, agent_id=ines.id))
        rows = await records.calls.today(ines.id)
        assert [row.call_id for row in rows] == ["late", "early"]
        assert rows[0].end_reason == "completed" and rows[0].disposition is None


async def test_todays_calls_show_how_fluid_they_were_and_some_were_not_measured(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        ines = await interpreter(records)
        await records.calls.record(relay_call("measured", queued_at=NOON - 1, agent_id=ines.id))
        await records.calls.record(relay_call("not", queued_at=NOON - 2, agent_id=ines.id, quality=None))
        without = replace(QUALITY, signer=None, agent=LEG_SERIES)
        await records.calls.record(relay_call("one-side", queued_at=NOON - 3, agent_id=ines.id, quality=without))
        rows = await records.calls.today(ines.id)
        assert [row.frame_rates for row in rows] == [(25.0, 12.5, None), (), ()]


async def test_series_of_a_call_goes_with_the_call(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await records.calls.record(relay_call())
        async with records.database.writing() as session:
            await session.execute(delete(CallRow))
        async with records.database.reading() as session:
            assert list(await session.scalars(select(CallQualityRow))) == []


async def test_report_reads_the_slower_side_of_each_call(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        brand = await mairie(records)
        await records.calls.record(direct_call("a", brand_id=brand.id))
        await records.calls.record(direct_call("b", brand_id=brand.id, network={"signer_fps_p5": 24.0}))
        await records.calls.record(direct_call("c", brand_id=brand.id, network={}))
        assert {call.fps_p5 for call in await records.reports.calls(brand.id, 0, 2e9)} == {18.0, 24.0, None}


async def test_records_are_found_again_after_a_restart(tmp_path: Path) -> None:
    for attempt in range(2):
        async with opened(sqlite_url(tmp_path)) as records:
            if attempt == 0:
                await records.calls.record(relay_call())
            assert await records.calls.find("relay-1") == relay_call()
