"""
Who has a page open: one session per person and role, whatever the tab.

A second tab of the same person takes over and the first is told ``replaced``. Sending never waits: a page that does
not read is closed and resumes.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from aiohttp import WSCloseCode
from aiohttp.web import WebSocketResponse

from interpreter_queue.model import Trade
from signaling.call_model import Party
from signaling.messages import AnyServerMessage, Replaced


@dataclass(frozen=True)
class Identity:
    """
    Who is at the page.

    :param key: person id, or a random id for a brand's visitor or a rehearsal.
    :param person_id: None for visitors and rehearsals.
    """

    key: str
    role: Party
    name: str = ""
    person_id: str | None = None
    trades: tuple[Trade, ...] = ()
    skills: tuple[str, ...] = ()
    number: str | None = None
    rehearsal: bool = False


@dataclass(eq=False)
class PageSession:
    """One open page. ``send`` queues; a writer task drains."""

    identity: Identity
    socket: WebSocketResponse
    locale: str = "fr"
    brand: str | None = None
    limit: int = 256
    _queue: asyncio.Queue[AnyServerMessage] = field(init=False)
    is_open: bool = True

    def __post_init__(self) -> None:
        self._queue = asyncio.Queue(self.limit)

    def send(self, message: AnyServerMessage) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.is_open = False  # the reader loop sees it; the page resumes with a fresh state

    async def write(self) -> None:
        """Drain until the socket is gone or the session was closed."""
        with contextlib.suppress(ConnectionError):
            while self.is_open and not self.socket.closed:
                message = await self._queue.get()
                await self.socket.send_str(message.model_dump_json())
                if isinstance(message, Replaced):
                    break
        self.is_open = False
        await self.socket.close(code=WSCloseCode.GOING_AWAY)


class Hub:
    """All sessions of this process."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[Party, str], PageSession] = {}

    def attach(self, session: PageSession) -> None:
        key = (session.identity.role, session.identity.key)
        earlier = self._sessions.get(key)
        self._sessions[key] = session
        if earlier is not None:
            earlier.send(Replaced())

    def detach(self, session: PageSession) -> bool:
        """:returns: whether the person has no page any more (False: a newer tab is there)."""
        key = (session.identity.role, session.identity.key)
        if self._sessions.get(key) is not session:
            return False
        del self._sessions[key]
        return True

    def find(self, role: Party, key: str | None) -> PageSession | None:
        return self._sessions.get((role, key)) if key else None

    def send(self, role: Party, key: str | None, message: AnyServerMessage) -> bool:
        """:returns: whether there was a page to send to."""
        session = self.find(role, key)
        if session is None:
            return False
        session.send(message)
        return True

    def agents(self) -> list[PageSession]:
        return [session for (role, _), session in self._sessions.items() if role == "agent"]

    def count(self, role: Party) -> int:
        return sum(1 for each, _ in self._sessions if each == role)
