"""The workstation, step by step, against a scripted service with real media."""

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import Action, CallState
from signaling.messages.call import CallAct
from signaling.messages.records import ContactForm, ContactKnown, WrapUpSubmit
from signaling.messages.serving import (
    AlertEnded,
    AssignmentAccept,
    AssignmentDecline,
    PauseAfterCall,
    PresenceSet,
    WrapUpExtend,
    WrapUpFinish,
)
from signaling.messages.session import Hello
from signaling.messages.visibility import VisibilityMessage
from tests.browser.fake_service import FakeService, agent_view, call_state, second_view
from tests.browser.steps import (
    AGENT_ACTIONS,
    PAGES,
    agent_in_call,
    axe_finds_nothing,
    enter_call,
    fits_without_sideways_scrolling,
    line_of_text,
    pictures_come,
    ringing,
)

pytestmark = PAGES


async def test_agent_becomes_available_accepts_by_key_and_sees_the_signer(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    agent_service.greeting = [agent_view("offline", "offline")]
    await page.goto(f"{agent_service.url}/workstation")
    await page.get_by_role("button", name="Disponible").click()
    assert (await party.said(PresenceSet)).presence == "available"
    await party.send(agent_view("alerting"))
    await party.send(ringing())
    await expect(page.get_by_role("heading", name="Appel entrant")).to_be_visible()
    await axe_finds_nothing(page)
    await page.keyboard.press("Enter")
    assert (await party.said(AssignmentAccept)).assignment_id == "alert-1"
    await party.send(agent_view("engaged"))
    await party.send(call_state(CallState.BRIEFING, *AGENT_ACTIONS))
    await pictures_come(page, agent_service)
    await page.get_by_role("button", name="Composer 01 99 00 00 01").click()
    act = await party.said(CallAct)
    assert (act.action, act.number) == ("dial", None)


async def test_alert_pulses_at_most_once_a_second_and_marks_the_title(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("alerting"), ringing()]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("heading", name="Appel entrant")).to_be_visible()
    await expect(page).to_have_title("● Appel entrant · Passerelle")
    periods = await page.evaluate("document.getAnimations().map(one => one.effect.getTiming().duration)")
    assert periods and min(periods) >= 1000


async def test_alert_is_declined_with_a_reason(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("alerting"), ringing("direct")]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_text("Mairie de Démonstration")).to_be_visible()
    await page.get_by_role("button", name="Refuser…").click()
    await page.get_by_role("button", name="Je connais la personne").click()
    assert (await agent_service.party.said(AssignmentDecline)).reason == "known_person"
    await expect(page.get_by_text("L’appel reste dans la file.")).to_be_visible()
    await agent_service.party.send(AlertEnded(assignment_id="alert-1", reason="declined"))
    await expect(page.get_by_role("heading", name="Pourquoi refuser ?")).to_have_count(0)


async def test_agent_who_did_not_answer_comes_back_with_one_key(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("not_responding")]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("heading", name="Vous n’avez pas répondu")).to_be_visible()
    await axe_finds_nothing(page)
    await page.keyboard.press("r")
    assert (await agent_service.party.said(PresenceSet)).presence == "available"


async def test_agent_pauses_with_a_reason(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("idle")]
    await page.goto(f"{agent_service.url}/workstation")
    await page.get_by_role("button", name="Pause…").click()
    await page.get_by_role("button", name="Repos yeux et mains").click()
    said = await agent_service.party.said(PresenceSet)
    assert (said.presence, said.reason) == ("paused", "rest_eyes_hands")


async def test_pause_without_a_reason_is_a_pause_once_the_agent_was_available(
    page: Page, agent_service: FakeService
) -> None:
    paused = agent_view("paused", presence="paused")
    agent_service.greeting = [paused]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("heading", name="Vous n’êtes pas encore disponible")).to_be_visible()
    await expect(page.locator(".top .state strong")).to_have_text("Pas encore disponible")
    await agent_service.party.send(agent_view("idle"))
    await agent_service.party.send(paused)
    await expect(page.get_by_role("heading", name="Vous êtes en pause")).to_be_visible()
    await expect(page.locator(".top .state strong")).to_have_text("En pause")
    await page.reload()
    await expect(page.get_by_role("heading", name="Vous êtes en pause")).to_be_visible()


async def test_the_alert_is_steady_under_reduced_motion(page: Page, agent_service: FakeService) -> None:
    await page.emulate_media(reduced_motion="reduce")
    agent_service.greeting = [agent_view("alerting"), ringing()]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("button", name="Accepter")).to_be_visible()
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_workstation_that_lost_the_connection_is_not_shown_as_available(
    page: Page, agent_service: FakeService
) -> None:
    agent_service.greeting = [agent_view("idle")]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("heading", name="Vous êtes disponible")).to_be_visible()
    await agent_service.stop()
    await expect(page.get_by_role("heading", name="Connexion perdue")).to_be_visible()
    await expect(page.locator(".top .state.is-offline strong")).to_have_text("Connexion perdue")
    await expect(page.locator(".banner")).to_contain_text("Nous réessayons…")
    await expect(page.locator(".banner")).not_to_contain_text("gardé")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("state", ["alerting", "wrap_up", "engaged"])
async def test_head_of_the_workstation_is_one_line_at_1366_by_768(
    page: Page, agent_service: FakeService, state: str, language: str
) -> None:
    agent_service.on_hello = agent_service.on_hello.model_copy(update={"demo_phone_url": "http://localhost/demo"})
    update = {"pause_after_call": True, "waiting": 12}
    agent_service.greeting = [agent_view(state, wrap_up_s=60).model_copy(update=update)]
    await page.set_viewport_size({"width": 1366, "height": 768})
    await page.goto(f"{agent_service.url}/workstation?lang={language}")
    await expect(page.locator(".top .waiting")).to_contain_text("12")
    head = await page.locator(".top").bounding_box()
    assert head is not None and head["height"] <= 64
    await fits_without_sideways_scrolling(page)


async def test_one_key_each_for_mute_hold_picture_pause_and_abuse(page: Page, agent_service: FakeService) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    actions: tuple[Action, ...] = ("hang_up_phone", "hold", "dtmf", "mute", "hide_picture", "end_and_report_abuse")
    await party.send(call_state(CallState.ACTIVE, *actions, progress="answered"))
    await expect(page.get_by_role("button", name="Mettre en attente")).to_be_enabled()
    for nth, (key, action) in enumerate([("m", "mute"), ("g", "hold"), ("i", "hide_picture")], start=1):
        await page.keyboard.press(key)
        assert (await party.said(CallAct, nth)).action == action
    await page.keyboard.press("p")
    assert (await party.said(PauseAfterCall)).enabled
    await page.keyboard.press("a")
    await expect(page.get_by_role("heading", name="Terminer et signaler un abus ?")).to_be_visible()
    await page.keyboard.press("Enter")
    assert (await party.said(CallAct, 4)).action == "end_and_report_abuse"


async def test_shortcuts_do_nothing_while_writing(page: Page, agent_service: FakeService) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await page.get_by_label("Écrire").press_sequentially("pap")
    await party.until(lambda: "pap" in party.text, "the text")
    assert not any(isinstance(message, (PauseAfterCall, CallAct)) for message in party.received)


async def test_shortcuts_can_be_switched_off_and_stay_so(page: Page, agent_service: FakeService) -> None:
    party = agent_service.party
    agent_service.greeting = [agent_view("idle")]
    await page.goto(f"{agent_service.url}/workstation")
    await page.get_by_text("Raccourcis", exact=True).click()
    await page.get_by_role("checkbox", name="Raccourcis d’une touche actifs").uncheck()
    await page.reload()
    await party.said(Hello, 2)
    await enter_call(page, agent_service)
    await page.keyboard.press("m")
    await page.keyboard.press("a")
    await page.get_by_role("button", name="Masquer mon image").last.click()  # arrives after what the keys would send
    assert (await party.said(CallAct)).action == "hide_picture"
    await expect(page.get_by_role("heading", name="Terminer et signaler un abus ?")).to_have_count(0)


async def test_number_is_pasted_in_any_form_and_dialled(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service)
    await page.get_by_label("Autre numéro").fill("tel:+33199000003")
    await page.get_by_role("button", name="Composer", exact=True).click()
    act = await agent_service.party.said(CallAct)
    assert (act.action, act.number) == ("dial", "+33 1 99 00 00 03")


async def test_keypad_sends_digits_by_click_and_by_key(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service)
    await agent_service.party.send(call_state(CallState.ACTIVE, "hang_up_phone", "dtmf", "mute", progress="answered"))
    await page.get_by_text("Clavier", exact=False).first.click()
    await page.get_by_role("button", name="5", exact=True).click()
    await page.keyboard.press("#")
    assert [(await agent_service.party.said(CallAct, nth)).digits for nth in (1, 2)] == ["5", "#"]


async def test_workstation_in_a_call_fits_1366_by_768_without_scrolling(page: Page, agent_service: FakeService) -> None:
    await page.set_viewport_size({"width": 1366, "height": 768})
    await agent_in_call(page, agent_service, "direct")
    await agent_service.party.send(VisibilityMessage(call_id="call-1", level="fair", advice="too_far"))
    await expect(page.get_by_text("Sa caméra est trop loin")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for name in ("Terminer l’appel", "Terminer et signaler un abus", "Couper mon micro", "Composer", "Nouvelle ligne"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    await axe_finds_nothing(page)


async def test_with_a_second_and_the_contact_form_one_can_still_write_and_end_at_1280_by_800(
    page: Page, agent_service: FakeService
) -> None:
    await agent_in_call(page, agent_service, "direct")
    beside = second_view("supervisor", name="Noa")
    here = call_state(CallState.TALKING, "hang_up", "dial", "mute", "dismiss_second", kind="direct", second=beside)
    await agent_service.party.send(here)
    await expect(page.get_by_text("Noa est là")).to_be_visible()
    await expect(page.locator("#text-draft")).to_be_in_viewport(ratio=1)
    mute = await page.get_by_role("button", name="Couper mon micro").bounding_box()
    end = await page.get_by_role("button", name="Terminer l’appel").bounding_box()
    assert mute is not None and end is not None and abs(mute["y"] - end["y"]) < mute["height"] / 2


async def test_wrap_up_of_a_relay_call_takes_no_text(page: Page, agent_service: FakeService) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await party.send(agent_view("wrap_up", wrap_up_s=60))
    await expect(page.get_by_role("heading", name="Post-appel")).to_be_visible()
    assert await page.locator("main input, main textarea, main select").count() == 0
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Prolonger").click()
    await party.said(WrapUpExtend)
    await page.get_by_role("button", name="Terminer le post-appel").click()
    await party.said(WrapUpFinish)
    assert not any(isinstance(message, WrapUpSubmit) for message in party.received)


async def test_wrap_up_of_a_direct_call_saves_what_is_typed_and_finishes(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service, "direct")
    known = ContactForm(name="Camille Exemple", email=None, phone="01 99 00 00 02")
    await party.send(ContactKnown(call_id="call-1", contact=known, earlier_calls=2))
    await expect(page.get_by_text("2 appels avant")).to_be_visible()
    await page.get_by_label("Référence client").fill("D-18")
    await party.send(call_state(CallState.ENDED, kind="direct", end_reason="agent_ended"))
    await party.send(agent_view("wrap_up", wrap_up_s=60))
    await page.get_by_label("Qualification").select_option("call_back")
    await page.get_by_label("Note").fill("Rappeler lundi.")
    await axe_finds_nothing(page)
    await expect(page.get_by_text("Enregistré", exact=True)).to_be_visible()
    sent = (await party.said(WrapUpSubmit)).model_dump()
    assert (sent["disposition"], sent["note"]) == ("call_back", "Rappeler lundi.")
    assert (sent["contact"]["name"], sent["contact"]["reference"]) == ("Camille Exemple", "D-18")
    await page.get_by_role("button", name="Terminer le post-appel").click()
    await party.said(WrapUpFinish)


async def test_workstation_keeps_no_text_of_a_call(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service)
    await agent_service.party.write("secret professionnel\u2028")
    await expect(line_of_text(page, "secret professionnel")).to_be_visible()
    await agent_service.party.send(call_state(CallState.ENDED, end_reason="completed"))
    await agent_service.party.send(agent_view("wrap_up", wrap_up_s=60))
    await expect(page.get_by_text("secret professionnel")).to_have_count(0)
    stores = await page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "secret" not in stores


async def test_hidden_picture_stops_leaving_the_workstation(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service)
    hidden = call_state(CallState.BRIEFING, "show_picture").model_copy(update={"hidden": True})
    await agent_service.party.send(hidden)
    await expect(page.get_by_text("Votre image est masquée")).to_be_visible()
    assert (
        await page.evaluate("document.querySelector('.self-view video').srcObject.getVideoTracks()[0].enabled") is False
    )
