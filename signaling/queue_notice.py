"""
Tells every page of this process when the waiting line is away, and when it is back.

Calls go on without Redis, and what waits keeps its place: the notice says so, so that nobody starts over.
"""

import asyncio
from collections.abc import Callable, Iterable
from weakref import WeakSet

from signaling.messages.serving import ServiceNotice
from signaling.sessions import PageSession

LOOK_S = 0.5
GRACE_S = 1.5  # a failover that nobody notices needs no notice


class QueueNotice:
    """
    :param is_there: whether the queue is connected and up to date here. :param sessions: the pages of this process.
    """

    def __init__(self, is_there: Callable[[], bool], sessions: Callable[[], Iterable[PageSession]]) -> None:
        self._is_there, self._sessions = is_there, sessions
        self._told: WeakSet[PageSession] = WeakSet()  # that it is away
        self._away_since: float | None = None

    async def run(self) -> None:
        """Until cancelled; a page that comes in between is told like the others."""
        clock = asyncio.get_running_loop().time
        while True:
            self.look(clock())
            await asyncio.sleep(LOOK_S)

    def look(self, now: float) -> None:
        """:param now: monotonic, seconds."""
        if self._is_there():
            self._away_since = None
            for session in list(self._told):
                session.send(ServiceNotice(code="queue_back"))
            self._told.clear()
            return
        self._away_since = now if self._away_since is None else self._away_since
        if now - self._away_since >= GRACE_S:
            for session in self._sessions():
                if session not in self._told:
                    session.send(ServiceNotice(code="queue_away"))
                    self._told.add(session)
