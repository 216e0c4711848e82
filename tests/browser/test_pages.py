"""The signer's page and the workstation, page by page, against a scripted service with real media."""

import time
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

import signaling
from signaling.call_model import Action, CallKind, CallState
from signaling.messages import (
    Alert,
    AlertEnded,
    AssignmentAccept,
    AssignmentDecline,
    CallAct,
    CallRate,
    CallRequest,
    ContactForm,
    ContactKnown,
    EmergencyNotice,
    Error,
    Hello,
    MediaAnswer,
    MediaRenew,
    PauseAfterCall,
    PresenceSet,
    QueueView,
    Replaced,
    VisibilityMessage,
    WrapUpExtend,
    WrapUpFinish,
    WrapUpSubmit,
)
from tests.browser.conftest import CHROMIUM
from tests.browser.fake_service import FakeService, agent_view, call_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]
BACKGROUND = (70, 110, 120)
AXE = Path(signaling.__file__).parent.parent / "web_client" / "node_modules" / "axe-core" / "axe.min.js"
AGENT_ACTIONS: tuple[Action, ...] = ("dial", "mute", "hide_picture", "end_and_report_abuse")


async def picture_moves(page: Page) -> None:
    await expect(page.locator("video.remote")).not_to_have_js_property("videoWidth", 0)


def line_of_text(page: Page, words: str) -> Locator:
    """As it is seen; assistive technology hears the same words from a live region."""
    return page.locator(".text-line", has_text=words)


async def ask(page: Page, service: FakeService, number: str = "0199000001") -> CallRequest:
    await page.goto(service.url)
    await page.get_by_label("Numéro de téléphone").press_sequentially(number)
    await page.get_by_role("button", name="Appeler", exact=True).click()
    request: CallRequest = await service.party.said(CallRequest)
    return request


async def signer_in_call(page: Page, service: FakeService) -> None:
    """From the number to the picture of the interpreter."""
    await ask(page, service)
    await service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await service.party.offer("call-1", 1, BACKGROUND)
    await service.party.seen()
    await picture_moves(page)


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


async def agent_in_call(page: Page, service: FakeService, kind: CallKind = "relay") -> None:
    service.greeting = [agent_view("idle")]
    await page.goto(f"{service.url}/workstation")
    await service.party.said(Hello)
    await enter_call(page, service, kind)


async def enter_call(page: Page, service: FakeService, kind: CallKind = "relay") -> None:
    await service.party.send(agent_view("engaged"))
    state = CallState.BRIEFING if kind == "relay" else CallState.TALKING
    actions: tuple[Action, ...] = AGENT_ACTIONS if kind == "relay" else ("hang_up", *AGENT_ACTIONS)
    await service.party.send(call_state(state, *actions, kind=kind))
    await service.party.offer("call-1", 1, BACKGROUND)
    await service.party.seen()
    await picture_moves(page)


async def axe_finds_nothing(page: Page) -> None:
    """WCAG 2.2 A and AA rules that a program can judge."""
    assert AXE.exists(), "run web_client/check first: it installs axe-core"
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    run = "tags => axe.run({runOnly: {type: 'tag', values: tags}})"
    found = await page.evaluate(run, tags)
    faults = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found["violations"]]
    assert faults == []


async def fits_without_sideways_scrolling(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- signer: before the call


async def test_signer_signs_in_and_a_wrong_password_is_said_in_words(page: Page, signer_service: FakeService) -> None:
    signer_service.account = None
    await page.goto(signer_service.url)
    await page.get_by_label("Identifiant").fill("lea")
    await page.get_by_label("Mot de passe", exact=True).fill("wrong")
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("alert").get_by_text("Identifiant ou mot de passe incorrect.")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_label("Mot de passe", exact=True).fill("secret")
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("heading", name="Appeler un numéro")).to_be_visible()
    await signer_service.party.said(Hello)


async def test_signer_goes_from_the_number_through_the_queue_to_the_picture_of_the_interpreter(
    page: Page, signer_service: FakeService
) -> None:
    request = await ask(page, signer_service)
    assert (request.kind, request.number, request.voice) == ("relay", "01 99 00 00 01", False)
    queue = QueueView(position=2, wait_low_s=60, wait_high_s=170)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up", queue=queue))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_visible()
    await expect(page.get_by_text("1 à 3 minutes")).to_be_visible()
    await axe_finds_nothing(page)

    await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up", "mute"))
    await signer_service.party.offer("call-1", 1, BACKGROUND)
    await signer_service.party.seen()
    await picture_moves(page)
    await expect(page.get_by_text("L’interprète est là")).to_be_visible()


async def test_own_voice_and_hearing_are_asked_for_with_the_call(page: Page, signer_service: FakeService) -> None:
    await page.goto(signer_service.url)
    await page.get_by_label("Numéro de téléphone").fill("+33199000001")
    await page.get_by_text("Options de l’appel").click()
    await page.get_by_role("checkbox", name="J’utilise ma voix").check()
    await page.get_by_role("checkbox", name="J’entends").check()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Appeler", exact=True).click()
    request = await signer_service.party.said(CallRequest)
    assert (request.number, request.voice, request.hearing) == ("+33 1 99 00 00 01", True, True)


async def test_a_browser_without_camera_says_so_and_lets_the_signer_go_on(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError') }"
    )
    await page.goto(signer_service.url)
    await expect(page.get_by_text("Aucune caméra trouvée")).to_be_visible()
    call = page.get_by_role("button", name="Appeler", exact=True)
    await expect(call).to_be_disabled()
    await page.get_by_role("button", name="Continuer sans caméra").click()
    await expect(page.get_by_text("l’interprète ne vous verra pas")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await call.click()
    await signer_service.party.said(CallRequest)
    await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up"))
    await signer_service.party.offer("call-1", 1, BACKGROUND)
    await signer_service.party.said(MediaAnswer)
    await picture_moves(page)


async def test_emergency_number_shows_114_first_and_relays_only_on_insistence(
    page: Page, signer_service: FakeService
) -> None:
    await ask(page, signer_service, "15")
    await signer_service.party.send(EmergencyNotice(number="15", kind="offer_114", may_relay=True))
    await expect(page.get_by_role("heading", name="Urgence : contactez le 114")).to_be_visible()
    assert await page.get_by_role("link", name="Envoyer un SMS au 114").get_attribute("href") == "sms:114"
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Appeler le 15 par le relais quand même").click()
    request = await signer_service.party.said(CallRequest, 2)
    assert (request.number, request.emergency_confirmed) == ("15", True)


async def test_emergency_number_cannot_be_relayed_where_the_operator_does_not(
    page: Page, signer_service: FakeService
) -> None:
    await ask(page, signer_service, "112")
    await signer_service.party.send(EmergencyNotice(number="112", kind="offer_114", may_relay=False))
    await expect(page.get_by_role("link", name="Envoyer un SMS au 114")).to_be_visible()
    await expect(page.get_by_role("button", name="par le relais")).to_have_count(0)


async def test_a_brand_is_called_without_an_account(page: Page, signer_service: FakeService) -> None:
    signer_service.account = None
    await page.goto(f"{signer_service.url}/b/demo")
    await expect(page.get_by_role("heading", name="Appeler Mairie de Démonstration")).to_be_visible()
    await expect(page.get_by_text("Samedi : 9 h – 13 h")).to_be_visible()
    await page.get_by_role("button", name="Appeler", exact=True).click()
    request = await signer_service.party.said(CallRequest)
    assert (request.kind, request.brand, request.number) == ("direct", "demo", None)
    assert (await signer_service.party.said(Hello)).brand == "demo"


async def test_leaving_the_queue_asks_once_and_hangs_up(page: Page, signer_service: FakeService) -> None:
    await ask(page, signer_service)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await page.get_by_role("button", name="Quitter la file").click()
    await page.get_by_role("button", name="Oui, quitter").click()
    assert (await signer_service.party.said(CallAct)).action == "hang_up"


async def test_a_refusal_of_the_service_is_shown_in_its_words(page: Page, signer_service: FakeService) -> None:
    await page.goto(signer_service.url)
    await signer_service.party.said(Hello)
    await signer_service.party.send(Error(code="premium", message="Les numéros surtaxés ne sont pas appelés d’ici."))
    await expect(page.get_by_text("Les numéros surtaxés")).to_be_visible()


# --- signer: in the call


async def test_text_passes_letter_by_letter_both_ways_and_stays_after_the_call(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    await party.write("Bonjour\u2028le dosser")
    await expect(line_of_text(page, "le dosser")).to_be_visible()
    await party.write("\b\bier")
    await expect(line_of_text(page, "le dossier")).to_be_visible()
    draft = page.get_by_label("Écrire")
    await draft.press_sequentially("cafe")
    await party.until(lambda: "cafe" in party.text, "the first letters, before Enter")
    await draft.press("Backspace")
    await draft.press_sequentially("é")
    await draft.press("Enter")
    await party.until(lambda: party.text.endswith("é\u2028"), "the line end")
    await axe_finds_nothing(page)
    await draft.press_sequentially("mer")

    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await expect(page.get_by_text("café")).to_be_visible()
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Enregistrer sur cet appareil").click()
    path = await (await saved.value).path()
    assert path.read_text(encoding="utf-8").splitlines() == [
        "L’autre personne : Bonjour",
        "L’autre personne : le dossier",
        "Vous : café",
        "Vous : mer",
    ]


async def test_text_survives_a_reload_and_goes_when_it_is_deleted(page: Page, signer_service: FakeService) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.write("numéro 42\u2028")
    await expect(line_of_text(page, "numéro 42")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await expect(line_of_text(page, "numéro 42")).to_be_visible()
    await page.get_by_role("button", name="Effacer ce texte").click()
    await expect(page.get_by_text("numéro 42")).to_have_count(0)
    assert await page.evaluate("sessionStorage.getItem('passerelle.text')") is None


async def test_what_the_phone_does_is_said_in_words(page: Page, signer_service: FakeService) -> None:
    send = signer_service.party.send
    await signer_in_call(page, signer_service)
    await send(call_state(CallState.RINGING, "hang_up", progress="ringing"))
    await expect(page.get_by_text("Ça sonne…")).to_be_visible()
    await send(call_state(CallState.ACTIVE, "hang_up", progress="answered", speaking=True))
    await expect(page.get_by_text("Le correspondant parle")).to_be_visible()
    await send(call_state(CallState.ACTIVE, "hang_up", progress="held", held=True))
    await expect(page.get_by_text("Le téléphone est en attente")).to_be_visible()


async def test_after_the_phone_hung_up_the_signer_chooses(page: Page, signer_service: FakeService) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    await party.send(call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="busy"))
    await expect(page.get_by_role("heading", name="Occupé.")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Rappeler le même numéro").click()
    assert (await party.said(CallAct)).number is None
    await page.get_by_role("button", name="Appeler un autre numéro").click()
    await page.get_by_label("Numéro de téléphone").press_sequentially("0199000002")
    await page.keyboard.press("Enter")
    act = await party.said(CallAct, 2)
    assert (act.action, act.number) == ("dial", "01 99 00 00 02")


async def test_advice_on_visibility_is_shown_in_words_and_goes_when_all_is_well(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.send(VisibilityMessage(call_id="call-1", level="poor", advice="hands_cut"))
    await expect(page.get_by_text("Vos mains sortent de l’image")).to_be_visible()
    await signer_service.party.send(VisibilityMessage(call_id="call-1", level="good", advice="good"))
    await expect(page.get_by_text("Vos mains sortent de l’image")).to_have_count(0)


async def test_own_picture_moves_by_keyboard_by_button_and_by_drag_and_can_be_hidden(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    own = page.get_by_role("group", name="Votre image")
    await expect(own).to_have_class("self-view bottom-right ")
    await own.focus()
    await page.keyboard.press("ArrowUp")
    await expect(own).to_have_class("self-view top-right ")
    await page.get_by_role("button", name="Déplacer votre image").click()
    await expect(own).to_have_class("self-view bottom-right ")
    box = await own.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 30, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(60, 300, steps=4)
    await page.mouse.up()
    await expect(own).to_have_class("self-view top-left ")
    await page.get_by_role("button", name="Masquer mon image ici").click()
    await page.get_by_role("button", name="Voir mon image").click()
    await expect(own).to_be_visible()


async def test_a_higher_generation_replaces_the_connection_and_the_camera_stays(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.offer("call-1", 2, (120, 60, 60))
    assert (await signer_service.party.said(MediaAnswer, 2)).generation == 2
    await signer_service.party.seen()
    await expect(page.get_by_text("Nous reconnectons")).to_have_count(0)


async def test_a_change_of_network_asks_for_a_new_offer(page: Page, signer_service: FakeService) -> None:
    await signer_in_call(page, signer_service)
    await page.evaluate("dispatchEvent(new Event('online'))")
    assert (await signer_service.party.said(MediaRenew)).call_id == "call-1"


async def test_a_lost_socket_comes_back_with_its_token_and_says_that_media_still_flow(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.drop()
    await expect(page.get_by_text("Connexion perdue")).to_be_visible()
    hello = await signer_service.party.said(Hello, 2)
    assert (hello.resume_token, hello.live_generation) == ("token", 1)
    await expect(page.get_by_text("Connexion perdue")).to_have_count(0)


async def test_a_second_tab_pauses_the_first_until_it_is_taken_back(page: Page, signer_service: FakeService) -> None:
    await page.goto(signer_service.url)
    await signer_service.party.said(Hello)
    await signer_service.party.send(Replaced())
    await expect(page.get_by_role("heading", name="ouverte dans un autre onglet")).to_be_visible()
    await page.get_by_role("button", name="Reprendre ici").click()
    await signer_service.party.said(Hello, 2)
    await expect(page.get_by_role("heading", name="ouverte dans un autre onglet")).to_have_count(0)


async def test_rating_takes_one_face_and_some_ticks(page: Page, signer_service: FakeService) -> None:
    await signer_in_call(page, signer_service)
    await signer_service.party.send(call_state(CallState.ENDED, end_reason="completed"))
    await page.get_by_role("radio", name="Bon", exact=True).check()
    await page.get_by_role("checkbox", name="Coupures").check()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Envoyer").click()
    rate = await signer_service.party.said(CallRate)
    assert (rate.stars, rate.problems) == (4, ("freeze",))
    await expect(page.get_by_text("Merci, c’est envoyé.")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (1366, 768)])
async def test_every_screen_of_the_signer_fits_its_width(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await ask(page, signer_service)
    await fits_without_sideways_scrolling(page)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up", queue=QueueView(position=3)))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_visible()
    await fits_without_sideways_scrolling(page)
    await signer_service.party.send(call_state(CallState.ACTIVE, "hang_up", progress="answered"))
    await expect(page.get_by_role("button", name="Raccrocher")).to_be_in_viewport()
    await fits_without_sideways_scrolling(page)
    await signer_service.party.send(call_state(CallState.ENDED, end_reason="completed"))
    await expect(page.get_by_role("heading", name="Appel terminé")).to_be_visible()
    await fits_without_sideways_scrolling(page)


async def test_the_page_speaks_english_when_asked_and_remembers(page: Page, signer_service: FakeService) -> None:
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Call a number")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Call a number")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"


async def test_nothing_moves_by_itself_under_reduced_motion(page: Page, signer_service: FakeService) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await ask(page, signer_service)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_visible()
    assert await page.evaluate("document.getAnimations().length") == 0


# --- workstation


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
    await party.offer("call-1", 1, BACKGROUND)
    await party.seen()
    await picture_moves(page)
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
    await expect(page.get_by_text("Vous êtes trop loin")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for name in ("Terminer l’appel", "Terminer et signaler un abus", "Couper mon micro", "Composer", "Nouvelle ligne"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    await axe_finds_nothing(page)


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
