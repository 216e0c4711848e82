"""
What the other signaling processes say, brought to the pages and calls of this one.

A call is served by its owner alone; a page is written to by the process that it is connected to alone.
"""

import asyncio
from collections.abc import Awaitable, Callable

from signaling.call_desk import CallDesk
from signaling.call_leases import CallLeases
from signaling.elsewhere import Elsewhere
from signaling.floor import Floor
from signaling.messages import AnyClientMessage
from signaling.messages.call_state import CallStateMessage
from signaling.peer_messages import (
    AnyPeerMessage,
    CallGone,
    CallHere,
    Follow,
    Followed,
    PageGone,
    PageHere,
    ToPage,
)
from signaling.peers import PeerLink
from signaling.sessions import Hub, Page, PageElsewhere


class PeerDesk:
    """:param outcome: of a client message about a call owned here: its error code, None when done."""

    def __init__(
        self,
        elsewhere: Elsewhere,
        hub: Hub,
        desk: CallDesk,
        leases: CallLeases,
        floor: Floor,
        *,
        outcome: Callable[[Page, AnyClientMessage], Awaitable[str | None]],
    ) -> None:
        self._elsewhere, self._hub, self._desk, self._floor = elsewhere, hub, desk, floor
        self._leases, self._outcome = leases, outcome
        self._tasks: set[asyncio.Task[None]] = set()

    def found(self, link: PeerLink) -> None:
        """Another process is there: it learns what is here."""
        for session in self._hub.sessions():
            link.send(session.here())
        for here in self._elsewhere.my_calls():
            link.send(here)

    def lost(self, link: PeerLink) -> None:
        for page in self._elsewhere.lose(link):
            self._desk.page_went(page.role, page.key, page.device)

    def said(self, link: PeerLink, message: AnyPeerMessage) -> None:
        match message:
            case ToPage():
                told = message.message
                if not isinstance(told, CallStateMessage) or self._elsewhere.may_tell(link, told.call_id):
                    self._hub.send_here(message.role, message.key, told, message.device)
            case PageHere():
                self._page_came(link, message)
            case PageGone():
                if self._elsewhere.page_went(link, message):
                    self._desk.page_went(message.role, message.key, message.device)
            case CallHere():
                self._call_came(link, message)
            case CallGone(call_id=call_id):
                self._elsewhere.call_went(link, call_id)
            case Follow():
                self._start(self._follow(link, message))
            case _:
                pass

    def _page_came(self, link: PeerLink, page: PageHere) -> None:
        if not self._hub.replace(page) or not self._elsewhere.page_came(link, page):
            return
        self._desk.page_came(page.role, page.key, page.device, page.live_generation)
        if page.role == "agent":
            self._start(self._floor.came_elsewhere(page.key))

    def _call_came(self, link: PeerLink, here: CallHere) -> None:
        """A new owner learns exactly what peer connections the call's pages have: some may have reloaded meanwhile."""
        if not self._elsewhere.call_came(link, here):
            return
        self._start(self._leases.lose(here.call_id, here.epoch))
        for session in self._hub.sessions():
            if here.has(session.identity.role, session.identity.key):
                link.send(session.here())

    async def _follow(self, link: PeerLink, message: Follow) -> None:
        page = PageElsewhere(message.identity, self._hub, message.device, message.device_type)
        code = await self._outcome(page, message.message)
        link.send(Followed(re=message.id, code=code))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
