"""What people see of their connection, and what the page does when the service asks for a smaller picture."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from relay.model import Encoding, LegStats
from signaling.call_terms import CallState
from signaling.messages.media import MediaAnswer, MediaEncoding, NetworkMessage
from signaling.messages.records import CallsToday, CallSummaryRow
from tests.browser.fake_service import WAIT_S, FakeService, agent_view, call_state
from tests.browser.steps import (
    BACKGROUND,
    PAGES,
    agent_in_call,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    opened,
    signer_in_call,
)
from tests.browser.test_layout import nothing_covers_the_signing_space, stage_of

pytestmark = PAGES
#: keeps every peer connection, and every scale that a sender was given
WATCH_SENDERS = """
window.peers = []; window.scales = [];
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer { constructor(...a) { super(...a); window.peers.push(this); } };
const set = RTCRtpSender.prototype.setParameters;
RTCRtpSender.prototype.setParameters = function (parameters) {
  window.scales.push(parameters.encodings[0]?.scaleResolutionDownBy);
  return set.call(this, parameters);
};
"""
SENT = "peers.at(-1).getSenders().find(one => one.track?.kind === 'video')?.getParameters().encodings[0]"
#: what the browser measures on a line without fault, whatever this machine is busy with; ``fps`` is the other's picture
MEASURES = """
window.fps = 25;
const get = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function () {
  const found = {
    'inbound-rtp': {framesPerSecond: window.fps, packetsLost: 0},
    'outbound-rtp': {qualityLimitationReason: 'none'},
    'remote-inbound-rtp': {fractionLost: 0},
    'candidate-pair': {currentRoundTripTime: 0.02},
  };
  const report = await get.call(this);
  return new Map([...report].map(([id, entry]) => [id, {...entry, ...found[entry.type]}]));
};
"""
SLOW = 45_000  # ms; words change after some samples of 2 s, on a busy machine


def asked(generation: int, scale: float) -> MediaEncoding:
    encoding = Encoding(max_bitrate_bps=300_000, scale_resolution_down_by=scale, max_framerate=20)
    return MediaEncoding(call_id="call-1", generation=generation, encoding=encoding)


def network(whose: Any, **values: Any) -> NetworkMessage:
    usual: dict[str, Any] = {
        "frames_per_second": 24.0,
        "codec": "VP8",
        "frame_width": 640,
        "frame_height": 360,
        "bitrate_bps": 900_000,
        "round_trip_time_s": 0.08,
        "sent_frames_per_second": 24.0,
    }
    return NetworkMessage(call_id="call-1", whose=whose, stats=LegStats(**(usual | values)))


async def sends_at_scale(page: Page, scale: float) -> dict[str, Any]:
    """Asked from here again and again: the pages' policy forbids Playwright's own way to wait."""
    sent: dict[str, Any] = {}
    async with asyncio.timeout(WAIT_S):
        while sent.get("scaleResolutionDownBy") != scale:
            await asyncio.sleep(0.05)
            sent = await page.evaluate(SENT)
    return sent


def button(page: Page) -> Locator:
    return page.locator("button.quality-button")


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Connexion")


def card(page: Page, title: str) -> Locator:
    return page.locator(".quality-card", has_text=title)


async def test_page_sends_its_picture_as_the_service_asks(page: Page, signer_service: FakeService) -> None:
    await page.add_init_script(WATCH_SENDERS)
    await signer_in_call(page, signer_service)
    await signer_service.party.send(asked(1, 2))
    sent = await sends_at_scale(page, 2)
    assert (sent["maxBitrate"], sent["maxFramerate"]) == (300_000, 20)
    await button(page).click()
    await expect(page.get_by_text("Image réduite pour rester fluide.")).to_be_visible(timeout=SLOW)


async def test_new_connection_begins_afresh_and_takes_no_request_about_the_one_before(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(WATCH_SENDERS)
    await signer_in_call(page, signer_service)
    await signer_service.party.send(asked(1, 2))
    await sends_at_scale(page, 2)
    await signer_service.party.offer("call-1", 2, BACKGROUND)
    await signer_service.party.said(MediaAnswer, 2)
    assert (await page.evaluate(SENT))["maxBitrate"] == 2_500_000
    await signer_service.party.send(asked(1, 8))
    await signer_service.party.send(asked(2, 4))
    await sends_at_scale(page, 4)
    assert 8 not in await page.evaluate("scales")


async def test_connection_is_explained_in_words_by_keyboard_and_goes_with_escape(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(MEASURES)
    await signer_in_call(page, signer_service)
    send = signer_service.party.send
    await expect(page.locator(".network.is-good")).to_be_visible(timeout=SLOW)
    before = await stage_of(page)
    await button(page).focus()
    await page.keyboard.press("Enter")
    await expect(button(page)).to_have_attribute("aria-expanded", "true")
    await expect(panel(page)).to_be_visible()
    assert await stage_of(page) == before, "the panel stands where the text was"

    await send(network("signer", fraction_lost=0.08))
    await send(network("agent", sent_frames_per_second=15.0, round_trip_time_s=0.5))
    own = card(page, "Votre image, comme l’autre la voit")
    await expect(own).to_contain_text("Un peu saccadée", timeout=SLOW)
    await expect(own).to_contain_text("15 images par seconde · 640 × 360")
    await expect(own).to_contain_text("Image en retard d’environ 0,3 s")
    await expect(card(page, "L’image de l’autre")).to_contain_text("Fluide")
    await expect(card(page, "Les lignes").locator("dd").first).to_contain_text("Instable8 % de pertes", timeout=SLOW)
    await expect(page.get_by_text("Brancher le câble réseau")).to_be_visible()
    await page.get_by_text("Détails techniques").click()
    await expect(panel(page).get_by_role("row", name="Codec")).to_contain_text("VP8")
    await axe_finds_nothing(page)
    await page.keyboard.press("Escape")
    await expect(panel(page)).to_have_count(0)
    await expect(button(page)).to_be_focused()
    await expect(button(page)).to_have_attribute("aria-expanded", "false")


async def test_whoever_can_do_nothing_is_told_so(page: Page, agent_service: FakeService) -> None:
    await page.add_init_script(MEASURES)
    await agent_in_call(page, agent_service)
    before = await stage_of(page)
    await button(page).click()
    assert await stage_of(page) == before
    await agent_service.party.send(network("agent"))
    await agent_service.party.send(network("signer", fraction_lost=0.06))
    words = "La ligne de l’autre côté est fragile. De votre côté, tout va bien : rien à faire."
    await expect(page.get_by_text(words)).to_be_visible(timeout=SLOW)
    await axe_finds_nothing(page)


async def test_panel_gives_way_to_the_words_of_the_other_side(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service)
    await button(page).click()
    await expect(panel(page)).to_be_visible()
    await agent_service.party.write("B")
    await expect(panel(page)).to_have_count(0)
    await expect(page.get_by_label("Écrire")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 640), (844, 390)])
async def test_panel_lies_on_no_picture_and_fits_the_screen(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await signer_in_call(page, signer_service)
    await button(page).click()
    await expect(panel(page).get_by_role("heading", name="Connexion")).to_be_in_viewport(ratio=1)
    await nothing_covers_the_signing_space(page)
    await fits_without_sideways_scrolling(page)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
async def test_jerky_picture_is_said_in_words_and_does_not_jump(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await page.add_init_script(MEASURES)
    await signer_in_call(page, signer_service)
    await signer_service.party.send(network("signer"))
    await signer_service.party.send(network("agent"))
    await signer_service.party.send(call_state(CallState.ACTIVE, "hang_up", progress="answered", speaking=True))
    await expect(page.get_by_text("Le correspondant parle")).to_be_visible()
    await expect(page.locator(".quality-button.is-good")).to_be_visible(timeout=SLOW)
    before = await stage_of(page)
    await page.evaluate("fps = 14")
    words = page.locator(".network" if width > 860 else ".advice", has_text="Image saccadée : 14 i/s")
    await expect(words).to_be_in_viewport(ratio=1, timeout=SLOW)
    assert await stage_of(page) == before


async def test_jerky_picture_at_a_narrow_workstation_does_not_jump(page: Page, agent_service: FakeService) -> None:
    await page.set_viewport_size({"width": 990, "height": 700})
    await page.add_init_script(MEASURES)
    await agent_in_call(page, agent_service)
    await agent_service.party.send(call_state(CallState.ACTIVE, "hang_up_phone", progress="answered", speaking=True))
    await expect(page.get_by_text("Le correspondant parle")).to_be_visible()
    await expect(page.locator(".quality-button.is-good")).to_be_visible(timeout=SLOW)
    before = await stage_of(page)
    await page.evaluate("fps = 14")
    await expect(page.locator(".quality-button.is-warn")).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("button", name="Image saccadée : 14 i/s")).to_be_visible()
    assert await stage_of(page) == before


async def test_todays_calls_show_how_fluid_they_were(page: Page, agent_service: FakeService) -> None:
    row = CallSummaryRow(
        call_id="call-0",
        kind="relay",
        mode="LSF",
        brand_name=None,
        began_at=1_795_348_800,
        talk_s=75,
        end_reason="completed",
        frame_rates=(25.0, 24.0, 12.0, None, 25.0),
    )
    unmeasured = row.model_copy(update={"call_id": "call-1", "frame_rates": ()})
    agent_service.greeting = [agent_view("idle"), CallsToday(calls=(row, unmeasured))]
    await opened(page, agent_service, "/workstation")
    await expect(page.get_by_role("img", name="Image fluide 75 % du temps")).to_be_visible()
    await expect(page.locator(".sparkline")).to_have_count(1)
    await axe_finds_nothing(page)
