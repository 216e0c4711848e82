"""The signer's page and the workstation, page by page, against a scripted service with real media."""

import time

import pytest
from playwright.async_api import Page, expect

from signaling.call_model import CallKind, CallState
from signaling.messages import Alert, AssignmentAccept, CallAct, CallRequest, MediaAnswer, PresenceSet, QueueView
from tests.browser.fake_service import FakeService, agent_view, call_state

pytestmark = pytest.mark.browser


async def start_call(page: Page, service: FakeService) -> None:
    """From the number to the picture of the interpreter."""
    await page.goto(service.url)
    await page.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await page.get_by_role("button", name="Appeler", exact=True).click()
    await service.party.said(CallRequest)
    await service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await service.party.offer("call-1", 1, (70, 110, 120))
    await service.party.said(MediaAnswer)
    await service.party.seen()


async def picture_moves(page: Page) -> None:
    await page.wait_for_function("document.querySelector('video.remote')?.videoWidth > 0")


async def test_signer_goes_from_the_number_through_the_queue_to_the_picture_of_the_interpreter(
    page: Page, signer_service: FakeService
) -> None:
    await page.goto(signer_service.url)
    number = page.get_by_label("Numéro de téléphone")
    await number.press_sequentially("0199000001")
    await expect(number).to_have_value("01 99 00 00 01")
    await page.get_by_role("button", name="Appeler", exact=True).click()

    request = await signer_service.party.said(CallRequest)
    assert (request.kind, request.number, request.voice) == ("relay", "01 99 00 00 01", False)
    queue = QueueView(position=2, wait_low_s=60, wait_high_s=170)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up", queue=queue))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_visible()
    await expect(page.get_by_text("1 à 3 minutes")).to_be_visible()

    await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await signer_service.party.offer("call-1", 1, (70, 110, 120))
    await signer_service.party.seen()
    await picture_moves(page)
    await expect(page.get_by_text("L’interprète est là")).to_be_visible()


async def test_signer_hangs_up_after_a_question(page: Page, signer_service: FakeService) -> None:
    await start_call(page, signer_service)
    await page.get_by_role("button", name="Raccrocher").click()
    await page.get_by_role("button", name="Oui, terminer").click()
    act = await signer_service.party.said(CallAct)
    assert act.action == "hang_up"


def ringing(kind: CallKind = "relay") -> Alert:
    now = time.time()
    return Alert(
        assignment_id="alert-1",
        call_id="call-1",
        kind=kind,
        mode="LSF",
        trade="interpreter" if kind == "relay" else "adviser",
        brand_name="Mairie de Démonstration" if kind == "direct" else None,
        queued_at=now - 75,
        expires_at=now + 20,
    )


async def test_agent_becomes_available_accepts_by_key_and_sees_the_signer(
    page: Page, agent_service: FakeService
) -> None:
    agent_service.greeting = [agent_view("offline", "offline")]
    await page.goto(f"{agent_service.url}/workstation")
    await page.get_by_role("button", name="Disponible").click()
    assert (await agent_service.party.said(PresenceSet)).presence == "available"
    await agent_service.party.send(agent_view("alerting"))
    await agent_service.party.send(ringing())
    await expect(page.get_by_role("heading", name="Appel entrant")).to_be_visible()
    await page.keyboard.press("Enter")
    assert (await agent_service.party.said(AssignmentAccept)).assignment_id == "alert-1"
    await agent_service.party.send(agent_view("engaged"))
    await agent_service.party.send(
        call_state(CallState.BRIEFING, "dial", "mute", "hide_picture", "end_and_report_abuse")
    )
    await agent_service.party.offer("call-1", 1, (120, 100, 80))
    await agent_service.party.seen()
    await picture_moves(page)
    await page.get_by_role("button", name="Composer 01 99 00 00 01").click()
    act = await agent_service.party.said(CallAct)
    assert (act.action, act.number) == ("dial", None)
