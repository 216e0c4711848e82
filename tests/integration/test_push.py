"""Rings that reach a browser whose page is closed, by a push service of the test's own."""

import asyncio
import contextlib
import functools
import json
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from signaling import app
from signaling.config import SignalingConfig
from signaling.messages.session import PushKeys, PushSubscribe
from signaling.page_errors import PageError
from signaling.public_hosts import PublicResolver
from signaling.push import Push
from signaling.push_encryption import base64url, unpadded
from signaling.records import Records
from tests.helpers.certificates import network
from tests.helpers.signers import CAMILLE, site
from tests.helpers.sip_peers import until
from tests.signaling.records.samples import signer

pytestmark = pytest.mark.integration
DEADLINE_S = 30.0


class Browser:
    """What a browser keeps to itself of a subscription, and how it reads a message (RFC 8291 §3.4, RFC 8188 §2)."""

    def __init__(self) -> None:
        self._private, self._auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self._public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.keys = PushKeys(p256dh=base64url(self._public), auth=base64url(self._auth))

    def read(self, body: bytes) -> dict[str, str]:
        salt, sender, sealed = body[:16], body[21 : 21 + body[20]], body[21 + body[20] :]
        assert len(sealed) <= int.from_bytes(body[16:20])
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        info = b"WebPush: info\x00" + self._public + sender
        secret = HKDF(hashes.SHA256(), 32, self._auth, info).derive(self._private.exchange(ec.ECDH(), public))
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\x02")
        told: dict[str, str] = json.loads(plain[:-1])
        return told


@dataclass
class PushService:
    """Takes what is pushed. :param status: what it answers next."""

    url: str
    tls: ssl.SSLContext
    status: int = 201
    taken: asyncio.Queue[tuple[web.Request, bytes]] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        self.taken.put_nowait((request, await request.read()))
        location = {"Location": f"{self.url}/elsewhere"} if self.status == 307 else {}
        return web.Response(status=self.status, headers=location)

    async def next(self) -> tuple[web.Request, bytes]:
        async with asyncio.timeout(DEADLINE_S):
            return await self.taken.get()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    made = network(tmp_path, "push", "127.0.0.1")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(made.certificate_file, made.key_file)
    service = PushService("", ssl.create_default_context(cafile=str(made.ca_file)))
    routes = web.Application()
    routes.router.add_post("/{name}", service.take)
    runner = web.AppRunner(routes)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    service.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


@dataclass
class Bench:
    push: Push
    records: Records
    camille: str
    results: list[str]

    async def subscribe(self, url: str, browser: Browser) -> None:
        await self.push.subscribe(self.camille, PushSubscribe(endpoint=url, keys=browser.keys))

    async def subscriptions(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(await self.records.push.of(self.camille)) != count:
                await asyncio.sleep(0.05)


@pytest.fixture
async def bench(tmp_path: Path, service: PushService) -> AsyncIterator[Bench]:
    config = SignalingConfig(
        data_dir=tmp_path, push_allowed_hosts=("127.0.0.1",), push_contact="mailto:centre@example.org"
    )
    async with Records(config.database_url) as records:
        results: list[str] = []
        push = Push(config, records.push, count=lambda _, result: results.append(result), tls=service.tls)
        camille = await signer(records)
        task = asyncio.create_task(push.run())
        yield Bench(push, records, camille.id, results)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_each_browser_reads_that_it_is_called_and_nobody_else_does(bench: Bench, service: PushService) -> None:
    browsers = {"phone": Browser(), "desk": Browser()}
    for name, browser in browsers.items():
        for _ in range(2):  # saying it again changes nothing
            await bench.subscribe(f"{service.url}/{name}", browser)
    bench.push.send(bench.camille, "call-1", "incoming")
    for _ in browsers:
        request, body = await service.next()
        assert browsers[request.match_info["name"]].read(body) == {"type": "incoming", "call_id": "call-1"}
        assert b"call-1" not in body
        assert (request.headers["TTL"], request.headers["Urgency"]) == ("60", "high")
        assert request.headers["Content-Encoding"] == "aes128gcm"
        assert_proves_sender(request, bench.push, service.url)
    assert service.taken.empty()


def assert_proves_sender(request: web.Request, push: Push, origin: str) -> None:
    raw = unpadded(push.public_key)
    key: dict[str, str | list[str]] = {"kty": "EC", "crv": "P-256", "x": base64url(raw[1:33]), "y": base64url(raw[33:])}
    _, token, told = request.headers["Authorization"].replace(",", "").split(" ")
    claims = jwt.decode(token.removeprefix("t="), ECKey.import_key(key), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (origin, "mailto:centre@example.org")
    assert told == f"k={push.public_key}"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_took_its_subscription_back_is_not_rung_again(
    bench: Bench, service: PushService, status: int
) -> None:
    await bench.subscribe(f"{service.url}/phone", Browser())
    service.status = status
    bench.push.send(bench.camille, "call-1", "incoming")
    await service.next()
    await bench.subscriptions(0)
    assert bench.results == ["gone"]


async def test_a_push_service_in_trouble_keeps_its_browsers_and_nothing_is_followed_elsewhere(
    bench: Bench, service: PushService
) -> None:
    await bench.subscribe(f"{service.url}/phone", Browser())
    for status in (500, 429, 307, 201):
        service.status = status
        bench.push.send(bench.camille, f"call-{status}", "missed")
        request, _ = await service.next()
        assert request.path == "/phone"
    await until(lambda: bench.results == ["refused", "refused", "refused", "taken"])
    await bench.subscriptions(1)
    await bench.push.unsubscribe(bench.camille, f"{service.url}/phone")
    await bench.subscriptions(0)


async def test_the_database_holds_no_address_and_no_key(bench: Bench, service: PushService, tmp_path: Path) -> None:
    browser = Browser()
    await bench.subscribe(f"{service.url}/very-secret-path", browser)
    for path in tmp_path.glob("passerelle.sqlite3*"):
        content = path.read_bytes()
        for secret in ("very-secret-path", browser.keys.auth, browser.keys.p256dh):
            assert secret.encode() not in content


@pytest.mark.parametrize("url", ["https://10.0.0.1/x", "https://[::1]/x", "https://push.example.net:22/x"])
async def test_a_browser_cannot_have_us_knock_at_doors_inside(bench: Bench, url: str) -> None:
    with pytest.raises(PageError):
        await bench.subscribe(url, Browser())
    await bench.subscriptions(0)


async def test_a_call_rings_the_closed_pages_of_who_is_called_and_tells_them_that_they_missed_it(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "Push", functools.partial(Push, tls=service.tls))  # trusts the test's certificate
    async with site(push_allowed_hosts=("127.0.0.1",)) as centre:
        browser, page = Browser(), await centre.page(centre.camille)
        subscription = {"endpoint": f"{service.url}/phone", "keys": browser.keys.model_dump()}
        assert (await page.ask("push.subscribe", **subscription))["type"] == "ok"
        refused = await page.ask("push.subscribe", **subscription | {"endpoint": "https://127.0.0.2/x"})
        assert refused["code"] == "push_refused"
        await page.close()
        call_id = centre.phone.rings(CAMILLE)
        assert browser.read((await service.next())[1]) == {"type": "incoming", "call_id": call_id}
        page = await centre.page(centre.camille)
        await page.state("incoming")
        centre.phone.hangs_up(call_id)
        assert browser.read((await service.next())[1]) == {"type": "missed", "call_id": call_id}
        assert (await page.ask("push.unsubscribe", endpoint=f"{service.url}/phone"))["type"] == "ok"
        assert await centre.records.push.of(centre.camille.id) == {}


async def test_a_name_that_stands_for_an_address_inside_is_not_asked() -> None:
    for name in ("localhost", "127.1"):
        with pytest.raises(OSError, match="public"):
            await PublicResolver().resolve(name, 443)
    assert await PublicResolver(("localhost",)).resolve("localhost", 443)
