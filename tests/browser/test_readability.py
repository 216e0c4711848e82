"""What people see of how their picture can be read: advice, the camera asked for, the check before calls and shifts."""

import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import Action, CallState
from signaling.messages.call import CallRequest
from signaling.messages.visibility import (
    CameraAsk,
    CameraAsked,
    CheckStart,
    CheckState,
    CheckStop,
    VisibilityMessage,
    VisibilitySet,
)
from tests.browser.fake_service import FakeParty, FakeService, agent_view, call_state
from tests.browser.steps import (
    BACKGROUND,
    PAGES,
    agent_in_call,
    ask,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    opened,
    pictures_come,
    signer_in_call,
)
from tests.browser.test_layout import nothing_covers_the_signing_space, stage_of
from tests.browser.test_quality import MEASURES

pytestmark = PAGES
#: what in an element lies on its neighbour, or out of the element, by more than a line's leading
OVERLAPS = """meter => {
  const parts = [...meter.children].filter(part => !part.classList.contains('visually-hidden'));
  const boxes = parts.map(part => {
    const range = document.createRange();
    range.selectNodeContents(part);
    return range.getBoundingClientRect();
  });
  const outer = meter.getBoundingClientRect(), found = [];
  boxes.forEach((box, index) => {
    const isBeside = box.left < outer.left || box.right > outer.right;
    const out = isBeside || box.top < outer.top - 2 || box.bottom > outer.bottom + 2;
    if (out) found.push(parts[index].className + ' is cut');
    boxes.slice(index + 1).forEach((next, later) => {
      const wide = Math.min(box.right, next.right) - Math.max(box.left, next.left);
      const high = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
      if (wide > 2 && high > 3) found.push(`${parts[index].className} lies on ${parts[index + 1 + later].className}`);
    });
  });
  return found;
}"""
ALL_WELL = "Tout va bien : on vous voit bien."


def reading(advice: Any, level: Any, call_id: str = "call-1", whose: Any = "signer") -> VisibilityMessage:
    return VisibilityMessage(call_id=call_id, whose=whose, level=level, advice=advice)


async def film_advice(page: Page, film: Path, width: int = 64, height: int = 48) -> None:
    """The centre has filmed ``hands_cut``, and nothing else."""
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libvpx", rate=10, width=width, height=height, pix_fmt="yuv420p")
        for _ in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), 90, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    await page.route("**/api/v1/films", lambda route: route.fulfill(json={"films": [f"hands_cut{film.suffix}"]}))
    await page.route("**/static/advice/hands_cut.webm", lambda route: route.fulfill(path=film))


async def check_runs(party: FakeParty, whose: Any = "signer") -> None:
    """The service takes the check, connects its media and says that the picture is good."""
    await party.said(CheckStart)
    await party.send(CheckState(check_id="check-1", running=True, until=time.time() + 60))
    await party.offer("check-1", 1, BACKGROUND)
    await party.seen()
    await party.send(reading("good", "good", "check-1", whose))


async def test_own_advice_stands_at_the_own_picture_and_in_words_and_covers_nothing(
    page: Page, signer_service: FakeService
) -> None:
    send = signer_service.party.send
    await signer_in_call(page, signer_service)
    before = await stage_of(page)
    await send(reading("backlit", "poor"))
    await expect(page.locator(".self-view .advice-mark")).to_have_text("Contre-jour")
    await expect(page.get_by_role("status").filter(has_text="La lumière vient de derrière")).to_be_visible()
    await nothing_covers_the_signing_space(page)
    assert await stage_of(page) == before
    await axe_finds_nothing(page)
    await send(reading("good", "good"))
    await expect(page.locator(".advice-mark")).to_have_count(0)
    await expect(page.get_by_text("On vous voit bien.")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (844, 390)])
async def test_a_camera_asked_for_is_shown_large_beside_the_interpreter_and_put_away_by_a_key(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await signer_in_call(page, signer_service)
    await signer_service.party.send(CameraAsked(call_id="call-1", advice="hands_cut"))
    asked = page.get_by_role("region", name="On vous demande")
    await expect(asked.get_by_role("alert")).to_contain_text("Les mains sortent de l’image")
    await expect(asked.get_by_role("alert")).to_be_in_viewport(ratio=1)
    await expect(asked.get_by_role("button", name="Compris")).to_be_in_viewport(ratio=1)
    await nothing_covers_the_signing_space(page)
    await fits_without_sideways_scrolling(page)
    await axe_finds_nothing(page)
    await page.keyboard.press("Escape")
    await expect(asked).to_have_count(0)


async def test_what_the_other_side_writes_is_not_hidden_by_a_camera_asked_for(
    page: Page, signer_service: FakeService
) -> None:
    asked = page.get_by_role("region", name="On vous demande")
    await signer_in_call(page, signer_service)
    await page.get_by_label("Écrire").press_sequentially("Un")
    await signer_service.party.send(CameraAsked(call_id="call-1", advice="sideways"))
    await expect(asked).to_be_visible()
    await page.keyboard.type(" instant")  # the focus stayed where it was
    await expect(page.get_by_label("Écrire")).to_have_value("Un instant")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_label("Écrire")).to_have_count(0)
    await signer_service.party.write("Merci")
    await expect(asked).to_have_count(0)
    await expect(page.locator(".text-line", has_text="Merci")).to_be_visible()


async def test_advice_filmed_in_sign_language_goes_round_silently_and_never_by_itself_under_reduced_motion(
    page: Page, signer_service: FakeService, tmp_path: Path
) -> None:
    await film_advice(page, tmp_path / "film.webm")
    clip = page.locator(".advice-clip video")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    await signer_in_call(page, signer_service)
    await signer_service.party.send(CameraAsked(call_id="call-1", advice="hands_cut"))
    await expect(clip).to_be_visible()
    await expect(clip).to_have_js_property("muted", True)
    await expect(clip).to_have_js_property("loop", True)
    await page.get_by_role("button", name="Arrêter la vidéo").click()
    await expect(clip).to_have_js_property("paused", True)
    await signer_service.party.send(CameraAsked(call_id="call-1", advice="too_far"))  # not filmed
    await expect(page.get_by_role("alert")).to_contain_text("La caméra est trop loin")
    await expect(page.locator(".advice-clip")).to_have_count(0)
    assert asked.count("films") == 1 and not [name for name in asked if name.startswith("too_far")]
    await page.emulate_media(reduced_motion="reduce")
    await signer_service.party.send(CameraAsked(call_id="call-1", advice="hands_cut"))
    await expect(page.get_by_role("button", name="Lire la vidéo")).to_be_visible()
    await expect(clip).to_have_js_property("paused", True)


@pytest.mark.parametrize(("width", "height"), [(360, 740), (740, 360)])
async def test_on_a_telephone_the_film_is_whole_and_neither_it_nor_advice_pushes_a_button_away(
    page: Page, signer_service: FakeService, tmp_path: Path, width: int, height: int
) -> None:
    send = signer_service.party.send
    await page.set_viewport_size({"width": width, "height": height})
    await film_advice(page, tmp_path / "film.webm", 320, 240)
    await signer_in_call(page, signer_service)
    await send(call_state(CallState.ACTIVE, "hang_up", progress="answered", speaking=True))
    await send(reading("hands_cut", "poor"))
    await expect(page.get_by_role("status").filter(has_text="Les mains sortent")).to_be_visible()
    await expect(page.get_by_role("button", name="Raccrocher")).to_be_in_viewport(ratio=1)
    await send(CameraAsked(call_id="call-1", advice="hands_cut"))
    await expect(page.locator(".advice-clip video")).to_be_in_viewport(ratio=1)
    for name in ("Compris", "Raccrocher"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert await page.locator(".camera-asked").evaluate("panel => panel.scrollHeight <= panel.clientHeight")


async def test_the_large_panel_takes_over_newer_advice_and_hides_no_other_words(
    page: Page, signer_service: FakeService
) -> None:
    send = signer_service.party.send
    await signer_in_call(page, signer_service)
    await send(CameraAsked(call_id="call-1", advice="hands_cut"))
    await expect(page.get_by_role("alert")).to_contain_text("Les mains sortent de l’image")
    await send(reading("too_far", "fair"))
    await expect(page.get_by_role("alert")).to_contain_text("La caméra est trop loin")
    await expect(page.locator(".strip .advice")).to_be_hidden()  # it would say the same
    await send(reading("low_frame_rate", "fair"))
    await expect(page.locator(".strip .advice")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("La caméra est trop loin")


async def test_a_camera_asked_for_goes_away_when_the_picture_has_been_good_for_three_seconds(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    await party.send(reading("too_near", "poor"))
    await party.send(CameraAsked(call_id="call-1"))
    await expect(page.get_by_role("alert")).to_contain_text("Pouvez-vous bouger un peu la caméra ?")
    await party.send(reading("good", "good"))
    await expect(page.get_by_text("On vous voit bien.")).to_be_attached()
    await expect(page.get_by_role("alert")).to_be_visible()  # one good second is not enough
    await page.wait_for_timeout(3_100)
    await party.send(reading("good", "good"))
    await expect(page.get_by_role("region", name="On vous demande")).to_have_count(0)


async def test_signer_stops_the_analysis_of_the_own_picture_and_it_stays_so_for_the_next_call(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    assert (await ask(page, signer_service)).watched
    await party.send(call_state(CallState.BRIEFING, "hang_up"))
    await party.offer("call-1", 1, BACKGROUND)
    await page.get_by_role("button", name="Connexion").click()
    await expect(page.get_by_text("Aucune image n’est gardée.")).to_be_attached()
    await page.get_by_role("button", name="Arrêter l’analyse de mon image").click()
    asked = await party.said(VisibilitySet)
    assert (asked.call_id, asked.enabled) == ("call-1", False)
    await party.send(call_state(CallState.BRIEFING, "hang_up", watched=False))
    await expect(page.get_by_text("Conseils arrêtés")).to_be_attached()
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await ask(page, signer_service)
    assert not (await party.said(CallRequest, 2)).watched


async def test_agent_stops_the_analysis_of_the_own_picture_alone_and_it_stays_so_for_the_next_call(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(reading("backlit", "poor", whose="agent"))
    await expect(page.locator(".meter-own")).to_contain_text("La lumière vient de derrière.")
    await page.locator("#quality-button").click()
    await expect(page.get_by_text("pour vous donner ces conseils, à personne d’autre.")).to_be_attached()
    await page.get_by_role("button", name="Arrêter l’analyse de mon image").click()
    asked = await party.said(VisibilitySet)
    assert (asked.call_id, asked.enabled) == ("call-1", False)
    await party.send(call_state(CallState.BRIEFING, watched=False))
    await party.send(reading("switched_off", "off", whose="agent"))
    await party.send(reading("good", "good"))
    await expect(page.get_by_text("Conseils arrêtés")).to_be_visible()
    await expect(page.locator(".meter-own")).to_be_empty()
    await expect(page.locator(".meter-now")).to_contain_text("Bonne")
    await axe_finds_nothing(page)
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await party.send(agent_view("idle"))
    await expect(page.get_by_label("Me dire si mon image se voit bien")).not_to_be_checked()
    await party.send(agent_view("engaged"))
    await party.send(call_state(CallState.BRIEFING))
    assert not (await party.said(VisibilitySet, 2)).enabled


async def test_the_check_before_a_call_says_what_is_wrong_and_when_all_is_well_and_ends_with_the_call(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Vérifier mon image").click()
    await check_runs(party)
    await expect(page.get_by_text(ALL_WELL)).to_be_visible()
    await party.send(reading("too_dark", "poor", "check-1"))
    await expect(page.get_by_text("L’image est trop sombre. Allumez une lampe devant vous.")).to_be_visible()
    await expect(page.get_by_text("Lumière : bonne")).to_have_count(0)  # the page's own look gives way
    await axe_finds_nothing(page)
    await page.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await page.get_by_role("button", name="Appeler", exact=True).click()
    await party.said(CallRequest)
    await party.send(CheckState(check_id="check-1", running=False, ended="call"))
    await party.send(call_state(CallState.BRIEFING, "hang_up"))
    await pictures_come(page, signer_service)


@pytest.mark.parametrize("ended", ["busy", "no_worker"])
async def test_a_check_that_the_service_cannot_do_leaves_the_pages_own_look_and_the_call_button(
    page: Page, signer_service: FakeService, ended: Any
) -> None:
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Vérifier mon image").click()
    await signer_service.party.said(CheckStart)
    await signer_service.party.send(CheckState(check_id="check-1", running=False, ended=ended))
    await expect(page.get_by_text("La vérification complète n’est pas possible maintenant.")).to_be_visible()
    await expect(page.locator(".camera-check .camera-words", has_text="umi")).to_be_visible()
    await expect(page.get_by_role("button", name="Appeler", exact=True)).to_be_enabled()


async def test_models_that_are_missing_leave_the_pages_own_look(page: Page, signer_service: FakeService) -> None:
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Vérifier mon image").click()
    await check_runs(signer_service.party)
    await expect(page.get_by_text(ALL_WELL)).to_be_visible()
    await signer_service.party.send(reading("models_missing", "off", "check-1"))
    await expect(page.get_by_text(ALL_WELL)).to_have_count(0)
    await page.get_by_role("button", name="Arrêter la vérification").click()
    await signer_service.party.said(CheckStop)
    await expect(page.get_by_role("button", name="Vérifier mon image")).to_be_visible()


async def test_one_key_asks_the_signer_to_move_the_camera_with_the_advice_of_the_moment(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    before = await stage_of(page)
    await party.send(reading("too_dark", "poor"))
    await expect(page.locator(".meter-now")).to_contain_text("Son image est trop sombre.")
    await page.keyboard.press("b")
    assert (await party.said(CameraAsk)).advice == "too_dark"
    await expect(page.get_by_role("button", name="Demandé", exact=True)).to_be_visible()
    assert await stage_of(page) == before
    await axe_finds_nothing(page)
    await expect(page.get_by_role("img", name="mauvaise 100 % · Trop sombre : 1 s")).to_be_visible()
    await party.send(reading("switched_off", "off"))
    await expect(page.locator(".meter-now")).to_contain_text("La personne a coupé la mesure de l’image.")
    await party.send(reading("idle", "fair"))
    await expect(page.locator(".meter-now")).to_contain_text("Rien ne bouge dans son image depuis 4 minutes.")


@pytest.mark.parametrize("width", [1024, 1180, 1366])
async def test_nothing_in_the_meter_lies_on_another_thing(page: Page, agent_service: FakeService, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 768})
    await agent_in_call(page, agent_service)
    for whose, advice in (("agent", "hands_cut"), ("signer", "hands_hidden"), ("signer", "switched_off")):
        await agent_service.party.send(reading(advice, "off" if advice == "switched_off" else "poor", whose=whose))
    await expect(page.locator(".meter-now")).to_contain_text("La personne a coupé la mesure de l’image.")
    await expect(page.locator(".meter-own")).not_to_be_empty()
    for advice in (*12 * ("mouth_hidden",), *10 * ("hands_hidden",)):  # the two causes with the longest names
        await agent_service.party.send(reading(advice, "poor"))
    await expect(page.locator(".meter-causes")).to_contain_text("11 s")
    await agent_service.party.send(reading("switched_off", "off"))
    await expect(page.locator(".meter-now")).to_contain_text("La personne a coupé la mesure de l’image.")
    assert await page.locator(".meter").evaluate(OVERLAPS) == []
    await fits_without_sideways_scrolling(page)


async def test_agent_reads_of_the_own_picture_without_a_jump_of_the_signers(
    page: Page, agent_service: FakeService
) -> None:
    actions: tuple[Action, ...] = ("mute", "hide_picture")
    await agent_in_call(page, agent_service)
    before = await stage_of(page)
    await agent_service.party.send(reading("backlit", "poor", whose="agent"))
    await expect(page.locator(".meter-own")).to_contain_text("Votre image · La lumière vient de derrière.")
    await expect(page.locator(".self-view .advice-mark")).to_have_text("Contre-jour")
    await expect(page.locator(".meter-now")).to_contain_text("Mesure en attente")
    assert await stage_of(page) == before
    await agent_service.party.send(call_state(CallState.BRIEFING, *actions, hidden=True))
    await expect(page.locator(".advice-mark")).to_have_count(0)  # nobody sees it
    await expect(page.locator(".meter-own")).to_be_empty()


async def test_a_shift_begins_with_a_check_of_picture_headset_and_line_or_without(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await page.add_init_script(MEASURES)
    agent_service.greeting = [agent_view("offline", "offline")]
    await opened(page, agent_service, "/workstation")
    await page.get_by_role("button", name="Vérifier mon poste").click()
    await check_runs(party, "agent")
    await expect(page.get_by_text(ALL_WELL)).to_be_visible()
    await expect(page.get_by_text("Reste : parlez dans le micro")).to_be_visible()  # nothing was said of the headset
    await page.get_by_role("button", name="Jouer un son").click()
    await page.get_by_role("button", name="Je n’entends rien").click()
    await expect(page.get_by_text("À regarder : casque.")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_label("Micro").first.select_option(label="Sans micro")
    await expect(page.get_by_text("Sans micro : le casque n’est pas vérifié.")).to_be_visible()
    await expect(page.get_by_text("Tout est prêt.")).to_be_visible(timeout=45_000)  # the line after some samples
    await page.get_by_role("button", name="Fermer la vérification").click()
    await party.said(CheckStop)
