"""What a page does with its text while its connection is replaced."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_service import FakeService
from tests.browser.steps import BACKGROUND, line_of_text, signer_in_call

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_text_typed_while_the_line_is_down_leaves_once_it_is_back_after_a_mark_for_what_may_be_lost(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    draft = page.get_by_label("Écrire")
    await party.write("oui")
    await draft.press_sequentially("avant ")
    await party.until(lambda: party.text == "avant ", "the text")
    await party.close_peer()
    await expect(page.get_by_text("Le texte passera dès que")).to_be_visible()
    await draft.press_sequentially("pendant ")
    await party.offer("call-1", 2, BACKGROUND)
    await party.until(lambda: "pendant " in party.text, "what was typed meanwhile")
    await draft.press_sequentially("après")
    await party.until(lambda: party.text.endswith("après"), "what was typed then")
    assert re.fullmatch("avant \ufffd?pendant après", party.text)
    await party.write(" merci")
    await expect(line_of_text(page, "oui merci")).to_be_visible()
