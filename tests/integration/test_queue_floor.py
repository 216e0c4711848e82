"""
Rules of queues, call-backs, refusals and training at a real service: real Redis, real SQLite, no media worker needed.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp
import pytest

from interpreter_queue.config import QueueConfig
from signaling.auth import SESSION_COOKIE
from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.http_api.waits import ASKED
from signaling.ownership import Ownership, Snapshot
from signaling.records import Records
from signaling.records.call_records import CallRecord
from signaling.records.model import Qualification
from signaling.records.opening import DAY_NAMES
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane
from tests.signaling.calls import new_call

pytestmark = pytest.mark.integration
DIALLED = "01 99 00 00 01"
INTERPRETER = [Qualification("interpreter", "Master LSF")]
ADVISER = [Qualification("adviser", "LSF C1")]
CLOSED = f"{DAY_NAMES[(date.today().weekday() + 3) % 7]} 9:00-18:00"  # in three days


@dataclass
class Floor:
    plane: ControlPlane
    pages: Browser
    ids: dict[str, str]

    async def page(self, login: str, role: str) -> RawPage:
        page = await self.pages.open(headers={"Cookie": f"{SESSION_COOKIE}={login}-token"})
        await page.send("hello", role=role)
        await page.of_type("welcome")
        return page

    async def signer(self, login: str = "camille") -> RawPage:
        return await self.page(login, "signer")

    async def agent(self, login: str) -> RawPage:
        page = await self.page(login, "agent")
        await ok(page, "presence.set", presence="available")
        await page.wait(lambda m: m["type"] == "agent.state" and m["state"] in ("idle", "alerting"))
        return page

    async def rule(self, queue: str, **rules: Any) -> None:
        async with Records(self.plane.config.database_url) as records:
            await records.queue_rules.put(queue, rules)

    async def kept(self, call_id: str) -> CallRecord | None:
        async with Records(self.plane.config.database_url) as records:
            return await records.calls.find(call_id)


async def people(url: str) -> dict[str, str]:
    wanted: dict[str, dict[str, Any]] = {
        "camille": {"role": "signer"},
        "sacha": {"role": "signer"},
        "ines": {"role": "agent", "qualifications": INTERPRETER},
        "karim": {"role": "agent", "qualifications": INTERPRETER, "skills": {"gender:m": 5}},
        "adam": {"role": "agent", "qualifications": ADVISER, "skills": ["brand:demo-mairie"], "hears": False},
        "zoe": {"role": "agent", "qualifications": ADVISER, "skills": ["brand:demo-mairie"]},
        "lou": {"role": "agent", "qualifications": ADVISER, "skills": ["brand:prefecture"]},
    }
    async with Records(url) as records:
        for login, fields in wanted.items():
            person = await records.people.add(login=login, name=login.title(), password_hash="-", **fields)
            await records.sessions.add(f"{login}-token", person.id, 3600)
        return {person.login: person.id for person in await records.people.all()}


@pytest.fixture
async def floor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Floor]:
    monkeypatch.setattr("signaling.rules_book.READ_AGAIN_S", 0.0)
    monkeypatch.setattr("signaling.callback_desk.LOOK_S", 0.1)
    monkeypatch.setattr("signaling.waits.TELL_S", 0.2)
    async with control_plane(queue=QueueConfig(wrap_up_s=0.2)) as plane, browser(plane) as pages:
        yield Floor(plane, pages, await people(plane.config.database_url))


async def ok(page: RawPage, type_: str, **fields: object) -> None:
    answer = await page.ask(type_, **fields)
    assert answer["type"] == "ok", answer


async def accept(agent: RawPage, **wanted: object) -> dict[str, Any]:
    """The newest alert, which must be so."""
    answered = {m["assignment_id"] for m in agent.messages if m["type"] == "assignment.ended"}
    alert = await agent.wait(lambda m: m["type"] == "assignment.alert" and m["assignment_id"] not in answered)
    assert wanted.items() <= alert.items()
    await ok(agent, "assignment.accept", assignment_id=alert["assignment_id"])
    return alert


async def hang_up(page: RawPage) -> None:
    await ok(page, "call.act", call_id=page.call["call_id"], action="hang_up")
    await page.state("ended")


async def callbacks(page: RawPage, state: str) -> dict[str, Any]:
    """The one that this page knows, once it is so."""
    message = await page.wait(
        lambda m: m["type"] == "callbacks" and m is page.newest("callbacks") and [
            each["state"] for each in m["entries"]
        ] == [state]
    )  # fmt: skip
    entry: dict[str, Any] = message["entries"][0]
    return entry


async def in_line(page: RawPage, expected: bool = True) -> None:
    """Whether this page's call-back stands in the line now, or waits for its hour."""
    await page.wait(
        lambda m: m["type"] == "callbacks" and m is page.newest("callbacks") and [
            (each["state"], each["next_at"] is None, each["attempts"]) for each in m["entries"]
        ] == [("waiting", expected, 0)]
    )  # fmt: skip


async def test_who_asks_while_waiting_is_rung_by_a_reserved_interpreter_and_has_not_abandoned(floor: Floor) -> None:
    signer = await floor.signer()
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    await signer.state("queued")
    waited = signer.call["call_id"]
    await ok(signer, "call.act", call_id=waited, action="ask_callback")
    await signer.wait(lambda m: m["type"] == "call.state" and m["end_reason"] == "callback_asked")
    asked = await signer.wait(lambda m: m["type"] == "callbacks" and len(m["entries"]) == 1)
    assert asked["entries"][0]["number"] == DIALLED
    agent = await floor.agent("ines")
    alert = await accept(agent, callback=True, kind="relay")
    assert alert["call_id"] != waited
    rung = await signer.state("calling_back")
    assert rung["callback"] and rung["queued_at"] <= asked["entries"][0]["asked_at"], "its place is the old one"
    assert (await callbacks(signer, "trying"))["attempts"] == 1
    await ok(signer, "call.act", call_id=rung["call_id"], action="accept")
    await agent.state("briefing")
    await hang_up(signer)
    await callbacks(signer, "done")
    async with asyncio.timeout(30):
        while (kept := await floor.kept(waited)) is None:
            await asyncio.sleep(0.05)
    assert (kept.end_reason, kept.abandoned) == ("callback_asked", False)


async def test_a_signer_who_says_no_is_rung_no_more_and_a_cancelled_one_never(floor: Floor) -> None:
    signer, agent = await floor.signer(), await floor.agent("ines")
    await ok(signer, "callback.request", kind="relay", number=DIALLED)
    await accept(agent, callback=True)
    rung = await signer.state("calling_back")
    await ok(signer, "call.act", call_id=rung["call_id"], action="decline")
    await callbacks(signer, "cancelled")
    await agent.wait(lambda m: m["type"] == "agent.state" and m is agent.newest("agent.state") and m["state"] == "idle")
    other = await floor.signer("sacha")
    await ok(other, "callback.request", kind="relay", number=DIALLED, at=time.time() + 3600)
    entry = await callbacks(other, "waiting")
    seen = await agent.wait(lambda m: m["type"] == "callbacks" and len(m["entries"]) == 1)
    assert seen["entries"][0]["number"] is None, "agents see no number"
    await ok(other, "callback.cancel", callback_id=entry["callback_id"])
    await callbacks(other, "cancelled")
    refused = await signer.ask("callback.cancel", callback_id=entry["callback_id"])
    assert refused["code"] == "callback_gone"


async def test_closed_hours_offer_a_call_back_at_the_opening_and_let_emergencies_pass(floor: Floor) -> None:
    await floor.rule("relay", hours=CLOSED, room=0, required={"legal": 5}, when_empty="refuse")
    signer = await floor.signer()
    refused = await signer.ask("call.request", kind="relay", number=DIALLED)
    assert (refused["code"], refused["callback"]) == ("mode_closed", True)
    await ok(signer, "callback.request", kind="relay", number=DIALLED)
    entry = await callbacks(signer, "waiting")
    assert entry["next_at"] > time.time() and entry["attempts"] == 0
    async with aiohttp.ClientSession() as http, http.get(f"{floor.plane.url}/api/v1/waits") as response:
        modes = {mode["mode"]: mode for mode in (await response.json())["modes"]}
    assert response.headers["Cache-Control"] == "public, max-age=5"
    assert not modes["LSF"]["is_open"] and modes["LSF"]["opens_at"] == pytest.approx(entry["next_at"])
    await ok(signer, "call.request", kind="relay", number="115")
    await signer.state("queued")
    agent = await floor.agent("ines")
    await accept(agent)
    await signer.state("briefing")


async def test_an_emergency_waits_for_no_rule_and_no_database(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = await floor.signer()
    monkeypatch.setattr("signaling.rules_book.READ_AGAIN_S", 5.0)

    async def hangs(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    for where in (
        "signaling.records_desk.RecordsDesk.refused_agents",
        "signaling.records_desk.RecordsDesk.agent_gender",
        "signaling.records_desk.RecordsDesk.known_adviser",
        "signaling.records.queue_rules.QueueRulesTable.all",
    ):
        monkeypatch.setattr(where, hangs)
    await ok(signer, "call.request", kind="relay", number="115", gender="f", domain="medical")
    await signer.state("queued")


async def test_limits_of_what_a_signer_may_ask_for(floor: Floor) -> None:
    signer = await floor.signer()
    for at in (3600, 7200, 10800):
        await ok(signer, "callback.request", kind="relay", number=DIALLED, at=time.time() + at)
    kept = b"".join(each.read_bytes() for each in floor.plane.config.data_dir.glob("*.sqlite3*"))
    assert b"callbacks" in kept and b"99000001" not in kept and b"99 00 00 01" not in kept, "numbers are sealed"
    late = await signer.ask("callback.request", kind="relay", number=DIALLED, at=time.time() + 30 * 86400)
    fourth = await signer.ask("callback.request", kind="relay", number=DIALLED)
    assert (late["code"], fourth["code"]) == ("invalid", "too_many_callbacks")
    other = await floor.signer("sacha")
    wrong: dict[str, dict[str, Any]] = {
        "callback_emergency": {"number": "15"},
        "number_missing": {},
        "invalid": {"number": DIALLED, "domain": "rehearsal"},
    }
    for code, fields in wrong.items():
        assert (await other.ask("callback.request", kind="relay", **fields))["code"] == code
    visitor = await floor.pages.visitor()
    answer = await visitor.ask("callback.request", kind="direct", brand="demo-mairie")
    assert answer["code"] == "sign_in_required"


async def test_either_side_refuses_the_other_silently_and_may_take_it_back(floor: Floor) -> None:
    signer, ines = await floor.signer(), await floor.agent("ines")

    async def call_with(agent: RawPage) -> str:
        await ok(signer, "call.request", kind="relay", number=DIALLED)
        await accept(agent)
        await signer.state("briefing")
        call_id = str(signer.call["call_id"])
        await hang_up(signer)
        return call_id

    first = await call_with(ines)
    told = len(ines.messages)
    await ok(signer, "refusal.set", call_id=first, enabled=True)
    await ines.wait(lambda m: m["type"] == "agent.state" and m is ines.newest("agent.state") and m["state"] == "idle")
    assert "refus" not in str(ines.messages[told:])
    karim = await floor.agent("karim")
    await call_with(karim)
    await ok(signer, "refusal.set", call_id=first, enabled=False)
    await ok(karim, "presence.set", presence="paused", reason="break")
    await call_with(ines)


async def test_a_domain_is_asked_for_first_and_given_up_with_time(floor: Floor) -> None:
    await floor.rule("relay", relax=[{"after_s": 1.0, "level": 0}])
    agent, signer = await floor.agent("ines"), await floor.signer()
    await ok(signer, "call.request", kind="relay", number=DIALLED, domain="medical")
    await accept(agent)
    await hang_up(signer)


async def test_the_gender_asked_for_is_kept_and_counts_among_those_who_are_free(floor: Floor) -> None:
    ines, karim, signer = await floor.agent("ines"), await floor.agent("karim"), await floor.signer()
    await ok(signer, "call.request", kind="relay", number=DIALLED, gender="m")
    await accept(karim)
    assert ines.newest("assignment.alert") is None, "although she has been idle longer"
    again = await floor.signer()
    assert (await again.of_type("welcome"))["gender"] == "m"


async def test_the_known_adviser_comes_first_then_others_and_the_overflow(floor: Floor) -> None:
    await floor.rule("direct", known_adviser_s=2.0, overflow_after_s=3.0, overflow_skills={"brand:prefecture": 1})
    adam, signer = await floor.agent("adam"), await floor.signer()
    await ok(signer, "call.request", kind="direct", brand="demo-mairie")
    await accept(adam)
    await signer.state("talking")
    assert (await adam.state("talking"))["agent_hears"] is False, "he is deaf: an interpreter is offered to him"
    known = signer.call["call_id"]
    await hang_up(signer)
    async with asyncio.timeout(30):
        while await floor.kept(known) is None:
            await asyncio.sleep(0.05)
    zoe = await floor.agent("zoe")
    await ok(adam, "presence.set", presence="training")
    await adam.wait(
        lambda m: m["type"] == "agent.state" and m is adam.newest("agent.state") and m["state"] == "training"
    )
    await ok(adam, "presence.set", presence="available")
    await ok(signer, "call.request", kind="direct", brand="demo-mairie")
    await accept(adam)
    assert zoe.newest("assignment.alert") is None
    await hang_up(signer)
    for page in (adam, zoe):
        await ok(page, "presence.set", presence="paused", reason="break")
    lou = await floor.agent("lou")
    await ok(signer, "call.request", kind="direct", brand="demo-mairie")
    await accept(lou)
    assert (await lou.state("talking"))["agent_hears"] is True


async def test_nobody_is_alerted_in_training_and_the_pages_know_that_nobody_serves(floor: Floor) -> None:
    agent, signer = await floor.agent("ines"), await floor.signer()
    await ok(agent, "presence.set", presence="training")
    await agent.wait(lambda m: m["type"] == "agent.state" and m["state"] == "training")
    await signer.wait(lambda m: m["type"] == "waits" and m is signer.newest("waits") and serving(m) == 0)
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    await signer.wait(lambda m: m["type"] == "call.state" and (m["queue"] or {}).get("serving") == 0)
    await ok(agent, "presence.set", presence="available")
    await accept(agent)
    await signer.wait(lambda m: m["type"] == "waits" and m is signer.newest("waits") and serving(m) == 1)


async def test_the_public_asks_for_waits_a_few_times_a_minute_and_is_told_when_again(floor: Floor) -> None:
    statuses = []
    async with aiohttp.ClientSession() as http:
        for _ in range(ASKED.burst + 5):
            async with http.get(f"{floor.plane.url}/api/v1/waits") as response:
                statuses.append((response.status, response.headers.get("Retry-After") is not None))
    assert statuses[0] == (200, False) and (429, True) in statuses


def serving(waits: dict[str, Any]) -> int:
    return int(next(mode["serving"] for mode in waits["modes"] if mode["mode"] == "LSF"))


async def test_a_partner_is_shown_while_nobody_serves_and_colleagues_by_availability_alone(floor: Floor) -> None:
    partner = {"partner_name": "Voisin", "partner_url": "https://voisin.example"}
    await floor.rule("relay", **partner)
    signer = await floor.signer()
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    shown = await signer.wait(
        lambda m: m["type"] == "call.state" and (m["queue"] or {}).get("partner_name") == "Voisin"
    )
    assert shown["queue"]["partner_url"] == partner["partner_url"]
    ines, karim = await floor.agent("ines"), await floor.agent("karim")
    await accept(ines)
    await ines.state("briefing")
    await ok(ines, "colleagues.list", call_id=ines.call["call_id"])
    (colleague,) = (await ines.of_type("colleagues"))["people"]
    assert (colleague["name"], colleague["state"]) == ("Karim", "idle")
    refused = await karim.ask("colleagues.list", call_id=ines.call["call_id"])
    assert refused["code"] == "unknown_call"


async def test_the_pause_after_a_hard_call_takes_one_key_and_the_shift_is_counted(floor: Floor) -> None:
    agent, signer = await floor.agent("ines"), await floor.signer()
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    await accept(agent)
    await agent.state("briefing")
    await ok(agent, "pause_after_call", enabled=True, reason="after_hard_call")
    await hang_up(signer)
    paused = await agent.wait(
        lambda m: m["type"] == "agent.state" and m is agent.newest("agent.state") and m["state"] == "paused"
    )
    assert paused["reason"] == "after_hard_call"
    assert paused["load"]["served"] == 1 and paused["load"]["engaged_s"] > 0 and paused["break_advice"] == "none"


async def test_the_end_of_a_call_is_told_by_whoever_takes_it_over_when_its_owner_could_not(floor: Floor) -> None:
    signer = await floor.signer()
    async with floor.plane.redis.client() as redis:
        dead = Ownership(redis, "dead", 0.1, secret=floor.plane.config.secret_key)
        ended = {
            "signer_key": floor.ids["camille"],
            "state": CallState.ENDED,
            "end_reason": "completed",
            "ended_at": time.time(),
        }
        call = new_call().model_copy(update=ended)
        epoch = await dead.claim(call.call_id)
        assert epoch is not None
        assert await dead.save(Snapshot(call=Call.model_validate(call.model_dump())), epoch)
        assert (await signer.state("ended"))["call_id"] == call.call_id
