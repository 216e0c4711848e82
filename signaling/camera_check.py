"""
The check of camera, sound and line before a call or at the start of a shift: one page alone with the service.

Decides who may check, how many at once and when a check is over. No call is involved: nothing is queued, written down
or taken over. A check lives in the process that its page is connected to and ends with it; should that process die,
any other one closes what is left at the workers once the check's time is over.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from relay.control_messages import AnyEvent, EncodingWanted, LegStatsEvent, VisibilityReading, WorkerLeaves
from relay.errors import RelayError
from relay.model import WebLeg
from signaling.call_media import NoWorkerError
from signaling.call_terms import PageRole
from signaling.check_media import CheckMedia, close_at, ends_at, new_id
from signaling.config import SignalingConfig
from signaling.ice_servers import IceServers
from signaling.identity import Identity
from signaling.messages.media import MediaAnswer, MediaEncoding, MediaRenew, NetworkMessage
from signaling.messages.visibility import CheckEnd, CheckStart, CheckState, CheckStop, VisibilityMessage, is_check
from signaling.metrics import Metrics
from signaling.page_errors import PageError
from signaling.rate_limit import Rate, TokenBuckets
from signaling.sessions import Page, PageSession
from signaling.workers import WorkerLink, WorkerPool

CHECKS_PER = Rate(burst=10, period_s=300.0)  # of one person, or of one address's visitors
SHARE = 0.2  # of all media capacity for checks, whatever is free
LOOK_S = 0.25
RENEW_PERIOD_S = 1.0
LEFT_BEHIND_S = 10.0  # after its end a check is somebody's who died; clocks of machines differ by less (NTP)
UNCLOSED_LIMIT = 1000
LEGS: dict[PageRole, WebLeg] = {"signer": "signer", "agent": "agent"}
log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Check:
    check_id: str
    session: PageSession
    leg: WebLeg
    until: float
    media: CheckMedia
    renewed_at: float = 0.0


class CameraChecks:
    """:param in_call: whether a person is in a call, whichever process owns it."""

    def __init__(
        self, config: SignalingConfig, pool: WorkerPool, metrics: Metrics, in_call: Callable[[PageRole, str], bool]
    ) -> None:
        self._config, self._pool, self._metrics, self._in_call = config, pool, metrics, in_call
        self._ice_servers = IceServers(config)
        self._checks: dict[str, _Check] = {}
        self._asked = TokenBuckets(CHECKS_PER)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeping: set[str] = set()
        self._unclosed: deque[str] = deque(maxlen=UNCLOSED_LIMIT)  # whose worker was not reached: closed once it is
        self.draining = False

    # --- from the pages

    async def start(self, session: Page, _message: CheckStart) -> None:
        """:raises PageError: this page may not check, is in a call, or has checked too often."""
        leg = LEGS.get(session.identity.role)
        if leg is None or not isinstance(session, PageSession):
            raise PageError("wrong_role")
        if self.draining:
            raise PageError("draining")
        if self._in_call(session.identity.role, session.identity.key):
            raise PageError("already_in_call")
        self._admit(session)
        for earlier in self._of(session.identity):
            self._end(earlier, "stopped")
        until = time.time() + self._config.camera_check_s
        check_id = new_id(until)
        check = _Check(check_id, session, leg, until, CheckMedia(check_id, leg, self._pool, self._ice_servers))
        self._checks[check_id] = check
        if len(self._checks) > self._room:
            self._end(check, "busy" if self._pool.links("media") else "no_worker")
            return
        session.send(CheckState(check_id=check_id, running=True, until=until))
        self._start(self._open(check))

    async def stop(self, session: Page, _message: CheckStop) -> None:
        for check in self._of(session.identity):
            if check.session is session:
                self._end(check, "stopped")

    async def answer(self, session: Page, message: MediaAnswer) -> None:
        """:raises PageError: no check of this page's. :raises RelayError: the answer cannot be used."""
        await self._mine(session, message.call_id).media.answer(message.generation, message.sdp)

    async def renew(self, session: Page, message: MediaRenew) -> None:
        """A new peer connection; asked again at once, the page gets the one on its way. :raises PageError: as above."""
        check, now = self._mine(session, message.call_id), time.monotonic()
        if now - check.renewed_at >= RENEW_PERIOD_S:
            check.renewed_at = now
            self._start(self._open(check))

    def went(self, session: PageSession) -> None:
        for check in self._of(session.identity):
            if check.session is session:
                self._end(check, None)

    def _admit(self, session: PageSession) -> None:
        who = session.identity
        if who.rehearsal:
            return
        if who.is_visitor and not (who.only_brand or session.brand):
            raise PageError("sign_in_required")
        if who.is_visitor and self._visitors_at(session.address) >= self._config.visitor_calls_per_address:
            raise PageError("rate_limited")
        key = f"visitors {session.address}" if who.is_visitor else f"person {who.key}"
        if self._asked.take(key, time.monotonic()):
            raise PageError("rate_limited")

    def _visitors_at(self, address: str) -> int:
        pages = (check.session for check in self._checks.values())
        return sum(page.identity.is_visitor and page.address == address for page in pages)

    @property
    def _room(self) -> float:
        """At once, at this process."""
        capacity = sum(link.state.capacity for link in self._pool.links("media") if not link.draining)
        return max(1.0, SHARE * capacity) if capacity else 0.0

    def _of(self, who: Identity) -> list[_Check]:
        """This person's: one at a time, whatever the device."""
        pages = {check_id: check.session.identity for check_id, check in self._checks.items()}
        return [self._checks[each] for each, page in pages.items() if (page.role, page.key) == (who.role, who.key)]

    def _mine(self, session: Page, check_id: str) -> _Check:
        check = self._checks.get(check_id)
        if check is None or check.session is not session:
            raise PageError("unknown_call")
        return check

    # --- from the workers

    def worker_event(self, link: WorkerLink, event: AnyEvent) -> None:
        if isinstance(event, WorkerLeaves):
            self._end_at(link)
        check_id = getattr(event, "call_id", "")
        check = self._checks.get(check_id)
        if check is not None:
            self._tell(check, event)
        elif is_check(check_id) and _is_left_behind(check_id):
            self._sweep(link, check_id)

    @staticmethod
    def _tell(check: _Check, event: AnyEvent) -> None:
        match event:
            case LegStatsEvent(call_id=call_id, leg=leg, stats=stats):
                check.session.send(NetworkMessage(call_id=call_id, whose=leg, stats=stats))
            case EncodingWanted(call_id=call_id, generation=generation, encoding=encoding):
                check.session.send(MediaEncoding(call_id=call_id, generation=generation, encoding=encoding))
            case VisibilityReading(call_id=call_id, leg=leg, level=level, advice=advice, measures=measures):
                check.session.send(
                    VisibilityMessage(call_id=call_id, whose=leg, level=level, advice=advice, measures=measures)
                )
            case _:
                pass

    def worker_lost(self, link: WorkerLink) -> None:
        self._end_at(link)
        for check in self._checks.values():
            if check.media.visibility_id == link.worker_id:
                check.media.visibility_id = None
                self._say_unmeasured(check)

    def worker_found(self, link: WorkerLink) -> None:
        for check in self._checks.values():
            if link.state.kind == "visibility" and check.media.visibility_id is None:
                self._start(self._watch_again(check))
        for entry in link.state.calls:
            if is_check(entry.call_id) and (entry.call_id in self._unclosed or _is_left_behind(entry.call_id)):
                self._sweep(link, entry.call_id)

    def _end_at(self, link: WorkerLink) -> None:
        """The page may start again, at another worker."""
        for check in [each for each in self._checks.values() if each.media.media_id == link.worker_id]:
            self._end(check, "no_worker")

    def _sweep(self, link: WorkerLink, check_id: str) -> None:
        if check_id not in self._sweeping:
            self._sweeping.add(check_id)
            self._start(self._close_left(link, check_id))

    async def _close_left(self, link: WorkerLink, check_id: str) -> None:
        try:
            await close_at(link, check_id)
        finally:
            self._sweeping.discard(check_id)

    # --- the course of one

    async def _open(self, check: _Check) -> None:
        try:
            offer = await check.media.open()
        except RelayError as error:
            is_full = error.is_full if isinstance(error, NoWorkerError) else error.code == "at_capacity"
            self._end(check, "busy" if is_full else "no_worker")
            return
        if offer is not None and check.check_id in self._checks:
            check.session.send(offer)
            if check.media.visibility_id is None:
                self._say_unmeasured(check)

    async def _watch_again(self, check: _Check) -> None:
        with contextlib.suppress(RelayError):
            await check.media.watch_again()

    @staticmethod
    def _say_unmeasured(check: _Check) -> None:
        check.session.send(
            VisibilityMessage(call_id=check.check_id, whose=check.leg, level="off", advice="not_measured")
        )

    async def run(self) -> None:
        """Ends those whose time is over, whose page is gone or in a call; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for check in list(self._checks.values()):
                if time.time() >= check.until:
                    self._end(check, "over")
                elif check.session.in_call is not None:
                    self._end(check, "call")
                elif not check.session.is_open:
                    self._end(check, None)

    def _end(self, check: _Check, why: CheckEnd | None) -> None:
        """:param why: None: its page is gone."""
        if self._checks.pop(check.check_id, None) is None:
            return
        if why is not None:
            check.session.send(CheckState(check_id=check.check_id, running=False, ended=why))
        self._metrics.camera_checks.labels(why or "left").inc()
        self._start(self._close(check))

    async def _close(self, check: _Check) -> None:
        if not await check.media.close():
            self._unclosed.append(check.check_id)

    async def close(self, deadline_s: float) -> None:
        """This process leaves."""
        self.draining = True
        for check in list(self._checks.values()):
            self._end(check, None)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=deadline_s)

    @property
    def is_at_work(self) -> bool:
        """Something is being asked of a worker."""
        return bool(self._tasks)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_left_behind(check_id: str) -> bool:
    return time.time() > ends_at(check_id) + LEFT_BEHIND_S
