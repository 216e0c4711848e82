"""
The media of one camera check: a peer connection that nobody else sees, and its analysis.

The path is a call's: the same media worker, the same offer, the same tap. Only which worker is asked differs: a part of
each is kept for calls.
"""

import asyncio
import logging
import secrets

from relay.control_messages import AnswerLeg, CloseCall, OpenLeg, Unwatch, UpdateCall, Watch
from relay.errors import RelayError
from relay.model import CallPlan, Tap, WebLeg
from signaling.call_media import NoWorkerError
from signaling.ice_servers import IceServers
from signaling.messages.media import MediaOffer
from signaling.messages.visibility import CHECK_PREFIX
from signaling.workers import WorkerLink, WorkerPool

EPOCH = 1  # a check has one owner, and ends with it
BUSY_FROM = 0.75  # of a worker's capacity: the rest is kept for calls
log = logging.getLogger(__name__)


def new_id(until: float) -> str:
    """Tells when the check ends: whoever hears of it later may close what a process that died has left behind."""
    return f"{CHECK_PREFIX}{int(until)}-{secrets.token_hex(8)}"


def ends_at(check_id: str) -> float:
    """:returns: Unix seconds."""
    until = check_id.removeprefix(CHECK_PREFIX).partition("-")[0]
    return float(until) if until.isascii() and until.isdigit() else 0.0


async def close_at(link: WorkerLink, check_id: str) -> bool:
    """:returns: False: the worker did not take it."""
    try:
        await link.request(CloseCall(call_id=check_id, epoch=EPOCH))
    except RelayError as error:
        log.warning("check not closed: %s", error.code, extra={"call_id": check_id})
        return False
    return True


class CheckMedia:
    """:param leg: as which the worker knows it."""

    def __init__(self, check_id: str, leg: WebLeg, pool: WorkerPool, ice_servers: IceServers) -> None:
        self._check_id, self._leg, self._pool, self._ice_servers = check_id, leg, pool, ice_servers
        self.media_id: str | None = None
        self.visibility_id: str | None = None
        self._generation = 0
        self._is_over = False
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> MediaOffer | None:
        """
        A new peer connection, the first or another one.

        :returns: None: the check is over. :raises RelayError: no worker (:class:`NoWorkerError`), or it refused.
        """
        async with self._one_at_a_time:
            if self._is_over:
                return None
            link = self._media_link()
            self.media_id, self._generation = link.worker_id, self._generation + 1
            await self._tap(link)
            opened = await link.request(
                OpenLeg(
                    call_id=self._check_id,
                    epoch=EPOCH,
                    leg=self._leg,
                    generation=self._generation,
                    ice_servers=self._ice_servers.for_worker(),
                )
            )
            return MediaOffer(
                call_id=self._check_id,
                generation=self._generation,
                sdp=str(opened["sdp"]),
                ice_servers=self._ice_servers.for_page(),
            )

    async def answer(self, generation: int, sdp: str) -> None:
        """:raises RelayError: ``bad_sdp``, a generation that is over, no worker."""
        link = self._pool.link(self.media_id)
        if link is None:
            raise NoWorkerError("media")
        await link.request(
            AnswerLeg(call_id=self._check_id, epoch=EPOCH, leg=self._leg, generation=generation, sdp=sdp)
        )

    async def watch_again(self) -> None:
        """By another visibility worker than the one that is gone. :raises RelayError: the media worker refused."""
        async with self._one_at_a_time:
            link = self._pool.link(self.media_id)
            if link is not None and not self._is_over:
                await self._tap(link)

    async def close(self) -> bool:
        """:returns: False: a worker that is there did not take it."""
        self._is_over = True
        async with self._one_at_a_time:
            links = [self._pool.link(each) for each in (self.media_id, self.visibility_id)]
            closed = [await close_at(link, self._check_id) for link in links if link is not None]
            return all(closed) and (self.media_id is None or links[0] is not None)

    def _media_link(self) -> WorkerLink:
        link = self._pool.link(self.media_id) or self._pool.choose("media", below=BUSY_FROM)
        if link is None:
            raise NoWorkerError("media", is_full=any(not each.draining for each in self._pool.links("media")))
        return link

    async def _tap(self, media: WorkerLink) -> None:
        socket = await self._watched_at(media)
        taps = (Tap(leg=self._leg, socket=socket),) if socket is not None else ()
        await media.request(UpdateCall(call_id=self._check_id, epoch=EPOCH, plan=CallPlan(taps=taps)))

    async def _watched_at(self, media: WorkerLink) -> str | None:
        """:returns: where the visibility worker listens; None: there is none to spare, and the check goes on."""
        link = self._pool.link(self.visibility_id) or self._pool.choose("visibility", near=media, below=BUSY_FROM)
        self.visibility_id = None
        if link is None or link.datagram_socket is None:
            return None
        watch = Watch(call_id=self._check_id, epoch=EPOCH, leg=self._leg, watch_for="camera_check")
        try:
            if self._generation > 1:  # another peer connection, perhaps another camera: what was seen before is void
                await link.request(Unwatch(call_id=self._check_id, epoch=EPOCH, leg=self._leg))
            await link.request(watch)
        except RelayError as error:
            log.warning("visibility refused: %s", error.code, extra={"call_id": self._check_id})
            return None
        self.visibility_id = link.worker_id
        return link.datagrams_from(media)
