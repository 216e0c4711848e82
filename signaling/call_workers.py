"""
The workers of one call that come and go: what their loss means for the call, and waiting for one to be back.

Which worker serves belongs to ``signaling.call_media``.
"""

import asyncio
import functools
from typing import Protocol

from signaling.call_events import Event, MediaLost, PhoneReport
from signaling.call_media import CallMedia
from signaling.call_model import Call
from signaling.call_news import CallNews
from signaling.call_terms import Party
from signaling.lane import Lane
from signaling.metrics import ReconnectCause
from signaling.phone_commands import PhoneCommands
from signaling.workers import WorkerLink, WorkerPool

WORKER_BACK_S = 5.0  # a worker's own supervisor has it back in two or three


class WorkerOwner(Protocol):
    """The call's runner."""

    call: Call
    news: CallNews

    def submit(self, event: Event, /) -> None: ...
    def refresh(self) -> None: ...
    def want_media(self, party: Party, /) -> None: ...
    def count_reconnect(self, cause: ReconnectCause, /) -> None: ...


class CallWorkers:
    """:param lane: of the media worker."""

    def __init__(
        self, owner: WorkerOwner, media: CallMedia, phone: PhoneCommands, lane: Lane, pool: WorkerPool
    ) -> None:
        self._owner, self._media, self._phone, self._lane, self._pool = owner, media, phone, lane, pool
        self._away: dict[str, asyncio.TimerHandle] = {}  # workers whose return is waited for

    def lost(self, link: WorkerLink) -> None:
        """Effects on the call by the kind of worker (ARCHITECTURE, processes)."""
        if link.worker_id == self._media.phone_id:
            self._await(link.worker_id)  # its telephones may well be on the line: only the connection is gone
            return
        was_media = link.worker_id == self._media.media_id
        was_visibility = link.worker_id == self._media.visibility_id
        self._media.lose(link)
        if was_media:
            self._owner.count_reconnect("worker_lost")
            self._owner.submit(MediaLost())
        else:
            self._owner.refresh()
        if was_visibility:
            self._owner.news.unmeasured()

    def leaves(self, link: WorkerLink) -> None:
        """It serves the call until all sides have answered another worker: for the call nothing is lost."""
        if link.worker_id == self._media.media_id:
            self._owner.count_reconnect("worker_left")
            self._media.leave_media_worker()
            for party in self._owner.call.in_media:
                self._owner.want_media(party)

    def expect(self) -> None:
        """After a takeover: the workers the dead owner used may not be connected here yet, or be gone."""
        for worker_id in (self._media.media_id, self._media.phone_id):
            if worker_id is not None and self._pool.link(worker_id) is None:
                self._await(worker_id)
        self._owner.refresh()
        self._phone_is_back()

    def found(self, link: WorkerLink) -> None:
        """A worker that was waited for is back; or a visibility worker came that the plan may name now."""
        waiting = self._away.pop(link.worker_id, None)
        has_call = any(entry.call_id == self._owner.call.call_id for entry in link.state.calls)
        if waiting is not None:
            waiting.cancel()
            if not has_call:
                self._stayed_away(link.worker_id)
            self._media.refresh_phone()
            self._phone_is_back()
        if has_call and link.state.kind != "visibility" and not link.draining:
            self._lane.put(functools.partial(self._close_left_behind, link))
        if link.state.kind == "media":
            self._lane.hurry()  # whoever waits for a worker need not wait out the pause
        if waiting is not None or (self._media.visibility_id is None and link.state.kind == "visibility"):
            self._owner.refresh()

    def close(self) -> None:
        for waiting in self._away.values():
            waiting.cancel()

    def _await(self, worker_id: str) -> None:
        if worker_id not in self._away:
            loop = asyncio.get_running_loop()
            self._away[worker_id] = loop.call_later(WORKER_BACK_S, self._stayed_away, worker_id)

    def _stayed_away(self, worker_id: str) -> None:
        """Gone, or back without this call."""
        self._away.pop(worker_id, None)
        if worker_id == self._media.media_id:
            self._media.leave_media_worker()
            self._owner.submit(MediaLost())
        elif worker_id == self._media.phone_id:
            self._media.phone_id = None
            for leg in self._owner.call.phone_legs:
                if not leg.is_over:
                    self._owner.submit(PhoneReport(leg.attempt, "ended", "trunk_failed"))

    def _phone_is_back(self) -> None:
        if self._owner.call.has_phone:
            self._phone.keep()
            self._phone.announce_again()
        self._phone.record_again()

    async def _close_left_behind(self, link: WorkerLink) -> None:
        """A worker that hung, or whose network was away, still has a call that another one serves now."""
        if link.state.kind == "media":
            is_left = self._media.media_id not in (None, link.worker_id)
        else:
            is_gone = self._media.phone_id is None and not self._owner.call.has_phone
            is_left = is_gone or self._media.phone_id not in (None, link.worker_id)
        if is_left:
            await self._media.close_at(link.worker_id)
