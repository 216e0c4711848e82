"""
A whole relay call in two real browsers against the whole service: cameras fed from files, the demonstration phone.

Screenshots of every stage are left in ``$PASSERELLE_SCREENSHOTS``, else in pytest's own temporary directory.
"""

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from relay.drawn.canvas import Picture
from relay.drawn_signer import INTERPRETER, SIGNER, Appearance, DrawnSigner, Scene
from tests.browser.conftest import ARGUMENTS, CHROMIUM, STEP_MS
from tests.browser.signing_in import PASSWORD, become_available, more_pictures_come, sign_in
from tests.helpers.whole_service import HAS_MODELS, WholeService, whole_service

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(240)]
CAMERA = (848, 480)  # 16:9, as cameras are; at least the norm's 640×480 would be cut to it
MJPEG_RATE = 30  # Chromium plays every MJPEG file at this rate
LOOP_S = 4.8  # after which the drawn signer's movements begin again
#: a picture that becomes hard to read, and good again: 14 s, 14 s of cut hands, 10 s of darkness, round and round
FAULTS: tuple[Scene, ...] = (*3 * ("signing",), *3 * ("cut",), *2 * ("dark",))
ROUNDS_MS = 150_000  # several rounds: however slow the machine, each fault is seen once
Wall = Literal["blue", "green"]
PEOPLE: dict[Wall, Appearance] = {
    "blue": replace(SIGNER, background=(132, 152, 200)),
    "green": replace(INTERPRETER, background=(112, 148, 116)),
}
#: whether the top left corner of the remote picture is of this colour: the walls of the two drawn people differ
WALL = """wall => {
  const video = document.querySelector('video.remote');
  if (!video?.videoWidth) return false;
  const canvas = Object.assign(document.createElement('canvas'), {width: 8, height: 8});
  const context = canvas.getContext('2d');
  context.drawImage(video, video.videoWidth * 0.08, video.videoHeight * 0.1, 40, 40, 0, 0, 8, 8);
  const data = context.getImageData(0, 0, 8, 8).data;
  const mean = channel => data.filter((_, index) => index % 4 === channel).reduce((a, b) => a + b) / 64;
  const [green, blue] = [mean(1), mean(2)];
  return wall === 'blue' ? blue > green : green > blue;
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[WholeService]:
    with whole_service(media_workers="1", first_people="no") as running:
        running.add_people(PASSWORD, signers=["Camille Exemple", "Sacha Essai"], agents=["Nour Démonstration"])
        yield running


@dataclass
class Seat:
    """One person at a browser of their own: a fake camera belongs to the whole browser."""

    page: Page
    name: str
    shots: Path
    count: int = 0

    async def shoot(self, what: str) -> None:
        self.count += 1
        await self.page.screenshot(path=self.shots / f"{self.name}-{self.count:02d}-{what}.png")

    async def sees(self, who: Wall) -> None:
        """The remote picture moves, and the wall behind the person in it is of this colour."""
        await expect(self.page.locator("video.remote")).not_to_have_js_property("videoWidth", 0)
        await self.page.wait_for_function(WALL, arg=who)


def camera_film(folder: Path, name: str, appearance: Appearance, scenes: tuple[Scene, ...]) -> Path:
    drawn = {scene: _film_of(scene, appearance) for scene in set(scenes)}
    path = folder / f"{name}.mjpeg"
    path.write_bytes(b"".join(drawn[scene] for scene in scenes))
    return path


@functools.cache
def _film_of(scene: Scene, appearance: Appearance) -> bytes:
    drawn: Scene = "signing" if scene == "cut" else scene
    signer = DrawnSigner(*CAMERA, MJPEG_RATE // 2, appearance, drawn)  # each picture twice: half the drawing
    pictures = (_lowered(each) if scene == "cut" else each for each in signer.frames(LOOP_S))
    return b"".join(
        2 * cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
        for picture in pictures
    )


def _lowered(picture: Picture) -> Picture:
    """As by a camera that looks too high: the hands leave the picture at its lower edge."""
    rows = round(0.38 * picture.shape[0])
    return np.concatenate([np.repeat(picture[:1], rows, axis=0), picture[:-rows]])


@pytest.fixture
def signer_scenes(request: pytest.FixtureRequest) -> tuple[Scene, ...]:
    """What the signer's camera shows, one after the other, ``LOOP_S`` each."""
    scenes: tuple[Scene, ...] = getattr(request, "param", ("signing",))
    return scenes


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PASSERELLE_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def seats(tmp_path: Path, shots: Path, signer_scenes: tuple[Scene, ...]) -> AsyncIterator[tuple[Seat, Seat]]:
    faults: list[str] = []
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        made = []
        for name, appearance, size, scenes in (
            ("signer", PEOPLE["blue"], (1280, 800), signer_scenes),
            ("workstation", PEOPLE["green"], (1366, 768), ("signing",)),
        ):
            film = camera_film(tmp_path, name, appearance, scenes)
            browser: Browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*ARGUMENTS, f"--use-file-for-fake-video-capture={film}"]
            )
            stack.push_async_callback(browser.close)
            page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
            page.set_default_timeout(STEP_MS)
            page.on("pageerror", lambda error: faults.append(str(error)))
            made.append(Seat(page, name, shots))
        yield made[0], made[1]
        for seat in made:
            await seat.shoot("last")
    assert faults == []


async def visible(seat: Seat, text: str) -> None:
    await expect(seat.page.get_by_text(text).first).to_be_visible()


async def test_signer_and_interpreter_go_through_a_whole_relay_call_with_the_phone_answering(
    service: WholeService, seats: tuple[Seat, Seat]
) -> None:
    signer, agent = seats
    await sign_in(agent.page, f"{service.url}/workstation", "nour")
    await become_available(agent.page)  # nobody is rung before saying so
    await agent.shoot("ready")

    await sign_in(signer.page, service.url, "camille")
    await signer.page.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await expect(signer.page.locator(".preview video")).not_to_have_js_property("videoWidth", 0)
    await signer.shoot("camera-check")
    await signer.page.get_by_role("button", name="Appeler", exact=True).click()

    await expect(agent.page.get_by_role("heading", name="Appel entrant")).to_be_visible()
    await visible(signer, "Quelqu’un regarde votre appel")
    await agent.shoot("alert")
    await signer.shoot("queue")
    await agent.page.get_by_role("button", name="Accepter").click()

    await visible(signer, "L’interprète est là")
    await signer.sees("green")
    await agent.sees("blue")
    await signer.shoot("briefing")

    await agent.page.get_by_role("button", name="Composer 01 99 00 00 01").click()
    await visible(signer, "Ça sonne…")
    await signer.shoot("ringing")
    await visible(signer, "En ligne avec 01 99 00 00 01")
    await visible(signer, "Le correspondant parle")
    await more_pictures_come(signer.page)
    await more_pictures_come(agent.page)

    await write_to_each_other(signer, agent)
    await expect(agent.page.get_by_role("heading", name="Lisibilité des signes")).to_be_visible()
    if HAS_MODELS:
        await expect(agent.page.get_by_text("Bonne", exact=True).first).to_be_visible()
    await signer.shoot("active")
    await agent.shoot("active")

    await agent.page.get_by_role("button", name="Raccrocher le téléphone").click()
    await visible(signer, "Téléphone raccroché.")
    await more_pictures_come(signer.page)
    await signer.shoot("after-phone")
    await signer.page.get_by_role("button", name="Terminer", exact=True).click()

    await expect(signer.page.get_by_role("heading", name="Appel terminé")).to_be_visible()
    await expect(signer.page.get_by_text("Bonjour").first).to_be_visible()  # stays on the signer's own screen
    await signer.page.get_by_role("radio", name="Très bon", exact=True).check()
    await signer.shoot("rating")
    await signer.page.get_by_role("button", name="Envoyer").click()
    await visible(signer, "Merci, c’est envoyé.")

    await expect(agent.page.get_by_role("heading", name="Post-appel")).to_be_visible()
    await expect(agent.page.get_by_text("Bonjour")).to_have_count(0)
    await agent.shoot("wrap-up")
    await agent.page.get_by_role("button", name="Terminer le post-appel").click()
    await visible(agent, "Vous êtes disponible")
    await agent.page.reload()
    await expect(agent.page.get_by_role("cell", name="Relais").first).to_be_visible()
    await agent.shoot("today")
    assert "Bonjour" not in service.log()


async def write_to_each_other(signer: Seat, agent: Seat) -> None:
    show = signer.page.get_by_role("button", name="Afficher le texte")
    if await show.count():
        await show.click()
    await signer.page.get_by_label("Écrire").press_sequentially("Bonjour, dossier B-17")
    await visible(agent, "Bonjour, dossier B-17")  # letter by letter, before the line ends
    await signer.page.get_by_label("Écrire").press("Enter")
    await agent.page.get_by_label("Écrire").press_sequentially("Bien reçu")
    await visible(signer, "Bien reçu")
    await agent.page.get_by_label("Écrire").press("Enter")
    await visible(agent, "Bien reçu")


async def test_a_signer_calls_another_by_relay_number_and_both_see_each_other_without_an_agent(
    service: WholeService, seats: tuple[Seat, Seat]
) -> None:
    camille, sacha = seats
    for login, number in (("camille", "+33199000011"), ("sacha", "+33199000012")):
        assert service.run("user", "number", login, "--give", number).returncode == 0
    await sign_in(sacha.page, service.url, "sacha")
    await visible(sacha, "01 99 00 00 12")  # to give to hearing people
    await sign_in(camille.page, service.url, "camille")
    await camille.page.get_by_label("Numéro de téléphone").fill("0199000012")
    await expect(camille.page.locator(".preview video")).not_to_have_js_property("videoWidth", 0)
    await camille.page.get_by_role("button", name="Appeler", exact=True).click()

    await expect(sacha.page.get_by_role("heading", name="On vous appelle")).to_be_visible()
    await visible(sacha, "01 99 00 00 11")
    await visible(camille, "Ça sonne : 01 99 00 00 12")
    await sacha.shoot("incoming")
    await expect(sacha.page.locator(".incoming.is-settled")).to_be_visible()
    await sacha.page.keyboard.press("Enter")

    await visible(camille, "En vidéo avec 01 99 00 00 12")
    await camille.sees("green")
    await sacha.sees("blue")
    await more_pictures_come(camille.page)
    await more_pictures_come(sacha.page)
    await write_to_each_other(camille, sacha)
    await sacha.shoot("video")
    await sacha.page.get_by_role("button", name="Raccrocher").click()
    await sacha.page.get_by_role("button", name="Oui, terminer").click()
    for seat in seats:
        await expect(seat.page.get_by_role("heading", name="Appel terminé")).to_be_visible()

    await camille.page.get_by_role("button", name="Rappeler").click()
    await expect(sacha.page.get_by_role("heading", name="On vous appelle")).to_be_visible()
    await camille.page.get_by_role("button", name="Raccrocher").click()
    await expect(sacha.page.get_by_role("heading", name="Appel manqué")).to_be_visible()
    await sacha.page.get_by_role("button", name="Nouvel appel").click()
    await expect(sacha.page.get_by_role("heading", name="Appels et messages reçus")).to_contain_text("1 nouveau")
    await sacha.shoot("missed")


async def test_a_telephone_calls_a_signer_and_speaks_with_the_interpreter_who_joins(
    service: WholeService, seats: tuple[Seat, Seat]
) -> None:
    signer, agent = seats
    assert service.run("user", "number", "camille", "--give", "+33199000013").returncode == 0
    await sign_in(agent.page, f"{service.url}/workstation", "nour")
    await become_available(agent.page)
    await sign_in(signer.page, service.url, "camille")
    await visible(signer, "Votre numéro pour être appelé·e")
    browser = agent.page.context.browser
    assert browser is not None
    telephone = await browser.new_page()
    await telephone.goto(service.demo_phone_url)
    await telephone.locator("#number").fill("0199000013")
    await telephone.locator("#call-form button").click()

    await expect(signer.page.get_by_role("heading", name="On vous appelle")).to_be_visible()
    await visible(signer, "01 99 00 00 99")
    await signer.shoot("rung-by-telephone")
    await expect(signer.page.locator(".incoming.is-settled")).to_be_visible()
    await signer.page.get_by_role("button", name="Accepter").click()
    await visible(agent, "Un téléphone appelle la personne")
    await visible(signer, "La personne au téléphone attend")
    await agent.page.get_by_role("button", name="Accepter").click()

    await visible(signer, "En ligne avec 01 99 00 00 99")
    await visible(agent, "Appelant : 01 99 00 00 99")
    await signer.sees("green")
    await agent.sees("blue")
    await telephone.locator("#pad button", has_text="5").click()
    await expect(agent.page.locator(".phone-keys")).to_contain_text("5")
    await signer.page.get_by_role("button", name="Téléphone", exact=True).click()
    await signer.page.get_by_role("button", name="7", exact=True).click()
    await expect(telephone.locator("#digits")).to_have_text("7")
    await expect(agent.page.locator(".phone-keys kbd")).to_have_text("5")  # the signer's own are not the agent's affair
    await signer.shoot("called")
    await agent.shoot("called")

    await telephone.locator("#hang-up").click()
    await visible(signer, "La personne qui vous appelait a raccroché")
    await expect(signer.page.get_by_role("button", name="Rappeler cette personne")).to_be_enabled()
    await signer.page.get_by_role("button", name="Terminer", exact=True).click()
    await expect(signer.page.get_by_role("heading", name="Appel terminé")).to_be_visible()
    assert "99000099" not in service.log()


@pytest.mark.skipif(not HAS_MODELS, reason="no models: nothing is measured")
@pytest.mark.parametrize("signer_scenes", [FAULTS], indirect=True)
@pytest.mark.timeout(400)
async def test_a_picture_that_becomes_hard_to_read_is_advised_upon_on_both_pages_until_it_is_good_again(
    service: WholeService, seats: tuple[Seat, Seat]
) -> None:
    signer, agent = seats
    await sign_in(agent.page, f"{service.url}/workstation", "nour")
    await become_available(agent.page)
    await sign_in(signer.page, service.url, "camille")
    await expect(signer.page.locator(".preview video")).not_to_have_js_property("videoWidth", 0)
    await signer.page.get_by_role("button", name="Vérifier mon image").click()
    await says(signer, ".check-picture", "Tout va bien : on vous voit bien.")
    await signer.shoot("checked")
    await signer.page.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await signer.page.get_by_role("button", name="Appeler", exact=True).click()
    await expect(agent.page.get_by_role("heading", name="Appel entrant")).to_be_visible()
    await agent.page.get_by_role("button", name="Accepter").click()
    await visible(signer, "L’interprète est là")

    try:
        for own, about in (
            ("Les mains sortent de l’image", "Ses mains sortent de l’image"),
            ("L’image est trop sombre", "Son image est trop sombre"),
            ("On vous voit bien", "Bonne"),
        ):
            await says(signer, ".strip .advice", own)
            await says(agent, ".meter-now", about)
            if own.startswith("Les mains"):
                await is_asked_for(signer, agent, own, about)
            await signer.shoot("readability")
            await agent.shoot("readability")
        await expect(signer.page.locator(".camera-asked")).to_have_count(0, timeout=ROUNDS_MS)  # it is better
    finally:
        await signer.page.get_by_role("button", name="Raccrocher").click()
        await signer.page.get_by_role("button", name="Oui, terminer").click()
    await expect(signer.page.get_by_role("heading", name="Appel terminé")).to_be_visible()


async def is_asked_for(signer: Seat, agent: Seat, own: str, about: str) -> None:
    """The fault may end between look and key, which then asks for something else: once more in its next round."""
    alert = signer.page.locator(".camera-asked [role=alert]")
    async with asyncio.timeout(ROUNDS_MS / 1000):
        while own not in " ".join(await alert.all_text_contents()):
            await says(agent, ".meter-now", about)
            await agent.page.keyboard.press("b")
            with contextlib.suppress(AssertionError):
                await expect(alert).to_contain_text(own, timeout=8_000)


async def says(seat: Seat, selector: str, words: str) -> None:
    await expect(seat.page.locator(selector)).to_contain_text(words, timeout=ROUNDS_MS)
