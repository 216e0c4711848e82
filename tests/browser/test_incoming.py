"""Calls that somebody else begins, missed calls, and being reachable: the signer's page against a scripted service."""

import time
from typing import Any

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallContinueHere, CallRequest
from signaling.messages.call_state import CallStateMessage
from signaling.messages.inbox import Inbox, InboxBlock, InboxDelete, InboxEntry, InboxHeard
from signaling.messages.session import Hello
from tests.browser.fake_service import FakeService, call_state
from tests.browser.steps import (
    PAGES,
    axe_finds_nothing,
    fits_without_sideways_scrolling,
    line_of_text,
    opened,
    pictures_come,
    signer_in_call,
)

pytestmark = PAGES
ASKED_FOR_CAMERA = """
  window.cameraAsked = 0;
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = wanted => { window.cameraAsked += 1; return open(wanted); };
  navigator.permissions.query = async () => ({state: 'prompt'});
"""


def incoming(**changes: Any) -> CallStateMessage:
    facts = {"direction": "incoming", "ring_until": time.time() + 170, **changes}
    return call_state(CallState.INCOMING, "accept", "decline", **facts)


async def rung(page: Page, service: FakeService, call: CallStateMessage) -> None:
    await opened(page, service)
    await service.party.send(call)
    await expect(page.get_by_role("heading", name="On vous appelle")).to_be_visible()
    await expect(page.locator(".incoming.is-settled")).to_be_visible()


async def test_a_call_fills_the_page_asks_for_the_camera_only_on_accept_and_an_interpreter_is_sought(
    page: Page, signer_service: FakeService
) -> None:
    await page.add_init_script(ASKED_FOR_CAMERA)
    party = signer_service.party
    await rung(page, signer_service, incoming())
    await expect(page.get_by_text("01 99 00 00 01")).to_be_visible()
    await expect(page).to_have_title("● On vous appelle · Passerelle")
    await axe_finds_nothing(page)
    periods = await page.evaluate("document.getAnimations().map(one => one.effect.getTiming().duration)")
    assert periods and min(periods) >= 1000
    assert await page.evaluate("window.cameraAsked") == 0
    await page.get_by_label("Je communique en").select_option("TTH")
    await page.get_by_label("J’entends").check()
    await page.get_by_role("button", name="Accepter").click()
    act = await party.said(CallAct)
    assert (act.action, act.mode, act.hearing, act.voice) == ("accept", "TTH", True, False)
    await page.wait_for_function("window.cameraAsked > 0")

    await party.send(call_state(CallState.QUEUED, "hang_up", direction="incoming"))
    await expect(page.get_by_role("heading", name="Nous cherchons un interprète")).to_be_visible()
    await axe_finds_nothing(page)
    await party.send(call_state(CallState.ACTIVE, "hang_up", "dtmf", progress="answered", direction="incoming"))
    await pictures_come(page, signer_service)
    await expect(page.get_by_text("En ligne avec")).to_be_visible()


async def test_the_ring_is_steady_under_reduced_motion(page: Page, signer_service: FakeService) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await rung(page, signer_service, incoming())
    assert await page.evaluate("document.getAnimations().length") == 0
    await expect(page.locator(".pulse")).to_be_visible()


async def test_enter_accepts_and_escape_refuses_but_not_a_key_that_was_meant_for_something_else(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await page.clock.install()
    await opened(page, signer_service)
    await party.send(incoming(number=None))
    await expect(page.get_by_role("button", name="Accepter")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await page.clock.run_for(1_500)
    await page.keyboard.press("Escape")
    assert (await party.said(CallAct)).action == "decline"
    await party.send(call_state(CallState.MESSAGE, direction="incoming"))
    await expect(page.get_by_text("La personne peut laisser un message")).to_be_visible()
    await expect(page.get_by_role("heading", name="Appeler un numéro")).to_be_visible()
    await party.send(incoming(call_id="call-2"))
    await page.clock.run_for(1_500)
    await page.keyboard.press("Enter")
    assert (await party.said(CallAct, 2)).action == "accept"


async def test_the_end_of_a_call_that_was_declined_takes_nothing_from_the_screen(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await rung(page, signer_service, incoming())
    await page.get_by_role("button", name="Refuser").click()
    await party.said(CallAct)
    await party.send(call_state(CallState.MESSAGE, direction="incoming"))
    number = page.get_by_label("Numéro de téléphone")
    await number.fill("01 99 00 00 0")
    await party.send(call_state(CallState.ENDED, end_reason="message_left", direction="incoming", together_at=None))
    await party.send(entries())
    await expect(page.get_by_text("Message vocal")).to_be_visible()
    await expect(number).to_have_value("01 99 00 00 0")
    await expect(page.get_by_text("La personne peut laisser un message")).to_have_count(0)


async def test_a_missed_call_does_not_show_the_text_of_the_call_before(page: Page, signer_service: FakeService) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    await page.get_by_label("Écrire").fill("Pour la mairie seulement")
    await party.send(call_state(CallState.ENDED, end_reason="completed"))
    await expect(line_of_text(page, "Pour la mairie")).to_be_visible()
    await page.get_by_role("button", name="Nouvel appel").click()
    await expect(line_of_text(page, "Pour la mairie")).to_be_visible()
    missed = call_state(CallState.ENDED, call_id="call-2", end_reason="caller_gave_up", direction="incoming")
    await party.send(missed)
    await expect(page.get_by_role("heading", name="Appel manqué")).to_be_visible()
    await expect(line_of_text(page, "Pour la mairie")).to_have_count(0)


async def test_who_hides_the_number_is_said_so_and_there_is_nobody_to_call_back(
    page: Page, signer_service: FakeService
) -> None:
    call = incoming()
    hidden: dict[str, Any] = {"phone": call.phone.model_copy(update={"number": None})}
    await rung(page, signer_service, call.model_copy(update=hidden))
    await expect(page.get_by_text("numéro masqué")).to_be_visible()
    over = call_state(CallState.ENDED, end_reason="caller_gave_up", direction="incoming", together_at=None, **hidden)
    await signer_service.party.send(over)
    await expect(page.get_by_role("heading", name="Appel manqué")).to_be_visible()
    await expect(page.get_by_text("L’appelant a raccroché")).to_be_visible()
    await expect(page.get_by_role("button", name="Rappeler")).to_have_count(0)
    await expect(page.get_by_text("Comment était l’appel ?")).to_have_count(0)


async def test_an_answer_that_comes_too_late_is_said_so_on_the_ringing_page(
    page: Page, signer_service: FakeService
) -> None:
    signer_service.party.refuses = "out_of_place"
    await rung(page, signer_service, incoming())
    await page.get_by_role("button", name="Accepter").click()
    await expect(page.locator(".incoming .notice.is-error")).to_contain_text("Refusé.")
    await axe_finds_nothing(page)


@pytest.mark.parametrize("size", [(320, 640), (360, 740), (740, 360), (1280, 800)])
async def test_whatever_the_screen_both_answers_are_on_it(
    page: Page, signer_service: FakeService, size: tuple[int, int]
) -> None:
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await rung(page, signer_service, incoming())
    for name in ("Accepter", "Refuser", "Urgence : 114"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=0.99)
    await fits_without_sideways_scrolling(page)


async def test_a_call_on_another_device_is_said_so_and_continues_here(page: Page, signer_service: FakeService) -> None:
    hello = await opened(page, signer_service)
    await signer_service.party.send(call_state(CallState.ACTIVE, progress="answered", on_other_device=True))
    await expect(page.get_by_role("heading", name="En communication sur un autre appareil")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Continuer ici").click()
    assert (await signer_service.party.said(CallContinueHere)).call_id == "call-1"
    await signer_service.party.send(call_state(CallState.ENDED, end_reason="completed", on_other_device=True))
    await expect(page.get_by_role("heading", name="Appeler un numéro")).to_be_visible()
    await page.reload()
    again = await signer_service.party.said(Hello, 2)
    assert hello.device is not None and again.device == hello.device


async def test_between_two_signers_there_is_no_phone_no_interpreter_and_no_rating(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    between: dict[str, Any] = {"kind": "video", "leg": "agent", "peer_name": "Camille Exemple"}
    await rung(page, signer_service, incoming(**between))
    await expect(page.get_by_text("Camille Exemple")).to_be_visible()
    await expect(page.get_by_text("Appel vidéo en direct, sans interprète")).to_be_visible()
    await expect(page.get_by_label("Je communique en")).to_have_count(0)
    await party.send(call_state(CallState.TALKING, "hang_up", "mute", **between))
    await pictures_come(page, signer_service)
    await expect(page.get_by_text("En vidéo avec Camille Exemple")).to_be_visible()
    await expect(page.get_by_text("interprète")).to_have_count(0)
    lost = call_state(CallState.TALKING, "hang_up", **between)
    away = lost.signer.model_copy(update={"lost_since": time.time()})
    await party.send(lost.model_copy(update={"signer": away}))
    await expect(page.get_by_text("La personne a perdu sa connexion")).to_be_visible()
    await axe_finds_nothing(page)
    await party.send(call_state(CallState.ENDED, end_reason="completed", **between))
    await expect(page.get_by_role("heading", name="Appel terminé")).to_be_visible()
    await expect(page.get_by_text("Comment était l’appel ?")).to_have_count(0)


async def test_who_calls_another_signer_sees_it_ring_there_and_reads_how_it_ended(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    await opened(page, signer_service)
    await party.send(call_state(CallState.INCOMING, "hang_up", kind="video", peer_name="Camille Exemple"))
    await expect(page.get_by_role("heading", name="Ça sonne : Camille Exemple")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Raccrocher").click()
    assert (await party.said(CallAct)).action == "hang_up"
    await party.send(call_state(CallState.ENDED, kind="video", end_reason="declined", together_at=None))
    await expect(page.get_by_text("L’autre personne a refusé l’appel.")).to_be_visible()


# --- calls and messages received


def entries(*, heard: bool = False) -> Inbox:
    now = time.time()
    message = InboxEntry(
        entry_id="m-1", number="01 99 00 00 10", at=now - 60, message_s=12.5, heard=heard, expires_at=now + 864_000
    )
    missed = InboxEntry(entry_id="m-2", number=None, at=now - 9_000, heard=True, expires_at=now + 864_000)
    return Inbox(entries=(message, missed))


async def test_a_message_is_shown_as_new_relayed_called_back_and_deleted(
    page: Page, signer_service: FakeService
) -> None:
    party = signer_service.party
    signer_service.greeting = [entries()]
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(signer_service.url)
    await expect(page.get_by_role("heading", name="Appels et messages reçus")).to_contain_text("1 nouveau")
    await expect(page).to_have_title("1 nouvel appel · Passerelle")
    await expect(page.get_by_text("Message vocal · 0:13")).to_be_visible()
    await axe_finds_nothing(page)
    await fits_without_sideways_scrolling(page)
    await page.get_by_role("button", name="Marquer comme vu").click()
    assert (await party.said(InboxHeard)).entry_id == "m-1"
    await party.send(entries(heard=True))
    await expect(page.get_by_text("Nouveau", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Bloquer – Numéro masqué").click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("en cachant son numéro")
    await axe_finds_nothing(page)
    await asked.get_by_role("button", name="Bloquer").click()
    assert (await party.said(InboxBlock)).entry_id == "m-2"
    await page.get_by_role("button", name="Supprimer – Numéro masqué").click()
    assert (await party.said(InboxDelete)).entry_id == "m-2"
    await page.get_by_role("button", name="Faire traduire").click()
    relayed = await party.said(CallRequest)
    assert (relayed.kind, relayed.message_id, relayed.number) == ("relay", "m-1", None)
    await page.get_by_role("button", name="Rappeler").click()
    called = await party.said(CallRequest, 2)
    assert (called.message_id, called.number) == (None, "01 99 00 00 10")


async def test_own_number_is_shown_and_copied(page: Page, signer_service: FakeService) -> None:
    signer_service.on_hello = signer_service.on_hello.model_copy(update={"number": "09 39 99 00 12"})
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(signer_service.url)
    await page.get_by_role("button", name="Copier mon numéro").click()
    await expect(page.get_by_text("Numéro copié.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "09 39 99 00 12"


async def test_how_the_person_communicates_is_remembered_on_the_device_and_no_number(
    page: Page, signer_service: FakeService
) -> None:
    await page.goto(signer_service.url)
    await page.get_by_text("Options de l’appel").click()
    await page.get_by_label("Je communique en").select_option("LfPC")
    await page.get_by_label("L’annonce au correspondant").select_option("none")
    await page.get_by_label("Masquer mon numéro").check()
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await axe_finds_nothing(page)
    await page.reload()
    await page.get_by_label("Numéro de téléphone").fill("0199000001")
    await page.get_by_role("button", name="Appeler", exact=True).click()
    asked = await signer_service.party.said(CallRequest)
    assert (asked.mode, asked.announce, asked.anonymous) == ("LfPC", "none", True)
    assert "99" not in await page.evaluate("localStorage.getItem('passerelle.wishes')")
