"""Waiting and being rung later, on the signer's page: waits, the queue, call-backs, where the focus goes."""

import time
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.call_state import QueueView
from signaling.messages.serving import (
    CallbackCancel,
    CallbackEntry,
    CallbackRequest,
    Callbacks,
    ModeWait,
    RefusalSet,
    ServiceNotice,
    Waits,
)
from signaling.messages.session import Hello
from tests.browser.fake_service import FakeService, call_state
from tests.browser.steps import PAGES, ask, axe_finds_nothing, fits_without_sideways_scrolling, signer_in_call

pytestmark = PAGES
OPEN = ModeWait(mode="LSF", is_open=True, serving=3, wait_low_s=60, wait_high_s=170)
NOBODY = ModeWait(mode="LfPC", is_open=True, serving=0)


def closed_until(at: float) -> ModeWait:
    return ModeWait(mode="TTH", is_open=False, serving=0, opens_at=at)


async def test_waits_of_each_mode_are_said_before_the_call_and_change_live(
    page: Page, signer_service: FakeService
) -> None:
    opens = time.time() + 3 * 86_400
    signer_service.greeting = [Waits(modes=(OPEN, NOBODY, closed_until(opens)))]
    await page.goto(signer_service.url)
    await expect(page.get_by_text("Attente en ce moment : 1 à 3 min")).to_be_visible()
    await page.get_by_text("Attente pour chaque mode").click()
    await expect(page.get_by_text("personne ne répond en ce moment", exact=True)).to_be_visible()
    await expect(page.get_by_text("fermé, ouvre :")).to_be_visible()
    await axe_finds_nothing(page)
    await signer_service.party.send(Waits(modes=(OPEN.model_copy(update={"wait_low_s": 0, "wait_high_s": 20}),)))
    await expect(page.get_by_text("Attente en ce moment : moins d’une minute")).to_be_visible()


async def test_waits_are_public_before_signing_in(page: Page, signer_service: FakeService) -> None:
    signer_service.account = None
    signer_service.waits = Waits(modes=(OPEN, NOBODY))
    await page.goto(signer_service.url)
    await expect(page.get_by_role("heading", name="L’attente en ce moment")).to_be_visible()
    await expect(page.get_by_text("1 à 3 min", exact=True)).to_be_visible()
    await axe_finds_nothing(page)


async def test_when_closed_a_call_back_is_asked_for_a_day_and_an_hour(page: Page, signer_service: FakeService) -> None:
    mode = closed_until(time.time() + 7200).model_copy(update={"mode": "LSF"})
    signer_service.greeting = [Waits(modes=(mode,))]
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Rappelez-moi").click()
    await expect(page.get_by_label("Numéro de téléphone")).to_be_focused()
    await expect(page.locator("#number-hint")).to_have_text("Écrivez le numéro à appeler.")
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await page.get_by_role("button", name="Rappelez-moi").click()
    await page.get_by_role("radio", name="À partir d’une heure précise").check()
    await expect(page.get_by_label("Jour").locator("option")).to_have_count(7)
    wanted = datetime.now() + timedelta(minutes=90)
    await page.get_by_label("Heure", exact=True).fill(f"{wanted:%H:%M}")
    await axe_finds_nothing(page)
    await fits_without_sideways_scrolling(page)
    signer_service.party.refuses = "too_many_callbacks"
    await page.get_by_role("button", name="Demander le rappel").click()
    await expect(page.locator("dialog").get_by_text("Refusé.")).to_be_visible()
    signer_service.party.refuses = None
    await page.get_by_role("button", name="Demander le rappel").click()
    asked = await signer_service.party.said(CallbackRequest, 2)
    assert (asked.kind, asked.mode, asked.number) == ("relay", "LSF", "01 99 00 00 01")
    assert asked.at is not None and time.time() < asked.at <= time.time() + 86_400
    assert f"{datetime.fromtimestamp(asked.at):%H:%M}" == f"{wanted:%H:%M}"
    await expect(page.get_by_text("C’est noté : nous vous rappelons.")).to_be_visible()


async def test_what_is_wrong_with_a_number_is_said_at_its_field(page: Page, signer_service: FakeService) -> None:
    signer_service.party.refuses = "not_a_number"
    await ask(page, signer_service, "12345")
    field = page.get_by_label("Numéro de téléphone")
    await expect(page.locator("#number-hint")).to_have_text("Refusé.")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("Refusé.")).to_have_count(1)
    await field.press_sequentially("6")
    await expect(field).to_have_attribute("aria-invalid", "false")


async def test_after_a_transfer_nobody_is_said_to_be_there_only_until_somebody_is_alerted(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    nobody = QueueView(position=1, wait_low_s=None, wait_high_s=None, serving=0)
    moved = call_state(CallState.QUEUED, "hang_up", queue=nobody, transferred=True, together_at=time.time() - 48)
    await signer_service.party.send(moved)
    await expect(page.get_by_text("Personne ne peut répondre pour l’instant")).to_be_visible()
    await expect(page.get_by_text("Vous attendez depuis 0:")).to_be_visible()  # 1:15 since the first entry
    await signer_service.party.send(moved.model_copy(update={"state": CallState.ALERTING}))
    await expect(page.get_by_role("heading", name="Quelqu’un regarde votre appel…")).to_be_visible()
    await expect(page.get_by_text("Personne ne peut répondre")).to_have_count(0)


async def test_a_refused_call_that_can_be_a_call_back_offers_it(page: Page, signer_service: FakeService) -> None:
    signer_service.party.refuses, signer_service.party.offers_callback = "queue_full", True
    await ask(page, signer_service)
    await expect(page.get_by_text("Voulez-vous être rappelé·e ?")).to_be_visible()
    signer_service.party.refuses = None
    await page.get_by_role("button", name="Rappelez-moi").click()
    await page.get_by_role("button", name="Demander le rappel").click()
    assert (await signer_service.party.said(CallbackRequest)).at is None


async def test_when_nobody_can_answer_the_queue_says_so_names_a_partner_and_keeps_the_place_for_a_call_back(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await ask(page, signer_service)
    queue = QueueView(position=2, serving=0, partner_name="Relais Exemple", partner_url="https://relais.exemple.fr")
    await party.send(call_state(CallState.QUEUED, "hang_up", "ask_callback", queue=queue))
    await expect(page.get_by_text("Personne ne peut répondre pour l’instant.")).to_be_visible()
    partner = page.get_by_role("link", name="Relais Exemple")
    assert await partner.get_attribute("href") == "https://relais.exemple.fr"
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Rappelez-moi").click()
    await expect(page.get_by_text("Votre place dans la file est gardée.")).to_be_visible()
    await page.get_by_role("button", name="Demander le rappel").click()
    act = await party.said(CallAct)
    assert (act.action, act.at) == ("ask_callback", None)
    await party.send(call_state(CallState.ENDED, end_reason="callback_asked"))
    await expect(page.get_by_text("Nous vous rappelons. Votre place dans la file est gardée.")).to_be_visible()


async def test_call_backs_are_listed_and_cancelled(page: Page, signer_service: FakeService) -> None:
    now = time.time()
    entry = CallbackEntry(
        callback_id="c1",
        state="waiting",
        kind="relay",
        mode="LSF",
        number="01 99 00 00 01",
        asked_at=now,
        due_at=now,
        next_at=now + 600,
        attempts=1,
        expires_at=now + 80_000,
    )
    signer_service.greeting = [Callbacks(entries=(entry,))]
    await page.goto(signer_service.url)
    await expect(page.get_by_text("1 essai sans réponse")).to_be_visible()
    await page.get_by_role("button", name="Annuler ce rappel").click()
    assert (await signer_service.party.said(CallbackCancel)).callback_id == "c1"
    await signer_service.party.send(Callbacks())
    await expect(page.get_by_role("heading", name="Vos rappels demandés")).to_have_count(0)


async def test_the_relay_calls_back_by_sight_and_one_key_answers_in_the_mode_that_was_asked_for(
    page: Page, signer_service: FakeService
) -> None:
    ring = call_state(
        CallState.CALLING_BACK, "accept", "decline", callback=True, ring_until=time.time() + 45, mode="TTH"
    )
    signer_service.greeting = [ring]
    await page.goto(signer_service.url)
    await expect(page.get_by_role("heading", name="Le relais vous rappelle")).to_be_visible()
    await expect(page).to_have_title("● Le relais vous rappelle · Passerelle")
    await expect(page.locator("main.incoming.is-settled")).to_be_visible()
    await axe_finds_nothing(page)
    periods = await page.evaluate("document.getAnimations().map(one => one.effect.getTiming().duration)")
    assert periods and min(periods) >= 1000
    await page.keyboard.press("Enter")
    act = await signer_service.party.said(CallAct)
    assert (act.action, act.mode) == ("accept", "TTH")


async def test_language_gender_and_subject_are_asked_for_and_the_subject_is_not_remembered(
    page: Page, signer_service: FakeService
) -> None:
    await page.goto(signer_service.url)
    await page.get_by_text("Options de l’appel").click()
    await page.get_by_label("Votre langue des signes").select_option("asl")
    await page.get_by_label("Interprète, si possible").select_option("f")
    await page.get_by_label("Sujet de l’appel").select_option("medical")
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await page.get_by_role("button", name="Appeler", exact=True).click()
    request = await signer_service.party.said(CallRequest)
    assert (request.language, request.gender, request.domain) == ("asl", "f", "medical")
    assert "medical" not in await page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    await page.reload()
    await signer_service.party.said(Hello, 2)
    await page.get_by_text("Options de l’appel").click()
    await expect(page.get_by_label("Votre langue des signes")).to_have_value("asl")
    await expect(page.get_by_label("Interprète, si possible")).to_have_value("f")
    await expect(page.get_by_label("Sujet de l’appel")).to_have_value("")


async def test_after_the_call_the_signer_may_quietly_never_be_put_together_with_this_person_again(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    ended = call_state(CallState.ENDED, end_reason="completed")
    await signer_service.party.send(ended)
    await page.get_by_text("Ne plus être en relation").click()
    refuse = page.get_by_role("button", name="Ne plus être mis·e en relation avec cette personne")
    await refuse.click()
    assert (await signer_service.party.said(RefusalSet)).enabled is True
    await expect(refuse).to_have_attribute("aria-pressed", "true")
    await axe_finds_nothing(page)
    await refuse.click()
    assert (await signer_service.party.said(RefusalSet, 2)).enabled is False


async def test_the_focus_follows_from_screen_to_screen(page: Page, signer_service: FakeService) -> None:
    await ask(page, signer_service)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_focused()
    await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up"))
    await expect(page.locator("main.call h1")).to_be_focused()
    await signer_service.party.send(call_state(CallState.ENDED, end_reason="completed"))
    await expect(page.get_by_role("heading", name="Appel terminé")).to_be_focused()


async def test_a_queue_that_is_away_for_a_moment_is_said_and_so_is_its_return(
    page: Page, signer_service: FakeService
) -> None:
    await ask(page, signer_service)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await signer_service.party.send(ServiceNotice(code="queue_away"))
    await expect(page.get_by_text("les places sont gardées")).to_be_visible()
    await signer_service.party.send(ServiceNotice(code="queue_back"))
    await expect(page.get_by_text("La file d’attente est revenue.")).to_be_visible()
    await expect(page.get_by_text("les places sont gardées")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
async def test_an_emergency_number_typed_in_a_call_leaves_the_interpreter_in_sight(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await signer_in_call(page, signer_service)
    await signer_service.party.send(
        call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="busy")
    )
    await page.get_by_role("button", name="Appeler un autre numéro").click()
    await page.get_by_label("Numéro de téléphone").fill("15")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Urgence : contactez le 114")).to_be_focused()
    await expect(page.get_by_role("link", name="Envoyer un SMS au 114")).to_be_in_viewport(ratio=1)
    assert await page.locator("dialog[open]").count() == 0
    picture, panel = page.locator("video.remote"), page.locator(".emergency-panel")
    seen, beside = await picture.bounding_box(), await panel.bounding_box()
    assert seen is not None and beside is not None
    assert beside["x"] >= seen["x"] + seen["width"] - 1 or beside["y"] >= seen["y"] + seen["height"] - 1
    await axe_finds_nothing(page)
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
