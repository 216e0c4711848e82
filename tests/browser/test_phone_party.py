"""The telephone of a call, on both pages: keys, second party, transfer, hold music, answering machines, text, cost."""

import time
from typing import Any

from playwright.async_api import Page, expect

from relay.model import PhoneStats
from signaling.call_terms import Action, CallState
from signaling.messages.call import CallAct, CallRequest, CostNotice, PhoneKey
from signaling.messages.call_state import CallStateMessage, PhoneView
from signaling.messages.media import PhoneLine
from tests.browser.fake_service import FakeService, agent_view, call_state
from tests.browser.steps import (
    AGENT_ACTIONS,
    PAGES,
    agent_in_call,
    ask,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    line_of_text,
    ringing,
    signer_in_call,
)

pytestmark = PAGES
ON_LINE: tuple[Action, ...] = (*AGENT_ACTIONS, "hang_up_phone", "hold", "dtmf", "voicemail", "watch_hold")


def on_line(*actions: Action, **changes: Any) -> CallStateMessage:
    return call_state(CallState.ACTIVE, *actions, progress="answered", **changes)


# --- the signer's page


async def test_the_signer_presses_keys_for_the_telephone_and_tells_of_an_answering_machine(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await page.set_viewport_size({"width": 360, "height": 740})
    await signer_in_call(page, signer_service)
    await party.send(on_line("hang_up", "dtmf", "voicemail"))
    await page.get_by_role("button", name="Téléphone", exact=True).click()
    await expect(page.get_by_text("L’interprète ne les voit pas")).to_be_visible()
    await axe_finds_nothing(page)
    await fits_without_sideways_scrolling(page)
    await page.get_by_role("button", name="5", exact=True).click()
    await page.keyboard.press("#")
    keys = [await party.said(CallAct), await party.said(CallAct, 2)]
    assert [(act.action, act.digits) for act in keys] == [("dtmf", "5"), ("dtmf", "#")]
    await page.get_by_role("button", name="C’est un répondeur").click()
    assert (await party.said(CallAct, 3)).action == "voicemail"

    await party.send(call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="voicemail"))
    await page.get_by_label("Votre message").fill("Bonjour, rappelez-moi demain.")
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Montrer à l’interprète").click()
    await party.until(lambda: party.text == "Bonjour, rappelez-moi demain.\u2028", "the message as text")
    picture = await page.locator("video.remote").bounding_box()
    assert picture is not None and picture["height"] >= 150  # the interpreter reads, and is read
    await page.get_by_role("button", name="Rappeler et laisser le message").click()
    assert (await party.said(CallAct, 4)).action == "dial"


async def test_who_hung_up_at_the_announcement_is_called_again_with_one_key_and_the_end_is_one_red_button(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    over = call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="hung_up_at_announcement")
    await party.send(over)
    await expect(page.get_by_text("Un deuxième appel marche souvent")).to_be_visible()
    await expect(page.locator(".button.danger")).to_have_count(1)
    await expect(page.get_by_role("button", name="Rappeler le même numéro")).to_be_focused()
    await page.keyboard.press("Enter")
    assert (await party.said(CallAct)).action == "dial"


async def test_a_number_that_costs_extra_is_asked_about_before_it_is_called(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await ask(page, signer_service, "0899000001")
    await party.send(CostNotice(number="08 99 00 00 01", reason="special"))
    await expect(page.get_by_role("heading", name="Ce numéro coûte plus cher")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Ne pas appeler").click()
    await expect(page.get_by_role("heading", name="Ce numéro coûte plus cher")).to_have_count(0)
    await page.get_by_role("button", name="Appeler", exact=True).click()
    assert not (await party.said(CallRequest, 2)).cost_confirmed
    await party.send(CostNotice(number="08 99 00 00 01", reason="special"))
    await page.get_by_role("button", name="Appeler quand même").click()
    again = await party.said(CallRequest, 3)
    assert (again.number, again.cost_confirmed) == ("08 99 00 00 01", True)


async def test_what_the_telephone_writes_opens_the_text_and_has_its_own_name(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await page.set_viewport_size({"width": 800, "height": 900})
    await signer_in_call(page, signer_service)
    call = on_line("hang_up")
    await party.send(call.model_copy(update={"phone": call.phone.model_copy(update={"text": True})}))
    await party.write_as_phone("Allô, j’écoute")
    await expect(line_of_text(page, "Allô, j’écoute")).to_contain_text("Téléphone")
    await expect(page.get_by_text("L’interprète et la personne au téléphone lisent")).to_be_visible()


# --- the workstation


async def test_an_alert_says_that_a_telephone_waits_already(page: Page, agent_service: FakeService) -> None:
    agent_service.greeting = [agent_view("alerting"), ringing().model_copy(update={"direction": "incoming"})]
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_text("Un téléphone appelle la personne")).to_be_visible()


async def test_the_agent_knows_who_called_where_help_must_come_and_not_to_announce(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.BRIEFING, *AGENT_ACTIONS, announce="none", location="3 rue des Lilas"))
    await expect(page.get_by_text("Lieu : 3 rue des Lilas")).to_be_visible()
    await expect(page.get_by_text("N’annoncez pas")).to_be_visible()
    await axe_finds_nothing(page)
    await party.send(on_line(*ON_LINE, direction="incoming"))
    await expect(page.get_by_text("Appelant : 01 99 00 00 01")).to_be_visible()
    await expect(page.get_by_text("N’annoncez pas")).to_have_count(0)
    await party.send(call_state(CallState.BRIEFING, *AGENT_ACTIONS, "play_message", has_message=True))
    await page.get_by_role("button", name="Écouter le message").click()
    assert (await party.said(CallAct)).action == "play_message"
    await party.send(call_state(CallState.BRIEFING, *AGENT_ACTIONS, "stop_message", has_message=True))
    await expect(page.get_by_role("button", name="Arrêter le message")).to_be_enabled()


async def test_keys_and_line_of_the_telephone_are_shown_and_forgotten_with_it(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(on_line(*ON_LINE))
    for digit in "5#":
        await party.send(PhoneKey(call_id="call-1", digit=digit))
    stats = PhoneStats(codec="PCMA", is_encrypted=True, fraction_lost=0.04, delay_s=0.002)
    await party.send(PhoneLine(call_id="call-1", stats=stats))
    await expect(page.locator(".phone-keys")).to_contain_text("5#")
    await page.locator("#quality-button").click()
    await expect(page.get_by_text("PCMA · chiffré")).to_be_visible()
    await expect(page.get_by_text("Des sons se perdent")).to_be_visible()
    await axe_finds_nothing(page)
    await party.send(call_state(CallState.AFTER_PHONE, *AGENT_ACTIONS, progress="ended", outcome="hung_up"))
    await expect(page.locator(".phone-keys")).to_have_count(0)
    await expect(page.get_by_text("PCMA")).to_have_count(0)
    await expect(page.locator(":is(.button.danger, .button.danger-outline):enabled")).to_have_count(0)


async def test_the_page_flashes_when_speech_comes_back_at_most_once_a_second_until_it_is_seen(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(on_line(*ON_LINE))
    await expect(page.get_by_role("button", name="Guetter la reprise")).to_be_visible()
    await page.keyboard.press("w")
    assert (await party.said(CallAct)).action == "watch_hold"
    watching = on_line(*AGENT_ACTIONS, "hang_up_phone", "stop_watching")
    for sound in ("music", "speech"):
        heard = watching.phone.model_copy(update={"sound": sound})
        await party.send(watching.model_copy(update={"phone": heard}))
    await expect(page.get_by_role("alert").get_by_text("On parle de nouveau au téléphone")).to_be_visible()
    await expect(page).to_have_title("● On parle de nouveau au téléphone · Passerelle")
    moving = "document.getAnimations().map(one => one.effect.getTiming().duration)"
    assert min(await page.evaluate(moving)) >= 1000
    await axe_finds_nothing(page)
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(moving) == []
    await page.keyboard.press("w")
    await expect(page.locator(".pulse")).to_have_count(0)
    assert (await party.said(CallAct, 2)).action == "stop_watching"


async def test_a_second_telephone_is_joined_connected_to_the_first_or_hung_up(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(on_line(*ON_LINE, "join_phone", "transfer"))
    await page.get_by_text("Transférer, ajouter quelqu’un").click()
    await page.locator("#another-number").fill("0199000022")
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Appeler aussi").click()
    joined = await party.said(CallAct)
    assert (joined.action, joined.number) == ("join_phone", "01 99 00 00 22")
    await party.send(CostNotice(number="01 99 00 00 22", reason="abroad", call_id="call-1"))
    await page.get_by_role("button", name="Appeler quand même").click()
    assert (await party.said(CallAct, 2)).cost_confirmed

    view = PhoneView(number="01 99 00 00 22", progress="answered", answered_at=time.time() - 5)
    await party.send(on_line(*ON_LINE, "transfer", "hang_up_joined", joined=view))
    second = page.get_by_role("group", name="Deuxième correspondant")
    await expect(second).to_contain_text("En ligne")
    await axe_finds_nothing(page)
    await second.get_by_role("button", name="Les mettre en relation et raccrocher").click()
    attended = await party.said(CallAct, 3)
    assert (attended.action, attended.number) == ("transfer", None)
    await second.get_by_role("button", name="Raccrocher le deuxième").click()
    assert (await party.said(CallAct, 4)).action == "hang_up_joined"
    await page.locator("#another-number").fill("0199000033")
    await page.get_by_role("button", name="Transférer", exact=True).click()
    blind = await party.said(CallAct, 5)
    assert (blind.action, blind.number) == ("transfer", "01 99 00 00 33")


async def test_the_phone_panel_and_the_text_fit_beside_the_picture_without_scrolling_the_page(
    page: Page, agent_service: FakeService
) -> None:
    await page.set_viewport_size({"width": 1366, "height": 768})
    await agent_in_call(page, agent_service)
    await agent_service.party.send(on_line(*ON_LINE, "join_phone", "transfer", announce="none"))
    for name in ("Raccrocher le téléphone", "C’est un répondeur", "Guetter la reprise", "Nouvelle ligne"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    await page.set_viewport_size({"width": 360, "height": 740})
    await fits_without_sideways_scrolling(page)
