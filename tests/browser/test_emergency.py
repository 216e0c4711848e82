"""114 from every screen of the signer's page, whatever else works or does not."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import Page, expect

import signaling
from relay.phone.emergency import ELSEWHERE, EMERGENCY_NUMBERS
from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest, EmergencyNotice
from signaling.messages.session import Error, Replaced
from tests.browser.fake_service import FakeService, agent_view, call_state
from tests.browser.steps import (
    PAGES,
    ask,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    opened,
    picture_moves,
    signer_in_call,
)

pytestmark = PAGES
NUMBERS = Path(signaling.__file__).parent.parent / "web_client" / "caller" / "emergency_numbers.json"
NO_CAMERA = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError') }"
OFFERED = "Urgence : contactez le 114"
HELP = "114, le numéro d’urgence pour les personnes sourdes"


async def sms_to_114(page: Page) -> str:
    """The text that is written already."""
    link = await page.get_by_role("link", name="Envoyer un SMS au 114").get_attribute("href")
    assert link is not None and link.startswith("sms:114?&body=")
    return unquote(link.partition("body=")[2])


async def offers_114(page: Page, heading: str = OFFERED) -> None:
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert (await sms_to_114(page)).startswith("URGENCE. Je ne peux pas parler au téléphone")
    link = page.get_by_role("link", name="Ouvrir urgence114.fr")
    assert await link.get_attribute("href") == "https://www.urgence114.fr"
    await expect(page.get_by_text("Un appel vocal au 114 n’est pas possible")).to_be_visible()


async def press_for_114(page: Page) -> None:
    """By its button, then away again."""
    await page.get_by_role("button", name="Urgence : 114").click()
    await offers_114(page, HELP)
    await page.get_by_role("button", name="Fermer", exact=True).click()
    await expect(page.get_by_role("heading", name=HELP)).to_have_count(0)


async def test_page_knows_the_emergency_numbers_of_the_service() -> None:
    kinds = {
        kind: [entry.number for entry in EMERGENCY_NUMBERS if entry.kind == kind]
        for kind in ("offer_114", "relay_first")
    }
    assert json.loads(NUMBERS.read_text(encoding="utf-8")) == {**kinds, "elsewhere": ELSEWHERE}


# --- the button


async def test_114_is_offered_before_anybody_signs_in(page: Page, signer_service: FakeService) -> None:
    signer_service.account = None
    await page.goto(signer_service.url)
    await expect(page.get_by_label("Identifiant")).to_be_visible()
    await page.get_by_role("button", name="Urgence : 114").click()
    await offers_114(page, HELP)
    await axe_finds_nothing(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name=HELP)).to_have_count(0)


@pytest.mark.parametrize("path", ["/b/demo", "/b/nobody", "/embed/demo"])
async def test_114_is_offered_on_the_page_of_a_brand(page: Page, signer_service: FakeService, path: str) -> None:
    await page.goto(f"{signer_service.url}{path}")
    await press_for_114(page)


async def test_114_is_offered_when_the_service_cannot_be_reached(page: Page, signer_service: FakeService) -> None:
    await page.route("**/api/v1/**", lambda route: route.abort())
    await page.goto(signer_service.url)
    await expect(page.get_by_text("Réessayer")).to_be_visible()
    await press_for_114(page)


async def test_114_is_offered_in_every_state_of_a_call(page: Page, signer_service: FakeService) -> None:
    await ask(page, signer_service)
    for state in (CallState.QUEUED, CallState.BRIEFING, CallState.ACTIVE, CallState.AFTER_PHONE, CallState.ENDED):
        await signer_service.party.send(call_state(state, "hang_up"))
        await press_for_114(page)


async def test_114_is_offered_while_another_tab_has_the_page(page: Page, signer_service: FakeService) -> None:
    await opened(page, signer_service)
    await signer_service.party.send(Replaced())
    dialog = page.get_by_role("dialog", name="ouverte dans un autre onglet")
    await dialog.get_by_role("button", name="Urgence : 114").click()
    await offers_114(page, HELP)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400), (844, 390), (390, 844)])
async def test_button_and_dialog_fit_a_small_screen(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(signer_service.url)
    button = page.get_by_role("button", name="Urgence : 114")
    await expect(button).to_be_in_viewport(ratio=1)
    await fits_without_sideways_scrolling(page)
    await signer_in_call(page, signer_service)
    await expect(button).to_be_in_viewport(ratio=1)
    await fits_without_sideways_scrolling(page)
    await button.click()
    await expect(page.get_by_role("link", name="Envoyer un SMS au 114")).to_be_in_viewport(ratio=1)


async def test_114_is_offered_in_english(page: Page, signer_service: FakeService) -> None:
    await page.goto(f"{signer_service.url}/?lang=en")
    await page.get_by_role("button", name="Emergency: 114").click()
    await expect(page.get_by_role("heading", name="114, the emergency number for deaf people")).to_be_visible()
    await expect(page.get_by_text("A voice call to 114 is not possible")).to_be_visible()


# --- the number


@pytest.mark.parametrize("by_key", [True, False], ids=["by Enter", "by the button"])
async def test_emergency_number_is_answered_without_a_camera(
    page: Page, signer_service: FakeService, by_key: bool
) -> None:
    await page.add_init_script(NO_CAMERA)
    await page.goto(signer_service.url)
    await expect(page.get_by_text("Aucune caméra trouvée")).to_be_visible()
    await page.get_by_label("Numéro de téléphone").press_sequentially("1 5")
    await expect(page.get_by_text("Le 15 est un numéro d’urgence")).to_be_visible()
    if by_key:
        await page.keyboard.press("Enter")
    else:
        await page.get_by_role("button", name="Appeler", exact=True).click()
    await offers_114(page)
    await axe_finds_nothing(page)


async def test_emergency_number_is_answered_without_a_connection(page: Page, signer_service: FakeService) -> None:
    await page.route_web_socket("**/ws*", lambda socket: socket.close())
    await page.goto(signer_service.url)
    await page.get_by_label("Numéro de téléphone").fill("+33 17")
    await page.keyboard.press("Enter")
    await offers_114(page)


async def test_longer_number_that_begins_like_an_emergency_is_called(page: Page, signer_service: FakeService) -> None:
    request = await ask(page, signer_service, "118218")
    assert request.number == "11 82 18"
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_emergency_number_shows_114_first_and_relays_only_on_insistence(
    page: Page, signer_service: FakeService
) -> None:
    signer_service.relays_emergencies = True
    await opened(page, signer_service)
    await page.get_by_label("Numéro de téléphone").fill("15")
    await page.keyboard.press("Enter")
    await offers_114(page)
    assert [message for message in signer_service.party.received if isinstance(message, CallRequest)] == []
    await page.get_by_role("button", name="Appeler le 15 par le relais quand même").click()
    request = await signer_service.party.said(CallRequest)
    assert (request.number, request.emergency_confirmed) == ("15", True)


async def test_emergency_number_cannot_be_relayed_where_the_operator_does_not(
    page: Page, signer_service: FakeService
) -> None:
    await opened(page, signer_service)
    await page.get_by_label("Numéro de téléphone").fill("112")
    await page.keyboard.press("Enter")
    await offers_114(page)
    await expect(page.get_by_role("button", name="par le relais")).to_have_count(0)


async def test_number_that_is_relayed_first_is_called_also_without_a_camera(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(NO_CAMERA)
    await opened(page, signer_service)
    await page.get_by_label("Numéro de téléphone").fill("115")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Appeler le 115 maintenant").click()
    assert (await signer_service.party.said(CallRequest)).number == "115"


async def test_service_finds_an_emergency_and_the_page_shows_it_in_the_call(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.send(EmergencyNotice(number="15", kind="offer_114", may_relay=False))
    await offers_114(page)
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Ce n’est pas une urgence").click()
    await picture_moves(page)


async def test_emergency_as_the_next_number_of_a_call_is_answered_by_the_page(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    await party.send(call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="busy"))
    await page.get_by_role("button", name="Appeler un autre numéro").click()
    await page.get_by_label("Numéro de téléphone").press_sequentially("18")
    await page.keyboard.press("Enter")
    await offers_114(page)
    assert [message for message in party.received if isinstance(message, CallAct)] == []


# --- what else is said to a person


async def test_telephone_vibrates_when_the_state_of_the_call_changes_and_not_at_every_message(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(
        "window.shakes = 0; Object.defineProperty(navigator, 'vibrate', {value: () => { window.shakes += 1 }})"
    )
    await signer_in_call(page, signer_service)
    assert await page.evaluate("shakes") == 1
    for _ in range(3):
        await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await signer_service.party.send(call_state(CallState.RINGING, "hang_up", progress="ringing"))
    await expect(page.get_by_text("Ça sonne…")).to_be_visible()
    assert await page.evaluate("shakes") == 1


async def test_interpreter_reads_that_the_telephone_takes_no_keys(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("engaged"), call_state(CallState.ACTIVE, "dtmf", progress="answered")]
    await opened(page, agent_service, "/workstation?lang=en")
    await agent_service.party.send(Error(code="no_dtmf", message="Ce téléphone ne prend pas les touches."))
    await expect(page.get_by_text("This telephone takes no key presses.")).to_be_in_viewport(ratio=1)


async def test_the_message_to_114_and_the_relay_get_the_place_that_was_given(
    page: Page, signer_service: FakeService
) -> None:
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 48.85341, "longitude": 2.3488, "accuracy": 12})
    signer_service.relays_emergencies = True
    await ask_for_emergency(page, signer_service)
    assert "Je voulais appeler le 15." in await sms_to_114(page)
    await page.get_by_label("Où êtes-vous ?").fill("3 rue des Lilas, 2e étage")
    assert (await sms_to_114(page)).endswith("Je suis ici : 3 rue des Lilas, 2e étage")
    await page.get_by_role("button", name="Ajouter ma position").click()
    place = "3 rue des Lilas, 2e étage. Position : 48.85341, 2.34880 (à 12 m près)"
    await expect(page.get_by_label("Où êtes-vous ?")).to_have_value(place)
    assert place in await sms_to_114(page)
    await page.get_by_role("button", name="Appeler le 15 par le relais quand même").click()
    request = await signer_service.party.said(CallRequest)
    assert (request.location, request.emergency_confirmed) == (place, True)


async def test_the_relay_of_an_emergency_within_a_call_gets_the_place_too(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    signer_service.relays_emergencies = True
    await signer_in_call(page, signer_service)
    await party.send(call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="busy"))
    await page.get_by_role("button", name="Appeler un autre numéro").click()
    await page.get_by_label("Numéro de téléphone").fill("15")
    await page.keyboard.press("Enter")
    await page.get_by_label("Où êtes-vous ?").fill("3 rue des Lilas")
    await page.get_by_role("button", name="Appeler le 15 par le relais quand même").click()
    act = await party.said(CallAct)
    assert (act.action, act.number, act.location) == ("dial", "15", "3 rue des Lilas")


async def ask_for_emergency(page: Page, service: FakeService) -> None:
    await opened(page, service)
    await page.get_by_label("Numéro de téléphone").fill("15")
    await page.get_by_role("button", name="Appeler", exact=True).click()
    await expect(page.get_by_role("heading", name=OFFERED)).to_be_visible()
