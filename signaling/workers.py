"""
The workers this process talks to: found in the registry, connected by control lines, chosen by load.

Decides where a new call goes. What is asked of a worker belongs to ``signaling.call_runner``.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.addresses import reach
from relay.control import ControlClient
from relay.control_messages import AnyCommand, AnyEvent, VisibilityFigures, WorkerKind, WorkerState
from relay.errors import RelayError
from relay.registry import BEAT_S, Registration, registered
from relay.secure_sockets import Dialer, failure_code

POLL_S = 0.5
GREETING_DEADLINE_S = 5.0
LOAD_AGE_S = BEAT_S + POLL_S + 0.5  # so old may the load in the registry be
KINDS: tuple[WorkerKind, ...] = ("media", "phone", "visibility")
ENDS_ON_SILENCE: frozenset[WorkerKind] = frozenset({"media", "phone"})  # people wait for what a hung one owes them
log = logging.getLogger(__name__)


class WorkerLink:
    """One connected worker."""

    def __init__(self, state: WorkerState, client: ControlClient) -> None:
        self.state = state
        self.load = state.load
        self.draining = state.draining
        self.figures: VisibilityFigures | None = None  # the last a visibility worker told
        self.placed = 0  # calls, since this connection
        self._placed_at: deque[float] = deque(maxlen=1000)  # calls given that its load may not show yet, loop time
        self._client = client

    @property
    def worker_id(self) -> str:
        return self.state.worker_id

    @property
    def datagram_socket(self) -> str | None:
        return self.state.datagram_socket

    def datagrams_from(self, sender: "WorkerLink") -> str | None:
        """:returns: where ``sender`` sends its datagrams to this worker: a path on one machine, else ``udp://``."""
        if self.state.datagram_socket is None:
            return None
        is_same_place = sender.state.place == self.state.place
        return reach(self.state.datagram_socket, self.state.datagram_address, is_same_place=is_same_place)

    @property
    def share(self) -> float:
        """Of its capacity, with the calls given to it that its load may not show yet; 1 is full."""
        now = asyncio.get_running_loop().time()
        while self._placed_at and now - self._placed_at[0] > LOAD_AGE_S:
            self._placed_at.popleft()
        return self.load + len(self._placed_at) / max(self.state.capacity, 1)

    def place(self) -> None:
        self.placed += 1
        self._placed_at.append(asyncio.get_running_loop().time())

    async def request(self, command: AnyCommand) -> dict[str, Any]:
        """:raises RelayError: refused, silent or gone."""
        return await self._client.request(command)

    async def close(self) -> None:
        await self._client.close()


class WorkerPool:
    """
    :param on_event: every event of every worker.
    :param on_lost: a worker's connection ended.
    :param on_found: a worker greeted; its state tells the calls it holds.
    :param dialer: connects to workers of other machines. :param place: of this process (``secure_sockets.place_of``).
    """

    def __init__(
        self,
        redis: Redis,
        on_event: Callable[[WorkerLink, AnyEvent], None],
        on_lost: Callable[[WorkerLink], None],
        on_found: Callable[[WorkerLink], None],
        *,
        dialer: Dialer | None = None,
        place: str = "",
    ) -> None:
        self._redis = redis
        self._dialer, self._place = dialer or Dialer(), place
        self._failures: dict[str, str] = {}  # worker id -> code of the last one
        self._on_event, self._on_lost, self._on_found = on_event, on_lost, on_found
        self.is_stopping = False  # then workers are lost because everything stops
        self._links: dict[str, WorkerLink] = {}
        self._connecting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def links(self, kind: WorkerKind) -> list[WorkerLink]:
        return [link for link in self._links.values() if link.state.kind == kind]

    def link(self, worker_id: str | None) -> WorkerLink | None:
        return self._links.get(worker_id) if worker_id else None

    def choose(self, kind: WorkerKind, near: WorkerLink | None = None, below: float = 1.0) -> WorkerLink | None:
        """
        :param below: share of its capacity: what is left above it is kept for others.
        :param near: at equal load, a worker of the same place is better: its datagrams need no network.
        :returns: the least loaded worker that takes new calls, None when there is none.
        """
        able = [link for link in self.links(kind) if not link.draining and link.share < below]
        if not able:
            return None
        place = near.state.place if near is not None else None
        best = min(able, key=lambda link: (link.share, link.state.place != place, link.worker_id))
        best.place()
        return best

    async def run(self) -> None:
        """Look for workers until cancelled."""
        try:
            while True:
                with contextlib.suppress(RedisError, OSError):
                    for kind in KINDS:
                        for entry in await registered(self._redis, kind):
                            self._consider(entry)
                await asyncio.sleep(POLL_S)
        finally:
            for task in list(self._tasks):
                task.cancel()
            for link in list(self._links.values()):
                await link.close()

    def _consider(self, entry: Registration) -> None:
        link = self._links.get(entry.worker_id)
        if link is not None:
            link.load, link.draining = entry.load, entry.draining
        elif entry.worker_id not in self._connecting:
            self._connecting.add(entry.worker_id)
            task = asyncio.create_task(self._connect(entry))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, entry: Registration) -> None:
        greeted: asyncio.Future[WorkerLink] = asyncio.get_running_loop().create_future()

        def on_event(event: AnyEvent) -> None:
            if isinstance(event, WorkerState) and not greeted.done():
                greeted.set_result(WorkerLink(event, client))
            elif greeted.done():
                if isinstance(event, WorkerState):
                    greeted.result().state = event
                elif isinstance(event, VisibilityFigures):
                    greeted.result().figures = event
                self._on_event(greeted.result(), event)

        def on_close() -> None:
            if not greeted.done():
                greeted.set_exception(RelayError(client.failure or "connection_lost", "before its greeting"))
            elif not greeted.cancelled() and greeted.exception() is None:
                self._lost(greeted.result())

        client = ControlClient(on_event, on_close, ends_on_silence=entry.kind in ENDS_ON_SILENCE)
        try:
            await client.connect(entry.address_from(self._place), self._dialer)
            async with asyncio.timeout(GREETING_DEADLINE_S):
                link = await greeted
            self._links[entry.worker_id] = link
            self._failures.pop(entry.worker_id, None)
            log.info("worker found: %s", entry.worker_id)
            self._on_found(link)
        except (OSError, RelayError) as error:
            self._tell_failure(entry.worker_id, error.code if isinstance(error, RelayError) else failure_code(error))
            await client.close()
        finally:
            self._connecting.discard(entry.worker_id)

    def _tell_failure(self, worker_id: str, code: str) -> None:
        """Once, not at every look into the registry."""
        if self._failures.get(worker_id) != code:
            self._failures[worker_id] = code
            log.warning("worker not reachable: %s (%s)", worker_id, code)

    def _lost(self, link: WorkerLink) -> None:
        if self._links.get(link.worker_id) is link:
            del self._links[link.worker_id]
            log.log(logging.INFO if self.is_stopping else logging.WARNING, "worker lost: %s", link.worker_id)
            self._on_lost(link)
