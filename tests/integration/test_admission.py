"""Who a WebSocket page is and how long it stays: cookies, sites of brands, addresses. Real Redis and SQLite."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from signaling import session_watch
from signaling.auth import SESSION_COOKIE
from signaling.records import Records
from signaling.records.bootstrap import DEMO_BRAND
from signaling.records.model import Person, Qualification
from tests.helpers.control_plane import Browser, ControlPlane, RawPage, browser, control_plane

pytestmark = pytest.mark.integration
SITE = "https://mairie.example"
NUMBER = "01 99 00 00 01"
TOKEN = "token-of-a-browser"


@pytest.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    async with control_plane() as plane:
        yield plane


@pytest.fixture
async def pages(plane: ControlPlane) -> AsyncIterator[Browser]:
    async with browser(plane) as opened:
        yield opened


@pytest.fixture
async def records(plane: ControlPlane) -> AsyncIterator[Records]:
    async with Records(plane.config.database_url) as records:
        await records.brands.add(replace(DEMO_BRAND, slug="mairie", name="Mairie", allowed_origins=(SITE,)))
        yield records


async def signed_in(records: Records, role: str, token: str = TOKEN) -> Person:
    person = await records.people.add(
        login=f"{role}-{token}",
        name="Camille",
        role="agent" if role == "agent" else "signer",
        password_hash="-",
        qualifications=[Qualification("interpreter", "Master")] if role == "agent" else [],
    )
    await records.sessions.add(token, person.id, 3600)
    return person


async def page_with_cookie(pages: Browser, role: str, *, token: str = TOKEN, **options: str) -> RawPage:
    """A browser that sends its cookie with the handshake, as browsers do between sites of one domain."""
    query = options.pop("query", "")
    page = await pages.open(headers={"Cookie": f"{SESSION_COOKIE}={token}"}, query=query, **options)
    await page.send("hello", role=role)
    return page


async def test_a_page_of_our_own_speaks_for_who_is_signed_in(pages: Browser, records: Records) -> None:
    await signed_in(records, "signer")
    page = await page_with_cookie(pages, "signer")
    assert (await page.of_type("welcome"))["person"]["name"] == "Camille"
    assert (await page.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"


async def test_a_page_of_a_brands_site_never_speaks_for_who_is_signed_in(pages: Browser, records: Records) -> None:
    await signed_in(records, "signer")
    page = await page_with_cookie(pages, "signer", origin=SITE, query="?brand=mairie")
    assert (await page.of_type("welcome"))["person"] is None
    assert (await page.ask("call.request", kind="relay", number=NUMBER))["code"] == "wrong_role"
    assert (await page.ask("call.request", kind="direct", brand="demo-mairie"))["code"] == "unknown_brand"
    assert (await page.ask("call.request", kind="direct"))["type"] == "ok"


async def test_a_page_of_a_brands_site_is_no_workstation(pages: Browser, records: Records) -> None:
    await signed_in(records, "agent")
    page = await page_with_cookie(pages, "agent", origin=SITE, query="?brand=mairie")
    assert (await page.of_type("error"))["code"] == "sign_in_required"
    own = await page_with_cookie(pages, "agent")
    assert (await own.of_type("welcome"))["person"]["trades"] == ["interpreter"]


async def test_a_page_of_a_brands_site_cannot_take_over_another_brand_by_its_hello(
    pages: Browser, records: Records
) -> None:
    page = await pages.open(origin=SITE, query="?brand=mairie")
    await page.send("hello", role="signer", brand="demo-mairie")
    await page.of_type("welcome")
    assert (await page.ask("call.request", kind="direct"))["type"] == "ok"
    assert (await page.state("queued"))["brand_name"] == "Mairie"


async def test_a_flood_of_visitors_is_limited_and_the_relay_stays_open(pages: Browser, records: Records) -> None:
    await signed_in(records, "signer")
    answers = []
    for _ in range(8):
        visitor = await pages.visitor()
        answer = await visitor.ask("call.request", kind="direct")
        answers.append(answer.get("code", answer["type"]))
    assert answers == ["ok"] * 5 + ["rate_limited"] * 3
    signer = await page_with_cookie(pages, "signer")
    assert (await signer.ask("call.request", kind="relay", number=NUMBER))["type"] == "ok"


async def test_the_open_page_of_somebody_disabled_ends_and_does_not_come_back(
    pages: Browser, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_watch, "LOOK_S", 0.1)
    person = await signed_in(records, "agent")
    await pages.plane.stop_signaling()  # its next round would only come after the usual pause
    await pages.plane.start_signaling()
    page = await page_with_cookie(pages, "agent")
    await page.of_type("welcome")
    await records.people.set_disabled(person.login, True)
    assert (await page.of_type("error"))["code"] == "sign_in_required"
    async with asyncio.timeout(45):
        while not page.socket.closed:
            await asyncio.sleep(0.02)
    assert page.socket.close_code == session_watch.CLOSE_CODE
    again = await page_with_cookie(pages, "agent")
    assert (await again.of_type("error"))["code"] == "sign_in_required"


async def test_a_rehearsal_from_this_machine_needs_the_operators_token_and_nothing_else_gets_in(
    records: Records, pages: Browser
) -> None:
    local = "http://localhost:8099"  # the service's public address is another one
    await signed_in(records, "agent")
    page = await page_with_cookie(pages, "agent", origin=local)
    assert (await page.of_type("error"))["code"] == "operator_token_refused"
    rehearsal = await pages.open(origin=local)
    await rehearsal.send("hello", role="agent", operator_token=pages.plane.config.operator_token)
    await rehearsal.of_type("welcome")
    for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Host": "relais.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await pages.open(origin=local, headers=headers)


async def test_a_question_over_the_rate_gets_its_answer(pages: Browser) -> None:
    page = await pages.rehearsal("signer")
    for number in range(150):
        await page.send("ping", ref=f"p{number}")
    refused = await page.wait(lambda message: message.get("code") == "rate_limited")
    assert refused["re"].startswith("p")
    answered = {message["re"] for message in page.messages if message.get("re")}
    assert {f"p{number}" for number in range(int(refused["re"][1:]))} <= answered, "each its own"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "192.0.2.1"}, 403),
        ({"Forwarded": "for=192.0.2.1"}, 403),
        ({"Via": "1.1 proxy"}, 403),
        ({"X-Real-IP": "192.0.2.1"}, 403),
        ({"Host": "relais.example"}, 403),
    ],
)
async def test_figures_are_for_this_machine_alone_and_for_no_proxy(
    plane: ControlPlane, headers: dict[str, str], status: int
) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{plane.url}/metrics", headers=headers) as response:
        assert response.status == status
