"""The signer's page, step by step, against a scripted service with real media."""

import pytest
from playwright.async_api import Page, Route, expect

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.call_state import QueueView
from signaling.messages.media import MediaAnswer, MediaRenew
from signaling.messages.records import CallRate
from signaling.messages.session import Error, Hello, Ping, Replaced
from signaling.messages.visibility import VisibilityMessage
from tests.browser.fake_service import BRAND, FakeService, call_state
from tests.browser.steps import (
    BACKGROUND,
    PAGES,
    ask,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    line_of_text,
    opened,
    picture_moves,
    pictures_come,
    signer_in_call,
)

pytestmark = PAGES


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
    await pictures_come(page, signer_service)
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
    await opened(page, signer_service)
    await signer_service.party.send(Error(code="premium", message="Les numéros surtaxés ne sont pas appelés d’ici."))
    await expect(page.get_by_text("Les numéros surtaxés")).to_be_visible()


async def test_words_of_a_refusal_do_not_lie_on_the_call_button_and_go_with_the_next_state(
    page: Page, signer_service: FakeService
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await opened(page, signer_service)
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await signer_service.party.send(Error(code="premium", message="Les numéros surtaxés ne sont pas appelés d’ici."))
    notice = page.locator(".notice")
    await expect(notice).to_be_visible()
    button = page.get_by_role("button", name="Appeler", exact=True)
    await button.scroll_into_view_if_needed()
    words, target = await notice.bounding_box(), await button.bounding_box()
    assert words is not None and target is not None
    assert words["y"] + words["height"] <= target["y"]
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await expect(notice).to_have_count(0)


async def test_words_of_a_refusal_go_by_themselves(page: Page, signer_service: FakeService) -> None:
    await page.clock.install()
    await opened(page, signer_service)
    await signer_service.party.send(Error(code="premium", message="Les numéros surtaxés ne sont pas appelés d’ici."))
    await expect(page.locator(".notice")).to_be_visible()
    await page.clock.run_for(11_000)
    await expect(page.locator(".notice")).to_have_count(0)


async def test_lost_connection_keeps_the_place_in_the_queue(page: Page, signer_service: FakeService) -> None:
    await ask(page, signer_service)
    await signer_service.party.send(call_state(CallState.QUEUED, "hang_up"))
    await expect(page.get_by_role("heading", name="Vous êtes dans la file")).to_be_visible()
    await signer_service.stop()
    await expect(page.get_by_text("Votre place est gardée")).to_be_visible()


async def test_opening_hours_are_said_in_the_time_of_the_brand(page: Page, signer_service: FakeService) -> None:
    far = {**BRAND, "timezone": "Indian/Reunion", "closes_at": 1_800_000_000, "hours": []}  # 2027-01-15 08:00 UTC

    async def answer(route: Route) -> None:
        await route.fulfill(json=far)

    await page.route("**/api/v1/brands/demo", answer)
    await page.goto(f"{signer_service.url}/b/demo")
    await expect(page.get_by_text("Ouvert jusqu’à")).to_contain_text("12:00")


# --- signer: in the call


async def test_picture_the_interpreter_hides_does_not_stay_as_it_was(page: Page, signer_service: FakeService) -> None:
    await signer_in_call(page, signer_service)
    await expect(page.locator(".network")).to_be_visible()
    hidden = call_state(CallState.BRIEFING, "hang_up").model_copy(update={"hidden": True})
    await signer_service.party.send(hidden)
    await expect(page.get_by_text("Image masquée un instant")).to_be_visible()
    await expect(page.locator("video.remote")).to_be_hidden()
    await expect(page.locator(".network")).to_have_count(0)
    await signer_service.party.send(call_state(CallState.BRIEFING, "hang_up"))
    await expect(page.locator("video.remote")).to_be_visible()


async def test_calling_again_after_a_reload_calls_the_number_of_that_call(
    page: Page, signer_service: FakeService
) -> None:
    over = call_state(CallState.ENDED, end_reason="completed")
    signer_service.greeting = [over]
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Rappeler", exact=True).click()
    assert (await signer_service.party.said(CallRequest)).number == "01 99 00 00 01"


async def test_calling_again_is_not_offered_without_a_number(page: Page, signer_service: FakeService) -> None:
    over = call_state(CallState.ENDED, end_reason="completed")
    signer_service.greeting = [over.model_copy(update={"phone": over.phone.model_copy(update={"number": None})})]
    await page.goto(signer_service.url)
    await expect(page.get_by_role("button", name="Nouvel appel")).to_be_visible()
    await expect(page.get_by_role("button", name="Rappeler", exact=True)).to_have_count(0)


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
    await expect(page.get_by_text("Les mains sortent de l’image")).to_be_visible()
    await signer_service.party.send(VisibilityMessage(call_id="call-1", level="good", advice="good"))
    await expect(page.get_by_text("Les mains sortent de l’image")).to_have_count(0)


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


async def test_a_change_of_network_asks_at_once_whether_the_service_is_there_and_leaves_media_that_flow(
    page: Page, signer_service: FakeService
) -> None:
    signer_service.on_hello = signer_service.on_hello.model_copy(update={"heartbeat_s": 600})
    await signer_in_call(page, signer_service)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await signer_service.party.said(Ping)
    seen = signer_service.party.frames
    await signer_service.party.seen(seen + 60)
    assert not any(isinstance(message, MediaRenew) for message in signer_service.party.received)


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
    await opened(page, signer_service)
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
