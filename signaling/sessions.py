"""
Who has a page open: one session per person, role and device, whatever the tab.

A second tab on the same device takes over and the first is told ``replaced``; the second may be connected to another
process of the centre (``signaling.elsewhere``). A signer's other devices stay: all of them ring. An agent sits at one
workstation: their pages are all of one, nameless device. Sending never waits: a page that does not read is closed and
resumes.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from aiohttp import WSCloseCode
from aiohttp.web import WebSocketResponse

from signaling.call_terms import CallState, DeviceType, PageRole
from signaling.elsewhere import Elsewhere
from signaling.identity import Identity
from signaling.messages import AnyServerMessage
from signaling.messages.call_state import CallStateMessage
from signaling.messages.media import MediaClosed, MediaOffer
from signaling.messages.session import Replaced
from signaling.messages.visibility import is_check
from signaling.peer_messages import PageHere

OVER = (CallState.MESSAGE, CallState.ENDED)  # for the person at the page


@dataclass(eq=False)
class PageSession:
    """
    One open page. ``send`` queues; a writer task drains.

    :param live_generation: of the peer connection it has, or was last offered; None: none.
    :param address: the client's, as limits count it. :param sign_in: hash of the session token; None: no sign-in.
    :param device: a signer's browser's own id (``hello``); empty: it has none, or an agent's page.
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
    device_type: DeviceType | None = None
    since: float = field(default_factory=time.time)
    _queue: asyncio.Queue[AnyServerMessage] = field(init=False)
    is_open: bool = True
    close_code: int = WSCloseCode.GOING_AWAY
    _last: AnyServerMessage | None = None
    _in_call: str | None = None

    def __post_init__(self) -> None:
        self._queue = asyncio.Queue(self.limit)

    def send(self, message: AnyServerMessage) -> None:
        if self._is_of_earlier_call(message):
            return
        if isinstance(message, MediaOffer) and not is_check(message.call_id):
            self.live_generation = message.generation
        elif isinstance(message, MediaClosed):
            self.live_generation = None
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.is_open = False  # the reader loop sees it; the page resumes with a fresh state

    @property
    def in_call(self) -> str | None:
        """Id of the call that the page shows, until it is over for the person."""
        return self._in_call

    def _is_of_earlier_call(self, message: AnyServerMessage) -> bool:
        """A caller may still leave a message, and hang up, while the page is in its next call."""
        if isinstance(message, CallStateMessage):
            is_over = message.state in OVER
            if is_over and self._in_call not in (None, message.call_id):
                return True
            self._in_call = None if is_over else message.call_id
        return isinstance(message, MediaClosed) and self._in_call not in (None, message.call_id)

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
        return PageHere(
            role=who.role, key=who.key, device=self.device, since=self.since, live_generation=self.live_generation
        )


@dataclass(frozen=True)
class PageElsewhere:
    """A page connected to another process, as the owner of its call sees it."""

    identity: Identity
    hub: "Hub"
    device: str = ""
    device_type: DeviceType | None = None

    def send(self, message: AnyServerMessage) -> None:
        self.hub.send(self.identity.role, self.identity.key, message, self.device)


Page = PageSession | PageElsewhere


class Hub:
    """All pages: the sessions of this process, and through ``elsewhere`` those of the others."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._people: dict[tuple[PageRole, str], dict[str, PageSession]] = {}  # each person's pages by device

    def attach(self, session: PageSession) -> None:
        pages = self._people.setdefault((session.identity.role, session.identity.key), {})
        earlier = pages.get(session.device)
        pages[session.device] = session
        if earlier is not None:
            earlier.send(Replaced())
        self._elsewhere.page_is_mine(session.here())

    def detach(self, session: PageSession) -> bool:
        """:returns: whether the device has no page any more (False: a newer tab is there)."""
        role, key = session.identity.role, session.identity.key
        if self.find(role, key, session.device) is not session:
            return False
        self._remove(session)
        self._elsewhere.page_left_me(role, key, session.device)
        return True

    def replace(self, newer: PageHere) -> bool:
        """Another process has a page of this device. :returns: False: the one here is newer."""
        session = self.find(newer.role, newer.key, newer.device)
        if session is not None:
            if session.since > newer.since:
                return False
            self._remove(session)
            session.send(Replaced())
        return True

    def _remove(self, session: PageSession) -> None:
        place = session.identity.role, session.identity.key
        del self._people[place][session.device]
        if not self._people[place]:
            del self._people[place]

    def find(self, role: PageRole, key: str | None, device: str | None = None) -> PageSession | None:
        """
        :param device: None: whichever of the person's.
        :returns: the page, when it is connected to this process; of several the newest.
        """
        return max(self.pages(role, key, device), key=lambda session: session.since, default=None)

    def pages(self, role: PageRole, key: str | None, device: str | None = None) -> list[PageSession]:
        """:returns: the person's pages that are connected to this process."""
        mine = self._people.get((role, key), {}) if key is not None else {}
        return [session for each, session in mine.items() if device in (None, each)]

    def is_present(self, role: PageRole, key: str | None, device: str | None = None) -> bool:
        """Whether the person has a page, on this device or on any, here or at another process."""
        devices = self.devices(role, key)
        return bool(devices) if device is None else device in devices

    def devices(self, role: PageRole, key: str | None) -> tuple[str, ...]:
        """:returns: ids of the person's devices that have a page open, here or elsewhere; empty: one without an id."""
        if key is None:
            return ()
        here = self._people.get((role, key), {})
        return (*here, *(each for each in self._elsewhere.devices(role, key) if each not in here))

    def send(self, role: PageRole, key: str | None, message: AnyServerMessage, device: str | None = None) -> None:
        """
        To the person's pages, wherever they are connected; to nobody when there is none.

        :param device: to this one of the person's devices; None: to all.
        """
        if key is None:
            return
        is_here = self.send_here(role, key, message, device)
        if device is None or not is_here:
            self._elsewhere.send(role, key, message, device)

    def send_here(self, role: PageRole, key: str, message: AnyServerMessage, device: str | None = None) -> bool:
        """What every process learns by itself and tells its own pages. :returns: whether there is one here."""
        pages = self.pages(role, key, device)
        for session in pages:
            session.send(message)
        return bool(pages)

    def sessions(self) -> list[PageSession]:
        return [session for pages in self._people.values() for session in pages.values()]

    def agents(self) -> list[PageSession]:
        return [session for session in self.sessions() if session.identity.role == "agent"]

    def count(self, role: PageRole) -> int:
        """:returns: people, not pages."""
        return sum(1 for each, _ in self._people if each == role)
