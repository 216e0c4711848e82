"""
Who has a page open: one session per person and role, whatever the tab.

A second tab of the same person takes over and the first is told ``replaced``; the second may be connected to another
process of the centre (``signaling.elsewhere``). Sending never waits: a page that does not read is closed and resumes.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from aiohttp import WSCloseCode
from aiohttp.web import WebSocketResponse

from signaling.call_model import Party
from signaling.elsewhere import Elsewhere
from signaling.identity import Identity
from signaling.messages import AnyServerMessage, MediaClosed, MediaOffer, Replaced
from signaling.peer_messages import PageHere


@dataclass(eq=False)
class PageSession:
    """
    One open page. ``send`` queues; a writer task drains.

    :param live_generation: of the peer connection it has, or was last offered; None: none.
    :param address: the client's, as limits count it. :param sign_in: hash of the session token; None: no sign-in.
    :param device: the browser's own id (``hello``); empty: it has none.
    :param since: wall clock, seconds: one clock for all machines (NTP); the later of two tabs counts.
    """

    identity: Identity
    socket: WebSocketResponse
    locale: str = "fr"
    brand: str | None = None
    limit: int = 256
    live_generation: int | None = None
    address: str = ""
    sign_in: str | None = None
    device: str = ""
    since: float = field(default_factory=time.time)
    _queue: asyncio.Queue[AnyServerMessage] = field(init=False)
    is_open: bool = True
    close_code: int = WSCloseCode.GOING_AWAY
    _last: AnyServerMessage | None = None

    def __post_init__(self) -> None:
        self._queue = asyncio.Queue(self.limit)

    def send(self, message: AnyServerMessage) -> None:
        if isinstance(message, MediaOffer):
            self.live_generation = message.generation
        elif isinstance(message, MediaClosed):
            self.live_generation = None
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.is_open = False  # the reader loop sees it; the page resumes with a fresh state

    def end(self, last: AnyServerMessage, close_code: int) -> None:
        """Close the page after this message."""
        self._last, self.close_code = last, close_code
        self.send(last)

    async def write(self) -> None:
        """Drain until the socket is gone or the session was closed."""
        with contextlib.suppress(ConnectionError):
            while self.is_open and not self.socket.closed:
                message = await self._queue.get()
                await self.socket.send_str(message.model_dump_json())
                if isinstance(message, Replaced) or message is self._last:
                    break
        self.is_open = False
        await self.socket.close(code=self.close_code)

    def here(self) -> PageHere:
        who = self.identity
        return PageHere(role=who.role, key=who.key, since=self.since, live_generation=self.live_generation)


@dataclass(frozen=True)
class PageElsewhere:
    """A page connected to another process, as the owner of its call sees it."""

    identity: Identity
    hub: "Hub"

    def send(self, message: AnyServerMessage) -> None:
        self.hub.send(self.identity.role, self.identity.key, message)


Page = PageSession | PageElsewhere


class Hub:
    """All pages: the sessions of this process, and through ``elsewhere`` those of the others."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._sessions: dict[tuple[Party, str], PageSession] = {}

    def attach(self, session: PageSession) -> None:
        key = (session.identity.role, session.identity.key)
        earlier = self._sessions.get(key)
        self._sessions[key] = session
        if earlier is not None:
            earlier.send(Replaced())
        self._elsewhere.page_is_mine(session.here())

    def detach(self, session: PageSession) -> bool:
        """:returns: whether the person has no page any more (False: a newer tab is there)."""
        key = (session.identity.role, session.identity.key)
        if self._sessions.get(key) is not session:
            return False
        del self._sessions[key]
        self._elsewhere.page_left_me(*key)
        return True

    def replace(self, newer: PageHere) -> bool:
        """Another process has a page of this person. :returns: False: the one here is newer."""
        session = self.find(newer.role, newer.key)
        if session is not None:
            if session.since > newer.since:
                return False
            del self._sessions[newer.role, newer.key]
            session.send(Replaced())
        return True

    def find(self, role: Party, key: str | None) -> PageSession | None:
        """:returns: the page, when it is connected to this process."""
        return self._sessions.get((role, key)) if key else None

    def is_present(self, role: Party, key: str | None) -> bool:
        """Whether the person has a page, here or at another process."""
        return key is not None and ((role, key) in self._sessions or self._elsewhere.has_page(role, key))

    def devices(self, role: Party, key: str | None) -> tuple[str, ...]:
        """:returns: ids of the person's devices that have a page open, here or elsewhere."""
        session = self.find(role, key)
        return (session.device,) if session is not None else ()

    def send(self, role: Party, key: str | None, message: AnyServerMessage, device: str | None = None) -> None:
        """
        To the person's page, wherever it is connected; to nobody when there is none.

        :param device: to this one of the person's devices; None: to all.
        """
        if key is not None and not self.send_here(role, key, message):
            self._elsewhere.send(role, key, message)

    def send_here(self, role: Party, key: str, message: AnyServerMessage) -> bool:
        """What every process learns by itself and tells its own pages. :returns: whether the page is here."""
        session = self.find(role, key)
        if session is None:
            return False
        session.send(message)
        return True

    def sessions(self) -> list[PageSession]:
        return list(self._sessions.values())

    def agents(self) -> list[PageSession]:
        return [session for (role, _), session in self._sessions.items() if role == "agent"]

    def count(self, role: Party) -> int:
        return sum(1 for each, _ in self._sessions if each == role)
