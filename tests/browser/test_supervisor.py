"""The supervisors' page: what it shows, what the keyboard does, where it fits. The service is a fake one."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from relay.model import SecondRole
from signaling.auth import SESSION_COOKIE
from signaling.call_terms import CallState
from signaling.messages.board import (
    Audit,
    AuditEntry,
    AuditList,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.messages.call import CallAct
from signaling.messages.call_state import SecondView
from signaling.messages.session import Hello, Person, Welcome
from signaling.passwords import hash_password
from signaling.records import Records
from signaling.records.model import Qualification
from tests.browser.conftest import CHROMIUM
from tests.browser.fake_service import HEARTBEAT_S, FakeService, call_state
from tests.browser.samples_board import RELAY, TOWN, busy, calm
from tests.browser.steps import axe_finds_nothing, fits_without_sideways_scrolling
from tests.helpers.control_plane import browser as open_pages
from tests.helpers.control_plane import control_plane

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]
SCREENS = [(320, 640), (640, 400), (1130, 768), (1280, 800), (1700, 950), (1920, 1080)]
JOINED: SecondRole = "supervisor"
#: what is wider than the card it is on
SPILLS = """() => [...document.querySelectorAll('.card')].flatMap(card =>
  [...card.querySelectorAll('table, .button, .flag')].filter(
    element => element.getBoundingClientRect().right > card.getBoundingClientRect().right + 1
  ).map(element => element.textContent.slice(0, 40)))"""


@pytest_asyncio.fixture(loop_scope="module")
async def service() -> AsyncIterator[FakeService]:
    """A supervisor already signed in."""
    fake = FakeService("supervisor", account={"role": "supervisor", "name": "Noa", "trades": []})
    fake.on_hello = Welcome(
        role="supervisor",
        person=Person(name="Noa", trades=()),
        resume_token="token",
        heartbeat_s=HEARTBEAT_S,
        resumed=False,
    )
    fake.greeting = [busy()]
    await fake.start()
    yield fake
    await fake.stop()


async def opened(page: Page, service: FakeService) -> None:
    await page.goto(f"{service.url}/supervisor")
    await service.party.said(Hello)
    await expect(page.get_by_role("heading", name="Files")).to_be_visible()


async def test_a_supervisor_signs_in_and_another_account_is_told_so(page: Page, service: FakeService) -> None:
    service.account = None
    await page.route("**/api/v1/sign-in", lambda route: route.fulfill(status=403, json={"code": "wrong_role"}))
    await page.goto(f"{service.url}/supervisor")
    await page.get_by_label("Identifiant").fill("lea")
    await page.get_by_label("Mot de passe", exact=True).fill("secret")
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("alert")).to_contain_text("Ce compte n’est pas celui de la supervision.")
    await page.unroute("**/api/v1/sign-in")
    service.account = {"role": "supervisor", "name": "Noa", "trades": []}
    await page.reload()
    hello = await service.party.said(Hello)
    assert hello.role == "supervisor"
    await expect(page.get_by_role("heading", name="Équipe")).to_be_visible()


async def test_a_supervisor_of_a_fresh_start_signs_in_at_the_real_service_and_sees_who_is_at_work(page: Page) -> None:
    async with control_plane() as plane:
        async with Records(plane.config.database_url) as records:
            password_hash = await hash_password("un mot de passe")
            await records.people.add(login="noa", name="Noa", role="supervisor", password_hash=password_hash)
            ines = await records.people.add(
                login="ines",
                name="Inès",
                role="agent",
                password_hash="-",
                qualifications=[Qualification("interpreter", "Master")],
                skills={"hearing": 5},
            )
            await records.sessions.add("ines-token", ines.id, 3600)
        await page.goto(f"{plane.url}/supervisor")
        await page.get_by_label("Identifiant").fill("noa")
        await page.get_by_label("Mot de passe", exact=True).fill("un mot de passe")
        await page.get_by_role("button", name="Se connecter").click()
        await expect(page.get_by_text("Personne n’est connecté.")).to_be_visible(timeout=30_000)
        async with open_pages(plane) as pages:
            agent = await pages.open(headers={"Cookie": f"{SESSION_COOKIE}=ines-token"})
            await agent.send("hello", role="agent")
            await agent.ask("presence.set", presence="available")
            row = page.get_by_role("table", name="Équipe").get_by_role("row", name="Inès")
            await expect(row).to_contain_text("Disponible", timeout=30_000)
            await expect(page.get_by_role("row", name="Relais LSF").first).to_contain_text("1 (1 libre)")
            await page.get_by_role("button", name="Agir, Inès").click()
            await page.get_by_role("button", name="Mettre en formation").click()
            await expect(row).to_contain_text("Formation", timeout=30_000)
            await page.get_by_role("button", name="Voir le journal").click()
            log = page.get_by_role("table", name="Journal")
            await expect(log).to_contain_text("Présence changée (formation)", timeout=30_000)
            await expect(log.get_by_role("row").last).to_contain_text("Connexion")


async def test_the_board_shows_queues_team_and_line_and_says_alerts_once_politely(
    page: Page, service: FakeService
) -> None:
    service.greeting = [calm()]
    await opened(page, service)
    alarm = page.locator(".board-alarm")
    await expect(alarm).to_have_text("Aucune alerte.")
    await expect(alarm).to_have_role("status")
    await service.party.send(busy())
    await expect(alarm).to_have_text("Alertes sur 2 files : Relais LSF, Mairie de Démonstration LSF")
    relay = page.get_by_role("row", name="Relais LSF").first
    await expect(relay).to_contain_text("Attente trop longue")
    await expect(relay).to_contain_text("58 %")
    town = page.get_by_role("row", name="Mairie de Démonstration LSF").first
    await expect(town).to_contain_text("Personne pour servir")
    await expect(town).to_contain_text("+ 4 rappels")
    team = page.get_by_role("table", name="Équipe")
    names = await team.get_by_role("rowheader").locator("span").all_inner_texts()
    assert names == ["Adam", "Inès", "Léo", "Nour", "Sam", "Zoé"], "in the order of names: no ranking"
    await expect(team.get_by_role("row", name="Inès")).to_contain_text("Pause due")
    await expect(team.get_by_role("row", name="Zoé")).to_contain_text("3 sans réponse")
    await expect(team.get_by_role("row", name="Sam")).to_contain_text("Repos yeux et mains")
    waiting = page.get_by_role("table", name="Qui attend").get_by_role("row")
    await expect(waiting).to_have_count(5)
    await expect(waiting.nth(1)).to_contain_text("Urgence")
    await expect(page.locator(".agent-state .icon")).to_have_count(6)


async def test_waiting_goes_on_counting_between_two_boards(page: Page, service: FakeService) -> None:
    await opened(page, service)
    longest = page.locator(".tile", has_text="Plus longue attente").locator("strong")
    before = await longest.inner_text()
    await expect(longest).not_to_have_text(before)


async def test_everything_is_done_by_keyboard_alone(page: Page, service: FakeService) -> None:
    await opened(page, service)
    act = page.get_by_role("button", name="Agir, Inès")
    await act.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Inès")
    await expect(dialog).to_contain_text("Un appel relayé ne se rejoint jamais")
    await expect(dialog.get_by_role("button", name="Demander à rejoindre l’appel")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(act).to_be_focused()
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Mettre en pause").focus()
    await page.keyboard.press("Enter")
    asked = await service.party.said(SuperviseAgent)
    assert (asked.agent_id, asked.presence, asked.reason) == ("a1", "paused", "other")
    await expect(page.get_by_text("C’est fait : Inès est prévenu·e.")).to_be_visible()


async def test_a_request_is_moved_to_the_head_or_to_one_agent_and_an_emergency_is_not(
    page: Page, service: FakeService
) -> None:
    await opened(page, service)
    await page.get_by_role("button", name="Déplacer, Relais LSF, rang 2").click()
    await expect(page.get_by_role("button", name="En tête de la file")).to_be_focused()
    await page.keyboard.press("Enter")
    head = await service.party.said(SuperviseMove)
    assert (head.call_id, head.head, head.agent_id, head.queue) == ("w2", True, None, None)
    await page.get_by_role("button", name="Déplacer, Mairie de Démonstration LSF, rang 1").click()
    choice = page.get_by_label("À une personne")
    assert await choice.locator("option").all_inner_texts() == ["–", "Adam – En appel"], "advisers alone"
    await choice.select_option("a4")
    await page.get_by_role("button", name="Donner à cette personne").click()
    given = await service.party.said(SuperviseMove, 2)
    assert (given.call_id, given.head, given.agent_id) == ("w4", False, "a4")
    await page.get_by_role("button", name="Déplacer, Relais LSF, rang 1").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Une urgence est déjà en tête.")


async def test_words_go_to_all_or_to_one_and_a_refusal_keeps_them(page: Page, service: FakeService) -> None:
    await opened(page, service)
    await page.get_by_role("button", name="Écrire à tous").click()
    await page.get_by_label("Message").fill("Réunion à 14 h")
    service.party.refuses = "rate_limited"
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.get_by_text("Refusé.")).to_be_attached()
    await expect(page.get_by_label("Message")).to_have_value("Réunion à 14 h")
    service.party.refuses = None
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    said = await service.party.said(SuperviseSay, 2)
    assert (said.agent_id, said.text) == (None, "Réunion à 14 h")
    await page.get_by_role("button", name="Agir, Léo").click()
    await page.get_by_role("button", name="Lui écrire").click()
    await page.get_by_label("Message").fill("Bravo")
    await page.get_by_role("button", name="Envoyer").click()
    assert (await service.party.said(SuperviseSay, 3)).agent_id == "a2"


async def test_thresholds_are_changed_and_an_empty_field_means_never(page: Page, service: FakeService) -> None:
    await opened(page, service)
    await page.get_by_role("button", name="Seuils d’alerte, Mairie de Démonstration LSF").click()
    await page.get_by_label("Alerte à partir de tant de demandes").fill("4")
    await page.get_by_label("Alerte sous ce niveau de service (%)").fill("75")
    await page.get_by_role("button", name="Enregistrer").click()
    asked = await service.party.said(SuperviseThresholds)
    assert (asked.queue, asked.waiting, asked.longest_wait_s, asked.service_level) == (TOWN, 4, None, 0.75)


async def test_the_log_is_read_when_asked_for_and_older_acts_come_below(page: Page, service: FakeService) -> None:
    await opened(page, service)
    await page.get_by_role("button", name="Voir le journal").click()
    await service.party.said(AuditList)
    now = time.time()
    newest = AuditEntry(at=now, by="Noa", act="move", subject=RELAY, detail="head")
    await service.party.send(Audit(entries=(newest,), has_more=True))
    log = page.get_by_role("table", name="Journal")
    await expect(log).to_contain_text("Demande déplacée (en tête)")
    await page.get_by_role("button", name="Plus anciens").click()
    older = await service.party.said(AuditList, 2)
    assert older.before == pytest.approx(now)
    erased = AuditEntry(at=now - 60, by="", act="presence", subject="Inès", detail="paused")
    await service.party.send(Audit(entries=(erased,)))
    await expect(log.get_by_role("row")).to_have_count(3)
    await expect(log.get_by_role("row").last).to_contain_text("personne effacée")


async def test_a_direct_call_is_joined_seen_and_left(page: Page, service: FakeService) -> None:
    await opened(page, service)
    await page.get_by_role("button", name="Agir, Adam").click()
    await page.get_by_role("button", name="Demander à rejoindre l’appel").click()
    asked = await service.party.said(SuperviseJoin)
    assert asked.call_id == "call-9"
    waiting = SecondView(role=JOINED, state="asked", since=time.time(), name="Noa", waiting_for=("signer", "agent"))
    await service.party.send(call_state(CallState.TALKING, "hang_up", kind="direct", second=waiting, leg="second"))
    await expect(page.get_by_text("En attente du oui de : La personne qui signe, Visioconseiller·ère")).to_be_visible()
    there = waiting.model_copy(update={"state": "joined", "waiting_for": (), "present": True, "connected": True})
    await service.party.send(
        call_state(CallState.TALKING, "hang_up", "mute", "hide_picture", kind="direct", second=there, leg="second")
    )
    await service.party.offer("call-1", 1, (70, 110, 120))
    picture = page.get_by_label("La personne qui signe")
    await expect(picture).not_to_have_js_property("videoWidth", 0)
    await expect(page.get_by_text("Vous êtes visible de tous.")).to_be_visible()
    await service.party.seen()
    await expect(page.get_by_role("heading", name="Appel rejoint")).to_be_focused()
    await expect(page.get_by_label("Votre image")).not_to_have_js_property("videoWidth", 0)
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Masquer mon image").click()
    assert (await service.party.said(CallAct)).action == "hide_picture"
    await page.get_by_role("button", name="Quitter l’appel").click()
    assert (await service.party.said(CallAct, 2)).action == "hang_up"
    ended = call_state(CallState.ENDED, kind="direct", end_reason="completed", leg="second")
    await service.party.send(ended)
    await expect(page.get_by_role("heading", name="Appel rejoint")).to_have_count(0)
    await expect(page.get_by_text("Vous n’êtes plus dans l’appel")).to_have_count(0)


async def test_a_supervisor_who_is_sent_away_is_told(page: Page, service: FakeService) -> None:
    there = SecondView(role=JOINED, state="joined", since=time.time(), name="Noa", present=True, connected=True)
    service.greeting = [busy(), call_state(CallState.TALKING, "hang_up", kind="direct", second=there, leg="second")]
    await opened(page, service)
    await expect(page.get_by_role("heading", name="Appel rejoint")).to_be_visible()
    ended = call_state(CallState.ENDED, kind="direct", end_reason="completed", leg="second", second=there)
    await service.party.send(ended)
    await expect(page.get_by_text("Vous n’êtes plus dans l’appel : on vous a demandé de partir")).to_be_visible()


async def test_axe_finds_nothing_on_the_board_and_in_its_dialogs_light_or_dark(
    page: Page, service: FakeService
) -> None:
    await opened(page, service)
    await axe_finds_nothing(page)
    await page.emulate_media(color_scheme="dark")
    await axe_finds_nothing(page)
    for name in ("Agir, Adam", "Déplacer, Relais LSF, rang 2", "Seuils d’alerte, Relais LSF"):
        await page.get_by_role("button", name=name).first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await axe_finds_nothing(page)
        await page.keyboard.press("Escape")


async def test_the_board_fits_every_screen(page: Page, service: FakeService) -> None:
    await opened(page, service)
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        await fits_without_sideways_scrolling(page)
        assert await page.evaluate(SPILLS) == [], f"at {width}: wider than its card"
        await page.get_by_role("button", name="Déplacer, Relais LSF, rang 2").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await fits_without_sideways_scrolling(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_page_reads_in_english_and_keeps_its_roles_where_tables_become_lists(
    page: Page, service: FakeService
) -> None:
    await page.set_viewport_size({"width": 320, "height": 640})
    await opened(page, service)
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Team")).to_be_visible()
    team = page.get_by_role("table", name="Team")
    await expect(team.get_by_role("row", name="Inès")).to_contain_text("In a call")
    await expect(team.get_by_role("columnheader")).to_have_count(5)
    await axe_finds_nothing(page)
