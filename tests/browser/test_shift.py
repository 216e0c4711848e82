"""The agent's shift: states, breaks, own load, alerts and shortcuts, by keyboard alone."""

import time

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import CallState
from signaling.messages.call import CallAct
from signaling.messages.serving import (
    AssignmentDecline,
    CallbackEntry,
    Callbacks,
    Load,
    PauseAfterCall,
    PresenceSet,
    RefusalSet,
    ServiceNotice,
    StaffNotice,
    WrapUpFinish,
)
from signaling.messages.session import Hello
from tests.browser.fake_service import FakeService, agent_view, call_state
from tests.browser.steps import (
    PAGES,
    agent_in_call,
    axe_finds_nothing,
    enter_call,
    fits_without_sideways_scrolling,
    opened,
    ringing,
)

pytestmark = PAGES
LOAD = Load(signing_s=34 * 60, engaged_s=2 * 3600, served=9)


async def at_work(page: Page, service: FakeService) -> None:
    await opened(page, service, "/workstation")
    await expect(page.get_by_role("heading", name="Ma journée")).to_be_visible()


async def change_key(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=f"Changer : {name}")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("state", "presence", "words"),
    [
        ("training", "training", "Formation"),
        ("hold", "available", "Garde"),
        ("not_responding", "available", "Non-réponse"),
    ],
)
async def test_every_state_is_said_in_words(
    page: Page, agent_service: FakeService, state: str, presence: str, words: str
) -> None:
    agent_service.greeting = [agent_view(state, presence)]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.locator(".top .state strong")).to_have_text(words)


async def test_a_pause_has_a_reason_and_training_is_one_key_away(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("idle")]
    await at_work(page, agent_service)
    await page.get_by_role("button", name="Pause…").click()
    await axe_finds_nothing(page)
    await page.keyboard.press("2")
    asked = await agent_service.party.said(PresenceSet)
    assert (asked.presence, asked.reason) == ("paused", "rest_eyes_hands")
    await expect(page.get_by_role("heading", name="Motif de la pause")).to_have_count(0)
    await page.get_by_role("button", name="Pause…").click()
    await expect(page.get_by_role("heading", name="Motif de la pause")).to_be_visible()
    await page.keyboard.press("8")
    assert (await agent_service.party.said(PresenceSet, 2)).presence == "training"


async def test_a_break_is_wished_in_a_call_with_a_reason_and_taken_back(page: Page, agent_service: FakeService) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await page.keyboard.press("p")
    asked = await party.said(PauseAfterCall)
    assert (asked.enabled, asked.reason) == (True, None)
    await party.send(agent_view("engaged", pause_after_call=True))
    await page.get_by_label("Motif de la pause prévue").select_option("rest_eyes_hands")
    assert (await party.said(PauseAfterCall, 2)).reason == "rest_eyes_hands"
    await page.get_by_role("button", name="Pause prévue").click()
    assert (await party.said(PauseAfterCall, 3)).enabled is False


async def test_one_key_asks_for_a_pause_after_a_hard_call_in_it_and_after_it(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await page.keyboard.press("d")
    asked = await party.said(PauseAfterCall)
    assert (asked.enabled, asked.reason) == (True, "after_hard_call")
    await expect(page.get_by_text("Aucune raison n’est demandée")).to_be_visible()
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await party.send(agent_view("wrap_up", wrap_up_s=60))
    await expect(page.get_by_role("heading", name="Post-appel")).to_be_visible()
    await page.keyboard.press("d")
    await party.said(PauseAfterCall, 2)
    await party.said(WrapUpFinish)


async def test_a_break_is_proposed_in_words_and_taken_with_one_press(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("idle", load=LOAD, break_advice="proposed")]
    await at_work(page, agent_service)
    await expect(page.get_by_text("34:00 de signes")).to_be_visible()
    await expect(page.get_by_text("Une pause vous ferait du bien.")).to_be_visible()
    await expect(page.get_by_text("Vous seul·e voyez ces chiffres.")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Reposer mes mains et mes yeux").click()
    asked = await agent_service.party.said(PresenceSet)
    assert (asked.presence, asked.reason) == ("paused", "rest_eyes_hands")


async def test_a_break_that_is_due_is_said_above_the_call_without_an_alarm(
    page: Page, agent_service: FakeService
) -> None:
    await agent_in_call(page, agent_service)
    view = agent_view("engaged", load=LOAD, break_advice="due", pause_after_call=True)
    await agent_service.party.send(view)
    await expect(page.locator(".top").get_by_text("Pause après cet appel.")).to_be_visible()
    await expect(page.locator(".pulse")).to_have_count(0)


async def test_wrap_up_says_how_often_it_can_be_extended_and_lets_refuse_the_signer_quietly(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await party.send(agent_view("wrap_up", wrap_up_s=60, wrap_up_extensions_left=1))
    await expect(page.get_by_text("1 prolongation possible")).to_be_visible()
    await party.send(agent_view("wrap_up", wrap_up_s=60, wrap_up_extensions_left=0))
    await expect(page.get_by_role("button", name="Prolonger")).to_be_disabled()
    await page.get_by_text("Ne plus être en relation").click()
    await page.get_by_role("button", name="Ne plus servir cette personne").click()
    asked = await party.said(RefusalSet)
    assert (asked.call_id, asked.enabled) == ("call-1", True)


async def test_an_alert_says_what_it_is_for_and_is_declined_with_two_keys(
    page: Page, agent_service: FakeService
) -> None:
    alert = ringing().model_copy(update={"role": "team"})
    agent_service.greeting = [agent_view("alerting"), alert]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_text("Équipe : un interprète vous demande à ses côtés")).to_be_visible()
    await agent_service.party.send(alert.model_copy(update={"role": None, "callback": True}))
    await expect(page.get_by_text("Rappel : la personne est appelée dès que vous acceptez")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name="Pourquoi refuser ?")).to_be_visible()
    await axe_finds_nothing(page)
    await page.keyboard.press("2")
    assert (await agent_service.party.said(AssignmentDecline)).reason == "known_person"


async def test_calls_to_come_back_are_listed_without_a_name_and_words_of_the_supervisor_stay_until_read(
    page: Page, agent_service: FakeService
) -> None:
    now = time.time()
    entry = CallbackEntry(
        callback_id="c1", state="waiting", kind="relay", mode="LSF", asked_at=now, due_at=now, expires_at=now + 9
    )
    agent_service.greeting = [
        agent_view("idle"),
        Callbacks(entries=(entry,)),
        StaffNotice(text="Réunion à 15 h.", at=now),
        ServiceNotice(code="queue_away"),
    ]
    await at_work(page, agent_service)
    await expect(page.get_by_role("row", name="dès qu’une place se libère")).to_be_visible()
    await expect(page.get_by_text("La file d’attente est indisponible un instant.")).to_be_visible()
    await page.get_by_role("button", name="J’ai lu").click()
    await expect(page.get_by_text("Réunion à 15 h.")).to_have_count(0)
    await agent_service.party.send(ServiceNotice(code="queue_back"))
    await expect(page.get_by_text("La file d’attente est revenue.")).to_be_visible()


async def test_a_call_back_that_rings_at_the_signer_is_said_to_the_agent(
    page: Page, agent_service: FakeService
) -> None:
    ring = call_state(CallState.CALLING_BACK, "hang_up", callback=True, ring_until=time.time() + 40)
    agent_service.greeting = [agent_view("engaged"), ring]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("heading", name="Nous appelons la personne…")).to_be_visible()
    await expect(page.get_by_text("puis vous êtes libre")).to_be_visible()


async def test_a_shortcut_is_changed_by_keyboard_kept_on_the_device_and_its_conflicts_are_said(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    agent_service.greeting = [agent_view("idle")]
    await at_work(page, agent_service)
    await page.get_by_text("Raccourcis", exact=True).click()
    await change_key(page, "Micro")
    await expect(page.get_by_role("button", name="Changer : Micro")).to_have_text("Appuyez sur une touche…")
    await page.keyboard.press("g")
    row = page.locator(".shortcut-rows li", has_text="Micro")
    await expect(row.get_by_text("« G » sert déjà à : Attente.")).to_be_visible()
    await page.keyboard.press("q")
    await expect(page.get_by_text("Micro : Q")).to_be_visible()
    await axe_finds_nothing(page)
    await page.reload()
    await party.said(Hello, 2)
    await enter_call(page, agent_service)
    await page.keyboard.press("m")
    await page.keyboard.press("q")
    assert (await party.said(CallAct)).action == "mute"
    assert [message.action for message in party.received if isinstance(message, CallAct)] == ["mute"]


async def test_keys_with_a_modifier_act_while_single_keys_are_off_and_all_can_be_reset(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    agent_service.greeting = [agent_view("idle")]
    await at_work(page, agent_service)
    await page.get_by_text("Raccourcis", exact=True).click()
    await page.get_by_role("checkbox", name="Raccourcis d’une touche actifs").uncheck()
    await change_key(page, "Pause après un appel difficile")
    await page.keyboard.press("F8")
    await expect(page.get_by_text("Pause après un appel difficile : F8")).to_be_visible()
    await page.keyboard.press("F8")
    assert (await party.said(PresenceSet)).reason == "after_hard_call"
    await change_key(page, "Attente")
    await page.keyboard.press("Delete")
    await expect(page.get_by_role("button", name="Changer : Attente (aucune)")).to_be_visible()
    await page.get_by_role("button", name="Remettre les touches d’origine").click()
    await expect(page.get_by_role("button", name="Changer : Attente (G)")).to_be_visible()


async def test_the_workstation_reflows_on_a_narrow_screen(page: Page, agent_service: FakeService) -> None:
    await page.set_viewport_size({"width": 320, "height": 640})
    agent_service.greeting = [agent_view("idle", load=LOAD, break_advice="due")]
    await at_work(page, agent_service)
    await page.get_by_text("Raccourcis", exact=True).click()
    await fits_without_sideways_scrolling(page)
    await axe_finds_nothing(page)
