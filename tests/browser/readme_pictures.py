"""
The pictures of README and guides, made anew: ``make pictures``. A relay call through the whole service in two
Chromiums fed from drawn films, the demonstration phone answering; and the board of a busy centre.

The signer's hands leave the picture for a while, then the light goes: the minute of the readability meter has something
to tell. Needs Chromium and the models; takes some minutes.
"""

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import BrowserType, Page, async_playwright, expect

from signaling.messages.session import Person, Welcome
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.fake_service import FakeService
from tests.browser.samples_board import busy
from tests.browser.signing_in import PASSWORD, become_available, sign_in
from tests.browser.test_whole_call import FAULTS, PEOPLE, ROUNDS_MS, Wall, camera_film
from tests.helpers.whole_service import HAS_MODELS, WholeService, whole_service

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIGNER, WORKSTATION, BOARD = (1280, 800), (1366, 768), (1280, 1000)
FOR_A_WHILE_MS = 5_000  # of a picture that is good again


async def main() -> None:
    assert HAS_MODELS, "the readability meter needs the models: passerelle models"
    async with async_playwright() as playwright:
        await _board(playwright.chromium)
        with (
            tempfile.TemporaryDirectory(prefix="psr-") as folder,
            whole_service(media_workers="1", first_people="no") as service,
        ):
            service.add_people(PASSWORD, signers=["Camille Exemple"], agents=["Nour Démonstration"])
            signer = await _seat(playwright.chromium, Path(folder), "blue", SIGNER)
            agent = await _seat(playwright.chromium, Path(folder), "green", WORKSTATION)
            await _call(service, signer, agent)
            await expect(agent.locator(".meter-causes")).to_contain_text("Trop sombre", timeout=ROUNDS_MS)
            await expect(agent.locator(".meter-now")).to_contain_text("Bonne", timeout=ROUNDS_MS)
            await agent.wait_for_timeout(FOR_A_WHILE_MS)
            await _picture(agent, "workstation")
            await expect(signer.locator(".strip .advice")).to_contain_text("Les mains", timeout=ROUNDS_MS)
            await _picture(signer, "signer")


async def _seat(chromium: BrowserType, folder: Path, wall: Wall, size: tuple[int, int]) -> Page:
    """A fake camera belongs to the whole browser; it ends with playwright."""
    film = camera_film(folder, wall, PEOPLE[wall], FAULTS if wall == "blue" else ("signing",))
    arguments = [*ARGUMENTS, f"--use-file-for-fake-video-capture={film}"]
    browser = await chromium.launch(executable_path=CHROMIUM, args=arguments)
    return await browser.new_page(viewport={"width": size[0], "height": size[1]})


async def _call(service: WholeService, signer: Page, agent: Page) -> None:
    """Until the phone has answered and both have written a line."""
    await sign_in(agent, f"{service.url}/workstation", "nour")
    await become_available(agent)
    await sign_in(signer, service.url, "camille")
    await expect(signer.locator(".preview video")).not_to_have_js_property("videoWidth", 0)
    await signer.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
    await signer.get_by_role("button", name="Appeler", exact=True).click()
    await agent.get_by_role("button", name="Accepter").click()
    await agent.get_by_role("button", name="Composer 01 99 00 00 01").click()
    await expect(signer.get_by_text("En ligne avec 01 99 00 00 01")).to_be_visible()
    for writer, reader, words in ((signer, agent, "Bonjour, dossier B-17"), (agent, signer, "Bien reçu")):
        await writer.get_by_label("Écrire").press_sequentially(words)
        await writer.get_by_label("Écrire").press("Enter")
        await expect(reader.locator(".text-line", has_text=words)).to_be_visible()


async def _board(chromium: BrowserType) -> None:
    service = FakeService("supervisor", account={"role": "supervisor", "name": "Noa", "trades": []})
    service.on_hello = Welcome(
        role="supervisor", person=Person(name="Noa", trades=()), resume_token="token", heartbeat_s=5, resumed=False
    )
    service.greeting = [busy()]
    await service.start()
    browser = await chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    page = await browser.new_page(viewport={"width": BOARD[0], "height": BOARD[1]})
    await page.goto(f"{service.url}/supervisor")
    await expect(page.get_by_role("heading", name="Qui attend")).to_be_visible()
    await _picture(page, "supervisor")
    await browser.close()
    await service.stop()


async def _picture(page: Page, name: str) -> None:
    """Without focus ring and without what shows under a mouse."""
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement?.blur()")
    taken = Image.open(io.BytesIO(await page.screenshot()))
    few = taken.convert("RGB")
    few = few.quantize(palette=few.quantize(256, kmeans=1))  # a third of the size
    few.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
