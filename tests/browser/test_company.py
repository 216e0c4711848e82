"""Two beside each other: consultation, hand-over, team, four legs, a supervisor, as each side sees it."""

import time
from typing import Any

import pytest
from playwright.async_api import Page, expect

from signaling.call_terms import Action, CallState
from signaling.messages.call import CallAct
from signaling.messages.serving import Colleague, Colleagues, ColleaguesList
from tests.browser.fake_service import FakeService, agent_view, call_state, second_view
from tests.browser.steps import (
    BACKGROUND,
    PAGES,
    agent_in_call,
    axe_finds_nothing,
    enter_call,
    fits_without_sideways_scrolling,
    opened,
    picture_moves,
    signer_in_call,
)

pytestmark = PAGES
SECOND = (120, 90, 60)
ASKS: tuple[Action, ...] = ("consult", "transfer_call", "call_second", "dial", "mute", "hang_up")
FOUND = Colleagues(
    call_id="call-1",
    people=(
        Colleague(agent_id="a-1", name="Zoé Exemple", state="idle", second_level=True),
        Colleague(agent_id="a-2", name="Éric Essai", state="engaged"),
    ),
    skills=("medical",),
    second_level=True,
)


async def company(service: FakeService, *actions: Action, role: Any, **changes: Any) -> None:
    """The call goes on with somebody beside the agent."""
    state = call_state(CallState.ACTIVE, "hang_up", *actions, progress="answered", second=second_view(role), **changes)
    await service.party.send(state)


async def two_pictures(page: Page, service: FakeService) -> None:
    await service.party.offer("call-1", 2, BACKGROUND, SECOND)
    await picture_moves(page)


async def second_picture_moves(page: Page) -> None:
    await expect(page.locator("video.remote-second")).not_to_have_js_property("videoWidth", 0)


# --- the workstation


async def test_a_colleague_is_found_by_typing_and_consulted_by_enter_and_an_early_hand_over_warns(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.BRIEFING, *ASKS))
    await expect(page.get_by_role("button", name="Relève, avis…")).to_be_enabled()
    await page.keyboard.press("c")
    assert (await party.said(ColleaguesList)).call_id == "call-1"
    await party.send(FOUND)
    await expect(page.get_by_role("option", name="Zoé Exemple")).to_be_visible()
    await expect(page.get_by_text("Avant 10 minutes, une relève fatigue la personne")).to_be_visible()
    await axe_finds_nothing(page)
    await page.keyboard.type("eri")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    act = await party.said(CallAct)
    assert (act.action, act.to.agent_id) == ("consult", "a-2")
    await expect(page.get_by_role("heading", name="Relève ou avis d’un collègue")).to_have_count(0)


async def test_a_call_is_handed_on_cold_to_a_skill_or_to_the_second_level_by_arrows(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.BRIEFING, *ASKS))
    for nth, (steps, wanted) in enumerate([(3, "second_level"), (4, "medical")], start=1):
        await page.get_by_role("button", name="Relève, avis…").click()
        await party.said(ColleaguesList, nth)
        await party.send(FOUND)
        await expect(page.get_by_role("option", name="Zoé Exemple")).to_be_visible()
        for _ in range(steps):
            await page.keyboard.press("ArrowDown")
        await page.get_by_role("button", name="Transférer tout de suite").click()
        act = await party.said(CallAct, nth)
        assert act.action == "transfer_call"
        assert act.to.second_level if wanted == "second_level" else act.to.skill == wanted
        await expect(page.get_by_role("option")).to_have_count(0)


async def test_while_two_colleagues_speak_the_agent_reads_that_the_signer_waits_and_hands_over(
    page: Page, agent_service: FakeService
) -> None:
    await agent_in_call(page, agent_service)
    await company(agent_service, "bring_in", "hand_over", "dismiss_second", role="consulted")
    await expect(page.locator(".signer-waits")).to_contain_text("elle ne vous voit pas")
    await expect(page.get_by_role("button", name="Tous ensemble")).to_be_visible()
    await expect(page.get_by_role("button", name="Revenir à la personne")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name="Lui confier l’appel").click()
    assert (await agent_service.party.said(CallAct)).action == "hand_over"
    await agent_service.party.send(agent_view("wrap_up", wrap_up_s=60))
    await agent_service.party.send(call_state(CallState.ENDED, end_reason="completed", transferred=True))
    await expect(page.get_by_text("Confié à un collègue")).to_be_visible()


async def test_a_second_who_is_thanked_reads_that_its_part_is_over_with_its_own_time(
    page: Page, agent_service: FakeService
) -> None:
    await agent_in_call(page, agent_service)
    await company(agent_service, role="team", leg="second")
    beside = second_view("team", since=time.time() - 20)
    await agent_service.party.send(agent_view("wrap_up", wrap_up_s=60))
    await agent_service.party.send(
        call_state(CallState.ENDED, end_reason="completed", leg="second", second=beside, ended_at=beside.since + 21)
    )
    await expect(page.get_by_text("Votre part de l’appel est terminée")).to_be_visible()
    await expect(page.locator(".facts")).to_contain_text("0:21")


async def test_a_team_says_whose_turn_it_is_and_swaps_by_one_key_and_the_pictures_by_another(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    await agent_in_call(page, agent_service)
    await party.send(call_state(CallState.BRIEFING, *ASKS))
    await page.get_by_role("button", name="Appeler un second interprète").click()
    assert (await party.said(CallAct)).action == "call_second"
    await party.send(call_state(CallState.BRIEFING, "dismiss_second", second=second_view("team", "sought")))
    await expect(page.get_by_text("Nous cherchons quelqu’un…")).to_be_visible()
    await two_pictures(page, agent_service)
    await company(agent_service, "swap", "dismiss_second", role="team")
    await second_picture_moves(page)
    await expect(page.get_by_text("C’est vous qui interprétez")).to_be_visible()
    await page.keyboard.press("s")
    assert (await party.said(CallAct, 2)).action == "swap"
    await company(agent_service, "swap", role="team", active="second", swapping=True)
    await expect(page.get_by_text("la personne vous voit tous les deux")).to_be_visible()
    await page.keyboard.press("v")
    await expect(page.get_by_role("button", name="Agrandir : la personne sourde")).to_be_visible()
    await axe_finds_nothing(page)


async def test_the_second_of_a_team_has_a_view_of_its_own_and_leaves_from_it(
    page: Page, agent_service: FakeService
) -> None:
    party = agent_service.party
    agent_service.greeting = [agent_view("idle")]
    await opened(page, agent_service, "/workstation")
    await enter_call(page, agent_service)
    await company(agent_service, "swap", "dtmf", role="team", leg="second")
    await expect(page.get_by_role("heading", name="Vous êtes à côté d’un collègue")).to_be_visible()
    await expect(page.get_by_text("Votre collègue interprète")).to_be_visible()
    await expect(page.get_by_text("Clavier", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Composer", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Quitter cet appel").click()
    assert (await party.said(CallAct)).action == "hang_up"
    await party.send(agent_view("idle"))
    await expect(page.get_by_role("heading", name="Vous êtes disponible")).to_be_visible()


async def test_a_deaf_adviser_calls_an_interpreter_in(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service, "direct")
    await agent_service.party.send(call_state(CallState.TALKING, "call_second", "hang_up", kind="direct"))
    await page.get_by_role("button", name="Appeler un interprète").click()
    assert (await agent_service.party.said(CallAct)).action == "call_second"


async def test_an_adviser_who_hears_calls_the_second_level_in(page: Page, agent_service: FakeService) -> None:
    await agent_in_call(page, agent_service, "direct")
    offered = call_state(CallState.TALKING, "call_second", "hang_up", kind="direct", agent_hears=True)
    await agent_service.party.send(offered)
    await page.get_by_role("button", name="Appeler le second niveau").click()
    said = await agent_service.party.said(CallAct)
    assert said.action == "call_second" and said.to is not None and said.to.second_level


# --- the signer


async def test_the_signer_waits_in_calm_while_the_interpreter_asks_a_colleague(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await company(signer_service, role="consulted")
    await expect(page.get_by_text("Un instant, restez là")).to_be_visible()
    await expect(page.get_by_text("L’interprète parle avec un collègue.")).to_be_visible()
    await expect(page.locator("video.remote")).to_be_hidden()
    await axe_finds_nothing(page)
    await signer_service.party.send(call_state(CallState.ACTIVE, "hang_up", progress="answered", transferred=True))
    await expect(page.get_by_text("Un autre interprète prend le relais.")).to_be_visible()
    await expect(page.locator("video.remote")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (320, 640)])
async def test_the_signer_sees_both_of_a_team_as_large_while_they_change_places(
    page: Page, signer_service: FakeService, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await signer_in_call(page, signer_service)
    await two_pictures(page, signer_service)
    await company(signer_service, role="team", swapping=True)
    await second_picture_moves(page)
    await expect(page.get_by_text("vous voyez les deux")).to_be_visible()
    first = await page.locator("video.remote").bounding_box()
    other = await page.locator("video.remote-second").bounding_box()
    assert first is not None and other is not None
    assert abs(first["width"] - other["width"]) <= 8
    await fits_without_sideways_scrolling(page)
    await axe_finds_nothing(page)
    await company(signer_service, role="team", active="second")
    await expect(page.locator("video.remote-second")).to_have_count(0)


async def test_with_four_legs_the_signer_sees_two_people_and_chooses_by_keyboard_who_is_large(
    page: Page, signer_service: FakeService
) -> None:
    await signer_in_call(page, signer_service)
    await two_pictures(page, signer_service)
    await company(signer_service, role="interpreter", kind="direct")
    await second_picture_moves(page)
    swap = page.get_by_role("button", name="Agrandir : l’interprète")
    await swap.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Agrandir : le visioconseiller")).to_be_focused()
    await axe_finds_nothing(page)


@pytest.mark.parametrize("answer", ["Oui, d’accord", "Non"])
async def test_a_supervisor_joins_only_after_the_signers_clear_yes_and_is_named_while_there(
    page: Page, signer_service: FakeService, answer: str
) -> None:
    party = signer_service.party
    await signer_in_call(page, signer_service)
    asks = second_view("supervisor", "asked", name="Ana", waiting_for=("signer", "agent"))
    may: tuple[Action, ...] = ("allow_supervisor", "refuse_supervisor")
    await party.send(call_state(CallState.TALKING, "hang_up", *may, kind="direct", second=asks))
    await expect(page.get_by_text("demande à rejoindre l’appel")).to_be_visible()
    await axe_finds_nothing(page)
    await page.get_by_role("button", name=answer, exact=True).click()
    is_yes = answer != "Non"
    assert (await party.said(CallAct)).action == ("allow_supervisor" if is_yes else "refuse_supervisor")
    if is_yes:
        here = second_view("supervisor", name="Ana")
        await party.send(call_state(CallState.TALKING, "hang_up", "refuse_supervisor", kind="direct", second=here))
        await expect(page.get_by_text("Ana (supervision) est dans l’appel")).to_be_visible()
        await page.get_by_role("button", name="Lui demander de partir").click()
        assert (await party.said(CallAct, 2)).action == "refuse_supervisor"
