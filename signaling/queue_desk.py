"""What pages ask about waiting and serving beside alerts: colleagues, refusals, call-backs, waits."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from interpreter_queue.model import QueueSnapshot
from signaling.call_desk import CallDesk
from signaling.call_model import Call
from signaling.callback_book import CallbackBook
from signaling.colleagues import colleagues
from signaling.messages.serving import CallbackCancel, CallbackRequest, ColleaguesList, RefusalSet
from signaling.page_errors import PageError
from signaling.rate_limit import Rate, TokenBuckets
from signaling.sessions import Page
from signaling.waits import WaitBoard

LISTS = Rate(burst=20, period_s=30.0)  # of colleagues, for one agent: each looks at everybody
log = logging.getLogger(__name__)


class People(Protocol):
    """``signaling.records_desk``."""

    async def agent_names(self, agent_ids: Iterable[str]) -> dict[str, str]: ...
    async def set_refusal(self, signer_id: str, agent_id: str, *, by_signer: bool, enabled: bool) -> None: ...


class QueueDesk:
    """:param board: the queue as this process knows it."""

    def __init__(
        self,
        desk: CallDesk,
        board: Callable[[], QueueSnapshot],
        callbacks: CallbackBook,
        waits: WaitBoard,
        people: People,
    ) -> None:
        self._desk, self._board, self._callbacks = desk, board, callbacks
        self._waits, self._people = waits, people
        self._lists = TokenBuckets(LISTS)

    async def came(self, page: Page) -> None:
        """Without database or queue a page is welcome all the same."""
        for show in (self._waits.show, self._callbacks.show):
            try:
                await show(page)
            except Exception as error:
                log.warning("not shown: %s", type(error).__name__)

    async def colleagues(self, page: Page, message: ColleaguesList) -> None:
        """:raises PageError: not this agent's call, or not any more; asked for too often."""
        call = self._desk.held(page, message.call_id)[0].call
        if self._lists.take(page.identity.key, time.monotonic()):
            raise PageError("rate_limited")
        agents = self._board().agents
        names = await self._people.agent_names(agent.agent_id for agent in agents)
        if call.rehearsal:
            names = {agent.agent_id: "Répétition" for agent in agents} | names
        page.send(colleagues(call, page.identity.key, agents, names))

    async def refusal(self, page: Page, message: RefusalSet) -> None:
        """
        From the next call on; the other one is not told, and the running call goes on.

        :raises PageError: not a call of this page's, or of somebody who has no account; a supervisor is no side of it.
        """
        if page.identity.role == "supervisor":
            raise PageError("wrong_role")
        call = self._desk.mine(page, message.call_id).call
        signer_id, agent_id = call.signer_id, _agent_of(call, page)
        if call.kind == "video" or agent_id is None:
            raise PageError("out_of_place")
        if signer_id is None or page.identity.person_id is None:
            raise PageError("sign_in_required")
        await self._people.set_refusal(
            signer_id, agent_id, by_signer=page.identity.role == "signer", enabled=message.enabled
        )

    async def request_callback(self, page: Page, message: CallbackRequest) -> None:
        await self._callbacks.request(page, message)

    async def cancel_callback(self, page: Page, message: CallbackCancel) -> None:
        await self._callbacks.cancel(page, message)


def _agent_of(call: Call, page: Page) -> str | None:
    """Whom it is about: the agent who asks, or who serves or served the signer last."""
    if page.identity.role == "agent":
        return page.identity.key
    return call.agent_key or next(iter(reversed(call.served_by)), None)
