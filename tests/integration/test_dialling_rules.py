"""What is dialled and who may call, over several processes: caps, costs, brakes, block lists; emergencies pass them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from interpreter_queue.config import QueueConfig
from relay.phone.dialling import DiallingOverride, DiallingPolicy
from relay.phone_messages import Dial, PhoneReferred, PhoneState
from signaling.block_list import ANONYMOUS, BlockList, Entry
from signaling.numbers import DRILL
from signaling.phone_caps import SERVICE, CapsConfig, Payer
from signaling.phone_tallies import Tallies
from signaling.records.model import BrandRules, Qualification
from tests.helpers.centre import accept
from tests.helpers.control_plane import RawPage
from tests.helpers.signers import CAMILLE, Site, site

pytestmark = pytest.mark.integration
ABROAD, ABROAD_READ = "+1 212 555 0123", "+1 212-555-0123"
WORLD = DiallingPolicy(countries=None)
FICTION = ("01 99 00 00 01", "01 99 00 00 02", "01 99 00 00 03", "01 99 00 00 04")


async def shows(page: RawPage, state: str, **fields: object) -> dict[str, Any]:
    return await page.wait(
        lambda m: (
            m["type"] == "call.state"
            and m is page.newest("call.state")
            and m["state"] == state
            and fields.items() <= m.items()
        )
    )


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.02)


async def briefing(page: RawPage, agent: RawPage, number: str, **wishes: object) -> str:
    """:returns: the call's id; signer and agent are together, nothing is dialled."""
    answer = await page.ask("call.request", kind="relay", number=number, **wishes)
    assert answer["type"] == "ok", answer
    await until(lambda: agent.newest("assignment.alert") is not None)
    await accept(agent)
    return str((await shows(agent, "briefing"))["call_id"])


async def leave(page: RawPage, agent: RawPage, call_id: str) -> None:
    """Ended, wrapped up; the agent is ready for the next."""
    assert (await page.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await shows(page, "ended", call_id=call_id)
    await shows(agent, "ended", call_id=call_id)
    await agent.wait(lambda m: m is agent.newest("agent.state") and m["state"] in {"wrap_up", "idle"})
    await agent.ask("wrap_up.finish")
    await agent.wait(lambda m: m is agent.newest("agent.state") and m["state"] == "idle")
    agent.messages.clear()
    page.messages.clear()


async def dials(site_: Site, agent: RawPage, call_id: str, attempt: int, **fields: object) -> None:
    """The agent dials; it rings nowhere and is over again."""
    answer = await agent.ask("call.act", call_id=call_id, action="dial", **fields)
    assert answer["type"] == "ok", answer
    name = f"{call_id}-{attempt}"
    await site_.phone.wait(call_id, Dial, lambda command: command.attempt == name)
    over = PhoneState(call_id=call_id, attempt=name, progress="ended", outcome="busy", sip_code=486)
    site_.phone.emit(over)
    await shows(agent, "after_phone")


@asynccontextmanager
async def people(processes: int = 1, **settings: Any) -> AsyncIterator[tuple[Site, RawPage, RawPage]]:
    async with site(processes=processes, **settings) as centre:
        page = await centre.page(centre.camille)
        agent = await centre.agent(processes - 1)
        yield centre, page, agent


def blocks(centre: Site) -> BlockList:
    return BlockList(centre.planes[0].config.secret_key, centre.records.blocks)


async def test_a_signers_calls_of_the_day_are_counted_by_all_processes_together() -> None:
    async with people(processes=2, caps=CapsConfig(signer_calls_per_day=3)) as (centre, page, agent):
        call_id = await briefing(page, agent, FICTION[0])
        await dials(centre, agent, call_id, 1)
        await dials(centre, agent, call_id, 2, number=FICTION[1])
        await leave(page, agent, call_id)
        other = await centre.page(centre.camille, 1, "phone-0002")
        call_id = await briefing(other, agent, FICTION[2])
        await dials(centre, agent, call_id, 1)
        refused = await agent.ask("call.act", call_id=call_id, action="dial")
        assert refused["code"] == "calls_used_up" and "demain" in refused["message"]
        await leave(other, agent, call_id)
        for signer in (page, other):
            assert (await signer.ask("call.request", kind="relay", number=FICTION[3]))["code"] == "calls_used_up"
        assert (await page.ask("call.request", kind="relay", number="115"))["type"] == "ok", "an emergency always may"


async def test_a_second_telephone_over_the_cap_is_refused_and_the_first_stays() -> None:
    async with people(caps=CapsConfig(signer_lines=1)) as (centre, page, agent):
        call_id = await briefing(page, agent, FICTION[0])
        assert (await agent.ask("call.act", call_id=call_id, action="dial"))["type"] == "ok"
        await centre.phone.wait(call_id, Dial)
        centre.phone.emit(PhoneState(call_id=call_id, attempt=f"{call_id}-1", progress="answered", sip_code=200))
        await shows(agent, "active")
        for action in ("join_phone", "transfer"):
            refused = await agent.ask("call.act", call_id=call_id, action=action, number=FICTION[1])
            assert refused["code"] == "too_many_lines"
        centre.phone.emit(PhoneReferred(call_id=call_id, attempt=f"{call_id}-1", number="+33199000003"))
        assert (await shows(agent, "active"))["joined"] is None
        joined = await agent.ask("call.act", call_id=call_id, action="join_phone", number="119")
        assert joined["type"] == "ok", "an emergency is dialled whatever is on the line"
        assert (await centre.phone.wait(call_id, Dial, lambda each: each.joins)).target == "119"
        assert [each.target for each in centre.phone.told(call_id, Dial)] == ["+33199000001", "119"]


async def test_what_costs_extra_is_asked_about_once_and_then_dialled() -> None:
    async with people(dialling=WORLD) as (centre, page, agent):
        assert (await page.ask("call.request", kind="relay", number=ABROAD))["type"] == "ok"
        asked = await page.of_type("call.cost")
        assert (asked["number"], asked["reason"], asked["call_id"]) == (ABROAD_READ, "abroad", None)
        assert page.newest("call.state") is None, "nothing has begun"
        call_id = await briefing(page, agent, ABROAD, cost_confirmed=True)
        await dials(centre, agent, call_id, 1)
        assert agent.newest("call.cost") is None, "the signer agreed to this number"
        told = {"call_id": call_id, "action": "dial", "number": "+1 212 555 0199"}
        assert (await agent.ask("call.act", **told))["type"] == "ok"
        assert (await agent.of_type("call.cost"))["call_id"] == call_id
        assert len(centre.phone.told(call_id, Dial)) == 1
        await dials(centre, agent, call_id, 2, number="+1 212 555 0199", cost_confirmed=True)


async def test_calling_back_an_expensive_caller_is_asked_about_too() -> None:
    async with people(dialling=WORLD) as (centre, page, agent):
        call_id = centre.phone.rings(CAMILLE, "+12125550123")
        await page.state("incoming")
        assert (await page.ask("call.act", call_id=call_id, action="accept", mode="LSF"))["type"] == "ok"
        await accept(agent)
        await shows(agent, "active")
        centre.phone.emit(PhoneReferred(call_id=call_id, attempt=f"{call_id}-1", number="+33199000003"))
        centre.phone.hangs_up(call_id)
        await shows(agent, "after_phone")
        assert not centre.phone.told(call_id, Dial), "who calls in never dials out"
        assert (await agent.ask("call.act", call_id=call_id, action="dial"))["type"] == "ok"
        assert (await agent.of_type("call.cost"))["reason"] == "abroad"
        assert not centre.phone.told(call_id, Dial)


async def test_a_sudden_rise_abroad_is_told_once_and_brakes_what_costs_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with people(processes=2, dialling=WORLD, caps=CapsConfig(signer_abroad=2)) as (centre, page, agent):
        call_id = await briefing(page, agent, ABROAD, cost_confirmed=True)
        await dials(centre, agent, call_id, 1)
        await dials(centre, agent, call_id, 2)
        told = {"call_id": call_id, "action": "dial", "cost_confirmed": True}
        for number in (None, "+1 212 555 0199", "+44 20 7946 0000"):
            refused = await agent.ask("call.act", number=number, **told)
            assert refused["code"] == "dialling_braked"
        await dials(centre, agent, call_id, 3, number=FICTION[0])
        for plane in centre.planes:
            assert (await plane.checks())["dialling"] == "abroad"
        assert await _metric(centre, 'relay_dialling_alarms_total{kind="abroad",payer="signer"} 1.0')
    alarms = [record for record in caplog.records if "dialling alarm" in record.message]
    assert len(alarms) == 1 and alarms[0].__dict__["payer_id"] == centre.camille.id
    assert not any(shown in caplog.text for shown in ("2125550", "212 555", "99000001"))


async def _metric(centre: Site, line: str) -> bool:
    found = False
    async with aiohttp.ClientSession() as http:
        for plane in centre.planes:
            async with http.get(f"{plane.url}/metrics") as response:
                found = found or line in await response.text()
    return found


async def test_blocked_numbers_are_not_dialled_and_blocked_callers_leave_no_trace() -> None:
    async with people() as (centre, page, agent):
        listed = blocks(centre)
        await listed.add(Entry("out", "+3319900000*"))
        await listed.add(Entry("in", "+33199000077", "person", centre.camille.id))
        assert (await page.ask("call.request", kind="relay", number=FICTION[0]))["code"] == "number_blocked"
        assert await centre.phone.refused(centre.phone.rings(CAMILLE, "+33199000077")) == 603
        rung = centre.phone.rings(CAMILLE, None)
        await page.state("incoming")
        centre.phone.hangs_up(rung)
        await page.wait(lambda m: m["type"] == "inbox" and len(m["entries"]) == 1)
        (entry,) = page.newest("inbox")["entries"]  # type: ignore[index]
        assert (await page.ask("inbox.block", entry_id="another"))["code"] == "message_gone"
        assert (await page.ask("inbox.block", entry_id=entry["entry_id"]))["type"] == "ok"
        assert Entry("in", ANONYMOUS, "person", centre.camille.id) in await listed.all()
        assert await centre.phone.refused(centre.phone.rings(CAMILLE, None)) == 603
        assert len(await centre.records.inbox.of(centre.camille.id)) == 1
        call_id = await briefing(page, agent, "01 99 00 10 01")
        refused = await agent.ask("call.act", call_id=call_id, action="dial", number=FICTION[0])
        assert refused["code"] == "number_blocked"


async def test_without_redis_calls_go_on_and_are_still_capped() -> None:
    async with people(caps=CapsConfig(signer_calls_per_day=2)) as (centre, page, agent):
        call_id = await briefing(page, agent, FICTION[0])
        await dials(centre, agent, call_id, 1)
        await centre.planes[0].redis.kill()
        try:
            await dials(centre, agent, call_id, 2)
            assert (await agent.ask("call.act", call_id=call_id, action="dial"))["code"] == "calls_used_up"
        finally:
            await centre.planes[0].redis.start()


FORMS = ("15", "1 5", "112", "+33 17", "0033112", "tel:18", "1.1.2", "« 15 »", "114")
RELAYED = ("115", "1 1 9", "+33 196", "0033 197", "tel:191", "116 000", "116117")


async def test_no_guard_stops_an_emergency_in_any_form() -> None:
    """Every guard is shut at once: countries, caps, brakes, block lists, rate limits, a full line, sign-in."""
    shut = CapsConfig(signer_calls_per_day=1, signer_minutes_per_day=1, signer_lines=1)
    nothing = DiallingPolicy(countries=frozenset(), short_numbers=frozenset())
    settings: dict[str, Any] = {"caps": shut, "dialling": nothing, "relay_emergency": True}
    settings |= {"call_requests_burst": 1, "call_requests_window_s": 3600.0, "visitor_calls_per_address": 1}
    async with people(queue=QueueConfig(alert_s=60.0), **settings) as (centre, page, _agent):
        listed = blocks(centre)
        for pattern in ("1*", "+*", "15", "112", "115", "119"):
            await listed.add(Entry("out", pattern))
            await listed.add(Entry("out", pattern, "person", centre.camille.id))
        tallies, far = Tallies(centre.redis, 600.0), 4e9
        for payer in (SERVICE, Payer("signer", centre.camille.id)):
            await tallies.change(
                payer, lambda tally: (tally.model_copy(update={"calls": 99, "alarms": {"abroad": far}}), None)
            )
        assert (await page.ask("call.request", kind="relay", number=FICTION[0]))["code"] == "country_not_allowed"
        for form in FORMS:
            assert (await page.ask("call.request", kind="relay", number=form))["type"] == "ok", form
            notice = page.newest("emergency")
            assert notice is not None and notice["may_relay"], form
            page.messages.clear()
        for form in (*FORMS, *RELAYED):
            told: dict[str, Any] = {"number": form, "emergency_confirmed": True, "location": "Place de la Mairie"}
            answer = await page.ask("call.request", kind="relay", **told)
            assert answer["type"] == "ok", (form, answer)
            call_id = (await page.wait(lambda m: m["type"] == "call.state" and m["state"] in WAITS))["call_id"]
            assert page.newest("emergency") is None
            assert (await page.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
            await shows(page, "ended", call_id=call_id)
            page.messages.clear()
        visitor = await centre.browsers[0].visitor()
        for form in (*FORMS, *RELAYED):
            for told in ({"kind": "relay"}, {"kind": "direct", "brand": "no-such-brand"}):
                assert (await visitor.ask("call.request", number=form, emergency_confirmed=True, **told))[
                    "type"
                ] == "ok"
                notice = visitor.newest("emergency")
                assert notice is not None and not notice["may_relay"], form
                visitor.messages.clear()


WAITS = ("queued", "alerting")


async def test_an_emergency_typed_in_a_call_is_dialled_when_relayed_and_else_shows_114() -> None:
    nothing = DiallingPolicy(countries=frozenset({33}), short_numbers=frozenset())
    async with people(dialling=nothing, relay_emergency=True, caps=CapsConfig(signer_calls_per_day=1)) as (
        centre,
        page,
        agent,
    ):
        call_id = await briefing(page, agent, FICTION[0])
        await dials(centre, agent, call_id, 1)
        assert (await agent.ask("call.act", call_id=call_id, action="dial"))["code"] == "calls_used_up"
        for attempt, form in enumerate(("1 5", "112", "+33 115"), 2):
            await dials(centre, agent, call_id, attempt, number=form)
        assert [each.target for each in centre.phone.told(call_id, Dial)][1:] == ["15", "112", "115"]
    async with people() as (_centre, page, agent):
        call_id = await briefing(page, agent, FICTION[0])
        refused = await agent.ask("call.act", call_id=call_id, action="dial", number="1 5")
        assert refused["code"] == "emergency_in_call"
        notice = await page.of_type("emergency")
        assert (notice["number"], notice["kind"]) == ("15", "offer_114")


async def test_a_rehearsed_emergency_dials_the_demonstration_phone_alone_and_counts_for_nobody() -> None:
    async with site(relay_emergency=True, caps=CapsConfig(signer_calls_per_day=1, signer_lines=1)) as centre:
        agent = await centre.browsers[0].rehearsal("agent")
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        signer = await centre.browsers[0].rehearsal("signer")
        call_id = await briefing(signer, agent, "112", emergency_confirmed=True)
        await dials(centre, agent, call_id, 1)
        for attempt, form in enumerate(("1 5", "115", "+33 17"), 2):
            await dials(centre, agent, call_id, attempt, number=form)
        assert {each.target for each in centre.phone.told(call_id, Dial)} == {DRILL}
        refused = await agent.ask("call.act", call_id=call_id, action="dial", number="06 12 34 56 78")
        assert refused["code"] == "number_refused"
        assert not [key async for key in centre.redis.scan_iter("passerelle:phone:tally:*")]


async def test_a_brand_and_a_role_have_rules_of_their_own() -> None:
    async with site(dialling_visitor=DiallingOverride(countries=frozenset({33}))) as centre:
        brand = await centre.records.brands.by_slug("demo-mairie")
        assert brand is not None
        await centre.records.brand_rules.put(
            brand.id, BrandRules(DiallingOverride(countries=frozenset({33, 32})), calls_per_day=1)
        )
        adviser = await centre.records.people.add(
            login="ali", name="Ali", role="agent", password_hash="-",
            qualifications=[Qualification("adviser", "LSF C1")], skills=list(brand.skills),
        )  # fmt: skip
        agent = await centre.page(adviser, role="agent")
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        visitor = await centre.browsers[0].visitor()
        assert (await visitor.ask("call.request", kind="direct", brand="demo-mairie"))["type"] == "ok"
        await agent.of_type("assignment.alert")
        await accept(agent)
        call_id = (await shows(agent, "talking"))["call_id"]
        refused = await agent.ask("call.act", call_id=call_id, action="dial", number="+44 20 7946 0000")
        assert refused["code"] == "country_not_allowed", "the brand's rule"
        refused = await visitor.ask("call.act", call_id=call_id, action="dial", number="+32 2 555 12 12")
        assert refused["code"] == "country_not_allowed", "the visitor's"
        answer = await agent.ask("call.act", call_id=call_id, action="dial", number="+32 2 555 12 12")
        assert answer["type"] == "ok", "the adviser may"
        name = (await centre.phone.wait(call_id, Dial)).attempt
        centre.phone.emit(PhoneState(call_id=call_id, attempt=name, progress="ended", outcome="busy", sip_code=486))
        await shows(agent, "talking")
        refused = await agent.ask("call.act", call_id=call_id, action="dial", number=FICTION[0])
        assert refused["code"] == "calls_used_up", "the brand's cap"
