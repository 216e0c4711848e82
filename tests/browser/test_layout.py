"""What signers need of the screen: nothing on the signing space, no picture that jumps, no head or hand cut off."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import Action, CallState
from signaling.messages.session import Hello
from signaling.messages.visibility import VisibilityMessage
from tests.browser.fake_service import FakeService, agent_view, call_state
from tests.browser.steps import PAGES, agent_in_call, fits_without_sideways_scrolling, signer_in_call

pytestmark = PAGES
SCREENS = [(320, 640), (390, 844), (640, 400), (768, 1024), (844, 390), (1280, 800), (1366, 768), (1920, 1080)]
#: what lies on the middle of the other's picture: full height, and 58 % of the width, as the framing guide draws it
COVERS = """() => {
  const video = document.querySelector('video.remote');
  const box = video.getBoundingClientRect();
  const aspect = video.videoWidth / video.videoHeight;
  const [x, y] = getComputedStyle(video).objectPosition.split(' ').map(part => parseFloat(part) / 100);
  const width = Math.min(box.width, box.height * aspect), height = width / aspect;
  const left = box.left + (box.width - width) * x, top = box.top + (box.height - height) * y;
  const found = new Set();
  for (let column = 0.21; column <= 0.79; column += 0.058)
    for (let row = 0.02; row < 1; row += 0.06) {
      const element = document.elementFromPoint(left + width * column, top + height * row);
      if (element !== video) found.add(element === null ? 'outside the screen' : element.outerHTML.slice(0, 80));
    }
  return {covers: [...found], width, height};
}"""
#: a camera of any shape, drawn
CAMERA = """([width, height]) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), {width, height});
    const context = canvas.getContext('2d');
    setInterval(() => { context.fillStyle = '#468'; context.fillRect(0, 0, width, height); }, 40);
    return canvas.captureStream(25);
  };
}"""
ON_TOP = """element => {
  const {x, y} = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + 5, y + 5));
}"""
SHAPE = "element => element.getBoundingClientRect().width / element.getBoundingClientRect().height"


def poor() -> VisibilityMessage:
    return VisibilityMessage(call_id="call-1", level="poor", advice="hands_hidden")


async def nothing_covers_the_signing_space(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate(COVERS)
    assert seen["covers"] == []
    return seen


async def stage_of(page: Page) -> Any:
    return await page.locator(".stage").bounding_box()


async def draw_camera(page: Page, width: int, height: int) -> None:
    await page.add_init_script(f"({CAMERA})([{width}, {height}])")


@pytest.mark.parametrize(("width", "height"), SCREENS)
async def test_nothing_lies_on_the_signing_space_of_the_interpreter(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    send = signer_service.party.send
    await page.set_viewport_size({"width": width, "height": height})
    await signer_in_call(page, signer_service)
    await send(call_state(CallState.ACTIVE, "hang_up", progress="answered", speaking=True))
    await expect(page.get_by_text("Le correspondant parle")).to_be_in_viewport(ratio=1)
    before = await stage_of(page)
    await nothing_covers_the_signing_space(page)

    await send(poor())
    await expect(page.get_by_text("On ne voit pas les mains. Enlevez ce qui les cache.")).to_be_in_viewport(ratio=1)
    assert await stage_of(page) == before, "the picture jumped when advice came"
    seen = await nothing_covers_the_signing_space(page)
    assert seen["width"] >= 0.6 * width or seen["height"] >= 0.6 * height

    await send(call_state(CallState.AFTER_PHONE, "hang_up", "dial", progress="ended", outcome="busy"))
    await expect(page.get_by_role("button", name="Terminer", exact=True)).to_be_in_viewport(ratio=1)
    await nothing_covers_the_signing_space(page)
    await fits_without_sideways_scrolling(page)


@pytest.mark.parametrize(("width", "height"), [(980, 700), (1366, 768), (1920, 1080)])
async def test_nothing_lies_on_the_signing_space_of_the_signer_at_the_workstation(
    page: Page, agent_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await agent_in_call(page, agent_service)
    actions: tuple[Action, ...] = ("hang_up_phone", "hold", "dtmf", "mute", "hide_picture", "end_and_report_abuse")
    await agent_service.party.send(call_state(CallState.ACTIVE, *actions, progress="answered", speaking=True))
    await expect(page.get_by_text("Le correspondant parle")).to_be_visible()
    before = await stage_of(page)
    await nothing_covers_the_signing_space(page)
    await agent_service.party.send(poor())
    await expect(page.get_by_text("Mauvaise", exact=True)).to_be_visible()
    assert await stage_of(page) == before, "the picture jumped when advice came"


async def test_words_about_a_lost_connection_are_seen_in_a_call_without_covering_it(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    before = await stage_of(page)
    await signer_service.party.close_peer()
    await signer_service.stop()
    words = page.get_by_text("Connexion perdue")
    await expect(words).to_be_in_viewport(ratio=1)
    assert await words.evaluate(ON_TOP)
    assert await stage_of(page) == before


async def test_text_is_closed_on_a_telephone_until_its_first_letters_come(
    page: Page, signer_service: FakeService
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await signer_in_call(page, signer_service)
    await expect(page.get_by_label("Écrire")).to_have_count(0)
    await signer_service.party.write("Bonjour")
    await expect(page.get_by_label("Écrire")).to_be_in_viewport(ratio=1)
    await nothing_covers_the_signing_space(page)
    await page.get_by_role("button", name="Masquer le texte").click()
    await expect(page.get_by_label("Écrire")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (1280, 720)])
async def test_own_picture_is_whole_whatever_the_camera(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await draw_camera(page, width, height)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(signer_service.url)
    video = page.locator(".own-picture video")
    await expect(video).to_have_js_property("videoWidth", width)
    assert abs(await page.locator(".own-picture").evaluate(SHAPE) - width / height) < 0.02
    assert await video.bounding_box() == await page.get_by_role("img", name="Repère de cadrage").bounding_box()

    await signer_in_call(page, signer_service)
    own = page.get_by_role("group", name="Votre image")
    await expect(own.locator("video")).to_have_js_property("videoWidth", width)
    assert abs(await own.evaluate(SHAPE) - width / height) < 0.05
    box = await own.bounding_box()
    assert box is not None
    assert box["width"] <= 0.28 * 390 + 1


async def test_workstation_is_tried_again_by_a_button_when_the_service_does_not_answer(
    page: Page, agent_service: FakeService
) -> None:
    await page.route("**/api/v1/me", lambda route: route.fulfill(status=503, json={"code": "starting"}))
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_text("Le service ne répond pas.")).to_be_visible()
    await page.unroute("**/api/v1/me")
    agent_service.greeting = [agent_view("idle")]
    await page.get_by_role("button", name="Réessayer").click()
    await agent_service.party.said(Hello)
    await expect(page.get_by_role("heading", name="Vous êtes disponible")).to_be_visible()


@pytest.mark.parametrize(("width", "rows"), [(360, 2), (430, 1)])
async def test_head_of_the_demonstration_leaves_a_telephones_screen_to_what_matters(
    page: Page, signer_service: FakeService, width: int, rows: int
) -> None:
    signer_service.on_hello = signer_service.on_hello.model_copy(update={"demo_phone_url": "http://localhost/demo"})
    await page.set_viewport_size({"width": width, "height": 640})
    await page.goto(signer_service.url)
    await expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    head = await page.locator(".top").bounding_box()
    assert head is not None and head["height"] <= 16 + 46 * rows
    await fits_without_sideways_scrolling(page)


@pytest.mark.parametrize(("state", "waiting"), [("paused", 0), ("idle", 0), ("idle", 2)])
async def test_head_of_the_workstation_leaves_a_telephones_screen_to_what_matters(
    page: Page, agent_service: FakeService, state: str, waiting: int
) -> None:
    presence = "available" if state == "idle" else state
    agent_service.greeting = [agent_view(state, presence, waiting=waiting)]
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{agent_service.url}/workstation")
    await expect(page.get_by_role("button", name="Hors ligne")).to_be_visible()
    head = await page.locator(".top").bounding_box()
    assert head is not None and head["height"] <= (150 if waiting else 102)
    await fits_without_sideways_scrolling(page)


async def test_head_of_a_brands_page_wears_its_colours_where_they_can_be_read(
    page: Page, signer_service: FakeService
) -> None:
    background = "element => getComputedStyle(element).backgroundColor"
    await page.goto(f"{signer_service.url}/b/demo")
    await expect(page.get_by_role("heading", name="Appeler Mairie de Démonstration")).to_be_visible()
    assert await page.locator("header.top").evaluate(background) == "rgb(11, 79, 108)"
    await page.goto(signer_service.url)
    await expect(page.get_by_role("heading", name="Appeler un numéro")).to_be_visible()
    assert await page.locator("header.top").evaluate(background) == "rgb(255, 255, 255)"
