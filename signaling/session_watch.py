"""
Ends pages whose sign-in has ended: signed out, run out, password changed, person disabled, trades or skills changed.

A WebSocket outlives the cookie that it was opened with, so what the cookie is worth is asked again, for all pages of
this process at once. A call is not cut by the hour alone: who ran out of time in one stays until its end. Without
the database everybody stays: a fault of ours signs nobody out.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from signaling.admission import identity_of
from signaling.call_terms import PageRole
from signaling.identity import Identity
from signaling.messages.session import Error
from signaling.page_errors import sentence
from signaling.records.model import Person, Session
from signaling.records.sessions import Sessions
from signaling.sessions import Hub, PageSession

LOOK_S = 10.0
CLOSE_CODE = 4401  # private range of RFC 6455; 401 as in HTTP
log = logging.getLogger(__name__)


class SessionWatch:
    """:param in_call: whether this person is in a call. :param clock: Unix seconds."""

    def __init__(
        self,
        hub: Hub,
        sessions: Sessions,
        in_call: Callable[[PageRole, str], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub, self._sessions, self._in_call, self._clock = hub, sessions, in_call, clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception as error:  # the database is away: nobody is signed out by that
                log.warning("sign-ins not looked at: %s", type(error).__name__)

    async def look(self) -> None:
        pages = [page for page in self._hub.sessions() if page.sign_in is not None]
        found = await self._sessions.living({page.sign_in for page in pages if page.sign_in}) if pages else {}
        for page in pages:
            if page.is_open and not self._may_stay(page, found.get(page.sign_in or "")):
                log.info("page ended with its sign-in", extra={"role": page.identity.role})
                message = sentence("sign_in_required", page.locale)
                page.end(Error(code="sign_in_required", message=message), CLOSE_CODE)

    def _may_stay(self, page: PageSession, session: Session | None) -> bool:
        if session is None or not is_still(page.identity, session.person):
            return False
        return session.expires_at > self._clock() or self._in_call(page.identity.role, page.identity.key)


def is_still(then: Identity, person: Person) -> bool:
    """Whether somebody is who they were let in as. An agent's trades and skills are part of that."""
    now = identity_of(person)
    return (then.role, set(then.trades), then.skills) == (now.role, set(now.trades), now.skills)
