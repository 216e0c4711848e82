"""Pages end with the sign-in that they were opened with."""

from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from aiohttp.web import WebSocketResponse

from signaling.admission import identity_of
from signaling.elsewhere import Elsewhere
from signaling.identity import Identity
from signaling.records.model import Person, Qualification, Session
from signaling.records.sessions import Sessions
from signaling.session_watch import CLOSE_CODE, SessionWatch, is_still
from signaling.sessions import Hub, PageSession

INES = Person(
    "ines", "ines", "Inès", "agent", qualifications=(Qualification("interpreter"),), skills={"hearing": 5, "lsfa": 3}
)
CAMILLE = Person("camille", "camille", "Camille", "signer")


class Table:
    """Of sessions, by token hash."""

    def __init__(self, **found: Session) -> None:
        self.found, self.asked = found, 0

    async def living(self, hashes: set[str]) -> dict[str, Session]:
        self.asked += 1
        return {key: session for key, session in self.found.items() if key in hashes}


def open_page(hub: Hub, who: Identity, sign_in: str | None) -> PageSession:
    page = PageSession(who, cast(WebSocketResponse, None), sign_in=sign_in)
    hub.attach(page)
    return page


def watch(hub: Hub, table: Table, *, in_call: bool = False) -> SessionWatch:
    return SessionWatch(hub, cast(Sessions, table), lambda _role, _key: in_call, lambda: 1000.0)


def has_ended(page: PageSession) -> bool:
    return page.close_code == CLOSE_CODE


async def test_a_page_stays_with_its_sign_in_and_ends_without() -> None:
    hub, table = Hub(Elsewhere(lambda _: None)), Table(a=Session(INES, 0, 2000), b=Session(CAMILLE, 0, 2000))
    ines, camille = open_page(hub, identity_of(INES), "a"), open_page(hub, identity_of(CAMILLE), "b")
    visitor = open_page(hub, Identity("visitor-1", "signer"), None)
    await watch(hub, table).look()
    assert not any(map(has_ended, (ines, camille, visitor)))
    del table.found["a"]
    await watch(hub, table).look()
    assert [has_ended(page) for page in (ines, camille, visitor)] == [True, False, False]
    assert table.asked == 2, "one question for all pages"


async def test_nobody_signed_in_asks_nothing() -> None:
    hub, table = Hub(Elsewhere(lambda _: None)), Table()
    open_page(hub, Identity("visitor-1", "signer"), None)
    await watch(hub, table).look()
    assert table.asked == 0


@pytest.mark.parametrize(("in_call", "ends"), [(True, False), (False, True)])
async def test_a_session_that_runs_out_cuts_no_call(in_call: bool, ends: bool) -> None:
    hub, table = Hub(Elsewhere(lambda _: None)), Table(a=Session(CAMILLE, 0, 999))
    page = open_page(hub, identity_of(CAMILLE), "a")
    await watch(hub, table, in_call=in_call).look()
    assert has_ended(page) == ends


@pytest.mark.parametrize(
    "changed",
    [
        replace(INES, qualifications=()),
        replace(INES, qualifications=(Qualification("interpreter", "", date(2001, 1, 1)),)),
        replace(INES, skills={"hearing": 5}),
        replace(INES, skills={"hearing": 5, "lsfa": 2}),
        replace(INES, role="signer"),
    ],
)
def test_who_lost_a_trade_a_skill_or_the_role_signs_in_anew(changed: Person) -> None:
    assert not is_still(identity_of(INES), changed)


def test_a_new_name_or_another_order_of_skills_ends_nothing() -> None:
    assert is_still(identity_of(INES), replace(INES, name="Inès P.", skills={"lsfa": 3, "hearing": 5}))
