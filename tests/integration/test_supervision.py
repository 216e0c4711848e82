"""A supervisor at a real service: the board at any process, every act, every limit. Real Redis, real SQLite."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from signaling.auth import SESSION_COOKIE
from signaling.records import Records
from signaling.records.model import Qualification
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane

pytestmark = pytest.mark.integration
NUMBER, RELAY, TOWN = "+33199000050", "relay/LSF", "demo-mairie/LSF"
DIALLED = "01 99 00 00 01"
WORDS = "Merci de passer me voir"


@dataclass
class Floor:
    """Two processes of one centre. Agents and signers are at the first, supervisors at either."""

    plane: ControlPlane
    here: Browser
    there: Browser
    ids: dict[str, str]

    async def page(self, login: str, role: str, at: Browser | None = None) -> RawPage:
        page = await (at or self.here).open(headers={"Cookie": f"{SESSION_COOKIE}={login}-token"})
        await page.send("hello", role=role)
        await page.of_type("welcome")
        return page

    async def agent(self, login: str) -> RawPage:
        page = await self.page(login, "agent")
        assert (await page.ask("presence.set", presence="available"))["type"] == "ok"
        return page

    async def noa(self, at: Browser | None = None) -> RawPage:
        return await self.page("noa", "supervisor", at)


async def people(config_url: str) -> dict[str, str]:
    interpreter = [Qualification("interpreter", "Master")]
    adviser = [Qualification("adviser", "C1")]
    async with Records(config_url) as records:
        add, ids = records.people.add, {}
        for person in (
            await add(login="camille", name="Camille", role="signer", password_hash="-", numbers=[NUMBER]),
            await add(login="sacha", name="Sacha", role="signer", password_hash="-"),
            await add(
                login="ines", name="Inès", role="agent", password_hash="-", qualifications=interpreter,
                skills={"hearing": 5},
            ),
            await add(
                login="adam", name="Adam", role="agent", password_hash="-", qualifications=adviser,
                skills={"brand:demo-mairie": 5},
            ),
            await add(login="noa", name="Noa", role="supervisor", password_hash="-"),
        ):  # fmt: skip
            ids[person.login] = person.id
            await records.sessions.add(f"{person.login}-token", person.id, 3600)
    return ids


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    async with control_plane() as plane, AsyncExitStack() as stack:
        ids = await people(plane.config.database_url)
        other = plane.beside()
        await other.start_signaling()
        stack.push_async_callback(other.stop_signaling)
        yield Floor(
            plane, await stack.enter_async_context(browser(plane)), await stack.enter_async_context(browser(other)), ids
        )


def queue_of(board: dict[str, Any], name: str) -> dict[str, Any]:
    return next((queue for queue in board["queues"] if queue["queue"] == name), {})


async def sees(page: RawPage, name: str, **wanted: object) -> dict[str, Any]:
    """The newest board says so of this queue."""
    return await page.wait(
        lambda m: m["type"] == "board" and m is page.newest("board") and wanted.items() <= queue_of(m, name).items()
    )


def agent_of(board: dict[str, Any], name: str) -> dict[str, Any]:
    return next((agent for agent in board["agents"] if agent["name"] == name), {})


async def sees_agent(page: RawPage, name: str, **wanted: object) -> dict[str, Any]:
    return await page.wait(
        lambda m: m["type"] == "board" and m is page.newest("board") and wanted.items() <= agent_of(m, name).items()
    )


async def ok(page: RawPage, type_: str, **fields: object) -> None:
    answer = await page.ask(type_, **fields)
    assert answer["type"] == "ok", answer


async def acts(page: RawPage) -> list[tuple[str, str | None, str | None]]:
    """Act, subject and detail, oldest first."""
    await ok(page, "audit.list")
    entries = page.newest("audit")
    assert entries is not None
    return [(entry["act"], entry["subject"], entry["detail"]) for entry in reversed(entries["entries"])]


async def test_the_board_is_the_same_at_every_process_and_follows_what_happens(floor: Floor) -> None:
    here, there = await floor.noa(), await floor.page("noa", "supervisor", floor.there)
    await here.of_type("replaced")
    assert queue_of(await there.of_type("board"), RELAY)["waiting"] == 0
    ghost = await floor.here.rehearsal("agent")
    await ok(ghost, "presence.set", presence="available")
    signer = await floor.page("camille", "signer")
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    alone = await sees(there, RELAY, waiting=1, serving=0)
    assert queue_of(alone, RELAY)["alerts"] == ["nobody"], "a rehearsal's agent serves no one"
    assert [(each["kind"], each["state"]) for each in alone["requests"]] == [("relay", "queued")]
    agent = await floor.agent("ines")
    await sees_agent(there, "Inès", state="alerting", kind="relay", call_id=None)
    alert = await agent.of_type("assignment.alert")
    await ok(agent, "assignment.accept", assignment_id=alert["assignment_id"])
    await sees_agent(there, "Inès", state="engaged", call_id=None)
    await sees(there, RELAY, waiting=0, serving=1, idle=0, answered=1, service_level_now=1.0, alerts=[])
    await ok(signer, "call.act", call_id=signer.call["call_id"], action="hang_up")
    await sees_agent(there, "Inès", state="wrap_up", kind=None)
    await sees(there, RELAY, answered=1)


async def test_a_supervisor_never_gets_anything_of_a_relay_call_whatever_is_tried(floor: Floor) -> None:
    async with Records(floor.plane.config.database_url) as records:
        await records.queue_rules.put("relay", {"supervision": True})
    noa = await floor.noa(floor.there)
    agent, signer = await floor.agent("ines"), await floor.page("camille", "signer")
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    alert = await agent.of_type("assignment.alert")
    await ok(agent, "assignment.accept", assignment_id=alert["assignment_id"])
    await signer.state("briefing")
    call_id = signer.call["call_id"]
    await sees_agent(noa, "Inès", state="engaged")
    tried = [
        await noa.ask("supervise.join", call_id=call_id),
        await noa.ask("call.act", call_id=call_id, action="allow_supervisor"),
        await noa.ask("call.act", call_id=call_id, action="hang_up"),
        await noa.ask("media.renew", call_id=call_id),
        await noa.ask("media.answer", call_id=call_id, generation=1, sdp="v=0"),
        await noa.ask("supervise.move", call_id=call_id, head=True),
    ]
    assert [answer["code"] for answer in tried] == ["unknown_call"] * 5 + ["lost"]
    assert signer.call["state"] == "briefing" and signer.call["second"] is None
    await ok(signer, "call.act", call_id=call_id, action="hang_up")
    await sees_agent(noa, "Inès", state="wrap_up")
    told = [message for message in noa.messages if message["type"] not in {"welcome", "error", "ok", "pong"}]
    assert {message["type"] for message in told} == {"board"}
    text = json.dumps(told, ensure_ascii=False)
    secrets = (call_id, "Camille", NUMBER, DIALLED, floor.ids["camille"], "99 00 00", alert["assignment_id"])
    assert [each for each in secrets if each in text] == []
    assert await acts(noa) == [], "what was refused did not happen"


SUPERVISORS_WORDS: list[tuple[str, dict[str, object]]] = [
    ("supervise.agent", {"agent_id": "x", "presence": "paused"}),
    ("supervise.move", {"call_id": "x", "head": True}),
    ("supervise.say", {"text": "bonjour"}),
    ("supervise.join", {"call_id": "x"}),
    ("supervise.thresholds", {"queue": RELAY, "waiting": 1}),
    ("audit.list", {}),
]


async def test_roles_keep_to_their_own_words_and_a_flood_is_slowed_down(floor: Floor) -> None:
    others = [await floor.agent("ines"), await floor.page("camille", "signer"), await floor.here.visitor()]
    for page in others:
        for type_, fields in SUPERVISORS_WORDS:
            assert (await page.ask(type_, **fields))["code"] == "wrong_role", type_
    noa = await floor.noa()
    others_words: tuple[tuple[str, dict[str, object]], ...] = (
        ("presence.set", {"presence": "available"}),
        ("call.request", {"kind": "relay", "number": DIALLED}),
        ("wrap_up.extend", {}),
    )
    for type_, fields in others_words:
        assert (await noa.ask(type_, **fields))["code"] == "wrong_role"
    for login in ("camille", "ines"):
        page = await floor.here.open(headers={"Cookie": f"{SESSION_COOKIE}={login}-token"})
        await page.send("hello", role="supervisor")
        assert (await page.of_type("error"))["code"] == "sign_in_required"
    page = await floor.here.open()
    await page.send("hello", role="supervisor", operator_token=floor.plane.config.operator_token)
    assert (await page.of_type("error"))["code"] == "sign_in_required", "the operator's token opens no board"
    answers = [await noa.ask("supervise.say", agent_id="nobody", text="x") for _ in range(32)]
    assert {answer["code"] for answer in answers[:30]} == {"unknown_agent"}
    assert answers[-1]["code"] == "rate_limited"


async def test_presence_words_moves_and_thresholds_do_what_they_say_and_leave_no_text(floor: Floor) -> None:
    noa = await floor.noa(floor.there)
    await ok(noa, "supervise.thresholds", queue=RELAY, longest_wait_s=3600, waiting=2)
    await sees(noa, RELAY, thresholds={"waiting": 2, "longest_wait_s": 3600.0, "service_level": None})
    first, second = await floor.page("camille", "signer"), await floor.page("sacha", "signer")
    await ok(first, "call.request", kind="relay", number=DIALLED)
    await sees(noa, RELAY, waiting=1)
    await ok(second, "call.request", kind="relay", number=DIALLED)
    board = await sees(noa, RELAY, waiting=2, alerts=["nobody", "waiting"])
    last = board["requests"][-1]["call_id"]
    assert (await noa.ask("supervise.move", call_id=last, queue=TOWN))["code"] == "not_qualified"
    await ok(noa, "supervise.move", call_id=last, head=True)
    await noa.wait(lambda m: m["type"] == "board" and bool(m["requests"]) and m["requests"][0]["call_id"] == last)
    agent = await floor.agent("ines")
    alert = await agent.of_type("assignment.alert")
    await second.wait(lambda m: m["type"] == "call.state" and m["state"] == "alerting")
    await ok(agent, "assignment.decline", assignment_id=alert["assignment_id"], reason="fatigue")
    await sees_agent(noa, "Inès", state="alerting")
    await ok(noa, "supervise.agent", agent_id=floor.ids["ines"], presence="paused", reason="other")
    await sees_agent(noa, "Inès", state="paused")
    told = await agent.of_type("staff.notice")
    assert "pause" in told["text"]
    await ok(agent, "staff.read", at=told["at"])
    await ok(noa, "supervise.say", agent_id=floor.ids["ines"], text=WORDS)
    await agent.wait(lambda m: m["type"] == "staff.notice" and m["text"] == WORDS)
    await ok(noa, "supervise.say", text=WORDS.upper())
    await agent.wait(lambda m: m["type"] == "staff.notice" and m["text"] == WORDS.upper())
    await agent.close()
    back = await floor.page("ines", "agent")
    await back.wait(lambda m: m["type"] == "staff.notice" and m["text"] == WORDS.upper())
    assert [m["text"] for m in back.messages if m["type"] == "staff.notice"] == [WORDS, WORDS.upper()]
    assert await acts(noa) == [
        ("thresholds", RELAY, None),
        ("move", RELAY, "head"),
        ("presence", "Inès", "paused"),
        ("say", "Inès", None),
        ("say", None, "all"),
    ]
    assert WORDS not in json.dumps(noa.newest("audit"), ensure_ascii=False)
    database = floor.plane.config.data_dir
    kept = b"".join(path.read_bytes() for path in database.rglob("*") if path.is_file())
    assert WORDS.encode() not in kept and WORDS.upper().encode() not in kept


@dataclass
class Direct:
    """A visitor and an adviser in a direct call, a supervisor at another process who sees it on the board."""

    signer: RawPage
    agent: RawPage
    noa: RawPage
    call_id: str

    @classmethod
    async def begun(cls, floor: Floor) -> "Direct":
        noa, agent, signer = await floor.noa(floor.there), await floor.agent("adam"), await floor.here.visitor()
        await ok(signer, "call.request", kind="direct", brand="demo-mairie")
        alert = await agent.of_type("assignment.alert")
        await ok(agent, "assignment.accept", assignment_id=alert["assignment_id"])
        for page in (signer, agent):
            await page.state("talking")
        call_id = signer.call["call_id"]
        await sees_agent(noa, "Adam", state="engaged", kind="direct", call_id=call_id)
        return cls(signer, agent, noa, call_id)

    async def act(self, page: RawPage, action: str) -> None:
        await ok(page, "call.act", call_id=self.call_id, action=action)

    async def second(self, page: RawPage, **wanted: object) -> dict[str, Any]:
        """The newest state of the call says so of whoever comes beside the agent."""
        return await page.wait(
            lambda m: (
                m["type"] == "call.state"
                and m is page.newest("call.state")
                and m["second"] is not None
                and wanted.items() <= m["second"].items()
            )
        )

    async def alone(self, page: RawPage) -> None:
        await page.wait(lambda m: m["type"] == "call.state" and m is page.newest("call.state") and m["second"] is None)


async def allow_supervision(floor: Floor) -> None:
    async with Records(floor.plane.config.database_url) as records:
        await records.queue_rules.put("demo-mairie", {"supervision": True})


async def test_no_call_is_joined_unless_the_rules_of_the_brand_say_so(floor: Floor) -> None:
    direct = await Direct.begun(floor)
    refused = await direct.noa.ask("supervise.join", call_id=direct.call_id)
    assert refused["code"] == "not_joinable"
    assert direct.signer.call["second"] is None and await acts(direct.noa) == []


async def test_a_direct_call_is_joined_after_everyones_yes_visibly_and_audited(floor: Floor) -> None:
    await allow_supervision(floor)
    direct = await Direct.begun(floor)
    signer, agent, noa = direct.signer, direct.agent, direct.noa
    await ok(noa, "supervise.join", call_id=direct.call_id)
    for page in (signer, agent):
        asked = await direct.second(page, role="supervisor", state="asked", name="Noa")
        assert "refuse_supervisor" in asked["actions"] and "allow_supervisor" in asked["actions"]
    await direct.act(signer, "refuse_supervisor")
    await direct.alone(agent)
    await ok(noa, "supervise.join", call_id=direct.call_id)
    await direct.second(agent, state="asked")
    await direct.act(signer, "allow_supervisor")
    await direct.second(agent, state="asked", waiting_for=["agent"])
    await direct.act(agent, "allow_supervisor")
    for page in (signer, agent):
        await direct.second(page, role="supervisor", state="joined", name="Noa")
    inside = await direct.second(noa, state="joined")
    assert inside["leg"] == "second"
    await direct.act(noa, "hang_up")
    for page in (signer, agent):
        await direct.alone(page)
        assert page.call["state"] == "talking", "the call goes on without her"
    subject = "Adam"  # whose call it was
    wanted = [
        ("join_asked", subject, None),
        ("join_refused", subject, None),
        ("join_asked", subject, None),
        ("joined", subject, None),
        ("left", subject, None),
    ]
    async with asyncio.timeout(30):  # written by the call's owner, in a lane of its own
        while await acts(noa) != wanted:
            await asyncio.sleep(1)
