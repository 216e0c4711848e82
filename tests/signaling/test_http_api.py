import gzip
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from argon2 import PasswordHasher

from signaling import http_api
from signaling.auth import SESSION_COOKIE
from signaling.config import SignalingConfig
from signaling.http_api.accounts import device_label
from signaling.http_api.address import address_group, client_address
from signaling.http_api.problem import PROBLEMS, problem_middleware
from signaling.records import Records
from signaling.records.model import Brand, Qualification
from tests.signaling.records.samples import relay_call, sqlite_url

ORIGIN = "https://relais.example"
SITE = "https://mairie.example"
PASSWORD = "une phrase assez longue"
HASH = PasswordHasher().hash(PASSWORD)  # once: it is meant to be slow
SCRIPT = "console.log('é');\n" * 200


@dataclass
class Service:
    client: "TestClient[web.Request, web.Application]"
    records: Records
    web_dir: Path

    async def post(self, path: str, body: Any = None, **headers: str) -> ClientResponse:
        return await self.client.post(path, json={} if body is None else body, headers={"Origin": ORIGIN} | headers)

    async def sign_in(self, login: str, password: str = PASSWORD, **more: Any) -> ClientResponse:
        return await self.post("/api/v1/sign-in", {"login": login, "password": password} | more)


@asynccontextmanager
async def service(directory: Path, **settings: Any) -> AsyncIterator[Service]:
    """Pages, two people and two brands, over real HTTP. The service believes it is behind HTTPS."""
    web_dir = directory / "web"
    (web_dir / "static").mkdir(parents=True)
    (web_dir / "static" / "caller.js").write_text(SCRIPT)
    (web_dir / "embed.js").write_text("/* button */")
    for name in ("caller", "workstation", "embed"):
        page = f'<!doctype html><title>{name}</title><script src="/static/caller.js"></script><a href="/static/gone">'
        (web_dir / f"{name}.html").write_text(page)
    config = SignalingConfig(data_dir=directory, public_url=ORIGIN, **settings)
    async with Records(sqlite_url(directory)) as records:
        app = web.Application()
        http_api.setup(app, records, config, web_dir)
        async with TestClient(TestServer(app)) as client:
            yield Service(client, records, web_dir)


async def add_people_and_brands(records: Records) -> None:
    password_hash = HASH
    await records.people.add(login="camille", name="Camille", role="signer", password_hash=password_hash)
    await records.people.add(
        login="ines",
        name="Inès",
        role="agent",
        password_hash=password_hash,
        qualifications=[Qualification("interpreter", "Master")],
    )
    mairie = Brand(id="", slug="mairie", name="Mairie <X>", allowed_origins=(SITE, "https://b.example:8443"))
    await records.brands.add(mairie)
    await records.brands.add(replace(mairie, slug="demo", is_demo=True, hours="lun-dim 0-24", holidays_zone=None))
    await records.brands.add(replace(mairie, slug="rehearsal", is_rehearsal=True, is_demo=True))


async def problem(response: ClientResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json"
    body = await response.json()
    assert body["status"] == response.status and body["title"]
    return response.status, body["code"]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Service]:
    async with service(tmp_path) as running:
        await add_people_and_brands(running.records)
        yield running


# --- accounts


async def test_sign_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get(running: Service) -> None:
    response = await running.sign_in("ines", role="agent")
    assert response.status == 200
    body = await response.json()
    assert body == {
        "login": "ines",
        "name": "Inès",
        "role": "agent",
        "locale": "fr",
        "trades": ["interpreter"],
        "numbers": [],
    }
    cookie = response.headers["Set-Cookie"]
    for word in (SESSION_COOKIE, "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert word in cookie


async def test_me_knows_who_is_signed_in_until_sign_out(running: Service) -> None:
    assert (await running.client.get("/api/v1/me")).status == 204
    token = (await running.sign_in("camille")).cookies[SESSION_COOKIE].value
    cookie = {"Cookie": f"{SESSION_COOKIE}={token}"}
    me = await running.client.get("/api/v1/me", headers=cookie)
    assert (await me.json())["name"] == "Camille"
    assert me.headers["Cache-Control"] == "no-store"
    out = await running.post("/api/v1/sign-out", **cookie)
    assert out.status == 204 and "Max-Age=0" in out.headers["Set-Cookie"]
    assert (await running.client.get("/api/v1/me", headers=cookie)).status == 204


async def test_a_signer_who_signs_in_has_a_device_from_then_on(running: Service) -> None:
    await running.sign_in("camille")
    camille = await running.records.people.by_login("camille")
    assert camille is not None and len(await running.records.people.devices(camille.id)) == 1


async def test_a_supervisors_sign_in_is_in_the_audit_log_and_nobody_elses(running: Service) -> None:
    noa = await running.records.people.add(login="noa", name="Noa", role="supervisor", password_hash=HASH)
    for login in ("camille", "ines", "noa"):
        assert (await running.sign_in(login)).status == 200
    await running.sign_in("noa", "wrong")
    [entry], _ = await running.records.audit.latest()
    assert (entry.by, entry.act) == (noa.name, "sign_in")


async def test_wrong_credentials_and_wrong_role_are_told_in_the_visitors_language(running: Service) -> None:
    wrong = await running.sign_in("camille", "wrong")
    assert await problem(wrong) == (401, "wrong_credentials")
    assert (await wrong.json())["title"] == PROBLEMS["wrong_credentials"][1]
    body = {"login": "camille", "password": PASSWORD, "role": "agent"}
    english = await running.post("/api/v1/sign-in", body, **{"Accept-Language": "en-GB"})
    assert await problem(english) == (403, "wrong_role")
    assert (await english.json())["title"] == PROBLEMS["wrong_role"][2]


async def test_guessing_is_slowed_down_and_told_when_to_come_back(tmp_path: Path) -> None:
    async with service(tmp_path, sign_in_attempts=2, sign_in_window_s=100) as running:
        for _ in range(2):
            assert (await running.sign_in("x", "y")).status == 401
        response = await running.sign_in("x", "y")
        assert await problem(response) == (429, "too_many_attempts")
        assert 1 <= int(response.headers["Retry-After"]) <= 50


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, ["login", "password"]), ({"login": "a", "password": 1}, ["password"]), ([], []), ("é", [])],
)
async def test_a_body_of_another_form_is_refused_by_field_without_repeating_it(
    running: Service, body: Any, fields: list[str]
) -> None:
    response = await running.post("/api/v1/sign-in", body)
    assert await problem(response) == (400, "bad_request")
    assert (await response.json()).get("fields", []) == fields


async def test_bodies_that_are_no_json_or_too_long_are_refused(running: Service) -> None:
    post, headers = running.client.post, {"Origin": ORIGIN}
    form = await post("/api/v1/sign-in", data={"login": "a"}, headers=headers)
    assert await problem(form) == (415, "not_json")
    broken = await post("/api/v1/sign-in", data=b"{", headers=headers | {"Content-Type": "application/json"})
    assert await problem(broken) == (400, "bad_request")
    long = await running.post("/api/v1/sign-in", {"login": "a" * 300_000, "password": "b"})
    assert await problem(long) == (413, "body_too_large")


async def test_a_foreign_page_changes_nothing_with_a_visitors_cookie(running: Service) -> None:
    token = (await running.sign_in("camille")).cookies[SESSION_COOKIE].value
    cookie = {"Cookie": f"{SESSION_COOKIE}={token}"}
    for foreign in ({"Origin": SITE}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        response = await running.client.post("/api/v1/sign-out", headers=cookie | foreign)
        assert await problem(response) == (403, "foreign_origin")
    assert (await running.client.get("/api/v1/me", headers=cookie)).status == 200
    program = await running.client.post("/api/v1/sign-in", json={"login": "camille", "password": PASSWORD})
    assert program.status == 200  # no cookie, nothing to borrow


# --- brands and emergency numbers


async def test_a_brand_tells_its_name_and_whether_it_is_open_to_any_site(running: Service) -> None:
    response = await running.client.get("/api/v1/brands/mairie", headers={"Origin": SITE})
    body = await response.json()
    assert (body["name"], body["is_open"], body["opens_at"]) == ("Mairie <X>", True, None)
    assert body["hours"] == ["24 heures sur 24, 7 jours sur 7"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=60"
    english = await running.client.get("/api/v1/brands/mairie?lang=en")
    assert (await english.json())["hours"] == ["24 hours a day, 7 days a week"]


async def test_only_demonstration_brands_are_listed_and_rehearsals_never(running: Service) -> None:
    listed = await (await running.client.get("/api/v1/brands")).json()
    assert [brand["slug"] for brand in listed["brands"]] == ["demo"]
    for slug in ("rehearsal", "none", "a" * 500):
        assert await problem(await running.client.get(f"/api/v1/brands/{slug}")) == (404, "unknown_brand")


async def test_quality_of_a_call_is_for_the_agent_who_served_it_and_for_the_floor(running: Service) -> None:
    people = running.records.people
    await people.add(login="omar", name="Omar", role="agent", password_hash=HASH)
    await people.add(login="sam", name="Sam", role="supervisor", password_hash=HASH)
    ines = await people.by_login("ines")
    assert ines is not None
    await running.records.calls.record(relay_call(agent_id=ines.id))
    await running.records.calls.record(relay_call("unmeasured", agent_id=ines.id, quality=None))

    async def ask(login: str, call_id: str = "relay-1") -> ClientResponse:
        token = (await running.sign_in(login)).cookies[SESSION_COOKIE].value
        path = f"/api/v1/calls/{call_id}/quality"
        return await running.client.get(path, headers={"Cookie": f"{SESSION_COOKIE}={token}"})

    for login in ("ines", "sam"):
        answer = await ask(login)
        body = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert (body["step_s"], body["signer"]["frames_per_second"], body["agent"]) == (10, [25.0, 12.5, None], None)
        assert (body["readable_share"], body["signer_device_type"]) == (0.9, "phone")
        assert body["readability"]["signer"]["advice_s"] == {"good": 80.0, "too_far": 9.0}
    assert await problem(await ask("omar")) == (404, "unknown_call")
    assert await problem(await ask("ines", "unmeasured")) == (404, "unknown_call")
    assert await problem(await ask("ines", "another")) == (404, "unknown_call")
    assert await problem(await ask("camille")) == (403, "wrong_role")
    nobody = await running.client.get("/api/v1/calls/relay-1/quality", headers={"Cookie": ""})
    assert await problem(nobody) == (401, "not_signed_in")


async def test_emergency_numbers_come_with_their_date(running: Service) -> None:
    body = await (await running.client.get("/api/v1/emergency")).json()
    kinds = {entry["number"]: entry["kind"] for entry in body["numbers"]}
    assert kinds["112"] == "offer_114" and kinds["119"] == "relay_first"
    assert body["as_of"] and body["may_relay"] is False


# --- pages


@pytest.mark.parametrize(
    ("path", "title"),
    [("/", "caller"), ("/b/mairie", "caller"), ("/workstation", "workstation"), ("/embed/mairie", "embed")],
)
async def test_pages_name_their_files_by_content_and_are_asked_again(running: Service, path: str, title: str) -> None:
    response = await running.client.get(path)
    page = await response.text()
    assert f"<title>{title}</title>" in page and 'href="/static/gone"' in page
    assert response.headers["Cache-Control"] == "no-cache"
    address = page.split('src="')[1].split('"')[0]
    script = await running.client.get(address)
    assert await script.text() == SCRIPT
    assert "immutable" in script.headers["Cache-Control"]
    (running.web_dir / "static" / "caller.js").write_text("changed")
    assert address not in await (await running.client.get(path)).text()
    old = await running.client.get(address)
    assert await old.text() == "changed" and old.headers["Cache-Control"] == "no-cache"


async def test_files_are_sent_compressed_and_not_twice(running: Service) -> None:
    async with running.client.get("/static/caller.js", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert int(response.headers["Content-Length"]) == len(gzip.compress(SCRIPT.encode(), mtime=0))
        tag = response.headers["ETag"]
    again = await running.client.get("/static/caller.js", headers={"If-None-Match": tag})
    assert again.status == 304 and not await again.read()
    plain = await running.client.get("/static/caller.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers and await plain.text() == SCRIPT


async def test_advice_in_sign_language_is_what_the_centre_has_filmed_in_parts_and_nothing_beside_it(
    running: Service,
) -> None:
    from yarl import URL

    data_dir = running.web_dir.parent
    (data_dir / "advice").mkdir()
    (data_dir / "advice" / "too_dark.webm").write_bytes(b"0123456789")
    (data_dir / "advice" / "consents.csv").write_bytes(b"secret")
    (data_dir / "advice" / "too_near.webm.txt").write_bytes(b"secret")
    (data_dir / "secret.webm").write_bytes(b"secret")
    response = await running.client.get("/static/advice/too_dark.webm", headers={"Range": "bytes=2-4"})
    assert (response.status, response.content_type, await response.read()) == (206, "video/webm", b"234")
    for name in ("too_far.webm", "..%2Fsecret.webm", "%2E%2E/secret.webm", "consents.csv", "too_near.webm.txt", ""):
        response = await running.client.get(URL(f"/static/advice/{name}", encoded=True))
        assert response.status == 404, name
    (data_dir / "advice" / "of_a_person.webm").touch()
    told = await running.client.get("/api/v1/films")
    assert await told.json() == {"films": ["too_dark.webm"]}


@pytest.mark.parametrize(
    "path",
    [
        "../caller.html",
        "%2e%2e/caller.html",
        "../records.sqlite3",
        "%2e%2e/records.sqlite3",
        "..%2frecords.sqlite3",
        "/etc/passwd",
        "a%00b",
        ".",
        ".git",
    ],
)
async def test_nothing_outside_the_built_pages_is_served(running: Service, path: str) -> None:
    from yarl import URL

    response = await running.client.get(URL(f"/static/{path}", encoded=True))
    assert "<title>caller" not in await response.text()
    assert response.status == 404


async def test_a_page_that_does_not_exist_says_so_in_french(running: Service) -> None:
    response = await running.client.get("/nowhere")
    assert response.status == 404 and response.content_type == "text/html"
    assert PROBLEMS["not_found"][1] in await response.text()
    assert (await running.client.get("/b/none")).status == 404
    assert await problem(await running.client.get("/api/v1/nowhere")) == (404, "not_found")
    wrong = await running.post("/api/v1/me")
    assert await problem(wrong) == (405, "wrong_method")
    assert "GET" in wrong.headers["Allow"]


async def test_every_answer_carries_the_security_headers(running: Service) -> None:
    for path in ("/", "/api/v1/me", "/nowhere", "/static/caller.js"):
        headers = (await running.client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "script-src 'self'" in policy
        assert "connect-src 'self' wss://relais.example" in policy
        assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=(self)" in headers["Permissions-Policy"] and "max-age=" in headers["Strict-Transport-Security"]
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


async def test_only_the_brands_own_sites_may_frame_its_button(running: Service) -> None:
    headers = (await running.client.get("/embed/mairie")).headers
    policy = headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors 'self' {SITE} https://b.example:8443")
    assert "X-Frame-Options" not in headers
    assert (await running.client.get("/embed/rehearsal")).status == 404


async def test_the_button_script_may_be_loaded_by_any_site(running: Service) -> None:
    response = await running.client.get("/embed/v1.js")
    assert response.content_type == "text/javascript"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=300" in response.headers["Cache-Control"]


async def test_without_built_pages_the_service_says_so(running: Service) -> None:
    (running.web_dir / "caller.html").unlink()
    response = await running.client.get("/")
    assert response.status == 503 and PROBLEMS["pages_missing"][1] in await response.text()


async def test_the_operators_security_txt_is_served_when_there_is_one(running: Service, tmp_path: Path) -> None:
    assert (await running.client.get("/.well-known/security.txt")).status == 404
    (tmp_path / "security.txt").write_text("Contact: mailto:securite@relais.example\n")
    response = await running.client.get("/.well-known/security.txt")
    assert response.content_type == "text/plain" and "Contact:" in await response.text()


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("-", "-"),
    ],
)
def test_limits_count_one_subscriber_whatever_the_address_taken(address: str, group: str) -> None:
    assert address_group(address) == group


# --- faults


async def test_without_database_requests_get_an_answer_and_the_log_no_content(
    running: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await running.records.database.close()
    for path in tmp_path.glob("records.sqlite3*"):
        path.unlink()
    await running.records.database.open(migrate=False)
    with caplog.at_level(logging.DEBUG, logger="signaling"):
        response = await running.sign_in("camille")
    assert await problem(response) == (503, "records_unavailable")
    assert "camille" not in caplog.text and PASSWORD not in caplog.text


async def test_a_client_that_hangs_up_is_no_fault_of_ours_nor_of_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def gone(_: web.Request) -> web.Response:
        raise ConnectionResetError("Cannot write to closing transport")

    async with service(tmp_path) as running:
        request = make_mocked_request("POST", "/api/v1/sign-in", headers={"Origin": ORIGIN}, app=running.client.app)
        with caplog.at_level(logging.INFO, logger="signaling"):
            response = await problem_middleware(request, gone)
    assert response.status == 400
    assert caplog.records == []


async def test_an_error_of_ours_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    async def broken(_: web.Request) -> web.Response:
        raise RuntimeError("secret inside")

    async with Records(sqlite_url(tmp_path)) as records:
        app = web.Application()
        http_api.setup(app, records, SignalingConfig(data_dir=tmp_path))
        app.router.add_get("/api/broken", broken)
        async with TestClient(TestServer(app)) as client:
            response = await client.get("/api/broken")
            assert await problem(response) == (500, "internal")
            assert "secret" not in json.dumps(await response.json())


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.9", "203.0.113.1", "192.0.2.9"),
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_named_proxies_are_believed_about_addresses(
    tmp_path: Path, peer: str, forwarded: str, expected: str
) -> None:
    config = SignalingConfig(data_dir=tmp_path, trusted_proxies=("10.0.0.1", "10.0.0.2"))
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}).clone(remote=peer)
    assert client_address(request, config) == expected


def test_devices_are_named_by_kind_alone() -> None:
    firefox = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"
    assert device_label(firefox) == "Firefox · Android"
    assert device_label(chrome) == "Chrome · Linux"
    assert device_label("") == "Navigateur"


async def test_the_pages_that_ship_load_what_ships(tmp_path: Path) -> None:
    """Every address below /static in the built pages answers, by the name with its hash."""
    async with Records(sqlite_url(tmp_path)) as records:
        app = web.Application()
        http_api.setup(app, records, SignalingConfig(data_dir=tmp_path))
        async with TestClient(TestServer(app)) as client:
            for path in ("/", "/workstation"):
                page = await (await client.get(path)).text()
                named = re.findall(r'"(/static/[^"]+)"', page)
                assert named and all("?v=" in address for address in named)
                for address in named:
                    assert (await client.get(address)).status == 200
            assert (await client.get("/embed/v1.js")).status == 200
            worker = await client.get("/sw.js")  # for Web Push; an update must show at the next visit
            assert (worker.status, worker.content_type) == (200, "text/javascript")
            assert worker.headers["Cache-Control"] == "no-cache"
