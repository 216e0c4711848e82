"""Ringing a closed page: the real service worker, and a push service that is the test."""

import asyncio
from typing import Any

from playwright.async_api import Page, expect

from signaling.messages.session import PushSubscribe, PushUnsubscribe
from tests.browser.fake_service import WAIT_S, FakeService
from tests.browser.steps import PAGES, axe_finds_nothing, opened

pytestmark = PAGES
KEY = "BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuBkr3qBUYIHBQFLXYp5Nksh8U"
#: a browser's own push service is far away: subscriptions of the same shape, kept over reloads
SUBSCRIPTIONS = """
  const made = options => ({
    endpoint: 'https://push.example/v2/abc', options,
    toJSON: () => ({keys: {p256dh: 'public', auth: 'secret'}}),
    unsubscribe: async () => { localStorage.removeItem('test.key'); return true; },
  });
  const read = text => Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer;
  PushManager.prototype.subscribe = async function (options) {
    localStorage.setItem('test.key', btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey))));
    return made(options);
  };
  PushManager.prototype.getSubscription = async function () {
    const key = localStorage.getItem('test.key');
    return key === null ? null : made({applicationServerKey: read(key)});
  };
"""
FIRST_NOTICE = """async () => {
  for (;;) {
    const [notice] = await self.registration.getNotifications();
    if (notice !== undefined) return [notice.title, notice.body, notice.requireInteraction];
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}"""


async def reachable(page: Page, service: FakeService) -> None:
    await page.context.grant_permissions(["notifications"])
    await page.add_init_script(SUBSCRIPTIONS)
    service.on_hello = service.on_hello.model_copy(update={"push_key": KEY})
    await opened(page, service)


async def test_notices_are_turned_on_told_again_after_a_reload_and_turned_off(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await reachable(page, signer_service)
    await expect(page.get_by_text("même si cette page est fermée")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Activer les avis").click()
    said = await party.said(PushSubscribe)
    assert (said.endpoint, said.keys.p256dh, said.keys.auth) == ("https://push.example/v2/abc", "public", "secret")
    await expect(page.get_by_text("Cet appareil vous prévient")).to_be_visible()
    await page.reload()
    await party.said(PushSubscribe, 2)
    await page.get_by_role("button", name="Désactiver les avis").click()
    assert (await party.said(PushUnsubscribe)).endpoint == said.endpoint
    await expect(page.get_by_role("button", name="Activer les avis")).to_be_visible()


async def test_who_signs_out_is_not_rung_at_this_device_any_more(page: Page, signer_service: FakeService) -> None:
    await reachable(page, signer_service)
    await page.get_by_role("button", name="Activer les avis").click()
    await signer_service.party.said(PushSubscribe)
    await page.get_by_role("button", name="Se déconnecter").click()
    await signer_service.party.said(PushUnsubscribe)


async def test_a_push_to_a_closed_page_shows_a_notice_that_does_not_say_who_calls(
    page: Page, signer_service: FakeService
) -> None:
    await reachable(page, signer_service)
    async with page.context.expect_event("serviceworker", timeout=WAIT_S * 1000) as started:
        await page.evaluate("navigator.serviceWorker.register('/sw.js?lang=fr')")
    worker = await started.value
    devtools = await page.context.new_cdp_session(page)
    known: asyncio.Queue[str] = asyncio.Queue()

    def learn(event: dict[str, Any]) -> None:
        for registration in event["registrations"]:
            known.put_nowait(registration["registrationId"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", learn)
    await devtools.send("ServiceWorker.enable")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")  # active, and claimed this page
    await page.goto("about:blank")
    async with asyncio.timeout(WAIT_S):
        where = {"origin": signer_service.url, "registrationId": await known.get()}
        data = '{"type": "incoming", "call_id": "c"}'
        await devtools.send("ServiceWorker.deliverPushMessage", {**where, "data": data})
        found = await worker.evaluate(FIRST_NOTICE)
    assert found == ["On vous appelle", "Touchez pour répondre en langue des signes.", True]
