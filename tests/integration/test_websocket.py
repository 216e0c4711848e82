"""The WebSocket under bad input, lost pages and races: real Redis, real SQLite, no media worker needed."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from interpreter_queue.config import QueueConfig
from signaling.records import Records
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane

pytestmark = pytest.mark.integration
NUMBER = "01 99 00 00 01"


LOSES_SIGNER, LOSES_AGENT, LOSES_ALERT = {"signer_grace_s": 1.0}, {"agent_grace_s": 1.0}, {"alert_s": 2.0}


@pytest.fixture
async def plane(request: pytest.FixtureRequest) -> AsyncIterator[ControlPlane]:
    """Nobody is given up and no alert runs out while a slow machine works, but where the test waits for that."""
    times = {"signer_grace_s": 60.0, "agent_grace_s": 60.0, "alert_s": 60.0} | getattr(request, "param", {})
    queue = QueueConfig(alert_s=times.pop("alert_s"))
    async with control_plane(**times, queue=queue) as plane:
        yield plane


@pytest.fixture
async def pages(plane: ControlPlane) -> AsyncIterator[Browser]:
    async with browser(plane) as opened:
        yield opened


async def agent_ready(pages: Browser) -> RawPage:
    agent = await pages.rehearsal("agent")
    assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
    return agent


async def together(pages: Browser) -> tuple[RawPage, RawPage]:
    """A relay call in ``briefing``."""
    agent = await agent_ready(pages)
    signer = await pages.rehearsal("signer")
    assert (await signer.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"
    alert = await agent.of_type("assignment.alert")
    assert (await agent.ask("assignment.accept", assignment_id=alert["assignment_id"]))["type"] == "ok"
    await signer.state("briefing")
    await agent.state("briefing")
    return signer, agent


# --- bad input costs nothing else


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("this is no JSON", "malformed"),
        ("[1, 2]", "malformed"),
        ('"hello"', "malformed"),
        ('{"type": "call.fly"}', "unknown_type"),
        ("{}", "unknown_type"),
        ('{"type": "call.rate", "call_id": "x", "stars": 9}', "invalid"),
        ('{"type": "ping", "extra": true}', "invalid"),
        ('{"type": "call.act", "call_id": "x", "action": "hang_up"}', "unknown_call"),
        ('{"type": "hello", "role": "signer"}', "out_of_place"),
        ('{"type": "presence.set", "presence": "available"}', "wrong_role"),
        ('{"type": "call.request", "kind": "relay", "number": "pas un numero"}', "not_a_number"),
        ('{"type": "call.request", "kind": "relay"}', "number_missing"),
        ('{"type": "call.request", "kind": "relay", "number": "0899 70 00 00"}', "premium"),
        ('{"type": "call.request", "kind": "direct", "brand": "nowhere"}', "unknown_brand"),
    ],
)
async def test_a_message_that_cannot_be_followed_is_answered_with_its_code_and_costs_nothing_else(
    pages: Browser, text: str, code: str
) -> None:
    page = await pages.rehearsal("signer")
    await page.socket.send_str(text)
    error = await page.of_type("error")
    assert error["code"] == code
    assert error["message"]
    assert (await page.ask("ping"))["type"] == "pong"


async def test_a_binary_frame_is_refused_and_the_connection_stays(pages: Browser) -> None:
    page = await pages.rehearsal("signer")
    await page.socket.send_bytes(b"\x00\x01")
    assert (await page.of_type("error"))["code"] == "malformed"
    assert (await page.ask("ping"))["type"] == "pong"


async def test_an_oversized_frame_closes_this_connection_only_and_the_call_is_found_again(pages: Browser) -> None:
    signer, agent = await together(pages)
    token = (await signer.of_type("welcome"))["resume_token"]
    await signer.socket.send_str("x" * 100_000)
    await agent.wait(lambda message: message["type"] == "call.state" and not message["signer"]["present"])
    again = await pages.rehearsal("signer", resume_token=token)
    assert (await again.of_type("welcome"))["resumed"]
    assert (await again.state("briefing"))["call_id"] == agent.call["call_id"]


async def test_anything_before_hello_is_refused(pages: Browser) -> None:
    page = await pages.open()
    await page.send("ping")
    assert (await page.of_type("error"))["code"] == "hello_expected"


async def test_a_wrong_operator_token_is_refused(pages: Browser) -> None:
    for guess in ("guess", "dévine"):
        page = await pages.open()
        await page.send("hello", role="agent", operator_token=guess)
        assert (await page.of_type("error"))["code"] == "operator_token_refused"


async def test_a_relay_call_needs_a_signed_in_signer_and_a_workstation_a_signed_in_agent(pages: Browser) -> None:
    visitor = await pages.visitor()
    assert (await visitor.ask("call.request", kind="relay", number=NUMBER))["code"] == "sign_in_required"
    agent = await pages.open()
    await agent.send("hello", role="agent")
    assert (await agent.of_type("error"))["code"] == "sign_in_required"


async def test_a_foreign_site_cannot_open_the_websocket(pages: Browser) -> None:
    for origin in ("https://evil.example", "null", None):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await pages.open(origin=origin)
        assert refused.value.status == 403


async def test_a_flood_is_answered_with_rate_limited_and_then_served_again(pages: Browser) -> None:
    page = await pages.rehearsal("signer")
    for _ in range(150):
        await page.send("ping")
    await page.wait(lambda message: message.get("code") == "rate_limited")
    await page.wait(lambda message: message["type"] == "pong")
    assert not page.socket.closed


async def test_emergency_numbers_are_answered_with_114_in_every_written_form(pages: Browser) -> None:
    page = await pages.rehearsal("signer")
    for number in ("15", "1 7", "+33 18", "112", "114"):
        page.messages.clear()
        await page.send("call.request", kind="relay", number=number)
        notice = await page.of_type("emergency")
        assert notice["kind"] == "offer_114"
        assert not notice["may_relay"]


async def test_an_emergency_comes_before_sign_in_a_call_and_everything_else(pages: Browser) -> None:
    visitor = await pages.visitor()
    await visitor.send("call.request", kind="relay", number="1 5")
    assert (await visitor.of_type("emergency"))["number"] == "15"
    waiting = await pages.rehearsal("signer")
    await waiting.ask("call.request", kind="relay", number=NUMBER)
    await waiting.send("call.request", kind="relay", number="112")
    assert (await waiting.of_type("emergency"))["kind"] == "offer_114"


async def test_an_emergency_dialled_in_a_call_offers_114_to_the_signer(pages: Browser) -> None:
    signer, agent = await together(pages)
    refused = await agent.ask("call.act", call_id=agent.call["call_id"], action="dial", number="15")
    assert refused["code"] == "emergency_in_call"
    assert (await signer.of_type("emergency"))["number"] == "15"


async def test_115_is_relayed_first(pages: Browser) -> None:
    page = await pages.rehearsal("signer")
    assert (await page.ask("call.request", kind="relay", number="115"))["type"] == "ok"
    assert (await page.state("queued"))["phone"]["number"] == "115"


# --- the queue and the two parties


async def test_queue_to_briefing_to_the_end_with_the_view_of_each_party(pages: Browser) -> None:
    signer, agent = await together(pages)
    assert agent.call["queue"] is None
    assert "dial" in agent.call["actions"]
    assert "hang_up" not in agent.call["actions"]
    call_id = signer.call["call_id"]
    refused = await agent.ask("call.act", call_id=call_id, action="hang_up")
    assert refused["code"] == "out_of_place"
    assert (await signer.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    assert (await agent.state("ended"))["end_reason"] == "completed"
    assert (await signer.ask("call.rate", call_id=call_id, stars=5))["type"] == "ok"
    await agent.wait(lambda message: message["type"] == "agent.state" and message["state"] == "wrap_up")
    assert (await agent.ask("wrap_up.finish"))["type"] == "ok"
    await agent.wait(lambda message: message["type"] == "agent.state" and message["state"] == "idle")


async def test_a_relay_call_takes_no_note(pages: Browser) -> None:
    signer, agent = await together(pages)
    call_id = signer.call["call_id"]
    await signer.ask("call.act", call_id=call_id, action="hang_up")
    refused = await agent.ask("wrap_up.submit", call_id=call_id, note="Madame Dupont a dit…")
    assert refused["code"] == "not_in_relay"
    assert (await agent.ask("wrap_up.submit", call_id=call_id))["type"] == "ok"


async def test_an_agent_sees_how_many_wait_that_they_could_serve(pages: Browser) -> None:
    agent = await pages.rehearsal("agent")
    signer = await pages.rehearsal("signer")
    await pages.visitor()
    await signer.ask("call.request", kind="relay", number=NUMBER)
    await agent.wait(lambda message: message["type"] == "agent.state" and message["waiting"] == 1)
    await signer.ask("call.act", call_id=signer.call["call_id"], action="hang_up")
    await agent.wait(lambda message: message is agent.newest("agent.state") and message["waiting"] == 0)


async def test_a_declined_alert_goes_to_the_next_agent(pages: Browser) -> None:
    first, second = await agent_ready(pages), await agent_ready(pages)
    signer = await pages.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    alert = await first.of_type("assignment.alert")
    assert second.messages[-1]["type"] != "assignment.alert", "one alerting at a time"
    await first.ask("assignment.decline", assignment_id=alert["assignment_id"], reason="known_person")
    other = await second.of_type("assignment.alert")
    late = await first.ask("assignment.accept", assignment_id=alert["assignment_id"])
    assert late["code"] == "lost"
    assert (await second.ask("assignment.accept", assignment_id=other["assignment_id"]))["type"] == "ok"
    await signer.state("briefing")


@pytest.mark.parametrize("plane", [LOSES_ALERT], indirect=True)
async def test_an_agent_who_stays_silent_is_not_responding_and_the_call_waits_on(pages: Browser) -> None:
    agent = await agent_ready(pages)
    signer = await pages.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    alert = await agent.of_type("assignment.alert")
    ended = await agent.of_type("assignment.ended")
    assert ended["reason"] == "not_responding"
    await agent.wait(lambda message: message["type"] == "agent.state" and message["state"] == "not_responding")
    await signer.wait(lambda message: message["type"] == "call.state" and message["state"] == "queued")
    await agent.ask("presence.set", presence="available")
    again = await agent.wait(lambda m: m["type"] == "assignment.alert" and m != alert)
    assert again["call_id"] == signer.call["call_id"]


async def test_a_signer_who_leaves_during_the_alert_takes_it_away(pages: Browser) -> None:
    agent = await agent_ready(pages)
    signer = await pages.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    alert = await agent.of_type("assignment.alert")
    await signer.ask("call.act", call_id=alert["call_id"], action="hang_up")
    assert (await agent.of_type("assignment.ended"))["reason"] == "cancelled"
    assert signer.call["end_reason"] == "abandoned"


async def test_an_emergency_comes_before_the_signers_own_call_that_waits(pages: Browser) -> None:
    signer = await pages.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    await signer.state("queued")
    waiting = signer.call["call_id"]
    assert (await signer.ask("call.request", kind="relay", number="115"))["type"] == "ok"
    await signer.wait(lambda m: m["type"] == "call.state" and m["call_id"] != waiting and m["state"] == "queued")
    assert signer.call["call_id"] != waiting


async def test_a_brand_call_needs_no_sign_in_and_never_reaches_a_rehearsal(pages: Browser) -> None:
    agent = await agent_ready(pages)
    visitor = await pages.visitor()
    assert (await visitor.ask("call.request", kind="direct", brand="demo-mairie"))["type"] == "ok"
    await visitor.wait(lambda m: m["type"] == "call.state" and (m["queue"] or {}).get("position") == 1)
    assert not [message for message in agent.messages if message["type"] == "assignment.alert"]


async def test_a_brand_whose_number_may_not_be_dialled_is_reachable_all_the_same(
    plane: ControlPlane, pages: Browser
) -> None:
    async with Records(plane.config.database_url) as records:
        brand = await records.brands.by_slug("demo-mairie")
        assert brand is not None
        await records.brands.update(replace(brand, numbers=("+33892700000",)))
    visitor = await pages.visitor()
    assert (await visitor.ask("call.request", kind="direct", brand="demo-mairie"))["type"] == "ok"
    assert visitor.call["phone"]["number"] is None


# --- lost and back


async def test_a_second_tab_takes_over_and_the_first_is_told(pages: Browser) -> None:
    first = await pages.rehearsal("signer")
    await first.ask("call.request", kind="relay", number=NUMBER)
    token = (await first.of_type("welcome"))["resume_token"]
    second = await pages.rehearsal("signer", resume_token=token)
    assert (await first.of_type("replaced"))["type"] == "replaced"
    assert (await second.of_type("welcome"))["resumed"]
    refused = await second.ask("call.request", kind="relay", number=NUMBER)
    assert refused["code"] == "already_in_call"


@pytest.mark.parametrize("plane", [LOSES_SIGNER], indirect=True)
async def test_a_signer_who_does_not_come_back_ends_the_call_for_the_agent(pages: Browser) -> None:
    signer, agent = await together(pages)
    await signer.close()
    ended = await agent.state("ended")
    assert (ended["end_reason"], ended["end_fault"]) == ("signer_lost", "signer")


@pytest.mark.parametrize("plane", [LOSES_AGENT], indirect=True)
async def test_a_lost_interpreter_is_replaced_and_the_signer_keeps_the_call(pages: Browser) -> None:
    signer, agent = await together(pages)
    other = await agent_ready(pages)
    await agent.close()
    alert = await other.of_type("assignment.alert")
    assert alert["resumed"]
    assert alert["call_id"] == signer.call["call_id"]
    await other.ask("assignment.accept", assignment_id=alert["assignment_id"])
    await other.state("briefing")
    await signer.wait(lambda m: m["type"] == "call.state" and m["state"] == "briefing" and m["agent"]["present"])


@pytest.mark.parametrize("plane", [LOSES_AGENT], indirect=True)
async def test_an_agent_who_vanishes_while_accepting_is_waited_for_and_replaced(pages: Browser) -> None:
    agent = await agent_ready(pages)
    signer = await pages.rehearsal("signer")
    await signer.ask("call.request", kind="relay", number=NUMBER)
    alert = await agent.of_type("assignment.alert")
    await agent.send("assignment.accept", assignment_id=alert["assignment_id"])
    await agent.close()
    other = await agent_ready(pages)
    again = await other.of_type("assignment.alert")
    await other.ask("assignment.accept", assignment_id=again["assignment_id"])
    await signer.wait(lambda m: m["type"] == "call.state" and m["state"] == "briefing" and m["agent"]["present"])


async def test_two_requests_at_once_make_one_call(pages: Browser) -> None:
    signer = await pages.rehearsal("signer")
    for ref in ("a", "b"):
        await signer.send("call.request", ref=ref, kind="relay", number=NUMBER)
    answers = [await signer.wait(lambda m, ref=ref: m.get("re") == ref) for ref in ("a", "b")]  # type: ignore[misc]
    assert sorted(answer["type"] for answer in answers) == ["error", "ok"]


async def test_a_restarted_signaling_process_takes_its_calls_up_again(plane: ControlPlane, pages: Browser) -> None:
    signer, agent = await together(pages)
    token = (await signer.of_type("welcome"))["resume_token"]
    agent_token = (await agent.of_type("welcome"))["resume_token"]
    call_id = signer.call["call_id"]
    await plane.stop_signaling()
    await plane.start_signaling()
    agent = await pages.rehearsal("agent", resume_token=agent_token)
    signer = await pages.rehearsal("signer", resume_token=token)
    await agent.state("briefing")
    assert (await signer.state("briefing"))["call_id"] == call_id
    assert (await signer.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await agent.state("ended")


async def test_redis_stopped_and_started_during_a_call_changes_nothing_for_its_people(
    plane: ControlPlane, pages: Browser
) -> None:
    signer, agent = await together(pages)
    call_id = signer.call["call_id"]
    await plane.redis.stop()
    assert (await signer.ask("call.act", call_id=call_id, action="mute"))["type"] == "ok"
    await signer.wait(lambda m: m["type"] == "call.state" and m["muted"])
    refused = await agent.ask("presence.set", presence="paused", reason="break")
    assert refused["code"] == "unavailable"
    await plane.redis.start()
    assert (await signer.ask("call.act", call_id=call_id, action="hang_up"))["type"] == "ok"
    await agent.state("ended")
    await agent.wait(lambda message: message["type"] == "agent.state" and message["state"] == "wrap_up")


# --- operations


async def test_health_readiness_and_figures(plane: ControlPlane, pages: Browser) -> None:
    await together(pages)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{plane.url}/readyz") as response:
            body = await response.json()
            assert response.status == 503, "no media worker: no call could have a picture"
            assert body["checks"]["media"] == "none"
            assert body["checks"]["redis"] == body["checks"]["database"] == body["checks"]["queue"] == "ok"
        async with http.get(f"{plane.url}/metrics") as response:
            text = await response.text()
    assert 'relay_wait_seconds_count{kind="relay"} 1.0' in text
    assert "0199000001" not in text.replace(" ", "")
