"""How people of a whole service begin at its real pages. After a failed test they have a service that is new."""

from playwright.async_api import Page

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
