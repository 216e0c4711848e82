"""How people of a whole service begin at its real pages. After a failed test they have a service that is new."""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.conftest import STEP_MS

FRAMES = "video => video.getVideoPlaybackQuality().totalVideoFrames"
PASSWORD = "correct horse battery"  # everybody's


async def sign_in(page: Page, url: str, login: str) -> None:
    await page.goto(url)
    await page.get_by_label("Identifiant").fill(login)
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Se connecter").click()


async def become_available(agent: Page) -> None:
    """Whatever the call before has left: a wrap-up goes on for a minute, on a new page too."""
    after_a_call = agent.get_by_role("button", name="Terminer le post-appel")
    await agent.get_by_role("button", name="Disponible").or_(after_a_call).first.click()
    await agent.get_by_text("Vous êtes disponible").first.wait_for()


async def more_pictures_come(page: Page) -> None:
    """Twenty pictures more than now; a new connection, which begins to count anew, may come between."""
    video = page.locator("video.remote")
    await expect(video).not_to_have_js_property("videoWidth", 0)
    before, more = await video.evaluate(FRAMES), 0
    async with asyncio.timeout(STEP_MS / 1000):
        while more < 20:
            await asyncio.sleep(0.2)
            now = await video.evaluate(FRAMES)
            before, more = now, more + max(0, now - before)
