"""
What somebody might try with the messages of the queue: in another's name, out of place, too often, to learn what is
nobody's business. Real Redis, real SQLite, no media worker needed.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from signaling.call_terms import ACTIONS
from signaling.queue_desk import LISTS
from signaling.records import Records
from tests.helpers.control_plane import RawPage, browser, control_plane
from tests.integration.test_queue_floor import DIALLED, Floor, accept, in_line, ok, people

pytestmark = pytest.mark.integration
OWN, OTHERS = "+33199000050", "+33199000051"
WORDS = "topaze-incarnat"


@pytest.fixture
async def floor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Floor]:
    monkeypatch.setattr("signaling.rules_book.READ_AGAIN_S", 0.0)
    monkeypatch.setattr("signaling.callback_desk.LOOK_S", 0.1)
    monkeypatch.setattr("signaling.waits.TELL_S", 0.2)
    settings = {"messages_burst": 1000, "messages_per_s": 1000.0}
    async with control_plane(queue=QueueConfig(wrap_up_s=0.2), **settings) as plane, browser(plane) as pages:
        ids = await people(plane.config.database_url)
        async with Records(plane.config.database_url) as records:
            for login, numbers in (("noa", ()), ("alix", (OWN,)), ("remi", (OTHERS,))):
                person = await records.people.add(
                    login=login,
                    name=login.title(),
                    role="signer" if numbers else "supervisor",
                    password_hash="-",
                    numbers=numbers,
                )
                await records.sessions.add(f"{login}-token", person.id, 3600)
                ids[login] = person.id
        yield Floor(plane, pages, ids)


async def refused(floor: Floor) -> list[tuple[str, ...]]:
    """Agents whom nobody gives to this signer, by signer."""
    async with Records(floor.plane.config.database_url) as records:
        return [await records.people.refused(floor.ids[login]) for login in ("camille", "alix")]


async def test_a_supervisor_refuses_nobody_in_an_agents_name(floor: Floor) -> None:
    await floor.rule("demo-mairie", supervision=True)
    agent, signer, noa = await floor.agent("zoe"), await floor.signer(), await floor.page("noa", "supervisor")
    await ok(signer, "call.request", kind="direct", brand="demo-mairie")
    await accept(agent)
    await signer.state("talking")
    call_id = signer.call["call_id"]
    await ok(noa, "supervise.join", call_id=call_id)
    await noa.state("talking")
    assert (await noa.ask("refusal.set", call_id=call_id, enabled=True))["code"] == "wrong_role"
    assert await refused(floor) == [(), ()]


async def test_a_call_back_is_asked_for_a_telephone_and_not_for_a_signer(floor: Floor) -> None:
    page = await floor.signer("alix")
    for number, code in ((OWN, "own_number"), (OTHERS, "signer_number")):
        assert (await page.ask("callback.request", kind="relay", number=number))["code"] == code


async def test_whoever_waits_adds_no_call_back_beyond_what_anybody_may_have(floor: Floor) -> None:
    page = await floor.signer("alix")
    for hours in (1, 2, 3):
        await ok(page, "callback.request", kind="relay", number=DIALLED, at=time.time() + 3600 * hours)
    await ok(page, "call.request", kind="relay", number=DIALLED)
    await page.state("queued")
    call_id = page.call["call_id"]
    for at in (time.time() + 90 * 86_400, float("-inf")):
        assert (await page.ask("call.act", call_id=call_id, action="ask_callback", at=at))["code"] == "invalid"
    full = await page.ask("call.act", call_id=call_id, action="ask_callback")
    assert full["code"] == "too_many_callbacks"
    assert page.call["state"] == "queued", "the place in line is kept"


def about(call_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Every message about a call, as it would be followed from the right page."""
    acts = [("call.act", {"call_id": call_id, "action": action}) for action in ACTIONS]
    return [
        *acts,
        ("call.continue_here", {"call_id": call_id}),
        ("call.rate", {"call_id": call_id, "stars": 1}),
        ("media.answer", {"call_id": call_id, "generation": 1, "sdp": "v=0"}),
        ("media.renew", {"call_id": call_id}),
        ("wrap_up.submit", {"call_id": call_id}),
        ("colleagues.list", {"call_id": call_id}),
        ("refusal.set", {"call_id": call_id, "enabled": True}),
        ("supervise.join", {"call_id": call_id}),
        ("supervise.move", {"call_id": call_id, "head": True}),
    ]


async def consulting(floor: Floor) -> tuple[RawPage, RawPage, RawPage]:
    """A relay call in which the agent consults a colleague."""
    signer, agent = await floor.signer(), await floor.agent("ines")
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    await accept(agent)
    await agent.state("briefing")
    beside = await floor.agent("karim")
    await ok(agent, "call.act", call_id=agent.call["call_id"], action="consult")
    await accept(beside, role="consulted")
    for page in (signer, agent, beside):
        await page.wait(lambda m: m["type"] == "call.state" and (m["second"] or {}).get("state") == "joined")
    return signer, agent, beside


async def test_whoever_is_not_in_a_call_does_nothing_to_it_and_learns_nothing_of_it(floor: Floor) -> None:
    signer, agent, _ = await consulting(floor)
    call_id = signer.call["call_id"]
    strangers = [
        await floor.signer("sacha"),
        await floor.signer("alix"),
        await floor.agent("zoe"),
        await floor.page("noa", "supervisor"),
        await floor.pages.visitor(),
        await floor.pages.rehearsal("signer"),
        await floor.pages.rehearsal("agent"),
    ]
    await ok(strangers[1], "call.request", kind="relay", number=DIALLED)  # waits
    before = [len(page.messages) for page in (signer, agent)]
    for page in strangers:
        codes = {(await page.ask(type_, **fields))["code"] for type_, fields in about(call_id)}
        assert codes <= {"unknown_call", "wrong_role", "lost"}, codes
        told = [m for m in page.messages if m["type"] not in {"error", "board"}]
        assert call_id not in str(told) + str(page.newest("board"))
    states = [
        m
        for page, at in zip((signer, agent), before, strict=True)
        for m in page.messages[at:]
        if m["type"] == "call.state"
    ]
    assert states == []
    assert await refused(floor) == [(), ()]


async def test_nobody_in_a_call_does_what_is_not_offered_to_them(floor: Floor) -> None:
    pages = await consulting(floor)
    assert [page.call["leg"] for page in pages] == ["signer", "agent", "second"]
    for page in pages:
        offered, call_id = set(page.call["actions"]), page.call["call_id"]
        for action in sorted(set(ACTIONS) - offered):
            answer = await page.ask("call.act", call_id=call_id, action=action, number=DIALLED, digits="1")
            assert answer.get("code") in {"out_of_place", "emergency_in_call"}, (page.call["leg"], action, answer)
    assert {page.call["state"] for page in pages} == {"briefing"}
    assert not set(pages[0].call["actions"]) & {"dial", "consult", "hand_over", "swap", "bring_in", "dismiss_second"}


@pytest.mark.parametrize("looks", [True, False], ids=["looked at in time", "accepted first"])
async def test_a_call_back_never_breaks_into_a_call_that_the_signer_is_in(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, looks: bool
) -> None:
    signer = await floor.signer()
    await ok(signer, "callback.request", kind="relay", number=DIALLED)
    await in_line(signer)
    if not looks:
        monkeypatch.setattr("signaling.callback_desk.LOOK_S", 3600.0)
        await asyncio.sleep(0.5)  # the last look
    await ok(signer, "call.request", kind="relay", number=DIALLED)
    await signer.state("queued")
    if looks:
        await in_line(signer, False)
    agent = await floor.agent("ines")
    if not looks:
        await accept(agent, callback=True)
        await agent.wait(lambda m: m["type"] == "agent.state" and m["state"] == "wrap_up")
        await agent.wait(lambda m: m["type"] == "assignment.alert" and not m["callback"])
    await accept(agent, callback=False)
    await agent.state("briefing")
    states = {m["state"] for m in signer.messages if m["type"] == "call.state"}
    assert "calling_back" not in states and signer.call["state"] == "briefing"


async def test_colleagues_are_listed_for_whoever_serves_the_call_now_and_not_without_end(floor: Floor) -> None:
    _, agent, beside = await consulting(floor)
    call_id = agent.call["call_id"]
    for page in (agent, beside):
        await ok(page, "colleagues.list", call_id=call_id)
    await ok(agent, "call.act", call_id=call_id, action="hand_over")
    await agent.wait(lambda m: m["type"] == "call.state" and m["state"] == "ended")
    assert (await agent.ask("colleagues.list", call_id=call_id))["code"] == "out_of_place"
    answers = [await beside.ask("colleagues.list", call_id=call_id) for _ in range(2 * LISTS.burst)]
    assert answers[0]["type"] == "ok" and answers[-1]["code"] == "rate_limited"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("presence.set", {"presence": "engaged"}),
    ("pause_after_call", {"enabled": "maybe"}),
    ("assignment.decline", {"assignment_id": "x", "reason": "I would rather not say"}),
    ("colleagues.list", {"call_id": "x" * 65}),
    ("refusal.set", {"call_id": "x", "enabled": 7}),
    ("callback.request", {"kind": "video", "number": DIALLED}),
    ("callback.request", {"kind": "relay", "number": "1" * 65}),
    ("callback.request", {"kind": "relay", "number": DIALLED, "at": float("nan")}),
    ("callback.request", {"kind": "relay", "number": DIALLED, "queue": "relay/LSF"}),
    ("callback.request", {"kind": "relay", "number": DIALLED, "priority": 100}),
    ("callback.cancel", {"callback_id": ["x"]}),
    ("call.act", {"call_id": "x", "action": "consult", "to": {"agent_id": "y" * 65}}),
    ("call.act", {"call_id": "x", "action": "consult", "to": {"role": "supervisor"}}),
    ("supervise.agent", {"agent_id": "x", "presence": "available", "state": "idle"}),
    ("supervise.move", {"call_id": "x", "priority": 1000}),
    ("supervise.say", {"text": "x" * 201}),
    ("supervise.thresholds", {"queue": "relay/LSF", "waiting": -1}),
    ("supervise.thresholds", {"queue": "relay/LSF", "longest_wait_s": float("inf")}),
    ("audit.list", {"before": float("nan")}),
]


async def test_what_is_malformed_is_answered_with_its_code_whoever_sends_it(floor: Floor) -> None:
    pages = [await floor.signer(), await floor.agent("ines"), await floor.page("noa", "supervisor")]
    for page in pages:
        for type_, fields in WRONG:
            assert (await page.ask(type_, **fields))["code"] == "invalid", (type_, fields)
        assert (await page.ask("ping"))["type"] == "pong"
    signer, agent, supervisor = pages
    refusals = [
        await signer.ask("callback.request", kind="relay", number=DIALLED, language="hearing"),
        await signer.ask("callback.request", kind="direct", brand="nowhere"),
        await signer.ask("callback.request", kind="direct", brand="rehearsal"),
        await signer.ask("callback.cancel", callback_id="nobodys"),
        await agent.ask("callback.request", kind="relay", number=DIALLED),
        await agent.ask("assignment.accept", assignment_id="nobodys"),
        await agent.ask("wrap_up.extend"),
        await supervisor.ask("supervise.thresholds", queue="nowhere/LSF"),
    ]
    assert [refusal["code"] for refusal in refusals] == [
        "invalid", "unknown_brand", "unknown_brand", "callback_gone", "wrong_role", "lost", "nothing_to_extend",
        "unknown_queue",
    ]  # fmt: skip


async def test_no_number_name_or_word_of_queues_hand_overs_or_supervision_is_left_in_redis_logs_or_files(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    for package in ("signaling", "interpreter_queue", "relay"):
        caplog.set_level("DEBUG", package)
    await floor.rule("demo-mairie", supervision=True)
    signer, agent, _ = await consulting(floor)
    await ok(agent, "colleagues.list", call_id=agent.call["call_id"])
    await ok(agent, "refusal.set", call_id=agent.call["call_id"], enabled=True)
    later, waiting = await floor.signer("alix"), await floor.signer("sacha")
    await ok(later, "callback.request", kind="relay", number=DIALLED, at=time.time() + 3600, anonymous=True)
    await ok(waiting, "call.request", kind="relay", number=DIALLED)
    await waiting.state("queued")
    await ok(waiting, "call.act", call_id=waiting.call["call_id"], action="ask_callback")
    await in_line(waiting)  # again: everybody is busy
    adviser, visitor, noa = await floor.agent("zoe"), await floor.pages.visitor(), await floor.page("noa", "supervisor")
    await ok(visitor, "call.request", kind="direct", brand="demo-mairie")
    await accept(adviser)
    await visitor.state("talking")
    await ok(noa, "supervise.say", text=WORDS)
    await ok(noa, "supervise.join", call_id=visitor.call["call_id"])
    await noa.state("talking")
    for page in (visitor, adviser):
        await ok(page, "call.act", call_id=visitor.call["call_id"], action="allow_supervisor")
    await noa.wait(lambda m: m["type"] == "call.state" and m["second"]["state"] == "joined")
    redis = await in_redis(floor)
    assert signer.call["call_id"].encode() in redis, "the search would find what is there"
    files = b"".join(each.read_bytes() for each in floor.plane.config.data_dir.rglob("*") if each.is_file())
    log, record = caplog.text.encode(), "".join(str(entry.__dict__) for entry in caplog.records).encode()
    for number in (DIALLED, DIALLED.replace(" ", ""), DIALLED.replace(" ", "")[1:]):
        assert [where for where in (redis, files, log, record) if number.encode() in where] == []
    for name in ("Camille", "Sacha", "Alix", "Ines", "Karim", "Zoe", "Noa", WORDS):
        word = re.compile(rb"(?<![\w-])%b(?![\w-])" % re.escape(name.encode()))  # what is sealed may have such letters
        assert not any(map(word.search, (redis, log, record))), name
    assert WORDS.encode() not in files and OWN.encode() not in redis + log


async def in_redis(floor: Floor) -> bytes:
    """Every key and value, as they are."""
    found: list[Any] = []
    async with Redis.from_url(floor.plane.config.redis_url) as redis:
        async for key in redis.scan_iter("*"):
            match await redis.type(key):
                case b"string":
                    value: Any = await redis.get(key)
                case b"hash":
                    value = await redis.hgetall(key)
                case b"list":
                    value = await redis.lrange(key, 0, -1)
                case b"set":
                    value = await redis.smembers(key)
                case b"zset":
                    value = await redis.zrange(key, 0, -1)
                case _:
                    value = await redis.xrange(key)
            found.append((key, value))
    return repr(found).encode()
